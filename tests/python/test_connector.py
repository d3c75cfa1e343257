"""A connector, from what is submitted to what the program is told."""

from __future__ import annotations

import copy
import gc
import json
import logging
import multiprocessing
import pickle
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Optional, Union

import pytest

import lpconnector
from conftest import Account
from lpconnector import (
    Action,
    Closed,
    Connector,
    EventKind,
    LpcError,
    Opening,
    Status,
    Update,
    UpdateKind,
)

# So long only what a test does can end a wait.
HOUR = 3600.0
PHONE = "+4915112345678"


def options(account: Account, **more: Any) -> dict[str, Any]:
    """Those of a connector that listens, where the account has somewhere to post to."""
    given = {**account.options(), **account.receiver_options(), "connector_store": "memory"}
    return {**given, **more}


def connector(account: Account, **more: Any) -> Connector:
    return Connector.from_env(**options(account, **more))


def unreachable(account: Account, **more: Any) -> Connector:
    """One whose actions wait."""
    return connector(account, domain_messaging="https://127.0.0.1:1", **more)


def body(number: int, role: str = "ASSIGNED_AGENT", conversation: str = "c-1") -> bytes:
    """A text that somebody wrote."""
    event = {"type": "ContentEvent", "message": str(number), "contentType": "text/plain"}
    by = {"originatorMetadata": {"role": role, "id": "somebody"}}
    place = {"conversationId": conversation, "dialogId": conversation, "sequence": number}
    return json.dumps({"body": {"changes": [{**place, **by, "event": event}]}}).encode()


def acked(connector: Connector, kind: Optional[UpdateKind] = None) -> Update:
    """The next update, or the next one of this kind, acknowledged."""
    while (update := connector.poll(60)) is not None:
        connector.ack(update)
        if kind in (None, update.kind):
            return update
    raise AssertionError("no such update")


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline


@pytest.fixture(name="sms")
def without_endpoint(account: Account) -> Iterator[Connector]:
    with connector(account) as made:
        yield made


def test_a_channel(listening: Account, tmp_path: Path) -> None:
    listening.agent("echo")
    delivered: list[tuple[str, str]] = []
    complaints: list[LpcError] = []

    def deliver(consumer_id: str, text: str) -> None:
        delivered.append((consumer_id, text))
        sms.shutdown()

    def complain(consumer_id: str, key: Optional[str], error: Optional[LpcError]) -> None:
        assert error is not None
        complaints.append(error)

    with connector(listening, connector_store=f"sqlite:{tmp_path / 'queue.db'}") as sms:
        sms.submit_text("+4915112345678", "Hi", key="sms-4711")
        for update in sms:
            if update.kind == Update.EVENT and update.event.text:
                if update.event.kind is EventKind.TEXT:
                    deliver(update.consumer_id, update.event.text)
            elif update.kind == Update.FAILED:
                complain(update.consumer_id, update.key, update.error)
            sms.ack(update)
    assert delivered == [("+4915112345678", "You said: Hi")] and complaints == []
    assert listening.texts()[:2] == ["Hi", "You said: Hi"]


