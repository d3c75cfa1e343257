//! What the service refuses, and what a connector does about it beside telling so.

use std::time::Duration;

use lpc_sandbox::{Answer, Route};
use lpconnector::{Connector, Update, UpdateKind};

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
