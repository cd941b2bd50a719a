# kelid: PBX configuration as code. `make help` explains the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp-installed
PYTEST_ARGS ?=
# Two at a time, a file at a time: each file brings up what it needs once, in a lab of its worker's own. In the order of
# their names the long ones (lab, roles) come first, and neither worker waits for the other at the end.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
# molecule and ansible-lint call their neighbours by name.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# What the lab needs on this machine, by Debian's names. Only installed as root, only where something is missing.
LAB_PACKAGES := mmdebstrap systemd-container iproute2 openssh-client debian-archive-keyring gpg restic sqlite3 sox libsox-fmt-mp3 espeak-ng strace sip-tester

# Programs that run on servers, with Python 3.9's ruff.toml beside each (mypy knows no Python before 3.10).
PROGRAMS := $(patsubst %/__main__.py,%,$(wildcard roles/*/files/*/__main__.py))

.PHONY: help setup packages demo test check lint unit lab-tests fidelity behaviour bench format constraints reference clean

help: ## Show this help
	@echo "kelid: PBX configuration as code"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Each target does its own set-up. As root on Linux it also installs the Debian packages that the lab needs."
	@echo "PYTEST_ARGS='-k trunk -x' goes to pytest; KELID_MIRROR names another Debian mirror than this machine's own."

setup: $(STAMP) ## Make the virtual environment with the exact versions of constraints.txt

# The packaged python3 of Debian brings no ensurepip: python3-venv does.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "kelid needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/setup/packages python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages of constraints.txt ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip setuptools
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev,lab]'
	@touch $@

packages: ## Install the Debian packages that the lab needs (root only; does nothing where they are there)
	@tools/setup/packages git $(LAB_PACKAGES)

demo: $(STAMP) packages ## The main job on a throwaway lab: apply, call, change, back up, destroy, restore, call again
	@$(BIN)/kelid demo

test: $(STAMP) packages ## Run every test: style, types, imports, unit, golden, bad sites, roles, lab
	@$(MAKE) --no-print-directory check
	@$(PYTEST) $(PYTEST_ARGS)

check: lint ## Style, types, direction of imports, YAML, Ansible, the sample sites, a fresh reference
	@$(BIN)/kelid check
	@$(BIN)/kelid reference --check

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@for program in $(PROGRAMS); do \
	  (cd $${program%/*} && ruff check $${program##*/} && ruff format --check $${program##*/} \
	  && mypy --config-file= --strict --python-version 3.10 -p $${program##*/}) || exit 1; \
	done
	@$(BIN)/lint-imports
	@$(BIN)/yamllint --strict .
	@$(BIN)/ansible-lint -q

unit: $(STAMP) ## Only the tests that need no lab
	@$(PYTEST) -m 'not lab' $(PYTEST_ARGS)

lab-tests: $(STAMP) packages ## Only the tests that need the lab
	@$(PYTEST) -m lab $(PYTEST_ARGS)

fidelity: $(STAMP) packages ## The call oracle against a live Asterisk, some 15 minutes (FIDELITY_ARGS: --seed 7, --minutes 5, --only keys, --keep)
	@PYTHONPATH=tests $(BIN)/python -m fidelity $(FIDELITY_ARGS)

behaviour: $(STAMP) packages ## 200 edits of the sample sites: calls that the behaviour diff names, placed before and after (BEHAVIOUR_ARGS: --seed 7, --edits 20, --only noor-clinic)
	@PYTHONPATH=tests $(BIN)/python -m behaviour $(BEHAVIOUR_ARGS)

reliability: $(STAMP) packages ## Break applies in every way, some hours; goes on where it was (RELIABILITY_ARGS: --seed 7, --only kill,cut=5, --sample 20)
	@PYTHONPATH=tests $(BIN)/python -m reliability $(RELIABILITY_ARGS)

bench: $(STAMP) ## How fast kelid is, as ratios with limits (BENCH_ARGS: --quick, --json)
	@$(BIN)/python tests/bench/bench.py $(BENCH_ARGS)

format: $(STAMP) ## Format the Python code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

constraints: ## Look up newer versions within the ranges of pyproject.toml and write constraints.txt anew
	@tools/setup/constraints $(PYTHON)

reference: $(STAMP) ## Write docs/reference anew, from the schemas and the tables of codes and destinations
	@$(BIN)/kelid reference

clean: ## Remove the virtual environment and caches (the lab's images stay: kelid lab clean removes those)
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
