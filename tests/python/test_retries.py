"""What is tried again by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Union

import pytest

import lpconnector
from conftest import Account
from lpconnector import Conversation


def eager(account: Account, *, ambiguous: bool = False) -> Conversation:
    """A conversation of a client that tries again at once."""
    client = account.client(retry_max_attempts=3, retry_backoff_ms=1, retry_ambiguous=ambiguous)
    return client.consumer("x").open()


def test_a_failure_that_passes_is_tried_again(account: Account) -> None:
    conversation = eager(account)
    account.answer("send", status=503, body="down")
    reply = conversation.send_text("once")
    assert reply.attempts == 2
    sent = [json.loads(request["body"])["id"] for request in account.requests("send")]
    assert sent == [reply.request_id] * 2
    for status in (503, 502, 500):
        account.answer("send", status=status)
    with pytest.raises(lpconnector.ServerError) as caught:
        conversation.send_text("never")
    assert caught.value.attempts == 3
    assert caught.value.http_status == 500
    assert account.texts() == ["once"]


def test_a_text_whose_answer_was_lost_is_not_repeated(account: Account) -> None:
    conversation = eager(account)
    account.answer("send", lose=True)
    with pytest.raises(lpconnector.ConnectError) as caught:
        conversation.send_text("lost")
    assert caught.value.maybe_delivered
    assert caught.value.attempts == 1
    assert account.texts() == ["lost"]


def test_unless_that_is_asked_for(account: Account) -> None:
    conversation = eager(account, ambiguous=True)
    account.answer("send", lose=True)
    reply = conversation.send_text("lost")
    assert reply.attempts == 2
    sent = [json.loads(request["body"])["id"] for request in account.requests("send")]
    assert sent == [reply.request_id] * 2


def test_a_refused_app_jwt_is_replaced(account: Account, conversation: Conversation) -> None:
    account.revoke_tokens()
    assert conversation.send_text("x").attempts == 2
    assert len(account.requests("token")) == 2
    # Where it is not the token, another one is no help, and soon none is asked for.
    for _ in range(100):
        account.answer("send", status=401, body="no")
    for _ in range(50):
        with pytest.raises(lpconnector.Unauthorized) as caught:
            conversation.send_text("x")
        assert caught.value.attempts in (1, 2)
    assert len(account.requests("token")) < 27


def test_all_wait_after_a_429(account: Account) -> None:
    client = account.client(rate_limit_backoff_ms=3_600_000)
    consumer = client.consumer("x")
    conversation = consumer.open()
    account.answer("send", status=429)
    for call in (lambda: conversation.send_text("x"), lambda: consumer.open()):
        with pytest.raises(lpconnector.RateLimited) as caught:
            call()
    # The second was not sent, and would have waited for longer than allowed.
    assert caught.value.attempts == 0
    # Of an hour, at most ten minutes are waited for.
    assert 500_000 < (caught.value.retry_after_ms or 0) <= 600_000
    assert len(account.requests("conversation")) == 1


@pytest.mark.parametrize("backoff", [5, [5, 10], (5, 10), "5,10"])
def test_backoffs_are_a_number_or_a_list(backoff: Union[int, str, Sequence[int]]) -> None:
    lpconnector.Client(account_id="a1", retry_backoff_ms=backoff)


def test_a_backoff_is_not_anything() -> None:
    for wrong in ("soon", [5, -1]):
        with pytest.raises(lpconnector.ConfigError, match="retry_backoff_ms"):
            lpconnector.Client(account_id="a1", retry_backoff_ms=wrong)
