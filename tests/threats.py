"""Holds SECURITY.md to the tests: each row of its table names at least one that is there. A name in backticks
is a test's function, a link leads to a file. Prints what is wrong, a line each.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = re.compile(r"^\s*(?:pub )?(?:fn|def|void) (\w+)\s*\(", re.MULTILINE)


def functions() -> "set[str]":
    """What functions the tests have, and the sources, whose tests lie among them."""
    files = (file for folder in ("src", "cli", "tests") for file in (ROOT / folder).rglob("*.*"))
    sources = (file for file in files if file.suffix in {".rs", ".c", ".cpp", ".py"})
    return {name for source in sources for name in FUNCTION.findall(source.read_text(encoding="utf-8"))}


def main() -> int:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    # The last cell of each row below the table's head.
    rows = [line.rstrip(" |").rsplit(" | ", 1) for line in page.splitlines() if line.startswith("| ")]
    shown = [cells[1] for cells in rows if cells[1] != "shown by" and set(cells[1]) != {"-"}]
    known, wrong = functions(), []
    for cell in shown:
        names, links = re.findall(r"`([^`]+)`", cell), re.findall(r"\]\(([^)]+)\)", cell)
        wrong += [f"SECURITY.md names the test {name}, which is not there" for name in names if name not in known]
        wrong += [f"SECURITY.md leads to {link}, which is not there" for link in links if not (ROOT / link).is_file()]
        if not names and not links:
            wrong.append(f"SECURITY.md says of no test that it shows: {cell}")
    for line in wrong:
        print(line)
    return 1 if wrong or not shown else 0


if __name__ == "__main__":
    sys.exit(main())
