"""Makes a liblpconnector.so that hands every call on to the real one, and writes a line into the file
COUNTS for each handle that was given (+conversation) or freed (-conversation)."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

START = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include "lpconnector.h"

static void *real(const char *name)
{
    void *library = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
    void *function = library != NULL ? dlsym(library, name) : NULL;
    if (function == NULL)
        abort();
    return function;
}

static void write_line(const char *line)
{
    FILE *counts = fopen(getenv("COUNTS"), "a");
    if (counts == NULL || fputs(line, counts) < 0 || fclose(counts) != 0)
        abort();
}
"""


def function(result: str, name: str, parameters: str) -> str:
    arguments = [] if parameters == "void" else re.findall(r"(\w+)(?:,|$)", parameters)
    freed = re.fullmatch(r"lpc_(\w+)_free", name)
    before = f'    if ({arguments[0]} != NULL) write_line("-{freed[1]}\\n");\n' if freed else ""
    given = re.findall(r"struct lpc_(\w+) \*\*(\w+)", parameters)
    after = "".join(f'    if ({out} != NULL && *{out} != NULL) write_line("+{kind}\\n");\n' for kind, out in given)
    if name == "lpc_config_new":
        after = '    write_line("+config\\n");\n'
    call = f"(({result} (*)({parameters}))real(\"{name}\"))({', '.join(arguments)});\n"
    if result != "void":
        call, after = f"{result} result = {call}", f"{after}    return result;\n"
    return f"{result} {name}({parameters})\n{{\n{before}    {call}{after}}}\n"


def make(library: Path, directory: Path) -> None:
    """`library`: the directory of the real one. `directory`: where this one goes."""
    directory.mkdir(parents=True, exist_ok=True)
    header = Path("include/lpconnector.h").read_text(encoding="utf-8")
    prototypes = re.findall(r"^(\w[\w *]*?) ?(lpc_\w+)\(([^;]*)\);$", header, re.M)
    functions = [function(result, name, " ".join(takes.split())) for result, name, takes in prototypes]
    source = directory / "counted.c"
    source.write_text(START + "\n".join(functions), encoding="utf-8")
    # Programs look for a library and for symbols with the number of the ABI.
    (named,) = library.glob("liblpconnector.so.*")
    versions = directory / "versions"
    versions.write_text(f"LPC_{named.suffix[1:]} {{ lpc_*; }};\n", encoding="utf-8")
    link = directory / named.name
    link.unlink(missing_ok=True)
    link.symlink_to("liblpconnector.so")
    flags = ["-shared", f"-Wl,--version-script={versions}", "-fPIC", "-I", "include", f'-DREAL="{library / "liblpconnector.so"}"']
    command = [os.environ.get("CC", "cc"), *flags, str(source), "-o", str(directory / "liblpconnector.so"), "-ldl"]
    subprocess.run(command, check=True)
