"""Reads a Rust source file as far as its imports go: modules, code without comments, and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

Name = tuple  # of the words of a path: ("net", "dialer") is crate::net::dialer

COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]*
    | (?P<block>/\*)
    | (?P<literal> \b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes)
                 | "(?:\\.|[^"\\])*"
                 | '(?:\\(?:x..|u\{\w+\}|.)|[^\\'\n])')""",  # 'a' is a literal, and 'a alone a lifetime
    re.VERBOSE | re.DOTALL,
)
MODULE = re.compile(r"((?:#\s*\[[^]]*\]\s*)*)(?:pub(?:\s*\([^)]*\))?\s+)?\bmod\s+(\w+)\s*([;{])")
VISIBILITY = re.compile(r"\bpub\s*\(\s*in\b[^)]*\)")
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])\$?\w+(?:\s*::\s*\w+)+")


class Source:
    """A file: which module it is, what it says without comments, and what it names."""

    def __init__(self, root: Path, file: Path) -> None:
        place = file.relative_to(root)
        self.file = place.as_posix()
        self.is_root = self.file in ("lib.rs", "main.rs")
        self.folder = place.with_suffix("").parts[0]
        self.module: Name = () if self.is_root else place.with_suffix("").parts
        if self.module[-1:] == ("mod",):
            self.module = self.module[:-1]
        text, self._code = without_comments(file.read_text(encoding="utf-8"))
        self.lines = text.splitlines()
        self.test_lines: set[int] = set()  # of modules for tests alone
        self.test_modules: list[Name] = []  # that stand in other files
        self._inline: list[tuple[int, int, str]] = []  # modules in this file: from where to where
        self._names: dict[str, Name] = {}  # modules that one word means here
        self._find_modules()
        # Each path with its line; one into this crate in full, beginning with `crate`.
        self.paths = [(self._in_full(*path), self._line(path[-1])) for path in paths(self._code)]

    def _line(self, place: int) -> int:
        return self._code.count("\n", 0, place) + 1

    def _find_modules(self) -> None:
        for found in MODULE.finditer(self._code):
            attributes, name, mark = found.groups()
            is_test = is_for_tests_alone(attributes)
            if mark == "{":
                start = found.end() - 1
                end = end_of_block(self._code, start)
                self._inline.append((start, end, name))
                if is_test:
                    self.test_lines.update(range(self._line(start), self._line(end) + 1))
            else:
                self._names[name] = (*self.module, name)
                if is_test:
                    self.test_modules.append(self._names[name])

    def _in_full(self, path: Name, name: str, place: int) -> Name:
        here = (*self.module, *(name for start, end, name in self._inline if start < place < end))
        first, rest = path[0], path[1:]
        if first in ("crate", "$crate"):
            here = ()
        elif first == "super":
            here = here[:-1]
        elif first in self._names:
            here = self._names[first]
        elif first != "self":
            return path
        while rest[:1] == ("super",):
            here, rest = here[:-1], rest[1:]
        if name:
            self._names[name] = (*here, *rest)
        return ("crate", *here, *rest)


def is_for_tests_alone(attributes: str) -> bool:
    """Whether they say `cfg(test)`, or `cfg(all(…, test))`."""
    sure = re.sub(r"\b(?:not|any)\s*\([^()]*\)", "", attributes)
    return bool(re.search(r"\bcfg\s*\(\s*(?:all\s*\([^)]*\b)?test\b", sure))


def without_comments(text: str) -> tuple[str, str]:
    """The text with its literals, and without them."""
    said, code, end = "", "", 0
    while found := COMMENT_OR_LITERAL.search(text, end):
        between, end = text[end : found.start()], found.end()
        depth = 1 if found["block"] else 0
        while depth and (edge := re.compile(r"/\*|\*/").search(text, end)):
            depth += 1 if edge[0] == "/*" else -1
            end = edge.end()
        skipped = blank(text[found.start() : end])
        said += between + (found["literal"] or skipped)
        code += between + skipped
    return said + text[end:], code + text[end:]


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def end_of_block(code: str, start: int) -> int:
    depth = 0
    for brace in re.compile(r"[{}]").finditer(code, start):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.end()
    return len(code)


def paths(code: str) -> Iterator[tuple[Name, str, int]]:
    """Each path as it is written, with the name that a `use` gives it, and its place: those of `use` first."""
    code = VISIBILITY.sub(lambda found: blank(found[0]), code)
    for use in USE.finditer(code):
        yield from leaves(use[1], use.start(1))
    for path in PATH.finditer(USE.sub(lambda use: blank(use[0]), code)):
        yield tuple(re.split(r"\s*::\s*", path[0])), "", path.start()


def leaves(tree: str, place: int, above: Name = ()) -> Iterator[tuple[Name, str, int]]:
    """The same of one tree of a `use`: `a::{b, c as d}` names `a::b` and `a::c`."""
    words = re.findall(r"\$?\w+", tree.partition("{")[0])
    if above and words[:1] == ["self"]:
        words[0:1] = []
    if "{" not in tree:
        name = words[-1] if words else above[-1]
        path = (*above, *(words[:-2] if "as" in words else words))
        yield path, name, place + len(tree) - len(tree.lstrip())
        return
    depth, start = 0, tree.index("{") + 1
    for mark in re.finditer(r"[{},]", tree):
        depth += {"{": 1, "}": -1, ",": 0}[mark[0]]
        if (mark[0] == "," and depth == 1) or depth == 0:
            branch = tree[start : mark.start()]
            if branch.strip():
                yield from leaves(branch, place + start, (*above, *words))
            start = mark.end()
