# Everything a contributor needs, from a machine that has only Python >= 3.11 and make.
# `make venv` costs about a minute the first time and a few milliseconds afterwards.
.DEFAULT_GOAL := help
.PHONY: help venv assets faces fast test check up demo bench lock outdated sbom clean sim sim-campaign prove

BIN := .venv/bin
# Half of the tests' time is waiting for real processes, lines and browsers: two cores have room for twice as many.
WORKERS ?= 4
# Where nothing is to be kept, pytest writes every assertion of every test anew, in each of its processes: 4 s each.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

venv:  ## the locked set of packages in .venv (done by every other target when needed)
	@sh scripts/venv.sh

assets: venv  ## what the screens use and we did not write (htmx, uPlot, icons, font), by npm
	@$(BIN)/python scripts/assets.py

faces: venv  ## the extra cranny[face] and two photographs, 150 MB: what `make prove` looks at faces with
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes -r requirements/face.lock

fast: venv  ## pure tests, no engines, a few seconds
	@sh scripts/fast.sh

test: venv assets  ## every test, with a real PostgreSQL and NATS
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -q --ignore=tests/prove  # those that share a house run in one process

check: venv  ## style, types, floors of the house, own lints
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m lints

SEEDS ?= 40

sim: venv  ## simulated lives of banks and a server, until the oracles say "0 violations" (SEEDS=40, FIRST=1, TIER=1)
	@$(BIN)/python -m cranny.sim --seeds $(SEEDS) --first $(or $(FIRST),1) --tier $(or $(TIER),1) $(ARGS)

prove: venv assets faces  ## the long attacks: lives, power cuts, kill -9, storms, rubbish (about 35 minutes)
	$(BIN)/pytest -m prove -n 2 --dist loadgroup -q -p tests.prove.figures

CAMPAIGN ?= build/campaign.jsonl

sim-campaign: venv  ## 2,000 lives, some hours; goes on where it was stopped (CAMPAIGN=file, SEEDS=2000)
	@mkdir -p $(dir $(CAMPAIGN))
	@$(BIN)/python -m cranny.sim campaign --seeds $(if $(filter 40,$(SEEDS)),2000,$(SEEDS)) --file $(CAMPAIGN) --program $$(git rev-parse --short HEAD)

up: venv assets  ## server, worker and engines on this machine (ARGS="…" goes to `cranny up`)
	$(BIN)/cranny up $(ARGS)

demo: venv assets  ## a city uses its lockers, from nothing to "0 violations" (ARGS=--once ends then)
	$(BIN)/cranny demo $(ARGS)

bench: venv assets  ## how fast it is, against PostgreSQL's own limit (docs/performance.md)
	@$(BIN)/python -m bench $(ARGS)

lock: venv  ## resolve pyproject.toml anew into requirements/*.lock
	@sh scripts/lock.sh

sbom: venv  ## what others wrote and the product carries: build/sbom.cdx.json (CycloneDX 1.6)
	@$(BIN)/python scripts/sbom.py build/sbom.cdx.json

outdated: venv  ## what others wrote and have newer releases of (SECURITY.md says how old it may become)
	@$(BIN)/python -m pip list --outdated --exclude pip
	@npm outdated || true

clean:  ## remove what the other targets made
	rm -rf .venv build dist src/cranny/ui/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find src tests bench lints -name __pycache__ -prune -exec rm -rf {} +
