# What things cost: measured, and counted; a part of Makefile.

BENCH := target/bench

test-counts: bench-clients ## count what a SEND costs, and hold it to its limits
	$(PYTHON) tests/counts.py

bench: bench-clients test-size $(BENCH)/installed ## compare a SEND with what it costs other clients: the tables in BENCHMARKS.md
	$(BENCH)/venv/bin/python benches/bench.py

bench-quick: bench-clients $(BENCH)/installed ## the same in less than a minute, and written nowhere
	$(BENCH)/venv/bin/python benches/bench.py --quick

lateness: tools ## measure how late calls end after a deadline or a shutdown, whatever stalls
	$(CARGO) bench --quiet --bench lateness

bench-receiver: tools ## measure how many notifications a second a receiver takes, and that it loses none
	$(CARGO) bench --quiet --bench receiver

bench-connector: tools ## measure what a connector takes, holds and sends; FIGURES names some of its figures
	@mkdir -p $(BENCH)
	$(CC) -O2 -std=c99 $(WARNINGS) -shared -fPIC benches/slow_sync.c -o $(BENCH)/slow_sync.so
	$(CARGO) build --quiet --release --package bench-server
	BENCH_SERVER=target/release/bench-server SLOW_SYNC=$(abspath $(BENCH))/slow_sync.so \
	  $(CARGO) bench --quiet --bench connector -- $(FIGURES)

soak: tools ## send SOAK_SENDS messages, take SOAK_NOTIFICATIONS: memory and descriptors must stay what they are
	$(CARGO) build --quiet --release --package bench-server
	SOAK_SERVER=target/release/bench-server $(CARGO) bench --quiet --bench soak

.PHONY: bench-clients
bench-clients: release
	@mkdir -p $(BENCH)
	$(CARGO) build --quiet --release --package bench-server
	@cp $(RELEASE)/liblpconnector.so $(BENCH)/ && ln -sf liblpconnector.so $(BENCH)/$(SONAME)
	@benches/peers/build $(BENCH) $(CC)

# pip's own progress is long and says little; its errors are shown.
$(BENCH)/installed: benches/requirements.txt $(WHEEL_SOURCES) | tools
	@mkdir -p $(BENCH)
	@$(PYTHON) -m venv $(BENCH)/venv
	@echo "pip install ./bindings/python"
	@$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps ./bindings/python
	@$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt \
	  || echo "NOT CHECKED: requests and httpx beside the library, and the plot (not installed: benches/requirements.txt)"
	@touch $@
