//! SEND: every type, and what is refused.

use lpc_sandbox::serde_json::{Value, json};

use crate::driver::{Driver, Reply, close, event, field, hosted, text};

fn profile(body: Value) -> Value {
    json!({"kind": "req", "id": "9", "type": "userprofile.SetUserProfile", "body": body})
}

fn file(path: &str) -> Value {
    json!({"caption": "A cat", "relativePath": path, "fileType": "PNG",
           "preview": "data:image/png;base64,iVBORw0KGgo="})
}

fn rating(rate: Value, status: &str) -> Value {
    json!({"field": "CSATRate", "csatRate": rate, "csatResolutionConfirmation": true,
           "status": status})
}

#[test]
fn every_event_is_published() {
    let driver = Driver::new();
    let id = driver.open();
    let events = [
        json!({"type": "ContentEvent", "contentType": "text/plain", "message": "Grüße 👋"}),
        hosted(file(&driver.upload("PNG", b"cat"))),
        json!({"type": "RichContentEvent", "content": {"type": "vertical", "elements": []}}),
        json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [0, 1]}),
    ];
    for sent in &events {
        let reply = driver.send(&event(&id, sent.clone()));
        assert_eq!((reply.status, &reply.json()["code"]), (200, &json!("OK")), "{}", reply.text);
    }
    for state in ["ACTIVE", "INACTIVE", "GONE", "COMPOSING", "PAUSE"] {
        let sent = json!({"type": "ChatStateEvent", "chatState": state});
        assert_eq!(driver.send(&event(&id, sent)).status, 200, "{state}");
    }
    for status in ["ACCEPT", "ACCESS", "NACK", "ACTION"] {
        let sent = json!({"type": "AcceptStatusEvent", "status": status, "sequenceList": [0]});
        assert_eq!(driver.send(&event(&id, sent)).status, 200, "{status}");
    }
    let conversation = driver.conversation();
    let held = conversation["events"].as_array().expect("events");
    assert_eq!(held.len(), 13);
    for (number, (held, sent)) in held.iter().zip(&events).enumerate() {
        assert_eq!((&held["sequence"], &held["event"]), (&json!(number), sent));
    }
    assert_eq!(held[4]["sequence"], Value::Null, "chat states have no number");
    assert_eq!(held[9]["sequence"], 4);
}

#[test]
fn ids_come_back_as_text() {
    let driver = Driver::new();
    let id = driver.open();
    for (sent, back) in
        [(json!("1,"), "1,"), (json!(5), "5"), (json!("ä".repeat(64)), &*"ä".repeat(64))]
    {
        let mut message = text(&id, "Hello");
        message["id"] = sent;
        assert_eq!(driver.send(&message).json()["reqId"], back);
    }
}

#[test]
fn metadata_is_kept() {
    let driver = Driver::new();
    let id = driver.open();
    let mut message = text(&id, "Hello");
    message["metadata"] = json!([{"type": "ExternalId", "id": "order 17"}]);
    assert_eq!(driver.send(&message).status, 200);
    assert_eq!(driver.conversation()["events"][0]["metadata"], message["metadata"]);
    let answer = json!({"type": "AcceptStatusEvent", "status": "ACTION", "sequenceList": [0]});
    let mut answer = event(&id, answer);
    answer["metadata"] = json!([{"type": "ActionReason", "reason": "Buy", "reasonId": "1"},
                                {"type": "ExternalId", "id": "ä".repeat(64)}]);
    assert_eq!(driver.send(&answer).status, 200);
    assert_eq!(driver.conversation()["events"][1]["metadata"], answer["metadata"]);
    for (number, metadata) in [
        json!({"type": "ExternalId", "id": "one"}),
        json!([]),
        json!([{"id": "no type"}]),
        json!([{"type": "ExternalId", "id": "x".repeat(65)}]),
        json!([{"type": "ExternalId", "id": 5}]),
        json!([{"type": "ActionReason", "reason": "Buy", "reasonId": null}, {"type": 5}]),
        json!([{"type": "BotResponse", "intents": [{"id": "i", "confidence": 0.5}]}]),
    ]
    .into_iter()
    .enumerate()
    {
        message["metadata"] = metadata.clone();
        assert_eq!(driver.send(&message).status, 200, "{metadata}");
        assert_eq!(driver.conversation()["events"][number + 2]["metadata"], metadata);
    }
    for metadata in [json!("x"), json!(5), json!(["x"]), json!([{"type": "ExternalId"}, null])] {
        message["metadata"] = metadata.clone();
        assert_eq!(driver.send(&message).status, 400, "{metadata}");
    }
}

