//! What body.sequence counts.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Answer, Options, Route, Sandbox, Sequence};

use crate::driver::{Driver, close, event, text};

fn sequences(driver: &Driver<'_>, dialog_id: &str, id: &str, times: usize) -> Vec<Value> {
    let mut message = text(dialog_id, "Hello");
    message["id"] = json!(id);
    (0..times).map(|_| driver.send(&message).json()["body"]["sequence"].clone()).collect()
}

#[test]
fn resent_requests_are_counted_by_doubling() {
    let driver = Driver::new();
    let (one, two) = (driver.open(), driver.open());
    assert_eq!(sequences(&driver, &one, "a", 4), [0, 2, 4, 8]);
    assert_eq!(sequences(&driver, &one, "b", 2), [0, 2], "another id");
    assert_eq!(sequences(&driver, &two, "a", 2), [0, 2], "another conversation");
    let mut again = close(&one);
    again["id"] = json!("a");
    assert_eq!(driver.send(&again).json()["body"]["sequence"], 16);
}

#[test]
fn the_counter_stays_within_32_bits() {
    let driver = Driver::new();
    let id = driver.open();
    let sequences = sequences(&driver, &id, "1", 35);
    assert_eq!(sequences[30], 1 << 30);
    assert_eq!(sequences[34], 1 << 30);
}

#[test]
fn a_lost_answer_counts() {
    let driver = Driver::new();
    let id = driver.open();
    driver.sandbox.answer_next(&driver.account.id, Route::Send, Answer::Lose);
    assert!(driver.try_send(&text(&id, "Hello")).is_err());
    assert_eq!(driver.send(&text(&id, "Hello")).json()["body"]["sequence"], 2);
}

#[test]
fn events_can_be_numbered_instead() {
    let options = Options { sequence: Sequence::Event, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    let reply = driver.batch(&driver.opening_with(text("", "Hello"))).json();
    assert_eq!(reply[2]["body"], json!({"sequence": 0}));
    let id = reply[1]["body"]["conversationId"].as_str().expect("a conversation");
    assert_eq!(sequences(&driver, id, "1", 2), [1, 2]);
    let typing = event(id, json!({"type": "ChatStateEvent", "chatState": "COMPOSING"}));
    assert_eq!(driver.send(&typing).json()["body"], json!({}));
    assert_eq!(sequences(&driver, id, "1", 1), [3]);
}
