//! Both directions: the service tells, the program is told.

use std::time::Duration;

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Agent, Answer, Retry, Route, Signature, Survey, Webhook};
use lpconnector::{Connector, EventKind, Update, UpdateKind};
use tempfile::TempDir;

use crate::connector::connector;
use crate::scene::{Scene, status_answer, until};

const LISTENS: (&str, &str) = ("receiver.listen", "127.0.0.1:0");

/// A connector that the sandbox tells everything.
pub fn told(scene: &Scene, store: &str, options: &[(&str, &str)]) -> (Connector, TempDir) {
    let (connector, directory) = connector(scene, store, &[&[LISTENS], options].concat());
    tell(scene, &connector);
    (connector, directory)
}

pub fn tell(scene: &Scene, connector: &Connector) {
    let retry = Retry::Retention { time: Duration::from_secs(24 * 60 * 60) };
    let webhook = Webhook { retry, time_scale: 0.001, ..Webhook::to(connector.url()) };
    scene.sandbox.set_webhook(&scene.account.id, webhook);
}

/// The next update of this kind, acknowledged, as those before it.
pub fn next(connector: &Connector, kind: UpdateKind) -> Update {
    loop {
        let update = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
        connector.ack(&update).unwrap();
        if update.kind() == kind {
            return update;
        }
        let failed = update.kind() == UpdateKind::Failed;
        assert!(!failed, "{update:?} {:?}", update.error());
    }
}

/// The next text of an agent.
pub fn text(connector: &Connector) -> (String, String) {
    loop {
        let update = next(connector, UpdateKind::Event);
        let event = &update.notification().unwrap().events()[0];
        assert_eq!(update.notification().unwrap().events().len(), 1);
        if event.kind() == EventKind::Text {
            return (update.consumer_id().to_owned(), event.text().to_owned());
        }
    }
}

