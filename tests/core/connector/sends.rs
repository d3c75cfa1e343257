//! What is submitted goes out.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use lpc_sandbox::{Answer, Route};
use lpconnector::{Connector, LogLevel, Status, Update, UpdateKind};

use tempfile::TempDir;

use crate::connector::connector;
use crate::scene::{Scene, status_answer, until};

fn next(connector: &Connector) -> Update {
    connector.poll(Duration::from_secs(60)).unwrap().expect("an update")
}

/// The next one, acknowledged.
fn acked(connector: &Connector) -> Update {
    let update = next(connector);
    connector.ack(&update).unwrap();
    update
}

#[test]
fn texts_of_a_consumer_go_out_in_order_in_one_conversation() {
    for store in ["memory", "sqlite"] {
        let scene = Scene::new();
        let (connector, _directory) = connector(&scene, store, &[]);
        let texts: Vec<String> = (0..20).map(|n| format!("text {n}")).collect();
        for (n, text) in texts.iter().enumerate() {
            connector.submit_text("+49151", text, Some(&format!("k{n}"))).unwrap();
        }
        let opened = acked(&connector);
        assert_eq!((opened.kind(), opened.consumer_id()), (UpdateKind::Opened, "+49151"));
        for n in 0..20 {
            let sent = acked(&connector);
            assert_eq!(sent.kind(), UpdateKind::Sent, "{sent:?} {:?}", sent.error());
            assert_eq!(sent.key(), Some(&*format!("k{n}")));
            assert_eq!(sent.conversation_id(), opened.conversation_id());
            assert!(!sent.is_repeat() && sent.attempts() == 1);
            assert_eq!(sent.sequence(), Some(n));
        }
        assert_eq!(scene.texts(), texts);
        let stats = connector.stats().unwrap();
        assert_eq!((stats.submitted, stats.sent, stats.opened, stats.waiting), (20, 20, 1, 0));
        assert_eq!((stats.updates_waiting, stats.acknowledged), (0, 21));
        // The first text goes out in the round trip that opens the conversation.
        assert_eq!(scene.sandbox.conversations(&scene.account.id).len(), 1);
        assert_eq!(scene.requests_on(Route::Send).len(), 19);
    }
}

#[test]
fn the_same_key_again_is_not_sent_twice() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    connector.submit_text("a", "once", Some("k")).unwrap();
    connector.submit_text("a", "once", Some("k")).unwrap();
    connector.submit_text("b", "another's", Some("k")).unwrap();
    connector.submit_text("a", "last", Some("last")).unwrap();
    let stats = until(|| Some(connector.stats().unwrap()).filter(|stats| stats.sent == 3));
    assert_eq!((stats.submitted, stats.repeated_keys), (3, 1));
    let mut texts = scene.texts();
    texts.sort();
    assert_eq!(texts, ["another's", "last", "once"]);
}

#[test]
fn what_was_not_sent_goes_out_after_a_restart() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [("connector.store", &*store), ("domain.messaging", "http://127.0.0.1:1")];
    let first = Connector::new(&scene.config(&options)).unwrap();
    for n in 0..5 {
        first.submit_text("a", &n.to_string(), Some(&n.to_string())).unwrap();
    }
    until(|| (first.stats().unwrap().put_off > 0).then_some(()));
    let busy = Connector::new(&scene.config(&options)).unwrap_err();
    assert!(busy.message().contains("another connector uses the file"), "{busy}");
    first.release();
    assert!(scene.texts().is_empty());

    let again = Connector::new(&scene.config(&[("connector.store", &store)])).unwrap();
    assert_eq!(acked(&again).kind(), UpdateKind::Opened);
    for n in 0..5 {
        let sent = acked(&again);
        assert_eq!((sent.kind(), sent.key()), (UpdateKind::Sent, Some(&*n.to_string())));
    }
    assert_eq!(scene.texts(), ["0", "1", "2", "3", "4"]);
    // The key is known again.
    again.submit_text("a", "4", Some("4")).unwrap();
    assert_eq!(again.stats().unwrap().repeated_keys, 1);
}

