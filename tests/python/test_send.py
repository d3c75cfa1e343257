"""Every method of a conversation on the wire, and every option of its opening."""

from __future__ import annotations

import json
import re
import types
from pathlib import Path
from typing import Any

import pytest

import lpconnector
from conftest import Account
from lpconnector import (
    AcceptStatus,
    ChatState,
    Client,
    Consumer,
    Conversation,
    CsatStatus,
    Feature,
    Gender,
    InvalidArgument,
    Status,
    Ttr,
)

METADATA: list[lpconnector.Metadata] = [{"type": "ExternalId", "id": "abc-1"}]
LONE = "\ud83d"


def event(account: Account) -> Any:
    """The event that was published last; with its metadata in a test of that."""
    return account.sent()[-1]["body"]["event"]


def opened(account: Account) -> list[Any]:
    return [request["body"] for request in json.loads(account.requests("conversation")[-1]["body"])]


def test_open_with_everything(account: Account, consumer: Consumer) -> None:
    conversation = consumer.open(
        profile={
            "customer": {"customerId": "4711", "balance": 12.5, "registrationDate": {"year": 2020}},
            "personal": {"firstname": "Zoë 👍", "gender": Gender.FEMALE, "age": {"age": 42}},
            "privateData": {"mail": "zoe@example.com"},
        },
        campaign={"campaignId": "99", "engagementId": 7},
        context={"visitorId": "v", "sessionId": "s", "interactionContextId": "1", "lang": "en-US"},
        skill_id="-1",
        ttr=Ttr.URGENT,
        first_message='quote " and \\ and 👍',
        client_properties={"appId": "é", "os": "ANDROID"},
        features=[Feature.RICH_CONTENT, "PHOTO_SHARING"],
    )
    profile, request, publish = opened(account)
    assert profile == {
        "authenticatedData": {
            "lp_sdes": [
                {
                    "type": "ctmrinfo",
                    "info": {
                        "customerId": "4711",
                        "balance": 12.5,
                        "registrationDate": {"year": 2020},
                    },
                },
                {
                    "type": "personal",
                    "personal": {"firstname": "Zoë 👍", "gender": "FEMALE", "age": {"age": 42}},
                },
            ]
        },
        "privateData": {"mail": "zoe@example.com"},
    }
    assert request == {
        "brandId": account.id,
        "ttrDefName": "URGENT",
        "skillId": "-1",
        "campaignInfo": {"campaignId": "99", "engagementId": 7},
        "conversationContext": {
            "type": "SharkContext",
            "visitorId": "v",
            "sessionId": "s",
            "interactionContextId": "1",
            "lang": "en-US",
        },
    }
    assert publish["event"]["message"] == 'quote " and \\ and 👍'
    conversation.send_text("with the same header")
    for route in ("conversation", "send"):
        properties = json.loads(account.requests(route)[-1]["headers"]["client-properties"])
        assert properties == {
            "type": ".ClientProperties",
            "appId": "é",
            "os": "ANDROID",
            "features": ["RICH_CONTENT", "PHOTO_SHARING"],
        }


def test_open_with_json(account: Account, consumer: Consumer) -> None:
    consumer.open(
        profile='{"lastName": "Doe \\ud83d\\udc4d"}',
        campaign='{"campaignId": 1}',
        context='{"lang": "de-DE"}',
        client_properties='{"timeZone": "Europe/Athens"}',
        ttr="NORMAL",
    )
    profile, request = opened(account)
    assert profile == {"lastName": "Doe 👍"}
    assert request["campaignInfo"] == {"campaignId": 1}
    assert request["conversationContext"]["lang"] == "de-DE"
    assert request["ttrDefName"] == "NORMAL"
    consumer.open(profile=None, first_message=None)
    assert opened(account) == [{}, {"brandId": account.id}]


def test_any_mapping_will_do(account: Account, consumer: Consumer) -> None:
    seal = types.MappingProxyType
    content = seal({"type": "text", "text": "x", "style": seal({"bold": True})})
    conversation = consumer.open()
    conversation.send_rich_content(content)
    assert event(account)["content"] == {"type": "text", "text": "x", "style": {"bold": True}}
    publish = {"type": "ms.PublishEvent", "kind": "req"}
    body = {"dialogId": conversation.id, "event": {"type": "ChatStateEvent", "chatState": "PAUSE"}}
    assert consumer.send_json(seal({**publish, "body": seal(body)})).code == "OK"


