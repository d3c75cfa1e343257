"""Ctrl-C, and other signals, while the main thread waits in a call."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conftest import Account

# It says when the wait has begun, and what came of it; then it sends once more.
CHILD = """
import signal, sys, time
from lpconnector import Client, Closed, LpcError

class Ended(Exception):
    pass

def end(number, frame):
    raise Ended

signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
seen = []
what, options = sys.argv[1], eval(sys.argv[2])
client = Client.from_env(**options)
consumer = client.consumer(sys.argv[3])
conversation = consumer.open() if what in ("send", "inside") else None
if what == "inside":
    def refused(number, frame):
        try:
            conversation.send_text("inside")
        except LpcError as error:
            print(type(error).__name__, flush=True)
        raise Ended
    signal.signal(signal.SIGTERM, refused)
print("waits", flush=True)
try:
    conversation.send_text("one") if conversation else consumer.open(first_message="one")
except (KeyboardInterrupt, Ended) as caught:
    ended = time.monotonic()
    why = caught.__context__
    print(type(caught).__name__, type(why).__name__, why.maybe_delivered, ended, flush=True)
print(len(seen), flush=True)
sys.stdin.readline()
conversation = conversation or consumer.open()
print(conversation.send_text("again").code, flush=True)
"""

# A signal arrives while a function of the program runs that the call under way calls.
INSIDE = """
import logging, os, signal, sys
from lpconnector import Client

number = getattr(signal, sys.argv[1])
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended"))

def interrupted(*_):
    if where:
        where.clear()
        os.kill(os.getpid(), number)
        for _ in range(100):
            pass

class Lines(logging.Handler):
    emit = interrupted

logger = logging.getLogger("lpconnector")
logger.setLevel(logging.DEBUG)
with Client.from_env(**eval(sys.argv[3])) as client:
    conversation = client.consumer("x").open()
    where = [sys.argv[2]]
    if where == ["line"]:
        logger.addHandler(Lines())
    else:
        conversation.set_progress(interrupted)
    try:
        conversation.send_file_bytes(b"\\xff\\xd8\\xff" + bytes(1_000_000), "JPEG")
        print("went on", flush=True)
    except BaseException as raised:
        print(type(raised).__name__, flush=True)
    print(conversation.send_text("again").code, flush=True)
"""


@contextmanager
def child(what: str, account: Account, **options: object) -> Iterator[subprocess.Popen[str]]:
    given = {**account.options(), **options}
    command = [sys.executable, "-c", CHILD, what, repr(given), f"consumer {what}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def go_on(running: subprocess.Popen[str]) -> None:
    assert running.stdin is not None
    running.stdin.write("\n")
    running.stdin.flush()


def until_asked(account: Account, route: str, count: int = 1) -> None:
    deadline = time.monotonic() + 60
    while len(account.requests(route)) < count:
        assert time.monotonic() < deadline, f"no request to {route}"
        time.sleep(0.01)


def is_quick(told: str, since: float) -> None:
    # Measured on one clock; far below what the call itself would take, whatever the machine does.
    took = float(told) - since
    print(f"ended after {took * 1000:.0f} ms")
    assert took < 5


@pytest.mark.parametrize(
    "number, name", [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "Ended")]
)
def test_a_send_that_waits_for_its_answer(account: Account, number: int, name: str) -> None:
    account.answer("send", stall=True)
    with child("send", account) as running:
        assert line(running) == "waits"
        until_asked(account, "send")
        since = time.monotonic()
        running.send_signal(number)
        raised, why, delivered, ended = line(running).split()
        assert (raised, why, delivered) == (name, "Closed", "True")
        is_quick(ended, since)
        assert line(running) == "0"
        # The client stays usable.
        go_on(running)
        assert line(running) == "OK"


def test_an_opening_that_waits_for_another_attempt(account: Account) -> None:
    account.answer("token", status=503, body="down")
    options = {"retry_max_attempts": 4, "retry_backoff_ms": 40_000}
    with child("open", account, **options) as running:
        assert line(running) == "waits"
        until_asked(account, "token")
        since = time.monotonic()
        running.send_signal(signal.SIGINT)
        raised, why, delivered, ended = line(running).split()
        assert (raised, why, delivered) == ("KeyboardInterrupt", "Closed", "False")
        is_quick(ended, since)
        assert line(running) == "0"
        go_on(running)
        assert line(running) == "OK"


def test_an_opening_that_waits_for_a_connection(account: Account) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        there = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with child("open", account, domain_api_url=there, connect_timeout_ms=50_000) as running:
            assert line(running) == "waits"
            # Nobody answers in the TLS handshake.
            with silent.accept()[0]:
                since = time.monotonic()
                running.send_signal(signal.SIGINT)
                raised, why, delivered, ended = line(running).split()
                assert (raised, why, delivered) == ("KeyboardInterrupt", "Closed", "False")
                is_quick(ended, since)


def test_a_handler_that_raises_nothing_ends_no_call(account: Account) -> None:
    account.answer("token", status=503, body="down")
    options = {"retry_max_attempts": 2, "retry_backoff_ms": 1000}
    with child("open", account, **options) as running:
        assert line(running) == "waits"
        until_asked(account, "token")
        running.send_signal(signal.SIGUSR1)
        # The handler ran, and the call went on.
        assert line(running) == "1"
    assert account.texts() == ["one"]


def test_a_handler_that_sends_is_refused(account: Account) -> None:
    account.answer("send", stall=True)
    with child("inside", account) as running:
        assert line(running) == "waits"
        until_asked(account, "send")
        running.send_signal(signal.SIGTERM)
        assert line(running) == "InvalidArgument"
        assert line(running).split()[:2] == ["Ended", "Closed"]


@pytest.mark.parametrize(
    "number, name", [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "SystemExit")]
)
@pytest.mark.parametrize("where", ["line", "progress"])
def test_a_signal_inside_a_log_handler_or_progress_function(
    account: Account, number: str, name: str, where: str
) -> None:
    command = [sys.executable, "-c", INSIDE, number, where, repr(account.options())]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ended.stdout, ended.stderr) == (f"{name}\nOK\n", "")
