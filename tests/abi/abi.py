"""Whether programs built against the last release run on this library.

    abi.py check SANDBOX LIBRARY_DIRECTORY      compares, and runs the last release's C tests
    abi.py baseline                             makes this tree what the next is compared with

What counts is what the header says: a library of stubs is compiled from it, with debug information
for libabigail. That the real library exports just that is tested by tests/core/symbols.rs.
"""

from __future__ import annotations

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

BASELINE = pathlib.Path("tests/abi/lpconnector.abi")
SCRATCH = pathlib.Path("target/abi")
CC = os.environ.get("CC", "cc")
CHANGED = """
What is told above breaks programs that were built against the last release. Either put it back, or,
where that cannot be: raise the major version in Cargo.toml, run `make docs abi-baseline`, say in
CHANGELOG.md what programs have to change, and commit all of it."""


def stubs(header: pathlib.Path, directory: pathlib.Path) -> pathlib.Path:
    """A library with the functions of the header, and one more for each constant and its value."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(encoding="utf-8"), flags=re.S)
    constants = dict(re.findall(r"^#define (LPC_\w+) (\S+)$", code, flags=re.M))
    versions = [constants.pop(f"LPC_VERSION_{part}") for part in ("MAJOR", "MINOR", "PATCH")]
    code = re.sub(r"^#.*$", "", code, flags=re.M)
    functions = re.findall(r"^((?!typedef)\w[\w \n*]*\blpc_\w+\([^;]*\));", code, flags=re.M)
    if len(functions) < 40 or len(constants) < 20:
        sys.exit(f"{header} was not understood: {len(functions)} functions, {len(constants)} constants")
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "stubs.c"
    for name, value in constants.items():
        functions.append(f"void lpc_constant_{name}_is_{value.replace('-', 'minus_')}(void)")
    bodies = "\n".join(f"{function} {{ __builtin_trap(); }}" for function in functions)
    source.write_text(f"#include <lpconnector.h>\n{bodies}\n", encoding="utf-8")
    script = directory / "version"
    script.write_text(f"LPC_{versions[0]} {{ global: lpc_*; }};\n", encoding="utf-8")
    library = directory / "liblpconnector.so"
    soname = f"liblpconnector.so.{versions[0]}"
    subprocess.run(
        [CC, "-g", "-shared", "-fPIC", "-I", str(header.parent), f"-Wl,-soname,{soname}"]
        + [f"-Wl,--version-script={script}", "-o", str(library), str(source)],
        check=True,
    )
    return library


def baseline() -> int:
    library = stubs(pathlib.Path("include/lpconnector.h"), SCRATCH / "new")
    places = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"]
    subprocess.run(["abidw", *places, "--out-file", str(BASELINE), str(library)], check=True)
    return 0


def same_abi() -> bool:
    if not shutil.which("abidiff"):
        print("NOT CHECKED: the ABI against the last release's (abidiff is not installed: abigail-tools)")
        return True
    if platform.machine() != "x86_64":
        print(f"NOT CHECKED: the ABI against the last release's (its description is of x86_64, not {platform.machine()})")
        return True
    library = stubs(pathlib.Path("include/lpconnector.h"), SCRATCH / "new")
    # Added functions and constants are fine.
    compared = subprocess.run(["abidiff", "--no-added-syms", str(BASELINE), str(library)], check=False)
    if compared.returncode != 0:
        print(CHANGED, file=sys.stderr)
    return compared.returncode == 0


def old_program_runs(sandbox: str, directory: str) -> bool:
    """The C tests as they were with the baseline, built against its header, on the library of now."""
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%H", "--", str(BASELINE)], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not commit:
        print("NOT CHECKED: the last release's programs on this library (the history is not here)")
        return True
    old = SCRATCH / "old"
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit, "include", "tests/c"], stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", str(old)], input=archive.stdout, check=True)
    # How they ask the sandbox is no part of the library: today's wants its name, and its port.
    harness = old / "tests/c/harness.c"
    text = harness.read_text(encoding="utf-8").replace("Host: sandbox", "Host: 127.0.0.1:%s")
    harness.write_text(text.replace("method, path, strlen(body)", "method, path, port + 1, strlen(body)"), encoding="utf-8")
    library = stubs(old / "include/lpconnector.h", old)
    sources = [str(source) for source in sorted(old.glob("tests/c/*.c")) if source.name != "vectors.c"]
    program = str(old / "tests/program")
    subprocess.run(
        [CC, "-std=c99", "-I", str(old / "include"), *sources, str(library), "-lpthread", "-o", program],
        check=True,
    )
    ran = subprocess.run(
        [sandbox, "--tls", "--quiet", "--", program], env={**os.environ, "LD_LIBRARY_PATH": directory, "LD_BIND_NOW": "1"}, check=False
    )
    if ran.returncode != 0:
        print(f"The C tests of {commit[:12]}, the last release, fail on this library.{CHANGED}", file=sys.stderr)
    return ran.returncode == 0


def main() -> int:
    if sys.argv[1:] == ["baseline"]:
        return baseline()
    _, check, sandbox, directory = sys.argv
    assert check == "check", __doc__
    return 0 if same_abi() and old_program_runs(sandbox, directory) else 1


if __name__ == "__main__":
    sys.exit(main())
