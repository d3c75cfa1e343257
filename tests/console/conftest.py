"""A browser with the console open, for an account that only one test uses; run by
`lpc-sandbox --console -- pytest`. CHROMIUM, SMS_GATEWAY, CHAT and SANDBOX name the browser, the C programs and the sandbox."""

import http.server
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from consumer import Consumer, request
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CONTROL = os.environ["LPC_SANDBOX_CONTROL"]
PICTURES = Path(__file__).resolve().parents[2] / "target" / "console"
# A busy machine is slow, and no test waits for it to be quick.
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)


class Account:
    def __init__(self) -> None:
        self.made = request("POST", f"{CONTROL}/accounts", {"receiver": True})
        self.id: str = self.made["id"]
        # Nobody listens at the receiver unless a test lets the C program do it.
        self.call("DELETE", "webhook")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return request(method, f"{CONTROL}/accounts/{self.id}/{path}", body)

    def consumer(self, name: str) -> Consumer:
        return Consumer(CONTROL, self.made, name)

    def step(self, consumer: Consumer, **step: Any) -> Any:
        return self.call("POST", f"conversations/{consumer.conversation}/agent", step)


class Program:
    """One in C, on a connector."""

    def __init__(self, path: str, account: Account) -> None:
        options = {"CONNECTOR_STORE": "memory", "CONNECTOR_PAUSE_MS": "20", "FEATURES": "MULTI_DIALOG"}
        environment = {**os.environ, **account.made["variables"], **{f"LPC_{name}": it for name, it in options.items()}}
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.lines: "queue.Queue[str]" = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")

    def until(self, wanted: str) -> str:
        while wanted not in (line := self.lines.get(timeout=PATIENCE_MS / 1000)):
            pass
        return line

    def end(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE_MS / 1000)
        self.process.stdout.close()


class Gateway(Program):
    """Texts go in, and what agents say comes out."""

    def text(self, key: str, number: str, text: str) -> None:
        self.type(f"{key}\t{number}\t{text}")


class Endpoint(http.server.ThreadingHTTPServer):
    """Receives notifications; answers with the given statuses, and then with 200."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Notified)
        self.statuses = [*statuses]
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Notified(http.server.BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    # A name that an attacker's server would change to the loopback address; and Chromium's sandbox refuses to run as root.
    options = ["--host-resolver-rules=MAP rebound.example 127.0.0.1", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=options)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def page(context: BrowserContext, account: Account) -> Iterator[Page]:
    """Fails where a script fails, the policy is broken, or something else is asked for."""
    page = context.new_page()
    wrong: "list[str]" = []
    page.on("pageerror", lambda error: wrong.append(f"{error}"))
    page.on("console", lambda it: wrong.append(it.text) if "Content Security Policy" in it.text or "Trusted" in it.text else None)
    page.on("request", lambda it: wrong.append(it.url) if not it.url.startswith((CONTROL + "/", "data:", "blob:")) else None)
    page.on("dialog", lambda dialog: (wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
    look(page, account)
    yield page
    assert not wrong


def look(page: Page, account: Account) -> None:
    page.goto(f"{CONTROL}/#account={account.id}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


@pytest.fixture
def gateway(account: Account) -> Iterator[Gateway]:
    account.call("PUT", "webhook", {})
    gateway = Gateway(os.environ["SMS_GATEWAY"], account)
    yield gateway
    gateway.end()


@pytest.fixture
def chat(account: Account) -> Iterator[Program]:
    account.call("PUT", "webhook", {})
    chat = Program(os.environ["CHAT"], account)
    yield chat
    chat.end()
