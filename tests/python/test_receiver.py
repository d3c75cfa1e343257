"""A receiver, to which the sandbox delivers what happens in conversations."""

from __future__ import annotations

import gc
import http.client
import json
import logging
import multiprocessing
import selectors
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional, Union

import pytest

import lpconnector
from conftest import Account
from lpconnector import Closed, EventKind, Notification, Receiver, Status, parse_notification

SECRET = "k3y-0f-an-app"
# So long only what a test does can end a wait.
HOUR = 3600.0


def body(number: int) -> bytes:
    text = {"type": "ContentEvent", "message": str(number)}
    change = {"sequence": number, "conversationId": "c-1", "event": text}
    return json.dumps({"body": {"changes": [change]}}).encode()


def number(notification: Optional[Notification]) -> int:
    assert notification is not None
    [event] = notification.events
    return int(event.text)


def post(receiver: Receiver, body: bytes, signature: str, account_id: str = "") -> int:
    """Posts to a receiver without TLS; gives the status of its answer."""
    request = urllib.request.Request(receiver.url, data=body, method="POST")
    request.add_header("x-liveperson-signature", signature)
    if account_id:
        request.add_header("x-liveperson-account-id", account_id)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def alone(**options: Any) -> Receiver:
    return Receiver(receiver_secret=SECRET, **options)


def signed(account: Account, **options: Any) -> Receiver:
    """One to which a test posts by itself."""
    return Receiver(client_secret=account.client_secret, **options)


@pytest.fixture
def receiver(listening: Account) -> Iterator[Receiver]:
    with Receiver(**listening.receiver_options()) as receiver:
        yield receiver


def test_a_conversation_with_an_agent(listening: Account, receiver: Receiver) -> None:
    listening.agent("echo")
    with listening.client() as client:
        consumer = client.consumer("x")
        conversation = consumer.open()
        conversation.send_text("Grüße, 世界 🎈")
        kinds = set()
        for notification in receiver:
            receiver.ack(notification)
            for event in notification.events:
                kinds.add(event.kind)
                assert event.conversation_id == conversation.id
                if event.kind is EventKind.TEXT and event.originator_id == consumer.lp_id():
                    assert event.originator_role == "CONSUMER"
                elif event.kind is EventKind.TEXT:
                    assert event.originator_role == "ASSIGNED_AGENT"
                    assert event.text == "You said: Grüße, 世界 🎈"
                    receiver.shutdown()
    assert EventKind.CONVERSATION in kinds and EventKind.ACCEPT_STATUS in kinds


def test_url_and_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with alone(receiver_path="/hooks", receiver_tls_cert_file=None) as receiver:
        assert receiver.url.startswith("http://127.0.0.1:") and receiver.url.endswith("/hooks")
        taken = receiver.url.split("/")[2]
        with pytest.raises(lpconnector.LpcError, match="cannot listen") as caught:
            alone(receiver_listen=taken)
        assert caught.value.status is Status.IO
        assert repr(receiver) == f'<lpconnector.Receiver url="{receiver.url}">'
    # It is free again.
    alone(receiver_listen=taken).shutdown()
    file = tmp_path / "lp.conf"
    file.write_text(f"receiver.secret = {SECRET}\nreceiver.path = /file\n")
    with Receiver.from_file(file, receiver_queue_max=5) as receiver:
        assert receiver.url.endswith("/file")
    with Receiver.from_file(str(file), receiver_path="/keyword") as receiver:
        assert receiver.url.endswith("/keyword")
    monkeypatch.setenv("LPC_RECEIVER_PATH", "/environment")
    with Receiver.from_env(receiver_secret=SECRET) as receiver:
        assert receiver.url.endswith("/environment")


def test_bad_options(monkeypatch: pytest.MonkeyPatch) -> None:
    for make in (Receiver, Receiver.from_env):
        monkeypatch.delenv("LPC_CLIENT_SECRET", raising=False)
        with pytest.raises(lpconnector.ConfigError, match="receiver.secret"):
            make()
    with pytest.raises(lpconnector.ConfigError, match="enqueue or manual"):
        alone(receiver_ack="later")
    with pytest.raises(lpconnector.ConfigError, match="did you mean 'receiver_listen'"):
        alone(receiver_listn="x")
    with pytest.raises(TypeError, match="receiver_secret"):
        Receiver(receiver_secret=SECRET.encode())  # type: ignore[arg-type]


def test_several_secrets(account: Account) -> None:
    with Receiver(receiver_secret=["another", account.client_secret]) as receiver:
        assert post(receiver, body(1), account.sign(body(1))) == 200
        assert number(receiver.poll()) == 1


