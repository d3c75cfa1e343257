"""Signatures and notifications, by the samples that Rust and C read, too."""

from __future__ import annotations

import copy
import dataclasses
import http.client
import json
import multiprocessing
import pickle
import unittest.mock
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, Optional, Union

import pytest
from starlette.datastructures import Headers as StarletteHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

import lpconnector
from conftest import Account
from lpconnector import (
    AcceptStatus,
    ChatState,
    EventKind,
    InvalidArgument,
    Notification,
    NotificationEvent,
    ProtocolError,
    SignatureError,
    Status,
    parse_notification,
    verify_webhook,
)

SAMPLES = Path(__file__).parents[1] / "webhooks"
SECRET = "k3y-0f-an-app"
BODY = b'{"body":{"changes":[]}}'
SIGNATURE = "sha1=HGqzl/MTlb8f+I0/qA7jBplgQ2Q="
HEADER = "x-liveperson-signature"


def samples(name: str) -> list[Any]:
    read: list[Any] = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    return read


def body_of(sample: Any) -> bytes:
    # Some are texts that hold the body, for what an object cannot say.
    body = sample["body"]
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def event(change: str) -> NotificationEvent:
    changes = f'{{"type":"ms.MessagingEventNotification","body":{{"changes":[{change}]}}}}'
    [only] = parse_notification(changes.encode()).events
    return only


@pytest.mark.parametrize("sample", samples("signatures.json"), ids=lambda sample: sample["note"])
def test_signatures(sample: Any) -> None:
    headers, body = {HEADER: sample["signature"]}, sample["body"].encode()
    for secrets in (sample["secrets"], tuple(sample["secrets"])):
        if not sample["valid"]:
            with pytest.raises(SignatureError) as caught:
                verify_webhook(headers, body, secrets)
            assert caught.value.status is Status.SIGNATURE
            assert SECRET not in str(caught.value)
        elif body == b"":
            with pytest.raises(ProtocolError):
                verify_webhook(headers, body, secrets)
        else:
            assert verify_webhook(headers, body, secrets).raw == body


def as_expected(event: NotificationEvent) -> dict[str, Any]:
    def number(value: Optional[int]) -> int:
        return -1 if value is None else value

    return {
        "kind": event.kind,
        "conversation_id": event.conversation_id,
        "dialog_id": event.dialog_id,
        "sequence": number(event.sequence),
        "originator_id": event.originator_id,
        "originator_role": event.originator_role,
        "timestamp_ms": number(event.timestamp_ms),
        "text": event.text,
        "state": event.state,
        "audience": event.audience,
        "metadata": event.metadata,
        "closed": event.is_closed,
    }


def changes_of(whole: dict[str, Any]) -> list[Any]:
    """One may stand for a list; where there are none, the whole is one."""
    inner = whole.get("body")
    changes = inner.get("changes") if isinstance(inner, dict) else None
    if isinstance(changes, dict):
        return [changes]
    return changes if isinstance(changes, list) else [whole]


@pytest.mark.parametrize("sample", samples("notifications.json"), ids=lambda sample: sample["name"])
def test_notifications(sample: Any) -> None:
    body = body_of(sample)
    notification = parse_notification(body)
    assert notification.raw == body and notification.type_name == sample["type"]
    assert [as_expected(event) for event in notification.events] == sample["events"]
    assert all(type(event.kind) is EventKind for event in notification.events)
    assert notification.json == json.loads(body)
    assert [event.json for event in notification.events] == changes_of(notification.json)
    for event in notification.events:
        content = event.content
        is_form = isinstance(content, lpconnector.SecureFormContent)
        assert (content is None or is_form) is (event.kind is EventKind.OTHER)
        assert event.content is content
    assert notification.account_id == ""
    assert repr(len(notification.events)) in repr(notification)


def content(name: str) -> Any:
    [sample] = (sample for sample in samples("notifications.json") if sample["name"] == name)
    return parse_notification(body_of(sample)).events[0].content


