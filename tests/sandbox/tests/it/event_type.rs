//! Webhooks for one type of notification.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{EventType, Retry, Webhook};

use crate::control::control;
use crate::driver::{Driver, event, text};
use crate::endpoint::{Answer, Endpoint};
use crate::fault::until;

fn status(id: &str) -> Value {
    event(id, json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [0]}))
}

/// One event of each type, with which a conversation is told.
fn events(id: &str) -> [Value; 4] {
    [
        text(id, "Hello"),
        event(
            id,
            json!({"type": "RichContentEvent", "content": {"type": "vertical", "elements": []}}),
        ),
        status(id),
        event(id, json!({"type": "ChatStateEvent", "chatState": "GONE"})),
    ]
}

#[test]
fn each_type_can_have_its_own() {
    let driver = Driver::new();
    let account = &driver.account.id;
    let endpoints: [Endpoint; 5] = std::array::from_fn(|_| Endpoint::new());
    let types = [
        EventType::ConversationChange,
        EventType::Content,
        EventType::RichContent,
        EventType::AcceptStatus,
        EventType::ChatState,
    ];
    for (event_type, endpoint) in types.into_iter().zip(&endpoints) {
        driver.sandbox.set_webhook_for(account, event_type, Webhook::to(endpoint.url()));
    }
    let id = driver.open();
    let opened = endpoints[0].next().json();
    assert_eq!(opened["type"], "cqm.ExConversationChangeNotification");
    for (sent, endpoint) in events(&id).iter().zip(&endpoints[1..]) {
        assert_eq!(driver.send(sent).status, 200, "{sent}");
        let told = endpoint.next();
        assert_eq!(told.json()["type"], "ms.MessagingEventNotification", "without the event's");
        assert_eq!(told.change()["event"], sent["body"]["event"]);
    }
    until(|| driver.sandbox.pending(account) == 0);
    assert_eq!(endpoints.map(|endpoint| endpoint.rest()), [0; 5]);
}

#[test]
fn the_others_share_one() {
    let driver = Driver::new();
    let account = format!("/accounts/{}", driver.account.id);
    let done = |method: &str, path: &str, body: Value| {
        let reply = control(method, &format!("{account}/{path}"), &body);
        assert_eq!((reply.status, reply.json()), (200, json!({})), "{method} {path}");
    };
    let (all, own) = (Endpoint::new(), Endpoint::new());
    let content = "webhooks/ms.MessagingEventNotification.ContentEvent";
    done("PUT", content, json!({"url": own.url(), "max_retries": 0}));
    let id = driver.open();
    driver.send(&text(&id, "one"));
    assert_eq!(own.next().text(), "one");
    done("PUT", "webhook", json!({"url": all.url()}));
    driver.send(&status(&id));
    assert_eq!(all.next().change()["event"]["status"], "READ", "the opening was told nobody");
    driver.send(&text(&id, "two"));
    assert_eq!(own.next().text(), "two");
    // A body of any origin goes the same ways.
    let raw = json!({"type": "ms.MessagingEventNotification", "body": {"changes": [
        {"event": {"type": "ContentEvent", "message": "raw"}}]}});
    done("POST", "notify", raw);
    assert_eq!(own.next().text(), "raw");
    done("POST", "notify", json!({"type": "unheard of"}));
    assert_eq!(all.next().json()["type"], "unheard of");

    done("DELETE", content, Value::Null);
    driver.send(&text(&id, "three"));
    assert_eq!(all.next().text(), "three");
    done("PUT", content, json!({"url": own.url()}));
    done("DELETE", "webhook", Value::Null);
    assert_eq!(control("POST", &format!("{account}/notify"), &json!({})).status, 409);
    driver.send(&status(&id));
    driver.send(&text(&id, "four"));
    assert_eq!(own.next().text(), "four");
    until(|| driver.sandbox.pending(&driver.account.id) == 0);
    assert_eq!((all.rest(), own.rest()), (0, 0));
}

#[test]
fn what_is_pending_moves_or_is_dropped() {
    let driver = Driver::new();
    let account = &driver.account.id;
    let (all, own) = (Endpoint::new(), Endpoint::new());
    let retry = Retry::Times { max: 5 };
    let webhook = |endpoint: &Endpoint| Webhook { retry, ..Webhook::to(endpoint.url()) };
    driver.sandbox.set_webhook(account, webhook(&all));
    driver.sandbox.set_webhook_for(account, EventType::Content, webhook(&own));
    all.answers(&[Answer::Status(500)]);
    let id = driver.open();
    all.next();
    own.answers(&[Answer::Status(500); 2]);
    for message in ["one", "two"] {
        driver.send(&text(&id, message));
    }
    own.texts(2);
    until(|| driver.sandbox.deliveries(account).len() == 3);
    assert_eq!(driver.sandbox.pending(account), 3);
    driver.sandbox.remove_webhook(account);
    assert_eq!(driver.sandbox.pending(account), 2, "the texts have their own");
    driver.sandbox.remove_webhook_for(account, EventType::Content);
    assert_eq!(driver.sandbox.pending(account), 0);
}

#[test]
fn misuse_is_refused() {
    let driver = Driver::new();
    let at = |path: &str| format!("/accounts/{}/webhooks/{path}", driver.account.id);
    let content = at("ms.MessagingEventNotification.ContentEvent");
    let url = json!({"url": "http://127.0.0.1:9/"});
    for (method, path, body, status) in [
        ("PUT", &*content, json!({}), 400),
        ("PUT", &content, json!({"url": "http://127.0.0.1:9/", "bare_dialogs": 1}), 400),
        ("PUT", &at("ContentEvent"), url.clone(), 404),
        ("DELETE", &at("ContentEvent"), Value::Null, 404),
        ("POST", &content, url.clone(), 405),
        ("PUT", "/accounts/nobody/webhooks/cqm.ExConversationChangeNotification", url, 404),
    ] {
        let reply = control(method, path, &body);
        assert_eq!(reply.status, status, "{method} {path} {body}");
        assert!(reply.json()["error"].is_string(), "{method} {path}");
    }
    let unknown = control("PUT", &at("ContentEvent"), &Value::Null);
    assert!(
        unknown.text.contains("ms.MessagingEventNotification.ContentEvent"),
        "{}",
        unknown.text
    );
}