#[test]
fn conversation_id_may_stand_beside_the_dialog() {
    let driver = Driver::new();
    let other = driver.open();
    assert_eq!(driver.send(&close(&other)).status, 200);
    let id = driver.open();
    let mut message = text(&id, "Hello");
    message["body"]["conversationId"] = json!(id);
    assert_eq!(driver.send(&message).status, 200);
    message["body"]["conversationId"] = json!(other);
    assert_eq!(driver.send(&message).status, 400);
    message["body"]["conversationId"] = json!("");
    assert_eq!(driver.send(&message).status, 200, "an empty one counts as none");
    message["body"]["conversationId"] = json!(5);
    assert_eq!(driver.send(&message).status, 400);
}

#[test]
fn the_conversation_alone_means_its_first_dialog() {
    let driver = Driver::new();
    let id = driver.open();
    for dialog_id in [json!(""), Value::Null] {
        let mut message = text("", "Hello");
        message["body"]["conversationId"] = json!(id);
        message["body"]["dialogId"] = dialog_id;
        assert_eq!(driver.send(&message).status, 200, "{message}");
        message["body"].as_object_mut().expect("a body").remove("dialogId");
        assert_eq!(driver.send(&message).status, 200, "{message}");
    }
    let events = driver.conversation()["events"].clone();
    assert_eq!(events.as_array().map(Vec::len), Some(4));
    assert!(events.as_array().expect("events").iter().all(|event| event["dialogId"] == id));
    // Foreign ones stay foreign.
    let mut message = text("", "Hello");
    message["body"]["conversationId"] = json!(id);
    assert_eq!(driver.with("bob").send(&message).error_code(), 40103);
}

#[test]
fn what_is_unknown_is_published() {
    let driver = Driver::new();
    let id = driver.open();
    let rich = json!({"type": "vertical", "elements": []});
    let relative_path = driver.upload("TXT", b"cat");
    let file = json!({"relativePath": relative_path, "fileType": "TXT"});
    let content = |content_type: Value, message: Value| json!({"type": "ContentEvent", "contentType": content_type, "message": message});
    let sent = [
        content(json!("text/html"), json!("<b>x</b>")),
        content(json!("external/file"), json!({"url": "https://example.com/cat.png"})),
        content(json!("HostedFile"), file.clone()),
        content(json!("audio/mp3"), file.clone()),
        content(Value::Null, file),
        json!({"type": "RichContentEvent", "message": rich}),
        json!({"type": "ChatStateEvent", "chatState": "THINKING"}),
        json!({"type": "AcceptStatusEvent", "status": "SEEN", "sequenceList": 0}),
        json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [0, -1, 1.5]}),
        json!({"type": "NoSuchEvent", "more": {"a": [1]}}),
    ];
    for event in &sent {
        let reply = driver.send(&crate::driver::event(&id, event.clone()));
        assert_eq!(reply.status, 200, "{event} {}", reply.text);
    }
    let conversation = driver.conversation();
    let held = conversation["events"].as_array().expect("events").iter();
    assert_eq!(held.map(|held| held["event"].clone()).collect::<Vec<_>>(), sent);
    let transcript = driver.sandbox.transcript(&driver.account.id);
    for line in ["  1  content external/file\n", "  5  rich content vertical []\n"] {
        assert!(transcript.contains(line), "{line} is missing in {transcript}");
    }
}

#[test]
fn a_file_is_one_by_its_path() {
    let driver = Driver::new();
    let id = driver.open();
    for content_type in ["HostedFile", "audio/mp3", "text/plain"] {
        let sent = json!({"type": "ContentEvent", "contentType": content_type,
                          "message": {"relativePath": "/v1/never", "fileType": "PNG"}});
        let reply = driver.send(&event(&id, sent)).json();
        let details = reply["body"]["details"].as_str().expect("details");
        assert!(details.contains("no file"), "{content_type}: {details}");
    }
    let nameless = json!({"type": "ContentEvent", "contentType": "HostedFile", "message": {}});
    assert_eq!(driver.send(&event(&id, nameless)).status, 400);
}

