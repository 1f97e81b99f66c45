# Two commands do everything: `make demo` and `make test`. Both set up .venv first and say what they do.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed
DATA   := $(shell find background_data product_rules -type f 2>/dev/null)

.PHONY: demo test check bench soak clean help
help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@echo "==> Making a virtual environment in $(VENV)  正在建立虚拟环境"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lcaengine needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@echo "==> Installing lcaengine and what it needs (about a minute, once)  正在安装，约一分钟，只需一次"
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,check,documents,batch,postgres]'
	@touch $@
	@echo "==> Installed"

demo: $(STAMP)  ## set up, start the server, post real bills of materials, show footprints and hotspots
	@$(BIN)/lcaengine demo

check: $(STAMP)  ## ruff, mypy, import-linter, background tables, rules
	@echo "==> ruff"; $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> mypy"; $(BIN)/mypy
	@echo "==> import-linter"; $(BIN)/lint-imports
	@echo "==> background tables"; $(BIN)/lcaengine background check
	@echo "==> rules"; $(BIN)/lcaengine rules lint

test: check  ## set up, check, all tests
	@echo "==> pytest"; $(BIN)/pytest

bench: $(STAMP)  ## speed ratios against Brightway and floors, in one run
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@$(BIN)/python -m benchmarks

soak: $(STAMP)  ## 10,000 made-up requests and five minutes of load on a real server: no wrong answer, flat memory
	@echo "==> soak (about twenty minutes)  长时间压力测试，约二十分钟"; $(BIN)/python tests/soak.py

clean:  ## remove what was installed
	rm -rf $(VENV) build dist *.egg-info
