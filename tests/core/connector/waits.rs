//! What waits goes on in time, and in order.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Agent, Answer, Route, Script, Signature};
use lpconnector::{Connector, LogLevel, OpenOptions, Status, UpdateKind};

use crate::connector::connector;
use crate::connector::talks::{next, said, text, told};
use crate::scene::{Scene, status_answer, until};

/// In front of the service: requests arrive there, and its answers wait until it is opened.
struct Gate {
    url: String,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    fn before(scene: &Scene) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let open = Arc::<(Mutex<bool>, Condvar)>::default();
        let service = scene.sandbox.url().trim_start_matches("http://").to_owned();
        let is_open = open.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let service = TcpStream::connect(&service).unwrap();
                let (from, to) = (client.try_clone().unwrap(), service.try_clone().unwrap());
                std::thread::spawn(move || {
                    pass(from, to, &Arc::new((true.into(), Condvar::new())))
                });
                let is_open = is_open.clone();
                std::thread::spawn(move || pass(service, client, &is_open));
            }
        });
        Gate { url, open }
    }

    fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_open: &(Mutex<bool>, Condvar)) {
    let mut bytes = [0; 4096];
    while let Ok(1..) = from.peek(&mut bytes) {
        let open = is_open.0.lock().unwrap();
        drop(is_open.1.wait_while(open, |open| !*open).unwrap());
        let many = from.read(&mut bytes).unwrap_or(0);
        if to.write_all(&bytes[..many]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// The service tells of a text of an agent.
fn say(scene: &Scene, connector: &Connector, conversation: &str, sequence: u64) {
    let (body, signature) = said(scene, conversation, sequence);
    connector.receive(&body, &signature).unwrap();
}

/// The conversation that was opened and whose answer waits.
fn opened(scene: &Scene) -> String {
    until(|| {
        let all = scene.sandbox.conversations(&scene.account.id);
        all.first().map(|it| it["id"].as_str().expect("an id").to_owned())
    })
}

#[test]
fn a_conversation_that_is_found_while_it_is_asked_for_is_used() {
    let scene = Scene::new();
    let open = scene.client.consumer("a").unwrap().open(&OpenOptions::new()).unwrap();
    let gate = Gate::before(&scene);
    let (connector, _directory) = told(&scene, "sqlite", &[("domain.messaging", &gate.url)]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    until(|| (scene.requests_on(Route::Conversation).len() == 2).then_some(()));
    scene.sandbox.act_as_agent(&scene.account.id, open.id(), &json!({"join": true}));
    until(|| (connector.stats().unwrap().opened == 1).then_some(()));
    gate.open();
    let sent = next(&connector, UpdateKind::Sent);
    assert_eq!((sent.conversation_id(), sent.key()), (open.id(), Some("1")));
}

#[test]
fn where_the_conversation_ends_that_somebody_else_opened_another_is_opened() {
    let scene = Scene::new();
    let open = scene.client.consumer("a").unwrap().open(&OpenOptions::new()).unwrap();
    let (connector, _directory) = told(&scene, "sqlite", &[]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    until(|| (connector.stats().unwrap().put_off > 0).then_some(()));
    scene.sandbox.close_conversation(&scene.account.id, open.id());
    let sent = next(&connector, UpdateKind::Sent);
    assert_ne!(sent.conversation_id(), open.id());
    assert_eq!(scene.texts(), ["one"]);
}

#[test]
fn where_nobody_tells_that_it_ended_it_is_found_out() {
    let scene = Scene::new();
    let open = scene.client.consumer("a").unwrap().open(&OpenOptions::new()).unwrap();
    let (connector, _directory) = connector(&scene, "sqlite", &[("connector.pause.ms", "1")]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    until(|| (connector.stats().unwrap().put_off > 0).then_some(()));
    scene.sandbox.close_conversation(&scene.account.id, open.id());
    assert_ne!(next(&connector, UpdateKind::Sent).conversation_id(), open.id());
}

#[test]
fn an_account_that_closes_everything_at_once_is_not_flooded_with_conversations() {
    let scene = Scene::new();
    let script = json!([{"close": true}]);
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Script(Script::new(&script).unwrap())));
    let hour = [("connector.pause.ms", "3600000"), ("connector.pause.max.ms", "3600000")];
    let (connector, _directory) = connector(&scene, "sqlite", &hour);
    let event = json!({"type": "ContentEvent", "contentType": "text/plain", "message": "Hi"});
    let event = json!({ "event": event }).to_string();
    // Where the agent is too slow, the event is sent: then the next one tells.
    for n in 0.. {
        let before = connector.stats().unwrap();
        connector.submit(&format!("consumer {n}"), &event, None).unwrap();
        let is_sent = until(|| {
            let stats = connector.stats().unwrap();
            let is_sent = stats.sent > before.sent;
            (is_sent || stats.put_off >= before.put_off + 2).then_some(is_sent)
        });
        if !is_sent {
            break;
        }
    }
    let opened = connector.stats().unwrap().opened;
    while let Some(update) = connector.poll(Duration::from_secs(2)).unwrap() {
        connector.ack(&update).unwrap();
    }
    assert_eq!(connector.stats().unwrap().opened, opened, "another was opened");
}

#[test]
fn what_the_service_tells_before_it_answers_was_sent_once() {
    let scene = Scene::new();
    let gate = Gate::before(&scene);
    let (connector, _directory) = told(&scene, "sqlite", &[("domain.messaging", &gate.url)]);
    connector.submit_text("a", "one", Some("1")).unwrap();
    let sent = next(&connector, UpdateKind::Sent);
    assert_eq!((sent.attempts(), connector.stats().unwrap().settled_by_echo), (1, 1));
    gate.open();
}

#[test]
fn what_is_told_late_of_one_message_settles_no_other_with_the_same_id() {
    let scene = Scene::new();
    let (connector, _directory) =
        connector(&scene, "sqlite", &[("connector.echo.wait.ms", "60000")]);
    let metadata = json!([{ "type": "ExternalId", "id": "mine" }]);
    let submit = |text: &str| {
        let action = json!({ "text": text, "metadata": metadata }).to_string();
        connector.submit("a", &action, Some(text)).unwrap();
    };
    submit("one");
    let one = next(&connector, UpdateKind::Sent);
    scene.answer(Route::Send, Answer::Reset);
    submit("two");
    until(|| (connector.stats().unwrap().put_off == 1).then_some(()));
    for sequence in 0..2 {
        let lp_id = scene.client.consumer("a").unwrap().lp_id().unwrap().to_owned();
        let body = json!({ "type": "ms.MessagingEventNotification", "body": { "changes": [{
            "sequence": sequence, "conversationId": one.conversation_id(),
            "dialogId": one.conversation_id(), "metadata": metadata,
            "originatorMetadata": {"id": lp_id, "role": "CONSUMER"},
            "event": {"type": "ContentEvent", "contentType": "text/plain", "message": "…"} }] } });
        let body = body.to_string().into_bytes();
        let signature = scene.sandbox.sign(&scene.account.id, &body, Signature::Sha1Base64);
        connector.receive(&body, &signature).unwrap();
        assert_eq!(connector.stats().unwrap().settled_by_echo, sequence);
    }
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("two"));
}

#[test]
fn what_is_told_of_a_message_that_is_sent_again_lets_no_other_overtake_it() {
    let scene = Scene::new();
    let options = [("connector.echo.wait.ms", "1"), ("request.timeout.ms", "1000")];
    let (connector, _directory) = connector(&scene, "sqlite", &options);
    connector.submit_text("a", "Hi", Some("Hi")).unwrap();
    let hi = next(&connector, UpdateKind::Sent);
    scene.answer(Route::Send, Answer::Lose);
    scene.answer(Route::Send, Answer::Stall);
    let metadata = json!([{ "type": "ExternalId", "id": "mine" }]);
    let action = json!({ "text": "one", "metadata": metadata }).to_string();
    connector.submit("a", &action, Some("one")).unwrap();
    connector.submit_text("a", "two", Some("two")).unwrap();
    until(|| (scene.requests_on(Route::Send).len() == 2).then_some(()));
    let lp_id = scene.client.consumer("a").unwrap().lp_id().unwrap().to_owned();
    let body = json!({ "type": "ms.MessagingEventNotification", "body": { "changes": [{
        "sequence": 2, "conversationId": hi.conversation_id(), "dialogId": hi.conversation_id(),
        "metadata": metadata, "originatorMetadata": {"id": lp_id, "role": "CONSUMER"},
        "event": {"type": "ContentEvent", "contentType": "text/plain", "message": "one"} }] } });
    let body = body.to_string().into_bytes();
    let signature = scene.sandbox.sign(&scene.account.id, &body, Signature::Sha1Base64);
    connector.receive(&body, &signature).unwrap();
    for key in ["one", "two"] {
        let sent = next(&connector, UpdateKind::Sent);
        assert_eq!((sent.key(), sent.sequence().is_some()), (Some(key), true));
        let stats = connector.stats().unwrap();
        let ended = stats.client.operations.iter().find(|it| it.status == "TIMEOUT");
        assert_eq!((ended.map(|it| it.requests), stats.settled_by_echo), (Some(1), 1));
    }
    assert_eq!(scene.texts(), ["Hi", "one", "two"]);
}

#[test]
fn an_answer_that_never_comes_takes_no_other_messages_word_away() {
    let scene = Scene::new();
    let gate = Gate::before(&scene);
    let options = [
        ("connector.echo.wait.ms", "1"),
        ("connector.workers", "4"),
        ("domain.messaging", &*gate.url),
        ("request.timeout.ms", "3000"),
    ];
    let (connector, _directory) = told(&scene, "sqlite", &options);
    connector.submit_text("a", "one", Some("one")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("one"));
    // The opening still waits for its answer when this one is sent again.
    scene.answer(Route::Send, Answer::Reset);
    connector.submit_text("a", "two", Some("two")).unwrap();
    connector.submit_text("a", "three", Some("three")).unwrap();
    for key in ["two", "three"] {
        assert_eq!(next(&connector, UpdateKind::Sent).key(), Some(key));
    }
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[test]
fn the_answer_to_an_opening_says_where_the_consumer_is() {
    let scene = Scene::new();
    let gate = Gate::before(&scene);
    let (connector, _directory) = connector(&scene, "sqlite", &[("domain.messaging", &gate.url)]);
    connector.submit_text("a", "Hi", Some("1")).unwrap();
    let id = opened(&scene);
    // Of another channel's conversation, which is over by now: it comes late.
    let lp_id = scene.client.consumer("a").unwrap().lp_id().unwrap().to_owned();
    let body = json!({ "type": "cqm.ExConversationChangeNotification", "body": { "changes": [{
        "type": "UPSERT", "result": { "convId": "another", "conversationDetails": {
            "state": "OPEN", "stage": "OPEN",
            "participants": [{ "id": lp_id, "role": "CONSUMER" }],
            "dialogs": [{ "dialogId": "another", "dialogType": "MAIN", "state": "OPEN" }] } } }] } });
    let body = body.to_string().into_bytes();
    let signature = scene.sandbox.sign(&scene.account.id, &body, Signature::Sha1Base64);
    connector.receive(&body, &signature).unwrap();
    assert_eq!(next(&connector, UpdateKind::Opened).conversation_id(), "another");
    gate.open();
    assert_eq!(next(&connector, UpdateKind::Sent).conversation_id(), id);
    say(&scene, &connector, &id, 0);
    assert_eq!(text(&connector), ("a".to_owned(), "0".to_owned()));
    connector.submit_text("a", "two", Some("2")).unwrap();
    assert_eq!(next(&connector, UpdateKind::Sent).conversation_id(), id);
}

#[test]
fn what_comes_before_the_answer_that_names_its_conversation_comes_first() {
    for foreign in ["false", "true"] {
        let scene = Scene::new();
        let gate = Gate::before(&scene);
        let options = [("domain.messaging", &*gate.url), ("connector.foreign", foreign)];
        let (connector, _directory) = connector(&scene, "sqlite", &options);
        connector.submit_text("a", "Hi", Some("1")).unwrap();
        let id = opened(&scene);
        say(&scene, &connector, &id, 0);
        gate.open();
        until(|| (connector.stats().unwrap().sent == 1).then_some(()));
        say(&scene, &connector, &id, 1);
        for n in 0..2 {
            assert_eq!(text(&connector), ("a".to_owned(), n.to_string()), "foreign={foreign}");
        }
    }
}

#[test]
fn what_comes_long_before_that_answer_comes_too() {
    let scene = Scene::new();
    let gate = Gate::before(&scene);
    let (connector, _directory) = connector(&scene, "sqlite", &[("domain.messaging", &gate.url)]);
    connector.submit_text("a", "Hi", Some("1")).unwrap();
    let id = opened(&scene);
    say(&scene, &connector, &id, 0);
    assert!(connector.poll(Duration::from_secs(7)).unwrap().is_none());
    gate.open();
    assert_eq!(text(&connector), ("a".to_owned(), "0".to_owned()));
}

#[test]
fn what_becomes_due_while_all_workers_wait_goes_out() {
    for store in ["memory", "sqlite"] {
        let scene = Scene::new();
        let (connector, _directory) = connector(&scene, store, &[("connector.workers", "1")]);
        for consumer in ["a", "b"] {
            connector.submit_text(consumer, "Hi", Some("Hi")).unwrap();
            next(&connector, UpdateKind::Sent);
        }
        scene.answer_with(Route::Send, 503, "");
        connector.submit_text("a", "later", Some("later")).unwrap();
        until(|| (connector.stats().unwrap().put_off == 1).then_some(()));
        scene.answer(Route::Send, Answer::Stall);
        connector.submit_text("b", "stalls", Some("stalls")).unwrap();
        assert_eq!(next(&connector, UpdateKind::Sent).key(), Some("later"));
        assert_eq!(connector.stats().unwrap().put_off, 1, "the other one is still under way");
    }
}

#[test]
fn a_pause_lasts_no_longer_than_anything_is_tried() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[("connector.give.up.ms", "500")]);
    let too_many = status_answer(429, &[("Retry-After", "3600")], "");
    scene.answer(Route::Conversation, too_many);
    connector.submit_text("a", "Hi", Some("k")).unwrap();
    let failed = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
    assert_eq!((failed.kind(), failed.key()), (UpdateKind::Failed, Some("k")));
}

#[test]
fn the_same_key_again_needs_no_file() {
    let scene = Scene::new();
    let (connector, directory) = connector(&scene, "sqlite", &[]);
    let path = directory.path().join("a.png");
    std::fs::write(&path, b"\x89PNG\r\n\x1a\nrest").unwrap();
    let action = json!({ "file": path.to_str() }).to_string();
    connector.submit("a", &action, Some("f")).unwrap();
    std::fs::remove_file(&path).unwrap();
    connector.submit("a", &action, Some("f")).unwrap();
}

#[test]
fn what_c_could_not_be_told_is_refused() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    for (consumer, key) in [("\0a", "k"), ("a\0b", "k"), ("a", "k\0")] {
        let refused = connector.submit_text(consumer, "Hi", Some(key)).unwrap_err();
        assert_eq!(refused.status(), Status::InvalidArgument, "{consumer:?} {key:?}");
    }
}

#[test]
fn what_was_sent_away_here_and_there_is_waited_for_together() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    connector.submit_text("a", "Hi", Some("1")).unwrap();
    let id = next(&connector, UpdateKind::Sent).conversation_id().to_owned();
    let came: Vec<u64> = (0..40).filter(|n| n % 2 == 1).collect();
    came.iter().for_each(|n| say(&scene, &connector, &id, *n));
    // A poll is shorter than the wait for one that is missing (receiver.order.wait.ms).
    let (mut given, mut in_vain) = (Vec::new(), 0);
    while given.len() < came.len() {
        let Some(update) = connector.poll(Duration::from_millis(500)).unwrap() else {
            in_vain += 1;
            continue;
        };
        connector.ack(&update).unwrap();
        given.extend(update.sequence().map(|it| it as u64));
    }
    assert_eq!(given, came);
    assert!(in_vain < 5, "{in_vain}");
    assert_eq!(connector.stats().unwrap().updates_waiting, 0);
}

#[test]
fn who_runs_it_is_told_once_what_to_do_about_a_conversation_that_is_not_known() {
    let scene = Scene::new();
    let open = scene.client.consumer("a").unwrap().open(&OpenOptions::new()).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let options = [("connector.store", "memory"), ("connector.pause.ms", "1")];
    let mut config = scene.config(&[&options[..], &[("receiver.listen", "127.0.0.1:0")]].concat());
    config.set_log(LogLevel::Warn, move |_, line: &str| sink.lock().unwrap().push(line.to_owned()));
    let connector = Connector::new(&config).unwrap();
    crate::connector::talks::tell(&scene, &connector);
    connector.submit_text("a", "one", Some("1")).unwrap();
    until(|| (connector.stats().unwrap().put_off >= 3).then_some(()));
    // As it says.
    scene.sandbox.act_as_agent(&scene.account.id, open.id(), &json!({"join": true}));
    assert_eq!(next(&connector, UpdateKind::Sent).conversation_id(), open.id());
    let lines = lines.lock().unwrap();
    let told = lines.iter().filter(|line| line.contains("until an agent does something in it"));
    assert_eq!(told.count(), 1, "{lines:?}");
}
