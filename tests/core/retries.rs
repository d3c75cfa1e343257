//! What is tried again, how often, and what is not.

use lpc_sandbox::{Answer, Route};
use lpconnector::{Attachment, Client, Conversation, CsatStatus, Error, Response, Status};
use serde_json::json;

use crate::scene::{Scene, json as body_of, status_answer, until};

/// Four attempts with next to no wait between them.
const QUICK: [(&str, &str); 3] =
    [("retry.max.attempts", "4"), ("retry.backoff.ms", "1"), ("rate.limit.backoff.ms", "1")];

fn quick(more: &[(&str, &str)]) -> Scene {
    Scene::with(&[&QUICK, more].concat())
}

fn fail_each(scene: &Scene, route: Route, answers: &[Answer]) {
    for answer in answers {
        scene.answer(route, answer.clone());
    }
}

fn status(status: u16) -> Answer {
    status_answer(status, &[], "no")
}

#[test]
fn a_5xx_is_tried_again_with_the_same_request() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    fail_each(&scene, Route::Send, &[status(500), status(502), status(503)]);
    let response = conversation.send_text("x").unwrap();
    assert_eq!(response.attempts(), 4);
    let sent = scene.requests_on(Route::Send);
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|request| request.body == sent[0].body));
    assert_eq!(scene.texts(), ["x"]);

    fail_each(&scene, Route::Send, &[status(500), status(501), status(504), status(599)]);
    let error = conversation.send_text("y").unwrap_err();
    assert_eq!((error.status(), error.http_status(), error.attempts()), (Status::Server, 599, 4));
    let stats = scene.client.stats();
    assert_eq!((stats.retries, stats.failures), (6, 1));
    assert_eq!(stats.requests, scene.requests().len() as u64);
}

#[test]
fn a_conversation_that_is_closed_stays_so() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    for says in ["Bad Request, Conversation is close", r#"{"code":500,"body":"dialog was closed"}"#]
    {
        scene.answer_with(Route::Send, 500, says);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::Closed, 1));
        assert!(!error.is_retryable() && !error.maybe_delivered());
    }
    assert_eq!(scene.client.stats().retries, 0);
    conversation.send_text("it is not for the handle to say").unwrap();
}

#[test]
fn the_default_policy_is_the_vendors() {
    // Each wait can be seen without waiting: the call's time is too short for it.
    for (attempts, backoff, timeout) in [
        (1, "", "4999"),
        (2, "1,10000", "9999"),
        (3, "1,1,15000", "14999"),
        (4, "1,1,1,15000", "14999"),
    ] {
        let scene = Scene::with(&[
            ("retry.max.attempts", ""),
            ("retry.backoff.ms", backoff),
            ("call.timeout.ms", timeout),
        ]);
        let conversation = scene.conversation();
        fail_each(&scene, Route::Send, &[status(503), status(503), status(503), status(503)]);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::Server, attempts));
        assert_eq!(scene.requests_on(Route::Send).len(), attempts as usize);
    }
    let defaults = lpconnector::Config::new();
    assert_eq!(defaults.get("retry.backoff.ms"), Some("5000,10000,15000"));
    assert_eq!(defaults.get("retry.max.attempts"), Some("4"));
}

#[test]
fn other_refusals_are_not_tried_again() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    for http in [400, 403, 404, 408, 413, 422] {
        scene.answer(Route::Send, status(http));
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::Rejected, 1), "{http}");
    }
    for redirect in [301, 307] {
        scene.answer(Route::Send, status(redirect));
        assert_eq!(conversation.send_text("x").unwrap_err().attempts(), 1);
    }
    // Nor what is no answer of the protocol.
    scene.answer(Route::Send, status(200));
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Protocol, 1));
}

#[test]
fn a_connection_that_cannot_be_made_is_tried_again() {
    let scene = quick(&[("domain.messaging", "http://127.0.0.1:1")]);
    let error = scene.open().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Connect, 4));
    assert!(!error.maybe_delivered());
}

