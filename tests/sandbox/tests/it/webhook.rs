//! Notifications: what they say, and how they are delivered.

use std::net::TcpListener;
use std::time::Duration;

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Delivery, Retry, Signature, Webhook};

use crate::driver::{Driver, close, event, field, hosted, shared, text};
use crate::endpoint::{Answer, Endpoint, listens};
use crate::fault::until;
use crate::tls;

/// A thousandth of the service's waits.
const SCALE: f64 = 0.001;

/// A driver whose account sends to `endpoint`.
fn driver(endpoint: &Endpoint, retry: Retry) -> Driver<'static> {
    let driver = Driver::new();
    let webhook = Webhook { retry, time_scale: SCALE, ..Webhook::to(endpoint.url()) };
    driver.sandbox.set_webhook(&driver.account.id, webhook);
    driver
}

const TIMES: Retry = Retry::Times { max: 3 };

fn retention(seconds: u64) -> Retry {
    Retry::Retention { time: Duration::from_secs(seconds) }
}

/// A conversation whose opening was told.
fn opened(driver: &Driver<'_>, endpoint: &Endpoint) -> String {
    let id = driver.open();
    assert_eq!(endpoint.next().change()["result"]["convId"], id);
    // Until then its lane is not free.
    settled(driver);
    id
}

fn settled(driver: &Driver<'_>) {
    until(|| driver.sandbox.pending(&driver.account.id) == 0);
}

fn say(driver: &Driver<'_>, id: &str, message: &str) {
    assert_eq!(driver.send(&text(id, message)).status, 200, "{message}");
}

/// Of each attempt: the notification's number, the number of the attempt, and the status.
fn attempts(driver: &Driver<'_>) -> Vec<(usize, u32, Option<u16>)> {
    let told = |it: &Delivery| (it.notification, it.attempt, it.status);
    driver.sandbox.deliveries(&driver.account.id).iter().map(told).collect()
}

#[test]
fn notifications_are_signed_and_delivered() {
    let endpoint = Endpoint::new();
    let driver = driver(&endpoint, TIMES);
    let reply = driver.batch(&driver.opening_with(text("", "merci 👍 — où ?"))).json();
    let id = reply[1]["body"]["conversationId"].clone();
    let (opening, message) = (endpoint.next(), endpoint.next());
    let account = &driver.account;
    for notification in [&opening, &message] {
        assert_eq!(notification.line, "POST /hook?x=y HTTP/1.1");
        assert_eq!(notification.header("host"), endpoint.address.to_string());
        assert_eq!(notification.header("content-type"), "application/json");
        assert_eq!(notification.header("x-liveperson-account-id"), account.id);
        assert_eq!(notification.header("x-liveperson-client-id"), account.client_id);
        let signature = driver.sandbox.sign(&account.id, &notification.body, Signature::Sha1Base64);
        assert_eq!(notification.header("x-liveperson-signature"), signature);
        assert!(signature.starts_with("sha1=") && signature.ends_with('='), "{signature}");
    }
    let consumer = driver.conversation()["consumer"]["lp_consumer_id"].clone();
    let told = message.json();
    let timestamp = told["body"]["changes"][0]["serverTimestamp"].clone();
    assert!(timestamp.as_i64().is_some_and(|millis| millis > 1_700_000_000_000), "{timestamp}");
    assert_eq!(
        told,
        json!({"kind": "notification", "type": "ms.MessagingEventNotification", "body": {
            "changes": [{
                "sequence": 0,
                "originatorId": consumer,
                "originatorMetadata": {"id": consumer, "role": "CONSUMER"},
                "serverTimestamp": timestamp,
                "event": {"type": "ContentEvent", "contentType": "text/plain",
                          "message": "merci 👍 — où ?"},
                "conversationId": id,
                "dialogId": id,
                "messageAudience": "ALL",
            }],
        }})
    );
    settled(&driver);
    assert_eq!(attempts(&driver), [(0, 1, Some(200)), (1, 1, Some(200))]);
    let deliveries = driver.sandbox.deliveries(&account.id);
    assert!(deliveries.iter().all(Delivery::delivered));
    assert_eq!(deliveries[1].body, message.body);
    assert_eq!(deliveries[1].signature, message.header("x-liveperson-signature"));
    assert_eq!(endpoint.rest(), 0);
}

