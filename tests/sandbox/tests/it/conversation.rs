//! CONVERSATION: the batch.

use lpc_sandbox::serde_json::{Value, json};

use crate::driver::{Driver, event, text};

#[test]
fn a_conversation_is_opened() {
    let driver = Driver::new();
    let mut batch = driver.opening();
    batch[0]["id"] = json!(5);
    batch[0]["body"] = json!({"authenticatedData": {"lp_sdes": [
        {"type": "ctmrinfo", "info": {"socialId": "1234567890", "ctype": "vip", "balance": 1.5}},
        {"type": "personal", "personal": {"firstname": "Alice", "gender": "FEMALE"}},
    ]}});
    let reply = driver.batch(&batch);
    assert_eq!(reply.status, 200);
    let reply = reply.json();
    let id = reply[1]["body"]["conversationId"].as_str().expect("a conversation");
    assert_eq!(
        reply,
        json!([
            {"code": "OK", "body": {"msg": "OK User Profile set successfully"}, "reqId": "5"},
            {"code": "OK", "body": {"conversationId": id}, "reqId": "2"},
        ])
    );

    let conversation = driver.conversation();
    assert_eq!(conversation["id"], id);
    assert_eq!(conversation["state"], "OPEN");
    assert_eq!(conversation["consumer"]["ext_consumer_id"], "alice");
    assert_eq!(conversation["consumer"]["profile"], batch[0]["body"]);
    assert_eq!(conversation["dialogs"].as_array().map(Vec::len), Some(1));
    assert_eq!(conversation["dialogs"][0]["dialogId"], id);
    assert_eq!(conversation["dialogs"][0]["dialogType"], "MAIN");
    assert_eq!(conversation["events"], json!([]));
}

#[test]
fn the_opening_is_shown() {
    let driver = Driver::new();
    let request = json!({
        "brandId": driver.account.id,
        "ttrDefName": "URGENT",
        "channelType": "MESSAGING",
        "skillId": "-1",
        "campaignInfo": {"campaignId": 3, "engagementId": 4},
        "conversationContext": {"type": "SharkContext", "visitorId": "v", "sessionId": "s",
                                "interactionContextId": "2", "lang": "en-US"},
    });
    let mut batch = driver.opening();
    batch[1]["body"] = request.clone();
    assert_eq!(driver.batch(&batch).json()[1]["code"], "OK");
    let conversation = driver.conversation();
    assert_eq!(conversation["request"], request);
    for (shown, sent) in [
        ("ttr", "ttrDefName"),
        ("skillId", "skillId"),
        ("campaignInfo", "campaignInfo"),
        ("context", "conversationContext"),
    ] {
        assert_eq!(conversation[shown], request[sent], "{shown}");
    }
    let plain = Driver::new();
    plain.open();
    for shown in ["ttr", "skillId", "campaignInfo", "context"] {
        assert_eq!(plain.conversation()[shown], Value::Null, "{shown}");
    }
}

#[test]
fn a_wrong_profile_refuses_that_item() {
    let driver = Driver::new();
    for body in [
        json!({"authenticatedData": []}),
        json!({"authenticatedData": {"lp_sdes": {}}}),
        json!({"authenticatedData": {"lp_sdes": ["x"]}}),
        json!({"authenticatedData": {"lp_sdes": [{"type": "other", "info": {}}]}}),
        json!({"authenticatedData": {"lp_sdes": [{"type": "personal", "info": {}}]}}),
    ] {
        let mut batch = driver.opening();
        batch[0]["body"] = body.clone();
        let reply = driver.batch(&batch);
        assert_eq!(reply.status, 200, "{body}");
        let reply = reply.json();
        assert_eq!((&reply[0]["code"], &reply[1]["code"]), (&json!(400), &json!("OK")), "{body}");
    }
    let conversations = driver.sandbox.conversations(&driver.account.id);
    assert!(conversations.iter().all(|it| it["consumer"]["profile"].is_null()));
}

#[test]
fn the_first_message_goes_along() {
    let driver = Driver::new();
    let reply = driver.batch(&driver.opening_with(text("", "Hello")));
    assert_eq!(reply.json()[2], json!({"code": "OK", "body": {"sequence": 0}, "reqId": "7"}));
    let conversation = driver.conversation();
    assert_eq!(conversation["events"][0]["event"]["message"], "Hello");
    assert_eq!(conversation["events"][0]["dialogId"], conversation["id"]);
}

