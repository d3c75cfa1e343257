//! The header Client-Properties.

use lpc_sandbox::serde_json::{Value, json};

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
fn wrong_ones_refuse_the_request() {
    let driver = Driver::new();
    let id = driver.open();
    let with = |name: &str, value: Value| {
        let mut properties = json!({"type": ".ClientProperties"});
        properties[name] = value;
        properties.to_string()
    };
    for properties in [
        "".to_owned(),
        "[object Object]".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        r#"{"type":".ClientProperties","appId":"ä"}"#.to_owned(),
        with("type", json!("ClientProperties")),
        with("features", Value::Null),
        with("features", json!("CO_APP")),
        with("features", json!(["CO_APP", "TELEPATHY"])),
        with("features", json!([5])),
        with("appId", json!(5)),
        with("ipAddress", Value::Null),
    ] {
        for (path, body) in [(OPEN, driver.opening()), (SEND, text(&id, "Hello"))] {
            let reply = post(&driver, path, &properties, &body);
            assert_eq!(reply.status, 400, "{path} {properties}");
            let title = &reply.json()["body"]["title"];
            assert_eq!(title, "Invalid Client-Properties", "{properties}");
        }
    }
    assert_eq!(driver.conversation()["events"], json!([]));
}