#[test]
fn agents_answer_each_consumer() {
    for store in ["memory", "sqlite"] {
        let scene = Scene::new();
        scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
        let (connector, _directory) = told(&scene, store, &[]);
        for n in 0..5 {
            connector.submit_text(&format!("c{n}"), &format!("Hi {n}"), None).unwrap();
        }
        let mut answers: Vec<_> = (0..5).map(|_| text(&connector)).collect();
        answers.sort();
        let said = |n| (format!("c{n}"), format!("You said: Hi {n}"));
        assert_eq!(answers, (0..5).map(said).collect::<Vec<_>>());
        // The agent learns that it arrived.
        until(|| {
            let accepted = scene.requests_on(Route::Send).into_iter().filter(|request| {
                String::from_utf8_lossy(&request.body).contains(r#""status":"ACCEPT""#)
            });
            (accepted.count() == 5).then_some(())
        });
        assert_eq!(connector.stats().unwrap().failed, 0);
    }
}

#[test]
fn a_conversation_that_the_agent_closes_is_opened_again() {
    let scene = Scene::new();
    let (connector, _directory) = told(&scene, "sqlite", &[]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    scene.sandbox.close_conversation(&scene.account.id, sent.conversation_id());
    // It may find out by itself, or be told first.
    connector.submit_text("a", "two", Some("2")).unwrap();
    let mut kinds = Vec::new();
    while !kinds.contains(&UpdateKind::Closed) || !kinds.contains(&UpdateKind::Sent) {
        let update = connector.poll(Duration::from_secs(60)).unwrap().unwrap();
        connector.ack(&update).unwrap();
        assert_ne!(update.kind(), UpdateKind::Failed, "{:?}", update.error());
        if update.kind() == UpdateKind::Closed {
            assert_eq!(update.conversation_id(), sent.conversation_id());
        }
        kinds.push(update.kind());
    }
    assert_eq!(scene.texts(), ["one", "two"]);
    assert_eq!(scene.sandbox.conversations(&scene.account.id).len(), 2);
}

#[test]
fn a_lost_answer_is_settled_by_the_services_own_word() {
    let scene = Scene::new();
    let (connector, _directory) = told(&scene, "sqlite", &[("connector.echo.wait.ms", "60000")]);
    // Of the opening, with the first text in it.
    scene.answer(Route::Conversation, Answer::Lose);
    connector.submit_text("a", "one", Some("1")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("1"));
    scene.answer(Route::Send, Answer::Lose);
    connector.submit_text("a", "two", Some("2")).unwrap();
    connector.submit_text("a", "three", Some("3")).unwrap();
    for key in ["2", "3"] {
        let sent = next(&connector, UpdateKind::Sent);
        assert_eq!(sent.key(), Some(key));
        assert!(sent.sequence().is_some() && !sent.conversation_id().is_empty());
    }
    assert_eq!(scene.texts(), ["one", "two", "three"]);
    let stats = connector.stats().unwrap();
    assert!(stats.settled_by_echo >= 2, "{stats:?}");
    assert_eq!((stats.repeated, stats.opened), (0, 1));
}

#[test]
fn a_conversation_that_may_be_open_is_found_although_a_later_attempt_opened_none() {
    let scene = Scene::new();
    let options = [
        ("connector.echo.wait.ms", "1"),
        ("connector.pause.ms", "86400000"),
        ("connector.pause.max.ms", "86400000"),
    ];
    let (connector, _directory) = connector(&scene, "sqlite", &[&[LISTENS], &options[..]].concat());
    scene.answer(Route::Conversation, Answer::Lose);
    scene.answer_with(Route::Conversation, 503, "");
    connector.submit_text("a", "one", Some("1")).unwrap();
    until(|| (connector.stats().unwrap().put_off == 2).then_some(()));
    tell(&scene, &connector);
    let there = scene.sandbox.conversations(&scene.account.id);
    let id = there[0]["id"].as_str().unwrap();
    scene.sandbox.act_as_agent(&scene.account.id, id, &json!({"join": true}));
    let sent = next(&connector, UpdateKind::Sent);
    assert_eq!((sent.key(), sent.conversation_id()), (Some("1"), id));
    assert_eq!(connector.stats().unwrap().foreign, 0);
}

#[test]
fn a_service_that_is_back_hastens_nothing_that_may_have_arrived() {
    let scene = Scene::new();
    let options = [
        ("connector.echo.wait.ms", "86400000"),
        ("connector.pause.ms", "1"),
        ("connector.workers", "1"),
    ];
    let (connector, _directory) = connector(&scene, "sqlite", &options);
    connector.submit_text("a", "one", Some("1")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("1"));
    scene.answer_with(Route::Send, 503, "");
    scene.answer(Route::Send, Answer::Lose);
    connector.submit_text("a", "two", Some("2")).unwrap();
    until(|| (connector.stats().unwrap().put_off == 2).then_some(()));
    for key in ["3", "4"] {
        connector.submit_text("b", key, Some(key)).unwrap();
        assert_eq!(next(&connector, UpdateKind::Sent).key(), Some(key));
    }
    assert_eq!(connector.stats().unwrap().repeated, 0);
    assert_eq!(scene.texts(), ["one", "two", "3", "4"]);
}

#[test]
fn a_message_is_not_settled_by_another_consumers_with_the_same_id() {
    let scene = Scene::new();
    let (connector, _directory) =
        connector(&scene, "sqlite", &[("connector.echo.wait.ms", "60000")]);
    for consumer in ["a", "b"] {
        connector.submit_text(consumer, "Hi", Some("Hi")).unwrap();
    }
    let (one, other) = (next(&connector, UpdateKind::Sent), next(&connector, UpdateKind::Sent));
    let (of_a, of_b) = if one.consumer_id() == "a" { (one, other) } else { (other, one) };
    let metadata = json!([{ "type": "ExternalId", "id": "1" }]);
    scene.answer(Route::Send, Answer::Reset);
    let action = json!({ "text": "one", "metadata": metadata });
    connector.submit("b", &action.to_string(), Some("one")).unwrap();
    until(|| (connector.stats().unwrap().put_off == 1).then_some(()));
    let say = |consumer: &str, update: &Update| {
        let consumer = scene.client.consumer(consumer).unwrap();
        let id = update.conversation_id();
        let body = json!({ "type": "ms.MessagingEventNotification", "body": { "changes": [{
            "sequence": 7, "conversationId": id, "dialogId": id, "metadata": metadata,
            "originatorMetadata": {"id": consumer.lp_id().unwrap(), "role": "CONSUMER"},
            "event": {"type": "ContentEvent", "contentType": "text/plain", "message": "one"} }] } });
        let body = body.to_string().into_bytes();
        let account = &scene.account.id;
        let signature = scene.sandbox.sign(account, &body, Signature::Sha1Base64);
        connector.receive(&body, &signature).unwrap();
    };
    say("a", &of_a);
    assert_eq!(connector.stats().unwrap().settled_by_echo, 0);
    say("b", &of_b);
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("one"));
    assert_eq!(connector.stats().unwrap().settled_by_echo, 1);
}

#[test]
fn where_nobody_tells_the_program_has_decided() {
    for (ambiguous, texts) in
        [("repeat", &["one", "two", "two", "three"][..]), ("fail", &["one", "two", "three"])]
    {
        let scene = Scene::new();
        let options = [("connector.ambiguous", ambiguous), ("connector.echo.wait.ms", "1")];
        let (connector, _directory) = connector(&scene, "sqlite", &options);
        connector.submit_text("a", "one", Some("1")).unwrap();
        next(&connector, UpdateKind::Sent);
        scene.answer(Route::Send, Answer::Lose);
        connector.submit_text("a", "two", Some("2")).unwrap();
        connector.submit_text("a", "three", Some("3")).unwrap();
        let second = connector.poll(Duration::from_secs(60)).unwrap().unwrap();
        connector.ack(&second).unwrap();
        assert_eq!(second.key(), Some("2"));
        if ambiguous == "fail" {
            assert_eq!((second.kind(), second.attempts()), (UpdateKind::Failed, 1));
            assert!(second.error().unwrap().maybe_delivered());
        } else {
            assert_eq!((second.kind(), second.attempts()), (UpdateKind::Sent, 2));
        }
        assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("3"));
        assert_eq!(scene.texts(), texts);
    }
}