def test_only_what_is_signed_arrives(account: Account) -> None:
    with signed(account, receiver_body_max_bytes=1024) as receiver:
        assert post(receiver, body(1), account.sign(body(2))) == 401
        assert post(receiver, bytes(2000), account.sign(b"")) == 413
        assert receiver.poll(0) is None
        assert post(receiver, body(3), account.sign(body(3))) == 200
        assert number(receiver.poll(0)) == 3


def test_what_cannot_be_read_arrives_raw(account: Account) -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    with signed(account) as receiver:
        for odd in (b"no JSON", b"[1]", b'{"a": 1}', deep):
            # The notifications are few, so the signatures of bytes will do.
            assert post(receiver, odd, account.sign(odd)) == 200
            notification = receiver.poll(0)
            assert notification is not None and notification.raw == odd
            [event] = notification.events
            assert (event.kind, event.content, event.is_closed) == (EventKind.OTHER, None, False)
            expected = {b"[1]": [1], b'{"a": 1}': {"a": 1}}.get(odd)
            assert event.json == notification.json == expected


def test_accounts_are_told_apart(account: Account) -> None:
    accounts = ["a2=other", f"a3={account.client_secret}"]
    with alone(account_id="a1", receiver_accounts=accounts) as receiver:
        signature = account.sign(body(1))
        assert post(receiver, body(1), signature, "a3") == 200
        for stranger in ("a1", "a2", "a4"):
            assert post(receiver, body(1), signature, stranger) == 401
        notification = receiver.poll(0)
        assert notification is not None and notification.account_id == "a3"
        assert receiver.poll(0) is None


def test_other_credentials(account: Account) -> None:
    with alone() as receiver:
        assert post(receiver, body(1), account.sign(body(1))) == 401
        for rotated in (account.client_secret, [SECRET, account.client_secret]):
            receiver.set_credentials("an-app", rotated)
            assert post(receiver, body(1), account.sign(body(1))) == 200
        # Each of a list is one secret, whatever is in it.
        receiver.set_credentials("an-app", [f"x,{account.client_secret}"])
        assert post(receiver, body(1), account.sign(body(1))) == 401
        nothing: Union[str, list[str]]
        for nothing in ("", [], "a\nb", "\ud83d"):
            with pytest.raises(lpconnector.InvalidArgument, match="client_secret"):
                receiver.set_credentials("an-app", nothing)


def test_timeouts() -> None:
    with alone() as receiver:
        for short in (0, -1, 0.001, 0.15):
            assert receiver.poll(short) is None
            assert receiver.poll(timeout=short) is None
        with pytest.raises(lpconnector.InvalidArgument, match="timeout"):
            receiver.poll(float("nan"))
        with pytest.raises(TypeError):
            receiver.poll("1")  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [None, HOUR, 1e300, float("inf")])
def test_a_wait_ends_with_what_comes_or_with_the_receiver(
    account: Account, timeout: Optional[float]
) -> None:
    with signed(account) as receiver, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receiver.poll, timeout)
        assert post(receiver, body(1), account.sign(body(1))) == 200
        assert number(waiting.result()) == 1
        waiting = pool.submit(receiver.poll, timeout)
        receiver.shutdown()
        with pytest.raises(Closed, match="receiver was shut down") as caught:
            waiting.result()
        assert caught.value.status is Status.CLOSED


def test_what_is_queued_is_given_out_after_the_end(account: Account) -> None:
    with signed(account) as receiver:
        for n in range(3):
            assert post(receiver, body(n), account.sign(body(n))) == 200
    receiver.shutdown()
    assert [number(notification) for notification in receiver] == [0, 1, 2]
    assert list(receiver) == []
    with pytest.raises(Closed):
        receiver.poll(0)


def test_two_threads_share_what_comes(account: Account) -> None:
    receiver = signed(account)
    both = threading.Barrier(2)

    def take() -> list[int]:
        both.wait()
        # Each gets one before either goes on.
        first = number(receiver.poll())
        both.wait()
        return [first, *(number(notification) for notification in receiver)]

    with receiver, ThreadPoolExecutor(2) as pool:
        taken = [pool.submit(take) for _ in range(2)]
        for n in range(50):
            assert post(receiver, body(n), account.sign(body(n))) == 200
        receiver.shutdown()
        one, other = (done.result() for done in taken)
    assert one and other and sorted(one + other) == list(range(50))


