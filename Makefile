# Two commands from a fresh clone: `make demo` and `make test`. Each sets up .venv first, once.

.DEFAULT_GOAL := help
.PHONY: help setup format lint types imports test demo bench check clean
SHELL := /bin/bash

BIN := .venv/bin
STAMP := .venv/.topicstream-setup
RIGHT := import sys; sys.exit(sys.version_info < (3, 11))
# The first Python that is new enough; `make setup PYTHON=/path/to/python3.12` names another.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c '$(RIGHT)' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
# Options for the benchmarks: `make bench BENCH=--quick`, or `make bench BENCH='--only memory'`.
BENCH ?=

help:  ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(STAMP)  ## Make .venv with topicstream, editable, and its tools; done once

$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c '$(RIGHT)' 2>/dev/null || { \
		echo "topicstream needs Python 3.11 or later, and there is none on the PATH." >&2; \
		echo "Install it, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: its venv module is missing." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'
	@touch $@

format: $(STAMP)  ## Put the source into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(STAMP)  ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)  ## Check types, strictly
	$(BIN)/mypy

imports: $(STAMP)  ## Check who may import whom
	$(BIN)/lint-imports

test: $(STAMP)  ## Run the tests; those without their Kafka or Redis are skipped, with the reason
	$(BIN)/pytest -ra

demo: $(STAMP)  ## Run the service over a simulated feed, and write a page about it
	$(BIN)/topicstream demo --output demo

bench: $(STAMP)  ## Measure speed, memory and quality (long)
	$(BIN)/python -m benchmarks $(BENCH)

check: lint types imports test  ## Everything a change has to pass

clean:  ## Remove .venv and what tools and runs leave behind
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache demo out
