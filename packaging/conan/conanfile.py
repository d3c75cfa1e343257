"""lpconnector for Conan 2, built from the tree that this file lies in: conan create packaging/conan"""

import os
import re
import sys

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rm


class Lpconnector(ConanFile):
    name = "lpconnector"
    description = "Client for LivePerson's Connector API"
    license = "Apache-2.0"
    topics = ("liveperson", "messaging", "chat")
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": True}
    package_type = "library"
    # Rust's names of the systems that may be built for from another one.
    _targets = {
        ("Linux", "x86_64"): "x86_64-unknown-linux-gnu",
        ("Linux", "armv8"): "aarch64-unknown-linux-gnu",
        ("Macos", "x86_64"): "x86_64-apple-darwin",
        ("Macos", "armv8"): "aarch64-apple-darwin",
        ("Windows", "x86_64"): "x86_64-pc-windows-",
    }

    @property
    def _tree(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        package = load(self, os.path.join(self._tree, "Cargo.toml")).split("[workspace.package]")[1]
        self.version = re.search(r'^version = "(.*)"', package, re.MULTILINE)[1]

    def export_sources(self):
        # Cargo looks at every member of the workspace, whatever it builds.
        copy(self, "*", self._tree, self.export_sources_folder, excludes=("target/*", "build/*", ".git/*", ".venv/*"))

    def package_id(self):
        # One library for all: it is C from outside, and built by cargo for production.
        del self.info.settings.build_type
        if self.info.settings.os != "Windows":
            del self.info.settings.compiler

    def build_id(self):
        # Cargo makes both kinds at once.
        self.info_build.options.shared = "both"

    def layout(self):
        cmake_layout(self)

    @property
    def _target(self):
        if self.settings.os == self.settings_build.os and self.settings.arch == self.settings_build.arch:
            return ""
        target = self._targets[str(self.settings.os), str(self.settings.arch)]
        if target.endswith("windows-"):
            target += "msvc" if self.settings.compiler == "msvc" else "gnu"
        return target

    def generate(self):
        toolchain = CMakeToolchain(self)
        if self._target:
            toolchain.cache_variables["LPCONNECTOR_TARGET"] = self._target
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        licences = os.path.join(self.package_folder, "licenses")
        copy(self, "LICENSE", self.source_folder, licences)
        generate = os.path.join(self.source_folder, "packaging", "licences", "generate")
        of_others = os.path.join(licences, "THIRD-PARTY-LICENSES")
        self.run(f'"{sys.executable}" "{generate}" text lpconnector {self._target or "host"} > "{of_others}"')
        libraries = os.path.join(self.package_folder, "lib")
        if self.options.shared:
            rm(self, "liblpconnector.a", libraries)
            rm(self, "lpconnector.lib", libraries)
        else:
            for shared in "*.so*", "*.dylib", "*.dll.*":
                rm(self, shared, libraries)
            rm(self, "*.dll", os.path.join(self.package_folder, "bin"))
        # Conan writes its own.
        rm(self, "*.cmake", os.path.join(libraries, "cmake", "lpconnector"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "lpconnector")
        self.cpp_info.set_property("cmake_target_name", "lpconnector::lpconnector")
        self.cpp_info.set_property("pkg_config_name", "lpconnector")
        self.cpp_info.libs = ["lpconnector"]
        if self.settings.os == "Windows" and self.options.shared:
            self.cpp_info.libs = ["lpconnector.dll"]
        if not self.options.shared:
            private = load(self, os.path.join(self.package_folder, "lib", "pkgconfig", "lpconnector.pc"))
            needs = re.search(r"^Libs.private:(.*)$", private, re.MULTILINE)[1].split()
            self.cpp_info.system_libs = [need.removeprefix("-l").removesuffix(".lib") for need in needs if need.startswith("-l") or need.endswith(".lib")]
            self.cpp_info.frameworks = [after for need, after in zip(needs, needs[1:]) if need == "-framework"]
