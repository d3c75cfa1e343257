"""Runs docs/migration.md: the shell, C and Python pieces of the page are one program each, with an
account of its own, where one message is answered first with 503 and then as with an expired AppJWT.
All must leave the same conversation at the service.

    migration.py PYTHON COMPILER [FLAGS…] -- [LINKER FLAGS…]      (inside a sandbox with TLS)
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

CONTROL = os.environ["LPC_SANDBOX_CONTROL"]
EXPIRED = json.dumps({"kind": "resp", "code": 401, "body": {"title": "Invalid AppJWT", "errorCode": 40102}})
FAULTS = [{"route": "send", "status": 503}, {"route": "send", "status": 401, "body": EXPIRED}]
WEBHOOK = json.dumps({"body": {"changes": []}, "kind": "notification", "type": "Grüße"}, ensure_ascii=False)
TRY_AGAIN = "## Try again"
# What a web server would hand to the pieces.
C_WEBHOOK = """
const char *secret = getenv("LPC_CLIENT_SECRET"), *signature = getenv("signature");
static uint8_t body[1000];
FILE *file = fopen("webhook.json", "rb");
size_t len = fread(body, 1, sizeof body, file);
fclose(file);
"""
# Sends: a text, two for the file, three for the text with the faults, the end.
EXPECTED = """\
token: 2 requests
send: 7 requests
{"contentType": "text/plain", "message": "I said \\"help\\"", "type": "ContentEvent"}
{"contentType": "hosted/file", "message": {"caption": "A photo", "fileType": "PNG", "relativePath": PATH}, "type": "ContentEvent"}
{"contentType": "text/plain", "message": "Are you there?", "type": "ContentEvent"}
CLOSE"""
EXPECTED_OF_LIBCURL = """\
token: 1 requests
send: 2 requests
{"contentType": "text/plain", "message": "I need a hand", "type": "ContentEvent"}
CLOSE"""
PYTHON_WEBHOOK = """
signature, body = os.environ["signature"], open("webhook.json", "rb").read()
"""


def control(path: str, body: Any = None, method: str = "POST") -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{CONTROL}/accounts{path}", data, headers, method=method)) as answer:
        return json.load(answer)


def pieces(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def programs(page: str) -> dict[str, str]:
    before, after = page.split(TRY_AGAIN)
    queue = "".join(
        f"curl --silent --fail '{CONTROL}/accounts/'$LPC_ACCOUNT_ID/answers --data '{json.dumps(fault)}'\n"
        for fault in FAULTS
    )
    # The pauses are noted, and not made.
    shell = ["sleep() { echo $1 >> pauses; }\n", *pieces(before, "bash"), queue, *pieces(after, "bash")]
    start, *main = pieces(page, "c")
    imports, *python = pieces(page, "python")
    return {
        "by_hand.sh": "".join(shell),
        "in_c.c": f"{start}int main(void)\n{{{C_WEBHOOK}{''.join(main)}return 0;\n}}\n",
        "in_python.py": "".join([imports, PYTHON_WEBHOOK, *python]),
        "with_libcurl.c": "".join(pieces(page, "c libcurl")),
    }


def left(account: str) -> str:
    """What the service was told, without what differs each time."""
    requests = control(f"/{account}/requests", method="GET")
    lines = [f"{route}: {sum(each['route'] == route for each in requests)} requests" for route in ("token", "send")]
    for conversation in control(f"/{account}/conversations", method="GET"):
        lines += [json.dumps(event["event"], sort_keys=True) for event in conversation["events"]]
        lines.append(conversation["state"])
    return re.sub(r'"/v1/[^"]*"', "PATH", "\n".join(lines))


def missing(name: str, compiler: list[str]) -> list[str]:
    if name == "by_hand.sh":
        return [tool for tool in ("bash", "curl", "jq", "openssl") if not shutil.which(tool)]
    if name == "with_libcurl.c":
        includes = "#include <curl/curl.h>\n#include <cjson/cJSON.h>\n"
        probe = [compiler[0], "-fsyntax-only", "-x", "c", "-"]
        done = subprocess.run(probe, input=includes, text=True, capture_output=True, check=False)
        return [] if done.returncode == 0 else ["libcurl4-openssl-dev, libcjson-dev"]
    return []


def main() -> int:
    split = sys.argv.index("--")
    python, compiler, link = sys.argv[1], sys.argv[2:split], sys.argv[split + 1 :]
    page = Path("docs/migration.md").read_text(encoding="utf-8")
    failed = False
    for name, code in programs(page).items():
        lacking = missing(name, compiler)
        if lacking:
            print(f"NOT CHECKED: docs/migration.md, {name} (not installed: {' '.join(lacking)})", flush=True)
            continue
        account = control("", {})
        faults = FAULTS if name.startswith("in_") else []
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory, name)
            source.write_text(code, encoding="utf-8")
            Path(directory, "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n and the rest of a photo")
            Path(directory, "webhook.json").write_text(WEBHOOK, encoding="utf-8")
            command = {".sh": ["bash", name], ".py": [python, name]}.get(source.suffix, ["./program"])
            if source.suffix == ".c":
                libraries = ["-lcurl", "-lcjson"] if "libcurl" in name else link
                subprocess.run([*compiler, str(source), *libraries, "-o", f"{directory}/program"], check=True)
            for fault in faults:
                control(f"/{account['id']}/answers", fault)
            sign = control(f"/{account['id']}/sign", {"body": WEBHOOK})
            environment = {
                **os.environ,
                **account["variables"],
                "CURL_CA_BUNDLE": os.environ["LPC_TLS_CA_FILE"],
                "LPC_RETRY_BACKOFF_MS": "1",
                "signature": sign["signature"],
            }
            done = subprocess.run(command, cwd=directory, env=environment, check=False, stdout=subprocess.DEVNULL)
            pauses = Path(directory, "pauses")
            paused = pauses.read_text(encoding="utf-8") if name == "by_hand.sh" and pauses.exists() else "5\n"
        told, expected = left(account["id"]), EXPECTED_OF_LIBCURL if "libcurl" in name else EXPECTED
        right = (done.returncode, told, paused) == (0, expected, "5\n")
        failed = failed or not right
        wrong = f"FAILED: docs/migration.md, {name}: exit status {done.returncode}, pauses {paused}{told}"
        print(f"ok: docs/migration.md, {name}" if right else wrong, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
