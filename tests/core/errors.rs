//! What the service refuses and what the network breaks, and what a caller learns of it.

use std::process::Command;

use lpc_sandbox::{Answer, Route};
use lpconnector::{AttachOptions, Client, Error, Status};
use serde_json::{Value, json};

use crate::allocated::most_while;
use crate::scene::{Scene, status_answer};

fn send_fails(scene: &Scene, answer: Answer) -> Error {
    let conversation = scene.another_conversation();
    scene.answer(Route::Send, answer);
    conversation.send_text("x").unwrap_err()
}

fn with_token(scene: &Scene, claims: &[(&str, Value)]) -> Error {
    let conversation = scene.conversation();
    let jwt = scene.sandbox.issue_app_jwt(&scene.account.id, 60, claims);
    scene.client.set_app_jwt(Some(&jwt)).unwrap();
    conversation.send_text("x").unwrap_err()
}

/// Cleaning an answer of secrets takes no tree of it.
#[test]
fn a_large_answer_takes_a_small_multiple_of_its_size() {
    // In a process of its own: the tests of logs install a logger that keeps what all threads log.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "errors::large_answers"]);
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by another test"]
fn large_answers() {
    const LENGTH: usize = 8 * 1024 * 1024 - 1000;

    let scene = Scene::new();
    let conversation = scene.conversation();
    conversation.send_text("warm").unwrap();
    let text = |escape: &str| format!("{{\"title\":\"{escape}{}\"}}", "x".repeat(LENGTH - 100));
    let list = format!("[\"\\u0041\"{}]", ",\"\\/\"".repeat(LENGTH / 5 - 100));
    let small = format!("[\"\\/\"{}]", ",0".repeat(LENGTH / 2 - 100));
    for body in [text(""), text("\\/"), "\\/".repeat(LENGTH / 2), list, small] {
        for status in [200, 400] {
            scene.answer_with(Route::Send, status, &body);
            let most = most_while(|| drop(conversation.send_text("x").unwrap_err()));
            let times = most as f64 / body.len() as f64;
            assert!(times < 6.0, "{status}: {times:.1} times {} bytes", body.len());
        }
    }
}

#[test]
fn every_error_code_of_the_service_reaches_the_caller() {
    let scene = Scene::new();
    let missing_claim = with_token(&scene, &[("azp", Value::Null)]);
    assert_eq!(missing_claim.service_code(), 40001);

    let scene = Scene::new();
    let of_another = with_token(&scene, &[("aud", json!("another"))]);
    assert_eq!((of_another.status(), of_another.service_code()), (Status::Unauthorized, 40102));
    assert!(!of_another.title().is_empty() && !of_another.request_id().is_empty());
    assert_eq!((of_another.http_status(), of_another.attempts()), (401, 1));
    assert!(!of_another.is_retryable() && !of_another.maybe_delivered());
    let body: Value = serde_json::from_slice(of_another.body()).unwrap();
    assert_eq!(body["body"]["errorCode"], 40102);

    let scene = Scene::new();
    let id = scene.conversation().id().to_owned();
    let stranger =
        scene.client.consumer("stranger").unwrap().attach(&id, &AttachOptions::new()).unwrap();
    assert_eq!(stranger.send_text("x").unwrap_err().service_code(), 40103);

    // These two cannot happen with a library that always sends both tokens.
    for code in [40104, 40105] {
        let body = json!({"kind": "resp", "code": 401, "type": ".ReqBody$ErrorResp",
            "body": {"title": "T", "details": "D", "errorCode": code}});
        let error = send_fails(&scene, status_answer(401, &[], &body.to_string()));
        assert_eq!((error.status(), error.service_code()), (Status::Unauthorized, code));
        assert_eq!((error.title(), error.details()), ("T", "D"));
        assert_eq!(
            error.message(),
            format!("sending a text: the service answered 401, error {code}: T: D")
        );
    }
}

#[test]
fn http_statuses_are_told_apart() {
    // Without a code of the service, the 401 would be taken for one of the AppJWT.
    let body = r#"{"body":{"errorCode":40105}}"#;
    for (http, status, retryable) in [
        (400, Status::Rejected, false),
        (401, Status::Unauthorized, false),
        (403, Status::Rejected, false),
        (404, Status::Rejected, false),
        (413, Status::Rejected, false),
        (429, Status::RateLimited, true),
        (500, Status::Server, true),
        (502, Status::Server, true),
        (503, Status::Server, true),
        (599, Status::Server, true),
    ] {
        // A client for each, because all requests of one pause after a 429.
        let answer = status_answer(http, &[("Retry-After", "3")], body);
        let error = send_fails(&Scene::new(), answer);
        assert_eq!((error.status(), error.http_status()), (status, http));
        assert_eq!(error.is_retryable(), retryable, "{http}");
        assert!(!error.maybe_delivered(), "an answer came");
        assert_eq!(error.retry_after_ms(), Some(3000));
        assert_eq!(error.body(), body.as_bytes());
        assert!(!error.request_id().is_empty());
    }
}

#[test]
fn any_2xx_is_a_success() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    for status in [200, 201, 202] {
        let raw = format!(
            r#"{{"kind":"req","id":7,"type":"ms.PublishEvent","body":{{"dialogId":"{}"}}}}"#,
            conversation.id()
        );
        scene.answer_with(Route::Send, status, r#"{"code":"OK","body":{},"reqId":"7"}"#);
        let response = scene.consumer().send_json(raw.as_bytes()).unwrap();
        assert_eq!((response.http_status(), response.sequence()), (status, None));
    }
}

#[test]
fn a_closed_conversation_is_told_as_such() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    scene.sandbox.close_conversation(&scene.account.id, conversation.id());
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Closed, 400));
    assert_eq!(error.details(), "Bad Request, Conversation is close");
    assert!(!error.is_retryable(), "{error:?}");
}