#[test]
fn tls_failures_are_not_tried_again() {
    let scene = Scene::over_tls(&[&QUICK[..], &[("tls.ca.file", "")]].concat());
    let error = scene.open().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Tls, 1), "{error}");
}

#[test]
fn a_message_whose_answer_was_lost_is_reported_and_not_repeated() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    for answer in [Answer::Lose, Answer::Cut, Answer::Reset] {
        scene.answer(Route::Send, answer);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::Connect, 1));
        assert!(error.maybe_delivered() && error.is_retryable());
    }
    assert_eq!(scene.requests_on(Route::Send).len(), 3);

    scene.answer(Route::Conversation, Answer::Lose);
    let error = scene.open().unwrap_err();
    assert!(error.maybe_delivered() && error.attempts() == 1);
}

#[test]
fn it_is_repeated_with_the_same_id_where_the_caller_wants_that() {
    let scene = quick(&[("retry.ambiguous", "true")]);
    let conversation = scene.conversation();
    scene.answer(Route::Send, Answer::Lose);
    let response = conversation.send_text("x").unwrap();
    // The service took it twice.
    assert_eq!((response.attempts(), response.sequence()), (2, Some(1)));
    let sent = scene.requests_on(Route::Send);
    assert_eq!(body_of(&sent[0])["id"], body_of(&sent[1])["id"]);

    // Of an opening that took effect, the repetition finds the conversation open.
    let consumer = scene.client.consumer("another").unwrap();
    scene.answer(Route::Conversation, Answer::Lose);
    let error = consumer.open(&Default::default()).unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::AlreadyOpen, 2));
    assert!(error.maybe_delivered() && !error.request_id().is_empty());

    // Once it may have been delivered, a refusal of its repetition does not undo that.
    fail_each(&scene, Route::Send, &[Answer::Lose, status(400)]);
    let error = conversation.send_text("y").unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Rejected, 2));
    assert!(error.maybe_delivered());
}

