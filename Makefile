# make run    serves the demo clinic          make test         runs every check and test, as .ci/run does
# make check  lint, types, import contracts   make screenshots  writes a picture of every page to .screenshots/
# make soak   races, mixed work and kill -9 in full, on both engines: hours
# make lock   rewrites the pinned files       make clean        removes what the other targets made, but no database

PYTHON ?= python3
SCALE ?= 1
PORT ?= 8000
TEST_PROCESSES ?= auto
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DELETE_ON_ERROR:
.PHONY: run test check browser screenshots soak lock clean

run: .venv/runtime-installed
	@echo "Preparing the database ..."
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_catalogue
	@$(MANAGE) load_demo --if-empty
	@echo "Open http://127.0.0.1:$(PORT)/ (Ctrl-C ends it; PORT=8001 make run serves elsewhere)"
	@exec $(BIN)/gunicorn clinic.wsgi --bind 127.0.0.1:$(PORT) --workers 1 --threads 4 --no-control-socket --log-level warning

test: check browser
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --maxprocesses 4
	TEST_DATABASE=postgres $(BIN)/python -m pytest -n $(TEST_PROCESSES) --maxprocesses 4

check: .venv/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(MANAGE) makemigrations --check --dry-run

browser: .venv/dev-installed
	@$(BIN)/python -m tests.browser

screenshots: browser
	$(BIN)/python -m tests.screenshots

soak: .venv/dev-installed
	$(BIN)/python -m tests.soak.run --scale $(SCALE)
	$(BIN)/python -m tests.soak.run --scale $(SCALE) --engine postgres

lock: .venv/dev-installed
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv .screenshots .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results staticfiles
	find clinic treatments tests -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. Install it, or name it: make PYTHON=/path/to/python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/runtime-installed: requirements.txt | .venv/bin/python
	@echo "Installing the requirements ..."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev-installed: requirements-dev.txt requirements.txt | .venv/bin/python
	@echo "Installing the requirements of the tests and checks ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/runtime-installed
