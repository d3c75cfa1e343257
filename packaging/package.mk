# Installing and packaging; a part of Makefile.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man

VERSION := $(shell sed -n '/^\[workspace.package\]/,/^$$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
SHARED := liblpconnector.so.$(VERSION)
SONAME := liblpconnector.so.$(MAJOR)
# Not cargo's usual place: there, building the wheel leaves a library without the C ABI.
RELEASE := target/library/release
CARGO_FLAGS := --target-dir target/library
# Without receiver and connector: a third of the size.
ifneq ($(filter-out 1,$(SENDING_ALONE)),)
$(error SENDING_ALONE is "$(SENDING_ALONE)": give it as 1, or not at all)
endif
ifneq ($(SENDING_ALONE),)
RELEASE := target/sending/release
CARGO_FLAGS := --target-dir target/sending --no-default-features --features capi
endif
# What libgcc and libc are called is for the C compiler to know: with -static it is something else.
NATIVE_LIBS = $(filter-out -lgcc_s -lc,$(shell cat $(RELEASE)/native-libs))
FROM_LIB_TO_INCLUDE = $(shell realpath -m --relative-to='$(LIBDIR)' '$(INCLUDEDIR)')
# Below DESTDIR, what does not begin with / would lie beside it.
ABSOLUTE = $(if $(DESTDIR),$(foreach place,LIBDIR INCLUDEDIR MANDIR,$(if $(filter /%,$(firstword $($(place)))),,\
  $(error $(place) is "$($(place))": with DESTDIR it has to begin with /))))
empty :=
FILL = sed -e 's|@VERSION@|$(VERSION)|g; s|@MAJOR@|$(MAJOR)|g; s|@SONAME@|$(SONAME)|g' \
  -e 's|@SHARED@|$(SHARED)|g; s|@STATIC@|liblpconnector.a|g; s|@IMPLIB@||g; s|@INCLUDE@|$(FROM_LIB_TO_INCLUDE)|g'

.PHONY: version
version:
	@echo $(VERSION)

release: $(RELEASE)/native-libs ## build the library for production

# With the two kinds alone cargo optimises the library as a whole. A file, so that `sudo make install`
# after `make release` builds nothing.
$(RELEASE)/native-libs: $(shell find src -name '*.rs') build.rs .cargo/config.toml packaging/cc packaging/static-library Cargo.toml Cargo.lock
	$(CARGO) rustc --quiet --release $(CARGO_FLAGS) -p lpconnector --lib --crate-type cdylib,staticlib -- \
	  --print native-static-libs=$@
	packaging/static-library $(RELEASE)/liblpconnector.a
	@touch $@

install: release ## install library, headers, man page: DESTDIR, PREFIX, LIBDIR, INCLUDEDIR, MANDIR, SENDING_ALONE=1
	$(ABSOLUTE)
	install -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(LIBDIR)/cmake/lpconnector' \
	  '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(MANDIR)/man3'
	install -m 644 include/lpconnector.h include/lpconnector.hpp '$(DESTDIR)$(INCLUDEDIR)'
	$(if $(SENDING_ALONE),sed -i 's/^#define LPCONNECTOR_H$$/&\n#define LPC_SENDING_ALONE/' '$(DESTDIR)$(INCLUDEDIR)/lpconnector.h')
	install -m 644 $(RELEASE)/liblpconnector.a '$(DESTDIR)$(LIBDIR)'
	install -m 644 $(RELEASE)/liblpconnector.so '$(DESTDIR)$(LIBDIR)/$(SHARED)'
	ln -sf $(SHARED) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/liblpconnector.so'
	$(FILL) -e 's|@LIBS@|$(NATIVE_LIBS)|' packaging/lpconnector.pc.in \
	  > '$(DESTDIR)$(LIBDIR)/pkgconfig/lpconnector.pc'
	$(FILL) -e 's|@LIBS@|$(subst $(empty) $(empty),;,$(NATIVE_LIBS))|' packaging/lpconnector-config.cmake.in \
	  > '$(DESTDIR)$(LIBDIR)/cmake/lpconnector/lpconnector-config.cmake'
	$(FILL) packaging/lpconnector-config-version.cmake.in \
	  > '$(DESTDIR)$(LIBDIR)/cmake/lpconnector/lpconnector-config-version.cmake'
	awk -v version=$(VERSION) -f packaging/manpage.awk include/lpconnector.h \
	  > '$(DESTDIR)$(MANDIR)/man3/lpconnector.3'
	chmod 644 '$(DESTDIR)$(LIBDIR)/pkgconfig/lpconnector.pc' '$(DESTDIR)$(LIBDIR)/cmake/lpconnector'/* \
	  '$(DESTDIR)$(MANDIR)/man3/lpconnector.3'

uninstall: ## remove what `make install` with the same places installed
	$(ABSOLUTE)
	rm -f '$(DESTDIR)$(INCLUDEDIR)/lpconnector.h' '$(DESTDIR)$(INCLUDEDIR)/lpconnector.hpp' \
	  '$(DESTDIR)$(LIBDIR)/liblpconnector.a' '$(DESTDIR)$(LIBDIR)/$(SHARED)' \
	  '$(DESTDIR)$(LIBDIR)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/liblpconnector.so' \
	  '$(DESTDIR)$(LIBDIR)/pkgconfig/lpconnector.pc' '$(DESTDIR)$(MANDIR)/man3/lpconnector.3'
	rm -rf '$(DESTDIR)$(LIBDIR)/cmake/lpconnector'

test-package: build ## programs of strangers, built from the installed files alone
	tests/package/run $(SANDBOX)

test-size: release ## the stripped library: at most 8 MB, and 3 MB with sending alone
	$(MAKE) --no-print-directory release SENDING_ALONE=1
	strip -o $(RELEASE)/stripped.so $(RELEASE)/liblpconnector.so
	packaging/size $(RELEASE)/stripped.so
	strip -o target/sending/release/stripped.so target/sending/release/liblpconnector.so
	packaging/size target/sending/release/stripped.so 3000000

test-abi: build ## the ABI, and the last release's C tests on this library
	$(PYTHON) tests/abi/abi.py check $(SANDBOX) $(OUT)

abi-baseline: ## at a release: make this ABI what the next is compared with
	$(PYTHON) tests/abi/abi.py baseline

# For dist and test-targets alone, so not installed for anybody else.
target/tools/installed: packaging/package.mk | tools
	$(PYTHON) -m venv target/tools
	target/tools/bin/pip install --quiet --disable-pip-version-check 'maturin>=1.9.4,<2' ziglang cargo-zigbuild auditwheel
	@touch $@

test-targets: target/tools/installed ## that the library compiles for Windows and macOS
	@for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do \
	  if rustup target list --installed 2>/dev/null | grep -qx $$target; then \
	    echo "cargo check --target $$target"; \
	    PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo-zigbuild check --quiet -p lpconnector --lib --target $$target || exit 1; \
	  else echo "NOT CHECKED: that it compiles for $$target (rustup target add $$target)"; fi; done

dist: build target/tools/installed ## tarballs, Debian and RPM packages, wheels and sdist for old systems, each installed and tried
	packaging/dist $(SANDBOX)

test-licences: tools ## that all which is linked has its licence, and who answers for packages stands in one place
	$(PYTHON) tests/package/licences_test.py --quiet
	@tests/one-maintainer

test-recipes: build ## Conan's and vcpkg's recipes build the tree, and a program is built with what they install
	packaging/conan/try $(SANDBOX)
	packaging/vcpkg/try $(SANDBOX)

test-reproducible: target/tools/installed ## packages built again in another folder are the same bytes: a quarter of an hour
	packaging/reproducible
