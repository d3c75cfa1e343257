"""Holds ARCHITECTURE.md's map to what lies here: every folder that it names is there, every file of the
core is in its floor's list, and no list has one that is not. Prints what is wrong, a line each.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What building leaves behind.
MADE = {"target", "build", "node_modules"}


def read(page: str) -> "tuple[set[str], dict[str, set[str]]]":
    """The folders and files that the map names, and the files that it lists of each floor."""
    block = re.search(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    named, listed, floor = set(), {}, ""
    top = ""
    for line in block[1].splitlines() if block else []:
        entry = re.match(r"( *)(\S+)  +\S", line)
        if line.startswith("      "):
            listed.setdefault(floor, set()).update(line.split())
        elif entry and entry[1]:
            floor = top + entry[2]
            named.add(floor)
        elif entry:
            top = floor = entry[2]
            named.add(top)
    return named, listed


def main() -> int:
    named, listed = read((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    wrong = [f"the map names {path}, which is not there" for path in sorted(named) if not (ROOT / path).exists()]
    listed_by_git = subprocess.run(["git", "ls-files", "*/*"], cwd=ROOT, capture_output=True, text=True, check=False)
    # Without git, as in an archive, nothing but the sources is here.
    files = listed_by_git.stdout.splitlines() or [f"{path.name}/" for path in ROOT.iterdir() if path.is_dir()]
    folders = {file.split("/")[0] for file in files if file[0] != "."} - MADE
    wrong += [f"the map lacks {folder}/" for folder in sorted(folders) if f"{folder}/" not in named]
    for floor in sorted(path for path in (ROOT / "src").iterdir() if path.is_dir()):
        names = (file.relative_to(floor).with_suffix("").as_posix() for file in floor.rglob("*.rs"))
        files = {name for name in names if name.split("/")[-1] != "mod"}
        on_map = listed.get(f"src/{floor.name}/", set())
        wrong += [f"the map lacks src/{floor.name}/{name}.rs" for name in sorted(files - on_map)]
        wrong += [f"the map lists src/{floor.name}/{name}.rs, which is not there" for name in sorted(on_map - files)]
    for line in wrong:
        print(line)
    return 1 if wrong or not listed else 0


if __name__ == "__main__":
    sys.exit(main())
