//! Where tokens and messages go, and where they do not.

use lpc_sandbox::Route;
use lpconnector::Status;
use serde_json::json;

use crate::scene::{Scene, status_answer, until};

fn services(host: &str) -> String {
    let entry = |service| json!({"service": service, "account": "x", "baseURI": host});
    json!({"baseURIs": [entry("asyncMessagingEnt"), entry("sentinel"), entry("idp")]}).to_string()
}

#[test]
fn all_services_are_found_with_one_request_and_kept() {
    let scene = Scene::new();
    scene.conversation();
    scene.another_conversation().send_text("x").unwrap();
    assert_eq!(scene.requests_on(Route::Domain).len(), 1);
}

#[test]
fn what_is_known_is_asked_again_when_it_is_too_old() {
    let scene = Scene::with(&[("domain.cache.ttl.ms", "0")]);
    scene.conversation();
    assert!(scene.requests_on(Route::Domain).len() > 1);
}

#[test]
fn services_given_by_hand_are_not_looked_up() {
    let host = Scene::new();
    let url = host.sandbox.url();
    let by_hand = [
        ("domain.messaging", url),
        ("domain.sentinel", url),
        ("domain.idp", url),
        ("domain.api.url", "http://127.0.0.1:1"),
    ];
    let scene = Scene::with(&by_hand);
    scene.conversation();
    assert_eq!(scene.requests_on(Route::Domain).len(), 0);
    // Each on its own: without one of them, the Domain API is asked.
    let scene = Scene::with(&[("domain.messaging", url), ("domain.sentinel", url)]);
    scene.conversation();
    assert_eq!(scene.requests_on(Route::Domain).len(), 1);
}

#[test]
fn a_host_outside_the_allowed_suffixes_gets_nothing() {
    let elsewhere = Scene::new();
    let port = elsewhere.sandbox.url().rsplit(':').next().unwrap();
    // 127.0.0.2 is this machine too, and the sandbox's port; but nobody allowed it.
    for host in [format!("127.0.0.2:{port}"), format!("127.0.0.1:{port}@127.0.0.2:{port}")] {
        let scene = Scene::new();
        scene.answer_with(Route::Domain, 200, &services(&host));
        let error = scene.open().unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
        assert_eq!(scene.requests().len(), 1, "nothing but the discovery: {error}");
        assert!(!error.maybe_delivered());
    }
}

#[test]
fn an_unreadable_or_incomplete_answer_is_a_protocol_error() {
    for (answer, says) in [
        ("<html>", "not a list of services"),
        ("{}", "not a list of services"),
        (r#"{"baseURIs":[]}"#, "lists no service 'asyncMessagingEnt'"),
        (
            r#"{"baseURIs":[{"service":"asyncmessagingent","baseURI":"127.0.0.1"}]}"#,
            "lists no service",
        ),
    ] {
        let scene = Scene::new();
        scene.answer_with(Route::Domain, 200, answer);
        let error = scene.open().unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
        assert!(error.message().contains(says), "{error}");
    }
}

#[test]
fn a_failed_discovery_is_not_kept() {
    let scene = Scene::new();
    scene.answer_with(Route::Domain, 500, "");
    let error = scene.open().unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Server, 500));
    assert!(error.message().starts_with("discovering the account's services: "), "{error}");
    scene.conversation();
    // After a second failure who comes at once is told the same, and nobody is asked.
    let scene = Scene::new();
    for _ in 0..2 {
        scene.answer_with(Route::Domain, 500, "");
        scene.open().unwrap_err();
    }
    assert_eq!(scene.open().unwrap_err().message(), error.message());
    assert_eq!(scene.requests().len(), 2);
    until(|| scene.open().ok());
}

#[test]
fn a_list_outlives_a_discovery_that_fails() {
    for (status, body) in [(500, ""), (403, "{}"), (200, "<html>")] {
        let scene = Scene::with(&[("domain.cache.ttl.ms", "0")]);
        let conversation = scene.conversation();
        let asked = scene.requests_on(Route::Domain).len();
        scene.answer_with(Route::Domain, status, body);
        for _ in 0..3 {
            conversation.send_text("x").unwrap();
        }
        assert_eq!(scene.requests_on(Route::Domain).len(), asked + 1, "not asked again at once");
    }
}

#[test]
fn an_address_that_was_known_outlives_a_list_that_lacks_it() {
    let scene = Scene::with(&[("domain.cache.ttl.ms", "0")]);
    let conversation = scene.conversation();
    for list in [r#"{"baseURIs":[]}"#, &services("127.0.0.2")] {
        scene.answer_with(Route::Domain, 200, list);
        conversation.send_text("x").unwrap();
        conversation.send_text("y").unwrap();
    }
}

/// Neither is a list with a foreign host believed for as long as others are.
#[test]
fn a_slip_of_the_domain_api_is_not_believed_for_long() {
    let scene = Scene::with(&[("domain.cache.ttl.ms", "86400000")]);
    scene.answer_with(Route::Domain, 200, &services("127.0.0.2"));
    assert_eq!(scene.open().unwrap_err().status(), Status::Protocol);
    scene.conversation();
    assert_eq!(scene.requests_on(Route::Domain).len(), 2, "asked at once for another");
    // One that slips each time is not asked each time.
    let scene = Scene::with(&[("domain.cache.ttl.ms", "86400000")]);
    for _ in 0..20 {
        scene.answer_with(Route::Domain, 200, &services("127.0.0.2"));
    }
    for _ in 0..20 {
        assert_eq!(scene.open().unwrap_err().status(), Status::Protocol);
    }
    let asked = scene.requests_on(Route::Domain).len();
    assert!(asked < 10, "{asked} times");
}

#[test]
fn an_unknown_account_is_unauthorized() {
    let scene = Scene::with(&[("account.id", "le00000000nobody")]);
    let error = scene.open().unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Unauthorized, 401));
}

#[test]
fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let scene = Scene::new();
        let to = format!("{}/elsewhere", scene.sandbox.url());
        scene.answer(Route::Domain, status_answer(status, &[("Location", &to)], ""));
        let error = scene.open().unwrap_err();
        assert_eq!((error.status(), error.http_status()), (Status::Protocol, status));
        assert_eq!(scene.requests().len(), 1);
    }
}