def test_what_updates_tell(listening: Account) -> None:
    with connector(listening) as sms:
        sms.submit_text(PHONE, "Hi", "k-1")
        opened = acked(sms, Update.OPENED)
        sent = acked(sms, Update.SENT)
        [held] = listening.conversations()
        place = (PHONE, held["id"], held["id"])
        assert (sent.consumer_id, sent.conversation_id, sent.dialog_id) == place
        assert (sent.key, sent.attempts, sent.is_repeat) == ("k-1", 1, False)
        assert isinstance(sent.sequence, int)
        sms.submit_text(PHONE, "again", "k-2")
        assert isinstance(acked(sms, Update.SENT).sequence, int)
        assert (sent.error, sent.notification, sent.event) == (None, None, None)
        assert (opened.consumer_id, opened.conversation_id) == place[:2]
        assert (opened.key, opened.sequence, opened.error) == (None, None, None)

        listening.notify(body(7, conversation=held["id"]))
        event = sms.poll()
        assert event is not None and event.kind is UpdateKind.EVENT
        while event.event.kind is not EventKind.TEXT:
            sms.ack(event)
            event = sms.poll()
            assert event is not None
        assert (event.consumer_id, event.conversation_id, event.dialog_id) == place
        assert (event.sequence, event.key, event.error) == (7, None, None)
        assert event.notification is not None and event.notification.events == [event.event]
        assert (event.event.text, event.event.originator_role) == ("7", "ASSIGNED_AGENT")
        assert event.notification.account_id == listening.id
        # Not acknowledged: it comes again, and is known again.
        sms.nack(event)
        again = sms.poll()
        assert again is not None and (again.is_repeat, again == event) == (True, True)
        sms.ack(again)
        sms.submit(PHONE, {"close": True})
        closed = acked(sms, Update.CLOSED)
        assert closed.conversation_id == held["id"]


def test_kinds_are_numbers_with_names() -> None:
    for number, name in enumerate(["SENT", "FAILED", "OPENED", "EVENT", "CLOSED"], 1):
        kind: UpdateKind = getattr(Update, name)
        assert kind is UpdateKind(number) and kind == number and kind.name == name
    assert len(UpdateKind) == 5


def test_what_failed_tells_why(account: Account, sms: Connector) -> None:
    sms.submit_text("a", "first")
    until(lambda: sms.stats()["sent"] == 1)
    account.answer("send", status=400, body='{"body":{"msg":"no"}}')
    sms.submit_text("a", "refused", "bad")
    sms.submit_text("a", "next", "good")
    failed = acked(sms, Update.FAILED)
    assert (failed.key, failed.consumer_id, failed.attempts) == ("bad", "a", 1)
    error = failed.error
    assert type(error) is lpconnector.Rejected
    assert (error.status, error.http_status, error.attempts) == (Status.REJECTED, 400, 1)
    assert not error.is_retryable and error.request_id
    with pytest.raises(lpconnector.Rejected) as caught:
        raise error
    # What was raised holds frames, which hold the update: it is another one each time.
    assert caught.value is not failed.error and str(caught.value) == str(failed.error)
    assert failed.error is not None and failed.error.__traceback__ is None
    assert acked(sms).key == "good"
    assert account.texts() == ["first", "next"]


def test_updates_are_compared_by_what_they_tell(account: Account, sms: Connector) -> None:
    sms.submit_text("a", "first", "k")
    opened, sent = acked(sms), acked(sms)
    account.answer("send", status=400, body='{"body":{"msg":"no"}}')
    sms.submit_text("a", "refused", "bad")
    failed = acked(sms)
    with connector(account, connector_foreign=True) as other:
        other.receive(body(0), account.sign(body(0)))
        event = other.poll()
        assert event is not None
        for update in (opened, sent, failed, event):
            again = pickle.loads(pickle.dumps(update))
            assert again == update and hash(again) == hash(update) and again is not update
            assert repr(again) == repr(update)
            names = ["kind", "consumer_id", "conversation_id", "dialog_id", "key", "sequence"]
            for name in (*names, "attempts", "is_repeat", "notification", "event"):
                assert getattr(again, name) == getattr(update, name)
            assert str(again.error) == str(update.error)
            assert copy.copy(update) is update and copy.deepcopy(update) is update
            for refuses in (sms.ack, sms.nack, other.ack, other.nack):
                with pytest.raises(lpconnector.InvalidArgument, match="did not come from"):
                    refuses(again)
        assert len({opened, sent, failed, event, copy.copy(sent)}) == 4
        assert type(pickle.loads(pickle.dumps(failed)).error) is lpconnector.Rejected
        with pytest.raises(lpconnector.InvalidArgument, match="did not come from"):
            sms.ack(event)
        assert event != body(0)
        other.ack(event)
        other.ack(event)
    with pytest.raises(TypeError):
        sms.ack(sent.key)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        sent.key = "other"  # type: ignore[misc]


