# Thin: every target one line. The first use makes the virtual environment.
PY ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench bench-judge bench-compile crash cheats agents night fuzz clean
demo: .venv/ready ; $(BIN)/kernel-opt demo
test: lint ; $(BIN)/coverage run -m pytest && $(BIN)/coverage report --skip-covered --sort=cover
lint: .venv/ready ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/basedpyright
bench: .venv/ready ; $(BIN)/python -m bench
bench-judge: .venv/ready ; $(BIN)/python -m bench.judge
bench-compile: .venv/ready ; $(BIN)/python -m bench.compile
crash: .venv/ready ; $(BIN)/python -m tests.crash.long $$(command -v strace >/dev/null && echo --strace)
agents: .venv/ready ; $(BIN)/python -m tests.agents
night: .venv/ready ; $(BIN)/pytest -m "slow and not agent" tests/agents
cheats: .venv/ready ; $(BIN)/python -m tests.cheats.long
fuzz: .venv/ready ; $(BIN)/python -m tests.fuzz --seconds 60
clean: ; rm -rf .venv out .coverage* .pytest_cache .ruff_cache

.venv/ready: pyproject.toml
	$(PY) -m venv .venv && $(BIN)/pip install --quiet --upgrade pip && $(BIN)/pip install --quiet --editable '.[dev]' && touch $@
