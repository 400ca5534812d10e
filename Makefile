# Thin: every target one line. The first use makes the virtual environment.
PY ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench clean
demo: .venv/ready ; $(BIN)/kernel-opt demo
test: lint ; $(BIN)/coverage run -m pytest && $(BIN)/coverage report --skip-covered --sort=cover | tail -n 30
lint: .venv/ready ; $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/basedpyright
clean: ; rm -rf .venv out .coverage* .pytest_cache .ruff_cache

.venv/ready: pyproject.toml
	$(PY) -m venv .venv && $(BIN)/pip install --quiet --upgrade pip && $(BIN)/pip install --quiet --editable '.[dev]' && touch $@