#[test]
fn wrong_events_are_refused() {
    let driver = Driver::new();
    let id = driver.open();
    let cases = [
        json!({"type": "ContentEvent", "contentType": "text/plain", "message": 5}),
        json!({"type": "ContentEvent", "contentType": "text/plain"}),
        json!({"type": "ContentEvent", "message": "x"}),
        hosted(json!("x")),
        json!({"type": "RichContentEvent", "content": "x"}),
        json!({"type": "RichContentEvent"}),
        json!({"type": "ChatStateEvent", "chatState": 5}),
        json!({"type": "ChatStateEvent"}),
        json!({"type": "AcceptStatusEvent", "status": ["READ"], "sequenceList": [1]}),
        json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": []}),
        json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": ["1"]}),
        json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [0, null]}),
        json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": "1"}),
        json!({"type": "AcceptStatusEvent", "status": "READ"}),
        json!({"type": 5}),
        json!({}),
        json!("x"),
    ];
    for sent in cases {
        let reply = driver.send(&event(&id, sent.clone()));
        assert_eq!(reply.status, 400, "{sent}");
        assert!(reply.json()["body"]["details"].is_string(), "{sent}");
    }
    assert_eq!(driver.conversation()["events"], json!([]));
}

#[test]
fn unknown_places_are_refused() {
    let driver = Driver::new();
    let id = driver.open();
    let nowhere = "00000000-0000-0000-0000-000000000000";
    let dialog = json!({"field": "DialogChange", "type": "UPDATE",
                        "dialog": {"dialogId": nowhere, "state": "CLOSE"}});
    for request in [text(nowhere, "Hello"), text("", "Hello"), close(nowhere), field(&id, dialog)] {
        assert_eq!(driver.send(&request).status, 400, "{request}");
    }
    // Empty stands for the conversation being opened, so it is not merely unknown.
    let reply = driver.send(&text("", "Hello")).json();
    assert_eq!(reply["body"]["title"], "Missing parameter");
    let no_dialog = json!({"kind": "req", "id": "1", "type": "ms.PublishEvent",
                           "body": {"event": {"type": "ChatStateEvent", "chatState": "GONE"}}});
    assert_eq!(driver.send(&no_dialog).status, 400);
}

#[test]
fn wrong_envelopes_are_refused() {
    let driver = Driver::new();
    let id = driver.open();
    let wrong = [
        ("kind", json!("notification")),
        ("kind", Value::Null),
        ("id", Value::Null),
        ("id", json!("")),
        ("id", json!("x".repeat(65))),
        ("id", json!(true)),
        ("type", json!("ms.Unknown")),
        ("type", Value::Null),
        ("type", json!("cm.ConsumerRequestConversation")),
        ("body", Value::Null),
        ("body", json!("x")),
    ];
    for (name, value) in wrong {
        let mut message = text(&id, "Hello");
        message[name] = value.clone();
        assert_eq!(driver.send(&message).status, 400, "{name}: {value}");
    }
    for many in [json!([]), json!([text(&id, "a"), text(&id, "b")]), json!(["x"])] {
        assert_eq!(driver.send(&many).status, 400, "{many}");
    }
    let path = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
    assert_eq!(driver.try_post(path, b"{").expect("an answer").status, 400);
    let old = "/api/account/{account}/messaging/consumer/conversation/send?v=2";
    let message = text(&id, "Hello").to_string();
    assert_eq!(driver.try_post(old, message.as_bytes()).expect("an answer").status, 400);
}

/// Refused in the service's words for what is closed.
fn is_too_late(reply: &Reply, request_id: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    let body = "Bad Request, Conversation is close";
    assert_eq!(reply.json(), json!({"reqId": request_id, "code": "BAD_REQUEST", "body": body}));
}

