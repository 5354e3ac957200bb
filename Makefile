# `make demo` and `make test` need git, make and a Python of 3.10 to 3.13, nothing else.
# Another Python: make setup PYTHON=python3.10. Without it a finished .venv keeps the one that it has.
PYTHON ?=
BIN := .venv/bin

.PHONY: help setup demo test lint clean

help:
	@echo 'make setup [PYTHON=python3.10]  make .venv with everything in it'
	@echo 'make demo                       train, compile, verify, run and price a network, end to end'
	@echo 'make test                       lint, types, tests, doctests and the code of the docs'
	@echo 'make lint                       lint and types alone'
	@echo 'make clean                      remove .venv, build results and caches'

setup:
	@.ci/setup $(PYTHON)

demo: setup
	$(BIN)/evsnn demo --config examples/digits.toml -o build/demo

test: setup
	@.ci/test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	.ci/typecheck

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
