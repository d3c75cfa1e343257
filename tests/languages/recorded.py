"""Runs a command in a sandbox that gives its first SEND no answer, and prints what the command printed
and, after it, the event of each SEND that the sandbox recorded.

    lpc-sandbox ... -- recorded.py COMMAND...
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from urllib.request import Request, urlopen

ACCOUNT = f"{os.environ['LPC_SANDBOX_CONTROL']}/accounts/{os.environ['LPC_ACCOUNT_ID']}"


def main() -> int:
    urlopen(Request(f"{ACCOUNT}/answers", json.dumps({"route": "send", "lose": True}).encode())).close()
    status = subprocess.run(sys.argv[1:], check=False).returncode
    with urlopen(f"{ACCOUNT}/requests") as answer:
        sends = [json.loads(request["body"]) for request in json.load(answer) if request["route"] == "send"]
    for send in sends:
        print(json.dumps(send["body"]["event"], sort_keys=True))
    return status


if __name__ == "__main__":
    sys.exit(main())