#[test]
fn a_conversation_that_somebody_else_opened_is_found_by_its_next_notification() {
    let scene = Scene::new();
    let other = scene.client.consumer("a").unwrap();
    let open = other.open(&lpconnector::OpenOptions::new()).unwrap();
    let (connector, _directory) = told(&scene, "sqlite", &[]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    until(|| (connector.stats().unwrap().put_off > 0).then_some(()));
    scene.sandbox.act_as_agent(&scene.account.id, open.id(), &json!({"join": true}));
    let sent = next(&connector, UpdateKind::Sent);
    assert_eq!((sent.conversation_id(), sent.key()), (open.id(), Some("1")));
    assert_eq!(scene.texts(), ["one"]);
}

#[test]
fn conversations_of_others_are_dropped_unless_they_are_wanted() {
    for foreign in ["false", "true"] {
        let scene = Scene::new();
        let (connector, _directory) = told(&scene, "sqlite", &[("connector.foreign", foreign)]);
        let theirs = scene.client.consumer("theirs").unwrap();
        let theirs = theirs.open(&lpconnector::OpenOptions::new()).unwrap();
        scene.sandbox.act_as_agent(&scene.account.id, theirs.id(), &json!({"say": "not for us"}));
        until(|| (scene.sandbox.pending(&scene.account.id) == 0).then_some(()));
        if foreign == "true" {
            assert_eq!(text(&connector), (String::new(), "not for us".to_owned()));
        } else {
            assert!(connector.poll(Duration::ZERO).unwrap().is_none());
            assert!(connector.stats().unwrap().foreign > 0);
        }
    }
}

#[test]
fn what_is_not_acknowledged_comes_again_and_holds_up_its_consumer_alone() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    for consumer in ["a", "b"] {
        connector.submit_text(consumer, "Hi", Some("k")).unwrap();
    }
    let poll = || connector.poll(Duration::from_secs(60)).unwrap().unwrap();
    let (first, second) = (poll(), poll());
    assert_eq!((first.kind(), second.kind()), (UpdateKind::Opened, UpdateKind::Opened));
    until(|| (connector.stats().unwrap().sent == 2).then_some(()));
    assert!(connector.poll(Duration::ZERO).unwrap().is_none(), "of each consumer one is out");
    connector.ack(&second).unwrap();
    let sent = poll();
    assert_eq!((sent.kind(), sent.consumer_id()), (UpdateKind::Sent, second.consumer_id()));
    connector.ack(&sent).unwrap();
    connector.nack(&first, Duration::ZERO).unwrap();
    let again = poll();
    assert_eq!((again.kind(), again.consumer_id()), (UpdateKind::Opened, first.consumer_id()));
    assert!(again.is_repeat() && !first.is_repeat());
    connector.nack(&first, Duration::MAX).unwrap();
    connector.ack(&again).unwrap();
    connector.ack(&again).unwrap();
    assert_eq!(poll().kind(), UpdateKind::Sent);
}

