# make demo    install into .venv and fit Kepler's planets
# make test    the same .venv with the development tools, then the tests
# make lint    ruff, mypy, and the layers
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
SOURCES := kansr tests sample_data benchmarks

.PHONY: demo test lint format clean
# Two targets must not install into the same folder at once.
.NOTPARALLEL:

demo: $(VENV)/.installed
	@$(BIN)/kansr fit sample_data/kepler.csv

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --check --quiet $(SOURCES)
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --quiet --fix $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

# A virtual environment whose pip does not start was left half made, or its Python is gone.
define create_venv
	@$(PYTHON) -c 'import sys; sys.exit("kansr needs Python 3.11 or later: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
endef

$(VENV)/.installed: pyproject.toml constraints.txt
	$(create_venv)
	@echo "Installing kansr into $(VENV) (once)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

# What the development tools need includes all that a demo needs.
$(VENV)/.installed-dev: pyproject.toml constraints.txt
	$(create_venv)
	@echo "Installing kansr and its development tools into $(VENV) (once)"
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find kansr tests sample_data -name __pycache__ -type d -prune -exec rm -rf {} +