def test_contents() -> None:
    text = content("text with quick replies")
    assert isinstance(text, lpconnector.TextContent)
    assert text.message == "Which size?" and isinstance(text.quick_replies, dict)
    assert content("text for agents only") == lpconnector.TextContent("psst", None)
    stored = content("file of the storage")
    assert isinstance(stored, lpconnector.FileContent)
    assert stored.caption == "The receipt" and stored.relative_path and stored.file_type == "PNG"
    assert content("file elsewhere").url and not content("file elsewhere").relative_path
    rich = content("rich content")
    assert isinstance(rich, lpconnector.RichContent) and rich.content["type"] == "vertical"
    assert rich.text == "Hi"
    form = lpconnector.SecureFormContent("forms/secure-invitation", "Card", "f", "", "")
    assert content("secure form") == form
    assert content("chat state") == lpconnector.ChatStateContent(ChatState.PAUSE)
    assert type(content("chat state").state) is ChatState
    assert content("chat state to come") == lpconnector.ChatStateContent("DANCING")
    assert type(content("chat state to come").state) is str
    nack = lpconnector.AcceptStatusContent(AcceptStatus.NACK, [3, 4])
    assert content("accept status") == nack
    assert type(content("accept status").status) is AcceptStatus
    seen = event('{"event":{"type":"AcceptStatusEvent","status":"SEEN","sequenceList":3}}').content
    assert seen == lpconnector.AcceptStatusContent("SEEN", [3])
    told = content("conversation with a survey")
    assert isinstance(told, lpconnector.ConversationContent)
    assert (told.state, told.ttr_value, told.skill_id) == ("CLOSE", 3600, "1403832132")
    consumer = lpconnector.Participant("u", "CONSUMER", "")
    assert told.participants[0] == consumer
    main, survey = told.dialogs
    assert isinstance(main, lpconnector.Dialog) and main.id == "c-1"
    assert survey.dialog_type == "POST_SURVEY" and survey.end_ms is None
    assert main.participants == [lpconnector.Participant("u", "CONSUMER", "ACTIVE")]
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.state = "OPEN"  # type: ignore[misc]


def test_what_the_service_says_of_a_conversation() -> None:
    details = {
        "state": "CLOSE",
        "stage": "OPEN",
        "csat": {"csatRate": 5, "csatResolutionConfirmation": True, "status": "NEW"},
        "delay": {"type": "NIGHT", "tillWhen": 9},
        "manualETTR": "8",
        "conversationHandlerDetails": {"accountId": "x"},
        "dialogs": {"dialogId": "d", "metaData": {"appInstallId": "y"}},
    }
    result = {"convId": "c", "effectiveTTR": -1, "conversationDetails": details}
    told = event(json.dumps({"result": result, "sentTs": 5}))
    assert (told.state, told.text, told.is_closed) == ("CLOSE", "", False)
    content = told.content
    assert isinstance(content, lpconnector.ConversationContent)
    assert content.csat == lpconnector.Csat(5, True, "NEW")
    assert content.delay == lpconnector.Delay("NIGHT", 9)
    assert (content.effective_ttr, content.manual_ettr_ms, content.sent_ms) == (-1, 8, 5)
    assert content.handler_details == {"accountId": "x"}
    assert content.dialogs[0].metadata == {"appInstallId": "y"}
    details["stage"] = "CLOSE"
    assert event(json.dumps({"result": result})).is_closed
    bare = event('{"result":{"conversationDetails":{}}}').content
    assert isinstance(bare, lpconnector.ConversationContent)
    assert (bare.csat, bare.delay, bare.handler_details, bare.sent_ms) == (None, None, None, None)


def test_metadata_and_dialog() -> None:
    metadata = [{"type": "ExternalId", "id": 12345678901234567890123}]
    text = {"type": "ContentEvent", "message": "x"}
    told = event(json.dumps({"dialogId": "d", "event": text, "metadata": metadata}))
    assert told.metadata == metadata and told.metadata is told.metadata
    assert (told.conversation_id, told.dialog_id) == ("", "d")
    assert event('{"metadata":null}').metadata is None
    assert event("{}").metadata is None


def test_narrowing_by_class() -> None:
    """As a type checker sees it."""
    told = event('{"event":{"type":"ContentEvent","message":"Hi"}}').content
    message: str = told.message if isinstance(told, lpconnector.TextContent) else ""
    assert message == "Hi"


def test_messages_stay_out_of_repr() -> None:
    for hidden in (
        '{"type":"ContentEvent","message":"mine","quickReplies":["mine"]}',
        '{"type":"ContentEvent","message":{"relativePath":"mine","url":"mine","caption":"mine",'
        '"preview":"mine"}}',
        '{"type":"RichContentEvent","content":{"text":"mine"},"quickReplies":["mine"]}',
        '{"type":"ContentEvent","contentType":"forms/x","message":{"title":"mine","formId":"mine",'
        '"invitationId":"mine","submissionId":"mine"}}',
    ):
        told = event(f'{{"event":{hidden}}}')
        assert told.content is not None and "mine" not in repr(told) + repr(told.content)
    typing = event('{"conversationId":"c","sequence":3,"event":{"type":"ChatStateEvent"}}')
    shown = "<lpconnector.NotificationEvent kind=CHAT_STATE conversation_id=\"c\" sequence=3>"
    assert repr(typing) == shown


