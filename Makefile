# SPDX-FileCopyrightText: 2026 the p4dmm authors
# SPDX-License-Identifier: Apache-2.0
#
# Every target sets up what it needs; the second run finds it done.

PYTHON ?= python3
VENV   := .venv
PTFENV := .venv-ptf
BIN    := $(VENV)/bin
PIP    := -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint p4 bench soak lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    a mobile node moves between P4 switches; watch its connections survive (MODE=all: each way to do it)"
	@echo "make test    every test (what needs root, p4c or BMv2 says so and skips)"
	@echo "make lint    ruff and mypy --strict"
	@echo "make p4      recompile the P4 program (needs p4c-bm2-ss)"
	@echo "make bench   measure; docs/performance.md says how to read it"
	@echo "make soak    the tests again, longer and with more seeds"
	@echo "make lock    recompute the pinned requirement files"

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "p4dmm needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install --require-hashes -r requirements/dev.txt
	@$(BIN)/python $(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(PTFENV)/.ready: requirements/ptf.txt requirements/ptf-nodeps.txt
	@echo "setting up $(PTFENV) (once)"
	@$(PYTHON) -m venv $(PTFENV)
	@$(PTFENV)/bin/python $(PIP) install --require-hashes -r requirements/ptf.txt
	@$(PTFENV)/bin/python $(PIP) install --require-hashes --no-deps -r requirements/ptf-nodeps.txt
	@touch $@

demo: $(VENV)/.ready
	@$(BIN)/p4dmm demo $(if $(TARGET),--target $(TARGET)) $(if $(MODE),--mode $(MODE))

test: $(VENV)/.ready $(PTFENV)/.ready
	@$(BIN)/python -m pytest

lint: $(VENV)/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

p4: $(VENV)/.ready
	@$(BIN)/python p4src/compile.py

bench: $(VENV)/.ready
	@$(BIN)/python runtime/bench/run.py

soak: $(VENV)/.ready $(PTFENV)/.ready
	@P4DMM_SOAK=1 $(BIN)/python -m pytest -o timeout=14400

lock: $(VENV)/.ready
	@$(BIN)/python -m pip --quiet install uv
	@for name in runtime dev ptf ptf-nodeps; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links $$(test $$name = ptf-nodeps && echo --no-deps) \
	    requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean:
	rm -rf $(VENV) $(PTFENV) out build .pytest_cache .mypy_cache .ruff_cache
