# `make audit` and `make test` do everything on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= audit-results
# One thread per worker: the work is parallel over cases.
export OMP_NUM_THREADS ?= 1

# The lemmas, theorems and corollaries; `make audit-all` has their proofs' steps, definitions and remarks too.
MAIN := 'cao-gu-2020/lemma-*' 'cao-gu-2020/loss-*' 'cao-gu-2020/thm-4.[57]' 'cao-gu-2020/thm-4.[57]@printed' \
        'cao-gu-2020/cor-*' 'zou-gu-2019/lemma-4.[1235]*' 'zou-gu-2019/thm-*' 'zou-gu-2019/cor-*' 'zou-gu-2019/prop-*' \
        'zou-gu-2019/table-*' 'cao-gu-2019-slides/*' 'chen-et-al-2019-poster/*'

.PHONY: audit audit-all test lint clean $(VENV)/roof

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("lemmata needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

audit: $(VENV)/.installed
	$(BIN)/lemmata audit $(MAIN) --out $(OUT) --resume
	$(BIN)/lemmata report $(OUT)

audit-all: $(VENV)/.installed
	$(BIN)/lemmata audit --out $(OUT) --resume
	$(BIN)/lemmata report $(OUT)

# The rooms under their roof, as they are installed: mypy does not know of package-dir.
$(VENV)/roof: $(VENV)/.installed
	mkdir -p $@/lemmata
	ln -sfn $(CURDIR)/lemmata/*.py $(CURDIR)/lemmata/py.typed $@/lemmata/
	for room in model claims strategies audit; do ln -sfn $(CURDIR)/$$room $@/lemmata/$$room; done

lint: $(VENV)/roof
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest --numprocesses 2

clean:
	rm -rf $(VENV) build *.egg-info
