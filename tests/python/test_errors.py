"""Every exception, from its real cause."""

from __future__ import annotations

import multiprocessing
import pickle
from typing import Any

import pytest

import lpconnector
from conftest import Account
from lpconnector import Client, Consumer, Conversation, LpcError, Status


def test_unknown_and_bad_options() -> None:
    with pytest.raises(lpconnector.ConfigError, match="'conect_timeout_ms'; did you mean 'connect_timeout_ms'"):
        Client(account_id="a1", conect_timeout_ms=1)  # type: ignore[call-arg]
    with pytest.raises(lpconnector.ConfigError, match="'call_timeout_ms' .*whole number from 1"):
        Client(account_id="a1", call_timeout_ms=0)
    with pytest.raises(lpconnector.ConfigError, match="account.id"):
        Client()
    for wrong in (b"hunter2", 1.5, object()):
        with pytest.raises(TypeError, match="client_secret") as caught_type:
            Client(account_id="a1", client_secret=wrong)  # type: ignore[arg-type]
        assert "hunter2" not in str(caught_type.value)
    with pytest.raises(LpcError, match="/nonexistent") as caught:
        Client(account_id="a1", tls_ca_file="/nonexistent/ca.pem")
    assert caught.value.status is Status.IO


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LPC_CALL_TIMEOUT_MS", "never")
    with pytest.raises(lpconnector.ConfigError, match="LPC_CALL_TIMEOUT_MS"):
        Client.from_env()


def test_bad_arguments(client: Client, consumer: Consumer, conversation: Conversation) -> None:
    lone = "\ud83d"
    bad: list[Any] = [
        lambda: client.consumer(""),
        lambda: client.consumer(lone),
        lambda: client.consumer_from_jws("not a jws"),
        lambda: client.set_app_jwt("a\r\nb"),
        lambda: consumer.open(first_message=lone),
        lambda: client.set_credentials("", "x"),
        lambda: client.set_credentials("x", "a\nb"),
        lambda: client.set_credentials("x", lone),
        lambda: consumer.attach(""),
        lambda: consumer.send_json("[]"),
        lambda: consumer.send_json(b"\xff"),
        lambda: consumer.batch_json([]),
        lambda: conversation.send_text(lone),
    ]
    for call in bad:
        with pytest.raises(lpconnector.InvalidArgument) as caught:
            call()
        assert caught.value.status is Status.INVALID_ARGUMENT
        assert caught.value.attempts == 0
    for wrong in (None, 5, b"bytes"):
        with pytest.raises(TypeError):
            conversation.send_text(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("http_status", "expected", "retryable", "attempts"),
    [
        (400, lpconnector.Rejected, False, 1),
        # Tried once more, with another AppJWT.
        (401, lpconnector.Unauthorized, False, 2),
        (404, lpconnector.Rejected, False, 1),
        (429, lpconnector.RateLimited, True, 1),
        (500, lpconnector.ServerError, True, 1),
        (302, lpconnector.ProtocolError, False, 1),
    ],
)
def test_http_statuses(
    account: Account,
    conversation: Conversation,
    http_status: int,
    expected: type[LpcError],
    retryable: bool,
    attempts: int,
) -> None:
    for _ in range(attempts):
        account.answer("send", status=http_status, headers={"Retry-After": "2"}, body="no")
    with pytest.raises(expected) as caught:
        conversation.send_text("x")
    error = caught.value
    assert error.http_status == http_status
    assert error.is_retryable is retryable
    assert error.maybe_delivered is False
    assert error.retry_after_ms == 2000
    assert error.body == b"no"
    assert error.request_id
    assert error.attempts == attempts
    assert error.service_code is None and error.title is None
    # What is no JSON is a text of the service's, too.
    assert error.details == "no"
    assert str(error) == error.message


