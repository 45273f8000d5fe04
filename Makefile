# One command each: `make run`, `make test`, `make tour`. `make help` lists them all.
# Needs python3.11 or later (with venv), make and git; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

.PHONY: help run test tour check reset bench format lock clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## start the whole region: the provider and four portals
	@$(BIN)/manyou up

tour: $(VENV)/run.stamp ## watch a scripted person log in once and roam
	@$(BIN)/manyou tour

test: $(VENV)/dev.stamp ## run every test, the ones in a real browser included
	@$(BIN)/python -m tests.browser_setup
	@$(BIN)/python -m tests.clients.setup
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev.stamp ## lint, format, types, direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## put the code into its one form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

reset: $(VENV)/run.stamp ## empty var/: people's sessions, consents, keys
	@$(BIN)/manyou reset --yes

bench: $(VENV)/dev.stamp ## measure start-up, memory, what a roam costs and what a verdict
	@$(BIN)/python bench/start_up.py
	@$(BIN)/python bench/memory.py
	@$(BIN)/python bench/roam.py --database sqlite --database postgresql
	@$(BIN)/python bench/verdict.py

lock: $(VENV)/dev.stamp ## renew the locks (hashes only: an index's address is nobody's business)
	@$(BIN)/uv pip compile pyproject.toml --upgrade --group build --universal --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --quiet -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --upgrade --group build --extra dev -c requirements.lock --universal \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements-dev.lock
	@$(BIN)/uv pip compile tests/clients/node/requirements.in --upgrade --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet -o tests/clients/node/requirements.lock
	@$(BIN)/uv pip compile bench/peers/oidc_provider/requirements.in --upgrade --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet -o bench/peers/oidc_provider/requirements.lock

clean: ## remove what was installed and built; var/ stays
	rm -rf $(VENV) tests/clients/node/node_modules bench/peers/oidc_provider/node_modules bench/peers/oidc_provider/node build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Manyou needs Python 3.11 or later; set PYTHON=... to one." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3 -m venv failed: install the system's python3-venv." >&2; exit 1; }

# uv installs in a second what takes pip twenty; where it cannot be had, pip does it.
$(VENV)/installer.stamp: $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
		|| echo "uv could not be installed; going on with pip." >&2
	@touch $@

# $(call install,LOCK): exactly what the lock says, then this project itself, editable, with nothing fetched for it.
# Where uv is not there or cannot reach the index (it has certificates of its own unless told to use the system's),
# pip does the same.
UV_INSTALL = $(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
define install
	@echo "Installing $(1) ..."
	@{ [ -x $(BIN)/uv ] && $(UV_INSTALL) --compile-bytecode --require-hashes -r $(1) ; } \
		|| $(PIP_INSTALL) --require-hashes -r $(1)
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
endef

$(VENV)/run.stamp: requirements.lock pyproject.toml $(VENV)/installer.stamp
	$(call install,requirements.lock)
	@$(BIN)/python -m compileall -q web idp portals lab
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(call install,requirements-dev.lock)
	@touch $@
