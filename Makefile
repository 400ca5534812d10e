# Thin: every target one line. The first use makes the virtual environment.
PY ?= python3
BIN := .venv/bin
# Counting branches costs more time than the tests: only what decides is counted, and must be reached whole. Whole runs
# of daemon and workers have one core, all else has the other.
PURE := tests/rules tests/model tests/journal tests/stories
WHOLE := tests/agents tests/browser tests/cheats tests/crash tests/daemon tests/e2e tests/example tests/executors tests/rocm

.PHONY: demo test decided acted lived slow coverage lint bench bench-judge bench-compile bench-cluster cluster crash cheats agents night fuzz clean
demo: .venv/ready ; $(BIN)/kernel-opt demo
test: lint ; $(MAKE) --jobs=2 lived decided acted
decided: .venv/ready ; $(BIN)/coverage run -m pytest $(PURE) && $(BIN)/coverage report
acted: .venv/ready ; $(BIN)/pytest $(PURE:%=--ignore=%) $(WHOLE:%=--ignore=%)
lived: .venv/ready ; $(BIN)/pytest $(WHOLE)
slow: .venv/ready ; $(BIN)/pytest -m "slow and not agent"
coverage: .venv/ready ; $(BIN)/coverage run --source=kernel_opt -m pytest && $(BIN)/coverage report --fail-under=90
lint: .venv/ready ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/basedpyright
bench: .venv/ready ; $(BIN)/python -m bench
bench-judge: .venv/ready ; $(BIN)/python -m bench.judge
bench-compile: .venv/ready ; $(BIN)/python -m bench.compile $(ARGS)
bench-cluster: .venv/ready ; $(BIN)/python -m bench.cluster
cluster: .venv/ready ; apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge && $(BIN)/pytest -m "slow or not slow" tests/executors tests/edges/executors
crash: .venv/ready ; $(BIN)/python -m tests.crash.long $$(command -v strace >/dev/null && echo --strace)
agents: .venv/ready ; $(BIN)/python -m tests.agents
night: .venv/ready ; $(BIN)/pytest -m "slow and not agent" tests/agents
cheats: .venv/ready ; $(BIN)/python -m tests.cheats.long
fuzz: .venv/ready ; $(BIN)/python -m tests.fuzz --seconds 60
clean: ; rm -rf .venv out .coverage* .pytest_cache .ruff_cache

.venv/ready: pyproject.toml
	$(PY) -m venv .venv && $(BIN)/pip install --quiet --upgrade pip && $(BIN)/pip install --quiet --editable '.[dev]' && touch $@
