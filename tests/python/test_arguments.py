"""Errors about what a program passes in say so in Python's words."""

from __future__ import annotations

import errno
import os
import pickle
import re
from pathlib import Path
from typing import Any, Callable

import pytest

from conftest import Account
from lpconnector import (
    Client,
    ConfigError,
    Conversation,
    FileNotFound,
    InvalidArgument,
    IoError,
    LpcError,
    Receiver,
    Status,
)


def test_a_missing_file_is_a_file_not_found_error(
    conversation: Conversation, tmp_path: Path
) -> None:
    missing = tmp_path / "no such file.png"
    there = tmp_path / "there.png"
    there.write_bytes(b"\x89PNG\r\n\x1a\n")
    calls: list[Callable[[], object]] = [
        lambda: conversation.send_file(missing),
        lambda: conversation.send_file(there, preview=missing),
        lambda: Client.from_file(missing),
        lambda: Client(account_id="x", tls_ca_file=missing),
        lambda: Receiver(
            receiver_secret="x", receiver_tls_cert_file=missing, receiver_tls_key_file=there
        ),
    ]
    for call in calls:
        with pytest.raises(FileNotFoundError) as caught:
            call()
        error = caught.value
        assert isinstance(error, FileNotFound) and isinstance(error, LpcError)
        assert (error.status, error.errno) == (Status.IO, errno.ENOENT)
        assert error.filename == str(missing) and str(missing) in str(error) == error.message
        again = pickle.loads(pickle.dumps(error))
        assert (again.errno, again.filename, str(again)) == (2, str(missing), str(error))


def test_other_files_are_os_errors(conversation: Conversation, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot read the configuration file") as caught:
        Client.from_file(tmp_path)
    assert type(caught.value) is IoError and caught.value.errno == errno.EISDIR
    with pytest.raises(IoError, match="it is not a regular file") as not_regular:
        conversation.send_file(tmp_path)
    assert not_regular.value.errno is None and not_regular.value.filename == str(tmp_path)
    with Receiver(receiver_secret="x") as taken:
        with pytest.raises(IoError, match="cannot listen") as caught:
            Receiver(receiver_secret="x", receiver_listen=taken.url.split("/")[2])
        assert caught.value.filename is None


def test_messages_have_the_names_of_keywords(tmp_path: Path) -> None:
    for options, names in (
        ({}, "'account_id'"),
        ({"account_id": "x", "client_id": "y"}, "'client_secret' is missing.*'client_id'"),
        ({"account_id": "x", "client_secret": "y"}, "'client_id' is missing.*'client_secret'"),
        ({"account_id": "x", "conect_timeout_ms": 1}, "'connect_timeout_ms'"),
    ):
        with pytest.raises(ConfigError, match=names) as caught:
            Client(**options)
        assert not re.search(r"(account|client|connect)\.", caught.value.message)
    with pytest.raises(ConfigError, match="receiver_secret") as caught:
        Receiver()
    assert "receiver.secret" not in caught.value.message
    with pytest.raises(ConfigError, match="client_id and client_secret, or app_jwt"):
        Client(account_id="x").consumer("x").open()
    # A file has names of its own.
    file = tmp_path / "lp.conf"
    file.write_text("conect.timeout.ms = 1\n")
    with pytest.raises(ConfigError, match="'connect.timeout.ms'"):
        Client.from_file(file)
    # What only looks like an option stays.
    with pytest.raises(FileNotFoundError, match=r"/app\.jwt'"):
        Client.from_file(tmp_path / "app.jwt")


def test_a_timeout_names_its_keyword(account: Account) -> None:
    conversation = account.client(call_timeout_ms=300).consumer("x").open()
    account.answer("send", stall=True)
    with pytest.raises(LpcError) as caught:
        conversation.send_text("x")
    assert ".timeout.ms" not in caught.value.message


def test_a_missing_secret_is_found_at_once() -> None:
    """An environment that lacks them is the usual reason."""
    lacking: Any = os.environ.get("NO_SUCH_VARIABLE")
    options: dict[str, Any]
    for options in (
        {"client_id": lacking, "client_secret": lacking},
        {"app_jwt": lacking},
        {"client_secret": lacking},
    ):
        with pytest.raises(ConfigError, match="no secret") as caught:
            Client(account_id="x", **options)
        assert caught.value.status is Status.CONFIG
    with pytest.raises(ConfigError, match="client_secret"):
        Client(account_id="x", client_id="y", client_secret=lacking)
    # They may come later where none is named.
    Client(account_id="x").set_credentials("y", "z")
    Client(account_id="x").set_app_jwt("y")
    Client(account_id="x", app_jwt="y", client_id=lacking, client_secret=lacking)


def test_type_errors_name_the_argument(conversation: Conversation) -> None:
    wrong: Any = {1, 2}
    consumer = Client(account_id="x").consumer("x")
    calls: list[tuple[str, Callable[[], object]]] = [
        ("event", lambda: conversation.send_event(wrong)),
        ("content", lambda: conversation.send_rich_content({"a": b"x"})),
        ("metadata", lambda: conversation.send_event({}, metadata=wrong)),
        ("profile", lambda: conversation.set_profile(wrong)),
        ("profile", lambda: consumer.open(profile={"personal": wrong})),
        ("context", lambda: consumer.open(context=wrong)),
        ("features", lambda: consumer.open(features=wrong)),
        ("request", lambda: consumer.send_json(wrong)),
        ("requests", lambda: consumer.batch_json([{"a": b"x"}])),
        ("path", lambda: conversation.send_file(wrong)),
        ("preview", lambda: conversation.send_file("x.png", preview=wrong)),
        ("features", lambda: Client(account_id="x", features=wrong)),
        ("client_secret", lambda: Client(account_id="x", client_secret=b"x")),  # type: ignore[arg-type]
        ("client_properties", lambda: Client(account_id="x", client_properties={"a": wrong})),
    ]
    for name, call in calls:
        with pytest.raises(TypeError, match=rf"^{name}\b"):
            call()
    with Receiver(receiver_secret="x") as receiver:
        with pytest.raises(TypeError, match="^client_secret takes str"):
            receiver.set_credentials("x", wrong)
        with pytest.raises(TypeError, match="^client_secret takes str"):
            receiver.set_credentials("x", [b"x"])  # type: ignore[list-item]


def test_invalid_arguments_name_the_argument(conversation: Conversation) -> None:
    with pytest.raises(InvalidArgument, match="^metadata"):
        conversation.send_event({"type": "ContentEvent"}, metadata="{")
