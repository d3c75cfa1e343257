"""The examples run, from beginning to end."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import httpx
import pytest

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


def test_kiosk(listening: Account, tmp_path: Path) -> None:
    text: dict[str, Any] = {"wait_for": "text"}
    says: list[dict[str, Any]] = [{"type": True}, {"say": "Which?"}, text, {"close": True}]
    listening.script([text, *says])
    options = {**listening.options(), **listening.receiver_options()}
    options["connector_store"] = f"sqlite:{tmp_path / 'queue.db'}"
    settings = {f"LPC_{name.upper()}": str(value) for name, value in options.items()}
    kiosk = subprocess.Popen(
        [sys.executable, "-W", "error", str(EXAMPLES / "kiosk.py"), "Jane"],
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert kiosk.stdin is not None and kiosk.stdout is not None

    def types(line: str) -> None:
        assert kiosk.stdin is not None
        kiosk.stdin.write(f"{line}\n")
        kiosk.stdin.flush()

    def shown() -> str:
        assert kiosk.stdout is not None
        return kiosk.stdout.readline().rstrip("\n")

    with kiosk:
        try:
            types("Hi")
            assert [shown() for _ in range(3)] == ["you: Hi", "(the agent types)", "agent: Which?"]
            types("This")
            assert shown() == "you: This"
            assert shown().startswith("(the conversation is over; ")
            types("/rate much")
            assert "/rate" not in shown()
            types("/rate 5")
            assert shown() == "you: /rate 5"
            kiosk.stdin.close()
            assert kiosk.stdout.read() == "" and kiosk.wait() == 0
        finally:
            kiosk.kill()
    [held] = listening.conversations()
    assert held["consumer"]["ext_consumer_id"] == "Jane" and held["rating"]["csatRate"] == 5


def test_a_web_server_of_its_own(listening: Account) -> None:
    listening.agent("echo")
    receiver = listening.receiver_options()
    # It has no TLS.
    listening.webhook(url=f"http://{receiver['receiver_listen']}/")
    options = {**listening.options(), **receiver, "connector_store": "memory"}
    settings = {f"LPC_{name.upper()}": str(value) for name, value in options.items()}
    channel = subprocess.Popen(
        [sys.executable, "-W", "error", str(EXAMPLES / "own_web_server.py")],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert channel.stdout is not None
    with channel:
        try:
            assert channel.stdout.readline() == "SMS to +4915112345678: You said: Hi\n"
            address = settings["LPC_RECEIVER_LISTEN"]
            with pytest.raises(HTTPError, match="401"):
                urlopen(Request(f"http://{address}/", b"{}", {"x-liveperson-signature": "sha1=x"}))
        finally:
            channel.kill()


def post_flask(app: Any, body: bytes, headers: dict[str, str]) -> int:
    return int(app.test_client().post("/webhook", data=body, headers=headers).status_code)


def post_fastapi(app: Any, body: bytes, headers: dict[str, str]) -> int:
    async def post() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return (await client.post("/webhook", content=body, headers=headers)).status_code

    return asyncio.run(post())


@pytest.mark.parametrize("framework", ["flask", "fastapi"])
def test_webhooks(
    account: Account,
    framework: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("LPC_CLIENT_SECRET", account.client_secret)
    example = importlib.import_module(f"webhook_{framework}")
    post = post_flask if framework == "flask" else post_fastapi

    def status(body: bytes, signature: str) -> int:
        return post(example.app, body, {"X-LivePerson-Signature": signature})

    text = {"type": "ContentEvent", "message": "Grüße"}
    agent = {"conversationId": "c-1", "originatorMetadata": {"role": "AGENT"}, "event": text}
    consumer = {**agent, "originatorMetadata": {"role": "CONSUMER"}}
    body = json.dumps({"body": {"changes": [agent, consumer]}}).encode()
    assert status(body, account.sign(body)) == 200
    assert capsys.readouterr().out == "c-1: Grüße\n"
    assert status(body + b" ", account.sign(body)) == 401
    # A refusal would hold back all that follows.
    assert status(b"no JSON", account.sign(b"no JSON")) == 200
    assert capsys.readouterr().out == "not to be read: 7 bytes\n"
