# The C tests; a part of Makefile.

test-c: build target/c/tests target/c/vectors target/c/send_file ## the C tests, under valgrind too where it is installed
	$(CC) $(C_FLAGS) -fsyntax-only -x c include/lpconnector.h
	@if echo 'int main() {}' | $(CC) -x c++ -fsyntax-only - 2>/dev/null; \
	then set -x; $(CC) -std=c++11 $(WARNINGS) -fsyntax-only -x c++ include/lpconnector.h; \
	else echo "NOT CHECKED: the header as C++ ($(CC) compiles no C++; install a C++ compiler)"; fi
	$(SANDBOX) --tls --quiet -- target/c/tests
	LPC_VECTORS_C=target/c/vectors $(CARGO) test --quiet --test vectors -- --ignored --exact c
	@printf '\211PNG\r\n\032\n and the rest of a photo' > target/c/photo.png
	$(SANDBOX) --tls --quiet -- target/c/send_file target/c/photo.png \
	  '{"caption": "A \"photo\"", "previewPath": "target/c/photo.png"}'
	@tests/c/valgrind "the C tests" $(SANDBOX) target/c/tests

target/c/tests: $(filter-out tests/c/vectors.c,$(wildcard tests/c/*.c)) $(wildcard tests/c/*.h) include/lpconnector.h | build
	@mkdir -p target/c
	$(CC) $(C_FLAGS) $(filter %.c,$^) $(C_LINK) -o $@

target/c/vectors: tests/c/vectors.c include/lpconnector.h | build
	@mkdir -p target/c
	$(CC) $(C_FLAGS) $< $(C_LINK) -o $@
