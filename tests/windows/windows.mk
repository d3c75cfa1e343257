# The library on Windows; a part of Makefile.

test-windows: build ## the library for Windows, built with mingw-w64 and run under Wine, where those are installed
	@CARGO='$(CARGO)' PYTHON='$(PYTHON)' SANDBOX='$(abspath $(SANDBOX))' WARNINGS='$(WARNINGS)' tests/windows/run
