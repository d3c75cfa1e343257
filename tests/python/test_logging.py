"""What clients log to `logging.getLogger("lpconnector")`."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

import pytest

import lpconnector
from conftest import Account
from lpconnector import Client

TRACE = 5
LOGGER = logging.getLogger("lpconnector")


class Records(logging.Handler):
    """Every record, and who gave it."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.asks: Optional[Client] = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.asks is not None:
            self.asks.stats()
        self.records.append(record)

    def levels(self) -> Counter[int]:
        return Counter(record.levelno for record in self.records)

    def text(self) -> str:
        return "\n".join(record.getMessage() for record in self.records)


@pytest.fixture
def records() -> Iterator[Records]:
    records, level = Records(), LOGGER.level
    LOGGER.addHandler(records)
    try:
        yield records
    finally:
        LOGGER.removeHandler(records)
        LOGGER.setLevel(level)


def talk(account: Account, client: Client) -> None:
    """Discovery, the two tokens, the opening, and a text that fails."""
    # A consumer has one open conversation.
    consumer = client.consumer(f"consumer {len(account.conversations())}")
    conversation = consumer.open()
    account.answer("send", status=503, body="down")
    with pytest.raises(lpconnector.ServerError):
        conversation.send_text("my own words")


@pytest.mark.parametrize(
    "level", [TRACE - 4, TRACE, logging.DEBUG, 15, logging.INFO, logging.WARNING, logging.ERROR, 50]
)
def test_levels(account: Account, records: Records, level: int) -> None:
    LOGGER.setLevel(level)
    client = account.client()
    talk(account, client)
    levels = records.levels()
    assert levels[logging.ERROR] == (level <= logging.ERROR)
    assert levels[logging.DEBUG] == 5 * (level <= logging.DEBUG)
    assert (levels[logging.INFO] > 0) is (level <= logging.INFO)
    assert (levels[TRACE] > 0) is (level <= TRACE)
    assert set(levels) <= {TRACE, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR}
    text = records.text()
    assert ("sending a text: the service answered 503" in text) is (level <= logging.ERROR)
    for secret in (
        account.client_secret,
        client.consumer("consumer 0").jws(),
        account.requests("send")[0]["headers"]["authorization"],
        "my own words",
    ):
        assert len(secret) > 10 and secret not in text


def test_the_level_of_the_making_counts(account: Account, records: Records) -> None:
    LOGGER.setLevel(logging.CRITICAL)
    quiet = account.client()
    LOGGER.setLevel(TRACE)
    talk(account, quiet)
    assert records.records == []
    loud = account.client()
    LOGGER.setLevel(logging.CRITICAL)
    talk(account, loud)
    assert records.records == []
    LOGGER.setLevel(logging.ERROR)
    talk(account, loud)
    assert records.levels() == {logging.ERROR: 1}


def test_what_does_not_pass_does_not_reach_python(
    account: Account, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(LOGGER, "log", lambda level, line: asked.append(level))
    LOGGER.setLevel(logging.INFO)
    talk(account, account.client())
    assert set(asked) == {logging.INFO, logging.ERROR}
    asked.clear()
    LOGGER.setLevel(logging.CRITICAL)
    talk(account, account.client())
    assert asked == []


def test_the_level_may_be_that_of_a_parent(
    account: Account, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    LOGGER.setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        talk(account, account.client())
    assert records.levels()[logging.DEBUG] == 5
    assert [record.getMessage() for record in caplog.records] == records.text().split("\n")


def test_a_record_tells_where_the_call_was_made(account: Account, records: Records) -> None:
    LOGGER.setLevel(logging.ERROR)
    talk(account, account.client())
    [record] = records.records
    assert record.name == "lpconnector"
    assert record.funcName == "talk"
    assert record.thread == threading.get_ident()


def test_a_line_is_not_a_format(account: Account, records: Records) -> None:
    LOGGER.setLevel(logging.ERROR)
    conversation = account.client().consumer("x").open()
    account.answer("send", status=400, body='{"title": "100%s %(name)s {}"}')
    with pytest.raises(lpconnector.Rejected):
        conversation.send_text("x")
    assert "100%s %(name)s {}" in records.text()


def test_a_handler_may_use_the_library(account: Account, records: Records) -> None:
    LOGGER.setLevel(TRACE)
    client = records.asks = account.client()
    talk(account, client)
    assert records.levels()[logging.DEBUG] == 5
    assert client.stats()["requests"] == 5


def test_a_handler_that_raises_disturbs_nothing(account: Account, records: Records) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise ValueError("no")

    LOGGER.setLevel(logging.DEBUG)
    unraisable: list[sys.UnraisableHookArgs] = []
    broken, before = Broken(), sys.unraisablehook
    sys.unraisablehook = unraisable.append
    LOGGER.addHandler(broken)
    try:
        talk(account, account.client())
    finally:
        LOGGER.removeHandler(broken)
        sys.unraisablehook = before
    assert len(unraisable) == len(records.records) >= 6
    assert all(isinstance(told.exc_value, ValueError) for told in unraisable)


def test_ctrl_c_in_a_handler_is_not_lost(account: Account, records: Records) -> None:
    class Interrupted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise KeyboardInterrupt

    LOGGER.setLevel(logging.DEBUG)
    conversation = account.client().consumer("x").open()
    interrupted = Interrupted()
    # What runs in the background may have been told to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    LOGGER.addHandler(interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            conversation.send_text("delivered")
            for _ in range(1000):  # The signal is seen between two steps of the interpreter.
                pass
    finally:
        LOGGER.removeHandler(interrupted)
        signal.signal(signal.SIGINT, before)
    assert account.texts() == ["delivered"]


def test_threads(account: Account, records: Records) -> None:
    LOGGER.setLevel(logging.DEBUG)
    client = records.asks = account.client()

    def open_and_send(number: int) -> int:
        client.consumer(f"consumer {number}").open().send_text("x")
        return threading.get_ident()

    with ThreadPoolExecutor(8) as pool:
        threads = set(pool.map(open_and_send, range(64)))
    assert records.levels()[logging.DEBUG] == len(account.requests()) == 2 + 64 * 3
    assert {record.thread for record in records.records} == threads


def run(account: Account, program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program, repr(account.options())]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_program_without_logging_prints_nothing(account: Account) -> None:
    account.answer("send", status=503)
    ran = run(
        account,
        """if True:
        import ast, sys, lpconnector
        client = lpconnector.Client.from_env(**ast.literal_eval(sys.argv[1]))
        try:
            client.consumer("x").open().send_text("x")
        except lpconnector.ServerError:
            print("failed")
        """,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "failed\n", "")


def test_a_program_may_end_while_threads_log(account: Account) -> None:
    ran = run(
        account,
        """if True:
        import ast, logging, sys, threading, lpconnector

        sending = threading.Semaphore(0)

        class Counted(logging.Handler):
            def emit(self, record):
                sending.release()

        logger = logging.getLogger("lpconnector")
        logger.setLevel(5)
        logger.addHandler(Counted())
        client = lpconnector.Client.from_env(**ast.literal_eval(sys.argv[1]))
        conversation = client.consumer("x").open()

        def send():
            while True:
                conversation.send_text("x")

        for _ in range(8):
            threading.Thread(target=send, daemon=True).start()
        for _ in range(100):
            sending.acquire()
        """,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