#[test]
fn the_signature_can_be_another() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    for (signature, name, length) in [
        (Signature::Sha1Base64, "sha1=", 28),
        (Signature::Sha1Hex, "sha1=", 40),
        (Signature::Sha256Base64, "sha256=", 44),
        (Signature::Sha256Hex, "sha256=", 64),
    ] {
        let webhook = Webhook { signature, ..Webhook::to(endpoint.url()) };
        driver.sandbox.set_webhook(&driver.account.id, webhook);
        driver.sandbox.notify(&driver.account.id, [0xff, b'\n']);
        let notification = endpoint.next();
        assert_eq!(notification.body, [0xff, b'\n'], "as they were given");
        let header = notification.header("x-liveperson-signature");
        assert_eq!(header, driver.sandbox.sign(&driver.account.id, &[0xff, b'\n'], signature));
        assert_eq!(header.strip_prefix(name).map(str::len), Some(length), "{signature:?}");
    }
}

#[test]
fn all_that_a_consumer_publishes_is_told() {
    let endpoint = Endpoint::new();
    let driver = driver(&endpoint, TIMES);
    let id = opened(&driver, &endpoint);
    let path = driver.upload("PNG", b"a cat");
    let events = [
        (json!({"type": "ChatStateEvent", "chatState": "COMPOSING"}), None),
        (hosted(json!({"relativePath": path, "fileType": "PNG"})), Some(0)),
        (json!({"type": "RichContentEvent", "content": {"type": "text"}}), Some(1)),
        (json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [0]}), Some(2)),
    ];
    for (sent, sequence) in events {
        assert_eq!(driver.send(&event(&id, sent.clone())).status, 200, "{sent}");
        let change = endpoint.next().change();
        assert_eq!(change["event"], sent);
        assert_eq!(change["originatorMetadata"]["role"], "CONSUMER");
        assert_eq!((&change["conversationId"], &change["dialogId"]), (&json!(id), &json!(id)));
        assert_eq!(change.get("sequence"), sequence.map(Value::from).as_ref(), "{sent}");
        assert_eq!(change.get("serverTimestamp").is_some(), sequence.is_some(), "{sent}");
    }
    driver.send(&text("elsewhere", "refused"));
    settled(&driver);
    assert_eq!(endpoint.rest(), 0);
}

#[test]
fn a_conversation_is_told_completely() {
    let endpoint = Endpoint::new();
    let driver = driver(&endpoint, TIMES);
    let mut batch = driver.opening();
    batch[1]["body"]["ttrDefName"] = json!("PRIORITIZED");
    batch[1]["body"]["skillId"] = json!("17");
    driver.batch(&batch);
    let opening = endpoint.next().json();
    assert_eq!(opening["kind"], "notification");
    assert_eq!(opening["type"], "cqm.ExConversationChangeNotification");
    let change = &opening["body"]["changes"][0];
    let view = driver.conversation();
    let (id, consumer) = (&view["id"], &view["consumer"]["lp_consumer_id"]);
    let start = &change["result"]["conversationDetails"]["startTs"];
    let started = start.as_i64().expect("milliseconds");
    assert!(started > 1_700_000_000_000, "{start}");
    assert_eq!(
        *change,
        json!({"type": "UPSERT", "result": {
            "convId": id,
            "effectiveTTR": started + 600_000,
            "conversationDetails": {
                "skillId": "17",
                "participants": [{"id": consumer, "role": "CONSUMER"}],
                "dialogs": [{
                    "dialogId": id,
                    "participantsDetails": [
                        {"id": consumer, "role": "CONSUMER", "state": "ACTIVE"},
                    ],
                    "dialogType": "MAIN",
                    "channelType": "MESSAGING",
                    "metaData": {"appInstallId": driver.account.client_id},
                    "state": "OPEN",
                    "creationTs": start,
                    "metaDataLastUpdateTs": start,
                }],
                "brandId": driver.account.id,
                "state": "OPEN",
                "stage": "OPEN",
                "startTs": start,
                "metaDataLastUpdateTs": start,
                "ttr": {"ttrType": "PRIORITIZED", "value": 600},
                "conversationHandlerDetails": {"accountId": driver.account.id, "skillId": "17"},
            },
        }})
    );
    assert_eq!(opening["body"]["sentTs"], *start);

    let id = id.as_str().expect("an id");
    let details = || endpoint.next().change()["result"]["conversationDetails"].clone();
    let survey = driver.sandbox.open_survey(&driver.account.id, id);
    let surveyed = details();
    assert_eq!((&surveyed["state"], &surveyed["stage"]), (&json!("CLOSE"), &json!("OPEN")));
    assert_eq!((&surveyed["closeReason"], surveyed.get("endTs")), (&json!("AGENT"), None));
    let dialogs = &surveyed["dialogs"];
    assert_eq!((&dialogs[0]["state"], &dialogs[0]["closedBy"]), (&json!("CLOSE"), &json!("AGENT")));
    assert!(dialogs[0]["endTs"].is_i64());
    assert_eq!((&dialogs[1]["dialogId"], &dialogs[1]["state"]), (&json!(survey), &json!("OPEN")));
    assert_eq!(dialogs[1]["dialogType"], "POST_SURVEY");
    assert_eq!(survey.len(), 22, "{survey}");
    assert_eq!(dialogs[1].get("closedBy"), None);

    let rating = json!({"field": "CSATRate", "csatRate": 5, "status": "FILLED"});
    assert_eq!(driver.send(&field(id, rating)).status, 200);
    assert_eq!(details()["csat"], json!({"csatRate": 5, "status": "FILLED"}));
    for _ in 0..2 {
        assert_eq!(driver.send(&close(id)).status, 200);
    }
    let closed = details();
    assert_eq!((&closed["state"], &closed["stage"]), (&json!("CLOSE"), &json!("CLOSE")));
    assert_eq!(closed["closeReason"], "AGENT", "who closed MAIN");
    assert_eq!(closed["endTs"], closed["metaDataLastUpdateTs"]);
    assert_eq!(closed["startTs"], *start);
    assert_eq!(closed["dialogs"][0]["closedBy"], "AGENT");
    assert_eq!(closed["dialogs"][1]["closedBy"], "CONSUMER");
    settled(&driver);
    assert_eq!(endpoint.rest(), 0, "closed once");
}