def test_manual_acknowledgement(account: Account) -> None:
    with signed(account, receiver_ack="manual") as receiver, ThreadPoolExecutor(1) as pool:
        posted = pool.submit(post, receiver, body(1), account.sign(body(1)))
        notification = receiver.poll()
        assert number(notification) == 1 and notification is not None
        assert not posted.done()
        receiver.ack(notification)
        assert posted.result() == 200
        # Nobody acknowledges this one.
    with signed(account, receiver_ack="manual", receiver_ack_timeout_ms=1) as receiver:
        assert post(receiver, body(2), account.sign(body(2))) == 503


def test_the_service_hears_of_the_acknowledgement(listening: Account) -> None:
    options = listening.receiver_options()
    with Receiver(receiver_ack="manual", **options) as receiver:
        listening.notify(body(1))
        notification = receiver.poll()
        assert notification is not None and listening.deliveries() == []
        receiver.ack(notification)
        while not listening.deliveries():
            pass
    [delivery] = listening.deliveries()
    assert delivery["delivered"] and delivery["status"] == 200


def test_what_came_from_elsewhere_is_not_acknowledged(account: Account) -> None:
    with signed(account) as receiver, signed(account) as other:
        assert post(receiver, body(1), account.sign(body(1))) == 200
        notification = receiver.poll()
        assert notification is not None
        for foreign in (parse_notification(body(1)), notification):
            with pytest.raises(lpconnector.InvalidArgument, match="did not come from"):
                other.ack(foreign)
        receiver.ack(notification)
        receiver.ack(notification)
        with pytest.raises(TypeError):
            receiver.ack(body(1))  # type: ignore[arg-type]


def test_what_is_put_back_comes_again(account: Account) -> None:
    with signed(account) as receiver, signed(account) as other:
        for n in (1, 2):
            assert post(receiver, body(n), account.sign(body(n))) == 200
        first = receiver.poll()
        assert first is not None
        receiver.nack(first, after=HOUR)
        assert receiver.poll(0) is None, "the second one waits for it"
        receiver.ack(first)
        second = receiver.poll(0)
        assert number(second) == 2 and second is not None
        receiver.nack(second)
        assert number(receiver.poll(0)) == 2
        receiver.nack(second, 0.02)
        assert number(receiver.poll()) == 2
        receiver.nack(second, float("inf"))
        assert receiver.poll(0) is None
        for bad in (-1.0, float("nan")):
            with pytest.raises(lpconnector.InvalidArgument, match="after"):
                receiver.nack(second, bad)
        with pytest.raises(lpconnector.InvalidArgument, match="did not come from"):
            other.nack(second)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such descriptor")
def test_a_selector_tells_when_to_poll(account: Account) -> None:
    with signed(account) as receiver, selectors.DefaultSelector() as selector:
        selector.register(receiver, selectors.EVENT_READ)
        assert not selector.select(0)
        assert post(receiver, body(1), account.sign(body(1))) == 200
        assert selector.select(HOUR)
        first = receiver.poll(0)
        assert first is not None and not selector.select(0)
        receiver.nack(first, 0.02)
        assert selector.select(HOUR)
        assert number(receiver.poll(0)) == 1 and not selector.select(0)
        receiver.shutdown()
        assert selector.select(HOUR)


def test_a_store_outlives_the_receiver(account: Account, tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'inbox.db'}"
    with signed(account, receiver_store=store) as receiver:
        for n in (1, 2):
            assert post(receiver, body(n), account.sign(body(n))) == 200
        first = receiver.poll()
        assert first is not None
        receiver.ack(first)
        second = receiver.poll()
        assert second is not None
    # The name still holds it, and not its file.
    with pytest.raises(Closed):
        receiver.ack(second)
    with signed(account, receiver_store=store) as receiver:
        assert number(receiver.poll(0)) == 2
        assert receiver.poll(0) is None


def test_order(account: Account) -> None:
    with signed(account, receiver_order=True, receiver_order_wait_ms=3_600_000) as receiver:
        for n in (1, 2, 0):
            assert receiver.poll(0) is None
            assert post(receiver, body(n), account.sign(body(n))) == 200
        assert [number(receiver.poll(0)) for _ in range(3)] == [0, 1, 2]


def test_ctrl_c_ends_a_wait() -> None:
    script = """if True:
        import signal, lpconnector
        # What runs in the background may have been told to ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        receiver = lpconnector.Receiver(receiver_secret="x")
        for _ in range(5):
            try:
                print("waits", flush=True)
                receiver.poll()
            except KeyboardInterrupt:
                print("interrupted", receiver.poll(0), flush=True)
    """
    command = [sys.executable, "-W", "error", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None
        # One signal alone might come before the wait has begun.
        for _ in range(5):
            assert ran.stdout.readline() == "waits\n"
            ran.send_signal(signal.SIGINT)
            assert ran.stdout.readline() == "interrupted None\n"
    assert ran.returncode == 0


def test_a_signal_handler_may_end_an_iteration(account: Account) -> None:
    with signed(account) as receiver:
        assert post(receiver, body(1), account.sign(body(1))) == 200
        before = signal.signal(signal.SIGTERM, lambda number, frame: receiver.shutdown())
        try:
            came = []
            for notification in receiver:
                came.append(number(notification))
                signal.raise_signal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)
    assert came == [1]


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, str, Optional[int]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.levelno, record.getMessage(), record.thread))


