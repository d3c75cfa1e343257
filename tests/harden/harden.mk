# The net under the tests: what takes long, or tools that building does not need; a part of Makefile.

HARDEN := target/harden
# The toolchain that has Miri and sanitizers.
NIGHTLY ?= nightly
# Seconds for each target.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS := answers config_files notifications options proxies receiver
# GCC takes long for SQLite with a sanitizer.
FUZZ := CC=clang CXX=clang++ PATH="$(CURDIR)/target/tools/bin:$$PATH" $(CARGO) +$(NIGHTLY) fuzz
FUZZ_AT := --fuzz-dir tests/harden/fuzz --target-dir $(HARDEN)/fuzz

harden: harden-loom harden-miri harden-sanitizers harden-kills harden-fuzz harden-mutants ## what looks harder than `make test`, one after the other: for hours

harden-loom: tools ## play locks, pool and kept values in every order of threads; break them, and see that found
	$(CARGO) run --quiet --manifest-path tests/harden/loom/Cargo.toml --target-dir $(HARDEN)/loom
	$(PYTHON) tests/harden/loom/breaks.py $(CARGO)

harden-miri: tools $(HARDEN)/nightly ## run the C ABI, and what is pure, under Miri
	tests/harden/miri/run '$(CARGO)'

harden-sanitizers: harden-address harden-thread ## both of the next two

harden-address: build $(HARDEN)/nightly ## the C and C++ tests, the receiver's too, under AddressSanitizer
	NIGHTLY=$(NIGHTLY) tests/harden/sanitizers/run address $(SANDBOX) $(CARGO)

harden-thread: build $(HARDEN)/nightly ## the same under ThreadSanitizer
	NIGHTLY=$(NIGHTLY) tests/harden/sanitizers/run thread $(SANDBOX) $(CARGO)

harden-kills: ## kill a connector, and each of its examples, a hundred times
	$(CARGO) test --quiet --test connector -- --ignored kills::
	LPC_KILLS=100 $(MAKE) test-kills

harden-fuzz: tools $(HARDEN)/nightly target/tools/bin/cargo-fuzz ## fuzz what others send and write: FUZZ_SECONDS for each of FUZZ_TARGETS
	$(FUZZ) build $(FUZZ_AT)
	@set -e; for target in $(FUZZ_TARGETS); do \
	  echo "fuzz $$target for $(FUZZ_SECONDS) s"; mkdir -p $(HARDEN)/corpus/$$target; \
	  $(FUZZ) run $(FUZZ_AT) $$target $(HARDEN)/corpus/$$target tests/harden/fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) $(FUZZ_LIMITS); done

# Bytes of an input, seconds for one, MiB of memory in all: the library's own limits are far below.
FUZZ_LIMITS := -max_len=65536 -timeout=30 -rss_limit_mb=1024 -print_final_stats=1

harden-mutants: tools target/tools/bin/cargo-mutants ## change retries, tokens and the receiver's inbox in small ways: the tests must notice
	CARGO='$(CARGO)' tests/harden/mutants/run

$(HARDEN)/nightly: tests/harden/harden.mk
	@$(CARGO) +$(NIGHTLY) miri --version >/dev/null 2>&1 || \
	  rustup toolchain install $(NIGHTLY) --profile minimal --component miri --component rust-src
	@mkdir -p $(HARDEN)
	@touch $@

target/tools/bin/%:
	$(CARGO) install --locked --root target/tools $*
