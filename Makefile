# `make audit` and `make test` do everything on a machine with Python 3.11+ and make.
PYTHON ?= python3
OUT ?= audit-results
# What is installed, and where. Another choice wants a VENV of its own; no CONSTRAINTS means the newest versions:
#   make test VENV=.venv-lowest CONSTRAINTS=build/lowest.txt
#   make test VENV=.venv-extras EXTRAS=dev,benchmarks,dask,ray
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := constraints.txt
EXTRAS := dev
# One thread per worker: the work is parallel over cases.
export OMP_NUM_THREADS ?= 1

# The lemmas, theorems and corollaries but for Theorem 4.5, which is trivial at every size that can be measured;
# `make audit-all` has that, the proofs' steps, definitions and remarks too.
MAIN := 'cao-gu-2020/lemma-*' 'cao-gu-2020/loss-*' 'cao-gu-2020/thm-4.7' 'cao-gu-2020/thm-4.7-containment' 'cao-gu-2020/thm-4.7@printed' \
        'cao-gu-2020/cor-*' 'zou-gu-2019/lemma-4.[1235]*' 'zou-gu-2019/thm-*' 'zou-gu-2019/cor-*' 'zou-gu-2019/prop-*' \
        'zou-gu-2019/table-*' 'cao-gu-2019-slides/*' 'chen-et-al-2019-poster/*'

.PHONY: audit audit-all test versions lint clean build/roof

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -c 'import sys; sys.exit("lemmata needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS:%=--constraint %) --editable '.[$(EXTRAS)]'
	touch $@

audit: $(VENV)/.installed
	$(BIN)/lemmata audit $(MAIN) --out $(OUT) --resume
	$(BIN)/lemmata report $(OUT)

audit-all: $(VENV)/.installed
	$(BIN)/lemmata audit --out $(OUT) --resume
	$(BIN)/lemmata report $(OUT)

# The versions that pyproject.toml calls the lowest.
build/lowest.txt: pyproject.toml
	mkdir -p build
	sed -nE 's/^  "(.+)>=([^"]+)".*/\1==\2/p' $< > $@

# The rooms under their roof, as they are installed: mypy does not know of package-dir.
build/roof:
	rm -rf $@
	mkdir -p $@/lemmata
	cd $@/lemmata && ln -s ../../../lemmata/* ../../../model ../../../claims ../../../strategies ../../../audit .

lint: $(VENV)/.installed build/roof
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
# Modules are compiled once, not in each of the hundreds of processes that the tests start.
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses 2 --dist worksteal

# What the workflow runs, here: the lowest versions, and the newest with every Python at hand.
PYTHONS = $(foreach python,python3.11 python3.12 python3.13,$(if $(shell command -v $(python)),$(python)))
versions:
	$(MAKE) test VENV=.venv-lowest CONSTRAINTS=build/lowest.txt PYTHON=python3.11
	for python in $(PYTHONS); do $(MAKE) test VENV=.venv-newest-$$python CONSTRAINTS= PYTHON=$$python || exit 1; done

clean:
	rm -rf $(VENV) .venv-lowest .venv-newest-* build *.egg-info
