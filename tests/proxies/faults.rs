//! Proxies that stall, drip or break on the way through them.

use std::time::Duration;

use lpc_sandbox::{Fault, FaultProxy, Then};
use lpconnector::{AttachOptions, Client, Error, Status};

use crate::http::tinyproxy;
use crate::scene::Scene;

/// Only the connection's own time can end these.
const HOUR: [(&str, &str); 3] = [
    ("request.timeout.ms", "3600000"),
    ("call.timeout.ms", "3600000"),
    ("retry.max.attempts", "1"),
];

/// Sends a message through a tinyproxy to which this happens, and another one after it.
fn broken(fault: Fault) -> Error {
    let proxy = tinyproxy("");
    let front = FaultProxy::start(&proxy.address()).unwrap();
    let scene = Scene::over_tls(&[]);
    let direct = scene.consumer();
    let opened = scene.conversation();
    // With these, the message is the first thing that goes out.
    let app_jwt = scene.sandbox.issue_app_jwt(&scene.account.id, 3600, &[]);
    let url = format!("http://{}", front.address());
    let options = [
        ("proxy.url", url.as_str()),
        ("connect.timeout.ms", "1000"),
        ("app.jwt", &app_jwt),
        ("domain.messaging", scene.sandbox.url()),
    ];
    let client = Client::new(&scene.config(&[&HOUR[..], &options].concat())).unwrap();
    let consumer = client.consumer_from_jws(direct.jws().unwrap()).unwrap();
    let conversation = consumer.attach(opened.id(), &AttachOptions::new()).unwrap();

    front.next(fault);
    let error = conversation.send_text("x").unwrap_err();
    assert!(!error.maybe_delivered(), "{error}");
    assert!(scene.texts().is_empty());
    assert_eq!(front.accepted(), 1);
    conversation.send_text("y").unwrap();
    assert_eq!((scene.texts(), front.accepted()), (vec!["y".to_owned()], 2));
    error
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn one_that_stalls_or_drips_is_left_in_time() {
    for fault in [Fault::Silent, Fault::Stall, Fault::Drip { pause: Duration::from_millis(100) }] {
        let error = broken(fault.clone());
        assert_eq!(error.status(), Status::Timeout, "{fault:?}: {error}");
        assert!(error.message().contains("through the proxy"), "{error}");
        assert!(error.message().contains("took too long"), "{error}");
    }
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn one_whose_answer_is_broken_off_or_no_answer() {
    let said = |bytes: &[u8]| Fault::Instead { bytes: bytes.to_vec(), then: Then::Close };
    for fault in [
        Fault::Reset,
        Fault::ResetUnread,
        said(b""),
        said(b"HTTP/1.1 200 OK\r\n"),
        said(b"garbage\r\n\r\n"),
        said(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
        // Whatever it says in the target's place is not the target's.
        said(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ] {
        let error = broken(fault.clone());
        assert_eq!(error.status(), Status::Connect, "{fault:?}: {error}");
        assert!(error.message().contains("through the proxy"), "{error}");
    }
}
