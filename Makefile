# The tasks of the project; ./boxlens does the work and needs no make.
.PHONY: help fast test lint types build lock hooks coverage

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

fast:  ## unit and contract tests, in two processes
	./boxlens test --fast

test:  ## every layer, linters and types of both languages: what .ci/run calls
	./boxlens test

coverage:  ## unit and contract tests with the lines they reach
	./boxlens test --fast --cov=boxlens --cov=minio_proxy --cov-report=term:skip-covered

lint: .venv-test  ## ruff and import-linter
	.venv-test/bin/ruff check . && .venv-test/bin/ruff format --check . && .venv-test/bin/lint-imports

types: .venv-test  ## mypy, strict
	.venv-test/bin/mypy

build:  ## the page, the sample pictures, sdists and wheels into dist/
	./boxlens build

lock:  ## pins every version again
	scripts/lock

hooks: .venv-test  ## installs the hooks of .pre-commit-config.yaml
	.venv-test/bin/pre-commit install

.venv-test:
	./boxlens test --version
