//! What body.sequence counts.

use std::sync::OnceLock;

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Answer, Options, Route, Sandbox, Sequence};

use crate::driver::{Driver, close, event, field, text};

/// A sandbox that counts requests sent again.
fn resend() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let options = Options { sequence: Sequence::Resend, ..Options::default() };
        Sandbox::start(options).expect("the sandbox starts")
    })
}
/// What a closing is answered with.
const RESOLVED: &str = "OK Conversation resolved successfully";

fn sequences(driver: &Driver<'_>, dialog_id: &str, id: &str, times: usize) -> Vec<Value> {
    let mut message = text(dialog_id, "Hello");
    message["id"] = json!(id);
    (0..times).map(|_| driver.send(&message).json()["body"]["sequence"].clone()).collect()
}

#[test]
fn resent_requests_are_counted_by_doubling() {
    let driver = Driver::on(resend());
    let other = driver.with("bob");
    let (one, two) = (driver.open(), other.open());
    assert_eq!(sequences(&driver, &one, "a", 4), [0, 2, 4, 8]);
    assert_eq!(sequences(&driver, &one, "b", 2), [0, 2], "another id");
    assert_eq!(sequences(&other, &two, "a", 2), [0, 2], "another conversation");
    let mut typing = event(&one, json!({"type": "ChatStateEvent", "chatState": "COMPOSING"}));
    typing["id"] = json!("a");
    assert_eq!(driver.send(&typing).json()["body"], json!({}), "it is not numbered");
    assert_eq!(sequences(&driver, &one, "a", 1), [16]);
    let mut again = close(&one);
    again["id"] = json!("a");
    assert_eq!(driver.send(&again).json()["body"], RESOLVED);
}

#[test]
fn the_counter_stays_within_32_bits() {
    let driver = Driver::on(resend());
    let id = driver.open();
    let sequences = sequences(&driver, &id, "1", 35);
    assert_eq!(sequences[30], 1 << 30);
    assert_eq!(sequences[34], 1 << 30);
}

#[test]
fn a_lost_answer_counts() {
    let driver = Driver::on(resend());
    let id = driver.open();
    driver.sandbox.answer_next(&driver.account.id, Route::Send, Answer::Lose);
    assert!(driver.try_send(&text(&id, "Hello")).is_err());
    assert_eq!(driver.send(&text(&id, "Hello")).json()["body"]["sequence"], 2);
}

#[test]
fn a_closing_sent_again_took_effect() {
    let driver = Driver::on(resend());
    let id = driver.open();
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    let dialog = |dialog_id: &str| {
        field(
            &id,
            json!({"field": "DialogChange", "type": "UPDATE",
                          "dialog": {"dialogId": dialog_id, "state": "CLOSE"}}),
        )
    };
    assert_eq!(driver.send(&dialog(&id)).status, 400, "the agent closed it");
    for _ in 0..3 {
        assert_eq!(driver.send(&dialog(&survey)).json()["body"], RESOLVED);
    }
    let view = driver.conversation();
    let mut with_another_id = dialog(&survey);
    with_another_id["id"] = json!("another");
    for refused in [with_another_id, dialog(&id), close(&id)] {
        assert_eq!(driver.send(&refused).status, 400, "{refused}");
    }
    assert_eq!(driver.conversation(), view);

    let other = Driver::on(resend());
    let id = other.open();
    let rated = json!([{"field": "CSATRate", "csatRate": 4, "status": "FILLED"},
                       {"field": "ConversationStateField", "conversationState": "CLOSE"}]);
    for _ in 0..3 {
        let reply = other.send(&field(&id, rated.clone())).json();
        assert_eq!((&reply["code"], &reply["body"]), (&json!("OK"), &json!(RESOLVED)));
    }
    assert_eq!(other.conversation()["state"], "CLOSE");
    let mut text = text(&id, "Hello");
    text["id"] = json!("8");
    assert_eq!(other.send(&text).status, 400, "only what took effect");
}

#[test]
fn a_closing_whose_answer_was_lost_is_sent_again() {
    let driver = Driver::on(resend());
    let id = driver.open();
    driver.sandbox.answer_next(&driver.account.id, Route::Send, Answer::Lose);
    assert!(driver.try_send(&close(&id)).is_err());
    assert_eq!(driver.send(&close(&id)).json()["body"], RESOLVED);
}

#[test]
fn events_are_numbered() {
    let driver = Driver::new();
    let reply = driver.batch(&driver.opening_with(text("", "Hello"))).json();
    assert_eq!(reply[2]["body"], json!({"sequence": 0}));
    let id = reply[1]["body"]["conversationId"].as_str().expect("a conversation");
    assert_eq!(sequences(&driver, id, "1", 2), [1, 2]);
    let typing = event(id, json!({"type": "ChatStateEvent", "chatState": "COMPOSING"}));
    assert_eq!(driver.send(&typing).json()["body"], json!({}));
    assert_eq!(sequences(&driver, id, "1", 1), [3]);
}