#[test]
fn what_changes_nothing_when_repeated_is_repeated() {
    let scene = quick(&[]);
    for route in [Route::Domain, Route::Token, Route::Consumer] {
        scene.answer(route, Answer::Lose);
    }
    let conversation = scene.conversation();
    let png = Attachment::from_bytes(b"\x89PNG\r\n\x1a\nx", "PNG");
    for route in [Route::Send, Route::Storage] {
        scene.answer(route, Answer::Lose);
        conversation.send_file(&png).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = scene.sandbox.put_file(&scene.account.id, "a.png", *b"\x89PNG\r\n\x1a\ny");
    for route in [Route::Send, Route::Storage] {
        scene.answer(route, Answer::Lose);
        conversation.download_file(&path, &directory.path().join("a.png")).unwrap();
    }
    scene.answer(Route::Send, Answer::Lose);
    conversation.rate(5, true, lpconnector::CsatStatus::Filled).unwrap();
    scene.answer(Route::Send, Answer::Lose);
    assert_eq!(conversation.close().unwrap().attempts(), 2);
    assert_eq!(scene.client.stats().failures, 0);
}

/// Every shape in which the service refuses what is closed already.
fn closed_already() -> Vec<Answer> {
    let says = "Conversation is closed";
    let message =
        |code: &str, body: &str| format!(r#"{{"kind":"resp","code":{code},"body":{body}}}"#);
    let plain = format!(r#""{says}""#);
    let titled = format!(r#"{{"title":"Bad Request","details":"{says}","errorCode":4}}"#);
    let mut answers = vec![status_answer(400, &[], says)];
    for status in [200, 202, 400, 404, 409, 410, 500] {
        for body in [&plain, &titled] {
            let answer = message("\"BAD_REQUEST\"", body);
            answers.push(status_answer(status, &[], &answer));
            answers.push(status_answer(status, &[], &format!("[{answer}]")));
            answers.push(status_answer(status, &[], &message("500", body)));
        }
    }
    answers
}

#[test]
fn a_close_whose_answer_was_lost_is_done_where_its_repeat_finds_it_done() {
    type Close = fn(&Conversation) -> Result<Response, Error>;
    let ways: [(&str, Close); 3] = [
        ("close", |conversation| conversation.close()),
        ("close_stage", |conversation| conversation.close_stage()),
        ("close_dialog", |conversation| conversation.close_dialog(conversation.dialog_id())),
    ];
    let scene = quick(&[]);
    for (name, close) in ways {
        for refusal in closed_already() {
            let conversation = scene.another_conversation();
            fail_each(&scene, Route::Send, &[Answer::Lose, refusal.clone()]);
            let shown = format!("{name} {refusal:?}");
            let done = close(&conversation).expect(&shown);
            assert_eq!((done.code(), done.attempts(), done.sequence()), ("OK", 2, None), "{shown}");
            assert_eq!(done.body(), "null");
            let Answer::Status { status, body, .. } = refusal else { unreachable!() };
            assert_eq!((done.http_status(), done.raw()), (status, &body[..]), "{shown}");
            // The handle knows: nothing more goes out.
            let sent = scene.requests_on(Route::Send).len();
            assert_eq!(done.request_id(), body_of(&scene.requests_on(Route::Send)[sent - 1])["id"]);
            assert_eq!(conversation.send_text("x").unwrap_err().status(), Status::Closed);
            assert_eq!(scene.requests_on(Route::Send).len(), sent);
        }
    }
    assert_eq!(scene.client.stats().failures, 0);
}

#[test]
fn a_close_that_is_refused_at_once_was_not_done_by_this_call() {
    let scene = quick(&[]);
    for refusal in closed_already() {
        let conversation = scene.another_conversation();
        scene.answer(Route::Send, refusal.clone());
        let error = conversation.close().expect_err(&format!("{refusal:?}"));
        assert_eq!((error.status(), error.maybe_delivered()), (Status::Closed, false));
        // Closed is closed, whoever did it.
        assert_eq!(conversation.send_text("x").unwrap_err().http_status(), 0);
    }
    // What does not say that it is closed is a refusal still.
    let conversation = scene.another_conversation();
    fail_each(&scene, Route::Send, &[Answer::Lose, status(400)]);
    let error = conversation.close().unwrap_err();
    assert!(error.status() == Status::Rejected && error.maybe_delivered());
    conversation.send_text("x").unwrap_err();
    // Nor is a rating done because the conversation is closed.
    let conversation = scene.another_conversation();
    let closed = closed_already().remove(0);
    fail_each(&scene, Route::Send, &[Answer::Lose, closed]);
    let error = conversation.rate(5, true, CsatStatus::Filled).unwrap_err();
    assert!(error.status() == Status::Closed && error.maybe_delivered());
}

#[test]
fn a_close_of_another_dialog_leaves_the_handle_open() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    let survey = scene.sandbox.open_survey(&scene.account.id, conversation.id());
    fail_each(&scene, Route::Send, &[Answer::Lose, closed_already().remove(0)]);
    assert_eq!(conversation.close_dialog(&survey).unwrap().attempts(), 2);
    // Its own dialog ended with the beginning of the survey: it is the service that says so.
    assert_eq!(conversation.send_text("x").unwrap_err().http_status(), 400);
}

#[test]
fn a_text_whose_answer_was_lost_stays_uncertain_where_the_conversation_is_closed_now() {
    let scene = quick(&[("retry.ambiguous", "true")]);
    for refusal in closed_already() {
        let conversation = scene.another_conversation();
        fail_each(&scene, Route::Send, &[Answer::Lose, refusal.clone()]);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::Closed, 2), "{refusal:?}");
        assert!(error.maybe_delivered() && !error.request_id().is_empty(), "{refusal:?}");
    }
}

#[test]
fn an_opening_whose_answer_was_lost_stays_uncertain_where_its_repeat_finds_one_open() {
    let scene = quick(&[("retry.ambiguous", "true")]);
    let says = "User x already has open conversation c-1";
    let item = json!({"code": "BAD_REQUEST", "body": {"msg": says}});
    let fine = json!({"code": "OK", "body": {}});
    for (status, body) in [
        (400, json!({"code": "BAD_REQUEST", "body": says})),
        (400, item.clone()),
        (200, json!([fine, item])),
        (400, json!([fine, item])),
        (409, json!({"message": says})),
        (500, json!({"error": {"message": says}})),
    ] {
        let consumer = scene.client.consumer(&format!("{status} {body}")).unwrap();
        let refusal = status_answer(status, &[], &body.to_string());
        fail_each(&scene, Route::Conversation, &[Answer::Lose, refusal]);
        let error = consumer.open(&Default::default()).unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::AlreadyOpen, 2), "{status} {body}");
        assert!(error.maybe_delivered() && !error.request_id().is_empty(), "{status} {body}");
    }
}