#[test]
fn a_closed_conversation_takes_only_a_rating() {
    let driver = Driver::new();
    let id = driver.open();
    assert_eq!(driver.send(&close(&id)).status, 200);
    let conversation = driver.conversation();
    assert_eq!(conversation["state"], "CLOSE");
    assert_eq!(conversation["dialogs"][0]["state"], "CLOSE");
    let mut again = close(&id);
    again["id"] = json!("another");
    let urgent = field(&id, json!({"field": "TTRField", "ttrType": "URGENT"}));
    for (late, request_id) in [(text(&id, "Hello"), "7"), (again, "another"), (urgent, "8")] {
        is_too_late(&driver.send(&late), request_id);
    }
    assert_eq!(driver.send(&close(&id)).status, 200, "it took effect already");
    assert_eq!(driver.send(&field(&id, rating(json!(5), "FILLED"))).status, 200);
}

#[test]
fn an_agent_closes_too() {
    let driver = Driver::new();
    let id = driver.open();
    driver.sandbox.close_conversation(&driver.account.id, &id);
    assert_eq!(driver.conversation()["dialogs"][0]["closedCause"], "AGENT");
    assert_eq!(driver.send(&text(&id, "Hello")).status, 400);
}

#[test]
fn closing_the_last_dialog_closes_the_conversation() {
    let driver = Driver::new();
    let id = driver.open();
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    is_too_late(&driver.send(&text(&id, "Hello")), "7");
    assert_eq!(driver.send(&text(&survey, "5")).status, 200);
    let conversation = driver.conversation();
    assert_eq!((&conversation["state"], &conversation["stage"]), (&json!("CLOSE"), &json!("OPEN")));
    let change = |state: &str| {
        field(
            &id,
            json!({"field": "DialogChange", "type": "UPDATE",
                   "dialog": {"dialogId": survey, "state": state, "closedCause": "Closed by consumer"}}),
        )
    };
    assert_eq!(driver.send(&change("OPEN")).status, 400);
    assert_eq!(driver.send(&change("CLOSE")).status, 200);
    let mut again = change("CLOSE");
    again["id"] = json!("another");
    is_too_late(&driver.send(&again), "another");
    assert_eq!(driver.conversation()["stage"], "CLOSE");
    assert_eq!(driver.conversation()["dialogs"][1]["dialogType"], "POST_SURVEY");
    assert_eq!(driver.conversation()["dialogs"][1]["closedCause"], "Closed by consumer");
}

#[test]
fn a_dialog_is_closed_alone() {
    let driver = Driver::new();
    let (id, other) = (driver.open(), driver.with("bob").open());
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    let change = |dialog: Value| {
        field(&id, json!({"field": "DialogChange", "type": "UPDATE", "dialog": dialog}))
    };
    is_too_late(&driver.send(&change(json!({"dialogId": id, "state": "CLOSE"}))), "8");
    for dialog in [
        json!({"dialogId": other, "state": "CLOSE"}),
        json!({"dialogId": "", "state": "CLOSE"}),
        json!({"state": "CLOSE"}),
        json!({"dialogId": survey}),
        json!({"dialogId": survey, "state": "CLOSE", "closedCause": 5}),
        Value::Null,
    ] {
        assert_eq!(driver.send(&change(dialog.clone())).status, 400, "{dialog}");
    }
    let conversations = driver.sandbox.conversations(&driver.account.id);
    assert_eq!(conversations[0]["dialogs"][1]["state"], "OPEN");
    assert_eq!(conversations[1]["state"], "OPEN");
    let closed = driver.send(&change(json!({"dialogId": survey, "state": "CLOSE"})));
    assert_eq!(closed.status, 200, "{}", closed.text);
}

#[test]
fn ratings_are_checked() {
    let driver = Driver::new();
    let id = driver.open();
    for rate in [json!(0), json!(6), json!(-1), json!(5.5), json!("5"), Value::Null] {
        let reply = driver.send(&field(&id, rating(rate.clone(), "FILLED")));
        assert_eq!(reply.status, 400, "{rate}");
    }
    let mut numbered = rating(json!(5), "FILLED");
    numbered["status"] = json!(1);
    assert_eq!(driver.send(&field(&id, numbered)).status, 400);
    let mut doubtful = rating(json!(5), "FILLED");
    doubtful["csatResolutionConfirmation"] = json!("yes");
    assert_eq!(driver.send(&field(&id, doubtful)).status, 400);
    assert_eq!(driver.conversation()["rating"], Value::Null);
    for rate in [json!(1), json!(2.5), json!(5)] {
        let sent = rating(rate, "FILLED");
        assert_eq!(driver.send(&field(&id, sent.clone())).status, 200);
        assert_eq!(driver.conversation()["rating"], sent);
    }
    assert_eq!(driver.send(&field(&id, rating(Value::Null, "SKIPPED"))).status, 200);
    assert_eq!(driver.send(&field(&id, rating(json!(3), "PARTIALLY_FILLED"))).status, 200);
    let newer = rating(json!(5), "REGRETTED");
    assert_eq!(driver.send(&field(&id, newer.clone())).status, 200);
    assert_eq!(driver.conversation()["rating"], newer);
}

