//! CONVERSATION: the batch.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Account, Webhook};

use crate::driver::{Driver, event, text};
use crate::endpoint::Endpoint;

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
    for body in [json!({"authenticatedData": []}), json!({"privateData": "x"})] {
        let mut batch = driver.opening();
        batch[0]["body"] = body.clone();
        let driver = driver.with(&body.to_string());
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
fn the_first_message_needs_no_dialog() {
    let driver = Driver::new();
    let mut message = text("", "Hello");
    message["body"].as_object_mut().expect("a body").remove("dialogId");
    assert_eq!(driver.batch(&driver.opening_with(message)).json()[2]["code"], "OK");
    assert_eq!(driver.conversation()["events"][0]["dialogId"], driver.conversation()["id"]);
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
        ("the request alone", json!([good[1]])),
        ("empty", json!([])),
        ("wrong order", json!([good[1], good[0]])),
        ("no profile", json!([good[1], text("", "Hello")])),
        ("message first", json!([text("", "Hello"), good[0], good[1]])),
        ("four items", json!([good[0], good[1], text("", "a"), text("", "b")])),
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
    let metadata = |metadata: Value| {
        let mut message = text("", "Hello");
        message["metadata"] = metadata;
        message
    };
    let cases = [
        event("", json!({"message": "no type"})),
        metadata(json!("x")),
        text("elsewhere", "Hello"),
        event("", json!({"type": "ContentEvent", "contentType": "text/plain", "message": 5})),
    ];
    for message in cases {
        let driver = driver.with(&message.to_string());
        let reply = driver.batch(&driver.opening_with(message.clone()));
        assert_eq!(reply.status, 200, "{message}");
        let reply = reply.json();
        assert_eq!((&reply[0]["code"], &reply[1]["code"]), (&json!("OK"), &json!("OK")));
        assert_eq!((&reply[2]["code"], &reply[2]["reqId"]), (&json!(400), &json!("7")));
        assert!(reply[2]["body"]["title"].is_string() && reply[2]["body"]["details"].is_string());
    }
    let metadata = metadata(json!([{"type": "ExternalId", "id": "x"}]));
    let kept = driver.batch(&driver.opening_with(metadata)).json();
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
fn the_conversation_request_is_taken_as_it_is() {
    let driver = Driver::new();
    for mut body in [
        json!({"ttrDefName": "CUSTOM", "channelType": "MESSAGING", "skillId": "-1"}),
        json!({"ttrDefName": null, "campaignInfo": {"campaignId": "1"}}),
        json!({"ttrDefName": "SOON", "channelType": "CHAT", "skillId": 12, "more": [1]}),
        json!({"ttrDefName": 5, "channelType": null}),
        json!({"campaignInfo": {"campaignId": 1, "engagementId": "2", "more": true}}),
        json!({"conversationContext": {}}),
        json!({"conversationContext": {"type": "SharkContext", "visitorId": 5, "sessionId": "s",
                                       "interactionContextId": 2, "lang": ["en-US"]}}),
        json!({"conversationContext": {"type": "SMSContext", "interactionContextId": null}}),
        json!({"conversationContext": {"type": "CustomContext", "clientProperties": {}}}),
    ] {
        body["brandId"] = json!(driver.account.id);
        let mut batch = driver.opening();
        batch[1]["body"] = body.clone();
        let driver = driver.with(&body.to_string());
        assert_eq!(driver.batch(&batch).json()[1]["code"], "OK", "{body}");
        let last = driver.sandbox.conversations(&driver.account.id).pop().expect("one");
        assert_eq!(last["request"], body);
    }
}

#[test]
fn a_skill_that_is_a_number_is_told_as_text() {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let mut batch = driver.opening();
    batch[1]["body"]["skillId"] = json!(12);
    driver.batch(&batch);
    let told = endpoint.next().change()["result"]["conversationDetails"]["skillId"].clone();
    assert_eq!(told, "12");
}

#[test]
fn a_brand_may_be_a_number() {
    let driver = Driver::new();
    let account = Account::new("64467156", "a client", "a secret");
    driver.sandbox.add_account(&account);
    let app_jwt = driver.sandbox.issue_app_jwt(&account.id, 3600, &[]);
    let driver = Driver { account, app_jwt, ..driver }.with("alice");
    let mut batch = driver.opening();
    batch[1]["body"]["brandId"] = json!(64_467_156);
    assert_eq!(driver.batch(&batch).json()[1]["code"], "OK");
}

#[test]
fn what_cannot_be_meant_refuses_the_conversation_request() {
    let driver = Driver::new();
    for mut body in [
        json!({"skillId": true}),
        json!({"skillId": ["1"]}),
        json!({"campaignInfo": "1"}),
        json!({"campaignInfo": {"campaignId": true}}),
        json!({"campaignInfo": {"campaignId": 1, "engagementId": []}}),
        json!({"conversationContext": []}),
        json!({"conversationContext": {"type": "SharkContext", "visitorId": {}}}),
    ] {
        body["brandId"] = json!(driver.account.id);
        let mut batch = driver.opening();
        batch[1]["body"] = body.clone();
        assert_eq!(driver.batch(&batch).json()[1]["code"], 400, "{body}");
    }
    assert!(driver.sandbox.conversations(&driver.account.id).is_empty());
}