#[test]
fn a_close_that_stays_unanswered_may_have_happened() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    fail_each(&scene, Route::Send, &[Answer::Lose, Answer::Lose, Answer::Lose, Answer::Lose]);
    let error = conversation.close().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Connect, 4));
    assert!(error.maybe_delivered());
}

fn limited(scene: &Scene, route: Route, headers: &[(&str, &str)]) {
    scene.answer(route, status_answer(429, headers, ""));
}

#[test]
fn a_429_is_tried_again_after_a_pause() {
    let scene = quick(&[]);
    let conversation = scene.conversation();
    for _ in 0..3 {
        limited(&scene, Route::Send, &[]);
    }
    assert_eq!(conversation.send_text("x").unwrap().attempts(), 4);
    limited(&scene, Route::Send, &[("Retry-After", "0")]);
    assert_eq!(conversation.send_text("x").unwrap().attempts(), 2);
}

#[test]
fn the_pause_is_a_second_at_least_and_five_for_tokens() {
    // It can be seen without waiting: the call's time is too short for it.
    let fails = |route, timeout: &str, headers: &[(&str, &str)]| -> Error {
        let scene = Scene::with(&[("retry.max.attempts", ""), ("call.timeout.ms", timeout)]);
        limited(&scene, route, headers);
        let error = scene.open().unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::RateLimited, 1));
        assert_eq!((error.http_status(), scene.requests_on(route).len()), (429, 1));
        error
    };
    assert_eq!(fails(Route::Conversation, "999", &[]).retry_after_ms(), None);
    fails(Route::Token, "4999", &[]);
    fails(Route::Consumer, "4999", &[("Retry-After", "1")]);
    // What the service asks for wins, as seconds or as a date, but nobody waits for ever.
    let error = fails(Route::Conversation, "29000", &[("Retry-After", "29")]);
    assert_eq!(error.retry_after_ms(), Some(29_000));
    fails(Route::Conversation, "60000", &[("Retry-After", "31")]);
    let dates = [
        ("Date", "Tue, 02 Jan 2001 12:00:00 GMT"),
        ("Retry-After", "Tue, 02 Jan 2001 13:00:00 GMT"),
    ];
    assert_eq!(fails(Route::Conversation, "60000", &dates).retry_after_ms(), Some(3_600_000));
}

