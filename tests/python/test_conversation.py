"""What works when everything works."""

from __future__ import annotations

import json

import lpconnector
from conftest import Account
from lpconnector import Client, Consumer, Conversation


def test_a_conversation_is_opened_used_and_closed(account: Account, consumer: Consumer) -> None:
    conversation = consumer.open(first_message="Hi")
    reply = conversation.send_text('quote " and 👍')
    assert reply.http_status == 200
    assert reply.code == "OK"
    assert reply.sequence == 1
    assert reply.body == {"sequence": 1}
    assert reply.body is reply.body
    assert isinstance(reply.raw, bytes)
    assert json.loads(reply.raw)["reqId"] == reply.request_id
    assert reply.attempts == 1
    assert conversation.dialog_id == conversation.id
    # An answer to a field is a text.
    assert isinstance(conversation.close().body, str)
    assert account.texts() == ["Hi", 'quote " and 👍']


def test_handles_keep_alive_what_they_need(account: Account) -> None:
    client = account.client()
    consumer = client.consumer("outlives")
    del client
    conversation = consumer.open()
    del consumer
    assert conversation.send_text("all others are gone").code == "OK"


def test_attach(client: Client, consumer: Consumer, conversation: Conversation) -> None:
    same = consumer.attach(conversation.id)
    assert same.id == conversation.id
    same.send_text("by another object")
    survey = consumer.attach(conversation.id, dialog_id="d-2")
    assert survey.dialog_id == "d-2"
    kept = client.consumer_from_jws(consumer.jws())
    assert kept.lp_id() == consumer.lp_id()
    kept.attach(conversation.id, dialog_id=None).send_text("as the same consumer")


def test_raw_json(
    account: Account, client: Client, consumer: Consumer, conversation: Conversation
) -> None:
    event = {"type": "ContentEvent", "contentType": "text/plain", "message": "raw"}
    request = {
        "kind": "req",
        "id": 5,
        "type": "ms.PublishEvent",
        "body": {"dialogId": conversation.id, "event": event},
    }
    assert consumer.send_json(request).request_id == "5"
    text = json.dumps({**request, "id": "6"}, indent=1)
    assert consumer.send_json(text).request_id == "6"
    assert consumer.send_json(text.encode().replace(b'"6"', b'"7"')).request_id == "7"
    sent = account.requests("send")
    assert sent[1]["body"] == text
    batch = [
        {"kind": "req", "id": "1,", "type": "userprofile.SetUserProfile", "body": {}},
        {
            "kind": "req",
            "id": "1,",
            "type": "cm.ConsumerRequestConversation",
            "body": {"brandId": account.id},
        },
    ]
    reply = client.consumer("another").batch_json(batch)
    assert reply.request_id == "1,"
    assert reply.sequence is None
    assert [answer["code"] for answer in reply.body] == ["OK", "OK"]


def test_options_are_keywords(account: Account) -> None:
    client = account.client(
        connect_timeout_ms=2000,
        allow_plaintext=False,
        domain_allowed_suffixes=["127.0.0.1", "localhost"],
        domain_messaging=None,
        token_api_version=2,
    )
    assert client.account_id == account.id
    client.consumer("x").open()
    assert "/v2/" in account.requests("token")[0]["path"]


def test_every_option_of_the_core_has_a_type() -> None:
    from lpconnector import _lpconnector

    # stubtest does not look into the TypedDict.
    stub = _lpconnector.__file__.rsplit("/", 1)[0] + "/_lpconnector.pyi"
    with open(stub, encoding="utf-8") as file:
        text = file.read()
    options = text[text.index("class _Options") : text.index("@final")]
    typed = [line.split(":")[0].strip() for line in options.splitlines() if "]" in line]
    assert typed == _lpconnector.OPTIONS


def test_nothing_shows_a_secret(account: Account, client: Client, consumer: Consumer) -> None:
    conversation = consumer.open()
    shown = repr(client) + repr(consumer) + repr(conversation)
    shown += repr(conversation.send_text("private")) + str(vars(lpconnector))
    assert account.client_secret not in shown
    assert consumer.jws() not in shown
    assert "private" not in shown