#[test]
fn what_was_not_acknowledged_comes_after_a_restart() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [("connector.store", &*store), LISTENS];
    let first = Connector::new(&scene.config(&options)).unwrap();
    tell(&scene, &first);
    first.submit_text("a", "Hi", Some("k")).unwrap();
    let sent = next(&first, UpdateKind::Sent);
    for n in 0..3 {
        let step = json!({ "say": n.to_string() });
        scene.sandbox.act_as_agent(&scene.account.id, sent.conversation_id(), &step);
    }
    until(|| (scene.sandbox.pending(&scene.account.id) == 0).then_some(()));
    assert_eq!(text(&first).1, "0");
    let out = first.poll(Duration::from_secs(60)).unwrap().unwrap();
    assert!(first.poll(Duration::ZERO).unwrap().is_none());
    first.release();
    assert_eq!(first.poll(Duration::MAX).unwrap_err().status(), lpconnector::Status::Closed);
    let second = Connector::new(&scene.config(&options)).unwrap();
    let again = second.poll(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(again.notification().map(|it| it.raw()), out.notification().map(|it| it.raw()));
    assert!(again.is_repeat());
    second.ack(&again).unwrap();
    assert_eq!(text(&second), ("a".to_owned(), "2".to_owned()));
    // It goes on in the same conversation.
    tell(&scene, &second);
    second.submit_text("a", "more", Some("more")).unwrap();
    assert_eq!(next(&second, UpdateKind::Sent).conversation_id(), sent.conversation_id());
}

#[test]
fn after_a_restart_nothing_waits_for_what_the_consumer_did_before() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    // What is missing in a dialog is waited for without end.
    let patient = ("receiver.order.wait.ms", "86400000");
    let options = [("connector.store", &*store), LISTENS, patient];
    let first = Connector::new(&scene.config(&options)).unwrap();
    tell(&scene, &first);
    first.submit_text("a", "Hi", Some("1")).unwrap();
    let sent = next(&first, UpdateKind::Sent);
    let say = |text: &str| {
        let step = json!({ "say": text });
        scene.sandbox.act_as_agent(&scene.account.id, sent.conversation_id(), &step);
    };
    say("one");
    first.submit_text("a", "Hi again", Some("2")).unwrap();
    until(|| (first.stats().unwrap().sent == 2).then_some(()));
    say("two");
    until(|| (scene.sandbox.pending(&scene.account.id) == 0).then_some(()));
    first.release();
    let second = Connector::new(&scene.config(&options)).unwrap();
    assert_eq!([text(&second).1, text(&second).1], ["one", "two"]);
}

#[test]
fn after_a_restart_nothing_waits_for_what_had_come_too_early() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [("connector.store", &*store), ("receiver.order.wait.ms", "86400000")];
    let first = Connector::new(&scene.config(&options)).unwrap();
    first.submit_text("a", "Hi", Some("1")).unwrap();
    let sent = next(&first, UpdateKind::Sent);
    let id = sent.conversation_id();
    let receive = |connector: &Connector, sequence: u64, role: &str| {
        let body = json!({ "type": "ms.MessagingEventNotification", "body": { "changes": [{
            "sequence": sequence, "conversationId": id, "dialogId": id,
            "originatorMetadata": { "id": role, "role": role },
            "event": { "type": "ContentEvent", "contentType": "text/plain",
                "message": sequence.to_string() } }] } });
        let body = body.to_string().into_bytes();
        let sha1 = Signature::Sha1Base64;
        connector.receive(&body, &scene.sandbox.sign(&scene.account.id, &body, sha1)).unwrap();
    };
    for (sequence, role) in [(1, "ASSIGNED_AGENT"), (2, "CONSUMER"), (3, "ASSIGNED_AGENT")] {
        receive(&first, sequence, role);
    }
    first.release();
    let second = Connector::new(&scene.config(&options)).unwrap();
    // Where the first one was killed before it acted on the echo, this is all that tells of the message.
    receive(&second, 2, "CONSUMER");
    assert_eq!(second.stats().unwrap().duplicates, 0);
    receive(&second, 3, "ASSIGNED_AGENT");
    assert_eq!(second.stats().unwrap().duplicates, 1);
    receive(&second, 0, "CONSUMER");
    assert_eq!([text(&second).1, text(&second).1], ["1", "3"]);
}

