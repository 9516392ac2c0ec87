# Trading Ops. `make help` lists what there is; nothing needs to be installed by hand.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Without cached bytecode every Airflow start costs seconds. What is imported is compiled then; compiling all of
# it beforehand takes most of a minute.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for p in python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.8
UV := .venv-uv/bin/uv
DESK_PYTHON := .venv/bin/python
# A module of the desk, which Ctrl-C ends in one line.
RUN := $(DESK_PYTHON) -m trading_ops_stack.shell
# Which desk `up`, `down` and the like mean: make up DESK=<folder>. Without it the one `make init` made, else the demo's.
ifdef DESK
export TRADING_OPS_DESK := $(DESK)
endif
export PYTHONPATH := $(CURDIR)/plugins:$(CURDIR)
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

.PHONY: health psql data-quality riskguard help setup init setup-qlib image-qlib demo run day up down status test test-long check bench bench-demo bench-ledger bench-prices bench-qlib docs doctor lock lock-qlib clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/.synced .venv-dbt/.synced .venv/bin/trading-ops ## Build the environments from the lock files

setup-qlib: .venv-qlib/.synced ## Build the optional environment the Qlib model runs in

image-qlib: ## Build the Qlib runner's image, tagged with the commit and as local: make image-qlib [BASE_IMAGE=...]
	@docker/qlib_runner/build.sh

demo: arguments-demo setup ## Live through four simulated weeks: TRADE, two kinds of NO-TRADE, TRADE again
	@$(RUN) trading_ops_stack.demo $(DEMO)

run: arguments-run setup ## Plan one week on real files: make run BARS=<folder or zip> [ASOF=YYYY-MM-DD] [BENCHMARK=SPY]
	@$(RUN) trading_ops_stack.plan_files "$(BARS)" $(if $(ASOF),--as-of "$(ASOF)") $(if $(BENCHMARK),--benchmark $(BENCHMARK))

day: arguments-day setup ## The desk's own day without Airflow's scheduler, a line a step: make day [ASOF=YYYY-MM-DD]
	@$(RUN) trading_ops_stack day $(if $(ASOF),--asof "$(ASOF)")

# Before anything is built: a wrong path or day is told in a second.
arguments-%:
	@sh plugins/trading_ops_stack/arguments.sh $*

init: arguments-init setup ## Set up a desk for real money, by questions: make init [DESK=<folder>] [ANSWERS=<file>]
	@$(RUN) trading_ops_stack $(if $(DESK),--desk $(DESK)) init $(if $(ANSWERS),--answers $(ANSWERS))

up: setup ## Start the whole desk on this machine and print its addresses and logins
	@$(RUN) trading_ops_stack.stack up

down: ## Stop everything `make up` or `make demo` started, and say first of which desk
	@if [ -x $(DESK_PYTHON) ]; then $(RUN) trading_ops_stack.stack down; else echo "nothing is set up, so nothing runs"; fi

status: setup ## Say what runs
	@$(RUN) trading_ops_stack.stack status

health: status ## The same, for a monitor: exit code 0 when everything runs

psql: setup ## A prompt on the desk's database that can change nothing: make psql [SQL="select ..."]
	@$(RUN) trading_ops_stack.psql $(if $(SQL),-c "$(SQL)")

data-quality: setup ## DATA_QUALITY_PASS or DATA_QUALITY_FAIL of the newest run, with each check and fix; also as a report
	@$(RUN) trading_ops_stack data-quality

riskguard: setup ## RISK_PASS or RISK_FAIL of the newest plan, with each check and fix; also as a report
	@$(RUN) trading_ops_stack riskguard

