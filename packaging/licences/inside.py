"""What is inside a package: each crate that is linked into it, and what cargo does not know of."""

import html
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
STANDARD = Path(__file__).resolve().parent / "texts"
# Files of a crate that say what it may be used for.
NOTICE = re.compile(r"(un)?licen[cs]e|copying|copyright|notice", re.IGNORECASE)
SOURCE = {".c", ".h", ".py", ".rs", ".toml", ".json"}
# Crates of the standard library of whose notices Rust keeps none: their authors offer each under MIT.
WITHOUT_NOTICE = {"addr2line", "adler2", "memchr", "miniz_oxide", "object"}
# What is Rust's own, or is there for tests and compilers and in no program.
RUSTS_OWN = {
    "alloc", "compiler_builtins", "core", "panic_abort", "panic_unwind", "std", "std_detect", "unwind",
}  # fmt: skip
NOT_LINKED = {
    "getopts", "proc_macro", "profiler_builtins", "rustc_literal_escaper", "rustc_std_workspace_alloc",
    "rustc_std_workspace_core", "rustc_std_workspace_std", "sysroot", "test",
}  # fmt: skip
IN_RUST = "in Rust's standard library"


@dataclass(frozen=True)
class Part:
    """Something inside that others wrote, with the texts that came with it."""

    name: str
    version: str
    licence: str
    authors: "tuple[str, ...]"
    texts: "tuple[tuple[str, str], ...]"


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def maintainer() -> str:
    """Who answers for the packages: Cargo.toml is the one place that says it."""
    packages = json.loads(run("cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"))["packages"]
    return next(crate["authors"][0] for crate in packages if crate["name"] == "lpconnector")


def host() -> str:
    """Rust's name of the system that builds."""
    return re.search(r"^host: (.*)$", run("rustc", "-vV"), re.MULTILINE)[1]


def ids(licence: str) -> "list[str]":
    """The licences that an SPDX expression names; an exception belongs to the one before it."""
    plain = licence.replace(" WITH ", "+").replace("/", " OR ")
    named = re.split(r" (?:OR|AND) ", plain.replace("(", "").replace(")", ""))
    return [name.strip().replace("+", " WITH ") for name in named]