#[test]
fn an_attempt_that_is_made_again_is_no_error_in_the_log() {
    let scene = Scene::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let mut config = scene.config(&[("connector.store", "memory"), ("connector.pause.ms", "1")]);
    config.set_log(LogLevel::Warn, move |level, line: &str| {
        sink.lock().unwrap().push((level, line.to_owned()));
    });
    let connector = Connector::new(&config).unwrap();
    scene.answer_with(Route::Conversation, 503, "");
    connector.submit_text("a", "Hi", None).unwrap();
    until(|| (connector.stats().unwrap().sent == 1).then_some(()));
    scene.answer_with(Route::Send, 400, "no");
    connector.submit_text("a", "refused", Some("k-1")).unwrap();
    until(|| (connector.stats().unwrap().failed == 1).then_some(()));
    let failed = std::iter::from_fn(|| Some(acked(&connector)))
        .find(|update| update.kind() == UpdateKind::Failed)
        .unwrap();
    let lines = lines.lock().unwrap();
    let errors: Vec<_> = lines.iter().filter(|(level, _)| *level == LogLevel::Error).collect();
    assert_eq!(errors.len(), 1, "{lines:?}");
    assert!(errors[0].1.starts_with("connector: an action failed: "), "{lines:?}");
    let (request, talk) = (failed.error().unwrap().request_id(), failed.conversation_id());
    let ids = format!(" [request {request}, conversation {talk}, key k-1]");
    assert!(errors[0].1.ends_with(&ids), "{lines:?}");
    assert!(lines.len() >= 3, "{lines:?}");
}

#[test]
fn who_fetches_no_updates_is_told_so() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[("connector.queue.max", "2")]);
    for consumer in ["a", "b"] {
        until(|| connector.submit_text(consumer, "Hi", None).ok());
        until(|| (connector.stats().unwrap().waiting == 0).then_some(()));
    }
    until(|| (connector.stats().unwrap().updates_waiting == 2).then_some(()));
    let full = connector.submit_text("c", "Hi", None).unwrap_err();
    assert_eq!((full.status(), full.is_retryable()), (Status::Full, true));
    assert!(full.message().contains("updates wait"), "{full}");
    acked(&connector);
    connector.submit_text("c", "Hi", None).unwrap();
}

#[test]
fn what_is_refused_is_told_and_blocks_nobody() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    connector.submit_text("a", "first", None).unwrap();
    until(|| (connector.stats().unwrap().sent == 1).then_some(()));
    scene.answer_with(Route::Send, 400, r#"{"body":{"msg":"no"}}"#);
    connector.submit_text("a", "refused", Some("bad")).unwrap();
    connector.submit_text("a", "next", Some("good")).unwrap();
    assert_eq!(acked(&connector).kind(), UpdateKind::Opened);
    let failed = acked(&connector);
    assert_eq!((failed.kind(), failed.key()), (UpdateKind::Failed, Some("bad")));
    let error = failed.error().unwrap();
    assert_eq!((error.status(), error.http_status()), (lpconnector::Status::Rejected, 400));
    assert_eq!(acked(&connector).key(), Some("good"));
    assert_eq!(scene.texts(), ["first", "next"]);
}

#[test]
fn a_programs_own_accept_status_that_is_not_sent_is_told() {
    let scene = Scene::new();
    let (connector, _directory) = connector(&scene, "sqlite", &[]);
    // As a receipt of the connector's own is written.
    let read = r#"{"acceptStatus":"READ","dialogId":"d","sequences":[1]}"#;
    for json in [read.to_owned(), format!(" {read}")] {
        connector.submit("a", &json, None).unwrap();
        assert_eq!(acked(&connector).kind(), UpdateKind::Failed);
    }
    assert_eq!(connector.stats().unwrap().failed, 2);
}

#[test]
fn what_was_sent_last_is_told_before_polls_end() {
    for store in ["memory", "sqlite"] {
        let scene = Scene::new();
        for n in 0..5 {
            let (connector, _directory) = connector(&scene, store, &[]);
            connector.submit_text(&format!("{store} {n}"), "Hi", Some("k")).unwrap();
            connector.shutdown(Duration::MAX);
            assert_eq!(acked(&connector).kind(), UpdateKind::Opened);
            assert_eq!(acked(&connector).kind(), UpdateKind::Sent);
            assert_eq!(connector.poll(Duration::MAX).unwrap_err().status(), Status::Closed);
        }
    }
}

/// A store with what is in the file now.
fn as_after_a_kill(directory: &TempDir) -> String {
    let killed = directory.path().join("killed.db");
    std::fs::copy(directory.path().join("queue.db"), &killed).unwrap();
    let beside = directory.path().join("queue.db-wal");
    std::fs::copy(beside, directory.path().join("killed.db-wal")).unwrap();
    format!("sqlite:{}", killed.display())
}

