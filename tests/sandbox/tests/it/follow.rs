//! What happens in an account, followed as it happens.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use lpc_sandbox::serde_json::{self, Value, json};
use lpc_sandbox::{Answer, Latency, Options, Outage, Route, Sandbox, Webhook};

use crate::control::control;
use crate::driver::{Driver, text};
use crate::endpoint::Endpoint;
use crate::fault::until;

/// A follower of an account.
struct Follower {
    stream: BufReader<TcpStream>,
    /// All that was read.
    read: String,
}

impl Follower {
    fn of(sandbox: &Sandbox, account_id: &str) -> Follower {
        let authority = sandbox.control_url().strip_prefix("http://").expect("plain HTTP");
        let mut stream = TcpStream::connect(authority).expect("a connection");
        let request =
            format!("GET /accounts/{account_id}/events HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is sent");
        Follower { stream: BufReader::new(stream), read: String::new() }
    }

    /// The next event of this name that fits.
    fn until(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut event = String::new();
        let mut idle = 0;
        loop {
            let mut line = String::new();
            let length = self.stream.read_line(&mut line).expect("a line");
            assert!(length > 0, "the stream ended: {}", self.read);
            self.read.push_str(&line);
            // So it is said where nothing happens: a test that waits in vain ends, too.
            idle += usize::from(line.starts_with(':'));
            assert!(idle < 4, "there is no such {name}: {}", self.read);
            // What else there is are the lengths of chunks, and empty lines.
            if let Some(name) = line.trim_end().strip_prefix("event: ") {
                event = name.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ")
                && event == name
            {
                let data: Value = serde_json::from_str(data).expect("JSON");
                if fits(&data) {
                    return data;
                }
            }
        }
    }
}

fn answered(exchange: &Value) -> bool {
    !exchange["answer"].is_null()
}

#[test]
fn a_follower_hears_what_happens() {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let mut follower = Follower::of(driver.sandbox, &driver.account.id);
    let id = driver.open();
    let opened = follower.until("conversation", |it| it["id"] == *id);
    assert_eq!(
        (&opened["state"], &opened["consumer"]["ext_consumer_id"]),
        (&json!("OPEN"), &json!("alice"))
    );
    assert!(opened["at"].is_i64() && opened["events"].is_null());
    driver.send(&text(&id, "Hello"));
    let said = follower.until("event", |it| it["event"]["message"] == "Hello");
    assert_eq!(
        (&said["conversation"], &said["index"], &said["role"]),
        (&json!(id), &json!(0), &json!("CONSUMER"))
    );
    assert!(said["at"].is_i64());
    let exchange = follower.until("exchange", |it| it["route"] == "send" && answered(it));
    assert_eq!((&exchange["method"], &exchange["consumer"]), (&json!("POST"), &json!("alice")));
    assert!(exchange["body"].as_str().expect("a body").contains("Hello"));
    let answer = &exchange["answer"];
    assert_eq!((&answer["status"], &answer["broken"]), (&json!(200), &Value::Null));
    assert!(answer["body"].as_str().expect("a body").contains("sequence"));
    let delivery =
        follower.until("delivery", |it| it["body"].as_str().is_some_and(|it| it.contains("Hello")));
    assert_eq!((&delivery["status"], &delivery["delivered"]), (&json!(200), &json!(true)));
    assert!(delivery["at"].as_i64() >= said["at"].as_i64() && delivery["millis"].is_u64());

    // Who comes later hears the same.
    let mut late = Follower::of(driver.sandbox, &driver.account.id);
    late.until("conversation", |it| it["id"] == *id);
    late.until("event", |it| *it == said);
    late.until("exchange", |it| *it == exchange);
    late.until("delivery", |it| *it == delivery);
    for read in [follower.read, late.read] {
        for secret in [&driver.app_jwt, &driver.consumer_jws, &driver.account.client_secret] {
            assert!(!read.contains(&**secret), "a secret is told");
        }
        assert!(read.contains(r#""authorization":"eyJ"#), "the beginning of a token is told");
    }
}

#[test]
fn a_follower_sees_how_answers_break_off() {
    let driver = Driver::new();
    let account = &driver.account.id;
    let id = driver.open();
    let mut follower = Follower::of(driver.sandbox, account);
    let status = Answer::Status {
        status: 429,
        headers: vec![("Retry-After".to_owned(), "2".to_owned())],
        body: b"slow down".to_vec(),
    };
    for (answer, status, broken) in [
        (Answer::Lose, Value::Null, json!("reset")),
        (Answer::Reset, Value::Null, json!("reset")),
        (Answer::Cut, json!(200), json!("cut")),
        (status, json!(429), Value::Null),
    ] {
        driver.sandbox.answer_next(account, Route::Send, answer);
        // It fails where the answer breaks off.
        let _ = driver.try_send(&text(&id, "Hello"));
        let seen = follower.until("exchange", |it| it["route"] == "send" && answered(it));
        assert_eq!((&seen["answer"]["status"], &seen["answer"]["broken"]), (&status, &broken));
        if status == 429 {
            assert_eq!(seen["answer"]["headers"]["retry-after"], "2");
            assert_eq!(seen["answer"]["body"], "slow down");
        }
    }
}

#[test]
fn a_follower_knows_which_answers_wait() {
    let driver = Driver::new();
    let account = &driver.account.id;
    let mut follower = Follower::of(driver.sandbox, account);
    follower.until("state", |it| it["answers"] == json!({}));
    driver.sandbox.answer_next(account, Route::Consumer, Answer::Reset);
    follower.until("state", |it| it["answers"] == json!({"consumer": 1}));
    // The connection closes.
    let url = driver.url("/api/account/{account}/consumer?v=1.0");
    let _ = crate::driver::call(&driver.agent, "POST", &url, &[], b"{}");
    follower.until("state", |it| it["answers"] == json!({}));
}

#[test]
fn the_past_is_told_from_its_end() {
    let driver = Driver::new();
    let id = driver.open();
    for number in 0..205 {
        let step = json!({"say": format!("No. {number}")});
        driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
    }
    let mut follower = Follower::of(driver.sandbox, &driver.account.id);
    let first = follower.until("event", |_| true);
    assert_eq!((&first["index"], &first["event"]["message"]), (&json!(5), &json!("No. 5")));
    follower.until("event", |it| it["index"] == 204);
}

#[test]
fn who_follows_too_much_is_replaced() {
    let sandbox = Sandbox::start(Options::default()).expect("the sandbox starts");
    let account = sandbox.new_account().id;
    let mut followers: Vec<Follower> = (0..33)
        .map(|_| {
            let mut follower = Follower::of(&sandbox, &account);
            follower.until("state", |_| true);
            follower
        })
        .collect();
    assert_eq!(followers[0].until("replaced", |_| true), json!({}));
    // The others go on.
    sandbox.answer_next(&account, Route::Send, Answer::Reset);
    for follower in &mut followers[1..] {
        follower.until("state", |it| it["answers"] == json!({"send": 1}));
    }
}

#[test]
fn what_an_outage_refuses_and_how_slow_the_service_is_are_told() {
    let sandbox = Sandbox::start(Options::default()).expect("it starts");
    let driver = Driver::on(&sandbox);
    let mut follower = Follower::of(&sandbox, &driver.account.id);
    let least = Duration::from_millis(20);
    sandbox.set_latency(Latency { least, jitter: Duration::ZERO });
    sandbox.begin_outage(Outage::Unavailable, Duration::from_secs(3600));
    // The end of a kept connection may come just then.
    until(|| driver.try_send(&text("nowhere", "Hello")).is_ok_and(|it| it.status == 503));
    let refused = follower.until("exchange", |it| it["route"] == "send" && answered(it));
    assert_eq!(refused["answer"]["status"], 503);
    assert!(refused["answer"]["millis"].as_u64() >= Some(20), "{refused}");
}

#[test]
fn who_asks_wrongly_is_told_so() {
    for (method, path, status) in
        [("GET", "/accounts/nobody/events", 404), ("POST", "/accounts/nobody/events", 405)]
    {
        let reply = control(method, path, &Value::Null);
        assert_eq!(reply.status, status, "{path}");
        assert!(reply.json()["error"].is_string());
    }
}
