# What people run here. `make help` lists it.

CC ?= cc
CXX ?= g++
PYTHON ?= python3
CARGO ?= cargo

OUT := target/debug
SANDBOX := $(OUT)/lpc-sandbox
VENV := .venv
PY := $(VENV)/bin/python
C_FLAGS := -g -std=c99 -Wall -Wextra -Wpedantic -Werror -I include
CXX_FLAGS := -g -Wall -Wextra -Wpedantic -Werror -I include
# More than there are cores: many tests wait for something that stalls.
MANY := --test-threads=8
C_LINK := -L $(OUT) -llpconnector -Wl,-rpath,$(abspath $(OUT)) -lpthread
BENCH := target/bench
BENCH_FLAGS := -O2 -std=c99 -Wall -Wextra -Wpedantic -Werror -I include -I benches/peers
BENCH_LINK := -L $(BENCH) -llpconnector -Wl,-rpath,$(abspath $(BENCH)) -lpthread
REFERENCE := target/docs
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
A_VERSION := '^ *"?(version|__version__|PROJECT_NUMBER)"? *[:=] *"?[0-9]|^project\(.* VERSION +[0-9]'
DEMO := $(SANDBOX) --tls --receiver --agent examples/agent.json --summary

.DEFAULT_GOAL := help
.PHONY: help build check demo test test-rust test-proxies test-c test-cpp test-cpp-compiled test-python test-examples test-migration test-counts test-languages fuzz-notifications lateness bench bench-quick bench-clients bench-receiver docs docs-html clean tools

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-18s %s\n", $$1, $$2 }'

demo: build $(VENV)/installed target/c/two_way ## watch a C and a Python program chat with an agent, in a local sandbox
	@rm -f target/demo.log
	@$(DEMO) --log-file target/demo.log -- sh examples/demo.sh target/c/two_way $(PY)

test: check test-rust test-proxies test-c test-cpp test-python test-examples test-migration test-languages test-counts ## run every test

