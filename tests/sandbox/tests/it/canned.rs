//! Canned answers and recorded requests.

use std::io::{Read, Write};
use std::net::TcpStream;

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Answer, Options, Route, Sandbox};

use crate::driver::{Driver, agent, call, shared, text};

fn too_many() -> Answer {
    Answer::Status {
        status: 429,
        headers: vec![("Retry-After".to_owned(), "2".to_owned())],
        body: b"slow down".to_vec(),
    }
}

#[test]
fn a_canned_answer_comes_once_and_has_no_effect() {
    let driver = Driver::new();
    let id = driver.open();
    driver.sandbox.answer_next(&driver.account.id, Route::Send, too_many());
    let reply = driver.send(&text(&id, "Hello"));
    assert_eq!((reply.status, &*reply.text), (429, "slow down"));
    assert_eq!(reply.headers["retry-after"], "2");
    assert_eq!(driver.conversation()["events"], json!([]));
    assert_eq!(driver.send(&text(&id, "Hello")).json()["body"]["sequence"], 0);
}

#[test]
fn headers_pass_unchanged() {
    let driver = Driver::new();
    let headers = [
        ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("Keep-Alive", "timeout=5, max=2"),
        ("Date", "Wed, 21 Oct 2015 07:27:00 GMT"),
        ("Connection", "close"),
        ("Content-Encoding", "gzip"),
        ("X-Twice", "one"),
        ("X-Twice", "two"),
    ];
    let answer = Answer::Status {
        status: 401,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: vec![0x1f, 0x8b, 0xff],
    };
    driver.sandbox.set_clock_offset(&driver.account.id, 3600);
    driver.sandbox.answer_next(&driver.account.id, Route::Send, answer);
    let authority = driver.sandbox.url().strip_prefix("http://").expect("plain HTTP");
    let mut client = TcpStream::connect(authority).expect("a connection");
    let path = format!("/api/account/{}/messaging/consumer/conversation/send", driver.account.id);
    let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}");
    client.write_all(request.as_bytes()).expect("the request goes out");
    let mut answer = Vec::new();
    // The connection ends, as the answer says.
    client.read_to_end(&mut answer).expect("an answer");
    assert!(answer.ends_with(b"\r\n\r\n\x1f\x8b\xff"));
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    let (head, _) = answer.split_once("\r\n\r\n").expect("a head");
    let lines: Vec<&str> = head.lines().collect();
    for (name, value) in headers {
        let line = format!("{name}: {value}").to_lowercase();
        assert_eq!(lines.iter().filter(|known| **known == line).count(), 1, "{line}: {head}");
    }
    // And the status, and the length of the body.
    assert_eq!(lines.len(), headers.len() + 2, "{head}");
}

#[test]
fn each_route_and_account_has_its_own_queue() {
    let (driver, other) = (Driver::new(), Driver::new());
    for status in [500, 503] {
        let answer = Answer::Status { status, headers: Vec::new(), body: Vec::new() };
        driver.sandbox.answer_next(&driver.account.id, Route::Conversation, answer);
    }
    other.open();
    assert_eq!(driver.send(&text("x", "Hello")).status, 400);
    assert_eq!(driver.batch(&driver.opening()).status, 500);
    assert_eq!(driver.batch(&driver.opening()).status, 503);
    assert_eq!(driver.batch(&driver.opening()).status, 200);
}

#[test]
fn every_route_can_be_canned() {
    let sandbox = Sandbox::start(Options::default()).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    let cases = [
        (Route::Domain, "GET", "/api/account/{account}/service/idp/baseURI.json?version=1.0"),
        (Route::Token, "POST", "/sentinel/api/account/{account}/app/token?v=1.0"),
        (Route::Token, "POST", "/sentinel/api/v2/account/{account}/app/token"),
        (Route::Consumer, "POST", "/api/account/{account}/consumer?v=1.0"),
        (Route::Conversation, "POST", "/api/account/{account}/messaging/consumer/conversation?v=3"),
        (Route::Send, "POST", "/api/account/{account}/messaging/consumer/conversation/send?v=3"),
        (Route::Keys, "GET", "/sentinel/well-known/jwks"),
    ];
    for (route, method, path) in cases {
        sandbox.answer_next(&driver.account.id, route, too_many());
        let ask = || call(&driver.agent, method, &driver.url(path), &[], b"{}");
        assert_eq!(ask().expect("an answer").status, 429, "{path}");
        assert_ne!(ask().expect("an answer").status, 429, "{path}");
    }
}

