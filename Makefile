# `make demo` and `make test` need git, make and a Python of 3.10 to 3.13, nothing else.
# Another Python: make setup PYTHON=python3.10. Without it a finished .venv keeps the one that it has.
PYTHON ?=
BIN := .venv/bin

.PHONY: help setup demo test lint validate bench bench-setup papers clean

help:
	@echo 'make setup [PYTHON=python3.10]  make .venv with everything in it'
	@echo 'make demo                       train, compile, verify, run and price a network, end to end'
	@echo 'make test                       lint, types, tests, doctests and the code of the docs'
	@echo 'make lint                       lint and types alone'
	@echo 'make validate                   published figures beside ours; fails when one leaves its tolerance'
	@echo 'make bench [QUICK=1]            measure everything into benchmarks/results and docs/performance.md; alone!'
	@echo 'make bench-setup                make .venv-bench with the frameworks that bench compares with, if wanted'
	@echo 'make papers [QUICK=1]           the three methods against their papers: train, measure, write docs/results.md; hours'
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

validate: setup
	$(BIN)/python -m benchmarks.validation

# A quick run is a smoke test; its figures go to build/bench alone.
bench: setup
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick --output build/bench)

bench-setup: setup
	benchmarks/setup

# What has a result is left alone, so an interrupted study goes on where it was. A quick one writes below build alone.
papers: setup
	$(BIN)/python -m benchmarks.papers $(if $(QUICK),--quick,--write-docs)

clean:
	rm -rf .venv .venv-bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
