"""Looks through the site as it was made: every link and anchor leads to something that is there, nothing is
fetched from another host, and the search knows the references, and finds users' pages first. Prints what is wrong, a line each.

    site.py DIRECTORY
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a reader looks up first, in C, C++ and Python.
SEARCHED = ["lpc_connector_submit", "submit_text", "verify_webhook"]

# They tell of the project itself, and much of everything.
BEHIND = ["ARCHITECTURE.html", "CHANGELOG.html"]


class Page(HTMLParser):
    """What a page links to, what it fetches, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: "list[str]" = []
        self.fetched: "list[str]" = []
        self.places: "set[str]" = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: "list[tuple[str, str | None]]") -> None:
        have = {name: value or "" for name, value in attributes}
        self.places |= {have[name] for name in ("id", "name") if name in have}
        if tag == "a" and "href" in have:
            self.links.append(have["href"])
        elif tag == "link" and have.get("rel") not in {"canonical", "index", "search", "next", "prev", "author"}:
            self.fetched.append(have.get("href", ""))
        elif "src" in have:
            self.fetched.append(have["src"])


def first_found(root: Path, words: str) -> "list[str]":
    """The first pages that the search finds, as a browser shows them."""
    address = f"{(root / 'search.html').as_uri()}?q={words}"
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    command = [*browser, "--virtual-time-budget=20000", "--dump-dom", address]
    page = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120, check=True)
    results = page.stdout.decode().partition('id="search-results"')[2]
    return re.findall(r'<li[^>]*><a href="([^"#?]+)', results)


def main() -> int:
    root = Path(sys.argv[1]).resolve()
    # rustdoc checks its own pages.
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in root.rglob("*.html") if root / "rust" not in path.parents}
    wrong = []

    def look(page: Path, to: str) -> None:
        parts = urlsplit(to)
        if parts.scheme in {"mailto", "data"} or (parts.scheme and to in pages[page].links):
            return
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        name = page.relative_to(root)
        if parts.scheme or parts.netloc:
            wrong.append(f"{name} fetches {to}")
        elif not target.exists():
            wrong.append(f"{name} leads to {to}, which is not there")
        elif target in pages and unquote(parts.fragment) not in pages[target].places:
            wrong.append(f"{name} leads to {to}, a place that is not there")

    for page, found in pages.items():
        for to in {*found.links, *found.fetched}:
            look(page, to)
    for style in root.glob("_static/**/*.css"):
        fetched = re.findall(r"(?:@import\s+|url\()[\"']?((?:https?:)?//[^\"')]+)", style.read_text(encoding="utf-8"))
        wrong += [f"{style.relative_to(root)} fetches {it}" for it in fetched]
    index = (root / "searchindex.js").read_text(encoding="utf-8")
    wrong += [f"the search does not know {name}" for name in SEARCHED if name not in index]
    if shutil.which("chromium") is None:
        print("NOT CHECKED: what a search finds (chromium is not installed)")
    else:
        first = first_found(root, "outage")[:1]
        if not first or first[0] in BEHIND:
            wrong.append(f"a search for an outage finds {first or 'nothing'} first")
    for line in sorted(wrong):
        print(line)
    print(f"the site: {len(pages)} pages, {sum(len(page.links) for page in pages.values())} links")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