def test_nothing_that_was_read_fails_later() -> None:
    digits = "9" * 10_000
    for odd in (digits, "-" + digits, "1e999", '"\\ud800"', "[" * 120 + "]" * 120, '{"":0,"":1}'):
        rich = f'{{"type":"RichContentEvent","content":{odd}}}'
        notification = parse_notification(f'{{"body":{{"changes":[{{"event":{rich}}}]}}}}'.encode())
        [told] = notification.events
        content = told.content
        assert isinstance(content, lpconnector.RichContent)
        assert content.content == told.json["event"]["content"]
        assert notification.json["body"]["changes"] == [told.json]


def test_what_is_no_notification() -> None:
    for body in (b"", b"{", b"[]", b"null", b'{"a":"\xff"}', b"[" * 1000):
        with pytest.raises(ProtocolError, match="the notification ") as caught:
            parse_notification(body)
        assert caught.value.status is Status.PROTOCOL
    signed = {HEADER: "sha1=O8rXW08ZjAHYtoUl56DOeBMLcp4="}
    with pytest.raises(ProtocolError):
        verify_webhook(signed, b"", SECRET)
    assert parse_notification(bytearray(BODY)).raw == BODY
    with pytest.raises(InvalidArgument, match="bytes as they came"):
        parse_notification("{}")  # type: ignore[arg-type]
    wrong: Any
    for wrong in (None, 5, {}, ["{}"]):
        with pytest.raises(TypeError, match="body takes bytes"):
            parse_notification(wrong)


def test_no_class_is_made_or_changed_by_hand() -> None:
    notification = parse_notification(BODY)
    with pytest.raises(AttributeError):
        notification.raw = b""  # type: ignore[misc]
    for cls in (lpconnector.Notification, lpconnector.NotificationEvent):
        with pytest.raises(TypeError):
            cls()


@pytest.mark.parametrize(
    "headers",
    [
        {HEADER: SIGNATURE},
        {"X-LivePerson-Signature": SIGNATURE, "Other": "x"},
        {HEADER.upper(): SIGNATURE.encode()},
        {HEADER.encode(): SIGNATURE.encode()},
        {HEADER: [SIGNATURE]},
        {HEADER: ("sha1=bogus", SIGNATURE.encode())},
        {HEADER: [SIGNATURE, "sha1=bogus"]},
        {HEADER: f"md5=x, {SIGNATURE}"},
        {"X-Liveperson-Signature": "sha1=bogus", HEADER: SIGNATURE},
        WerkzeugHeaders([(HEADER.title(), SIGNATURE)]),
        StarletteHeaders({HEADER: SIGNATURE}),
        StarletteHeaders(raw=[(HEADER.encode(), b"sha1=bogus"), (HEADER.encode(), SIGNATURE.encode())]),
    ],
)
def test_headers_of_every_framework(headers: Any) -> None:
    assert verify_webhook(headers, BODY, SECRET).raw == BODY
    assert verify_webhook(headers, bytearray(BODY), ["another", SECRET]).raw == BODY
    with pytest.raises(SignatureError):
        verify_webhook(headers, BODY + b" ", SECRET)
    with pytest.raises(SignatureError):
        verify_webhook(headers, BODY, ("another",))


def test_headers_of_the_standard_library() -> None:
    headers = http.client.HTTPMessage()
    headers["X-LivePerson-Signature"] = SIGNATURE
    assert verify_webhook(headers, BODY, SECRET).events == []


@pytest.mark.parametrize(
    "value", [None, "", b"", [], [None], 5 * ["sha1="], "sha1=\ud800", b"sha1=\xff\xfe", "sha1=\0"]
)
def test_headers_without_a_signature(value: Any) -> None:
    for headers in ({HEADER: value}, {}, {"x": SIGNATURE, 5: SIGNATURE}):
        with pytest.raises(SignatureError):
            verify_webhook(headers, BODY, SECRET)