#[test]
fn after_a_429_no_thread_sends_until_the_pause_is_over() {
    // There is time enough for the call, but nobody waits for so long.
    let scene = Scene::with(&[("call.timeout.ms", "86400000")]);
    let conversation = scene.conversation();
    limited(&scene, Route::Send, &[("Retry-After", "3600")]);
    conversation.send_text("x").unwrap_err();
    let sent = scene.requests().len();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let error = scene.open().unwrap_err();
                assert_eq!((error.status(), error.attempts()), (Status::RateLimited, 0));
                assert!(error.request_id().is_empty() && !error.maybe_delivered());
                let left = error.retry_after_ms().unwrap();
                assert!((500_000..=600_000).contains(&left), "ten minutes at most: {left}");
                assert!(error.message().ends_with("; rate.limit.max.wait.ms allows 30000 ms"));
            });
        }
    });
    assert_eq!(scene.requests().len(), sent, "nobody asked again");
    // Where there is no time for a shorter one, it is not that option which bounds it.
    let scene = Scene::with(&[("call.timeout.ms", "9000")]);
    limited(&scene, Route::Conversation, &[("Retry-After", "20")]);
    scene.open().unwrap_err();
    let error = scene.open().unwrap_err();
    assert!(error.message().contains("; call.timeout.ms leaves "), "{error}");
    // Another client is another matter.
    let other = Client::new(&scene.config(&[])).unwrap();
    other.consumer("y").unwrap().open(&Default::default()).unwrap();
}

#[test]
fn many_threads_get_through_after_the_pause() {
    let scene = quick(&[("rate.limit.backoff.ms", "20")]);
    let consumer = |n| scene.client.consumer(&format!("consumer {n}")).unwrap();
    let consumers: Vec<_> = (0..32).map(consumer).collect();
    for consumer in &consumers {
        consumer.jws().unwrap();
    }
    for _ in 0..3 {
        limited(&scene, Route::Conversation, &[]);
    }
    std::thread::scope(|scope| {
        for consumer in &consumers {
            scope.spawn(|| consumer.open(&Default::default()).unwrap());
        }
    });
    assert_eq!(scene.requests_on(Route::Conversation).len(), 35);
}

#[test]
fn a_shutdown_ends_back_offs_and_pauses() {
    for answer in [status(503), status_answer(429, &[("Retry-After", "3000")], "")] {
        let scene = Scene::with(&[
            ("retry.max.attempts", "4"),
            ("retry.backoff.ms", "3600000"),
            ("rate.limit.max.wait.ms", "7200000"),
            ("call.timeout.ms", "86400000"),
        ]);
        let conversation = scene.conversation();
        scene.answer(Route::Send, answer);
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| conversation.send_text("x"));
            while scene.client.stats().retries == 0 {
                std::thread::yield_now();
            }
            scene.client.shutdown();
            let error = sending.join().unwrap().unwrap_err();
            assert_eq!((error.status(), error.attempts()), (Status::Closed, 1));
            assert!(!error.maybe_delivered(), "an answer came");
        });
    }
}

/// Of many calls that wait after an outage, one that gets through wakes the others.
#[test]
fn who_waits_for_a_host_goes_on_once_it_answers_somebody() {
    const SLEEPERS: usize = 8;
    let scene = Scene::with(&[]);
    let proxy = scene.sandbox.fault_proxy().unwrap();
    let url = format!("http://{}", proxy.address());
    let opened: Vec<_> = (0..=SLEEPERS).map(|_| scene.another_conversation()).collect();
    let client = Client::new(&scene.config(&[
        ("domain.messaging", &url),
        ("retry.max.attempts", "2"),
        ("retry.backoff.ms", "3600000"),
        ("call.timeout.ms", "86400000"),
    ]))
    .unwrap();
    let attached: Vec<_> = opened
        .iter()
        .enumerate()
        .map(|(n, opened)| {
            let consumer = client.consumer(&format!("consumer {n}")).unwrap();
            consumer.jws().unwrap();
            consumer.attach(opened.id(), &Default::default()).unwrap()
        })
        .collect();
    proxy.refuse();
    std::thread::scope(|scope| {
        let sending: Vec<_> =
            attached[1..].iter().map(|it| scope.spawn(|| it.send_text("x").unwrap())).collect();
        until(|| (client.stats().retries == SLEEPERS as u64).then_some(()));
        // Another service's answers are another matter.
        client.consumer("another").unwrap().jws().unwrap();
        assert!(sending.iter().all(|thread| !thread.is_finished()));
        proxy.accept().unwrap();
        until(|| {
            // Should one be late to fall asleep, the next answer wakes it.
            attached[0].send_text("y").unwrap();
            sending.iter().all(|thread| thread.is_finished()).then_some(())
        });
        for thread in sending {
            assert_eq!(thread.join().unwrap().attempts(), 2);
        }
    });
    let slept = scene.texts().iter().filter(|text| *text == "x").count();
    assert_eq!(slept, SLEEPERS, "each once");
}