#[test]
fn an_unreadable_answer_may_hide_a_delivery() {
    let scene = Scene::new();
    for body in ["", "<html>", "null", "[]", "{}", r#"{"body":{}}"#, "\u{0}"] {
        let error = send_fails(&scene, status_answer(200, &[], body));
        assert_eq!(error.status(), Status::Protocol, "{body:?}");
        assert!(error.maybe_delivered() && !error.request_id().is_empty());
        assert_eq!((error.http_status(), error.attempts()), (200, 1));
        assert_eq!(error.body(), body.as_bytes());
    }
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let inside = format!(r#"{{"code":"OK","reqId":"7","body":{nested}}}"#);
    for nested in [nested, inside] {
        scene.answer_with(Route::Send, 200, &nested);
        let raw = br#"{"id":"7","type":"x","body":{}}"#;
        let error = scene.consumer().send_json(raw).unwrap_err();
        assert_eq!(error.status(), Status::Protocol, "{error}");
    }
}

#[test]
fn what_was_never_tried_has_no_attempt_and_no_id() {
    let scene = Scene::with(&[("call.timeout.ms", "1")]);
    let conversation = scene.consumer().attach("c-1", &AttachOptions::new()).unwrap();
    // One millisecond is over before the token is there, if not before anything is sent.
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.request_id().is_empty() && !error.maybe_delivered(), "{error:?}");
    scene.client.shutdown();
    let error = scene.consumer().send_json(b"{}").unwrap_err();
    assert_eq!((error.attempts(), error.request_id()), (0, ""));
}

#[test]
fn a_long_answer_makes_no_long_message() {
    let scene = Scene::new();
    let long = serde_json::to_string(&"x".repeat(100_000)).unwrap();
    let error = send_fails(&scene, status_answer(200, &[], &long));
    assert!(error.message().len() < 500, "{}", error.message().len());
    let scene = Scene::new();
    scene.answer_with(Route::Domain, 200, &long);
    assert!(scene.open().unwrap_err().message().len() < 500);
}