def test_events(account: Account, conversation: Conversation) -> None:
    text = {"type": "ContentEvent", "contentType": "text/plain", "message": "é👍"}
    assert conversation.send_event(text).code == "OK"
    assert account.sent()[-1] == {
        "type": "ms.PublishEvent",
        "body": {"dialogId": conversation.id, "event": text},
    }
    conversation.send_event(text, metadata=METADATA)
    assert account.sent()[-1]["metadata"] == METADATA
    conversation.send_event(json.dumps(text, indent=1), metadata=json.dumps(METADATA))
    assert account.sent()[-1]["metadata"] == METADATA
    assert json.dumps(text, indent=1) in account.requests("send")[-1]["body"]
    conversation.send_event(text, metadata=tuple(METADATA))
    assert account.sent()[-1]["metadata"] == METADATA


def test_rich_content(account: Account, conversation: Conversation) -> None:
    card = {"type": "vertical", "elements": [{"type": "text", "text": "Pick one"}]}
    conversation.send_rich_content(card, metadata=METADATA)
    assert event(account) == {"type": "RichContentEvent", "content": card}
    assert account.sent()[-1]["metadata"] == METADATA
    conversation.send_rich_content(json.dumps(card))
    assert event(account)["content"] == card


def test_chat_states(account: Account, conversation: Conversation) -> None:
    for state in ChatState:
        conversation.send_chat_state(state)
        assert event(account) == {"type": "ChatStateEvent", "chatState": state.value}
        conversation.send_chat_state(state.value)
        assert event(account) == {"type": "ChatStateEvent", "chatState": state.value}


def test_accept_statuses(account: Account, conversation: Conversation) -> None:
    for status in AcceptStatus:
        conversation.send_accept_status(status, [1, 2])
        sent = {"type": "AcceptStatusEvent", "status": status.value, "sequenceList": [1, 2]}
        assert event(account) == sent
    conversation.send_accept_status("ACTION", range(3), metadata=METADATA)
    assert event(account)["sequenceList"] == [0, 1, 2]
    assert account.sent()[-1]["metadata"] == METADATA


def test_profile(account: Account, conversation: Conversation) -> None:
    conversation.set_profile({"firstName": "John", "personal": {"company": "Doe & Co"}})
    personal = {"type": "personal", "personal": {"company": "Doe & Co"}}
    sent = {"authenticatedData": {"lp_sdes": [personal]}, "firstName": "John"}
    assert account.sent()[-1] == {"type": "userprofile.SetUserProfile", "body": sent}
    conversation.set_profile('{"role": "guest"}')
    assert account.sent()[-1]["body"] == {"role": "guest"}


def test_rating(account: Account, conversation: Conversation) -> None:
    conversation.close()
    for csat in CsatStatus:
        conversation.rate(3, resolved=False, status=csat)
        assert account.sent()[-1]["body"]["conversationField"]["status"] == csat.value
    conversation.rate(5, resolved=True)
    assert account.sent()[-1] == {
        "type": "cm.UpdateConversationField",
        "body": {
            "conversationId": conversation.id,
            "conversationField": {
                "field": "CSATRate",
                "csatRate": 5,
                "csatResolutionConfirmation": True,
                "status": "FILLED",
            },
        },
    }


def test_a_dialog_is_closed(
    account: Account, consumer: Consumer, conversation: Conversation
) -> None:
    survey = account.survey(conversation.id)
    consumer.attach(conversation.id, survey).send_text("five stars")
    conversation.close_dialog(survey)
    assert account.sent()[-1]["body"]["conversationField"]["dialog"]["dialogId"] == survey
    [held] = account.conversations()
    assert [dialog["state"] for dialog in held["dialogs"]] == ["CLOSE", "CLOSE"]


