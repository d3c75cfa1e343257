"""Lays out what Sphinx makes the site of: the pages of the tree as they are, with links that lead within the
site, and a page for each part of the references.

    sources.py XML_OF_DOXYGEN PYTHON_STUBS OUT
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import contents

ROOT = Path(__file__).resolve().parents[2]
# Without code blocks, in which brackets mean something else.
FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)#\s]*)(#[^)\s]*)?\)")
LANGUAGES = {".c": "c", ".h": "c", ".cpp": "cpp", ".hpp": "cpp", ".py": "python", ".rs": "rust", ".js": "javascript",
             ".lua": "lua", ".pl": "perl", ".pm": "perl", ".java": "java", ".cob": "cobolfree", ".cpy": "cobolfree",
             ".toml": "toml", ".yml": "yaml"}  # fmt: skip
# Sources with a better page than their text.
REFERENCES = {"include/lpconnector.h": "reference/c/index.md", "include/lpconnector.hpp": "reference/cpp/index.md"}


class Site:
    """The folder that it is laid out in."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.pages = {page for pages in contents.PAGES.values() for page in pages if page.endswith(".md")}
        self.sources: set[str] = set()

    def write(self, page: str, text: str) -> None:
        path = self.out / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def prose(self, page: str, name: str) -> str:
        """A page of the tree, for the place `name`."""
        parts = FENCE.split((ROOT / page).read_text(encoding="utf-8"))
        # What stands behind the language is for the tests.
        parts[1::2] = [re.sub(r"\A```(\S+) .*", r"```\1", part) for part in parts[1::2]]
        parts[::2] = [LINK.sub(lambda link: self.link(link, page, name), part) for part in parts[::2]]
        return "".join(parts)

    def link(self, link: re.Match[str], page: str, name: str) -> str:
        image, text, to, anchor = link[1], link[2], link[3], link[4] or ""
        if not to or re.match(r"[a-z]+:", to):
            return link[0]
        target = os.path.normpath(os.path.join(os.path.dirname(page), to))
        if not (ROOT / target).exists():
            sys.exit(f"{page} leads to {to}, which is not there")
        if image:
            self.write_bytes(target)
        elif target == "README.md":
            target = "index.md"
        elif target in REFERENCES:
            target = REFERENCES[target]
        elif target not in self.pages:
            # A folder has no page; of a file there is one with its text.
            if not (ROOT / target).is_file():
                return text
            self.sources.add(target)
            target = f"files/{target}.md"
        return f"{image}[{text}]({os.path.relpath(target, os.path.dirname(name) or '.')}{anchor})"

    def write_bytes(self, file: str) -> None:
        path = self.out / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / file).read_bytes())


def menu() -> str:
    """The menu, at the end of the first page."""
    blocks = []
    for caption, pages in contents.PAGES.items():
        entries = (page.removesuffix(".md") for page in pages)
        titles = {page.removesuffix(".md"): title for page, title in contents.TITLES.items()}
        lines = (f"{titles[entry]} <{entry}>" if entry in titles else entry for entry in entries)
        blocks.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *lines, "```"]))
    return "\n\n".join(blocks)


def part(title: str, *directives: str, orphan: bool = False) -> str:
    head = "---\norphan: true\n---\n\n" if orphan else ""
    return head + f"# {title}\n\n" + "\n\n".join(directives) + "\n"


def directive(name: str, argument: str, *options: str) -> str:
    return "\n".join([f"```{{{name}}} {argument}", *options, "```"])


def children(names: list[str]) -> str:
    return directive("toctree", "", ":maxdepth: 1", "", *names)


def comment(lines: str) -> str:
    """The text of a comment in the header, with its references as links."""
    text = re.sub(r"^ \* ?|@[{}]", "", lines, flags=re.MULTILINE).strip()
    return re.sub(r'@ref (\w+) "([^"]+)"', r"[\2](\1.md)", text)


def c(site: Site) -> None:
    """A page for each section of the header: its text, its handle, its numbers, its functions."""
    header = (ROOT / "include/lpconnector.h").read_text(encoding="utf-8")
    overview = re.search(r"@mainpage [^\n]+\n(.*?) \*/", header, re.DOTALL)
    sections = re.findall(r"@defgroup (\w+) ([^\n]+)\n(.*?)\*/\n(.*?)(?=@defgroup|\Z)", header, re.DOTALL)
    assert overview and sections, "the header has sections"
    kinds = [(r"#define (LPC_\w+) ", "doxygendefine"), (r"typedef .*?(\w+)\)?(?:\(.*)?;", "doxygentypedef")]
    kinds += [(r"[a-z].*?\b(lpc_\w+)\(", "doxygenfunction"), (r"/\*\* @name (.+) \*/", "")]
    for name, title, about, code in sections:
        parts, in_numbers = [comment(about)], False
        for line in code.splitlines():
            found = next(((kind, match[1]) for begins, kind in kinds if (match := re.match(begins, line))), None)
            if in_numbers and found and re.search(r"\w\(|\(\*", line):
                parts.append("## Functions")
            if found:
                parts.append(directive(*found) if found[0] else f"## {found[1]}")
                in_numbers = not found[0] or in_numbers and not re.search(r"\w\(|\(\*", line)
        site.write(f"reference/c/{name}.md", part(f"{title} in C", *parts))
    entries = [f"{title} <{name}>" for name, title, _, _ in sections]
    site.write("reference/c/index.md", part("The C reference", comment(overview[1]), "## Sections", children(entries)))


