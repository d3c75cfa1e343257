"""Runs the two-way conversation of examples/ in every language, each in a sandbox of its own, and
once with a wrong secret. What each must print is what tests/examples/demo.txt says of C, and each
must free what it was given. Numbers that a language has a copy of must be those of the header.
Programs of languages/ make calls that the conversation does not, beside copies of the files that
examples/README.md says to take over.

    languages.py [--install] SANDBOX

--install: install what is missing, with apt-get, where that is possible.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import counted

COUNTED = Path("target/counted").absolute()
COUNTS = COUNTED / "counts"
JNA = "/usr/share/java/jna.jar"
REFUSED = (
    "obtaining an AppJWT: the service answered 401: invalid_client: "
    "Account, client_id and client_secret do not match\n"
)
TAKEN_OVER = Path("target/languages/copies")  # from where ../../include is not the tree's
INSTALLED = ["/usr/local/include/lpconnector.h", "/usr/include/lpconnector.h"]
LOST = "LPC_CONNECT: sending a text: the connection to ADDRESS broke before an answer: it ended too soon"
CONNECTED = [
    "FAILED sms-1: the consumer has no open conversation",
    "OPENED +49151",
    "SENT sms-2",
    "SENT sms-3",
    "lpconnector_connector_sent_total 2",
]
SENT = [
    '{"contentType": "text/plain", "message": "lost", "type": "ContentEvent"}',
    '{"sequenceList": [0, 3], "status": "READ", "type": "AcceptStatusEvent"}',
]
# "Hi" opened its conversation.
SENT_BY_CONNECTOR = r'{"contentType": "text/plain", "message": "Gr\u00fc\u00dfe", "type": "ContentEvent"}'


@dataclass(frozen=True)
class Language:
    name: str
    source: str
    command: list[str]
    target: str = ""  # what make builds first
    needs: dict[str, str] = field(default_factory=dict)  # how to get it: a command that fails without it
    error: str = "starting: LPC_UNAUTHORIZED"
    over_c: bool = True
    calls: list[str] = field(default_factory=list)  # its program of languages/
    told: list[str] = field(default_factory=list)  # what that prints, and then what it sent
    reads_header: bool = False


LANGUAGES = [
    Language("C", "examples/c/two_way.c", ["target/c/two_way"], "target/c/two_way"),
    Language(
        "C++",
        "examples/cpp/two_way.cpp",
        ["target/cpp/two_way"],
        "target/cpp/two_way",
        {"apt-get install g++": "g++ --version"},
    ),
    Language(
        "Python",
        "examples/python/two_way.py",
        [".venv/bin/python", "examples/python/two_way.py"],
        ".venv/installed",
        error="Unauthorized",
        over_c=False,
    ),
    Language(
        "COBOL",
        "examples/cobol/two_way.cob",
        ["target/cobol/two_way"],
        "target/cobol/two_way target/cobol/calls",
        {"apt-get install gnucobol3": "cobc --version"},
        calls=["target/cobol/calls"],
        told=[*CONNECTED, SENT_BY_CONNECTOR, SENT_BY_CONNECTOR],
    ),
    Language(
        "Java",
        "examples/java/TwoWay.java",
        ["java", "-cp", f"{JNA}:target/java", "TwoWay"],
        "target/java/TwoWay.class",
        {
            "apt-get install default-jdk-headless": "javac -version",
            "apt-get install libjna-java": f"test -e {JNA}",
        },
        calls=["java", "-cp", f"{JNA}:target/java", "tests/languages/Calls.java"],
        told=[LOST, *CONNECTED, *SENT, SENT_BY_CONNECTOR],
    ),
    Language(
        "Perl",
        "examples/perl/two_way.pl",
        ["perl", "examples/perl/two_way.pl"],
        needs={"apt-get install libffi-platypus-perl": "perl -MFFI::Platypus=2.00 -e 1"},
        calls=["perl", f"{TAKEN_OVER}/calls.pl"],
        told=[
            "LPC_CONFIG: unknown option 'no.such'",
            "LPC_CONFIG false",
            "LPC_INVALID_ARGUMENT",
            LOST,
            "LPC_CONNECT true",
            *CONNECTED,
            *SENT,
            '{"contentType": "text/plain", "message": "Hi", "type": "ContentEvent"}',
            '{"content": {"text": "Hi", "type": "text"}, "type": "RichContentEvent"}',
            '{"chatState": "COMPOSING", "type": "ChatStateEvent"}',
            SENT_BY_CONNECTOR,
        ],
    ),
    Language(
        "Node.js",
        "examples/nodejs/two_way.js",
        ["node", "examples/nodejs/two_way.js"],
        needs={
            "apt-get install nodejs": "node --version",
            "apt-get install npm": "npm --version",
            "npm install koffi": "make --silent target/nodejs/installed",
        },
        calls=["node", f"{TAKEN_OVER}/calls.js"],
        told=[
            f"{LOST} LPC_CONNECT true",
            "LPC_CONFIG: unknown option 'no.such' LPC_CONFIG false",
            '{"body": {"changes": []}}',
            *CONNECTED,
            *SENT,
            SENT_BY_CONNECTOR,
        ],
        reads_header=True,
    ),
    Language(
        "Lua",
        "examples/lua/two_way.lua",
        ["luajit", "examples/lua/two_way.lua"],
        needs={"apt-get install luajit": "luajit -v"},
        calls=["luajit", f"{TAKEN_OVER}/calls.lua"],
        told=[LOST, *CONNECTED, *SENT, SENT_BY_CONNECTOR],
        reads_header=True,
    ),
]

HEADER = "include/lpconnector.h", r"^#define LPC_(?!VERSION_)(\w+) (\d+)$"
COPIES = [
    ("examples/cobol/lpconnector.cpy", r"^78 +lpc-([\w-]+) +value (\d+)\.$"),
    ("examples/java/Lpc.java", r"\b([A-Z_]+) = (\d+)"),
    ("examples/perl/LPConnector.pm", r"\bLPC_(\w+) => (\d+)"),
]


def numbers(source: str, pattern: str) -> set[tuple[str, str]]:
    found = re.findall(pattern, Path(source).read_text(encoding="utf-8"), re.M)
    return {(name.upper().replace("-", "_"), number) for name, number in found}


def works(command: str) -> bool:
    return subprocess.run(command, shell=True, capture_output=True, check=False).returncode == 0


def missing(language: Language) -> list[str]:
    """How to get what is not there."""
    return [how for how, probe in language.needs.items() if not works(probe)]


def install() -> None:
    wanted = [how for language in LANGUAGES for how in missing(language) if how.startswith("apt-get")]
    as_root = "" if os.geteuid() == 0 else "sudo -n "
    if not wanted or not shutil.which("apt-get") or not works(f"{as_root}true"):
        return
    works(f"{as_root}apt-get update -qq")
    # One by one, because a distribution may lack one of them.
    for how in wanted:
        print(how, flush=True)
        works(f"{as_root}env DEBIAN_FRONTEND=noninteractive {how} -y -qq --no-install-recommends")


def expected(language: Language) -> str:
    """The language's own section of the demo, or that of C."""
    parts = re.split(r"^== (.*)\n", Path("tests/examples/demo.txt").read_text(encoding="utf-8"), flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2]))
    own = sections.get(f"{language.name}: {language.source}")
    if own is None:
        own = sections["C: examples/c/two_way.c"].replace("the C example", f"the {language.name} example")
    return own.rstrip("\n") + "\n"


