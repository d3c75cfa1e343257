//! Many threads on one client.

use std::collections::HashSet;
use std::sync::Barrier;

use lpc_sandbox::{Answer, Route};
use lpconnector::{OpenOptions, Status};

use crate::scene::Scene;

const THREADS: usize = 16;

#[test]
fn threads_share_one_discovery_one_token_and_one_identification() {
    let scene = Scene::new();
    let (consumer, start) = (scene.consumer(), Barrier::new(THREADS));
    let open = || {
        start.wait();
        consumer.open(&OpenOptions::new())
    };
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for route in [Route::Domain, Route::Token, Route::Consumer] {
        assert_eq!(scene.requests_on(route).len(), 1, "{route:?}");
    }
    let (opened, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    assert_eq!((opened.len(), refused.len()), (1, THREADS - 1), "a consumer has one");
    assert!(refused.into_iter().all(|one| one.unwrap_err().status() == Status::AlreadyOpen));
}

#[test]
fn sends_of_one_conversation_go_out_one_at_a_time_and_in_order() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let conversation = conversation.clone();
            scope.spawn(move || {
                for n in 0..10 {
                    conversation.send_text(&format!("{thread} {n}")).unwrap();
                }
            });
        }
    });
    let texts = scene.texts();
    assert_eq!(texts.len(), THREADS * 10);
    for thread in 0..THREADS {
        let of_thread = texts.iter().filter(|text| text.starts_with(&format!("{thread} ")));
        let expected: Vec<String> = (0..10).map(|n| format!("{thread} {n}")).collect();
        assert!(of_thread.eq(&expected));
    }
    let connections: HashSet<u64> =
        scene.requests_on(Route::Send).iter().map(|request| request.connection).collect();
    assert!(connections.len() <= 2, "one at a time needs no second connection: {connections:?}");
    let ids: HashSet<Vec<u8>> = scene.requests().into_iter().map(|request| request.body).collect();
    assert!(ids.len() >= THREADS * 10);
}

#[test]
fn shutdown_ends_a_call_in_flight() {
    // Without the shutdown, the call would wait for an hour.
    let scene = Scene::with(&[("request.timeout.ms", "3600000"), ("call.timeout.ms", "3600000")]);
    let conversation = scene.conversation();
    scene.answer(Route::Send, Answer::Stall);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| conversation.send_text("x"));
        while scene.requests_on(Route::Send).is_empty() {
            std::thread::yield_now();
        }
        scene.client.shutdown();
        let error = sending.join().unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Closed);
        assert!(error.maybe_delivered(), "it was sent");
    });
    // Nor is it counted as what the network did.
    let stats = scene.client.stats();
    let sent = stats.operations.iter().filter(|one| one.operation == "send");
    assert_eq!(sent.map(|one| one.status).collect::<Vec<_>>(), ["CLOSED"]);
    assert_eq!(conversation.send_text("x").unwrap_err().status(), Status::Closed);
    assert_eq!(scene.open().unwrap_err().status(), Status::Closed);
}
