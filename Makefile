# `make audit` and `make test` do everything on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= audit-results
# One thread per worker: the work is parallel over cases.
export OMP_NUM_THREADS ?= 1

.PHONY: audit test lint constants clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("lemmata needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

audit: $(VENV)/.installed
	$(BIN)/lemmata audit --out $(OUT)
	$(BIN)/lemmata audit lemma-5.1a lemma-5.2a 'lemma-5.2a@printed' lemma-B.1-i-weights --data digits

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest --numprocesses 2 --dist loadgroup

clean:
	rm -rf $(VENV) build *.egg-info
