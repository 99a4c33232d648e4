# Targets make their own virtual environment (.venv) on first use and reuse it; see `make help`.

PYTHON ?= python3
ARGS ?=

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

.DEFAULT_GOAL := help
.PHONY: help demo test interop lint types manifest bench docs build clean

help: ## Say what each target does
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name what; do printf 'make %-10s %s\n' "$$name" "$$what"; done

demo: .venv/.installed ## Segment sample pictures and open the window (ARGS=--headless: write pictures only)
	$(BIN)/napari-ovseg demo $(ARGS)

# bytecode is written: many tests start a program of their own, which would compile the package anew
test: .venv/.installed ## Run the tests in two processes, on a virtual display where there is no screen (ARGS="-k cli" and so on)
	PYTHONDONTWRITEBYTECODE= .ci/with_display $(BIN)/python -m pytest -n 2 $(ARGS)

interop: .venv/.interop ## Read every format that is exported with the programs that people open it with next
	NAPARI_OVSEG_INTEROP=required $(BIN)/python -m pytest -n 2 tests/interop $(ARGS)

lint: .venv/.dev ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev ## Check types
	$(BIN)/mypy

manifest: .venv/.installed ## Check napari's manifest
	$(BIN)/npe2 validate src/napari_ovseg/napari.yaml

bench: .venv/.installed ## Measure quality and speed (long)
	for file in benchmarks/*.py; do $(BIN)/python "$$file" $(ARGS) || [ $$? = 3 ] || exit 1; done

docs: .venv/.docs ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

build: .venv/.dev ## Build the wheel and the source archive, and check what is in the wheel
	rm -rf dist
	$(BIN)/python -m build
	.ci/check_wheel $(BIN)/python dist/*.whl

clean: ## Remove the virtual environment and everything built
	rm -rf .venv build dist site demo_output .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python .venv/Scripts/python.exe:
	@.ci/make_venv "$(PYTHON)"

ifeq ($(OS),Windows_NT)
VENV := .venv/Scripts/python.exe
else
VENV := .venv/bin/python
endif

# Each stamp is newer than pyproject.toml, so that a changed dependency is installed and nothing else is.
.venv/.installed: pyproject.toml | $(VENV)
	@echo "Installing napari, PyTorch and open_clip into .venv; the first time takes some minutes"
	$(VENV) -m pip install --quiet -e ".[all,test]"
	@touch $@

.venv/.dev: pyproject.toml | .venv/.installed
	$(VENV) -m pip install --quiet -e ".[dev]"
	@touch $@

.venv/.interop: pyproject.toml | .venv/.installed
	$(VENV) -m pip install --quiet -e ".[interop]"
	@touch $@

.venv/.docs: pyproject.toml | .venv/.installed
	$(VENV) -m pip install --quiet -e ".[docs]"
	@touch $@
