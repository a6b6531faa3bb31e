# The two you need: `make lab` opens the course, `make test` runs every test. Both set themselves up.
PYTHON ?= python3
BIN = .venv/bin
LESSONS = $(wildcard notebooks/$(ONLY)*.ipynb)
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2
NBVAL = $(PYTEST) -p tools.nbval_pictures --dist loadfile --nbval --nbval-current-env \
	--nbval-cell-timeout=300 --nbval-kernel-startup-timeout=120

# Explorers that need no kernel, in exported HTML and in a notebook opened again; in HTML, pictures with descriptions.
ALIVE = --ContentsManager.pre_save_hook=rnnlab.explorers.without_widgets --HTMLExporter.embed_images=True \
	--HTMLExporter.preprocessors=rnnlab.figures.with_descriptions \
	--NbConvertBase.display_data_priority='["text/html","image/svg+xml","image/png","text/markdown","text/latex","text/plain"]'

.PHONY: lab test unit nbval filled notebooks img bench lint

lab: .venv/ready  ## open the course in JupyterLab; more flags through ARGS="..."
	$(BIN)/jupyter lab $(ALIVE) notebooks/00_start_here.ipynb $(ARGS)

test: lint unit nbval filled  ## every test

unit: .venv/ready  ## the package, the notebooks' rules, the browser
	$(PYTEST) --dist loadgroup tests

nbval: .venv/ready  ## run every lesson and compare it with its stored outputs; one lesson: make nbval ONLY=01
	$(NBVAL) $(LESSONS)

filled: .venv/ready  ## the same with every exercise answered by its reference
	rm -rf build/filled
	$(BIN)/python -m tools.fill_exercises build/filled $(LESSONS)
	$(NBVAL) build/filled

notebooks: .venv/ready  ## run lessons and store their outputs; one lesson: make notebooks ONLY=01
	$(BIN)/python -m tools.store_outputs $(LESSONS)

img: .venv/ready  ## draw notebooks/img/*.svg
	$(BIN)/python notebooks/img/drawings.py

bench: .venv/ready  ## the long runs, on the full data sets
	for script in benchmarks/*.py; do PYTHONPATH=. $(BIN)/python $$script; done

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The announcements would ask about news on the first page; JupyterLab 4.6 asks whatever LabApp.news_url says.
.venv: .venv/ready  ## the environment alone
.venv/ready: pyproject.toml tested-versions.txt
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"RNN Lab needs Python 3.11 or newer, this is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint tested-versions.txt --editable '.[test]'
	$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements
	touch $@