#[test]
fn fields_come_as_object_or_array() {
    let driver = Driver::new();
    let id = driver.open();
    let state = json!({"field": "ConversationStateField", "conversationState": "CLOSE"});
    let half = json!([state, rating(json!(9), "FILLED")]);
    assert_eq!(driver.send(&field(&id, half)).status, 400);
    assert_eq!(driver.conversation()["state"], "OPEN", "all or nothing");
    for wrong in [json!([]), json!("x"), json!({"field": 5}), json!([{}]), Value::Null] {
        assert_eq!(driver.send(&field(&id, wrong.clone())).status, 400, "{wrong}");
    }
    let open = json!({"field": "ConversationStateField", "conversationState": "OPEN"});
    assert_eq!(driver.send(&field(&id, open)).status, 400);
    assert_eq!(driver.send(&field(&id, json!([rating(json!(4), "FILLED"), state]))).status, 200);
    assert_eq!(driver.conversation()["state"], "CLOSE");
    assert_eq!(driver.conversation()["rating"]["csatRate"], 4);
}

#[test]
fn profiles_are_checked() {
    let driver = Driver::new();
    driver.open();
    let body = json!({"firstName": "Alice", "privateData": {"mail": "a@example.com"}});
    let reply = driver.send(&profile(body.clone()));
    assert_eq!(reply.json()["body"], json!({"msg": "OK User Profile set successfully"}));
    assert_eq!(driver.conversation()["consumer"]["profile"], body);
    for body in [json!({"privateData": "x"}), json!({"authenticatedData": []})] {
        assert_eq!(driver.send(&profile(body.clone())).status, 400, "{body}");
    }
}

#[test]
fn a_profile_that_says_nothing_changes_nothing() {
    let driver = Driver::new();
    let id = driver.open();
    let shown =
        || driver.sandbox.conversations(&driver.account.id)[0]["consumer"]["profile"].clone();
    assert_eq!(shown(), Value::Null);
    let body = json!({"firstName": "Alice"});
    driver.send(&profile(body.clone()));
    let reply = driver.send(&profile(json!({})));
    assert_eq!(reply.json()["body"], json!({"msg": "OK User Profile set successfully"}));
    assert_eq!(shown(), body);
    driver.send(&close(&id));
    driver.open();
    assert_eq!(shown(), body);
}

#[test]
fn what_a_profile_holds_is_the_accounts_business() {
    let driver = Driver::new();
    driver.open();
    let sdes = |sdes: Value| json!({"authenticatedData": {"lp_sdes": sdes}});
    for body in [
        json!({"firstName": 5, "more": [null], "privateData": {"mobileNum": 1_750_345_346}}),
        sdes(json!({"type": "ctmrinfo", "info": {"socialId": "1"}})),
        sdes(json!([{"type": "ctmrinfo", "info": {
            "balance": "1", "companySize": 1.5, "loginStatus": 2, "storeNumber": 7,
            "storeZipCode": "20095", "lastPaymentDate": {"day": "1"}}}])),
        sdes(json!([{"type": "personal", "auth": {"amr": ["pwd"], "iss": "x"}, "personal": {
            "gender": "UNKNOWN", "contacts": {"email": "a@example.com"}}}])),
        sdes(json!([{"type": "mrktInfo", "info": {}}, {"type": "ctmrinfo"}])),
    ] {
        let reply = driver.send(&profile(body.clone()));
        assert_eq!(reply.status, 200, "{body}");
        assert_eq!(driver.conversation()["consumer"]["profile"], body);
    }
}
