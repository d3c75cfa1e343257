"""Holds README.md and docs/ to what is true: a test runs each code block, or it says what else it is; commands
name what is there; links lead somewhere; all statuses are told. Prints what is wrong, a line each.
With a folder it holds the links of the pages in it alone: those that a package brings.

A block's language says what it is: `text` is a drawing or what a program prints, `sh` is for a person to type.
Everything else belongs to the test that runs it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import readme

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md")), "bindings/python/README.md"]
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What runs or reads the blocks of a page; those of all other pages are run by tests/readme.py.
RUN_BY = {
    ("docs/migration.md", "bash"): "tests/migration.py",
    ("docs/migration.md", "c"): "tests/migration.py",
    ("docs/migration.md", "c libcurl"): "tests/migration.py",
    ("docs/migration.md", "python"): "tests/migration.py",
    ("docs/fleet.md", "json"): "src/store/fleet/nats_access_tests.rs",
    ("docs/operating.md", "yaml"): "tests/python/test_prometheus.py",
}


def targets() -> "set[str]":
    makefiles = [ROOT / "Makefile", *ROOT.glob("*/*.mk"), *ROOT.glob("*/*/*.mk")]
    return {name for file in makefiles for name in re.findall(r"^([a-z-]+):", file.read_text(encoding="utf-8"), re.M)}


def options(sources: Path) -> "set[str]":
    """Those of a program of ours."""
    source = "".join(place.read_text(encoding="utf-8") for place in sources.rglob("*.rs"))
    fields = re.findall(r'#\[arg\((?:short, )?long(?: = "([\w-]+)")?[^\n]*\n\s+(?:pub )?(\w+):', source)
    return {"--" + (name or field).replace("_", "-") for name, field in fields}


def wrong_commands(commands: str) -> "list[str]":
    """What commands name that is not there: targets of make, files of the tree, options of our programs."""
    code = re.sub(r"(^|\s)#.*", "", commands)
    known = targets()
    wrong = [f"make {name}" for name in re.findall(r"\bmake ([a-z][a-z-]*)", code) if name not in known]
    for path in re.findall(r"(?:^|\s)(?:\./)?((?:bindings|examples|docs|tests|packaging)/[\w./-]+)", code):
        wrong += [] if (ROOT / path).exists() else [path]
    for program, sources in (("lpc-sandbox", "tests/sandbox/src"), ("lpc", "cli/src")):
        its = options(ROOT / sources)
        for line in re.findall(rf"\b{program} (.*?)(?: -- |$)", code, re.M):
            wrong += [f"{program} {option}" for option in re.findall(r"--[a-z-]+", line) if option not in its]
    return wrong


def wrong_blocks(page: str, text: str) -> "list[str]":
    wrong = []
    for block in BLOCK.finditer(text):
        kind, code = block[1], block[2]
        line = text[: block.start()].count("\n") + 1
        runner = RUN_BY.get((page, kind)) or RUN_BY.get((page, kind.split(" ")[0]))
        if kind == "sh":
            wrong += [f"{page}:{line}: {it} is not there" for it in wrong_commands(code)]
        elif runner:
            names_it = Path(page).name in (ROOT / runner).read_text(encoding="utf-8")
            wrong += [] if names_it else [f"{page}:{line}: {runner} does not read this page"]
        elif kind != "text" and not (page in readme.PAGES and kind in readme.LANGUAGES):
            wrong.append(f"{page}:{line}: no test runs a block of {kind or 'no language'}")
    return wrong


def anchors(text: str) -> "set[str]":
    """Those of a page's headings, as hosts of code make them."""
    headings = re.findall(r"^#+ (.+)", BLOCK.sub("", text), re.M)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def wrong_links(page: str, text: str, root: Path = ROOT) -> "list[str]":
    wrong = []
    for to, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", BLOCK.sub("", text)):
        target = (root / page).parent / to if to else root / page
        if re.match(r"[a-z]+:", to):
            continue
        if not target.exists():
            wrong.append(f"{page} leads to {to}, which is not there")
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            wrong.append(f"{page} leads to {to}#{anchor}, a heading that is not there")
    return wrong


def wrong_statuses() -> "list[str]":
    header = (ROOT / "include/lpconnector.h").read_text(encoding="utf-8")
    section = header.split("@name The outcome of a call")[1].split("/** @} */")[0]
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` | {number} |" for name, number in re.findall(r"^#define (\w+) (\d+)$", section, re.M)]
    return [f"docs/errors.md lacks the row {row}" for row in rows if row not in page] + ([] if rows else ["no status"])


def wrong_pages() -> "list[str]":
    wrong = wrong_statuses()
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        wrong += wrong_blocks(page, text) + wrong_links(page, text)
    words = len((ROOT / "README.md").read_text(encoding="utf-8").split())
    return wrong + ([f"README.md has {words} words: it takes fewer than 900"] if words >= 900 else [])


def wrong_below(folder: Path) -> "list[str]":
    pages = [str(page.relative_to(folder)) for page in folder.rglob("*.md")]
    wrong = [] if "README.md" in pages else [f"{folder} has no README.md"]
    return sum((wrong_links(page, (folder / page).read_text(encoding="utf-8"), folder) for page in pages), wrong)


def main() -> int:
    wrong = wrong_below(Path(sys.argv[1])) if len(sys.argv) > 1 else wrong_pages()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