#[test]
fn a_survey_gets_what_the_consumer_says_while_it_runs() {
    let scene = Scene::with(&[("features", "MULTI_DIALOG")]);
    let (connector, _directory) = told(&scene, "sqlite", &[("features", "MULTI_DIALOG")]);
    connector.submit_text("a", "Hi", Some("1")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    let account = &scene.account.id;
    let dialog = scene.sandbox.open_survey(account, sent.conversation_id());
    until(|| (scene.sandbox.pending(account) == 0).then_some(()));
    connector.submit_text("a", "5", Some("2")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    assert_eq!((sent.dialog_id(), sent.key()), (&*dialog, Some("2")));
    assert_eq!(scene.sandbox.conversations(account).len(), 1);
}

/// A scene whose conversations are followed by a survey.
fn with_survey() -> Scene {
    let scene = Scene::with(&[("features", "MULTI_DIALOG")]);
    let survey = Survey::new(&json!([{"text": "How was it?"}])).unwrap();
    scene.sandbox.set_survey(&scene.account.id, Some(survey));
    scene
}

#[test]
fn a_survey_that_nobody_told_of_is_in_nobodys_way() {
    let scene = with_survey();
    // The service tells it nothing: it learns by a refusal that the main dialog is closed.
    let (connector, _directory) = connector(&scene, "sqlite", &[("features", "MULTI_DIALOG")]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    scene.sandbox.close_conversation(&scene.account.id, sent.conversation_id());
    connector.submit_text("a", "two", Some("2")).unwrap();
    let next = next(&connector, UpdateKind::Sent);
    assert_eq!(next.key(), Some("2"));
    assert_ne!(next.conversation_id(), sent.conversation_id());
    assert_eq!(scene.texts(), ["one", "How was it?", "two"]);
    // It is about the conversation before, as long as that is the last one.
    scene.sandbox.close_conversation(&scene.account.id, next.conversation_id());
    connector.submit("a", r#"{"ttr":"URGENT"}"#, None).unwrap();
    connector.submit("a", r#"{"rate":5,"resolved":true}"#, None).unwrap();
    until(|| {
        let conversations = scene.sandbox.conversations(&scene.account.id);
        conversations[1]["rating"].is_object().then_some(())
    });
}

#[test]
fn a_receipt_that_comes_too_late_ends_no_survey() {
    let scene = with_survey();
    let (connector, _directory) = told(&scene, "sqlite", &[("features", "MULTI_DIALOG")]);
    connector.submit_text("a", "Hi", Some("1")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    let (account, id) = (&scene.account.id, sent.conversation_id());
    scene.sandbox.act_as_agent(account, id, &json!({ "say": "Bye" }));
    scene.sandbox.close_conversation(account, id);
    until(|| (scene.sandbox.pending(account) == 0).then_some(()));
    assert_eq!([text(&connector).1, text(&connector).1], ["Bye", "How was it?"]);
    connector.submit_text("a", "5", Some("2")).unwrap();
    let answer = next(&connector, UpdateKind::Sent);
    assert_eq!((answer.conversation_id(), answer.key()), (id, Some("2")));
    assert_ne!(answer.dialog_id(), id);
    assert_eq!(next(&connector, UpdateKind::Closed).conversation_id(), id);
    connector.submit("a", r#"{"rate":5,"resolved":true}"#, Some("3")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).conversation_id(), id);
    let conversations = scene.sandbox.conversations(account);
    assert!(conversations.len() == 1 && conversations[0]["rating"].is_object());
}

#[test]
fn a_file_is_sent_although_its_path_is_gone() {
    let scene = Scene::new();
    for store in ["memory", "sqlite"] {
        let (connector, directory) = connector(&scene, store, &[]);
        let path = directory.path().join("a.png");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\nrest").unwrap();
        let action = json!({ "file": path.to_str(), "caption": "c", "open": {"skillId": "7"} });
        connector.submit(store, &action.to_string(), Some("f")).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("f"));
        let missing = connector.submit(store, &action.to_string(), None).unwrap_err();
        assert_eq!(missing.status(), lpconnector::Status::Io);
    }
    assert_eq!(scene.requests_on(Route::Storage).len(), 2);
}

#[test]
fn a_program_with_a_web_server_hands_in_what_it_got() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    assert_eq!(connector.url(), "");
    connector.submit_text("a", "Hi", Some("k")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    let id = sent.conversation_id();
    let change = |n: u64| {
        json!({ "sequence": n, "conversationId": id, "dialogId": id,
            "originatorMetadata": {"id": "x", "role": "ASSIGNED_AGENT"},
            "event": {"type": "ContentEvent", "contentType": "text/plain", "message": n.to_string()} })
    };
    let body = json!({ "type": "ms.MessagingEventNotification",
        "body": { "changes": [change(1), change(2)] } });
    let body = body.to_string().into_bytes();
    let signature = scene.sandbox.sign(&scene.account.id, &body, Signature::Sha1Base64);
    let refused = connector.receive(&body, "sha1=AAAA").unwrap_err();
    assert_eq!(refused.status(), lpconnector::Status::Signature);
    connector.receive(&body, &signature).unwrap();
    connector.receive(&body, &signature).unwrap();
    assert_eq!([text(&connector).1, text(&connector).1], ["1", "2"]);
    let stats = connector.stats().unwrap();
    assert_eq!((stats.received, stats.duplicates, stats.updates_waiting), (2, 2, 0));
}

#[test]
fn typing_is_told_at_once_or_not_at_all() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    let typing = r#"{"chatState":"COMPOSING"}"#;
    connector.submit("a", typing, None).unwrap();
    until(|| (connector.stats().unwrap().failed == 1).then_some(()));
    connector.submit("a", typing, Some("early")).unwrap();
    let failed = connector.poll(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!((failed.kind(), failed.key()), (UpdateKind::Failed, Some("early")));
    connector.ack(&failed).unwrap();
    assert!(scene.requests_on(Route::Conversation).is_empty(), "nothing is opened for that");
    connector.submit_text("a", "Hi", Some("k")).unwrap();
    next(&connector, UpdateKind::Sent);
    connector.submit("a", typing, Some("now")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("now"));
    // While the service wants nothing of anybody, it is too late afterwards.
    connector.submit_text("b", "Hi", Some("k")).unwrap();
    next(&connector, UpdateKind::Sent);
    let too_many = status_answer(429, &[("Retry-After", "3600")], "");
    scene.answer(Route::Send, too_many);
    connector.submit_text("b", "waits", None).unwrap();
    until(|| (connector.stats().unwrap().put_off == 1).then_some(()));
    connector.submit("a", typing, Some("late")).unwrap();
    let failed = connector.poll(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!((failed.kind(), failed.key()), (UpdateKind::Failed, Some("late")));
    connector.ack(&failed).unwrap();
    connector.submit("a", typing, None).unwrap();
    assert_eq!(connector.stats().unwrap().updates_waiting, 0);
}

/// What an agent said, as the service posts it, and its signature.
pub fn said(scene: &Scene, conversation: &str, sequence: u64) -> (Vec<u8>, String) {
    let body = json!({ "type": "ms.MessagingEventNotification", "body": { "changes": [{
        "sequence": sequence, "conversationId": conversation, "dialogId": conversation,
        "originatorMetadata": {"id": "x", "role": "ASSIGNED_AGENT"},
        "event": {"type": "ContentEvent", "contentType": "text/plain",
            "message": sequence.to_string()} }] } });
    let body = body.to_string().into_bytes();
    let signature = scene.sandbox.sign(&scene.account.id, &body, Signature::Sha1Base64);
    (body, signature)
}
