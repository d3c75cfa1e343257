"""A program built with the package: a conversation in the sandbox, if LPC_SANDBOX names the program."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class Stranger(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain", "VirtualRunEnv"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        sandbox = os.environ.get("LPC_SANDBOX")
        if can_run(self) and sandbox:
            self.run(f'"{sandbox}" --tls --quiet -- "{os.path.join(self.cpp.build.bindir, "program")}"', env="conanrun")
