//! The documented error codes, and the order in which they are found.

use std::time::Duration;

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Options, Sandbox};

use crate::driver::{Driver, close, text};

const SEND: &str = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
const BATCH: &str = "/api/account/{account}/messaging/consumer/conversation?v=3";

/// Both endpoints must refuse this driver's tokens, and before they look at the body.
fn refused(driver: &Driver<'_>, code: u32) {
    for path in [SEND, BATCH] {
        let reply = driver.try_post(path, b"{").expect("an answer");
        assert_eq!((reply.status, reply.error_code()), (401, json!(code)), "{path} {}", reply.text);
    }
}

#[test]
fn the_body_of_an_error_is_as_documented() {
    let mut driver = Driver::new();
    driver.app_jwt.clear();
    let reply = driver.send(&text("x", "Hello"));
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(
        reply.json(),
        json!({"kind": "resp", "code": 401, "type": ".ReqBody$ErrorResp", "body": {
            "title": "AppJWT is missing",
            "details": "The header Authorization is missing or empty",
            "errorCode": 40105,
        }})
    );
}

#[test]
fn a_missing_app_jwt_comes_first() {
    let mut driver = Driver::new();
    driver.app_jwt.clear();
    driver.consumer_jws.clear();
    refused(&driver, 40105);
}

#[test]
fn an_invalid_app_jwt_is_40102() {
    let mut driver = Driver::new();
    driver.consumer_jws.clear();
    let (sandbox, id) = (driver.sandbox, driver.account.id.clone());
    let mut tampered = driver.app_jwt.clone();
    let last = tampered.pop();
    tampered.push(if last == Some('A') { 'Q' } else { 'A' });
    let unsigned = driver.app_jwt.rsplit_once('.').expect("three parts").0.to_owned();
    let tokens = [
        "nonsense".to_owned(),
        "a.b.c".to_owned(),
        tampered,
        format!("{unsigned}."),
        unsigned,
        format!("Bearer {}", driver.app_jwt),
        driver.consumer("alice"),
        Driver::new().app_jwt,
        sandbox.issue_app_jwt(&id, 0, &[]),
        sandbox.issue_app_jwt(&id, -3600, &[]),
        sandbox.issue_app_jwt(&id, 3600, &[("aud", json!("64467156"))]),
        sandbox.issue_app_jwt(&id, 3600, &[("azp", json!("another"))]),
        sandbox.issue_app_jwt(&id, 3600, &[("scope", json!("msg.agent"))]),
        sandbox.issue_app_jwt(&id, 3600, &[("iss", json!("Someone"))]),
        sandbox.issue_app_jwt(&id, 3600, &[("exp", json!("never"))]),
    ];
    for token in tokens {
        driver.app_jwt = token;
        refused(&driver, 40102);
    }
}

#[test]
fn the_issuer_may_be_in_lower_case() {
    let mut driver = Driver::new();
    let claims = [("iss", json!("sentinel"))];
    driver.app_jwt = driver.sandbox.issue_app_jwt(&driver.account.id, 3600, &claims);
    driver.open();
}

#[test]
fn a_missing_claim_is_40001() {
    let mut driver = Driver::new();
    driver.consumer_jws.clear();
    for claim in ["azp", "scope", "aud", "iss", "iat", "exp"] {
        let claims = [(claim, Value::Null)];
        driver.app_jwt = driver.sandbox.issue_app_jwt(&driver.account.id, 3600, &claims);
        refused(&driver, 40001);
    }
}

#[test]
fn revoked_tokens_are_40102_and_new_ones_work() {
    let mut driver = Driver::new();
    driver.sandbox.revoke_tokens(&driver.account.id);
    refused(&driver, 40102);
    driver.app_jwt = driver.sandbox.issue_app_jwt(&driver.account.id, 3600, &[]);
    driver.open();
}

#[test]
fn tokens_of_an_account_without_lifetime_are_expired() {
    let options = Options { token_lifetime: Duration::ZERO, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let mut driver = Driver::on(&sandbox);
    let url = driver.url("/sentinel/api/v2/account/{account}/app/token");
    let form = format!(
        "client_id={}&client_secret={}&grant_type=client_credentials",
        driver.account.client_id, driver.account.client_secret
    );
    let reply = crate::driver::call(&driver.agent, "POST", &url, &[], form.as_bytes());
    let reply = reply.expect("an answer").json();
    driver.app_jwt = reply["access_token"].as_str().expect("a token").to_owned();
    refused(&driver, 40102);
}

#[test]
fn a_missing_consumer_jws_is_40104() {
    let mut driver = Driver::new();
    driver.consumer_jws.clear();
    refused(&driver, 40104);
}

#[test]
fn an_invalid_consumer_jws_is_40103() {
    let mut driver = Driver::new();
    let mut tampered = driver.consumer_jws.clone();
    tampered.replace_range(..1, "x");
    let tokens = ["a.b.c".to_owned(), tampered, driver.app_jwt.clone(), Driver::new().consumer_jws];
    for token in tokens {
        driver.consumer_jws = token;
        refused(&driver, 40103);
    }
}

#[test]
fn another_consumers_conversation_is_40103() {
    let mut driver = Driver::new();
    let id = driver.open();
    driver.consumer_jws = driver.consumer("mallory");
    let mut elsewhere = text("no such dialog", "Hello");
    elsewhere["body"]["conversationId"] = json!(id);
    for request in [text(&id, "Hello"), close(&id), elsewhere] {
        let reply = driver.send(&request);
        assert_eq!((reply.status, reply.error_code()), (401, json!(40103)), "{request}");
    }
    assert_eq!(driver.conversation()["state"], "OPEN");
}

#[test]
fn a_long_body_is_413_after_the_tokens_and_before_its_json() {
    let options = Options { max_body: 2000, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let mut driver = Driver::on(&sandbox);
    let id = driver.open();
    let spare = 2000 - text(&id, "").to_string().len();
    assert_eq!(driver.send(&text(&id, &"x".repeat(spare))).status, 200);
    let reply = driver.send(&text(&id, &"x".repeat(spare + 1)));
    assert_eq!((reply.status, &reply.json()["code"]), (413, &json!(413)));
    // Far more than any buffer of a socket holds: the client must still get its answer.
    let huge = vec![b'{'; 20_000_000];
    assert_eq!(driver.try_post(SEND, &huge).expect("an answer").status, 413);
    assert_eq!(driver.identify(&"{".repeat(2001)).status, 413);
    driver.consumer_jws.clear();
    assert_eq!(driver.try_post(SEND, &huge).expect("an answer").error_code(), 40104);
}
