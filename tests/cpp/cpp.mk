# The C++ tests; a part of Makefile.

# A toolchain whose threads are those of Windows, without std::mutex.
MINGW_CXX ?= x86_64-w64-mingw32-g++-win32

test-cpp: build ## the C++ tests and example, under valgrind too where it is installed
	@if echo 'int main() {}' | $(CXX) -x c++ -fsyntax-only - 2>/dev/null; \
	then $(MAKE) --no-print-directory test-cpp-compiled; \
	else echo "NOT CHECKED: the C++ layer ($(CXX) compiles no C++; install a C++ compiler)"; fi

.PHONY: test-cpp-compiled
test-cpp-compiled: target/cpp/tests target/cpp/conversation
	@set -x; for standard in c++11 c++14 c++17 c++20; do \
	  $(CXX) $(CXX_FLAGS) -std=$$standard -fsyntax-only -x c++ include/lpconnector.hpp || exit 1; done
	$(SANDBOX) --tls --quiet -- target/cpp/tests
	@tests/c/valgrind "the C++ tests" $(SANDBOX) target/cpp/tests
	@if echo 'int main() {}' | $(CXX) -fsanitize=address -x c++ - -o target/cpp/sanitized 2>/dev/null; \
	then $(MAKE) --no-print-directory test-cpp-sanitized; \
	else echo "NOT CHECKED: the C++ layer under AddressSanitizer ($(CXX) has none)"; fi
	@if command -v $(MINGW_CXX) >/dev/null; \
	then set -x; $(MINGW_CXX) $(CXX_FLAGS) -std=c++11 -fsyntax-only -x c++ include/lpconnector.hpp; \
	else echo "NOT CHECKED: the C++ header without std::mutex ($(MINGW_CXX) is not installed)"; fi
	$(SANDBOX) --tls --quiet -- target/cpp/conversation

.PHONY: test-cpp-sanitized
test-cpp-sanitized: target/cpp/tests-sanitized
	$(SANDBOX) --tls --quiet -- target/cpp/tests-sanitized

target/cpp/tests target/cpp/tests-sanitized: $(wildcard tests/cpp/*.[ch]pp) tests/c/harness.c tests/c/system.c tests/c/harness.h include/lpconnector.hpp include/lpconnector.h | build
	@mkdir -p target/cpp
	$(CC) $(C_FLAGS) -c tests/c/harness.c -o $@.o
	$(CC) $(C_FLAGS) -c tests/c/system.c -o $@-system.o
	$(CXX) $(CXX_FLAGS) $(SANITIZE) -std=c++11 $(filter %.cpp,$^) $@.o $@-system.o $(C_LINK) -ldl -o $@

target/cpp/tests-sanitized: SANITIZE := -fsanitize=address
