# Everything runs in .venv, which the first command makes; python3 >= 3.11 and make are enough.
# Relative paths throughout: the project may live in a folder with a space in its name.

unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
BIN := .venv/bin
EXTRAS := dev analytics geo excel postgres lineage stack
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: run test test-extra soak check fmt docs bench clean help setup setup-dev lock

setup:
	@$(PYTHON) scripts/setup_env.py .venv

setup-dev:
	@$(PYTHON) scripts/setup_env.py .venv $(EXTRAS)

run: setup  ## the main job: DHIS2 to a checked star schema and a report
	@$(BIN)/python -m prefect_patterns.cli run 108 --local

test: check  ## everything that must pass everywhere
	@$(PYTEST) -n 2 --dist worksteal -q

check: setup-dev  ## lint, types, layers, generated files
	@$(BIN)/ruff format --check --quiet . || { echo "error: not formatted"; echo "  try: make fmt"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --no-cache > .venv/layers.log || { cat .venv/layers.log; exit 1; }
	@$(BIN)/python scripts/catalogue.py --check
	@echo "format, lint, types, layers and generated files hold"

fmt: setup-dev  ## format, mend and generate what a tool can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only .
	@$(BIN)/python scripts/catalogue.py

test-extra: setup-dev  ## the wheel in an empty environment, Chromium, other Pythons
	@$(PYTEST) -q tests_extra

soak:  ## the long kill tests
	@echo "soak: no long kill tests yet"

docs:  ## the documentation site
	@echo "docs: no site yet; the pages are in docs/"

bench:  ## ratios to peers and floors
	@$(PYTHON) scripts/setup_env.py .venv-bench bench
	@.venv-bench/bin/python benchmarks/bench_dhis2.py

lock:  # for maintainers: needs uv
	uv pip compile --universal --all-extras --no-annotate --no-header --quiet pyproject.toml -o constraints.txt

clean:  ## remove environments, caches and outputs
	rm -rf .venv .venv.lock .venv-* .patterns .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/  make \1 /p' $(MAKEFILE_LIST) | column -t -l 3 2>/dev/null || grep '##' $(MAKEFILE_LIST)
