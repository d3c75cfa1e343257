# The Python package in an environment of its own, and its tests; a part of Makefile.

WHEEL_SOURCES := $(shell find src bindings/python -name '*.rs' -o -name '*.py*' -o -name '*.toml') Cargo.toml Cargo.lock

test-python: build $(VENV)/installed $(VENV)/tools ## the Python tests, types and stubs
	cd tests/python && $(CURDIR)/$(PY) -m mypy --config-file ../../bindings/python/pyproject.toml . ../../examples/python
	cd tests/python && $(CURDIR)/$(PY) -m mypy.stubtest lpconnector
	$(SANDBOX) --tls --quiet -- $(PY) -m pytest -q -c bindings/python/pyproject.toml --rootdir tests/python tests/python
	LPC_VECTORS_PYTHON=$(PY) $(CARGO) test --quiet --test vectors -- --ignored --exact python
	$(SANDBOX) --tls --quiet -- $(PY) tests/readme.py '$(CC) $(C_FLAGS)' '$(CXX) $(CXX_FLAGS) -std=c++11' '$(C_LINK)'

$(VENV)/bin/python: | tools
	$(PYTHON) -m venv $(VENV)

# pip's own progress is long and says little; its errors are shown. Where somebody watches it tells what cargo says.
$(VENV)/installed: $(WHEEL_SOURCES) | $(VENV)/bin/python
	@$(if $(QUIET),,echo "Building the package for Python, which is Rust once more.")
	@echo "pip install ./bindings/python"
	@$(PY) -m pip install $(or $(QUIET),--verbose) --disable-pip-version-check --force-reinstall ./bindings/python
	@touch $@

$(VENV)/tools: tests/python/requirements.txt | $(VENV)/bin/python
	@$(PY) -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	@touch $@