check: tools ## the quick checks: format, lints, licences of dependencies, one version
	@$(CARGO) fmt --version >/dev/null 2>&1 || { echo "missing: rustfmt (rustup component add rustfmt)" >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || { echo "missing: clippy (rustup component add clippy)" >&2; exit 1; }
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; \
	then set -x; $(CARGO) deny --locked check licenses bans sources; \
	else echo "NOT CHECKED: licences and sources of the dependencies (cargo install --locked cargo-deny)"; fi
	@! grep -rnE $(A_VERSION) --include='*.toml' --include='*.json' --include='*.py' --include='*.cff' --include=Doxyfile \
	  --include='*.cmake*' --include=CMakeLists.txt --exclude-dir=target --exclude-dir='.?*' --exclude-dir=node_modules . \
	  | grep -v '^./Cargo.toml:' || { echo "the version stands in Cargo.toml alone" >&2; exit 1; }

build: tools ## build the library and the sandbox
	@$(CARGO) build --quiet
	@ln -sf liblpconnector.so $(OUT)/$(SONAME)

docs: tools ## generate include/lpconnector.h and CONFIGURATION.md again
	LPC_WRITE_DOCS=1 $(CARGO) test --quiet --test core in_the_tree_is_current

# The Python pages come from the stubs: a package in which they stand in place of the compiled module.
docs-html: tools $(VENV)/tools ## the reference of all layers as web pages, in target/docs; any warning is an error
	@rm -rf $(REFERENCE) target/doc && mkdir -p $(REFERENCE)
	@if command -v doxygen >/dev/null; \
	then set -x; VERSION=$(VERSION) doxygen docs/Doxyfile; \
	else echo "NOT CHECKED: the reference of the C and C++ headers (doxygen is not installed)"; fi
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --no-deps --lib --package lpconnector
	@cp -r target/doc $(REFERENCE)/rust
	@cp -r bindings/python/python $(REFERENCE)/stubs
	@cd $(REFERENCE)/stubs/lpconnector && { echo 'from __future__ import annotations'; cat _lpconnector.pyi; \
	  printf '__version__ = "$(VERSION)"\nOPTIONS = []\n'; } > _lpconnector.py && rm _lpconnector.pyi
	cd $(REFERENCE)/stubs && $(CURDIR)/$(PY) -B -W error -m pdoc --no-show-source -o ../python lpconnector lpconnector.aio
	@rm -r $(REFERENCE)/stubs && ls -d $(REFERENCE)/*

test-rust: tools ## the Rust tests and examples in the documentation
	$(CARGO) test --quiet --workspace --exclude lpconnector-python -- $(MANY)
	LPC_FUZZ_ROUNDS=1000000 $(CARGO) test --quiet --profile fuzz --test webhooks

test-counts: bench-clients ## count what a SEND costs, and hold it to its limits
	$(PYTHON) tests/counts.py

fuzz-notifications: tools ## post broken webhooks, other ones each time: LPC_FUZZ_ROUNDS of them
	LPC_FUZZ_ROUNDS=$${LPC_FUZZ_ROUNDS:-50000000} LPC_FUZZ_SEED=$${LPC_FUZZ_SEED:-$$(date +%s)} \
	  $(CARGO) test --quiet --profile fuzz --test webhooks

test-proxies: tools ## the Rust tests through real proxies, where those are installed
	@missing=; for program in tinyproxy microsocks socat; do \
	  command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if test -z "$$missing"; \
	then set -x; $(CARGO) test --quiet --test proxies -- --ignored $(MANY); \
	else echo "NOT CHECKED: the ways through proxies (not installed:$$missing)"; fi

bench: bench-clients test-size $(BENCH)/installed ## compare a SEND with what it costs other clients: the tables in BENCHMARKS.md
	$(BENCH)/venv/bin/python benches/bench.py

bench-quick: bench-clients $(BENCH)/installed ## the same in less than a minute, and written nowhere
	$(BENCH)/venv/bin/python benches/bench.py --quick

bench-clients: release
	@mkdir -p $(BENCH)
	$(CARGO) build --quiet --release --package bench-server
	@cp $(RELEASE)/liblpconnector.so $(BENCH)/ && ln -sf liblpconnector.so $(BENCH)/$(SONAME)
	@set -e; build() { name=$$1; shift; $(CC) $(BENCH_FLAGS) $$@ -o $(BENCH)/$$name; }; \
	peers=benches/peers; harness=$$peers/harness.c; \
	build footprint benches/footprint.c $(BENCH_LINK); \
	build send_lpconnector $$peers/send_lpconnector.c $$harness $(BENCH_LINK); \
	build send_bare $$peers/send_bare.c $$harness -lpthread; \
	if printf '#include <curl/curl.h>\n#include <cjson/cJSON.h>' | $(CC) -fsyntax-only -x c - 2>/dev/null; \
	then build send_libcurl $$peers/send_libcurl.c $$harness -lcurl -lcjson -lpthread; \
	else echo "NOT CHECKED: libcurl beside the library (Debian: apt-get install libcurl4-openssl-dev libcjson-dev)"; fi

# pip's own progress is long and says little; its errors are shown.
$(BENCH)/installed: benches/requirements.txt $(shell find src bindings/python -name '*.rs' -o -name '*.py*' -o -name '*.toml') Cargo.toml Cargo.lock | tools
	@mkdir -p $(BENCH)
	@$(PYTHON) -m venv $(BENCH)/venv
	@echo "pip install ./bindings/python"
	@$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps ./bindings/python
	@$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt \
	  || echo "NOT CHECKED: requests and httpx beside the library, and the plot (not installed: benches/requirements.txt)"
	@touch $@

lateness: tools ## measure how late calls end after a deadline or a shutdown, whatever stalls
	$(CARGO) bench --quiet --bench lateness

bench-receiver: tools ## measure how many notifications a second a receiver takes, and that it loses none
	$(CARGO) bench --quiet --bench receiver

test-c: build target/c/tests target/c/vectors target/c/send_file ## the C tests, under valgrind too where it is installed
	$(CC) $(C_FLAGS) -fsyntax-only -x c include/lpconnector.h
	@if echo 'int main() {}' | $(CC) -x c++ -fsyntax-only - 2>/dev/null; \
	then set -x; $(CC) -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ include/lpconnector.h; \
	else echo "NOT CHECKED: the header as C++ ($(CC) compiles no C++; install a C++ compiler)"; fi
	$(SANDBOX) --tls --quiet -- target/c/tests
	LPC_VECTORS_C=target/c/vectors $(CARGO) test --quiet --test vectors -- --ignored --exact c
	@printf '\211PNG\r\n\032\n and the rest of a photo' > target/c/photo.png
	$(SANDBOX) --tls --quiet -- target/c/send_file target/c/photo.png \
	  '{"caption": "A \"photo\"", "previewPath": "target/c/photo.png"}'
	@if command -v valgrind >/dev/null; \
	then set -x; $(SANDBOX) --tls --quiet -- valgrind --quiet --error-exitcode=99 --leak-check=full \
	  --suppressions=tests/c/valgrind.supp target/c/tests; \
	else echo "NOT CHECKED: the C tests under valgrind (valgrind is not installed)"; fi

test-cpp: build ## the C++ tests and example, under valgrind too where it is installed
	@if echo 'int main() {}' | $(CXX) -x c++ -fsyntax-only - 2>/dev/null; \
	then $(MAKE) --no-print-directory test-cpp-compiled; \
	else echo "NOT CHECKED: the C++ layer ($(CXX) compiles no C++; install a C++ compiler)"; fi

test-cpp-compiled: target/cpp/tests target/cpp/conversation
	@set -x; for standard in c++11 c++14 c++17 c++20; do \
	  $(CXX) $(CXX_FLAGS) -std=$$standard -fsyntax-only -x c++ include/lpconnector.hpp || exit 1; done
	$(SANDBOX) --tls --quiet -- target/cpp/tests
	@if command -v valgrind >/dev/null; \
	then set -x; $(SANDBOX) --tls --quiet -- valgrind --quiet --error-exitcode=99 --leak-check=full \
	  --suppressions=tests/c/valgrind.supp target/cpp/tests; \
	else echo "NOT CHECKED: the C++ tests under valgrind (valgrind is not installed)"; fi
	$(SANDBOX) --tls --quiet -- target/cpp/conversation

test-python: build $(VENV)/installed $(VENV)/tools ## the Python tests, types and stubs
	cd tests/python && $(CURDIR)/$(PY) -m mypy --config-file ../../bindings/python/pyproject.toml . ../../examples/python
	cd tests/python && $(CURDIR)/$(PY) -m mypy.stubtest lpconnector
	$(SANDBOX) --tls --quiet -- $(PY) -m pytest -q -c bindings/python/pyproject.toml --rootdir tests/python tests/python
	LPC_VECTORS_PYTHON=$(PY) $(CARGO) test --quiet --test vectors -- --ignored --exact python
	$(SANDBOX) --tls --quiet -- $(PY) tests/readme.py $(CC) $(C_FLAGS) -- $(C_LINK)

# The chat in the terminal is tested with the Rust tests: tests/examples/main.rs.
test-examples: build $(VENV)/installed target/c/first_conversation target/c/two_way ## the C examples, and what `make demo` prints
	$(SANDBOX) --tls --quiet -- target/c/first_conversation
	$(DEMO) --quiet -- sh examples/demo.sh target/c/two_way $(PY) > target/demo.txt
	@sed -E 's/[0-9a-f]{8}-[0-9a-f-]{27}/ID/g; s/\([0-9a-f]{8}…\)/(ID)/; s/127\.0\.0\.1:[0-9]+/ADDRESS/; s/le[0-9]{8}/ACCOUNT/' \
	  target/demo.txt | diff tests/examples/demo.txt -

test-migration: build $(VENV)/installed ## what docs/migration.md shows, with curl and libcurl and with the library
	@$(SANDBOX) --tls --quiet -- $(PY) tests/migration.py $(CURDIR)/$(PY) $(CC) $(C_FLAGS) -- $(C_LINK)

# With INSTALL_LANGUAGES=1 what is missing is installed, where that is possible.
test-languages: build ## the two-way conversation in every language of examples/ that is installed
	@$(PYTHON) tests/languages.py $(if $(INSTALL_LANGUAGES),--install) $(SANDBOX)

target/c/%: examples/c/%.c include/lpconnector.h | build
	@mkdir -p target/c
	@$(CC) $(C_FLAGS) $< $(C_LINK) -o $@

target/c/tests: $(filter-out tests/c/vectors.c,$(wildcard tests/c/*.c)) $(wildcard tests/c/*.h) include/lpconnector.h | build
	@mkdir -p target/c
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

target/c/vectors: tests/c/vectors.c include/lpconnector.h | build
	@mkdir -p target/c
	$(CC) $(C_FLAGS) $< $(C_LINK) -o $@

target/cpp/%: examples/cpp/%.cpp include/lpconnector.hpp include/lpconnector.h | build
	@mkdir -p target/cpp
	$(CXX) $(CXX_FLAGS) -std=c++11 $< $(C_LINK) -o $@

target/cobol/two_way: $(wildcard examples/cobol/*) | build
	@mkdir -p target/cobol
	cobc -x -free -fstatic-call -Wall -I examples/cobol examples/cobol/two_way.cob -L $(OUT) -llpconnector -o $@

target/java/TwoWay.class: $(wildcard examples/java/*.java)
	@mkdir -p target/java
	javac -Xlint:all -Werror -cp /usr/share/java/jna.jar -d target/java $^

target/nodejs/installed: examples/nodejs/package.json
	@mkdir -p target/nodejs
	@cp $< target/nodejs
	npm install --prefix target/nodejs --no-package-lock --no-audit --no-fund --silent
	@touch $@

target/cpp/tests: $(wildcard tests/cpp/*) tests/c/harness.c tests/c/harness.h include/lpconnector.hpp include/lpconnector.h | build
	@mkdir -p target/cpp
	$(CC) $(C_FLAGS) -c tests/c/harness.c -o target/cpp/harness.o
	$(CXX) $(CXX_FLAGS) -std=c++11 $(filter %.cpp,$^) target/cpp/harness.o $(C_LINK) -o $@

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

include packaging/package.mk

clean: ## remove everything that was built
	rm -rf target $(VENV)
