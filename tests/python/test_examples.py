"""The examples run, from beginning to end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import Account

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
PNG = b"\x89PNG\r\n\x1a\n"


def run(account: Account, example: str, *arguments: str) -> str:
    settings = {f"LPC_{name.upper()}": str(value) for name, value in account.options().items()}
    # Warnings are errors, as in the tests.
    command = [sys.executable, "-W", "error", str(EXAMPLES / example), *arguments]
    ran = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and ran.stderr == "", ran.stdout + ran.stderr
    return ran.stdout


def test_first_conversation(account: Account) -> None:
    assert "conversation closed" in run(account, "first_conversation.py")
    assert len(account.texts()) == 3


def test_everything(account: Account) -> None:
    stored = account.put_file(PNG + bytes(1000), "PNG")
    out = run(account, "everything.py", "Jane", stored)
    assert "1008 of 1008 bytes" in out
    assert out.endswith("ten conversations at once\n")
    assert [held["state"] for held in account.conversations()] == ["CLOSE"] * 12


def test_the_example_uses_everything() -> None:
    import lpconnector

    text = (EXAMPLES / "everything.py").read_text(encoding="utf-8")
    for cls in (lpconnector.Client, lpconnector.Consumer, lpconnector.Conversation):
        for name in dir(cls):
            # Here, `with` ends the client.
            assert name.startswith("_") or f".{name}" in text or name == "shutdown"
