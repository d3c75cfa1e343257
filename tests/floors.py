"""Holds the order of a crate's floors: a file imports from its own floor and from those below, never
from above, and no files import each other in a circle. Prints what is wrong, a line each.

    floors.py FOLDER…      folders of Rust sources; HOUSES tells the floors of each
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rust_source import Name, Source


@dataclass(frozen=True)
class Ban:
    floors: str
    words: str  # a regular expression for lines and for paths; code for tests is free
    why: str
    but: str = ""  # files that may


@dataclass(frozen=True)
class House:
    floors: str  # from the ground up; lib.rs and main.rs stand above all
    bans: tuple[Ban, ...] = ()


# No floor uses these: what they import is not to be seen.
HIDDEN = re.compile(
    r"\bextern\s+crate\b|\binclude!|#!?\[path\b|\buse\s+(?:std|core)\s+as\b|\bcore::(?:time|net)\b"
    r"|\buse\b.*\b(?:crate|super|self)\b.*\*"
)

HOUSES = {
    "src": House(
        "base protocol net config service handles store receiver connector ffi",
        (
            Ban("base protocol", r"\bstd::net\b|\bsocket2\b|\brustls::(?!pki_types\b)\w+", "the network is above this floor"),
            Ban("protocol", r"\bstd::(time|fs|io|thread)\b|\b(SystemTime|Instant)\b", "protocol has no clock and no I/O"),
            Ban("net", r"(?i:liveperson)|\bcrate::protocol\b", "net knows no LivePerson"),
            Ban("base protocol config service handles store receiver connector ffi", r"\bureq::(?!http\b)\w+", "that is for net"),
            Ban("store receiver", r"\bcrate::(service|handles)\b", "who receives sends nothing and knows no handles"),
            Ban("base protocol net config service handles ffi", r"\b(async_nats|rusqlite|hyper|tokio)\b", "that is for store and receiver"),
            Ban("receiver connector", r"\b(async_nats|rusqlite)\b", "that is for store"),
            Ban("base protocol net config service handles store receiver connector", r"\bunsafe\b", "that is for ffi", "base/fork.rs base/in_child.rs base/left_behind.rs base/thread.rs"),
        ),
    ),
    "tests/sandbox/src": House(
        "base faults protocol http model webhooks agents cloud requests workers services control recording console running sandbox"
        " commands"
    ),
}


def problems(root: Path, house: House) -> list[str]:
    floors = house.floors.split()
    sources = [Source(root, file) for file in sorted(root.rglob("*.rs"))]
    wrong = [f"{floor}: no file lies on this floor" for floor in floors if not any(s.folder == floor for s in sources)]
    height = {}
    for source in sources:
        if source.is_root:
            height[source.file] = len(floors)
        elif source.folder in floors:
            height[source.file] = floors.index(source.folder)
        else:
            wrong.append(f"{source.file}: lies on no floor")
    imports = imports_of(sources)
    for file, imported in imports.items():
        for other, line in [*imported.items()]:
            if file in height and height.get(other, 0) > height[file]:
                wrong.append(f"{file}:{line}: imports from above: {other}")
                del imported[other]  # or a circle would tell the same again
    for circle in circles(imports):
        steps = [f"{file}:{imports[file][other]}" for file, other in zip(circle, circle[1:])]
        wrong.append(" -> ".join([*steps, circle[0]]) + ": a circle")
    test_modules = {module for source in sources for module in source.test_modules}
    for source in sources:
        wrong += forbidden(source, house.bans, test_modules)
    return wrong


def imports_of(sources: list[Source]) -> dict[str, dict[str, int]]:
    """The files that each file imports, and the first line in which it does."""
    files = {source.module: source.file for source in reversed(sources)}  # () is lib.rs rather than main.rs
    imports: dict[str, dict[str, int]] = {}
    for source in sources:
        imported = imports[source.file] = {}
        for path, line in source.paths:
            if path[0] == "crate":
                module = path[1:]
                while module and module not in files:
                    module = module[:-1]
                file = files.get(module, source.file)
                if file != source.file:
                    imported[file] = min(line, imported.get(file, line))
    return imports


def circles(imports: dict[str, dict[str, int]]) -> Iterator[list[str]]:
    """A shortest circle of each knot of files that import each other."""
    ways: dict[str, dict[str, list[str]]] = {}  # from each file to all that it reaches
    for first in imports:
        ways[first], waiting = {}, deque([[first]])
        while waiting:
            way = waiting.popleft()
            for file in imports[way[-1]]:
                if file not in ways[first]:
                    ways[first][file] = [*way, file]
                    waiting.append(ways[first][file])
    told: set[str] = set()
    for circle in sorted((ways[file][file] for file in ways if file in ways[file]), key=len):
        if circle[0] not in told:
            told |= {file for file in ways[circle[0]] if circle[0] in ways[file]}
            yield circle


def forbidden(source: Source, bans: tuple[Ban, ...], test_modules: set[Name]) -> list[str]:
    if any(source.module[:length] in test_modules for length in range(len(source.module) + 1)):
        return []
    # A tree of a `use` names std::io without these words in a row, and a literal is no path.
    said = [*enumerate(source.lines, 1), *((line, "::".join(path)) for path, line in source.paths)]
    found = {}
    for line, text in enumerate(source.lines, 1):
        hidden = HIDDEN.search(text)
        if hidden and line not in source.test_lines:
            found[line, ""] = f"{source.file}:{line}: {hidden[0].strip()}: it hides what is imported"
    for ban in bans:
        if source.folder in ban.floors.split() and source.file not in ban.but.split():
            for line, text in said:
                word = re.search(ban.words, text)
                if word and line not in source.test_lines:
                    found.setdefault((line, ban.why), f"{source.file}:{line}: {word[0]}: {ban.why}")
    return [found[place] for place in sorted(found)]


def main(folders: list[str]) -> int:
    unknown = [folder for folder in folders if folder not in HOUSES]
    if unknown or not folders:
        print(f"{__doc__}\nFOLDER: {', '.join(HOUSES)}", file=sys.stderr)
        return 2
    wrong = [f"{folder}/{line}" for folder in folders for line in problems(Path(folder), HOUSES[folder])]
    for line in wrong:
        print(line)
    for folder in folders:
        print(f"{folder}: a file imports from its own floor and those below: {HOUSES[folder].floors}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