# Two at a time, a file on one worker: most tests wait for a server or for dbt half of their time.
PYTEST := $(DESK_PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20

test: setup .venv-cgt/.synced ## Run every test but the long ones
	@$(PYTEST) -m "not long"

test-long: setup ## Run the tests that need a container engine, and those of a whole day and of a whole desk in real time
	@$(PYTEST) -m long

check: setup ## Lint and the quick tests
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@$(DESK_PYTHON) -m pytest -q tests/architecture tests/unit

# Each can be run alone: PYTHONPATH=plugins:. .venv/bin/python -m tests.bench.bench_year
BENCHES := bench_load bench_memory bench_year bench_refresh bench_export

bench: setup ## Measure loads and refreshes as ratios: against COPY and pandas, memory, a year, long history
	@failed=0; for bench in $(BENCHES); do $(RUN) tests.bench.$$bench || failed=1; done; exit $$failed

LEDGER_BENCHES := bench_ledger bench_statement

bench-ledger: setup ## Measure a book of ten years counted anew, and a real statement's import against its parsing
	@failed=0; for bench in $(LEDGER_BENCHES); do $(RUN) tests.bench.$$bench || failed=1; done; exit $$failed

bench-prices: setup ## Compare the adjusted prices with the vendors' own on the real files
	@$(RUN) tests.bench.bench_prices

bench-qlib: setup setup-qlib ## Measure features, store and containers against stock Qlib: make bench-qlib [BENCH="--symbols 500"]
	@PYTHONPATH=$(CURDIR) .venv-qlib/bin/python -m tests.bench.bench_qlib $(BENCH)
	@$(RUN) tests.bench.bench_qlib_container $(BENCH)

bench-demo: setup ## Measure the demo in a fresh clone, in all and task by task
	@$(RUN) tests.bench.bench_demo

docs: setup ## Build the dbt docs of the running desk and serve them on loopback
	@$(RUN) trading_ops_stack.dbt_docs --serve

doctor: ## Name what is missing on this machine and how to get it, and what a desk would use: make doctor [DESK=<folder>]
	@sh plugins/trading_ops_stack/doctor.sh

lock: $(UV) ## Resolve the lock files again from pyproject.toml
	@$(UV) pip compile pyproject.toml --group dev --universal --generate-hashes --python-version 3.11 --no-header -q -o config/locks/desk.txt
	@$(UV) pip compile --group dbt --universal --generate-hashes --python-version 3.11 --no-header -q -o config/locks/dbt.txt
	@$(UV) pip compile --group cgt --universal --generate-hashes --python-version 3.11 --no-header -q -o config/locks/cgt.txt

lock-qlib: $(UV) ## Resolve the Qlib runner's lock file again from its pyproject.toml
	@cd qlib_runner && ../$(UV) pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header -q -o requirements.lock

clean: ## Remove the environments and the simulated desk's data; refuses a production database
	@found=$$(grep -rlsx production --include=environment var || true); if [ -n "$$found" ]; then \
	    echo "$${found%/environment} is a production database: remove it by hand if you mean it; no command here backs it up"; exit 1; fi
	@for folder in var/postgres var/*/postgres; do \
	    if [ -e $$folder ]; then $(MAKE) --no-print-directory down DESK=$${folder%/postgres}; fi; done
	@rm -rf .venv .venv-cgt .venv-dbt .venv-qlib .venv-uv var .pytest_cache .ruff_cache dbt_project/target dbt_project/logs
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@sh plugins/trading_ops_stack/doctor.sh --needed
	@rm -rf .venv-uv && $(PYTHON) -m venv .venv-uv && .venv-uv/bin/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: config/locks/desk.txt | $(UV)
	@echo "building .venv (Airflow, Flask, pandas, the embedded Postgres) ..."
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@$(UV) pip sync -q --python $(DESK_PYTHON) --require-hashes config/locks/desk.txt
	@touch $@

.venv/bin/trading-ops: Makefile .venv/.synced
	@printf '#!/bin/sh\nPYTHONPATH="%s:%s" exec "%s/$(DESK_PYTHON)" -m trading_ops_stack.shell trading_ops_stack "$$@"\n' "$(CURDIR)/plugins" "$(CURDIR)" "$(CURDIR)" > $@ && chmod +x $@

.venv-dbt/.synced: config/locks/dbt.txt | $(UV)
	@echo "building .venv-dbt ..."
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv-dbt
	@$(UV) pip sync -q --python .venv-dbt/bin/python --require-hashes config/locks/dbt.txt
	@touch $@

.venv-cgt/.synced: config/locks/cgt.txt | $(UV)
	@echo "building .venv-cgt (a tax calculator the tests compare with) ..."
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv-cgt
	@$(UV) pip sync -q --python .venv-cgt/bin/python --require-hashes config/locks/cgt.txt
	@touch $@

.venv-qlib/.synced: $(addprefix qlib_runner/,requirements.lock build-constraints.txt compiler.lock kernel.py alpha158.c) | $(UV)
	@echo "building .venv-qlib (Qlib, LightGBM) ..."
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv-qlib
	@$(UV) pip sync -q --python .venv-qlib/bin/python --require-hashes --build-constraints qlib_runner/build-constraints.txt --compile-bytecode qlib_runner/requirements.lock
	@$(UV) pip install -q --python .venv-qlib/bin/python --no-deps --require-hashes -r qlib_runner/compiler.lock
	@rm -rf .venv-qlib/lib/qlib_runner && .venv-qlib/bin/python -m qlib_runner.kernel >/dev/null
	@$(UV) pip uninstall -q --python .venv-qlib/bin/python ziglang
	@touch $@