def test_bad_arguments(account: Account, consumer: Consumer, conversation: Conversation) -> None:
    c: Any = conversation
    o: Any = consumer.open
    bad: list[tuple[Any, str]] = [
        (lambda: c.send_event([]), "not a JSON object"),
        (lambda: c.send_event("{"), "EOF"),
        (lambda: c.send_event({"x": float("nan")}), "cannot read event_json"),
        (lambda: c.send_event({"message": LONE}), "event has lone surrogates"),
        (lambda: c.send_event({LONE: 1}), "event has lone surrogates"),
        (lambda: c.send_event(LONE), "event has lone surrogates"),
        (lambda: c.send_event({}, metadata={}), "metadata"),
        (lambda: c.send_event({}, metadata=[{"type": LONE}]), "metadata has lone surrogates"),
        (lambda: c.send_event({}, metadata=[{"type": "ExternalId"}]), "1 to 64 characters"),
        (lambda: c.send_rich_content("null"), "not a JSON object"),
        (lambda: c.send_rich_content({"a": [LONE]}), "content has lone surrogates"),
        (lambda: c.send_chat_state("TYPING"), "state: .*`TYPING`.*`ACTIVE`, `INACTIVE`"),
        (lambda: c.send_chat_state(LONE), "state has lone surrogates"),
        (lambda: c.send_accept_status("SEEN", [1]), "status: .*`SEEN`.*`ACCEPT`, `READ`"),
        (lambda: c.send_accept_status("READ", []), "sequences is empty"),
        (lambda: c.send_accept_status("READ", [-1]), "sequences holds -1"),
        (lambda: c.set_profile({"nmae": "J"}), "nmae.*`customer`"),
        (lambda: c.set_profile({"role": LONE}), "profile has lone surrogates"),
        (lambda: c.set_profile('{"role": "\\ud83d"}'), "profile: role: .*hex escape"),
        (lambda: c.rate(0, resolved=True), "stars is 0; allowed: 1 to 5"),
        (lambda: c.rate(6, resolved=True), "stars is 6; allowed: 1 to 5"),
        (lambda: c.rate(-1, resolved=True), "stars is -1; allowed: 1 to 5"),
        (lambda: c.rate(300, resolved=True), "stars is 300; allowed: 1 to 5"),
        (lambda: c.rate(5, resolved=True, status="FULL"), "`FULL`.*`FILLED`"),
        (lambda: c.close_dialog(""), "dialog_id is empty"),
        (lambda: c.close_dialog(LONE), "dialog_id has lone surrogates"),
        (lambda: o(ttr="SOON"), "ttr: .*`SOON`.*`NORMAL`, `URGENT`"),
        (lambda: o(ttr=LONE), "ttr has lone surrogates"),
        (lambda: o(skill_id=LONE), "skill_id has lone surrogates"),
        (lambda: o(first_message=LONE), "first_message has lone surrogates"),
        (lambda: o(profile={"role": LONE}), "profile has lone surrogates"),
        (lambda: o(profile='{"role": "\\ud83d"}'), "profile has lone surrogates"),
        (lambda: o(profile="{"), "profile is not JSON: "),
        (lambda: o(profile='{}, "ttr": "URGENT"'), "profile is not JSON: "),
        (lambda: o(profile=[]), "profile: .*expected an object"),
        (lambda: o(campaign={"campaignId": []}), "campaignId: expected a string or a number"),
        (lambda: o(context={"type": "x"}), "context.type: unknown member"),
        (lambda: o(client_properties={"appid": "x"}), "appid.*`appId`"),
        (lambda: o(features=["AUTO"]), r"features\[0\]: unknown value `AUTO`.*`CO_BROWSE`"),
        (lambda: o(features="AUTO_MESSAGES"), "features: .*string"),
    ]
    for call, says in bad:
        with pytest.raises(InvalidArgument, match=says) as caught:
            call()
        assert caught.value.status is Status.INVALID_ARGUMENT
    mistyped: list[Any] = [
        lambda: c.send_event({"x": object()}),
        lambda: c.send_event({"x": {1, 2}}),
        lambda: c.send_event(b"{}"),
        lambda: c.send_chat_state(3),
        lambda: c.send_accept_status("READ", 3),
        lambda: c.send_accept_status("READ", ["1"]),
        lambda: c.rate("5", resolved=True),
        lambda: c.rate(5),
        lambda: c.set_progress(3),
        lambda: o(profile={"role": b"x"}),
        lambda: o(skill_id=5),
        lambda: o({"role": "guest"}),
    ]
    for wrong in mistyped:
        with pytest.raises(TypeError):
            wrong()
    # Raw requests stay the caller's, down to an escape that is half a character.
    request = {"type": "userprofile.SetUserProfile", "body": {"role": LONE}}
    with pytest.raises(lpconnector.LpcError):
        consumer.send_json(request)
    assert "\\ud83d" in account.requests("send")[-1]["body"]
    assert len(account.requests("send")) == 1
    assert len(account.requests("conversation")) == 1