def test_repr_shows_nothing_that_was_written(account: Account) -> None:
    with connector(account, connector_foreign=True) as sms:
        said = body(0).replace(b'"message": "0"', b'"message": "Hello"')
        sms.receive(said, account.sign(said))
        update = acked(sms)
        assert update.event.text == "Hello" and "Hello" not in repr(update)
        assert repr(sms) == '<lpconnector.Connector url="">'
        assert "EVENT" in repr(update) and "c-1" in repr(update) and "key=None" in repr(update)
        sms.submit_text("a", "x", "k")
        assert 'consumer_id="a"' in repr(acked(sms)) and 'key="k"' in repr(acked(sms))


def test_actions(account: Account, sms: Connector, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    card = {"type": "vertical", "elements": [{"type": "text", "text": "Card"}]}
    profile = {"personal": {"firstname": "Ada"}}
    event = {"type": "ContentEvent", "contentType": "text/plain", "message": "event"}
    actions: list[Any] = [
        Action(text="Grüße 🎈", metadata=[{"type": "Mine", "id": "7"}], open={"skillId": 7}),
        '{"text": "as JSON"}',
        {"richContent": card},
        {"event": event},
        {"file": str(file), "caption": "a picture"},
        {"acceptStatus": lpconnector.AcceptStatus.READ, "sequences": [1]},
        Action(profile=profile),
        {"rate": 5, "resolved": True},
        {"ttr": lpconnector.Ttr.URGENT},
        {"close": True},
    ]
    for number, action in enumerate(actions):
        sms.submit(PHONE, action, key=str(number))
        if number == 0:
            # This one means something only now.
            until(lambda: sms.stats()["sent"] == 1)
            sms.submit(PHONE, {"chatState": lpconnector.ChatState.ACTIVE})
            until(lambda: "ACTIVE" in json.dumps(account.sent()))
        if number == 4:
            # It was copied.
            file.unlink()
    keys: list[Optional[str]] = []
    while len(keys) < len(actions):
        update = acked(sms)
        assert update.kind is not UpdateKind.FAILED, (update, update.error)
        keys += [update.key] if update.kind is UpdateKind.SENT else []
    assert keys == [str(number) for number in range(len(actions))]
    texts = account.texts()
    assert texts[:2] == ["Grüße 🎈", "as JSON"] and "event" in texts
    [opening] = [json.loads(it["body"]) for it in account.requests("conversation")]
    assert "7" in json.dumps(opening) and "Mine" in json.dumps(opening)
    sent = json.dumps(account.sent())
    for part in (card, profile, "a picture", "READ", "URGENT"):
        assert json.dumps(part).strip("{}") in sent


def test_the_types_of_actions_are_complete(sms: Connector) -> None:
    """They are written by hand."""
    with pytest.raises(lpconnector.InvalidArgument) as caught:
        sms.submit(PHONE, {})
    deeds = caught.value.message.partition("one of: ")[2].split(", ")
    assert len(deeds) == 10 and set(deeds) < set(Action.__annotations__)
    for type_, wrap in (
        (Action, lambda value: value),
        (Opening, lambda value: {"text": "x", "open": value}),
    ):
        for name in type_.__annotations__:
            with pytest.raises(lpconnector.InvalidArgument, match=f"did you mean '{name}'"):
                sms.submit(PHONE, wrap({f"{name}x": "x"}))


def test_bad_arguments_are_named(sms: Connector) -> None:
    wrong: Any
    for wrong, says in (
        ({"txt": "x"}, r"^action: unknown member 'txt'; did you mean 'text'\?"),
        ({"text": "x", "dialogId": "y"}, r"^action: 'dialogId' does not go with 'text'"),
        ({"text": "x", "open": {"skil": 1}}, r"^action: open: unknown member 'skil'.*'skillId'"),
        ({"text": "x", "open": []}, r"^action: open is not a JSON object"),
        ({"event": []}, r"^action: event is not a JSON object"),
        ({"richContent": 7}, r"^action: richContent is not a JSON object"),
        ("{", "^action is not JSON"),
        ({"text": "\ud83d"}, "^action has lone surrogates"),
    ):
        with pytest.raises(lpconnector.InvalidArgument, match=says):
            sms.submit(PHONE, wrong)
    for consumer_id, text, key, says in (
        ("", "x", None, "consumer_id is empty"),
        ("a", "x", "", "key is empty; None means none"),
        ("\ud83d", "x", None, "consumer_id has lone surrogates"),
        ("a", "\ud83d", None, "text has lone surrogates"),
        ("a", "x", "\ud83d", "key has lone surrogates"),
    ):
        with pytest.raises(lpconnector.InvalidArgument, match=f"^{says}"):
            sms.submit_text(consumer_id, text, key)
        with pytest.raises(lpconnector.InvalidArgument):
            sms.submit(consumer_id, {"text": text}, key)
    for wrong in (object(), b"{}", {"text": b"x"}, {"file": Path("x")}):
        with pytest.raises(TypeError, match="^action"):
            sms.submit(PHONE, wrong)
    with pytest.raises(TypeError):
        sms.submit_text(PHONE, "x", 7)  # type: ignore[arg-type]
    missing = "/no such file.png"
    with pytest.raises(lpconnector.FileNotFound) as caught:
        sms.submit(PHONE, {"file": missing})
    assert caught.value.filename == missing
    for bad in (-1.0, float("nan")):
        with pytest.raises(lpconnector.InvalidArgument, match="drain"):
            sms.shutdown(bad)
    assert sms.stats()["submitted"] == 0


def test_options(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(lpconnector.ConfigError, match="'connector_store'.*memory.*sqlite"):
        Connector(account_id="a", client_id="b", client_secret="c")
    with pytest.raises(lpconnector.ConfigError, match="no secret"):
        Connector(account_id="a", client_id=None, client_secret=None, connector_store="memory")
    given: dict[str, Any] = {"account_id": "a", "client_id": "b", "client_secret": "c"}
    with pytest.raises(lpconnector.ConfigError, match="connector_stor"):
        Connector(**given, connector_stor="memory")  # type: ignore[call-arg]
    with pytest.raises(lpconnector.ConfigError, match="firstMessage"):
        Connector(**given, connector_store="memory", connector_open={"firstMessage": "x"})
    opening: Opening = {"skillId": "7", "features": ["MARKDOWN_HYPERLINKS"]}
    with Connector(**given, connector_store="memory", connector_open=opening) as sms:
        assert sms.url == ""
    file = tmp_path / "lp.conf"
    file.write_text("account.id = a\nclient.id = b\nclient.secret = c\nreceiver.path = /file\n")
    more: dict[str, Any] = {"connector_store": "memory", "receiver_listen": "127.0.0.1:0"}
    for path in (file, str(file)):
        with Connector.from_file(path, **more) as sms:
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/file", sms.url)
            assert sms.url in repr(sms)
    monkeypatch.setenv("LPC_RECEIVER_PATH", "/environment")
    monkeypatch.setenv("LPC_CONNECTOR_STORE", "memory")
    with Connector.from_env(**given, receiver_listen="127.0.0.1:0") as sms:
        assert sms.url.endswith("/environment")


def test_the_same_key_again_is_not_sent_twice(account: Account, sms: Connector) -> None:
    for _ in range(3):
        sms.submit_text("a", "once", "k")
    sms.submit_text("a", "last", "last")
    while acked(sms).key != "last":
        pass
    stats = sms.stats()
    assert (stats["submitted"], stats["repeated_keys"], stats["sent"]) == (2, 2, 2)
    assert account.texts() == ["once", "last"]


def test_stats(account: Account, sms: Connector) -> None:
    stats = sms.stats()
    # Its type is written by hand.
    assert set(stats) == set(lpconnector.ConnectorStats.__annotations__)
    sms.submit_text("a", "x", "k")
    acked(sms, Update.SENT)
    stats = sms.stats()
    assert (stats["sent"], stats["opened"], stats["acknowledged"]) == (1, 1, 2)
    lines = sms.prometheus().splitlines()
    assert "lpconnector_connector_sent_total 1" in lines


def test_a_queue_has_an_end(account: Account) -> None:
    with unreachable(account, connector_queue_max=2) as sms:
        sms.submit_text("a", "1")
        sms.submit_text("b", "2")
        with pytest.raises(lpconnector.Full, match="connector_queue_max") as caught:
            sms.submit_text("c", "3")
        assert caught.value.status is Status.FULL
        assert sms.stats()["waiting"] == 2


def test_timeouts(sms: Connector) -> None:
    for short in (0, -1, 0.001, 0.15):
        assert sms.poll(short) is None
        assert sms.poll(timeout=short) is None
    with pytest.raises(lpconnector.InvalidArgument, match="timeout"):
        sms.poll(float("nan"))
    with pytest.raises(TypeError):
        sms.poll("1")  # type: ignore[arg-type]


@pytest.mark.parametrize("timeout", [None, HOUR, 1e300, float("inf")])
def test_a_wait_ends_with_what_comes_or_with_the_connector(
    sms: Connector, timeout: Optional[float]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sms.poll, timeout)
        sms.submit_text("a", "x")
        opened = waiting.result()
        assert opened is not None and opened.kind is UpdateKind.OPENED
        sms.ack(opened)
        waiting = pool.submit(sms.poll, timeout)
        sms.shutdown()
        with pytest.raises(Closed, match="connector was shut down"):
            waiting.result()


def test_what_is_put_back_comes_again(account: Account) -> None:
    with connector(account, connector_foreign=True) as sms:
        for n in (0, 1):
            sms.receive(body(n), account.sign(body(n)))
        first = sms.poll(0)
        assert first is not None
        sms.nack(first, after=HOUR)
        assert sms.poll(0) is None, "the second one waits for it"
        sms.ack(first)
        second = sms.poll(0)
        assert second is not None and second.event.text == "1"
        for after in (0.0, 0.02):
            sms.nack(second, after)
            second = sms.poll()
            assert second is not None and second.event.text == "1" and second.is_repeat
        sms.nack(second, float("inf"))
        assert sms.poll(0) is None
        for bad in (-1.0, float("nan")):
            with pytest.raises(lpconnector.InvalidArgument, match="after"):
                sms.nack(second, bad)


def test_what_nobody_acknowledges_comes_again(account: Account) -> None:
    with connector(account, connector_foreign=True, connector_ack_timeout_ms=1) as sms:
        sms.receive(body(0), account.sign(body(0)))
        first, again = sms.poll(), sms.poll()
        assert first == again and again is not None and again.is_repeat


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such descriptor")
def test_a_selector_tells_when_to_poll(account: Account) -> None:
    with connector(account, connector_foreign=True) as sms, selectors.DefaultSelector() as selector:
        selector.register(sms, selectors.EVENT_READ)
        assert not selector.select(0)
        sms.receive(body(0), account.sign(body(0)))
        assert selector.select(HOUR)
        update = sms.poll(0)
        assert update is not None and not selector.select(0)
        sms.ack(update)
        sms.shutdown()
        assert selector.select(HOUR)
    assert sms.fileno() == -1


def test_a_web_server_of_the_program(account: Account) -> None:
    with connector(account, connector_foreign=True) as sms:
        signature = account.sign(body(0))
        for forged in ("", "sha1=bogus", "\ud83d", account.sign(body(1))):
            with pytest.raises(lpconnector.SignatureError):
                sms.receive(body(0), forged)
        with pytest.raises(lpconnector.InvalidArgument, match="body is str"):
            sms.receive(body(0).decode(), signature)  # type: ignore[arg-type]
        for came in (body(0), bytearray(body(0))):
            sms.receive(came, signature)
        update = sms.poll(0)
        assert update is not None and (update.consumer_id, update.conversation_id) == ("", "c-1")
        assert sms.stats()["duplicates"] == 1
        sms.ack(update)
        assert sms.poll(0) is None
    with connector(account) as strict:
        strict.receive(body(0), signature)
        assert strict.poll(0) is None and strict.stats()["foreign"] == 1
        strict.shutdown()
        with pytest.raises(Closed):
            strict.receive(body(1), account.sign(body(1)))


def test_other_credentials(account: Account) -> None:
    with connector(account, client_secret="old", connector_foreign=True) as sms:
        signature = account.sign(body(0))
        with pytest.raises(lpconnector.SignatureError):
            sms.receive(body(0), signature)
        sms.set_credentials(account.client_id, [account.client_secret, "old"])
        sms.receive(body(0), signature)
        sms.submit_text("a", "x", "k")
        acked(sms, Update.SENT)
        nothing: Union[str, list[str]]
        for nothing in ("", [], "a\nb", "\ud83d"):
            with pytest.raises(lpconnector.InvalidArgument, match="client_secret"):
                sms.set_credentials(account.client_id, nothing)
        with pytest.raises(TypeError, match="^client_secret takes str"):
            sms.set_credentials("x", 7)  # type: ignore[arg-type]


def test_a_file_of_an_agent(account: Account, sms: Connector, tmp_path: Path) -> None:
    data = b"\xff\xd8\xff" + bytes(1000)
    relative_path = account.put_file(data, "JPEG")
    there = tmp_path / "there.jpg"
    with pytest.raises(Closed):
        sms.download_file("nobody", relative_path, there)
    sms.submit_text("a", "x", "k")
    acked(sms, Update.SENT)
    for path in (there, str(there)):
        sms.download_file("a", relative_path, path)
        assert there.read_bytes() == data
    with pytest.raises(TypeError, match="^to_path"):
        sms.download_file("a", relative_path, 7)  # type: ignore[arg-type]


def test_order_for_each_consumer_with_threads(account: Account) -> None:
    consumers, count = [f"c-{n}" for n in range(8)], 10
    sms = connector(account, connector_foreign=True)
    taken: dict[str, list[int]] = defaultdict(list)

    def take() -> int:
        mine = 0
        for update in sms:
            # Nobody else has one of the same consumer.
            taken[update.conversation_id].append(int(update.event.text))
            sms.ack(update)
            mine += 1
            if sms.stats()["acknowledged"] == count * len(consumers):
                sms.shutdown()
        return mine

    def tell(consumer: str) -> None:
        for number in range(count):
            told = body(number, conversation=consumer)
            sms.receive(told, account.sign(told))

    with sms, ThreadPoolExecutor(12) as pool:
        takers = [pool.submit(take) for _ in range(4)]
        for telling in [pool.submit(tell, consumer) for consumer in consumers]:
            telling.result()
        assert sum(taker.result() for taker in takers) == count * len(consumers)
    assert taken == {consumer: list(range(count)) for consumer in consumers}


def test_a_store_outlives_the_connector(account: Account, tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'queue.db'}"
    with unreachable(account, connector_store=store, connector_foreign=True) as first:
        for n in range(3):
            first.submit_text(PHONE, f"text {n}", f"k-{n}")
        with pytest.raises(lpconnector.IoError, match="another connector uses the file"):
            connector(account, connector_store=store)
        for n in (0, 1):
            first.receive(body(n), account.sign(body(n)))
        dealt_with = first.poll()
        assert dealt_with is not None and dealt_with.event.text == "0"
        first.ack(dealt_with)
        left = first.poll()
        assert left is not None and not left.is_repeat
    calls: list[Callable[[], object]] = [
        lambda: first.poll(0),
        lambda: first.ack(left),
        lambda: first.submit_text("a", "x"),
    ]
    for late in calls:
        with pytest.raises(Closed):
            late()
    assert list(first) == [] and account.texts() == []
    with connector(account, connector_store=store, connector_foreign=True) as second:
        told = [acked(second) for _ in range(5)]
        assert second.poll(0) is None
        [event] = [update for update in told if update.kind is UpdateKind.EVENT]
        assert event.event.text == "1" and event.is_repeat and event == left
        sent = [update.key for update in told if update.kind is UpdateKind.SENT]
        assert sent == ["k-0", "k-1", "k-2"]
        # Its key is known, too.
        second.submit_text(PHONE, "text 0", "k-0")
        assert second.stats()["repeated_keys"] == 1
    assert account.texts() == ["text 0", "text 1", "text 2"]


def test_an_end_that_sends_what_waits(account: Account) -> None:
    sms = connector(account)
    for n in range(20):
        sms.submit_text(f"c-{n % 4}", str(n), str(n))
    sms.shutdown(HOUR)
    assert sorted(map(int, account.texts())) == list(range(20))
    with pytest.raises(Closed):
        sms.submit_text("a", "late")
    # What became of them is told.
    keys = []
    for update in sms:
        keys += [update.key] if update.kind is UpdateKind.SENT else []
        sms.ack(update)
    assert sorted(map(int, filter(None, keys))) == list(range(20))
    assert list(sms) == []
    sms.shutdown(HOUR)


def test_an_end_that_waits_no_longer_than_it_was_told(account: Account) -> None:
    sms = unreachable(account)
    sms.submit_text("a", "x")
    sms.shutdown(0.05)
    assert sms.stats()["waiting"] == 1
    assert list(sms) == []


# It says when it waits, and what came of it.
WAITS = """
import signal, sys, threading, time
from lpconnector import Closed, Connector

# What runs in the background may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
what = sys.argv[1]
sms = Connector(account_id="1", client_id="i", client_secret="s", connector_store="memory",
                domain_api_url="http://127.0.0.1:1", allow_plaintext=True)
sms.submit_text("a", "x")

def draining():
    try:
        while True:
            sms.submit_text("a", "x")
    except Closed:
        print("waits", flush=True)

def wait():
    if what == "drain":
        threading.Thread(target=draining, daemon=True).start()
        sms.shutdown(3600)
    else:
        print("waits", flush=True)
        sms.poll() if what == "poll" else next(sms)

for _ in range(1 if what == "drain" else 5):
    try:
        wait()
    except KeyboardInterrupt:
        print("interrupted", time.monotonic(), flush=True)
try:
    print(sms.poll(0), flush=True)
except Closed:
    print("closed", flush=True)
"""


@pytest.mark.parametrize("what", ["poll", "next", "drain"])
def test_ctrl_c_ends_a_wait(what: str) -> None:
    command = [sys.executable, "-W", "error", "-c", WAITS, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None
        # One signal alone might come before a poll has begun.
        for _ in range(1 if what == "drain" else 5):
            assert ran.stdout.readline() == "waits\n"
            since = time.monotonic()
            ran.send_signal(signal.SIGINT)
            said, ended = ran.stdout.readline().split()
            # On one clock.
            print(f"{what} ended after {(float(ended) - since) * 1000:.0f} ms")
            assert said == "interrupted"
        assert ran.stdout.readline() == ("closed\n" if what == "drain" else "None\n")
    assert ran.returncode == 0


def test_a_signal_handler_may_end_an_iteration(account: Account) -> None:
    with connector(account) as sms:
        sms.submit_text("a", "x", "k")
        before = signal.signal(signal.SIGTERM, lambda number, frame: sms.shutdown(HOUR))
        try:
            came = []
            for update in sms:
                came.append(update.kind)
                sms.ack(update)
                if update.kind is UpdateKind.SENT:
                    signal.raise_signal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)
    assert came == [UpdateKind.OPENED, UpdateKind.SENT]


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, Optional[int]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.getMessage(), record.thread))


