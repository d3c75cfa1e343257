//! Notifications and agents through the control API.

use lpc_sandbox::Signature;
use lpc_sandbox::serde_json::{Value, json};

use crate::control::control;
use crate::driver::{Driver, agent, call, shared, text};
use crate::endpoint::Endpoint;
use crate::fault::until;

fn done(method: &str, path: &str, body: &Value) -> Value {
    let reply = control(method, path, body);
    assert_eq!(reply.status, 200, "{method} {path} {body}: {}", reply.text);
    reply.json()
}

#[test]
fn a_webhook_is_set_and_looked_at() {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    let account = format!("/accounts/{}", driver.account.id);
    let webhook = format!("{account}/webhook");
    let settings = json!({"url": endpoint.url(), "max_retries": 1, "time_scale": 0.001,
                          "signature": "sha256_hex", "connect_timeout_ms": 4000,
                          "read_timeout_ms": 4000});
    assert_eq!(done("PUT", &webhook, &settings), json!({}));
    let notify = |body: &[u8]| {
        let url = format!("{}{account}/notify", shared().control_url());
        call(&agent(), "POST", &url, &[], body).expect("an answer").status
    };
    assert_eq!(notify("où ?".as_bytes()), 200);
    let notification = endpoint.next();
    assert_eq!(notification.body, "où ?".as_bytes());
    let signature = notification.header("x-liveperson-signature");
    let sign = json!({"body": "où ?", "signature": "sha256_hex"});
    assert_eq!(done("POST", &format!("{account}/sign"), &sign)["signature"], signature);
    let sign = done("POST", &format!("{account}/sign"), &json!({"body": "x"}));
    let expected = shared().sign(&driver.account.id, b"x", Signature::Sha1Base64);
    assert_eq!(sign, json!({"signature": expected}));

    let pending = || done("GET", &format!("{account}/pending"), &Value::Null);
    until(|| pending() == json!({"pending": 0}));
    let deliveries = || done("GET", &format!("{account}/deliveries"), &Value::Null);
    let first = &deliveries()[0];
    let (at, millis) = (&first["at"], &first["millis"]);
    assert!(at.is_i64() && millis.is_u64());
    assert_eq!(
        deliveries(),
        json!([{"notification": 0, "attempt": 1, "at": at, "millis": millis, "body": "où ?",
                "signature": signature, "status": 200, "failure": null, "delivered": true}])
    );
    assert_eq!(notify(&[0xff]), 200);
    endpoint.next();
    until(|| pending() == json!({"pending": 0}));
    assert_eq!(deliveries()[1]["body_base64"], "/w==");

    done("POST", &format!("{webhook}/duplicate"), &Value::Null);
    done("POST", &format!("{webhook}/reorder"), &Value::Null);
    for body in ["1", "2"] {
        notify(body.as_bytes());
    }
    let bodies: Vec<Vec<u8>> = (0..3).map(|_| endpoint.next().body).collect();
    assert_eq!(bodies, [b"2", b"1", b"1"]);

    let settings = json!({"url": endpoint.url(), "retention_time": 60});
    assert_eq!(done("PUT", &webhook, &settings), json!({}));
    assert_eq!(done("DELETE", &webhook, &Value::Null), json!({}));
    assert_eq!(notify(b"{}"), 409);
}

#[test]
fn an_account_has_a_receiver() {
    let reply = control("POST", "/accounts", &json!({"receiver": true}));
    assert_eq!(reply.status, 201);
    let account = reply.json();
    let address = account["variables"]["LPC_RECEIVER_LISTEN"].as_str().expect("an address");
    let listener = std::net::TcpListener::bind(address).expect("the reserved port");
    let endpoint = Endpoint::on(listener, None);
    let path = format!("/accounts/{}", account["id"].as_str().expect("an id"));
    for settings in [None, Some(json!({"max_retries": 0}))] {
        if let Some(settings) = settings {
            done("PUT", &format!("{path}/webhook"), &settings);
        }
        done("POST", &format!("{path}/notify"), &json!({}));
        assert_eq!(endpoint.next().line, "POST / HTTP/1.1");
    }
    for body in [Value::Null, json!({"receiver": false})] {
        let account = control("POST", "/accounts", &body).json();
        assert_eq!(account["variables"].get("LPC_RECEIVER_LISTEN"), None);
    }
}