@pytest.fixture
def records() -> Iterator[Records]:
    records, logger = Records(), logging.getLogger("lpconnector")
    level = logger.level
    logger.addHandler(records)
    logger.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        logger.removeHandler(records)
        logger.setLevel(level)


def test_logging(account: Account, records: Records) -> None:
    with signed(account) as receiver:
        signature = account.sign(body(1))
        assert post(receiver, body(1), signature) == 200
        assert post(receiver, body(2), signature) == 401
    levels = [level for level, _, _ in records.told]
    assert levels == [logging.DEBUG, logging.WARNING]
    [thread] = {thread for _, _, thread in records.told}
    assert thread != threading.get_ident()
    for _, line, _ in records.told:
        assert account.client_secret not in line and signature not in line


def test_a_handler_may_shut_down(account: Account, records: Records) -> None:
    with signed(account) as receiver:

        class Ends(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                receiver.shutdown()

        ends = Ends()
        logging.getLogger("lpconnector").addHandler(ends)
        try:
            # Perhaps the answer goes out no more.
            with suppress(OSError):
                post(receiver, body(1), account.sign(body(1)))
            assert [number(notification) for notification in receiver] == [1]
        finally:
            logging.getLogger("lpconnector").removeHandler(ends)


def test_a_receiver_that_is_dropped_ends_while_its_thread_logs(
    account: Account, records: Records
) -> None:
    receiver: Optional[Receiver] = signed(account)
    assert receiver is not None
    address, signature = receiver.url.split("/")[2], account.sign(body(1))
    assert post(receiver, body(1), signature) == 200
    # What is posted meanwhile makes its thread want the GIL, in which it is dropped.
    over = threading.Event()

    def on_and_on(address: str) -> None:
        while not over.is_set():
            connection = http.client.HTTPConnection(address)
            try:
                connection.request("POST", "/", body(1), {"x-liveperson-signature": signature})
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                return
            finally:
                connection.close()

    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(on_and_on, address) for _ in range(4)]
        before = len(records.told)
        while len(records.told) < before + 20:
            pass
        receiver = None
        gc.collect()
        # Nobody answers any more: all of them end.
        for done in posts:
            done.result()
        over.set()
    with alone(receiver_listen=address):
        pass


def test_a_program_may_end_while_the_receiver_is_held_up() -> None:
    script = """if True:
        import logging, signal, sys, threading, types, urllib.request, lpconnector
        # A program that hangs is ended, and the test sees that.
        signal.alarm(120)
        logger = logging.getLogger("lpconnector")
        logger.setLevel(logging.DEBUG)
        told = threading.Semaphore(0)

        # Not a handler: at the end, logging waits for those.
        def waits(record):
            told.release()
            threading.Event().wait()

        logger.addFilter(waits)
        receiver = lpconnector.Receiver(receiver_secret="x")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        # Dropped with its module while the interpreter ends; ours is in use by the filter.
        sys.modules["holder"] = types.ModuleType("holder")
        sys.modules["holder"].receiver = receiver
        post = threading.Thread(target=opener.open, args=(receiver.url, b"{}"), daemon=True)
        del receiver
        post.start()
        told.acquire()
    """
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def be_the_child(receiver: Receiver) -> None:
    signal.alarm(120)
    why = "belongs to the process that made it"
    with pytest.raises(Closed, match=why):
        receiver.poll(0)
    with pytest.raises(Closed, match=why):
        next(receiver)
    receiver.shutdown()
    del receiver
    gc.collect()
    raise SystemExit(10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork in a process with threads
def test_a_child_after_a_fork_has_none(account: Account) -> None:
    with signed(account) as receiver:
        fork = multiprocessing.get_context("fork")
        child = fork.Process(target=be_the_child, args=(receiver,))
        child.start()
        child.join()
        assert child.exitcode == 10
        assert post(receiver, body(1), account.sign(body(1))) == 200
        assert number(receiver.poll()) == 1


def test_nothing_shows_a_secret(account: Account) -> None:
    with signed(account) as receiver:
        assert post(receiver, body(1), account.sign(body(1))) == 200
        notification = receiver.poll()
        assert account.client_secret not in repr(receiver) + repr(notification)
