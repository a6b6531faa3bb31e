# The two you need: `make lab` opens the course, `make test` runs every test. Both set themselves up.
PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/pip --quiet --disable-pip-version-check
LESSONS = $(wildcard notebooks/$(ONLY)*.ipynb)
SEED = 1
# Python keeps what it has compiled, also where the caller's shell forbids it: each of the fifty processes of a whole
# test run, most of them kernels, would compile PyTorch anew, which takes as long again as importing it.
export PYTHONDONTWRITEBYTECODE =
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -p tools.nbval_pictures --nbval \
	--nbval-current-env --nbval-cell-timeout=600 --nbval-kernel-startup-timeout=120 $(if $(ONLY),-k $(ONLY))

.PHONY: lab test unit nbval filled fill notebooks img site slides bench lint

lab: .venv/ready  ## open the course in JupyterLab; more flags through ARGS="..."
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" notebooks/00_start_here.ipynb $(ARGS)

test: lint fill  ## every test; of one lesson: make test ONLY=04
	$(PYTEST) build/filled $(LESSONS) tests

unit: .venv/ready  ## the package, the notebooks' rules, the browser
	$(PYTEST) tests

nbval: .venv/ready  ## run every lesson and compare it with its stored outputs
	$(PYTEST) $(LESSONS)

filled: fill  ## the same with every exercise answered by its reference, on another processor: make filled SEED=2
	$(PYTEST) build/filled

fill: .venv/ready
	rm -rf build/filled
	$(BIN)/python -m tools.fill_exercises build/filled $(LESSONS)
	$(BIN)/python -m tools.other_processor $(SEED) build/filled/*.ipynb

notebooks: .venv/ready  ## run lessons and store their outputs; one lesson: make notebooks ONLY=01
	$(BIN)/python -m tools.store_outputs $(LESSONS)

img: .venv/ready  ## draw img/*.svg
	$(BIN)/python img/drawings.py

site: .venv/ready  ## the course as pages to read, alive without a kernel: build/site
	$(BIN)/python -m tools.site

slides: .venv/ready  ## the course as decks, one file a lesson, to teach with: build/slides
	$(BIN)/python -m tools.slides $(LESSONS)

bench: .venv/ready  ## the long runs, on the full data sets
	failed=; for script in benchmarks/*.py; do PYTHONPATH=. $(BIN)/python $$script || failed="$$failed $$script"; done; \
	test -z "$$failed" || { echo "did not run:$$failed"; exit 1; }

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# uv where the package index has it, for it needs half the time, and pip where not or where it fails: the same versions.
INSTALL = install --constraint tested-versions.txt --editable '.[test]'

.venv: .venv/ready  ## the environment alone; without a graphics card: make .venv TORCH=cpu
.venv/ready: pyproject.toml tested-versions.txt $(wildcard rnnlab/jupyter/*.json)
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"RNN Lab needs Python 3.11 or newer, this is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(if $(TORCH),$(PIP) install --no-deps --constraint tested-versions.txt --index-url https://download.pytorch.org/whl/$(TORCH) torch torchvision)
	($(PIP) install uv 2>/dev/null && $(BIN)/uv pip $(INSTALL) --python $(BIN)/python) || $(PIP) $(INSTALL)
	touch $@