#[test]
fn agents_are_set_and_act() {
    let driver = Driver::new();
    let account = format!("/accounts/{}", driver.account.id);
    let set = |body: Value| done("PUT", &format!("{account}/agent"), &body);
    let conversations = || shared().conversations(&driver.account.id);
    set(json!({"agent": "echo"}));
    let id = driver.open();
    driver.send(&text(&id, "Hello"));
    until(|| conversations()[0]["events"].as_array().map(Vec::len) == Some(6));
    set(json!({"script": [{"say": "Welcome"}]}));
    driver.with("bob").open();
    until(|| conversations()[1]["events"][0]["event"]["message"] == "Welcome");
    set(json!({"agent": "none"}));
    let id = driver.with("carol").open();
    let act = |step: Value| done("POST", &format!("{account}/conversations/{id}/agent"), &step);
    assert_eq!(act(json!({"say": "By hand"})), json!({"sequence": 0}));
    assert_eq!(act(json!({"transfer": "7"})), json!({}));
    assert!(act(json!({"join": true}))["agentId"].is_string());
    assert!(act(json!({"survey": true}))["dialogId"].is_string());
    assert_eq!(act(json!({"close": true})), json!({}));
    let refused = control(
        "POST",
        &format!("{account}/conversations/{id}/agent"),
        &json!({"say": "Too late"}),
    );
    assert_eq!(refused.status, 409);
}

#[test]
fn misuse_is_refused() {
    let driver = Driver::new();
    let id = driver.open();
    let account = format!("/accounts/{}", driver.account.id);
    let at = |path: &str| format!("{account}/{path}");
    let (webhook, agent, sign) = (at("webhook"), at("agent"), at("sign"));
    let act = at(&format!("conversations/{id}/agent"));
    let unknown = at("conversations/none/agent");
    let url = "http://127.0.0.1:9/";
    let cases = [
        ("PUT", &*webhook, json!({}), 400),
        ("PUT", &webhook, json!({"url": "127.0.0.1"}), 400),
        ("PUT", &webhook, json!({"url": "https://127.0.0.1/"}), 400),
        ("PUT", &webhook, json!({"url": url, "max_retries": 6}), 400),
        ("PUT", &webhook, json!({"url": url, "max_retries": "1"}), 400),
        ("PUT", &webhook, json!({"url": url, "retention_time": 1}), 400),
        ("PUT", &webhook, json!({"url": url, "retention_time": 5, "max_retries": 1}), 400),
        ("PUT", &webhook, json!({"url": url, "time_scale": -1}), 400),
        ("PUT", &webhook, json!({"url": url, "time_scale": "1"}), 400),
        ("PUT", &webhook, json!({"url": url, "signature": "sha1"}), 400),
        ("PUT", &webhook, json!({"url": url, "read_timeout_ms": 0.5}), 400),
        ("PUT", &webhook, json!({"url": url, "timeout": 5}), 400),
        ("POST", &webhook, json!({}), 405),
        ("PUT", "/accounts/nobody/webhook", json!({"url": url}), 404),
        ("DELETE", "/accounts/nobody/webhook", Value::Null, 404),
        ("POST", "/accounts/nobody/notify", json!({}), 404),
        ("POST", &at("notify"), json!({}), 409),
        ("GET", "/accounts/nobody/deliveries", Value::Null, 404),
        ("GET", "/accounts/nobody/pending", Value::Null, 404),
        ("POST", &at("webhook/duplicate"), json!({"times": 2}), 400),
        ("POST", &at("webhook/reorder"), json!({"times": 2}), 400),
        ("POST", "/accounts/nobody/webhook/reorder", Value::Null, 404),
        ("POST", &sign, json!({}), 400),
        ("POST", &sign, json!({"body": "x", "signature": "md5"}), 400),
        ("POST", "/accounts", json!({"receiver": 1}), 400),
        ("PUT", &agent, json!({}), 400),
        ("PUT", &agent, json!({"agent": "smith"}), 400),
        ("PUT", &agent, json!({"agent": "echo", "script": []}), 400),
        ("PUT", &agent, json!({"script": [{"dance": true}]}), 400),
        ("PUT", "/accounts/nobody/agent", json!({"agent": "echo"}), 404),
        ("POST", &act, json!({}), 400),
        ("POST", &act, json!({"dance": true}), 400),
        ("POST", &act, json!({"wait_for": "text"}), 400),
        ("POST", &act, json!({"pause_ms": 1}), 400),
        ("POST", &act, json!({"read": true}), 409),
        ("POST", &unknown, json!({"join": true}), 409),
        ("POST", "/accounts/nobody/conversations/none/agent", json!({"join": true}), 404),
    ];
    for (method, path, body, status) in cases {
        let reply = control(method, path, &body);
        assert_eq!(reply.status, status, "{method} {path} {body}");
        assert!(reply.json()["error"].is_string(), "{method} {path}");
    }
    assert_eq!(driver.conversation()["events"], json!([]));
    assert_eq!(driver.conversation()["participants"].as_array().map(Vec::len), Some(1));
    let refused = control("PUT", &agent, &json!({"script": [{"join": true}, {"dance": true}]}));
    assert!(refused.text.contains("step 2") && refused.text.contains("dance"), "{}", refused.text);
}
