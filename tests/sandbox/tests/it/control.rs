//! The control API.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lpc_sandbox::Account;
use lpc_sandbox::serde_json::{Value, json};

use crate::driver::{Driver, Reply, agent, call, shared, text};

pub fn control(method: &str, path: &str, body: &Value) -> Reply {
    let url = format!("{}{path}", shared().control_url());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    call(&agent(), method, &url, &[], body.as_bytes()).expect("an answer")
}

#[test]
fn an_account_is_made() {
    let reply = control("POST", "/accounts", &Value::Null);
    assert_eq!(reply.status, 201);
    let account = reply.json();
    let id = account["id"].as_str().expect("an id");
    assert!(id.chars().all(|character| character.is_ascii_alphanumeric()), "{id}");
    assert_eq!(account["variables"]["LPC_ACCOUNT_ID"], account["id"]);
    assert_eq!(account["variables"]["LPC_CLIENT_ID"], account["client_id"]);
    assert_eq!(account["variables"]["LPC_CLIENT_SECRET"], account["client_secret"]);
    assert_eq!(account["variables"]["LPC_DOMAIN_API_URL"], shared().url());
    assert_eq!(account["variables"]["LPC_ALLOW_PLAINTEXT"], "true");
    assert_eq!(account["variables"]["LPC_PROXY_URL"], "none");
    assert!(shared().conversations(id).is_empty());
}