#[test]
fn what_may_go_out_twice_waits_for_nobodys_word_after_a_kill() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [("connector.store", &*store), ("connector.echo.wait.ms", "3600000")];
    let first = Connector::new(&scene.config(&options)).unwrap();
    first.submit_text("a", "Hi", Some("first")).unwrap();
    while acked(&first).kind() != UpdateKind::Sent {}
    scene.answer(Route::Send, Answer::Stall);
    let before = scene.requests_on(Route::Send).len();
    first.submit("a", r#"{"acceptStatus": "READ", "sequences": [0]}"#, None).unwrap();
    until(|| (scene.requests_on(Route::Send).len() > before).then_some(()));
    let killed = as_after_a_kill(&directory);
    first.release();
    let options = [("connector.store", &*killed), options[1]];
    let second = Connector::new(&scene.config(&options)).unwrap();
    second.submit_text("a", "behind it", Some("second")).unwrap();
    while acked(&second).key() != Some("second") {}
    assert_eq!(scene.texts(), ["Hi", "behind it"]);
}

#[test]
fn what_never_went_out_is_no_doubt_to_the_next_process() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [
        ("connector.store", &*store),
        ("connector.ambiguous", "fail"),
        ("connector.echo.wait.ms", "1"),
    ];
    let first = Connector::new(&scene.config(&options)).unwrap();
    let too_many = status_answer(429, &[("Retry-After", "3600")], "");
    scene.answer(Route::Conversation, too_many);
    first.submit_text("a", "refused", Some("refused")).unwrap();
    until(|| (first.stats().unwrap().put_off == 1).then_some(()));
    // Now nothing is sent for anybody.
    first.submit_text("b", "waits", Some("waits")).unwrap();
    assert!(scene.texts().is_empty());
    let killed = as_after_a_kill(&directory);
    first.release();
    let second =
        Connector::new(&scene.config(&[&options[1..], &[("connector.store", &*killed)]].concat()));
    let second = second.unwrap();
    let mut keys = Vec::new();
    while keys.len() < 2 {
        let update = acked(&second);
        assert_ne!(update.kind(), UpdateKind::Failed, "{:?} {:?}", update.key(), update.error());
        keys.extend(update.key().map(str::to_owned));
    }
}

#[test]
fn what_waited_for_a_worker_when_it_ended_in_order_goes_out() {
    let scene = Scene::new();
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [
        ("connector.store", &*store),
        ("connector.ambiguous", "fail"),
        ("connector.echo.wait.ms", "1"),
        ("connector.workers", "1"),
    ];
    let first = Connector::new(&scene.config(&options)).unwrap();
    for n in 1..=8 {
        scene.answer(Route::Conversation, Answer::Stall);
        first.submit_text(&format!("stalls {n}"), "Hi", Some("k")).unwrap();
        until(|| (scene.requests_on(Route::Conversation).len() == n).then_some(()));
    }
    first.submit_text("waits", "Hi", Some("k")).unwrap();
    first.release();
    let second = Connector::new(&scene.config(&options)).unwrap();
    let of_it =
        std::iter::from_fn(|| Some(acked(&second))).filter(|it| it.consumer_id() == "waits");
    let kinds: Vec<_> = of_it.map(|it| it.kind()).take(2).collect();
    assert_eq!(kinds, [UpdateKind::Opened, UpdateKind::Sent]);
}

#[test]
fn who_releases_a_connector_that_another_thread_shuts_down_waits_for_its_threads() {
    let scene = Scene::new();
    let (enters, entered) = mpsc::channel();
    let ends = Arc::new(AtomicBool::new(false));
    let (is_released, has_ended) = (Arc::new(AtomicBool::new(false)), ends.clone());
    let releases = is_released.clone();
    let mut config = scene.config(&[
        ("connector.store", "memory"),
        ("connector.give.up.ms", "1"),
        ("domain.messaging", "http://127.0.0.1:1"),
    ]);
    config.set_log(LogLevel::Error, move |_, _| {
        let _ = enters.send(());
        until(|| releases.load(SeqCst).then_some(()));
        (0..100_000).for_each(|_| std::thread::yield_now());
        has_ended.store(true, SeqCst);
    });
    let connector = Connector::new(&config).unwrap();
    connector.submit_text("a", "fails", None).unwrap();
    entered.recv().unwrap();
    let other = connector.clone();
    let shuts_down = std::thread::spawn(move || other.shutdown(Duration::ZERO));
    // The other one has begun when nothing is taken any more.
    until(|| connector.submit_text("a", "more", None).err());
    is_released.store(true, SeqCst);
    connector.release();
    assert!(ends.load(SeqCst), "a log function still runs");
    shuts_down.join().unwrap();
}
