"""Files: sent from a path and from memory, fetched, refused; and progress."""

from __future__ import annotations

import base64
import gc
import os
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

import lpconnector
from conftest import Account
from lpconnector import Consumer, Conversation, InvalidArgument, LpcError, Status

PNG = b"\x89PNG\r\n\x1a\n"


def png(length: int) -> bytes:
    """A PNG as far as its first bytes tell."""
    return PNG + bytes(n % 251 for n in range(length - len(PNG)))


def published(account: Account) -> Any:
    event = account.sent()[-1]["body"]["event"]
    assert event["contentType"] == "hosted/file"
    return event["message"]


def test_a_file_is_sent_from_a_path(
    account: Account, conversation: Conversation, tmp_path: Path
) -> None:
    path = tmp_path / "Straße 👍.png"
    path.write_bytes(png(200_000))
    small = tmp_path / "small"
    small.write_bytes(png(100))
    reply = conversation.send_file(path, caption="look: é👍", preview=small)
    assert reply.code == "OK"
    url, _ = account.sent()
    assert url["body"] == {"fileSize": "200000", "fileType": "PNG"}
    message = published(account)
    preview = "data:image/png;base64," + base64.b64encode(png(100)).decode()
    assert message["caption"] == "look: é👍"
    assert message["preview"] == preview
    assert message["fileType"] == "PNG"
    assert account.file(message["relativePath"]) == png(200_000)
    conversation.send_file(str(path), metadata=[{"type": "ExternalId", "id": "e-1"}])
    message = published(account)
    assert set(message) == {"caption", "relativePath", "fileType"} and message["caption"] == ""
    assert account.sent()[-1]["metadata"] == [{"type": "ExternalId", "id": "e-1"}]


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_a_file_is_sent_from_memory(
    account: Account, conversation: Conversation, kind: type[bytes | bytearray]
) -> None:
    data, preview = kind(b"GIF89a..."), kind(png(50))
    metadata: list[lpconnector.Metadata] = [{"type": "New", "any": 1}]
    conversation.send_file_bytes(
        data, "gif", caption="moving", preview=preview, metadata=metadata
    )
    assert account.sent()[-1]["metadata"] == metadata
    message = published(account)
    assert account.file(message["relativePath"]) == b"GIF89a..."
    assert message["caption"] == "moving"
    assert message["preview"].startswith("data:image/png;base64,")


def test_a_bad_file_is_refused(account: Account, tmp_path: Path) -> None:
    client = account.client(file_max_bytes=1000, file_preview_max_bytes=100)
    c: Any = client.consumer("x").open()
    good, wrong, large = tmp_path / "a.png", tmp_path / "a.jpg", tmp_path / "large.png"
    good.write_bytes(png(50))
    wrong.write_bytes(png(50))
    large.write_bytes(png(1001))
    bad: list[tuple[Any, str]] = [
        (lambda: c.send_file(large), "1001 bytes; allowed: 1000"),
        (lambda: c.send_file(wrong), "named JPG, but its content is PNG"),
        (lambda: c.send_file(good, preview=large), "more than 100 bytes"),
        (lambda: c.send_file("\ud83d.png"), "path has lone surrogates"),
        (lambda: c.send_file(good, preview="\ud83d.png"), "preview has lone surrogates"),
        (lambda: c.send_file(good, caption="\ud83d"), "caption has lone surrogates"),
        (lambda: c.send_file(good, metadata={}), "^metadata: it takes an array of objects"),
        (lambda: c.send_file_bytes(png(1001), "PNG"), "1001 bytes; allowed: 1000"),
        (lambda: c.send_file_bytes(b"", "PNG"), "empty"),
        (lambda: c.send_file_bytes(b"<html>", "PNG"), "but its content is not"),
        (lambda: c.send_file_bytes(png(50), ""), "not a file type"),
        (lambda: c.send_file_bytes(png(50), "\ud83d"), "file_type has lone surrogates"),
        (lambda: c.send_file_bytes(png(50), "PNG", preview=b"text"), "not a picture"),
        (lambda: c.download_file("", good), "relative_path is empty"),
        (lambda: c.download_file("\ud83d", good), "relative_path has lone surrogates"),
        (lambda: c.download_file("/x", "\ud83d"), "to_path has lone surrogates"),
    ]
    for call, says in bad:
        with pytest.raises(InvalidArgument, match=says):
            call()
    for call in (
        lambda: c.send_file(tmp_path / "missing.png"),
        lambda: c.send_file(tmp_path),
        lambda: c.send_file(good, preview=tmp_path / "missing.png"),
        lambda: c.send_file(str(good) + "\0"),
        lambda: c.download_file("/x", tmp_path / "no/such/folder"),
    ):
        with pytest.raises(LpcError, match=str(tmp_path)) as caught:
            call()
        assert caught.value.status is Status.IO
    for call in (
        lambda: c.send_file(b"a.png"),
        lambda: c.send_file(5),
        lambda: c.send_file_bytes("text", "PNG"),
        lambda: c.send_file_bytes(png(50), "PNG", preview="a.png"),
        lambda: c.send_file(good, "caption"),
    ):
        with pytest.raises(TypeError):
            call()
    assert account.requests("send") == []
    c.send_file(good)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux only")