#[test]
fn a_reset_has_no_effect() {
    let driver = Driver::new();
    let id = driver.open();
    driver.sandbox.answer_next(&driver.account.id, Route::Send, Answer::Reset);
    assert!(driver.try_send(&text(&id, "Hello")).is_err());
    assert_eq!(driver.conversation()["events"], json!([]));
    let last = driver.sandbox.requests(&driver.account.id).pop().expect("a request");
    assert_eq!((last.route, last.status), (Route::Send, None));
}

#[test]
fn a_lost_answer_has_effect() {
    let driver = Driver::new();
    driver.sandbox.answer_next(&driver.account.id, Route::Conversation, Answer::Lose);
    let path = "/api/account/{account}/messaging/consumer/conversation?v=3";
    let batch = driver.opening().to_string();
    assert!(driver.try_post(path, batch.as_bytes()).is_err());
    assert_eq!(driver.conversation()["state"], "OPEN");
}

#[test]
fn a_cut_answer_begins_and_breaks_off() {
    let driver = Driver::new();
    let id = driver.open();
    driver.sandbox.answer_next(&driver.account.id, Route::Send, Answer::Cut);
    let url = driver.url("/api/account/{account}/messaging/consumer/conversation/send?v=3");
    let request = driver
        .agent
        .post(&url)
        .header("Authorization", &driver.app_jwt)
        .header("X-LP-ON-BEHALF", &driver.consumer_jws);
    let mut response = request.send(text(&id, "Hello").to_string()).expect("the head comes");
    assert_eq!(response.status(), 200);
    assert!(response.body_mut().read_to_string().is_err());
    assert_eq!(driver.conversation()["events"][0]["event"]["message"], "Hello");
}

#[test]
fn a_stalled_request_is_read_and_ends_with_the_sandbox() {
    let sandbox = Sandbox::start(Options::default()).expect("the sandbox starts");
    let account = sandbox.new_account();
    sandbox.answer_next(&account.id, Route::Send, Answer::Stall);
    let path = format!("/api/account/{}/messaging/consumer/conversation/send?v=3", account.id);
    let url = format!("{}{path}", sandbox.url());
    let client = std::thread::spawn(move || call(&agent(), "POST", &url, &[], b"{}").is_err());
    let request = loop {
        match sandbox.requests(&account.id).pop() {
            Some(request) => break request,
            None => std::thread::yield_now(),
        }
    };
    assert_eq!((request.path, request.status, &*request.body), (path, None, &b"{}"[..]));
    drop(sandbox);
    assert!(client.join().expect("the client ends"));
}

#[test]
fn requests_are_recorded_in_order() {
    let driver = Driver::new();
    let id = driver.open();
    let message = text(&id, "Hello").to_string();
    let path = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
    driver.try_post(path, message.as_bytes()).expect("an answer");
    let other = Driver { agent: agent(), ..driver };
    other.send(&text(&id, ""));

    let requests = other.sandbox.requests(&other.account.id);
    let routes: Vec<Route> = requests.iter().map(|request| request.route).collect();
    assert_eq!(routes, [Route::Consumer, Route::Conversation, Route::Send, Route::Send]);
    let sent = &requests[2];
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.path, path.replace("{account}", &other.account.id));
    assert_eq!(sent.header("X-Lp-On-Behalf"), Some(&*other.consumer_jws));
    assert_eq!(sent.body, message.into_bytes());
    assert_eq!(sent.status, Some(200));
    // The same agent keeps its connection, another one has another.
    assert_eq!(requests[1].connection, sent.connection);
    assert_ne!(requests[3].connection, sent.connection);
    // What a failing test prints holds no token.
    assert!(!format!("{sent:?}").contains(&other.app_jwt));
    assert!(!format!("{:?}", other.account).contains(&other.account.client_secret));
}

#[test]
fn what_cannot_be_sent_is_not_queued() {
    let account = shared().new_account();
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let cases = [
        (99, Vec::new()),
        (600, Vec::new()),
        (200, header("bad name", "x")),
        (200, header("x", "line\nbreak")),
        (200, header("Content-Length", "5")),
    ];
    for (status, headers) in cases {
        let answer = Answer::Status { status, headers, body: Vec::new() };
        let queued = std::panic::catch_unwind(|| {
            shared().answer_next(&account.id, Route::Send, answer.clone());
        });
        assert!(queued.is_err(), "{answer:?}");
    }
}