def cpp(site: Site, xml: Path) -> None:
    def items(kind: str) -> list[str]:
        members = ElementTree.parse(xml / "namespacelpc.xml").iter("memberdef")
        return [member.findtext("name", "") for member in members if member.get("kind") == kind]

    classes = [node.text or "" for node in ElementTree.parse(xml / "namespacelpc.xml").iter("innerclass")]
    exceptions = [name.removeprefix("lpc::") for name in classes if name.count("::") == 1]
    exceptions = [name for name in exceptions if name not in contents.CPP and name != "Error"]
    members = ":members:"
    for name in contents.CPP:
        site.write(f"reference/cpp/{name}.md", part(f"{name} in C++", directive("doxygenclass", f"lpc::{name}", members)))
    errors = [directive("doxygenclass", f"lpc::{name}") for name in exceptions]
    site.write("reference/cpp/errors.md", part("Errors in C++", directive("doxygenclass", "lpc::Error", members), *errors))
    enums = [directive("doxygenenum", f"lpc::{name}") for name in items("enum")]
    site.write("reference/cpp/enums.md", part("Enums in C++", *enums))
    functions = [directive("doxygenfunction", f"lpc::{name}") for name in sorted(set(items("function")))]
    site.write("reference/cpp/functions.md", part("Functions in C++", *functions))
    overview = directive("doxygenfile", "lpconnector.hpp", ":sections: detaileddescription")
    entries = [*(f"{name} <{name}>" for name in contents.CPP), "Errors <errors>", "Enums <enums>", "Functions <functions>"]
    site.write("reference/cpp/index.md", part("The C++ reference", overview, children(entries)))


def python(site: Site, stubs: Path) -> None:
    sys.path.insert(0, str(stubs))
    module, aio = importlib.import_module("lpconnector"), importlib.import_module("lpconnector.aio")

    def lies_in(file: str) -> set[str]:
        return {name for name in left if getattr(getattr(module, name), "__module__", "").endswith(file)}

    def document(name: str) -> str:
        thing = getattr(module, name)
        kind = "autoclass" if isinstance(thing, type) else "autofunction" if callable(thing) else "autodata"
        return directive("eval-rst", "", f".. {kind}:: lpconnector.{name}", "   :members:" * (kind == "autoclass"))

    left = set(module.__all__) - {"__version__"} - {name for names in contents.PYTHON.values() for name in names}
    errors, of_events, enums = lies_in("_errors"), lies_in("_content") | {"EventContent"}, lies_in("_enums")
    pages = {
        **contents.PYTHON,
        "Content of events": sorted(of_events),
        "Enums": sorted(enums),
        "Dictionaries": sorted(left - errors - of_events - enums),
        "Errors": ["LpcError", *sorted(errors - {"LpcError"})],
    }
    entries = ["asyncio <aio>"]
    for title, members in reversed(pages.items()):
        name = title.lower().replace(" ", "-")
        entries.insert(0, f"{title} <{name}>")
        site.write(f"reference/python/{name}.md", part(f"{title} in Python", *map(document, members)))
    members = [directive("eval-rst", "", f".. autoclass:: lpconnector.aio.{name}", "   :members:") for name in aio.__all__]
    about = directive("eval-rst", "", ".. automodule:: lpconnector.aio", "   :no-members:")
    site.write("reference/python/aio.md", part("lpconnector.aio: asyncio", about, *members))
    about = directive("eval-rst", "", ".. automodule:: lpconnector", "   :no-members:")
    site.write("reference/python/index.md", part("The Python reference", about, children(entries)))


def main() -> None:
    xml, stubs, out = map(Path, sys.argv[1:])
    site = Site(out)
    site.write("index.md", site.prose("README.md", "index.md") + "\n" + menu() + "\n")
    for page in sorted(site.pages):
        site.write(page, site.prose(page, page))
    for file in sorted(site.sources):
        code = (ROOT / file).read_text(encoding="utf-8")
        language = LANGUAGES.get(Path(file).suffix, "text")
        site.write(f"files/{file}.md", part(f"`{file}`", f"````{language}\n{code}````", orphan=True))
    if xml.is_dir():
        c(site)
        cpp(site, xml)
    else:
        for name, title in ("c", "C"), ("cpp", "C++"):
            site.write(f"reference/{name}/index.md", part(f"The {title} reference", "Made without Doxygen, this site lacks it."))
    python(site, stubs)
    rust = '<a href="../rust/lpconnector/index.html">The Rust crate</a>, with pages and a search of its own.'
    site.write("reference/rust.md", part("The Rust reference", rust))


if __name__ == "__main__":
    main()
