//! The header Client-Properties.

use lpc_sandbox::serde_json::{Value, json};
use ureq::http::HeaderValue;

use crate::driver::{Driver, Reply, call, text};

fn post(driver: &Driver<'_>, path: &str, properties: &str, body: &Value) -> Reply {
    let headers = [
        ("Authorization", &*driver.app_jwt),
        ("X-LP-ON-BEHALF", &*driver.consumer_jws),
        ("Client-Properties", properties),
    ];
    let url = driver.url(path);
    call(&driver.agent, "POST", &url, &headers, body.to_string().as_bytes()).expect("an answer")
}

const OPEN: &str = "/api/account/{account}/messaging/consumer/conversation?v=3";
const SEND: &str = "/api/account/{account}/messaging/consumer/conversation/send?v=3";

#[test]
fn those_of_the_opening_are_shown() {
    let driver = Driver::new();
    let properties = json!({
        "type": ".ClientProperties",
        "features": ["CO_BROWSE", "CO_APP", "PHOTO_SHARING", "SECURE_FORMS", "AUTO_MESSAGES",
                     "RICH_CONTENT"],
        "appId": "a", "appVersion": "1", "deviceFamily": "MOBILE", "os": "ANDROID",
        "osName": "Android", "osVersion": "15", "integration": "BRAND_SDK",
        "integrationVersion": "2", "timeZone": "Europe/Athens", "ipAddress": "127.0.0.1",
        "more": 5,
    });
    let opened = post(&driver, OPEN, &properties.to_string(), &driver.opening());
    assert_eq!(opened.status, 200, "{}", opened.text);
    assert_eq!(driver.conversation()["clientProperties"], properties);

    let id = opened.json()[1]["body"]["conversationId"].as_str().expect("an id").to_owned();
    let other = json!({"type": ".ClientProperties"}).to_string();
    assert_eq!(post(&driver, SEND, &other, &text(&id, "Hello")).status, 200);
    assert_eq!(driver.conversation()["clientProperties"], properties);
    let without = Driver::new();
    without.open();
    assert_eq!(without.conversation()["clientProperties"], Value::Null);
}

#[test]
fn whatever_is_sent_is_served_and_shown() {
    let driver = Driver::new();
    for (number, (sent, shown)) in [
        ("", json!("")),
        ("[object Object]", json!("[object Object]")),
        ("{\"type\":", json!("{\"type\":")),
        ("{}", json!({})),
        ("[1]", json!([1])),
        (r#"{"type":"ClientProperties"}"#, json!({"type": "ClientProperties"})),
        (
            r#"{"type":".ams.headers.ClientProperties","features":["TELEPATHY",5],"appId":5,
               "browser":"Firefox","ipAddress":null,"os":["LINUX"],"more":{"a":1.5}}"#
                .replace('\n', " ")
                .as_str(),
            json!({"type": ".ams.headers.ClientProperties", "features": ["TELEPATHY", 5],
                   "appId": 5, "browser": "Firefox", "ipAddress": null, "os": ["LINUX"],
                   "more": {"a": 1.5}}),
        ),
        (r#"{"type":5,"features":"CO_APP"}"#, json!({"type": 5, "features": "CO_APP"})),
        (r#"{"appId":"ä"}"#, json!({"appId": "ä"})),
    ]
    .into_iter()
    .enumerate()
    {
        let driver = driver.with(&number.to_string());
        let opened = post(&driver, OPEN, sent, &driver.opening());
        assert_eq!((opened.status, &opened.json()[1]["code"]), (200, &json!("OK")), "{sent}");
        let id = opened.json()[1]["body"]["conversationId"].as_str().expect("an id").to_owned();
        assert_eq!(post(&driver, SEND, sent, &text(&id, "Hello")).status, 200, "{sent}");
        let last = driver.sandbox.conversations(&driver.account.id).pop().expect("one");
        assert_eq!(last["clientProperties"], shown, "{sent}");
    }
}

#[test]
fn bytes_that_are_no_text_are_served_too() {
    let driver = Driver::new();
    let request = driver
        .agent
        .post(driver.url(OPEN))
        .header("Authorization", &driver.app_jwt)
        .header("X-LP-ON-BEHALF", &driver.consumer_jws)
        .header("Client-Properties", HeaderValue::from_bytes(b"a\xff").expect("a value"));
    assert_eq!(request.send(driver.opening().to_string()).expect("an answer").status(), 200);
    assert_eq!(driver.conversation()["clientProperties"], "a\u{fffd}");
}