/// A refusal shows that a host is back as well as any other answer.
#[test]
fn who_waits_for_a_host_goes_on_once_it_refuses_somebody() {
    let scene = Scene::with(&[]);
    let proxy = scene.sandbox.fault_proxy().unwrap();
    let url = format!("http://{}", proxy.address());
    let opened = scene.conversation();
    let client = Client::new(&scene.config(&[
        ("domain.messaging", &url),
        ("retry.max.attempts", "2"),
        ("retry.backoff.ms", "3600000"),
        ("call.timeout.ms", "86400000"),
    ]))
    .unwrap();
    let consumer = client.consumer_from_jws(scene.consumer().jws().unwrap()).unwrap();
    let attached = consumer.attach(opened.id(), &Default::default()).unwrap();
    let unknown = consumer.attach("unknown", &Default::default()).unwrap();
    proxy.refuse();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| attached.send_text("x").unwrap());
        until(|| (client.stats().retries == 1).then_some(()));
        proxy.accept().unwrap();
        let woken = (0..1000).any(|_| {
            let refused = unknown.send_text("y").unwrap_err();
            assert!((400..500).contains(&refused.http_status()), "{refused}");
            sending.is_finished()
        });
        client.shutdown();
        assert!(woken);
    });
}

/// A service that takes no new connections still answers over those it has: that is no reason to use up
/// all attempts at once.
#[test]
fn who_goes_on_in_vain_waits_for_its_time() {
    let scene = Scene::with(&[]);
    let proxy = scene.sandbox.fault_proxy().unwrap();
    let url = format!("http://{}", proxy.address());
    let opened: Vec<_> = (0..16).map(|_| scene.another_conversation()).collect();
    let client = Client::new(&scene.config(&[
        ("domain.messaging", &url),
        ("retry.max.attempts", "4"),
        ("retry.backoff.ms", "3600000"),
        ("call.timeout.ms", "86400000"),
    ]))
    .unwrap();
    let attach = |(n, opened): (usize, &Conversation)| {
        let consumer = client.consumer(&format!("consumer {n}")).unwrap();
        consumer.jws().unwrap();
        consumer.attach(opened.id(), &Default::default()).unwrap()
    };
    let attached: Vec<_> = opened.iter().enumerate().map(attach).collect();
    attached[0].send_text("by the one connection that there is").unwrap();
    proxy.refuse();
    let talk = |conversation: &Conversation| {
        (0..20).try_for_each(|_| conversation.send_text("x").map(drop))
    };
    std::thread::scope(|scope| {
        let talking: Vec<_> = attached.iter().map(|it| scope.spawn(move || talk(it))).collect();
        // Whoever comes by the connection last has it for himself.
        until(|| talking.iter().any(|thread| thread.is_finished()).then_some(()));
        client.shutdown();
        for thread in talking {
            if let Err(error) = thread.join().unwrap() {
                assert_eq!(error.status(), Status::Closed, "{error}");
            }
        }
    });
}

#[test]
fn an_item_refused_in_a_batch_is_not_tried_again() {
    let scene = quick(&[]);
    let refused = json!([
        {"code": "OK", "body": {}, "reqId": "1"},
        {"code": 503, "body": {}, "reqId": "2"},
    ]);
    let batch = json!([{"kind": "req", "id": "1", "type": "x", "body": {}},
        {"kind": "req", "id": "2", "type": "y", "body": {}}]);
    scene.answer_with(Route::Conversation, 200, &refused.to_string());
    let error = scene.consumer().batch_json(batch.to_string().as_bytes()).unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Rejected, 1));
}