#[test]
fn an_answer_beyond_the_limit_is_not_read_to_its_end() {
    let scene = Scene::with(&[("response.max.bytes", "2000")]);
    let fits = format!(r#"{{"code":"OK","reqId":"other","x":"{}"}}"#, "x".repeat(1900));
    let error = send_fails(&scene, status_answer(200, &[], &fits));
    assert!(error.message().contains("for another request"), "{error}");
    let exactly = format!(r#"{{"code":"OK","reqId":"other","x":"{}"}}"#, "x".repeat(1964));
    assert_eq!(exactly.len(), 2000);
    let error = send_fails(&scene, status_answer(200, &[], &exactly));
    assert!(error.message().contains("for another request"), "{error}");
    let error = send_fails(&scene, status_answer(200, &[], &(exactly + " ")));
    assert!(error.message().contains("response.max.bytes"), "{error}");
    let error = send_fails(&scene, status_answer(200, &[], &"x".repeat(100_000)));
    assert_eq!(error.status(), Status::Protocol);
    assert!(error.message().contains("response.max.bytes"), "{error}");
    assert!(error.maybe_delivered());
}

#[test]
fn a_stalled_answer_ends_in_time() {
    // The impatient client needs one request only, so nothing else can be late.
    let scene = Scene::new();
    let (id, patient) = (scene.conversation().id().to_owned(), scene.consumer());
    let jwt = scene.sandbox.issue_app_jwt(&scene.account.id, 3600, &[]);
    let short = [
        ("request.timeout.ms", "300"),
        ("app.jwt", jwt.as_str()),
        ("domain.messaging", scene.sandbox.url()),
    ];
    let impatient = Client::new(&scene.config(&short)).unwrap();
    let consumer = impatient.consumer_from_jws(patient.jws().unwrap()).unwrap();
    scene.answer(Route::Send, Answer::Stall);
    let error = consumer.attach(&id, &AttachOptions::new()).unwrap().send_text("x").unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.maybe_delivered() && error.is_retryable());
    assert!(error.message().contains("within 300 ms"), "{error}");

    // A token request that stalls delivered nothing.
    let url = scene.sandbox.url();
    let scene = Scene::with(&[
        ("request.timeout.ms", "300"),
        ("domain.sentinel", url),
        ("domain.idp", url),
    ]);
    scene.answer(Route::Token, Answer::Stall);
    let error = scene.consumer().jws().unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(!error.maybe_delivered() && error.request_id().is_empty());
}

#[test]
fn the_deadline_of_the_call_bounds_its_attempts() {
    let scene = Scene::with(&[("call.timeout.ms", "300"), ("request.timeout.ms", "60000")]);
    scene.answer(Route::Domain, Answer::Stall);
    assert_eq!(scene.open().unwrap_err().status(), Status::Timeout);
}

#[test]
fn a_broken_connection_may_have_delivered() {
    let scene = Scene::new();
    for (answer, took_effect) in [(Answer::Reset, 0), (Answer::Lose, 1), (Answer::Cut, 2)] {
        let error = send_fails(&scene, answer);
        assert_eq!(error.status(), Status::Connect);
        assert!(error.maybe_delivered(), "{error}");
        assert_eq!(scene.texts().len(), took_effect);
    }
}

#[test]
fn nobody_listening_means_nothing_was_delivered() {
    let scene = Scene::with(&[("domain.messaging", "http://127.0.0.1:1")]);
    let error = scene.open().unwrap_err();
    assert_eq!(error.status(), Status::Connect);
    assert!(!error.maybe_delivered() && error.is_retryable());
    assert!(error.message().contains("cannot connect to 127.0.0.1"), "{error}");

    let scene = Scene::over_tls(&[("proxy.url", "http://127.0.0.1:1")]);
    let error = scene.open().unwrap_err();
    assert_eq!(error.status(), Status::Connect, "{error}");
    assert!(
        error.message().contains("through the proxy: cannot connect to 127.0.0.1:1"),
        "{error}"
    );
    // Plain http goes to loopback, and never through a proxy.
    Scene::with(&[("proxy.url", "http://127.0.0.1:1")]).conversation();
}

#[test]
fn a_name_that_does_not_resolve_is_a_connection_failure() {
    let scene = Scene::with(&[("domain.messaging", "https://no-such-name.invalid")]);
    let error = scene.open().unwrap_err();
    assert_eq!(error.status(), Status::Connect);
    assert!(!error.maybe_delivered());
    assert!(error.message().contains("no-such-name.invalid"), "{error}");
}
