//! What comes out: once, in order, to one of several threads, and an end.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};

use lpconnector::Status;

use super::*;

#[test]
fn duplicates_are_dropped() {
    let post = Post::with(&[]);
    for _ in 0..3 {
        assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    }
    assert_eq!(post.texts(), ["x"]);
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    assert_eq!(post.deliver(&text("d", 1, "x")), 200);
    assert_eq!(post.texts(), ["x"], "of another conversation");

    let all = Post::with(&[("receiver.duplicates.window", "0")]);
    for _ in 0..2 {
        assert_eq!(all.deliver(&text("c", 1, "x")), 200);
    }
    assert_eq!(all.texts(), ["x", "x"]);
}

#[test]
fn a_conversation_comes_out_by_sequence() {
    let options = [("receiver.order", "true"), ("receiver.order.wait.ms", "86400000")];
    for (options, expected) in [(&options[..], ["0", "1", "2"]), (&[], ["2", "0", "1"])] {
        let post = Post::with(options);
        for sequence in [2, 0, 1] {
            assert_eq!(post.deliver(&text("c", sequence, &sequence.to_string())), 200);
        }
        assert_eq!(post.texts(), expected);
    }
}

#[test]
fn what_never_comes_is_waited_for_no_longer_than_asked() {
    let post = Post::with(&[("receiver.order", "true"), ("receiver.order.wait.ms", "20")]);
    assert_eq!(post.deliver(&text("c", 7, "7")), 200);
    assert_eq!(text_of(&post.next()), "7");
}

#[test]
fn several_threads_get_each_notification_once_and_then_an_end() {
    const ALL: i64 = 200;
    let post = Post::with(&[]);
    let address = post.address();
    let got = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let polls: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        match post.receiver.poll(Duration::MAX) {
                            Ok(notification) => {
                                got.lock().unwrap().push(text_of(&notification.unwrap()));
                            }
                            Err(error) => return error.status(),
                        }
                    }
                })
            })
            .collect();
        let posts: Vec<_> = (0..4)
            .map(|thread| {
                let post = &post;
                scope.spawn(move || {
                    for sequence in (thread..ALL).step_by(4) {
                        let body = text("c", sequence, &format!("{sequence:03}"));
                        assert_eq!(post.deliver(&body), 200);
                    }
                })
            })
            .collect();
        posts.into_iter().for_each(|thread| thread.join().unwrap());
        post.receiver.shutdown();
        for poll in polls {
            assert_eq!(poll.join().unwrap(), Status::Closed);
        }
    });
    let mut got = got.into_inner().unwrap();
    got.sort();
    assert_eq!(got, (0..ALL).map(|sequence| format!("{sequence:03}")).collect::<Vec<_>>());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_shutdown_releases_the_port_and_what_is_queued_still_comes_out() {
    let post = Post::with(&[]);
    let address = post.address();
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    // One that is open at that moment keeps nothing.
    let _open = connect(address);
    post.receiver.shutdown();
    post.receiver.shutdown();
    let again = TcpListener::bind(address).unwrap();
    assert_eq!(text_of(&post.next()), "x");
    let closed = post.receiver.poll(Duration::MAX).unwrap_err();
    assert_eq!(closed.status(), Status::Closed);
    drop(again);

    // Dropping the last one does the same. A port of its own: somebody may have taken the other one since.
    let taken = Post::with(&[]);
    let address = taken.address();
    let listen = [("receiver.listen", &*address.to_string())];
    let refused = Receiver::new(&taken.scene.config(&listen)).unwrap_err();
    assert_eq!(refused.status(), Status::Io);
    assert!(refused.message().contains(&address.to_string()), "{refused}");
    drop(taken);
    TcpListener::bind(address).unwrap();
}

#[test]
fn a_log_function_may_shut_it_down() {
    let scene = Scene::new();
    let itself = Arc::new(OnceLock::<Receiver>::new());
    let known = itself.clone();
    let (returned, returns) = std::sync::mpsc::channel();
    let mut config = scene.config(&[]);
    config.set_log(lpconnector::LogLevel::Warn, move |_, line: &str| {
        if line.contains("404") {
            known.get().unwrap().shutdown();
            returned.send(()).unwrap();
        }
    });
    let receiver = Receiver::new(&config).unwrap();
    itself.set(receiver.clone()).unwrap();
    let mut stream = connect(address(&receiver));
    stream.write_all(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    let closed = receiver.poll(Duration::MAX).unwrap_err();
    assert_eq!(closed.status(), Status::Closed);
    returns.recv().unwrap();
}

#[test]
fn a_shutdown_lets_out_what_waited_for_something() {
    let post = Post::with(&[("receiver.order", "true"), ("receiver.order.wait.ms", "86400000")]);
    for (dialog, sequence) in [("c", 0), ("c", 1), ("d", 7)] {
        assert_eq!(post.deliver(&text(dialog, sequence, &format!("{dialog}{sequence}"))), 200);
    }
    let first = post.next();
    let day = Duration::from_secs(86400);
    post.receiver.nack(&first, day).unwrap();
    assert!(post.texts().is_empty());
    post.receiver.shutdown();
    let rest: Vec<_> = (0..3).map(|_| text_of(&post.next())).collect();
    assert_eq!(rest, ["c0", "c1", "d7"]);
    // Nothing a second time, or polls would never end.
    post.receiver.nack(&first, Duration::ZERO).unwrap();
    assert_eq!(post.receiver.poll(Duration::MAX).unwrap_err().status(), Status::Closed);
}

#[test]
fn an_end_does_not_overtake_what_is_held_back() {
    let post = Post::with(&[("receiver.order", "true"), ("receiver.order.wait.ms", "86400000")]);
    let end = r#"{"type":"cqm.ExConversationChangeNotification","body":{"changes":[{"type":"UPSERT",
        "result":{"convId":"c","conversationDetails":{"state":"CLOSE","stage":"CLOSE"}}}]}}"#;
    assert_eq!(post.deliver(&text("c", 1, "1")), 200);
    assert_eq!(post.deliver(end), 200);
    assert!(post.texts().is_empty());
    assert_eq!(post.deliver(&text("c", 0, "0")), 200);
    assert_eq!(post.texts(), ["0", "1", ""]);
}