#[test]
fn what_is_not_delivered_is_sent_again() {
    let endpoint = Endpoint::new();
    let driver = driver(&endpoint, TIMES);
    endpoint.answers(&[Answer::Status(500), Answer::Status(202), Answer::Close]);
    driver.open();
    let first = endpoint.next().body;
    for _ in 0..3 {
        assert_eq!(endpoint.next().body, first);
    }
    settled(&driver);
    let expected = [(0, 1, Some(500)), (0, 2, Some(202)), (0, 3, None), (0, 4, Some(200))];
    assert_eq!(attempts(&driver), expected);
    let deliveries = driver.sandbox.deliveries(&driver.account.id);
    let delivered: Vec<bool> = deliveries.iter().map(Delivery::delivered).collect();
    assert_eq!(delivered, [false, false, false, true]);
    let failure = |number: usize| deliveries[number].failure.is_some();
    assert_eq!((failure(0), failure(2), failure(3)), (false, true, false));

    endpoint.answers(&[Answer::Status(201)]);
    driver.with("bob").open();
    settled(&driver);
    assert_eq!(attempts(&driver).last(), Some(&(1, 1, Some(201))));
}

#[test]
fn what_is_never_delivered_is_lost() {
    let endpoint = Endpoint::new();
    for (retry, times) in [
        (Retry::Times { max: 0 }, 1),
        (Retry::Times { max: 2 }, 3),
        (retention(2), 2),
        (retention(14), 4),
    ] {
        let driver = driver(&endpoint, retry);
        endpoint.answers(&vec![Answer::Status(503); times]);
        driver.open();
        settled(&driver);
        assert_eq!(attempts(&driver).len(), times, "{retry:?}");
        assert_eq!(endpoint.rest(), times, "{retry:?}");
    }
}

#[test]
fn others_overtake_what_is_sent_again_later() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    // The service's own 30 s: nothing is sent again while the test lasts.
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let id = opened(&driver, &endpoint);
    endpoint.answers(&[Answer::Status(500)]);
    for message in ["one", "two"] {
        say(&driver, &id, message);
    }
    assert_eq!(endpoint.texts(2), ["one", "two"]);
    until(|| driver.sandbox.pending(&driver.account.id) == 1);
    assert_eq!(attempts(&driver)[1..], [(1, 1, Some(500)), (2, 1, Some(200))]);
}