@pytest.fixture
def records() -> Iterator[Records]:
    records, logger = Records(), logging.getLogger("lpconnector")
    level = logger.level
    logger.addHandler(records)
    logger.setLevel(1)
    try:
        yield records
    finally:
        logger.removeHandler(records)
        logger.setLevel(level)


def test_logging(account: Account, records: Records) -> None:
    with connector(account) as sms:
        sms.submit_text("a", "a secret of the consumer's", "k")
        acked(sms, Update.SENT)
    assert threading.get_ident() not in {thread for _, thread in records.told}
    assert records.told
    for line, _ in records.told:
        assert account.client_secret not in line and "a secret of" not in line


def test_a_handler_may_shut_down(account: Account, records: Records) -> None:
    with connector(account) as sms:
        refused: list[type[BaseException]] = []

        class Ends(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                calls: list[Callable[[], object]] = [
                    lambda: sms.submit_text("b", "x"),
                    lambda: sms.poll(0),
                ]
                for call in calls:
                    try:
                        call()
                    except LpcError as error:
                        refused.append(type(error))
                sms.shutdown(HOUR)

        ends = Ends()
        logging.getLogger("lpconnector").addHandler(ends)
        try:
            sms.submit_text("a", "x")
            for update in sms:
                sms.ack(update)
        finally:
            logging.getLogger("lpconnector").removeHandler(ends)
        assert set(refused) == {lpconnector.InvalidArgument}


def test_a_connector_that_is_dropped_ends_while_its_threads_log(
    account: Account, records: Records, tmp_path: Path
) -> None:
    store = f"sqlite:{tmp_path / 'queue.db'}"
    sms: Optional[Connector] = connector(account, connector_store=store)
    assert sms is not None
    for n in range(50):
        sms.submit_text(f"c-{n}", "x")
    until(lambda: len(records.told) >= 20)
    sms = None
    gc.collect()
    # Its threads are gone, and the file is free.
    connector(account, connector_store=store).shutdown()


def be_the_child(sms: Connector) -> None:
    signal.alarm(120)
    why = "belongs to the process that made it"
    calls: list[Callable[[], object]] = [
        lambda: sms.poll(0),
        lambda: next(sms),
        lambda: sms.submit_text("a", "x"),
        lambda: sms.receive(b"", ""),
        lambda: sms.stats(),
    ]
    for call in calls:
        with pytest.raises(Closed, match=why):
            call()
    assert sms.fileno() == -1
    sms.shutdown()
    sms.shutdown(HOUR)
    sms.__exit__(None, None, None)
    del sms
    gc.collect()
    raise SystemExit(10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork in a process with threads
def test_a_child_after_a_fork_has_none(account: Account, tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'queue.db'}"
    with connector(account, connector_store=store) as sms:
        fork = multiprocessing.get_context("fork")
        child = fork.Process(target=be_the_child, args=(sms,))
        child.start()
        child.join()
        assert child.exitcode == 10
        sms.submit_text("a", "x", "k")
        assert acked(sms, Update.SENT).key == "k"
    assert account.texts() == ["x"]


def test_nothing_shows_a_secret(account: Account, sms: Connector) -> None:
    account.answer("send", status=401, body=account.client_secret)
    sms.submit_text("a", "x", "k")
    told = [acked(sms), acked(sms)]
    shown = repr(sms) + repr(told) + json.dumps(sms.stats()) + sms.prometheus()
    assert account.client_secret not in shown
