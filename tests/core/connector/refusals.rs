//! What the service refuses, and what a connector does about it beside telling so.

use std::time::Duration;

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Answer, Route};
use lpconnector::{Connector, Status, Update, UpdateKind};

use crate::connector::connector;
use crate::connector::talks::next;
use crate::scene::{Scene, status_answer};

const BAD_JWS: &str = r#"{"kind":"resp","code":401,"type":".ReqBody$ErrorResp","body":{
    "title":"Invalid ConsumerJWS","details":"d","errorCode":40103}}"#;

fn bad_jws() -> Answer {
    status_answer(401, &[], BAD_JWS)
}

/// The next update that tells what became of an action, acknowledged.
fn outcome(connector: &Connector) -> Update {
    loop {
        let update = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
        connector.ack(&update).unwrap();
        if matches!(update.kind(), UpdateKind::Sent | UpdateKind::Failed) {
            return update;
        }
    }
}

#[test]
fn a_consumers_token_that_is_refused_is_obtained_again() {
    for store in ["memory", "sqlite"] {
        let scene = Scene::new();
        let (connector, _directory) = connector(&scene, store, &[]);
        connector.submit_text("a", "one", Some("1")).unwrap();
        assert_eq!(next(&connector, UpdateKind::Sent).attempts(), 1);
        for code in ["40103", "40104"] {
            scene.answer(Route::Send, status_answer(401, &[], &BAD_JWS.replace("40103", code)));
            connector.submit_text("a", code, Some(code)).unwrap();
            let behind = format!("behind {code}");
            connector.submit_text("a", &behind, Some(&behind)).unwrap();
            let sent = next(&connector, UpdateKind::Sent);
            assert_eq!((sent.key(), sent.attempts()), (Some(code), 2));
            assert_eq!(next(&connector, UpdateKind::Sent).key(), Some(&*behind));
        }
        assert_eq!(scene.texts(), ["one", "40103", "behind 40103", "40104", "behind 40104"]);
        assert_eq!(scene.requests_on(Route::Consumer).len(), 3);
    }
}

#[test]
fn an_action_fails_where_another_token_of_the_consumer_is_refused_as_well() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    connector.submit_text("a", "one", None).unwrap();
    connector.submit_text("a", "two", Some("2")).unwrap();
    assert_eq!(outcome(&connector).kind(), UpdateKind::Sent);
    (0..4).for_each(|_| scene.answer(Route::Send, bad_jws()));
    for key in ["3", "4"] {
        connector.submit_text("a", key, Some(key)).unwrap();
        let failed = outcome(&connector);
        assert_eq!((failed.kind(), failed.key()), (UpdateKind::Failed, Some(key)));
        assert_eq!((failed.error().unwrap().service_code(), failed.attempts()), (40103, 2));
    }
    // Nothing of it is left once the service takes them again.
    connector.submit_text("a", "five", Some("5")).unwrap();
    assert_eq!(outcome(&connector).kind(), UpdateKind::Sent);
    assert_eq!(scene.texts(), ["one", "two", "five"]);
}

#[test]
fn a_conversation_is_opened_with_another_token_where_the_first_is_refused() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    scene.answer(Route::Conversation, bad_jws());
    connector.submit_text("a", "one", Some("1")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).attempts(), 2);
    assert_eq!(scene.texts(), ["one"]);
}

