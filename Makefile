# Every target works in a fresh clone: it first creates .venv and installs into it, once.
#   make review            the main job: load, rehearse, judge, report
#   make test              every check that CI runs

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Variables: make review PROFILE=weekly ARGS='--target my-service.yaml'; make test PYTEST_ARGS='-k receipts'.
PYTHON ?= python3
PROFILE ?= smoke
ARGS ?=
# Four workers on two cores: tests wait half of the time for the processes that they started.
PYTEST_ARGS ?= -n 4 --dist loadfile --no-loadscope-reorder
# By night each test goes to a worker by itself, the longest first: one file of long tests would run on one worker until morning.
NIGHTLY_ARGS ?= -n 4 --dist loadgroup --no-loadscope-reorder

# The tests start hundreds of processes; without bytecode files each of them would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
STAMP := .venv/installed
PAGES = README.md $(wildcard runbooks/*.md)
COG = $(BIN)/cog --verbosity=1 -I tests/house -p 'import house_documents as page'
PIP = $(BIN)/python -P -m pip --disable-pip-version-check --no-input

.PHONY: help review drills test nightly lint check-format types arrows pages runbooks docs format coverage golden honesty lock clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# Every drill runs, whatever the ends of the others; the exit code is that of the worst.
drills: $(STAMP) ## run every shipped drill on the reference gateway; one table with RTO, RPO, detect, mitigate (ARGS=...)
	@$(BIN)/gonogo drill run --all $(ARGS)

# A review that ends with a verdict succeeded, whatever the verdict; only other codes are failures of the tool.
review: $(STAMP) ## the main job: load, rehearse, judge, report (PROFILE=smoke, ARGS=...)
	@code=0; $(BIN)/gonogo review --profile $(PROFILE) $(ARGS) || code=$$?; \
	meaning=$$($(BIN)/python -P -c 'import sys; from gates.schema.outcome import EXIT_MEANING as m; print(m[int(sys.argv[1])])' $$code); \
	echo "gonogo review ended with exit code $$code: $$meaning" >&2; \
	case $$code in \
	  0|1|3|4|9) echo "That is the verdict of the scorecard, not an error of the tool." >&2 ;; \
	  *) exit $$code ;; \
	esac

test: lint ## every check that CI runs: lint, types, arrows, pages, tests
	@echo "==> pytest" >&2
	@$(BIN)/python -P -m pytest $(PYTEST_ARGS)

nightly: export GONOGO_NIGHT ?= $(shell date -u +%j | sed 's/^0*//')
nightly: export GONOGO_POLICY_EXAMPLES ?= 20000
nightly: export GONOGO_POLICY_LIVES ?= 600
nightly: export GONOGO_FUZZ_EXAMPLES ?= 20
nightly: $(STAMP) ## the long runs: many simulations, big storms, every drill and every defect in full
	@$(BIN)/python -P -m pytest -m "nightly or deeper" $(NIGHTLY_ARGS)

lint: check-format types arrows pages runbooks ## the checks that run nothing: ruff, mypy, import contracts, pages, runbooks

check-format: $(STAMP)
	@echo "==> ruff" >&2
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "  next: make format" >&2; exit 1; }

types: $(STAMP)
	@echo "==> mypy" >&2
	@$(BIN)/mypy --no-error-summary

arrows: $(STAMP)
	@echo "==> import contracts" >&2
	@$(BIN)/lint-imports --no-logo

pages: $(STAMP)
	@echo "==> generated parts of the pages" >&2
	@$(COG) --check --check-fail-msg='  next: make docs' $(PAGES)

runbooks: $(STAMP)
	@echo "==> runbooks: sections, commands, links, verification" >&2
	@$(BIN)/gonogo runbook lint

docs: $(STAMP) ## write the generated parts of README.md and runbooks/ again
	@$(COG) -r $(PAGES)

format: $(STAMP) ## let ruff fix what it can
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

coverage: $(STAMP) ## the tests with branch coverage, child processes included
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -p no:xdist
	@$(BIN)/coverage combine --quiet || true
	@$(BIN)/coverage report

golden: $(STAMP) ## write the golden artifacts again; review them in the diff
	@GONOGO_UPDATE_GOLDEN=1 $(BIN)/python -P -m pytest -q -p no:xdist tests/scorecards/test_golden.py
	@for kind in Finding FreezeCalendar GateSet Incident LedgerEntry Measures Project Roster Signers Target; do \
	  $(BIN)/gonogo schema $$kind > gates/schemas/$$(tr '[:upper:]' '[:lower:]' <<<"$$kind").schema.json; \
	done

honesty: $(STAMP) ## try every known way to an unearned green, and write runbooks/honesty.md again
	@GONOGO_UPDATE_HONESTY=1 $(BIN)/python -P -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder tests/honesty

# uv resolves for every platform and Python at once, which pip cannot. Nothing else needs it, so it is not in .venv.
lock: ## resolve pyproject.toml into requirements.lock
	@tool=$$(mktemp -d); trap 'rm -rf "$$tool"' EXIT; \
	$(PYTHON) -m venv "$$tool"; \
	"$$tool/bin/python" -m pip --quiet --disable-pip-version-check install uv; \
	"$$tool/bin/uv" --quiet pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --extra dev pyproject.toml -o requirements.lock

clean: ## remove caches; .venv and the state folder stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov mutants dist
	@find gateway gates drills loadtests scorecards tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also remove .venv; the state folder stays
	@rm -rf .venv

# ---------------------------------------------------------------------------------------------------------------------------

MINIMUM := import sys; sys.exit(sys.version_info < (3, 11))

$(STAMP): requirements.lock pyproject.toml
	@if [ ! -x $(BIN)/python ] || ! $(BIN)/python -P -c '$(MINIMUM)' 2>/dev/null; then \
	  for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if "$$python" -c '$(MINIMUM)' >/dev/null 2>&1; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$${found:-}" ]; then \
	    echo "error: gonogo needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1 || true)" >&2; \
	    echo "  next: install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; \
	  fi; \
	  if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "error: $$found cannot create virtual environments: its venv module is missing" >&2; \
	    echo "  next: install it (Debian and Ubuntu: apt-get install python3-venv), then run make again" >&2; exit 2; \
	  fi; \
	  echo "==> creating .venv with $$("$$found" -V)" >&2; \
	  rm -rf .venv; "$$found" -m venv .venv; \
	fi
	@echo "==> installing from requirements.lock (about a minute, once)" >&2
	@$(PIP) install --require-hashes -r requirements.lock 2>&1 | tee .venv/install.log \
	  | awk '/^Collecting / {if (++n % 20 == 0) print "    " n " packages fetched"} /^Installing collected/ {print "    installing " n " packages"} fflush()' >&2 \
	  || { tail -n 20 .venv/install.log >&2; echo "error: the install failed; its output is in .venv/install.log" >&2; exit 2; }
	@$(PIP) install --quiet --no-deps --no-build-isolation -e . >>.venv/install.log 2>&1 \
	  || { tail -n 20 .venv/install.log >&2; echo "error: the install failed; its output is in .venv/install.log" >&2; exit 2; }
	@touch $@