def standard(name: str) -> str:
    """The text of an SPDX licence, for what ships none."""
    if name == "Apache-2.0":
        return (ROOT / "LICENSE").read_text(encoding="utf-8")
    if name == "Apache-2.0 WITH LLVM-exception":
        return standard("Apache-2.0") + "\n" + standard("LLVM-exception")
    try:
        return (STANDARD / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        sys.exit(f"there is no text of the licence {name}: put it into {STANDARD.relative_to(ROOT)}/")


def notices(folder: Path) -> "tuple[tuple[str, str], ...]":
    files = (file for file in sorted(folder.rglob("*")) if NOTICE.match(file.name) and file.suffix not in SOURCE)
    return tuple(
        (str(file.relative_to(folder)), file.read_text(encoding="utf-8", errors="replace"))
        for file in files
        if file.is_file()
    )


def part(name: str, version: str, licence: str, authors: "list[str]", texts: "tuple[tuple[str, str], ...]") -> Part:
    if not licence:
        sys.exit(f"{name} {version} does not say under which licence it is")
    return Part(name, version, licence, tuple(authors), texts or tuple((name, standard(name)) for name in ids(licence)))


def crates(package: str, target: str, arguments: "list[str]", ask: "Callable[..., str]" = run) -> "list[Part]":
    """The crates that are linked: no procedural macros, and none that only the build needs."""
    targets = [f"--target={each}" for each in target.split(",")]
    packages = [f"--package={each}" for each in package.split(",")]
    tree = ask("cargo", "tree", "--locked", "--edges", "normal,no-proc-macro", *targets, *packages,
               "--prefix", "none", "--no-dedupe", "--format", "{p}", *arguments)  # fmt: skip
    linked = {(line.split()[0], line.split()[1][1:]) for line in tree.splitlines() if line}
    found = []
    for crate in json.loads(ask("cargo", "metadata", "--locked", "--format-version", "1"))["packages"]:
        folder = Path(crate["manifest_path"]).parent
        # Without a source it is ours.
        if (crate["name"], crate["version"]) in linked and crate["source"]:
            found.append(
                part(crate["name"], crate["version"], crate["license"] or "", crate["authors"], notices(folder))
            )
    return found


def described(section: str) -> Part:
    """A crate, from its section of the page that comes with the compiler."""
    name, version = re.match(r"\S+ (\S+?)-(\d[^<]*)</h3>", section).groups()
    licence = re.search(r"License:</b> ([^<]*)<", section)[1]
    authors = html.unescape(re.search(r"Authors:</b> ([^<]*)<", section)[1])
    texts = re.findall(r"<code>([^<]*)</code></summary>\s*<pre>\n?(.*?)</pre>", section, re.DOTALL)
    texts = tuple((file, html.unescape(text).rstrip() + "\n") for file, text in texts)
    return part(f"{name} ({IN_RUST})", version, licence, [author for author in authors.split(", ") if author], texts)


def standard_library(target: str) -> "list[Part]":
    """Rust's own, as its compiler describes it, with the crates that lie in it for this system."""
    home = Path(run("rustc", "--print", "sysroot").strip())
    page = home / "share/doc/rust/COPYRIGHT-library.html"
    if not page.exists():
        sys.exit(f"{page} is missing: what the standard library is made of stands there (rustup's toolchains have it)")
    sections = {
        re.match(r"\S+ (\S+?)-\d", section)[1].replace("-", "_"): section
        for section in page.read_text(encoding="utf-8").split("<h3>")[1:]
    }
    version = run("rustc", "--version").split()[1]
    unicode = (("Unicode-3.0", standard("Unicode-3.0")),)
    found = [Part(f"Unicode's tables ({IN_RUST})", "", "Unicode-3.0", ("Unicode, Inc.",), unicode)]
    found += [part("Rust's standard library", version, "MIT OR Apache-2.0", ["The Rust Project Developers"], ())]
    for file in sorted((home / "lib/rustlib" / target / "lib").glob("*.rlib")):
        name = re.match(r"lib(.*)-[0-9a-f]+\.rlib", file.name)[1]
        if name in RUSTS_OWN | NOT_LINKED:
            continue
        if name in sections:
            found.append(described(sections[name]))
        elif name in WITHOUT_NOTICE:
            found.append(part(f"{name} ({IN_RUST})", "", "MIT", [f"the authors of {name}"], ()))
        else:
            sys.exit(f"{name} lies in the standard library, and nothing says under which licence")
    if len(found) == 2:
        sys.exit(f"the standard library for {target} is not installed (rustup target add {target})")
    return found


def beside_cargo(linked: "list[Part]", target: str) -> "list[Part]":
    """What is compiled in and is no crate."""
    found = []
    if any(crate.name == "libsqlite3-sys" for crate in linked):
        text = (("SQLite", standard("SQLite")),)
        found.append(Part("SQLite (in libsqlite3-sys)", "", "blessing", ("the authors of SQLite",), text))
    zig = sorted((ROOT / "target/tools/lib").glob("python*/site-packages/ziglang"))
    if "-linux-" in target and zig:
        # Zig links them in, so that nothing of the compiler is needed where the library runs. Without it, what is built is
        # for this machine.
        home = zig[0]
        unwind = (home / "lib/libunwind/LICENSE.TXT").read_text(encoding="utf-8")
        llvm = "Apache-2.0 WITH LLVM-exception"
        found.append(Part("LLVM's libunwind", "", llvm, ("the authors of LLVM",), (("LICENSE.TXT", unwind),)))
        runtime = (home / "LICENSE").read_text(encoding="utf-8")
        found.append(Part("Zig's compiler-rt", "", "MIT", ("Zig contributors",), (("LICENSE", runtime),)))
    if target.endswith("-windows-gnu"):
        # What the compiler links in, as Debian describes it.
        for name, licence, package in (
            ("mingw-w64's runtime", "ZPL-2.1", "mingw-w64-common"),
            ("GCC's runtime", "GPL-3.0-or-later WITH GCC-exception-3.1", "gcc-mingw-w64-base"),
        ):
            file = Path("/usr/share/doc") / package / "copyright"
            if not file.exists():
                sys.exit(f"{file} is missing: it says what {name} may be used for")
            text = file.read_text(encoding="utf-8")
            found.append(Part(name, "", licence, (f"the authors of {package}",), ((file.name, text),)))
    return found


def inside(package: str, target: str, arguments: "list[str]") -> "list[Part]":
    linked = crates(package, target, arguments)
    first = target.split(",")[0]
    return linked + beside_cargo(linked, first) + standard_library(first)
