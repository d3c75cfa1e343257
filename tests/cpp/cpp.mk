# The C++ tests; a part of Makefile.

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
	$(SANDBOX) --tls --quiet -- target/cpp/conversation

target/cpp/tests: $(wildcard tests/cpp/*.[ch]pp) tests/c/harness.c tests/c/harness.h include/lpconnector.hpp include/lpconnector.h | build
	@mkdir -p target/cpp
	$(CC) $(C_FLAGS) -c tests/c/harness.c -o target/cpp/harness.o
	$(CXX) $(CXX_FLAGS) -std=c++11 $(filter %.cpp,$^) target/cpp/harness.o $(C_LINK) -o $@
