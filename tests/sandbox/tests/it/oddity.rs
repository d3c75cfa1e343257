//! What is served although the protocol does not document it is told to the test.

use lpc_sandbox::serde_json::{Value, json};

use crate::control::control;
use crate::driver::{Driver, close, event, field, hosted, text};

/// An event with both ids, as it is documented.
fn full(id: &str, event: Value) -> Value {
    let mut request = self::event(id, event);
    request["body"]["conversationId"] = json!(id);
    request
}

#[test]
fn what_is_documented_is_not_odd() {
    let driver = Driver::new();
    let id = driver.open();
    let file = |content_type: &str| {
        let path = driver.upload("PNG", b"a cat");
        let mut event = hosted(json!({"caption": "Cat", "relativePath": path, "fileType": "PNG",
                                      "preview": "data:image/png;base64,AAAA"}));
        event["contentType"] = json!(content_type);
        event
    };
    let card = json!({"type": "vertical", "elements": [{"type": "text", "text": "x"}]});
    let mut requests: Vec<Value> = [
        json!({"type": "ContentEvent", "contentType": "text/plain", "message": "Hello"}),
        file("hosted/file"),
        file("HostedFile"),
        json!({"type": "ContentEvent", "contentType": "forms/secure-submission",
               "message": {"submissionId": "1", "invitationId": "2"}}),
        json!({"type": "RichContentEvent", "content": card}),
        json!({"type": "RichContentEvent", "message": card}),
    ]
    .into_iter()
    .map(|event| full(&id, event))
    .collect();
    for state in ["ACTIVE", "INACTIVE", "GONE", "COMPOSING", "PAUSE"] {
        requests.push(full(&id, json!({"type": "ChatStateEvent", "chatState": state})));
    }
    for status in ["ACCEPT", "READ", "ACCESS", "NACK", "ACTION"] {
        let status = json!({"type": "AcceptStatusEvent", "status": status, "sequenceList": [0]});
        requests.push(full(&id, status));
    }
    for ttr in ["CUSTOM", "NORMAL", "PRIORITIZED", "URGENT"] {
        requests.push(field(&id, json!({"field": "TTRField", "ttrType": ttr, "value": 300})));
    }
    for status in ["FILLED", "PARTIALLY_FILLED", "SKIPPED"] {
        requests.push(field(
            &id,
            json!([{"field": "CSATRate", "csatRate": 5, "status": status,
                                         "csatResolutionConfirmation": true}]),
        ));
    }
    let mut named = full(&id, json!({"type": "ChatStateEvent", "chatState": "ACTIVE"}));
    named["metadata"] = json!([{"type": "Mine", "own": 1}]);
    requests.push(named);
    requests.push(json!({"kind": "req", "id": "9", "type": "userprofile.SetUserProfile",
                         "body": {"mine": 1}}));
    requests.push(json!({"kind": "req", "id": "9", "type": "ms.GenerateUploadToken",
                         "body": {"uploadable": {"formId": "1", "invitationId": "2",
                                                 "type": "SecureForm", "dialogId": id}}}));
    for request in requests {
        assert_eq!(driver.send(&request).status, 200, "{request}");
    }
    let dialog = json!({"dialogId": id, "state": "CLOSE", "closedCause": "Closed by consumer"});
    // The first closes it, the others come too late.
    for closing in [
        json!({"field": "ConversationStateField", "conversationState": "CLOSE"}),
        json!({"field": "Stage", "conversationState": "CLOSE"}),
        json!({"field": "DialogChange", "type": "UPDATE", "dialog": dialog}),
    ] {
        driver.send(&field(&id, closing));
    }
    // Here the ids are not known yet.
    assert_eq!(driver.batch(&driver.opening_with(text("", "Hello"))).status, 200);
    assert_eq!(driver.sandbox.oddities(&driver.account.id), [""; 0]);
}

