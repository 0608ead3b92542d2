# Careloom: `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test check lint types layers unit suites mutants bad-inputs acceptance bench bench-notify soak soak-store peers docs format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## what running needs: packages pinned by hash, FHIR definitions, front-end files
	@$(PYTHON) scripts/setup.py run

setup-test: ## what testing needs besides: tools, and Chromium and PostgreSQL where they can be had
	@$(PYTHON) scripts/setup.py test

run: setup ## the demonstration: hub, three suppliers, live page (ONCE=1 stops after the play, UKCORE=1 uses UK Core, STORE=postgresql://… keeps the record there)
	@$(if $(STORE),CARELOOM_STORE_URL='$(STORE)') $(BIN)/careloom connectathon run demo/discharge.yaml $(if $(ONCE),--once) $(if $(UKCORE),--ukcore)

test: setup-test check ## everything CI runs

check: lint types layers ## lint, types, layers, all tests
	@$(BIN)/pytest -m "not slow" --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: ## formatting and lint
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: ## mypy, strict
	@$(BIN)/mypy

layers: ## the drawing of the house holds
	@$(BIN)/lint-imports

unit: ## the quick tests alone
	@$(BIN)/pytest tests/unit

suites: setup-test ## scores on the public HL7 suites and UK Core (CARELOOM_SUITES, CARELOOM_UKCORE)
	@$(BIN)/pytest tests/suites --quiet

mutants: setup-test ## valid resources broken on purpose: what share the validator catches (COUNT=20000, SEED=1)
	@$(BIN)/python -m tests.mutants $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

bad-inputs: setup-test ## every bad input and failure of notifications, on SQLite and PostgreSQL: the tests that docs/conformance.toml names
	@$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $$($(BIN)/python scripts/conformance_page.py --tests bad-inputs)

acceptance: setup-test ## what takes longer than CI should, and new random examples for every law
	@CARELOOM_HYPOTHESIS=explore $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

soak-store: setup-test ## the record killed 200 times at random moments, full disks, lost connections (ROUNDS=200)
	@CARELOOM_KILL_ROUNDS=$(or $(ROUNDS),200) $(BIN)/pytest -n 0 tests/integration/test_store_durability.py \
		tests/integration/test_store_file.py tests/integration/test_postgres_connection.py \
		tests/integration/test_postgres_processes.py

bench: setup-test ## ratios against peers, each in one run
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

bench-notify: setup-test ## notifications by the judge of an independent receiver (STORE=postgresql, PENDING=1000000)
	@$(BIN)/python -m benchmarks.notify --only latency rate client subscriptions dead restart mllp kills $(if $(STORE),--store $(STORE)) $(if $(PENDING),--pending $(PENDING))

soak: setup-test ## kills at random moments while events are told: nothing lost, nothing out of order (ROUNDS=200, SEED=1)
	@for store in sqlite postgresql; do $(BIN)/python -m benchmarks.notify --only kills --store $$store --rounds $(or $(ROUNDS),200) --seed $(or $(SEED),1) || exit 1; done

peers: setup-test ## Careloom beside other validators on the same bytes, written to docs/comparison.md
	@$(BIN)/python -m benchmarks.peers --write docs/comparison.md

docs: setup-test ## the documentation as a site, in site/
	@$(BIN)/mkdocs build --strict

format: ## format and mend what can be mended
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
lock: setup-test ## pin the newest packages that pyproject.toml allows, with their hashes
	@$(LOCK) --upgrade pyproject.toml requirements/build.in -o requirements/run.txt
	@$(LOCK) --upgrade --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
	@$(LOCK) --upgrade --no-annotate requirements/uv.in -o requirements/uv.txt
	@$(LOCK) --upgrade --no-annotate requirements/postgres.in -o requirements/postgres.txt

clean: ## remove what set-up and tests made
	@rm -rf $(VENV) var site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis src/careloom/web/assets/vendor
