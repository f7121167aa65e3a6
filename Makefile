# SPDX-License-Identifier: Apache-2.0
# make demo   install and run the main job on inert evidence     make test    install and run the tests
# make check  format, lint, types                                make bench   ratios against peers
# make lock   renew the hashed locks                             make campaign  long checks
PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/.run
DEV := .venv/.dev

# Tests that use real public evidence look here, and say so when it is absent.
ifneq ($(wildcard ../shared/evidence/README.md),)
export HIKESHI_EVIDENCE ?= $(abspath ../shared/evidence)
endif
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench campaign lock new-pack clean

demo: $(RUN)
	$(BIN)/hikeshi demo --out demo-case

test: $(DEV)
	$(BIN)/python -m pytest -m "not campaign" -n auto --dist loadfile

check: $(DEV)
	$(BIN)/ruff format src tests tools bench
	$(BIN)/ruff check src tests tools bench
	$(BIN)/mypy

bench: $(DEV)
	for bench in bench/*.py; do $(BIN)/python $$bench || exit 1; done

campaign: $(DEV)
	$(BIN)/python -m pytest -m campaign

new-pack: $(DEV)
	$(BIN)/python tools/new_pack.py $(NAME)

lock: $(DEV)
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links --allow-unsafe \
	  --no-annotate -o requirements/run.txt requirements/run.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links --allow-unsafe \
	  --no-annotate -o requirements/dev.txt requirements/dev.in

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "hikeshi needs Python 3.11 to 3.13; run: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv .venv

$(RUN): .venv/bin/python requirements/run.txt pyproject.toml
	$(BIN)/pip install -q --require-hashes --only-binary :all: -r requirements/run.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@

# cpe (for stix2-validator) and hexdump (for python-evtx) are published as source only.
$(DEV): $(RUN) requirements/dev.txt
	$(BIN)/pip install -q --require-hashes --only-binary :all: --no-binary cpe,hexdump -r requirements/dev.txt
	touch $@

clean:
	rm -rf .venv demo-case .campaign