def test_wrong_arguments() -> None:
    good = {HEADER: SIGNATURE}
    with pytest.raises(InvalidArgument, match="bytes as they came"):
        verify_webhook(good, BODY.decode(), SECRET)  # type: ignore[arg-type]
    nothing: Union[str, list[str]]
    for nothing in ("", [], [SECRET, ""], "\ud800"):
        with pytest.raises(InvalidArgument, match="secret"):
            verify_webhook(good, BODY, nothing)
    wrong: Any
    for wrong in (None, SECRET.encode(), [SECRET.encode()], {SECRET: 1}):
        with pytest.raises(TypeError):
            verify_webhook(good, BODY, wrong)
    for wrong in (None, 5, SIGNATURE, SIGNATURE.encode(), [SIGNATURE], [(HEADER,)], {HEADER: 5}):
        with pytest.raises(TypeError, match="headers takes a mapping, or pairs of name and value"):
            verify_webhook(wrong, BODY, SECRET)


@pytest.mark.parametrize("form", [str, str.upper, str.title, str.encode])
def test_headers_as_frameworks_have_them(form: Any) -> None:
    name, value = form(HEADER), SIGNATURE
    headers: Any
    nothing: Any
    pairs = [(form("host"), "x"), (name, value)]
    for headers in (pairs, tuple(pairs), iter(pairs), dict(pairs), MappingProxyType(dict(pairs))):
        assert verify_webhook(headers, BODY, SECRET).raw == BODY
    for headers in ([(name, b"sha1=bogus"), (name, value.encode())], [(name, [value])]):
        assert verify_webhook(headers, BODY, SECRET).raw == BODY
    for nothing in ([], [(form("host"), value)], {}):
        with pytest.raises(SignatureError):
            verify_webhook(nothing, BODY, SECRET)


def test_the_environment_of_a_wsgi_application() -> None:
    environ = {"REQUEST_METHOD": "POST", "wsgi.version": (1, 0), "wsgi.input": object()}
    with pytest.raises(SignatureError):
        verify_webhook(environ, BODY, SECRET)
    environ["HTTP_X_LIVEPERSON_SIGNATURE"] = SIGNATURE
    assert verify_webhook(environ, BODY, SECRET).raw == BODY


CHANGE = {"sequence": 1, "event": {"type": "ContentEvent", "message": "x"}}


def notification(*changes: Any, **more: Any) -> Notification:
    body = {"body": {"changes": list(changes)}, **more}
    return parse_notification(json.dumps(body).encode())


def test_notifications_are_compared_by_what_they_say() -> None:
    one, same = notification(CHANGE, CHANGE), notification(CHANGE, CHANGE)
    other = notification(CHANGE, sent="later")
    assert one == same and hash(one) == hash(same) and len({one, same, other}) == 2
    assert one != other and one != one.raw and one != one.events[0]
    events = [*one.events, *same.events, *other.events]
    assert len(events) == 5 and len(set(events)) == 1 and events[0] == events[4]
    assert events[0] != notification({**CHANGE, "sequence": 2}).events[0]
    assert events[0] != "x"


def test_what_is_no_notification_is_another() -> None:
    one = lpconnector.parse_notification(b'{"body": {"changes": [{"sequence": 1}]}}')
    for mine in (one, one.events[0]):
        assert (mine == 5) is False and (mine != 5) is True
        # The other one is asked, too.
        assert mine == unittest.mock.ANY and unittest.mock.ANY == mine
    assert (one == one.events[0]) is False


def test_notifications_are_pickled_and_copied() -> None:
    one = notification(CHANGE, {**CHANGE, "sequence": 2}, type="t")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(one, protocol))
        assert again == one and again is not one and again.type_name == "t"
        event = pickle.loads(pickle.dumps(one.events[1], protocol))
        assert event == one.events[1] and event.sequence == 2 and event.text == "x"
    for copied in (copy.copy(one), copy.deepcopy(one), copy.deepcopy({"a": [one]})["a"][0]):
        assert copied == one
    assert copy.copy(one.events[0]) == copy.deepcopy(one.events[0]) == one.events[0]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(copy.copy, one).result(60) == one
        assert pool.submit(copy.copy, one.events[1]).result(60) == one.events[1]


def test_what_the_service_signs(account: Account) -> None:
    body = '{"type":"new.Kind","text":"Grüße, 世界 🎈"}'.encode()
    for way in ("sha1_base64", "sha1_hex", "sha256_base64", "sha256_hex"):
        headers = {HEADER: account.sign(body, signature=way)}
        assert verify_webhook(headers, body, account.client_secret).type_name == "new.Kind"
