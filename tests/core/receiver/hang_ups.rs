//! Who leaves before there is an answer, and a receiver that leaves first.

use std::net::Shutdown;
use std::sync::{Arc, Mutex};

use lpconnector::{LogLevel, Status};

use super::*;
use crate::scene::until;

/// One that waits for acknowledgements, and what it logs of level WARN.
fn manual(options: &[(&str, &str)]) -> (Post, Arc<Mutex<Vec<String>>>) {
    let scene = Scene::new();
    let mut config = scene.config(&[("receiver.ack", "manual")]);
    config.set("receiver.ack.timeout.ms", "2500").unwrap();
    options.iter().for_each(|(key, value)| config.set(key, value).unwrap());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    config.set_log(LogLevel::Warn, move |_, line| sink.lock().unwrap().push(line.to_owned()));
    (Post { receiver: Receiver::new(&config).unwrap(), scene }, lines)
}

#[test]
fn who_hangs_up_before_the_acknowledgement_leaves_its_place() {
    let leave: [fn(&TcpStream); 3] = [
        |_| {},
        |stream| stream.shutdown(Shutdown::Write).unwrap(),
        // The end is a reset.
        |stream| SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap(),
    ];
    for (way, leave) in leave.into_iter().enumerate() {
        let (post, lines) = manual(&[("receiver.queue.max", "2")]);
        // More than have a place, so that each needs that of another one.
        let mut given = Vec::new();
        for sequence in 0..8 {
            let body = text("c", sequence, &sequence.to_string());
            let mut stream = until(|| {
                let mut stream = connect(post.address());
                stream.write_all(post.request(&body).as_bytes()).unwrap();
                match post.receiver.poll(Duration::from_secs(1)).unwrap() {
                    Some(next) => {
                        given.push(next);
                        Some(stream)
                    }
                    // Those before are about to be noticed.
                    None => (status(&mut stream) != 503).then(|| unreachable!()),
                }
            });
            leave(&stream);
            if way == 1 {
                assert_eq!(stream.read(&mut [0]).unwrap(), 0, "nobody waits for an answer");
            }
        }
        assert_eq!(given.len(), 8);
        let lines = lines.lock().unwrap();
        let overdue = lines.iter().any(|line| line.contains("did not acknowledge it in time"));
        assert!(!overdue, "way {way}: it is noticed when they leave, not later: {lines:?}");
        // Late is better than twice.
        post.receiver.ack(&given[7]).unwrap();
        assert_eq!(post.deliver(&text("c", 7, "7")), 200);
        assert!(post.texts().is_empty());
    }
}

#[test]
fn who_hangs_up_takes_what_nobody_polled_along() {
    let (post, _) = manual(&[]);
    let mut stream = connect(post.address());
    stream.write_all(post.request(&text("c", 1, "x")).as_bytes()).unwrap();
    let queued = || post.receiver.stats().unwrap().queued;
    until(|| (queued() == 1).then_some(()));
    drop(stream);
    until(|| (queued() == 0).then_some(()));
    assert!(post.texts().is_empty(), "the service has it now, and comes again");
}

#[test]
fn one_that_waits_for_the_same_keeps_it_when_the_other_leaves() {
    let (post, lines) = manual(&[]);
    let request = post.request(&text("c", 1, "x"));
    let [mut first, mut again] = [(); 2].map(|()| connect(post.address()));
    first.write_all(request.as_bytes()).unwrap();
    until(|| (post.receiver.stats().unwrap().taken == 1).then_some(()));
    again.write_all(request.as_bytes()).unwrap();
    until(|| (post.receiver.stats().unwrap().duplicates == 1).then_some(()));
    drop(first);
    until(|| (post.receiver.stats().unwrap().connections_open == 1).then_some(()));
    let next = post.next();
    post.receiver.ack(&next).unwrap();
    assert_eq!(status(&mut again), 200);
    assert!(lines.lock().unwrap().is_empty());
}

#[test]
fn what_is_acknowledged_right_before_the_end_is_answered() {
    // Many times: who stops it and who answers are two threads.
    for _ in 0..50 {
        let (post, _) = manual(&[]);
        let mut stream = connect(post.address());
        stream.write_all(post.request(&text("c", 1, "x")).as_bytes()).unwrap();
        let next = post.next();
        post.receiver.ack(&next).unwrap();
        post.receiver.shutdown();
        assert_eq!(status(&mut stream), 200);
    }
}

#[test]
fn all_that_is_acknowledged_right_before_the_end_is_answered() {
    const MANY: usize = 500;

    let scene = Scene::new();
    let mut config = scene.config(&[
        ("receiver.ack", "manual"),
        ("receiver.ack.timeout.ms", "2500"),
        ("receiver.queue.max", "1000"),
    ]);
    // What listens stands still at the first answer, until all is acknowledged.
    let (goes_on, waits) = std::sync::mpsc::channel::<()>();
    let waits = Mutex::new(waits);
    config.set_log(LogLevel::Debug, move |_, line| {
        if line == "receiver: 200" {
            let _ = waits.lock().unwrap().recv();
        }
    });
    let post = Post { receiver: Receiver::new(&config).unwrap(), scene };
    // All that takes long comes before the first one is told, which is not waited for for ever.
    let request = |at| post.request(&text(&format!("c{at}"), 0, "x"));
    let requests: Vec<String> = (0..MANY).map(request).collect();
    let mut streams: Vec<_> = requests.iter().map(|_| connect(post.address())).collect();
    until(|| (post.receiver.stats().unwrap().connections_open == MANY as u64).then_some(()));
    for (stream, request) in streams.iter_mut().zip(&requests) {
        stream.write_all(request.as_bytes()).unwrap();
    }
    let all: Vec<_> = streams.iter().map(|_| post.next()).collect();
    for one in &all {
        post.receiver.ack(one).unwrap();
    }
    drop(goes_on);
    post.receiver.shutdown();
    for (at, stream) in streams.iter_mut().enumerate() {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 200"), "the one of connection {at} comes again");
    }
}

#[test]
fn what_nobody_acknowledges_is_logged_with_its_conversation() {
    let (post, lines) = manual(&[("receiver.ack.timeout.ms", "1")]);
    assert_eq!(post.deliver(&text("c-7", 1, "x")), 503);
    let expected = "receiver: 503: the program did not acknowledge it in time [conversation c-7]";
    assert_eq!(*lines.lock().unwrap(), [expected]);
}

#[test]
fn the_end_waits_for_nobody() {
    let (post, _) = manual(&[]);
    let request = post.request(&text("c", 1, "x"));
    let begin = |bytes: &str| {
        let mut stream = connect(post.address());
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    };
    let begun = [
        begin(""),
        begin(&request[..20]),
        begin(&request[..request.len() - 1]),
        // Its acknowledgement never comes.
        begin(&request),
    ];
    until(|| {
        let stats = post.receiver.stats().unwrap();
        (stats.queued == 1 && stats.connections_open == 4).then_some(())
    });
    post.receiver.shutdown();
    for mut stream in begun {
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "it waited until there was an answer");
    }
    assert_eq!(post.receiver.poll(Duration::MAX).unwrap_err().status(), Status::Closed);
    let refused = post.receiver.stats().unwrap().refused;
    assert!(refused.is_empty(), "{refused:?}");
}
