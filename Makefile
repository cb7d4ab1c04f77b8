# Needs only Python >= 3.11 with pip, and make: no compiler, no root. Everything is put into $(VENV).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
WHEELS := --only-binary :all:

# make demo [SERVE=0] [DATA=papers.jsonl.zst] [PORT=8008] [DEMO=demo-library]
SERVE ?= 1
DEMO  ?= demo-library
DEMO_FLAGS := $(if $(filter 0 no false,$(SERVE)),--no-serve) $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT))

# make test [TESTS="tests/test_text.py -k fold"] [WORKERS=auto]
TESTS   ?=
WORKERS ?= auto

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint docs bench soak live dist train-deps clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

demo: $(VENV)/.installed ## load the bundled papers, print three searches and why, serve the page (SERVE=0 DATA=file PORT=n)
	@$(BIN)/broadsheet --home "$(DEMO)" demo $(DEMO_FLAGS)

test: lint ## lint, then every test (TESTS="tests/test_text.py -k fold" for some of them)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

lint: $(VENV)/.installed-test ## ruff and mypy over source, tests and benches
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-test ## the pages of docs/ that follow from the program, made anew
	$(BIN)/python tests/docs_pages.py

bench: $(VENV)/.installed-test ## every table of docs/benchmarks.md, measured again on this machine (hours)
	$(BIN)/python -m bench

soak: $(VENV)/.installed-test ## the property tests, and harvests and letters with faults and kills, a hundred times (hours)
	$(BIN)/python -m pytest -n $(WORKERS) --hypothesis-profile soak --timeout 3600 -m hypothesis $(TESTS)
	BROADSHEET_SOAK=100 $(BIN)/python -m pytest -n $(WORKERS) --timeout 3600 tests/test_harvest.py tests/test_query_reference.py tests/test_api_schema.py tests/test_sending_kills.py

live: $(VENV)/.installed-test ## one small question to every real service that can be followed; needs a network
	$(BIN)/python -m pytest -p no:randomly -rs --timeout 900 tests/live.py

dist: $(VENV)/.installed-test ## the wheel and the source archive, into dist/
	$(BIN)/python -m hatchling build

train-deps: $(VENV)/.installed-train ## PyTorch, for `broadsheet model train --teacher` and its tests

clean: ## remove what make made, and the demo library
	rm -rf $(VENV) dist demo-library .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# Debian ships Python without ensurepip unless python3-venv is there: then the system's pip fills the environment.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Broadsheet needs Python 3.11 or newer; " + sys.executable + " is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@echo "Making $(VENV) ..." >&2
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 \
	  || { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@$(PIP) install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	@echo "Installing Broadsheet and what it needs, as wheels (a minute or two) ..." >&2
	@$(PIP) install --quiet $(WHEELS) --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml $(VENV)/.installed
	@echo "Installing what the tests need ..." >&2
	@$(PIP) install --quiet $(WHEELS) --no-binary dkimpy --group test  # which has no wheel, and needs no compiler
	@touch $@

$(VENV)/.installed-train: pyproject.toml $(VENV)/.installed
	@echo "Installing PyTorch ..." >&2
	@$(PIP) install --quiet $(WHEELS) --group train-test
	@touch $@
