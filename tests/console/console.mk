# The console of the sandbox, in a browser; a part of Makefile.

# Debian's; another one can be named.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

test-console: build target/c/sms_gateway target/c/chat ## the console of the sandbox, in headless Chromium; pictures of it go to target/console
	@if [ -z '$(CHROMIUM)' ]; \
	then echo "NOT CHECKED: the console (there is no chromium; Debian: apt-get install chromium)"; \
	elif ! $(MAKE) --no-print-directory $(VENV)/console; \
	then echo "NOT CHECKED: the console (pip finds no playwright)"; \
	else set -x; CHROMIUM='$(CHROMIUM)' SMS_GATEWAY=target/c/sms_gateway CHAT=target/c/chat SANDBOX=$(SANDBOX) \
	  $(SANDBOX) --console --quiet -- $(PY) -m pytest -q -c bindings/python/pyproject.toml --rootdir tests/console tests/console; fi

$(VENV)/console: tests/console/requirements.txt | $(VENV)/bin/python
	@$(PY) -m pip install --quiet --disable-pip-version-check -r tests/console/requirements.txt
	@touch $@