#[test]
fn structural_faults_refuse_all() {
    let driver = Driver::new();
    let good = driver.opening();
    let change = |act: &dyn Fn(&mut Value)| {
        let mut batch = driver.opening_with(text("", "Hello"));
        act(&mut batch);
        batch
    };
    let cases = [
        ("no array", good[0].clone()),
        ("one item", json!([good[0]])),
        ("empty", json!([])),
        ("wrong order", json!([good[1], good[0]])),
        ("no profile", json!([good[1], text("", "Hello")])),
        ("message first", json!([text("", "Hello"), good[0], good[1]])),
        ("four items", json!([good[0], good[1], text("", "a"), text("", "b")])),
        ("same ids", change(&|batch| batch[1]["id"] = json!("1"))),
        ("same ids, one a number", change(&|batch| batch[1]["id"] = json!(1))),
        ("no id", change(&|batch| batch[2]["id"] = Value::Null)),
        ("empty id", change(&|batch| batch[2]["id"] = json!(""))),
        ("long id", change(&|batch| batch[2]["id"] = json!("x".repeat(65)))),
        ("kind", change(&|batch| batch[2]["kind"] = json!("resp"))),
        ("type", change(&|batch| batch[2]["type"] = json!("ms.Unknown"))),
        ("body", change(&|batch| batch[0]["body"] = json!([]))),
        ("item", change(&|batch| batch[0] = json!("x"))),
    ];
    for (name, batch) in cases {
        let reply = driver.batch(&batch);
        assert_eq!(reply.status, 400, "{name}");
        let reply = reply.json();
        assert_eq!((&reply["kind"], &reply["code"]), (&json!("resp"), &json!(400)), "{name}");
        assert_eq!(reply["type"], ".ReqBody$ErrorResp", "{name}");
        assert!(reply["body"]["title"].is_string() && reply["body"]["details"].is_string());
        assert!(reply["body"].get("errorCode").is_none(), "{name}");
    }
    assert!(driver.sandbox.conversations(&driver.account.id).is_empty());
}

#[test]
fn without_a_brand_the_batch_is_refused_with_40001() {
    let driver = Driver::new();
    for body in [json!({}), json!({"brandId": null}), json!({"brandId": ""})] {
        let mut batch = driver.opening();
        batch[1]["body"] = body;
        let reply = driver.batch(&batch);
        assert_eq!((reply.status, reply.error_code()), (400, json!(40001)));
    }
}

#[test]
fn what_concerns_one_item_refuses_that_one() {
    let driver = Driver::new();
    let metadata = |id: &str| {
        let mut message = text("", "Hello");
        message["metadata"] = json!([{"type": "ExternalId", "id": id}]);
        message
    };
    let cases = [
        event("", json!({"type": "NoSuchEvent"})),
        metadata(&"x".repeat(65)),
        text("elsewhere", "Hello"),
        event("", json!({"type": "ContentEvent", "contentType": "text/plain", "message": 5})),
    ];
    for message in cases {
        let reply = driver.batch(&driver.opening_with(message.clone()));
        assert_eq!(reply.status, 200, "{message}");
        let reply = reply.json();
        assert_eq!((&reply[0]["code"], &reply[1]["code"]), (&json!("OK"), &json!("OK")));
        assert_eq!((&reply[2]["code"], &reply[2]["reqId"]), (&json!(400), &json!("7")));
        assert!(reply[2]["body"]["title"].is_string() && reply[2]["body"]["details"].is_string());
    }
    let kept = driver.batch(&driver.opening_with(metadata(&"x".repeat(64)))).json();
    assert_eq!(kept[2]["code"], "OK");
}

#[test]
fn another_brand_refuses_the_conversation_but_not_the_profile() {
    let driver = Driver::new();
    let mut batch = driver.opening_with(text("", "Hello"));
    batch[1]["body"]["brandId"] = json!("64467156");
    let reply = driver.batch(&batch);
    assert_eq!(reply.status, 200);
    let codes: Vec<Value> = (0..3).map(|item| reply.json()[item]["code"].clone()).collect();
    assert_eq!(codes, [json!("OK"), json!(400), json!(400)]);
    assert!(driver.sandbox.conversations(&driver.account.id).is_empty());
}

#[test]
fn the_conversation_request_is_checked() {
    let driver = Driver::new();
    let cases = [
        (json!({"ttrDefName": "CUSTOM", "channelType": "MESSAGING", "skillId": "-1"}), "OK"),
        (json!({"ttrDefName": null, "campaignInfo": {"campaignId": "1"}}), "OK"),
        (json!({"ttrDefName": "SOON"}), "refused"),
        (json!({"channelType": "CHAT"}), "refused"),
        (json!({"skillId": 1}), "refused"),
        (json!({"campaignInfo": "1"}), "refused"),
        (json!({"campaignInfo": {"campaignId": 1, "engagementId": "2"}}), "OK"),
        (json!({"campaignInfo": {"campaignId": true}}), "refused"),
        (json!({"campaignInfo": {"campaignId": 1, "engagementId": []}}), "refused"),
        (json!({"ttrDefName": 5}), "refused"),
        (json!({"ttrDefName": "urgent"}), "refused"),
        (json!({"conversationContext": []}), "refused"),
        (json!({"conversationContext": {}}), "refused"),
        (json!({"conversationContext": {"type": "sharkContext"}}), "refused"),
        (json!({"conversationContext": {"type": "SharkContext"}}), "OK"),
        (json!({"conversationContext": {"type": "SharkContext", "visitorId": 5}}), "refused"),
        (json!({"conversationContext": {"type": "SharkContext", "lang": []}}), "refused"),
        (json!({"conversationContext": {"type": "CustomContext"}}), "OK"),
    ];
    for (mut body, expected) in cases {
        body["brandId"] = json!(driver.account.id);
        let mut batch = driver.opening();
        batch[1]["body"] = body.clone();
        let expected = if expected == "OK" { json!("OK") } else { json!(400) };
        assert_eq!(driver.batch(&batch).json()[1]["code"], expected, "{body}");
    }
}