#[test]
fn with_a_retention_time_the_order_stays() {
    let endpoint = Endpoint::new();
    let driver = driver(&endpoint, retention(60));
    let id = opened(&driver, &endpoint);
    endpoint.answers(&[Answer::Status(500), Answer::Status(404)]);
    for message in ["one", "two"] {
        say(&driver, &id, message);
    }
    assert_eq!(endpoint.texts(4), ["one", "one", "one", "two"]);
}

#[test]
fn the_order_is_that_of_one_conversation() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    let webhook = Webhook { retry: retention(60), ..Webhook::to(endpoint.url()) };
    driver.sandbox.set_webhook(&driver.account.id, webhook);
    let other = driver.with("bob");
    let (blocked, free) = (opened(&driver, &endpoint), opened(&other, &endpoint));
    endpoint.answers(&[Answer::Stall]);
    say(&driver, &blocked, "one");
    assert_eq!(endpoint.next().text(), "one");
    say(&driver, &blocked, "two");
    say(&other, &free, "three");
    assert_eq!(endpoint.next().text(), "three");
}

#[test]
fn an_endpoint_may_be_too_slow_or_away() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    let read_timeout = Duration::from_millis(20);
    let retry = Retry::Times { max: 0 };
    let webhook = Webhook { retry, read_timeout, ..Webhook::to(endpoint.url()) };
    driver.sandbox.set_webhook(&driver.account.id, webhook.clone());
    endpoint.answers(&[Answer::Stall]);
    driver.open();
    settled(&driver);
    let proxy = driver.sandbox.fault_proxy().expect("a proxy");
    proxy.refuse();
    let url = format!("http://{}/", proxy.address());
    driver.sandbox.set_webhook(&driver.account.id, Webhook { url, ..webhook });
    driver.with("bob").open();
    settled(&driver);
    let deliveries = driver.sandbox.deliveries(&driver.account.id);
    let failure = |number: usize| deliveries[number].failure.as_deref().expect("a failure");
    assert_eq!(deliveries.len(), 2);
    assert_eq!(failure(0), "the answer took too long");
    assert!(failure(1).contains("refused"), "{}", failure(1));
    assert!(deliveries.iter().all(|delivery| !delivery.delivered() && delivery.status.is_none()));
}

#[test]
fn a_notification_comes_twice_where_that_is_wanted() {
    let endpoint = Endpoint::new();
    let driver = driver(&endpoint, TIMES);
    let id = opened(&driver, &endpoint);
    driver.sandbox.duplicate_next(&driver.account.id);
    for message in ["one", "two"] {
        say(&driver, &id, message);
    }
    assert_eq!(endpoint.texts(3), ["one", "one", "two"]);
    settled(&driver);
    let expected = [(1, 1, Some(200)), (1, 1, Some(200)), (2, 1, Some(200))];
    assert_eq!(attempts(&driver)[1..], expected);
}

#[test]
fn a_notification_is_held_back_where_that_is_wanted() {
    let endpoint = Endpoint::new();
    for retry in [TIMES, retention(60)] {
        let driver = driver(&endpoint, retry);
        let id = opened(&driver, &endpoint);
        for _ in 0..2 {
            driver.sandbox.reorder_next(&driver.account.id);
        }
        for message in ["one", "two", "three"] {
            say(&driver, &id, message);
        }
        assert_eq!(endpoint.texts(2), ["two", "one"], "{retry:?}");
        until(|| driver.sandbox.pending(&driver.account.id) == 1);
        for message in ["four", "five"] {
            say(&driver, &id, message);
        }
        assert_eq!(endpoint.texts(3), ["four", "three", "five"], "{retry:?}");
    }
}

#[test]
fn a_webhook_is_replaced_and_removed() {
    let (first, second) = (Endpoint::new(), Endpoint::new());
    let driver = driver(&first, Retry::Times { max: 5 });
    first.answers(&[Answer::Stall]);
    driver.open();
    let stalled = first.next();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(second.url()));
    driver.with("bob").open();
    second.next();
    driver.sandbox.remove_webhook(&driver.account.id);
    assert_eq!(driver.sandbox.pending(&driver.account.id), 0);
    driver.with("carol").open();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(second.url()));
    let id = driver.with("dave").open();
    assert_eq!(second.next().change()["result"]["convId"], id);
    assert_ne!(stalled.change()["result"]["convId"], id);
    assert_eq!((first.rest(), second.rest()), (0, 0));
}

