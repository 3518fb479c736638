# Two commands for people: make demo and make test. Everything else serves them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test soak mutate lock clean
.DELETE_ON_ERROR:

# make demo ARGS="--seconds 60 --dir here"
demo: $(VENV)/.demo-installed
	@$(BIN)/smartwings demo $(ARGS)

# Tests start hundreds of processes and each of their own loads our modules: compiled ones are kept even where Python is
# told not to. Tests that share nothing are spread one by one (tests/scheduling.py), the slow ones, of processes, first.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.test-installed
	@tools/provide.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile --cov -m counted tests/unit tests/scenarios
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not counted"

# Takes hours: fifty kills of each part, a thousand of the store, its guards, and the mutants of one module. It is no part of `make test`.
soak: $(VENV)/.test-installed
	SMARTWINGS_SOAK=1 $(BIN)/pytest tests/soak -p no:cacheprovider --timeout 7200
	$(MAKE) mutate

# make mutate MODULE=kpi/counter.py; without it the next module that has no verdicts yet. It goes on where it was killed.
mutate: $(VENV)/.test-installed
	$(BIN)/python tests/soak/mutate.py $(MODULE)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Smart Wings needs Python 3.11 or newer; say which: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed: install your system's venv package (Debian: python3-venv)"; exit 2; }

$(VENV)/.demo-installed: $(VENV)/bin/python locks/demo.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test-installed: $(VENV)/bin/python locks/test.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Needs uv on the PATH. The lock files hold hashes and name no index.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build pyproject.toml -o locks/run.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra demo pyproject.toml -o locks/demo.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra test pyproject.toml -o locks/test.txt

clean:
	rm -rf $(VENV) .coverage .mutation .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