/// What the service may say of a conversation that it does not know.
const UNKNOWN: [(u16, &str); 3] = [
    (404, ""),
    (400, r#"{"body":{"msg":"Conversation c-1 does not exist"}}"#),
    (200, r#"{"code":"NOT_FOUND","body":{"msg":"No such dialog"}}"#),
];

#[test]
fn where_the_service_does_not_know_the_conversation_another_one_is_opened() {
    for (status, body) in UNKNOWN {
        for is_text in [true, false] {
            let scene = Scene::new();
            let (connector, _directory) = connector(&scene, "sqlite", &[]);
            connector.submit_text("a", "one", Some("1")).unwrap();
            let before = next(&connector, UpdateKind::Sent);
            // Nobody tells the connector.
            scene.sandbox.close_conversation(&scene.account.id, before.conversation_id());
            scene.answer_with(Route::Send, status, body);
            let event =
                json!({"type": "ContentEvent", "contentType": "text/plain", "message": "two"});
            let action = if is_text { json!({ "text": "two" }) } else { json!({ "event": event }) };
            connector.submit("a", &action.to_string(), Some("2")).unwrap();
            connector.submit_text("a", "three", Some("3")).unwrap();
            let opened = next(&connector, UpdateKind::Opened);
            assert_ne!(opened.conversation_id(), before.conversation_id());
            for key in ["2", "3"] {
                let sent = next(&connector, UpdateKind::Sent);
                assert_eq!(sent.key(), Some(key));
                assert_eq!(sent.conversation_id(), opened.conversation_id());
            }
            assert_eq!(scene.texts(), ["one", "two", "three"]);
            assert_eq!(scene.requests_on(Route::Conversation).len(), 2);
        }
    }
}

#[test]
fn a_message_that_is_at_fault_itself_opens_no_conversation() {
    for (status, body) in UNKNOWN {
        let scene = Scene::new();
        let (connector, _directory) = connector(&scene, "sqlite", &[]);
        connector.submit_text("a", "one", Some("1")).unwrap();
        let before = next(&connector, UpdateKind::Sent);
        for key in ["2", "3"] {
            scene.answer_with(Route::Send, status, body);
            connector.submit_text("a", key, Some(key)).unwrap();
            let failed = outcome(&connector);
            assert_eq!((failed.kind(), failed.key()), (UpdateKind::Failed, Some(key)));
            assert_eq!(failed.error().unwrap().http_status(), status);
        }
        connector.submit_text("a", "four", Some("4")).unwrap();
        assert_eq!(next(&connector, UpdateKind::Sent).conversation_id(), before.conversation_id());
        assert_eq!(scene.sandbox.conversations(&scene.account.id).len(), 1);
        // Each asked for one, once.
        assert_eq!(scene.requests_on(Route::Conversation).len(), 3);
    }
}

#[test]
fn a_message_opens_one_conversation_however_often_it_is_refused() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[("connector.pause.ms", "1")]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    let before = next(&connector, UpdateKind::Sent);
    scene.sandbox.close_conversation(&scene.account.id, before.conversation_id());
    for status in [404, 503, 404] {
        scene.answer_with(Route::Send, status, "");
    }
    let event = json!({"type": "ContentEvent", "contentType": "text/plain", "message": "two"});
    connector.submit("a", &json!({ "event": event }).to_string(), Some("2")).unwrap();
    assert_eq!(outcome(&connector).kind(), UpdateKind::Failed);
    assert_eq!(scene.requests_on(Route::Conversation).len(), 2);
}

#[test]
fn a_service_that_forgot_everything_is_gone_on_with() {
    let scene = Scene::new();
    let (first, directory) = connector(&scene, "sqlite", &[]);
    first.submit_text("a", "one", Some("1")).unwrap();
    next(&first, UpdateKind::Sent);
    first.release();
    let anew = scene.anew();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let second = Connector::new(&anew.config(&[("connector.store", &store)])).unwrap();
    for key in ["2", "3"] {
        second.submit_text("a", key, Some(key)).unwrap();
        assert_eq!(next(&second, UpdateKind::Sent).key(), Some(key));
    }
    assert_eq!((anew.texts(), second.stats().unwrap().opened), (vec!["2".into(), "3".into()], 1));
}

#[test]
fn a_store_belongs_to_one_account() {
    let scene = Scene::new();
    let (first, directory) = connector(&scene, "sqlite", &[]);
    first.submit_text("a", "one", Some("1")).unwrap();
    next(&first, UpdateKind::Sent);
    first.release();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let other = Scene::new();
    let refused = Connector::new(&other.config(&[("connector.store", &store)])).unwrap_err();
    assert_eq!(refused.status(), Status::Config);
    for says in [&*scene.account.id, &*other.account.id, "connector.store", "queue.db"] {
        assert!(refused.message().contains(says), "{refused}");
    }
    let again = Connector::new(&scene.config(&[("connector.store", &store)])).unwrap();
    again.submit_text("a", "two", Some("2")).unwrap();
    assert_eq!(next(&again, UpdateKind::Sent).key(), Some("2"));
}

#[test]
fn a_file_that_could_never_be_sent_is_refused_at_once() {
    let scene = Scene::new();
    let options = [("file.max.bytes", "100"), ("file.preview.max.bytes", "100")];
    let (connector, directory) = connector(&scene, "sqlite", &options);
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let png = b"\x89PNG\r\n\x1a\nrest";
    let good = file("good.png", png);
    for (action, says) in [
        (
            json!({ "file": file("long.txt", &[b'x'; 101]) }),
            "101 bytes; allowed: 100 (file.max.bytes)",
        ),
        (json!({ "file": file("no.jpg", png) }), "JPG"),
        (json!({ "file": good, "previewPath": file("p.png", b"no picture") }), "preview"),
        (json!({ "file": file("empty.txt", b"") }), "empty"),
        (json!({ "file": file("noending", b"x") }), "type"),
    ] {
        let refused = connector.submit("a", &action.to_string(), Some("k")).unwrap_err();
        assert_eq!(refused.status(), Status::InvalidArgument, "{refused}");
        assert!(refused.message().contains(says), "{refused}");
    }
    connector.submit("a", &json!({ "file": good }).to_string(), Some("k")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("k"));
    assert_eq!(scene.requests_on(Route::Conversation).len(), 1);
}

#[test]
fn a_client_secret_that_was_forgotten_is_named() {
    let scene = Scene::new();
    for unset in [&["client.secret"][..], &["client.id", "client.secret"]] {
        let mut config = scene.config(&[("connector.store", "memory")]);
        unset.iter().for_each(|key| config.set(key, "").unwrap());
        let refused = Connector::new(&config).unwrap_err();
        assert_eq!(refused.status(), Status::Config);
        assert!(refused.message().starts_with("option 'client.secret' is missing"), "{refused}");
    }
}