#[test]
fn what_is_pending_goes_to_the_new_webhook() {
    let (first, second) = (Endpoint::new(), Endpoint::new());
    let driver = Driver::new();
    let (retry, read_timeout) = (Retry::Times { max: 5 }, Duration::from_millis(300));
    let webhook = Webhook { retry, read_timeout, time_scale: SCALE, ..Webhook::to(first.url()) };
    driver.sandbox.set_webhook(&driver.account.id, webhook.clone());
    first.answers(&[Answer::Stall; 6]);
    driver.open();
    first.next();
    let webhook = Webhook { url: second.url(), signature: Signature::Sha256Hex, ..webhook };
    driver.sandbox.set_webhook(&driver.account.id, webhook);
    assert!(second.next().header("x-liveperson-signature").starts_with("sha256="));
}

#[test]
fn only_the_ca_of_the_sandbox_is_trusted() {
    let (sandbox, other) = (tls::sandbox(), tls::sandbox());
    let account = sandbox.new_account().id;
    let listener = || TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = Endpoint::with_certificate(listener(), &sandbox);
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{}/", endpoint.address.port());
        sandbox.set_webhook(&account, Webhook::to(url));
        sandbox.notify(&account, "{}");
        assert_eq!(endpoint.next().body, b"{}", "{host}");
    }
    until(|| sandbox.pending(&account) == 0);
    let stranger = Endpoint::with_certificate(listener(), &other);
    let retry = Retry::Times { max: 0 };
    let url = format!("https://{}/", stranger.address);
    sandbox.set_webhook(&account, Webhook { retry, ..Webhook::to(url) });
    sandbox.notify(&account, "{}");
    until(|| sandbox.pending(&account) == 0);
    let deliveries = sandbox.deliveries(&account);
    let failure = deliveries[2].failure.as_deref().expect("a failure");
    assert!(failure.contains("certificate"), "{failure}");
    assert_eq!(stranger.rest(), 0);
}

#[test]
fn a_receiver_may_come_late() {
    let driver = Driver::new();
    let variable = |driver: &Driver<'_>| {
        let variables = driver.sandbox.variables(&driver.account);
        variables.into_iter().find(|(name, _)| *name == "LPC_RECEIVER_LISTEN")
    };
    assert_eq!(variable(&driver), None);
    let address = driver.sandbox.reserve_receiver(&driver.account.id);
    assert_eq!(driver.sandbox.reserve_receiver(&driver.account.id), address, "there is one");
    assert_eq!(variable(&driver), Some(("LPC_RECEIVER_LISTEN", address.to_string())));
    assert!(!listens(address));
    let id = driver.open();
    say(&driver, &id, "one");
    // Nobody answering is no attempt.
    assert!(shared().deliveries(&driver.account.id).is_empty());
    let endpoint = Endpoint::on(TcpListener::bind(address).expect("the reserved port"), None);
    assert_eq!(endpoint.next().change()["result"]["convId"], id);
    assert_eq!(endpoint.next().text(), "one");
    settled(&driver);
    assert_eq!(attempts(&driver), [(0, 1, Some(200)), (1, 1, Some(200))]);
}

#[test]
fn a_receiver_speaks_tls_where_the_sandbox_does() {
    let sandbox = tls::sandbox();
    let account = sandbox.new_account();
    let address = sandbox.reserve_receiver(&account.id);
    let (certificate, key) = sandbox.receiver_certificate().expect("a certificate");
    let files = [certificate.to_owned(), key.to_owned()];
    let variables = sandbox.variables(&account);
    for (name, file) in
        ["LPC_RECEIVER_TLS_CERT_FILE", "LPC_RECEIVER_TLS_KEY_FILE"].iter().zip(&files)
    {
        assert!(variables.contains(&(name, file.display().to_string())), "{name}");
    }
    let listener = TcpListener::bind(address).expect("the reserved port");
    let endpoint = Endpoint::with_certificate(listener, &sandbox);
    sandbox.notify(&account.id, "{}");
    assert_eq!(endpoint.next().header("host"), address.to_string());
    drop(sandbox);
    assert!(files.iter().all(|file| !file.exists()));
    assert!(shared().receiver_certificate().is_none());
}

#[test]
fn nothing_is_kept_without_a_webhook() {
    let driver = Driver::new();
    driver.open();
    assert_eq!(driver.sandbox.pending(&driver.account.id), 0);
    let endpoint = Endpoint::new();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    driver.with("bob").open();
    endpoint.next();
    settled(&driver);
    assert_eq!((attempts(&driver).len(), endpoint.rest()), (1, 0));
}