def same_each_time(output: str) -> str:
    output = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", output)
    return re.sub(r"127\.0\.0\.1:[0-9]+", "ADDRESS", output)


def run(language: Language, sandbox: str, command: list[str]) -> tuple[int, str, str]:
    """How the program ended, what it printed, and after its errors what it did not free."""
    agent = ["--tls", "--quiet", "--receiver", "--agent", "examples/agent.json"]
    COUNTS.write_text("", encoding="utf-8")
    places = {  # where the languages look for the library, and Node.js for koffi
        "LD_LIBRARY_PATH": str(COUNTED),
        "NODE_PATH": "target/nodejs/node_modules",
        "COUNTS": str(COUNTS),
    }
    done = subprocess.run(
        [sandbox, *agent, "--", *command],
        env={**os.environ, **places},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    counts = Counter(COUNTS.read_text(encoding="utf-8").split())
    kinds = {line[1:] for line in counts}
    told = [f"not freed: {kind}\n" for kind in sorted(kinds) if counts[f"+{kind}"] != counts[f"-{kind}"]]
    if language.over_c and "config" not in kinds:
        told.append("the counting library was not used\n")
    return done.returncode, same_each_time(done.stdout), done.stderr + "".join(told)


def differs(ended: tuple[int, str, str], printed: str) -> str:
    """How a run ended other than well, having printed this; empty if it did not."""
    status, output, error = ended
    if ended == (0, printed, ""):
        return ""
    lines = printed.splitlines(), output.splitlines()
    difference = "\n".join(difflib.unified_diff(*lines, "expected", "printed", lineterm=""))
    return f"exit status {status}\n{error}{difference}"


def wrong_calls(language: Language, sandbox: str) -> str:
    """What is wrong with its program of languages/; empty if nothing is, or there is none."""
    if not language.calls:
        return ""
    # A copy has no header where the tree has it.
    header = ["env", "LPC_HEADER=include/lpconnector.h"] if language.reads_header else []
    command = [sys.executable, "tests/languages/recorded.py", *header, *language.calls]
    trouble = differs(run(language, sandbox, command), "\n".join(language.told) + "\n")
    if trouble or not language.reads_header:
        return trouble
    missing_headers = {"/nowhere/lpconnector.h": "looked for /nowhere/lpconnector.h; LPC_HEADER can name it"}
    if not any(map(os.path.exists, INSTALLED)):
        missing_headers[""] = f"/include/lpconnector.h, {', '.join(INSTALLED)}; LPC_HEADER can name it"
    for named, message in missing_headers.items():
        status, output, error = run(language, sandbox, ["env", f"LPC_HEADER={named}", *language.calls])
        if status != 1 or output or "no header: " not in error or message not in error:
            return f"LPC_HEADER={named}: exit status {status}\n{output}{error}"
    return ""


def wrong(language: Language, sandbox: str) -> str:
    """What is wrong with the language's program; empty if nothing is."""
    if language.target:
        made = subprocess.run(["make", "--silent", *language.target.split()], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            return made.stdout + made.stderr
    trouble = differs(run(language, sandbox, language.command), expected(language))
    if trouble:
        return trouble
    status, output, error = run(language, sandbox, ["env", "LPC_CLIENT_SECRET=wrong", *language.command])
    # 126 and 127: not started; above: ended by a signal.
    if not 0 < status < 126 or output or error != f"{language.error}: {REFUSED}":
        return f"with a wrong secret: exit status {status}\n{output}{error}"
    trouble = wrong_calls(language, sandbox)
    return f"{language.calls[-1]}: {trouble}" if trouble else ""


def main() -> int:
    if "--install" in sys.argv:
        install()
    counted.make(Path(sys.argv[-1]).absolute().parent, COUNTED)
    TAKEN_OVER.mkdir(parents=True, exist_ok=True)
    copied = "perl/LPConnector.pm", "nodejs/lpconnector.js", "lua/lpconnector.lua"
    for source in *Path("tests/languages").glob("calls.*"), *(Path("examples", name) for name in copied):
        shutil.copy(source, TAKEN_OVER)
    failed = False
    for source, pattern in COPIES:
        different = numbers(source, pattern) ^ numbers(*HEADER)
        failed = failed or different != set()
        verdict = f"FAILED: {source}: not as in {HEADER[0]}: {sorted(different)}" if different else f"ok: {source}"
        print(verdict, flush=True)
    for language in LANGUAGES:
        lacking = missing(language)
        if lacking:
            print(f"NOT CHECKED: {language.name} (not installed; to have it: {', '.join(lacking)})", flush=True)
            continue
        trouble = wrong(language, sys.argv[-1])
        failed = failed or trouble != ""
        print(f"FAILED: {language.source}: {trouble}" if trouble else f"ok: {language.source}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
