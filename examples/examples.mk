# The examples, built and run, and those of the migration page; a part of Makefile.

# The chat in the terminal is tested with the Rust tests: tests/examples/main.rs.
test-examples: build $(VENV)/installed target/c/first_conversation target/c/two_way ## the C examples, and what `make demo` prints
	$(SANDBOX) --tls --quiet -- target/c/first_conversation
	$(DEMO) --quiet -- sh examples/demo.sh target/c/two_way $(PY) > target/demo.txt
	@sed -E 's/[0-9a-f]{8}-[0-9a-f-]{27}/ID/g; s/\([0-9a-f]{8}…\)/(ID)/; s/127\.0\.0\.1:[0-9]+/ADDRESS/; s/le[0-9]{8}/ACCOUNT/' \
	  target/demo.txt | diff tests/examples/demo.txt -
	$(MAKE) --no-print-directory fleet > target/fleet.txt
	@test "$$(tail -n 1 target/fleet.txt)" = '30 texts, 30 answers: nothing lost'

fleet: build target/c/sms_gateway ## watch three gateways share one broker, and one of them being killed
	@command -v nats-server > /dev/null || { echo "missing: nats-server (Debian: apt-get install nats-server)" >&2; exit 1; }
	@$(SANDBOX) --quiet --receiver --agent echo -- $(PYTHON) examples/fleet/watch.py target/c/sms_gateway

test-kills: build $(VENV)/installed target/c/sms_gateway ## kill the gateways and the kiosk of examples/ a few times, while all goes wrong that can: LPC_KILLS
	LPC_SMS_GATEWAY_C=target/c/sms_gateway LPC_SMS_GATEWAY_PYTHON='$(PY) -W error examples/python/sms_gateway.py' \
	  LPC_KIOSK='$(PY) -W error examples/python/kiosk.py' \
	  $(CARGO) test --quiet --test connector -- --ignored --test-threads=3 examples::

test-migration: build $(VENV)/installed ## what docs/migration.md shows, with curl and libcurl and with the library
	@$(SANDBOX) --tls --quiet -- $(PY) tests/migration.py $(CURDIR)/$(PY) $(CC) $(C_FLAGS) -- $(C_LINK)

# With INSTALL_LANGUAGES=1 what is missing is installed, where that is possible.
test-languages: build ## the two-way conversation in every language of examples/ that is installed
	@$(PYTHON) tests/languages.py $(if $(INSTALL_LANGUAGES),--install) $(SANDBOX)

target/c/%: examples/c/%.c include/lpconnector.h | build
	@mkdir -p target/c
	@$(if $(QUIET),,echo "Building $@")
	@$(CC) $(C_FLAGS) $< $(C_LINK) -o $@

target/cpp/%: examples/cpp/%.cpp include/lpconnector.hpp include/lpconnector.h | build
	@mkdir -p target/cpp
	$(CXX) $(CXX_FLAGS) -std=c++11 $< $(C_LINK) -o $@

target/cobol/two_way: $(wildcard examples/cobol/*) | build
	@mkdir -p target/cobol
	cobc -x -free -fstatic-call -Wall -I examples/cobol examples/cobol/two_way.cob -L $(OUT) -llpconnector -o $@

target/cobol/calls: tests/languages/calls.cob $(wildcard examples/cobol/*.cpy) | build
	@mkdir -p target/cobol
	cobc -x -free -fstatic-call -Wall -I examples/cobol $< -L $(OUT) -llpconnector -o $@

target/java/TwoWay.class: $(wildcard examples/java/*.java)
	@mkdir -p target/java
	javac -Xlint:all -Werror -cp /usr/share/java/jna.jar -d target/java $^

target/nodejs/installed: examples/nodejs/package.json
	@mkdir -p target/nodejs
	@cp $< target/nodejs
	npm install --prefix target/nodejs --no-package-lock --no-audit --no-fund --silent
	@touch $@
