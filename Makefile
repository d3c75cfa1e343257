# What people run here. `make help` lists it.

CC ?= cc
PYTHON ?= python3
CARGO ?= cargo

OUT := target/debug
SANDBOX := $(OUT)/lpc-sandbox
VENV := .venv
PY := $(VENV)/bin/python
C_FLAGS := -g -std=c99 -Wall -Wextra -Wpedantic -Werror -I include
C_LINK := -L $(OUT) -llpconnector -Wl,-rpath,$(CURDIR)/$(OUT) -lpthread

.DEFAULT_GOAL := help
.PHONY: help build check demo test test-rust test-c test-python header clean tools

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "  make %-13s %s\n", $$1, $$2 }'

demo: build $(VENV)/installed target/c/first_conversation ## watch a C and a Python program hold a conversation, against a local sandbox
	@rm -f target/demo.log
	@$(SANDBOX) --tls --log-file target/demo.log --summary -- sh examples/demo.sh target/c/first_conversation $(PY)
	@echo; echo "== The requests that the sandbox saw"; cat target/demo.log

test: check test-rust test-c test-python ## run every test

check: tools ## the quick checks: format and lints
	@$(CARGO) fmt --version >/dev/null 2>&1 || { echo "missing: rustfmt (rustup component add rustfmt)" >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || { echo "missing: clippy (rustup component add clippy)" >&2; exit 1; }
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings

build: tools ## build the library and the sandbox
	@$(CARGO) build --quiet

header: tools ## generate include/lpconnector.h again
	LPC_WRITE_HEADER=1 $(CARGO) test --quiet --test core header

test-rust: tools ## the Rust tests and examples in the documentation
	$(CARGO) test --quiet --workspace --exclude lpconnector-python

test-c: build target/c/tests ## the C tests, under valgrind too where it is installed
	$(CC) $(C_FLAGS) -fsyntax-only -x c include/lpconnector.h
	@if echo 'int main() {}' | $(CC) -x c++ -fsyntax-only - 2>/dev/null; \
	then set -x; $(CC) -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ include/lpconnector.h; \
	else echo "NOT CHECKED: the header as C++ ($(CC) compiles no C++; install a C++ compiler)"; fi
	$(SANDBOX) --tls --quiet -- target/c/tests
	@if command -v valgrind >/dev/null; \
	then set -x; $(SANDBOX) --tls --quiet -- valgrind --quiet --error-exitcode=99 --leak-check=full \
	  --suppressions=tests/c/valgrind.supp target/c/tests; \
	else echo "NOT CHECKED: the C tests under valgrind (valgrind is not installed)"; fi

test-python: build $(VENV)/installed $(VENV)/tools ## the Python tests, types and stubs
	cd tests/python && $(CURDIR)/$(PY) -m mypy --config-file ../../bindings/python/pyproject.toml . ../../examples/python
	cd tests/python && $(CURDIR)/$(PY) -m mypy.stubtest lpconnector
	$(SANDBOX) --tls --quiet -- $(PY) -m pytest -q -c bindings/python/pyproject.toml --rootdir tests/python tests/python
	$(SANDBOX) --tls --quiet -- $(PY) tests/readme.py $(CC) $(C_FLAGS) -- $(C_LINK)

target/c/%: examples/c/%.c include/lpconnector.h | build
	@mkdir -p target/c
	@$(CC) $(C_FLAGS) $< $(C_LINK) -o $@

target/c/tests: $(wildcard tests/c/*.c tests/c/*.h) include/lpconnector.h | build
	@mkdir -p target/c
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

$(VENV)/bin/python: | tools
	$(PYTHON) -m venv $(VENV)

# pip's own progress is long and says little; its errors are shown.
$(VENV)/installed: $(shell find src bindings/python -name '*.rs' -o -name '*.py*' -o -name '*.toml') Cargo.toml Cargo.lock | $(VENV)/bin/python
	@echo "pip install ./bindings/python"
	@$(PY) -m pip install --quiet --disable-pip-version-check --force-reinstall ./bindings/python
	@touch $@

$(VENV)/tools: tests/python/requirements.txt | $(VENV)/bin/python
	@$(PY) -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	@touch $@

tools:
	@missing() { echo "missing: $$1" >&2; exit 1; }; \
	command -v $(CARGO) >/dev/null || missing "Rust 1.88 or newer (cargo), see https://rustup.rs"; \
	command -v $(CC) >/dev/null || missing "a C compiler (cc), for example Debian's gcc"; \
	command -v $(PYTHON) >/dev/null || missing "Python 3.9 or newer (python3)"; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || missing "Python 3.9 or newer: $$($(PYTHON) --version) is too old"; \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || missing "Python's venv module, for example Debian's python3-venv"

clean: ## remove everything that was built
	rm -rf target $(VENV)
