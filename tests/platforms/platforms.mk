# Other platforms than this machine's; a part of Makefile.

test-arm: build ## the C and C++ tests, the vectors and a gateway that is killed, on emulated ARM
	@tests/platforms/arm $(SANDBOX)

test-musl: build ## a C program that is wholly static, with musl, in a root where nothing else is
	@tests/platforms/musl $(SANDBOX)
