"""Runs the C, C++ and Python examples of README.md and docs/, so that they stay true. Each has an account of its
own, whose agent says every text back.

    readme.py "C COMPILER AND FLAGS" "C++ COMPILER AND FLAGS" "LINKER FLAGS"      (inside a sandbox)
"""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
from urllib.request import Request, urlopen

ROOT = pathlib.Path(__file__).resolve().parent.parent
# All pages but one, whose pieces are one program: tests/migration.py runs it.
DOCS = sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md") if page.name != "migration.md")
PAGES = ["README.md", *DOCS, "bindings/python/README.md"]
LANGUAGES = ["c", "cpp", "python"]
# What an example is said to print, where that follows it.
PRINTS = "\n\nIt prints\n\n```text\n"
# What a channel hands on once its consumer said "Hi".
ANSWER = b"You said: Hi"
# Far more than it takes, so that what never comes is told.
PATIENCE = 60


def account() -> dict[str, str]:
    """The variables of a new one."""

    def control(method: str, path: str, body: object) -> dict[str, object]:
        request = Request(os.environ["LPC_SANDBOX_CONTROL"] + path, json.dumps(body).encode(), method=method)
        with urlopen(request) as answer:
            told: dict[str, object] = json.load(answer)
            return told

    made = control("POST", "/accounts", {"receiver": True})
    control("PUT", f"/accounts/{made['id']}/agent", {"agent": "echo"})
    variables = made["variables"]
    assert isinstance(variables, dict)
    return variables


def command(language: str, code: str, source: pathlib.Path, flags: dict[str, list[str]]) -> list[str]:
    """What runs an example; it is compiled first, where it has to be."""
    # The examples name a real account; the sandbox's is in the environment.
    source.write_text(re.sub(r"Client\(account_id=.*?\)", "Client.from_env()", code), encoding="utf-8")
    if language == "python":
        return [sys.executable, str(source)]
    program = str(source.with_suffix(""))
    subprocess.run([*flags[language], str(source), *flags["link"], "-o", program], check=True)
    return [program]


def run_for_ever(program: list[str], environment: dict[str, str]) -> None:
    """Lets a channel go on until it hands on what the agent said, and then does what its user does. It
    prints to a terminal, as there."""
    ours, its = pty.openpty()
    running = subprocess.Popen(program, env=environment, stdout=its)
    os.close(its)
    said = b""
    try:
        while ANSWER not in said:
            if not select.select([ours], [], [], PATIENCE)[0]:
                sys.exit(f"the agent's answer did not come; it printed: {said!r}")
            try:
                said += os.read(ours, 4096)
            except OSError:  # nobody has the other end any more
                sys.exit(f"it ended by itself; it printed: {said!r}")
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE) == -signal.SIGINT
    finally:
        running.kill()
        running.wait()
        os.close(ours)
    sys.stdout.write(said.decode())


def main() -> int:
    flags = dict(zip(["c", "cpp", "link"], map(shlex.split, sys.argv[1:])))
    probe = [*flags["cpp"], "-x", "c++", "-fsyntax-only", "-"]
    can_cpp = subprocess.run(probe, input=b"int main() {}", check=False).returncode == 0
    ran = dict.fromkeys(LANGUAGES, 0)
    with tempfile.TemporaryDirectory() as directory:
        for page in PAGES:
            text = pathlib.Path(page).read_text(encoding="utf-8")
            for example in re.finditer(rf"```({'|'.join(LANGUAGES)})\n(.*?)```", text, re.S):
                language, code = example.groups()
                number = sum(ran.values()) + 1
                print(f"{page}: {language} example {number}", flush=True)
                ran[language] += 1
                if language == "cpp" and not can_cpp:
                    print("NOT CHECKED: it (there is no C++ compiler)")
                    continue
                source = pathlib.Path(directory, f"example{number}.{language}")
                program = command(language, code, source, flags)
                store = f"sqlite:{directory}/{number}.db"
                environment = {**os.environ, **account(), "LPC_CONNECTOR_STORE": store}
                if re.search("Connector.from_env|lpc_connector_new|lpc::Connector", code):
                    run_for_ever(program, environment)
                    continue
                printed = subprocess.run(program, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
                sys.stdout.write(printed)
                if text.startswith(PRINTS, example.end()):
                    said = text[example.end() + len(PRINTS) :].split("```")[0]
                    if printed != said:
                        sys.exit(f"{page} says that it prints {said!r}")
    return 0 if all(ran.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
