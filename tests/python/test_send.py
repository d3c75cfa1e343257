"""Every method of a conversation on the wire, and every option of its opening."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable
from contextlib import suppress
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
        skill_id=-1,
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
        "channelType": "MESSAGING",
        "skillId": -1,
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


def test_open_with_json(account: Account, client: Client, consumer: Consumer) -> None:
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
    client.consumer("another").open(profile=None, first_message=None)
    assert opened(account) == [{}, {"brandId": account.id, "channelType": "MESSAGING"}]


def test_what_belongs_to_the_service_goes_out_as_it_was_written(
    account: Account, client: Client, consumer: Consumer
) -> None:
    digits = 12345678901234567890123
    conversation = consumer.open(
        profile={"personal": {"gender": "X", "new": []}, "more": {"a": 1}},
        campaign={"campaignId": digits, "new": None},
        context={"type": "SMSContext", "visitorId": 7, "new": {}},
        skill_id=digits,
        ttr="SOON",
        client_properties={"browser": "b", "deviceModel": 7, "new": [1]},
        features=[Feature.MULTI_DIALOG, "NEW"],
    )
    profile, request = opened(account)
    personal = {"type": "personal", "personal": {"gender": "X", "new": []}}
    assert profile == {"authenticatedData": {"lp_sdes": [personal]}, "more": {"a": 1}}
    assert request == {
        "brandId": account.id,
        "ttrDefName": "SOON",
        "channelType": "MESSAGING",
        "skillId": digits,
        "campaignInfo": {"campaignId": digits, "new": None},
        "conversationContext": {"type": "SMSContext", "visitorId": 7, "new": {}},
    }
    properties = json.loads(account.requests("conversation")[-1]["headers"]["client-properties"])
    assert properties == {
        "type": ".ClientProperties",
        "browser": "b",
        "deviceModel": 7,
        "new": [1],
        "features": ["MULTI_DIALOG", "NEW"],
    }
    # JSON goes out byte for byte, whatever Python would make of its numbers.
    written = '{"campaignId": 1.50, "new": 1.0e3}'
    client.consumer("another").open(campaign=written, client_properties='{"a": 1e400}')
    sent = account.requests("conversation")[-1]
    assert '{"campaignId":1.50,"new":1.0e3}' in sent["body"]
    assert '"a":1e400' in sent["headers"]["client-properties"]
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: conversation.send_chat_state("DANCING"), "DANCING"),
        (lambda: conversation.send_accept_status("SEEN", [1]), "SEEN"),
        (lambda: conversation.rate(5, resolved=True, status="HALF"), "HALF"),
        (lambda: conversation.set_profile({"nmae": "J"}), "nmae"),
        (lambda: conversation.send_event({"type": "NewEvent"}), "NewEvent"),
        (lambda: conversation.send_event({}, metadata=[{}, {"new": 1}]), '[{},{"new": 1}]'),
    ]
    for call, name in calls:
        # Whether the service takes it is for the service to say.
        with suppress(lpconnector.Rejected):
            call()
        assert name in account.requests("send")[-1]["body"]


def test_attach_says_what_the_conversation_was_opened_with(
    account: Account, consumer: Consumer
) -> None:
    said: dict[str, Any] = {"client_properties": {"appId": "a"}, "features": ["MULTI_DIALOG"]}
    opened_earlier = consumer.open(**said)
    for conversation in (opened_earlier, consumer.attach(opened_earlier.id, **said)):
        conversation.send_text("x")
        sent = json.loads(account.requests("send")[-1]["headers"]["client-properties"])
        assert sent == {
            "type": ".ClientProperties",
            "appId": "a",
            "features": ["MULTI_DIALOG"],
        }
    bare = consumer.attach(opened_earlier.id, client_properties=None, features=None)
    bare.send_text("x")
    assert "client-properties" not in account.requests("send")[-1]["headers"]


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
        "body": {"conversationId": conversation.id, "dialogId": conversation.id, "event": text},
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


def test_urgency(account: Account, conversation: Conversation) -> None:
    def told() -> Any:
        return account.sent()[-1]["body"]["conversationField"]

    conversation.set_ttr(Ttr.URGENT)
    assert told() == {"field": "TTRField", "ttrType": "URGENT", "value": 300}
    conversation.set_ttr("CUSTOM", 7)
    assert told() == {"field": "TTRField", "ttrType": "CUSTOM", "value": 7}
    conversation.set_ttr(ttr=Ttr.NORMAL, seconds=None)
    assert told()["value"] == 1800


def test_everything_is_closed(account: Account, conversation: Conversation) -> None:
    conversation.close_stage()
    sent = {"field": "Stage", "conversationState": "CLOSE"}
    assert account.sent()[-1]["body"]["conversationField"] == sent
    [held] = account.conversations()
    assert {dialog["state"] for dialog in held["dialogs"]} == {"CLOSE"}
    with pytest.raises(lpconnector.Closed):
        conversation.send_text("too late")


def test_a_dialog_is_closed(
    account: Account, consumer: Consumer, conversation: Conversation
) -> None:
    survey = account.survey(conversation.id)
    consumer.attach(conversation.id, dialog_id=survey).send_text("five stars")
    sent = account.sent()[-1]["body"]
    assert (sent["conversationId"], sent["dialogId"]) == (conversation.id, survey)
    conversation.close_dialog(survey)
    assert account.sent()[-1]["body"]["conversationField"]["dialog"]["dialogId"] == survey
    [held] = account.conversations()
    assert [dialog["state"] for dialog in held["dialogs"]] == ["CLOSE", "CLOSE"]


def test_bad_arguments(account: Account, consumer: Consumer, conversation: Conversation) -> None:
    c: Any = conversation
    o: Any = consumer.open
    a: Any = consumer.attach
    bad: list[tuple[Any, str]] = [
        (lambda: c.send_event([]), "not a JSON object"),
        (lambda: c.send_event("{"), "EOF"),
        (lambda: c.send_event({"x": float("nan")}), "event is not JSON: "),
        (lambda: c.send_event({"message": LONE}), "event has lone surrogates"),
        (lambda: c.send_event({LONE: 1}), "event has lone surrogates"),
        (lambda: c.send_event(LONE), "event has lone surrogates"),
        (lambda: c.send_event([]), "^event is not a JSON object"),
        (lambda: c.send_event({}, metadata={}), "^metadata: it takes an array of objects"),
        (lambda: c.send_event({}, metadata=[1]), "^metadata: it takes an array of objects"),
        (lambda: c.send_event({}, metadata=[{"type": LONE}]), "metadata has lone surrogates"),
        (lambda: c.send_rich_content("null"), "^content is not a JSON object"),
        (lambda: c.send_rich_content({"a": [LONE]}), "content has lone surrogates"),
        (lambda: c.send_chat_state(LONE), "state has lone surrogates"),
        (lambda: c.send_accept_status("READ", []), "sequences is empty"),
        (lambda: c.send_accept_status("READ", [-1]), "sequences holds -1"),
        (lambda: c.set_profile({"customer": []}), "^profile: customer: it takes an object"),
        (lambda: c.set_profile({"role": LONE}), "profile has lone surrogates"),
        (lambda: c.rate(0, resolved=True), "stars is 0; allowed: 1 to 5"),
        (lambda: c.rate(6, resolved=True), "stars is 6; allowed: 1 to 5"),
        (lambda: c.rate(-1, resolved=True), "stars is -1; allowed: 1 to 5"),
        (lambda: c.rate(300, resolved=True), "stars is 300; allowed: 1 to 5"),
        (lambda: c.set_ttr(""), "^ttr is empty"),
        (lambda: c.set_ttr(LONE), "ttr has lone surrogates"),
        (lambda: c.set_ttr("URGENT", -1), "^seconds is -1; allowed: 0 and more"),
        (lambda: c.set_ttr("CUSTOM"), "^CUSTOM takes a time"),
        (lambda: c.close_dialog(""), "dialog_id is empty"),
        (lambda: c.close_dialog(LONE), "dialog_id has lone surrogates"),
        (lambda: o(ttr=LONE), "ttr has lone surrogates"),
        (lambda: o(skill_id=LONE), "skill_id has lone surrogates"),
        (lambda: o(first_message=LONE), "first_message has lone surrogates"),
        (lambda: o(profile={"role": LONE}), "profile has lone surrogates"),
        (lambda: o(profile="{"), "profile is not JSON: "),
        (lambda: o(profile='{}, "ttr": "URGENT"'), "profile is not JSON: "),
        (lambda: o(profile=[]), "^profile: it takes an object"),
        (lambda: o(campaign=[]), "^campaign: it takes an object"),
        (lambda: o(campaign={"x": float("nan")}), "^campaign is not JSON: "),
        (lambda: o(skill_id=[]), "^skill_id: it takes a string or a number"),
        (lambda: o(client_properties=[]), "^client_properties: it takes an object"),
        (lambda: o(client_properties={"a": 5000 * "x"}), "^client_properties have more than 4096"),
        (lambda: o(features="AUTO_MESSAGES"), "^features: it takes an array"),
        (lambda: o(features=True), "^features: it takes an array"),
        (lambda: a("c", dialog_id=""), "^dialog_id is empty"),
        (lambda: a("c", dialog_id=LONE), "dialog_id has lone surrogates"),
        (lambda: a("c", client_properties="[]"), "^client_properties: it takes an object"),
        (lambda: a("c", features="X"), "^features: it takes an array"),
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
        lambda: o(skill_id=b"5"),
        lambda: o({"role": "guest"}),
        lambda: a("c", "d"),
        lambda: c.set_ttr(5),
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
        client.consumer(str(features)).open(client_properties={"os": "ANDROID"})
        sent = json.loads(account.requests("conversation")[-1]["headers"]["client-properties"])
        assert sent == {
            "type": ".ClientProperties",
            "appId": "a",
            "os": "ANDROID",
            "features": ["AUTO_MESSAGES", "CO_APP"],
        }
    bad: list[dict[str, Any]] = [
        {"features": ["X", ""]},
        {"client_properties": "[]"},
        {"account_id": {}},
    ]
    for options in bad:
        with pytest.raises(lpconnector.ConfigError):
            account.client(**options)
    with pytest.raises(InvalidArgument, match="client_properties has lone surrogates"):
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


def in_the_core(file: str) -> dict[str, list[str]]:
    """The names on the wire that a file of the core declares, by type."""
    [source] = (Path(__file__).parents[2] / "src").rglob(file)
    text = source.read_text(encoding="utf-8")
    declared = re.findall(r"(?ms)^    pub (?:struct|enum) (\w+) \{\n(.*?)^    \}", text)
    return {name: re.findall(r' = "(\w+)",', members) for name, members in declared}


def test_kinds_of_events_and_their_contents_are_those_of_the_core() -> None:
    [kinds] = (Path(__file__).parents[2] / "src").rglob("notification_event.rs")
    [declared] = re.findall(r"(?ms)^pub enum EventKind \{\n(.*?)^\}", kinds.read_text(encoding="utf-8"))
    numbers = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(): int(number)
               for name, number in re.findall(r"^    (\w+) = (\d+),", declared, re.MULTILINE)}
    assert {kind.name: kind.value for kind in lpconnector.EventKind} == numbers
    [contents] = (Path(__file__).parents[2] / "src").rglob("content.rs")
    names = re.findall(r"(?m)^pub struct (\w+)", contents.read_text(encoding="utf-8"))
    assert len(names) == 11
    assert [name for name in names if not hasattr(lpconnector, name)] == []


def test_types_and_enums_are_those_of_the_core() -> None:
    declared: dict[str, list[str]] = {}
    for file in ("profile.rs", "open.rs", "properties.rs", "event.rs"):
        declared |= in_the_core(file)
    # Python has a type for each kind of them.
    sde = set(declared.pop("Sde"))
    sdes = (lpconnector.CustomerSde, lpconnector.PersonalSde)
    assert sde == {member for typed in sdes for member in typed.__annotations__}
    assert len(declared) == 18
    for name, wire in declared.items():
        ours: Any = getattr(lpconnector, name)
        if issubclass(ours, str):
            assert [member.name for member in ours] == wire
            assert [member.value for member in ours] == wire
        else:
            assert list(ours.__annotations__) == wire, name
