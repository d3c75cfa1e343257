//! cm.UpdateConversationField: what it is answered with, and what it does.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Options, Sandbox, Sequence, Webhook};

use crate::driver::{Driver, close, event, field, text};
use crate::endpoint::Endpoint;

fn ttr(name: Value, value: Value) -> Value {
    json!({"field": "TTRField", "ttrType": name, "value": value})
}

#[test]
fn it_is_answered_with_a_text() {
    for sequence in [Sequence::Resend, Sequence::Event] {
        let options = Options { sequence, ..Options::default() };
        let sandbox = Sandbox::start(options).expect("the sandbox starts");
        let driver = Driver::on(&sandbox);
        let id = driver.open();
        let typing = event(&id, json!({"type": "ChatStateEvent", "chatState": "PAUSE"}));
        for _ in 0..2 {
            assert_eq!(driver.send(&typing).json()["body"], json!({}), "{sequence:?}");
        }
        let urgent = field(&id, ttr(json!("URGENT"), json!(300)));
        let updated = "OK Conversation field updated";
        for request in [urgent.clone(), urgent] {
            let expected = json!({"code": "OK", "body": updated, "reqId": "8"});
            assert_eq!(driver.send(&request).json(), expected, "{sequence:?}");
        }
        let resolved = "OK Conversation resolved successfully";
        assert_eq!(driver.send(&close(&id)).json()["body"], resolved, "{sequence:?}");
        assert!(resolved.len() <= 128);
    }
}

#[test]
fn a_single_field_may_stand_in_an_array() {
    let driver = Driver::new();
    let id = driver.open();
    let state = json!([{"field": "ConversationStateField", "conversationState": "CLOSE"}]);
    assert_eq!(driver.send(&field(&id, state)).status, 200);
    assert_eq!(driver.conversation()["stage"], "CLOSE");
}

#[test]
fn it_says_how_urgent_it_is() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let id = driver.open();
    let opened = endpoint.next().change()["result"].clone();
    let start = opened["conversationDetails"]["startTs"].as_i64().expect("milliseconds");
    let cases = [
        (json!("URGENT"), json!(120), json!({"ttrType": "URGENT", "value": 120}), 120_000),
        (json!("URGENT"), Value::Null, json!({"ttrType": "URGENT", "value": 300}), 300_000),
        (
            json!("PRIORITIZED"),
            Value::Null,
            json!({"ttrType": "PRIORITIZED", "value": 600}),
            600_000,
        ),
        (json!("SOON"), Value::Null, json!({"ttrType": "SOON", "value": 1800}), 1_800_000),
        (json!("CUSTOM"), json!(0.5), json!({"ttrType": "CUSTOM", "value": 0.5}), 500),
    ];
    for (name, value, told, millis) in cases {
        let mut sent = ttr(name.clone(), value.clone());
        if value.is_null() {
            sent.as_object_mut().expect("an object").remove("value");
        }
        assert_eq!(driver.send(&field(&id, sent)).status, 200, "{name}");
        let result = endpoint.next().change()["result"].clone();
        assert_eq!(result["conversationDetails"]["ttr"], told);
        assert_eq!(result["effectiveTTR"], start + millis, "{name}");
        let view = driver.conversation();
        assert_eq!((&view["ttr"], &view["ttrValue"]), (&name, &value));
    }
    for wrong in [
        ttr(Value::Null, json!(5)),
        ttr(json!(5), json!(5)),
        ttr(json!("URGENT"), json!("5")),
        ttr(json!("URGENT"), json!([])),
        ttr(json!("CUSTOM"), json!(-1)),
        ttr(json!("CUSTOM"), json!(-0.5)),
    ] {
        assert_eq!(driver.send(&field(&id, wrong.clone())).status, 400, "{wrong}");
    }
    assert_eq!(driver.conversation()["ttr"], "CUSTOM");
    assert_eq!(driver.send(&close(&id)).status, 200);
    assert_eq!(driver.send(&field(&id, ttr(json!("NORMAL"), Value::Null))).status, 400);
}

#[test]
fn a_rating_is_told() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let id = driver.open();
    let csat = || endpoint.next().change()["result"]["conversationDetails"]["csat"].clone();
    assert_eq!(csat(), Value::Null);
    let full = json!({"csatRate": 4, "csatResolutionConfirmation": true, "status": "FILLED"});
    for told in [full, json!({"status": "SKIPPED"}), json!({"csatRate": 5})] {
        let mut sent = told.clone();
        sent["field"] = json!("CSATRate");
        assert_eq!(driver.send(&field(&id, sent)).status, 200, "{told}");
        assert_eq!(csat(), told);
    }
    assert_eq!(driver.send(&field(&id, json!({"field": "CSATRate"}))).status, 400);
}

#[test]
fn other_fields_have_no_effect() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let id = driver.open();
    endpoint.next();
    let view = driver.conversation();
    let skill = json!({"field": "Skill", "type": "UPDATE", "skill": "17"});
    assert_eq!(driver.send(&field(&id, skill)).json()["code"], "OK");
    assert_eq!(driver.conversation(), view);
    assert_eq!(driver.send(&text(&id, "Hello")).status, 200);
    assert_eq!(endpoint.next().text(), "Hello", "nothing was told before");
    for nameless in [json!({"name": "Skill"}), json!({"field": null}), json!({"field": ["Skill"]})]
    {
        assert_eq!(driver.send(&field(&id, nameless.clone())).status, 400, "{nameless}");
    }
}
