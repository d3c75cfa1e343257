//! The service is slow, away, or tired of an account.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Latency, Options, Outage, Sandbox, Webhook};

use crate::driver::{Driver, Reply, agent, call, text};
use crate::endpoint::Endpoint;
use crate::fault::until;

fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).expect("the sandbox starts")
}

fn tell(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Reply {
    let url = format!("{}{path}", sandbox.control_url());
    call(&agent(), method, &url, &[], body.to_string().as_bytes()).expect("an answer")
}

fn address(sandbox: &Sandbox) -> &str {
    sandbox.url().strip_prefix("http://").expect("plain")
}

#[test]
fn an_outage_refuses_connections_and_closes_those_there_are() {
    let sandbox = sandbox();
    let driver = Driver::on(&sandbox);
    let conversation = driver.open();
    let mut kept = TcpStream::connect(address(&sandbox)).expect("it listens");
    kept.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("it goes out");
    kept.read_exact(&mut [0; 12]).expect("it is answered");

    let outage = json!({"seconds": 3600});
    assert_eq!(tell(&sandbox, "POST", "/outage", &outage).text, "{}");
    let left = || tell(&sandbox, "GET", "/outage", &Value::Null).json()["left_ms"].as_u64();
    assert!(left().is_some_and(|left| (3_000_000..=3_600_000).contains(&left)));
    kept.read_to_end(&mut Vec::new()).expect("its end");
    until(|| {
        let refused = TcpStream::connect(address(&sandbox));
        refused.err().is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    assert!(driver.try_send(&text(&conversation, "lost")).is_err());
    assert_eq!(tell(&sandbox, "DELETE", "/outage", &Value::Null).status, 200);
    assert_eq!(left(), Some(0));
    until(|| TcpStream::connect(address(&sandbox)).is_ok());
    assert_eq!(driver.send(&text(&conversation, "here")).status, 200);
    assert_eq!(driver.conversation()["events"].as_array().map(Vec::len), Some(1));

    sandbox.begin_outage(Outage::Refused, Duration::from_secs(3600));
    until(|| TcpStream::connect(address(&sandbox)).is_err());
    assert_eq!(tell(&sandbox, "POST", "/outage", &json!({"seconds": 0})).status, 200);
    until(|| TcpStream::connect(address(&sandbox)).is_ok());
}

#[test]
fn an_outage_may_answer_503_instead() {
    let sandbox = sandbox();
    let driver = Driver::on(&sandbox);
    let conversation = driver.open();
    let outage = json!({"seconds": 3600, "how": "unavailable"});
    assert_eq!(tell(&sandbox, "POST", "/outage", &outage).status, 200);
    let away = driver.status_of(&conversation);
    assert_eq!(away, 503);
    sandbox.end_outage();
    assert_eq!(driver.status_of(&conversation), 200);
    assert_eq!(driver.conversation()["events"].as_array().map(Vec::len), Some(1));
}

impl Driver<'_> {
    /// What a text is answered with, over a connection of its own.
    fn status_of(&self, conversation: &str) -> u16 {
        let other = Driver {
            sandbox: self.sandbox,
            account: self.account.clone(),
            agent: agent(),
            app_jwt: self.app_jwt.clone(),
            consumer_jws: self.consumer_jws.clone(),
        };
        other.send(&text(conversation, "x")).status
    }
}

#[test]
fn who_is_away_sends_no_notifications() {
    let sandbox = sandbox();
    let driver = Driver::on(&sandbox);
    let endpoint = Endpoint::new();
    sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    sandbox.begin_outage(Outage::Unavailable, Duration::from_secs(3600));
    sandbox.notify(&driver.account.id, *b"{\"type\":\"first\"}");
    // Answers and notifications take the same time at most; this one is answered meanwhile.
    assert_eq!(tell(&sandbox, "GET", "/public-key", &Value::Null).status, 200);
    assert_eq!((endpoint.rest(), sandbox.pending(&driver.account.id)), (0, 1));
    sandbox.end_outage();
    assert_eq!(endpoint.next().body, b"{\"type\":\"first\"}");
}

#[test]
fn answers_are_held_back() {
    let sandbox = sandbox();
    let driver = Driver::on(&sandbox);
    let conversation = driver.open();
    assert_eq!(tell(&sandbox, "PUT", "/latency", &json!({"ms": 3_600_000})).status, 200);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| driver.try_send(&text(&conversation, "slow")).is_err());
        until(|| driver.conversation()["events"][0]["event"]["message"] == "slow");
        sandbox.set_latency(Latency::default());
        assert_eq!(driver.status_of(&conversation), 200, "those to come are quick");
        assert!(!slow.is_finished(), "it took effect, and its answer waits");
        // Whoever waits for an hour is sent away.
        sandbox.begin_outage(Outage::Refused, Duration::from_secs(3600));
        assert!(slow.join().expect("it ends"));
    });
}

