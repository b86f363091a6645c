# One command each. All begin with `setup`, which needs Python 3.11+ with pip, and nothing else.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
# Two a core, eight at most: a third of the time tests wait for servers and processes that they start.
WORKERS := $(shell n=$$(( $$(getconf _NPROCESSORS_ONLN) * 2 )); echo $$(( n < 8 ? n : 8 )))

.PHONY: setup setup-dev demo test test-real lint bench evaluate lock clean

setup: .venv/.done
setup-dev: .venv/.dev

.venv/.done: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Gatehouse needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock \
		|| $(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# What tests need besides: the vendors' own mail clients are large, so a demonstration does without them.
.venv/.dev: .venv/.done requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock \
		|| $(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup
	$(BIN)/gatehouse demo

test: setup-dev
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# What takes minutes: kills at random moments, servers restarted, disks that fill, in real processes (some 15 minutes).
test-real: setup-dev
	GATEHOUSE_TEST_REVOKE_EVERY=1 $(BIN)/python -m pytest tests/onboarding/test_fencing.py
	$(BIN)/python -m pytest --override-ini python_files='survive_*.py' tests/real

bench: setup-dev
	$(BIN)/python -m benchmarks

evaluate: setup-dev
	$(BIN)/python -m benchmarks.evaluate

lint: setup-dev
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
lock:
	$(COMPILE) --extra build --output-file requirements.lock
	$(COMPILE) --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .gatehouse