#[test]
fn an_account_is_made_to_measure() {
    // Not one that another test could be given.
    let chosen = json!({"id": "Brand42", "client_id": "a client", "client_secret": "a secret"});
    let reply = control("POST", "/accounts", &chosen);
    assert_eq!(reply.status, 201, "{}", reply.text);
    let account = reply.json();
    for name in ["id", "client_id", "client_secret"] {
        assert_eq!(account[name], chosen[name]);
    }
    assert_eq!(account["variables"]["LPC_CLIENT_SECRET"], "a secret");
    let url = format!("{}/sentinel/api/v2/account/Brand42/app/token", shared().url());
    let form = "grant_type=client_credentials&client_id=a+client&client_secret=a+secret";
    let reply = call(&agent(), "POST", &url, &[], form.as_bytes()).expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.text);

    let in_use = control("POST", "/accounts", &json!({"id": "Brand42"}));
    assert_eq!(in_use.status, 409);
    assert!(in_use.json()["error"].is_string());
    let some = control("POST", "/accounts", &json!({"client_id": "a client"})).json();
    assert_eq!(some["client_id"], "a client");
    assert!(some["id"] != "Brand42" && some["client_secret"] != "a secret");
    for wrong in [
        json!({"id": ""}),
        json!({"id": "a b"}),
        json!({"id": "a/b"}),
        json!({"id": "ä"}),
        json!({"id": 5}),
        json!({"id": null}),
        json!({"client_id": ""}),
        json!({"client_secret": ""}),
        json!({"client_secret": []}),
    ] {
        assert_eq!(control("POST", "/accounts", &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn an_account_is_added() {
    let account = Account::new("Brand43", "a client", "a secret");
    shared().add_account(&account);
    assert!(shared().variables(&account).contains(&("LPC_ACCOUNT_ID", "Brand43".to_owned())));
    assert!(shared().conversations("Brand43").is_empty());
    let add = |account: &Account| shared().add_account(account);
    for wrong in [&account, &Account::new("a b", "a client", "a secret")] {
        assert!(catch_unwind(AssertUnwindSafe(|| add(wrong))).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_lifetime_of_tokens_can_be_set() {
    let token = |account: &Value| {
        let url = format!(
            "{}/sentinel/api/v2/account/{}/app/token",
            shared().url(),
            account["id"].as_str().expect("an id")
        );
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            account["client_id"].as_str().expect("an id"),
            account["client_secret"].as_str().expect("a secret")
        );
        call(&agent(), "POST", &url, &[], form.as_bytes()).expect("an answer").json()
    };
    let account = control("POST", "/accounts", &json!({"token_lifetime": 60})).json();
    assert_eq!(token(&account)["expires_in"], 60);
    let path = format!("/accounts/{}/token-lifetime", account["id"].as_str().expect("an id"));
    assert_eq!(control("POST", &path, &json!({"seconds": 5})).status, 200);
    assert_eq!(token(&account)["expires_in"], 5);
}

#[test]
fn answers_are_queued() {
    let driver = Driver::new();
    let path = format!("/accounts/{}/answers", driver.account.id);
    let answer = json!({"route": "send", "status": 429, "headers": {"Retry-After": "2"},
                        "body": "slow down"});
    assert_eq!(control("POST", &path, &answer).status, 200);
    let reply = driver.send(&text("x", "Hello"));
    assert_eq!((reply.status, &*reply.text), (429, "slow down"));
    assert_eq!(reply.headers["retry-after"], "2");
    for way in ["reset", "lose", "cut"] {
        assert_eq!(control("POST", &path, &json!({"route": "send", way: true})).status, 200);
        assert!(driver.try_send(&text("x", "Hello")).is_err(), "{way}");
    }
}

#[test]
fn conversations_and_requests_are_shown() {
    let driver = Driver::new();
    let id = driver.open();
    let account = &driver.account.id;
    driver.send(&text(&id, "Hello"));
    let path = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
    driver.try_post(path, &[0xff]).expect("an answer");

    let shown = control("GET", &format!("/accounts/{account}/conversations"), &Value::Null).json();
    assert_eq!(shown, json!(driver.sandbox.conversations(account)));
    let shown = control("GET", &format!("/accounts/{account}/requests"), &Value::Null).json();
    let sent = &shown[2];
    assert_eq!((&sent["route"], &sent["method"]), (&json!("send"), &json!("POST")));
    assert_eq!(sent["path"], path.replace("{account}", account));
    assert_eq!(sent["headers"]["authorization"], driver.app_jwt.as_str());
    assert_eq!(sent["body"], text(&id, "Hello").to_string());
    assert_eq!(sent["status"], 200);
    assert!(sent["connection"].is_u64() && sent.get("body_base64").is_none());
    assert_eq!(shown[3]["body_base64"], "/w==");
}

#[test]
fn an_agent_closes_and_surveys_start() {
    let driver = Driver::new();
    let id = driver.open();
    let path = format!("/accounts/{}/conversations/{id}", driver.account.id);
    let survey = control("POST", &format!("{path}/survey"), &Value::Null);
    assert_eq!(survey.status, 200);
    assert_eq!(driver.conversation()["dialogs"][1]["dialogId"], survey.json()["dialogId"]);
    assert_eq!(control("POST", &format!("{path}/survey"), &Value::Null).status, 409);
    assert_eq!(control("POST", &format!("{path}/close"), &Value::Null).status, 200);
    assert_eq!(driver.conversation()["state"], "CLOSE");
    assert_eq!(control("POST", &format!("{path}/close"), &Value::Null).status, 409);
}

#[test]
fn tokens_are_issued_and_revoked() {
    let mut driver = Driver::new();
    let path = format!("/accounts/{}/tokens", driver.account.id);
    let code = |driver: &mut Driver<'_>, body: Value| {
        let reply = control("POST", &path, &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        driver.app_jwt = reply.json()["token"].as_str().expect("a token").to_owned();
        driver.send(&text("x", "Hello")).error_code()
    };
    assert_eq!(code(&mut driver, json!({"lifetime": -1})), 40102);
    assert_eq!(code(&mut driver, json!({"omit": ["azp"]})), 40001);
    assert_eq!(code(&mut driver, json!({"claims": {"aud": "other"}})), 40102);
    assert_eq!(code(&mut driver, json!({})), Value::Null);
    let path = format!("/accounts/{}/revoke-tokens", driver.account.id);
    assert_eq!(control("POST", &path, &Value::Null).status, 200);
    assert_eq!(driver.send(&text("x", "Hello")).error_code(), 40102);
}

#[test]
fn misuse_is_refused() {
    let account = shared().new_account().id;
    let answers = format!("/accounts/{account}/answers");
    let tokens = format!("/accounts/{account}/tokens");
    let clock = format!("/accounts/{account}/clock");
    let cases = [
        ("POST", "/", json!({}), 404),
        ("PUT", "/accounts", Value::Null, 405),
        ("POST", "/accounts", json!([]), 400),
        ("POST", "/accounts", json!({"lifetime": 5}), 400),
        ("POST", "/accounts", json!({"token_lifetime": "5"}), 400),
        ("GET", "/accounts/nobody/conversations", Value::Null, 404),
        ("GET", "/accounts/nobody/requests", Value::Null, 404),
        ("POST", "/accounts/nobody/tokens", Value::Null, 404),
        ("POST", "/accounts/nobody/answers", json!({"route": "send", "stall": true}), 404),
        ("POST", &answers, json!({"route": "send"}), 400),
        ("POST", &answers, json!({"route": "nowhere", "stall": true}), 400),
        ("POST", &answers, json!({"stall": true}), 400),
        ("POST", &answers, json!({"route": "send", "stall": 1}), 400),
        ("POST", &answers, json!({"route": "send", "stall": true, "reset": true}), 400),
        ("POST", &answers, json!({"route": "send", "stall": true, "body": "x"}), 400),
        ("POST", &answers, json!({"route": "send", "status": 99}), 400),
        ("POST", &answers, json!({"route": "send", "status": "429"}), 400),
        ("POST", &answers, json!({"route": "send", "status": 200, "headers": {"a": 1}}), 400),
        ("POST", &answers, json!({"route": "send", "status": 200, "headers": {"a b": ""}}), 400),
        ("POST", &answers, json!({"route": "send", "status": 200, "body": {}}), 400),
        ("POST", &answers, json!({"route": "send", "status": 200, "count": 2}), 400),
        ("POST", &tokens, json!({"lifetime": "1"}), 400),
        ("POST", &tokens, json!({"omit": "azp"}), 400),
        ("POST", &tokens, json!({"claims": []}), 400),
        ("POST", &tokens, json!({"forged": "kid"}), 400),
        ("POST", &tokens, json!({"forged": true}), 400),
        ("POST", &tokens, json!({"forged": "no_kid", "lifetime": 5}), 400),
        ("POST", &clock, json!({}), 400),
        ("POST", &clock, json!({"offset": "5"}), 400),
        ("POST", &clock, json!({"offset": 0.5}), 400),
        ("POST", "/accounts/nobody/clock", json!({"offset": 5}), 404),
        ("POST", "/accounts/nobody/rotate-key", Value::Null, 404),
        ("POST", "/accounts/nobody/tokens", json!({"forged": "no_kid"}), 404),
        ("POST", "/public-key", Value::Null, 405),
        ("POST", "/key-requests", Value::Null, 405),
    ];
    for (method, path, body, status) in cases {
        let reply = control(method, path, &body);
        assert_eq!(reply.status, status, "{method} {path} {body}");
        assert!(reply.json()["error"].is_string(), "{method} {path}");
    }
    let path = format!("/accounts/{account}/conversations/none/close");
    assert_eq!(control("POST", &path, &Value::Null).status, 409);
}