#[test]
fn what_is_too_much_gets_429_and_has_no_effect() {
    let sandbox = sandbox();
    let driver = Driver::on(&sandbox);
    let other = driver.with("bob");
    let (conversation, of_bob) = (driver.open(), other.open());
    let path = format!("/accounts/{}/rate-limits", driver.account.id);
    let limits = json!({"consumer": 2, "app": 4, "seconds": 3600});
    assert_eq!(tell(&sandbox, "PUT", &path, &limits).status, 200);
    let say = |driver: &Driver<'_>, conversation| driver.send(&text(conversation, "x"));
    let refused = [0; 3].map(|_| say(&driver, &conversation)).map(|reply| reply.status);
    assert_eq!(refused, [200, 200, 429]);
    let reply = say(&driver, &conversation);
    assert_eq!(reply.json()["body"]["title"], "Too many requests", "{}", reply.text);
    assert_eq!([0; 2].map(|_| say(&other, &of_bob).status), [200, 200], "another consumer");
    assert_eq!(driver.identify(r#"{"ext_consumer_id":"c"}"#).status, 429, "the app had its four");
    let told = sandbox.requests(&driver.account.id);
    assert_eq!(told.iter().filter(|request| request.status == Some(429)).count(), 3);
    assert_eq!(tell(&sandbox, "PUT", &path, &json!({})).status, 200);
    assert_eq!(say(&driver, &conversation).status, 200);
}

#[test]
fn misuse_is_refused() {
    let sandbox = sandbox();
    let account = sandbox.new_account();
    let limits = &*format!("/accounts/{}/rate-limits", account.id);
    for (method, path, body, named) in [
        ("POST", "/outage", json!({}), "seconds is missing"),
        ("POST", "/outage", json!({"seconds": -1}), "number of seconds"),
        ("POST", "/outage", json!({"seconds": 604_801}), "0 to 604800"),
        ("POST", "/outage", json!({"seconds": 1, "how": "slowly"}), "refused, unavailable"),
        ("POST", "/outage", json!({"second": 1}), "\"second\" is unknown"),
        ("PUT", "/outage", json!({}), "takes GET, POST or DELETE"),
        ("PUT", "/latency", json!({"ms": "1"}), "ms must be"),
        ("PUT", "/latency", json!({"jitter": 1}), "\"jitter\" is unknown"),
        ("PUT", limits, json!({"app": -1}), "app must be"),
        ("PUT", limits, json!({"app": 4_294_967_296_u64}), "app must be 0 to"),
        ("PUT", limits, json!({"user": 1}), "\"user\" is unknown"),
        ("PUT", "/accounts/le0/rate-limits", json!({}), "no account"),
    ] {
        let reply = tell(&sandbox, method, path, &body);
        assert!((400..=405).contains(&reply.status), "{path} {body}");
        assert!(reply.text.replace('\\', "").contains(named), "{path} {body}: {}", reply.text);
    }
    assert!(TcpStream::connect(address(&sandbox)).is_ok(), "none of it was an outage");
}
