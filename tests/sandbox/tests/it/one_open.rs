//! Each consumer has one open conversation at most.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Options, Sandbox};

use crate::driver::{Driver, close, field, text};

/// The answers to a batch that opens a conversation with a message, where one is open.
fn refused(driver: &Driver<'_>, status: u16) {
    let mut batch = driver.opening_with(text("", "Hello"));
    batch[0]["body"] = json!({"firstName": "Alice"});
    let count = || driver.sandbox.conversations(&driver.account.id).len();
    let before = count();
    let reply = driver.batch(&batch);
    assert_eq!(reply.status, status);
    let reply = reply.json();
    assert_eq!(
        reply[0],
        json!({"code": "OK", "body": {"msg": "OK User Profile set successfully"}, "reqId": "1"})
    );
    let conversations = driver.sandbox.conversations(&driver.account.id);
    let consumer = &conversations[0]["consumer"];
    assert_eq!(consumer["profile"], batch[0]["body"], "the profile is set all the same");
    let id = consumer["lp_consumer_id"].as_str().expect("an id");
    for (item, request_id, part) in [
        (1, "2", format!("User {id} already has open conversation")),
        (2, "7", "not opened".to_owned()),
    ] {
        assert_eq!(
            (&reply[item]["code"], &reply[item]["reqId"]),
            (&"BAD_REQUEST".into(), &json!(request_id))
        );
        let body = reply[item]["body"].as_object().expect("a body");
        assert!(body.len() == 1 && body["msg"].as_str().is_some_and(|msg| msg.contains(&part)));
    }
    let open = conversations[0]["id"].as_str().expect("an id");
    assert!(!reply.to_string().contains(open), "the id of the open one is not told");
    assert_eq!(count(), before);
}

#[test]
fn a_second_one_is_refused_until_the_first_is_closed() {
    let driver = Driver::new();
    let id = driver.open();
    refused(&driver, 200);
    driver.with("bob").open();
    assert_eq!(driver.send(&close(&id)).status, 200);
    driver.open();
    refused(&driver, 200);
}

#[test]
fn a_survey_keeps_it_open() {
    let driver = Driver::new();
    let id = driver.open();
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    refused(&driver, 200);
    let closing = json!({"field": "DialogChange", "type": "UPDATE",
                         "dialog": {"dialogId": survey, "state": "CLOSE"}});
    assert_eq!(driver.send(&field(&id, closing)).status, 200);
    driver.open();
}

#[test]
fn a_batch_can_be_refused_as_a_whole() {
    let options = Options { refuse_whole_batch: true, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    driver.open();
    refused(&driver, 400);
    let other = driver.with("bob");
    let reply = other.batch(&other.opening_with(text("elsewhere", "Hello")));
    let codes: Vec<Value> = (0..3).map(|item| reply.json()[item]["code"].clone()).collect();
    assert_eq!((reply.status, codes), (400, vec![json!("OK"), json!("OK"), json!(400)]));
}