def test_a_file_name_may_be_any_bytes(conversation: Conversation, tmp_path: Path) -> None:
    # Python writes bytes that are not UTF-8 as surrogates of their own.
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    with open(name, "wb") as file:
        file.write(png(50))
    assert conversation.send_file(name).code == "OK"


def test_a_file_is_fetched_whole_or_not_at_all(
    account: Account, conversation: Conversation, tmp_path: Path
) -> None:
    stored = account.put_file(png(100_000), "PNG")
    to = tmp_path / "got.png"
    to.write_bytes(b"old")
    c: Any = conversation
    assert c.download_file(stored, to) is None
    assert to.read_bytes() == png(100_000)
    account.answer("storage", cut=True)
    with pytest.raises(lpconnector.ConnectError):
        conversation.download_file(stored, str(to))
    with pytest.raises(lpconnector.Rejected):
        conversation.download_file("/v1/AUTH_async-images/none/such", to)
    assert to.read_bytes() == png(100_000)
    assert os.listdir(tmp_path) == ["got.png"]
    with pytest.raises(LpcError, match="got.png") as caught:
        conversation.download_file(stored, to / "below a file")
    assert caught.value.status is Status.IO


def test_progress(account: Account, conversation: Conversation, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    conversation.set_progress(lambda done, total: told.append((done, total)))
    conversation.send_file_bytes(png(300_000), "PNG")
    assert told == sorted(told)
    assert told[-1] == (300_000, 300_000)
    told.clear()
    conversation.download_file(account.put_file(png(200_000), "PNG"), tmp_path / "got.png")
    assert told[-1] == (200_000, 200_000)
    told.clear()
    conversation.set_progress(None)
    conversation.send_file_bytes(png(100), "PNG")
    assert told == []


def test_what_a_progress_callback_raises_stops_nothing(
    account: Account, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(done: int, total: int) -> None:
        # It may also change its own place.
        conversation.set_progress(None)
        raise ValueError("no")

    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", raised.append)
    conversation.set_progress(broken)
    assert conversation.send_file_bytes(png(300_000), "PNG").code == "OK"
    [unraisable] = raised
    assert isinstance(unraisable.exc_value, ValueError)
    assert unraisable.object is broken
    assert len(account.file(published(account)["relativePath"])) == 300_000


def test_a_callback_that_refers_to_its_conversation_is_collected(consumer: Consumer) -> None:
    class Callback:
        def __init__(self, conversation: Conversation) -> None:
            self.conversation = conversation

        def __call__(self, done: int, total: int) -> None: ...

    conversation = consumer.attach("c-1")
    callback = Callback(conversation)
    conversation.set_progress(callback)
    gone = weakref.ref(callback)
    del callback
    gc.collect()
    assert gone() is not None
    del conversation
    gc.collect()
    assert gone() is None