def test_client_properties_of_the_client(account: Account) -> None:
    for properties, features in (
        ({"appId": "a", "os": "IOS"}, [Feature.AUTO_MESSAGES, "CO_APP"]),
        ('{"appId": "a", "os": "IOS"}', "AUTO_MESSAGES,CO_APP"),
    ):
        client = account.client(client_properties=properties, features=features)
        client.consumer("x").open(client_properties={"os": "ANDROID"})
        sent = json.loads(account.requests("conversation")[-1]["headers"]["client-properties"])
        assert sent == {
            "type": ".ClientProperties",
            "appId": "a",
            "os": "ANDROID",
            "features": ["AUTO_MESSAGES", "CO_APP"],
        }
    bad: list[dict[str, Any]] = [
        {"features": ["X"]},
        {"client_properties": {"x": 1}},
        {"account_id": {}},
    ]
    for options in bad:
        with pytest.raises(lpconnector.ConfigError):
            account.client(**options)
    with pytest.raises(InvalidArgument, match="lone surrogates"):
        account.client(client_properties={"appId": LONE})


def test_a_client_from_a_file(account: Account, tmp_path: Path) -> None:
    settings = tmp_path / "settings.conf"
    settings.write_text("# settings\n\naccount.id = fromfile\nclient.id = x\nclient.secret = y\n")
    assert Client.from_file(settings).account_id == "fromfile"
    assert Client.from_file(str(settings), account_id=account.id).account_id == account.id
    settings.write_text("account.id = a1\nacount.id = a2\n")
    with pytest.raises(lpconnector.ConfigError, match="line 2: .*did you mean 'account.id'"):
        Client.from_file(settings)
    with pytest.raises(lpconnector.LpcError, match="missing.conf") as caught:
        Client.from_file(tmp_path / "missing.conf")
    assert caught.value.status is Status.IO
    with pytest.raises(InvalidArgument, match="path has lone surrogates"):
        Client.from_file(LONE)


def allowed(call: Any) -> list[str]:
    """What the core says is allowed where a name is unknown."""
    with pytest.raises(InvalidArgument) as caught:
        call()
    return re.findall(r"`(\w+)`", caught.value.message.split("expected ")[1])


def test_types_and_enums_are_those_of_the_core(conversation: Conversation) -> None:
    c: Any = conversation

    def open_with(**options: Any) -> Any:
        # Refused before anything is sent, so any consumer will do.
        return Client(account_id="a1").consumer("x").open(**options)

    def profile(*path: str) -> list[str]:
        wrong: Any = {"?": 1}
        for member in reversed(path):
            wrong = {member: wrong}
        return allowed(lambda: c.set_profile(wrong))

    types_of_the_core = {
        lpconnector.Profile: profile(),
        lpconnector.Customer: profile("customer"),
        lpconnector.Date: profile("customer", "registrationDate"),
        lpconnector.Personal: profile("personal"),
        lpconnector.Age: profile("personal", "age"),
        lpconnector.PrivateData: profile("privateData"),
        lpconnector.PushNotificationData: profile("privateData", "pushNotificationData"),
        lpconnector.Campaign: allowed(lambda: open_with(campaign={"?": 1})),
        lpconnector.ConversationContext: allowed(lambda: open_with(context={"?": 1})),
        lpconnector.ClientProperties: allowed(lambda: open_with(client_properties={"?": 1})),
    }
    for typed, members in types_of_the_core.items():
        assert list(typed.__annotations__) == members, typed
    enums_of_the_core = {
        ChatState: allowed(lambda: c.send_chat_state("?")),
        AcceptStatus: allowed(lambda: c.send_accept_status("?", [1])),
        CsatStatus: allowed(lambda: c.rate(1, resolved=True, status="?")),
        Gender: allowed(lambda: c.set_profile({"personal": {"gender": "?"}})),
        Ttr: allowed(lambda: open_with(ttr="?")),
        Feature: allowed(lambda: open_with(features=["?"])),
    }
    for enum, names in enums_of_the_core.items():
        assert [name.value for name in enum] == names
        assert [name.name for name in enum] == names