def test_the_service_says_why(client: Client, conversation: Conversation) -> None:
    stranger = client.consumer("stranger").attach(conversation.id)
    with pytest.raises(lpconnector.Unauthorized) as caught:
        stranger.send_text("let me in")
    assert caught.value.service_code == 40103
    assert caught.value.title


def test_connect_tls_timeout_protocol(account: Account, conversation: Conversation) -> None:
    with pytest.raises(lpconnector.ConnectError) as connect:
        account.client(domain_api_url="https://127.0.0.1:1").consumer("x").jws()
    assert isinstance(connect.value, ConnectionError)
    with pytest.raises(lpconnector.TlsError):
        account.client(tls_ca_file="").consumer("x").jws()
    impatient = account.client(request_timeout_ms=2000).consumer("x").open()
    account.answer("send", stall=True)
    with pytest.raises(TimeoutError) as timeout:
        impatient.send_text("x")
    assert isinstance(timeout.value, lpconnector.Timeout)
    assert timeout.value.maybe_delivered
    account.answer("send", status=200, body="<html>")
    with pytest.raises(lpconnector.ProtocolError) as protocol:
        conversation.send_text("x")
    assert protocol.value.maybe_delivered


def test_closed(account: Account, conversation: Conversation) -> None:
    conversation.close()
    with pytest.raises(lpconnector.Closed, match="conversation was closed"):
        conversation.send_text("too late")
    with account.client() as client:
        consumer = client.consumer("x")
    with pytest.raises(lpconnector.Closed, match="client was shut down"):
        consumer.open()


def test_one_open_conversation_per_consumer(
    account: Account, consumer: Consumer, conversation: Conversation
) -> None:
    with pytest.raises(lpconnector.Rejected, match="already has") as caught:
        consumer.open(first_message="Hi again")
    assert type(caught.value) is lpconnector.AlreadyOpen
    assert caught.value.status is Status.ALREADY_OPEN
    assert account.texts() == []
    conversation.close_stage()
    consumer.open()


def test_the_service_says_that_it_is_closed(consumer: Consumer, conversation: Conversation) -> None:
    same = consumer.attach(conversation.id)
    conversation.close_stage()
    with pytest.raises(lpconnector.Closed) as caught:
        same.send_text("too late")
    assert caught.value.http_status is not None


def test_other_credentials(account: Account) -> None:
    wrong = account.client(client_secret="expired")
    with pytest.raises(LpcError):
        wrong.consumer("x").jws()
    wrong.set_credentials(account.client_id, account.client_secret)
    wrong.consumer("x").jws()


def test_a_given_token(account: Account) -> None:
    jwt = account.app_jwt(lifetime=60)
    client = account.client(app_jwt=jwt)
    client.consumer("x").open()
    assert account.requests("token") == []
    client.set_app_jwt("abc.def.ghi")
    with pytest.raises(lpconnector.Unauthorized) as caught:
        client.consumer("y").jws()
    assert caught.value.service_code == 40102
    client.set_app_jwt(None)
    client.consumer("y").jws()
    assert len(account.requests("token")) == 1


def test_every_exception_is_an_lpc_error_and_survives_pickling() -> None:
    classes = [
        value
        for value in vars(lpconnector).values()
        if isinstance(value, type) and issubclass(value, LpcError)
    ]
    assert len(classes) == 17
    for cls in classes:
        error = cls("what", status=5, http_status=500, body=b"x", attempts=2)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is cls
        assert vars(again) == vars(error)
        assert str(again) == "what"


def _send(conversation: Conversation, results: Any) -> None:
    results.put(conversation.send_text("from the child").code)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork in a process with threads
def test_a_forked_child_goes_on(account: Account, conversation: Conversation) -> None:
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    child = fork.Process(target=_send, args=(conversation, results))
    child.start()
    assert results.get() == "OK"
    child.join()
    assert child.exitcode == 0
    conversation.send_text("from the parent")
    assert account.texts() == ["from the child", "from the parent"]