#[test]
fn what_is_odd_is_served_and_told() {
    let driver = Driver::new();
    let id = driver.open();
    let content = |content_type: &str| json!({"type": "ContentEvent", "contentType": content_type, "message": "x"});
    let mut surplus = full(&id, content("text/plain"));
    surplus["metaData"] = json!([]);
    surplus["body"]["dialogID"] = json!(id);
    surplus["body"]["event"]["quickReplies"] = json!({});
    let mut spaced = full(&id, content("text/plain"));
    spaced["type"] = json!(".ams.ms.PublishEvent");
    let mut by_conversation = full(&id, content("text/plain"));
    by_conversation["body"]["dialogId"] = json!("");
    let path = driver.upload("PNG", b"a cat");
    let file = hosted(json!({"relativePath": path, "fileType": "PNG", "Caption": "Cat"}));
    let long = "x".repeat(50);
    let mut update = field(
        &id,
        json!([{"field": "Skill", "skill": "17"},
                                       {"field": "TTRField", "ttrType": "SOON", "Value": 5}]),
    );
    update["body"]["dialogId"] = json!(id);
    let closing = json!({"field": "DialogChange", "type": "UPDATE", "why": "",
                         "dialog": {"dialogId": id, "state": "CLOSE", "closeCause": "x"}});
    let cases = [
        (text(&id, "x"), vec!["ms.PublishEvent without conversationId"]),
        (json!([by_conversation]), vec!["ms.PublishEvent without dialogId"]),
        (
            surplus,
            vec![
                r#"unknown member "metaData" of request"#,
                r#"unknown member "dialogID" of ms.PublishEvent"#,
                r#"unknown member "quickReplies" of ContentEvent"#,
            ],
        ),
        (spaced, vec![r#"unknown type ".ams.ms.PublishEvent""#]),
        (full(&id, json!({"type": "Wave\n", "to": 1})), vec![r#"unknown event type "Wave\n""#]),
        (full(&id, content("text/plian")), vec![r#"unknown contentType "text/plian""#]),
        (full(&id, file), vec![r#"unknown member "Caption" of file"#]),
        (
            full(&id, json!({"type": "ChatStateEvent", "chatState": "Composing"})),
            vec![r#"unknown chatState "Composing""#],
        ),
        (
            full(&id, json!({"type": "AcceptStatusEvent", "status": long, "sequenceList": 0})),
            vec![r#"unknown status "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"#],
        ),
        (
            update,
            vec![
                r#"unknown member "dialogId" of cm.UpdateConversationField"#,
                r#"unknown field "Skill""#,
                r#"unknown member "Value" of TTRField"#,
                r#"unknown ttrType "SOON""#,
            ],
        ),
        (
            field(&id, json!({"field": "CSATRate", "csatRate": 5, "status": "DONE"})),
            vec![r#"unknown status "DONE""#],
        ),
        (
            field(&id, closing),
            vec![
                r#"unknown member "why" of DialogChange"#,
                r#"unknown member "closeCause" of dialog"#,
            ],
        ),
    ];
    let mut all: Vec<&str> = Vec::new();
    for (request, odd) in cases {
        assert_eq!(driver.send(&request).status, 200, "{request}");
        let requests = driver.sandbox.requests(&driver.account.id);
        let told = &requests.last().expect("a request").oddities;
        // The order of members is that of the parser.
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        let odd_list = odd.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(sorted(told.clone()), sorted(odd_list), "{request}");
        all.extend(odd);
    }
    assert_eq!(driver.sandbox.oddities(&driver.account.id).len(), all.len());
}

#[test]
fn what_is_refused_or_canned_is_told_too() {
    let driver = Driver::new();
    let id = driver.open();
    let mut mistyped = close(&id);
    mistyped["type"] = json!("cm.UpdateConversationFeild");
    assert_eq!(driver.send(&mistyped).status, 400);
    let path = format!("/accounts/{}", driver.account.id);
    let canned = json!({"route": "send", "reset": true});
    control("POST", &format!("{path}/answers"), &canned);
    assert!(driver.try_send(&text(&id, "x")).is_err());
    let mut batch = driver.opening();
    batch[0]["type"] = json!("SetUserProfile");
    assert_eq!(driver.batch(&batch).status, 400);
    let shown = control("GET", &format!("{path}/requests"), &Value::Null).json();
    let shown: Vec<&Value> =
        shown.as_array().expect("an array").iter().map(|request| &request["oddities"]).collect();
    assert_eq!(
        shown[1..],
        [
            &json!([]),
            &json!([r#"unknown type "cm.UpdateConversationFeild""#]),
            &json!(["ms.PublishEvent without conversationId"]),
            &json!([r#"unknown type "SetUserProfile""#]),
        ]
    );
}
