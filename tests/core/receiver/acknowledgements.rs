//! `receiver.ack=manual`: the service is told once the program dealt with it; and what the program
//! could not deal with.

use std::io::ErrorKind;
use std::thread::JoinHandle;

use lpconnector::Status;

use super::*;

/// Posts it on another thread.
fn begin(post: &Post, body: &str) -> JoinHandle<u16> {
    let (address, request) = (post.address(), post.request(body));
    std::thread::spawn(move || exchange(address, &request))
}

#[test]
fn the_service_is_answered_once_the_program_acknowledged() {
    let post = Post::with(&[("receiver.ack", "manual"), ("receiver.ack.timeout.ms", "2500")]);
    let mut stream = connect(post.address());
    stream.write_all(post.request(&text("c", 1, "x")).as_bytes()).unwrap();
    let notification = post.next();
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
    post.receiver.ack(&notification).unwrap();
    assert_eq!(status(&mut stream), 200);
    post.receiver.ack(&notification).unwrap();
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    assert!(post.texts().is_empty(), "it was dealt with");
}

#[test]
fn what_nobody_acknowledged_is_given_out_again_when_it_comes_again() {
    let post = Post::with(&[("receiver.ack", "manual"), ("receiver.ack.timeout.ms", "1000")]);
    let body = text("c", 1, "x");
    let first = begin(&post, &body);
    drop(post.next());
    assert_eq!(first.join().unwrap(), 503);
    let second = begin(&post, &body);
    let again = post.next();
    assert_eq!(text_of(&again), "x");
    post.receiver.ack(&again).unwrap();
    assert_eq!(second.join().unwrap(), 200);
}

#[test]
fn what_nobody_polled_in_time_is_the_services_again() {
    let post = Post::with(&[("receiver.ack", "manual"), ("receiver.ack.timeout.ms", "50")]);
    assert_eq!(post.deliver(&text("c", 1, "x")), 503);
    assert!(post.texts().is_empty(), "it would be dealt with, and again when it comes again");
}

#[test]
fn a_late_acknowledgement_spares_the_program_the_repetition() {
    let post = Post::with(&[("receiver.ack", "manual"), ("receiver.ack.timeout.ms", "1000")]);
    let body = text("c", 1, "x");
    let first = begin(&post, &body);
    let notification = post.next();
    assert_eq!(first.join().unwrap(), 503);
    post.receiver.ack(&notification).unwrap();
    assert_eq!(post.deliver(&body), 200);
    assert!(post.texts().is_empty());
}

#[test]
fn only_what_it_gave_out_is_acknowledged() {
    let (post, other) = (Post::with(&[]), Post::with(&[]));
    let body = text("c", 1, "x");
    assert_eq!(post.deliver(&body), 200);
    let given = post.next();
    post.receiver.ack(&given).unwrap();
    let parsed = Notification::parse(body.as_bytes()).unwrap();
    for foreign in [given, parsed] {
        let error = other.receiver.ack(&foreign).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{error}");
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// Memory that keeps nothing, memory with `receiver.ack=manual`, a store, and both.
fn all_ways(directory: &tempfile::TempDir) -> Vec<Vec<(&'static str, String)>> {
    let manual = || [("receiver.ack", "manual".to_owned())];
    let store = |name| {
        let file = directory.path().join(name).display().to_string();
        [("receiver.store", format!("sqlite:{file}"))]
    };
    vec![
        vec![],
        manual().into(),
        store("one.db").into(),
        manual().into_iter().chain(store("two.db")).collect(),
    ]
}

#[test]
fn what_the_program_puts_back_comes_again_and_before_what_follows() {
    let directory = tempfile::tempdir().unwrap();
    for options in all_ways(&directory) {
        let mut options: Vec<(&str, &str)> =
            options.iter().map(|(key, value)| (*key, &**value)).collect();
        options.push(("receiver.ack.timeout.ms", "2500"));
        let manual = options.contains(&("receiver.ack", "manual"));
        let post = Post::with(&options);
        let requests: Vec<_> = (0..3)
            .map(|sequence| {
                let request = begin(&post, &text("c", sequence, &sequence.to_string()));
                // In this order.
                let first = (sequence == 0).then(|| post.next());
                (request, first)
            })
            .collect();
        let (requests, mut first): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let zero = first.swap_remove(0).unwrap();
        // Both of the others are there.
        let mut others = [post.next(), post.next()];
        others.sort_by_key(text_of);
        for other in &others {
            post.receiver.nack(other, Duration::ZERO).unwrap();
        }
        post.receiver.nack(&zero, Duration::ZERO).unwrap();
        let again: Vec<_> = (0..3).map(|_| post.next()).collect();
        assert_eq!(text_of(&again[0]), "0", "{options:?}");
        assert!(post.texts().is_empty());

        for one in &again {
            post.receiver.ack(one).unwrap();
        }
        for request in requests {
            assert_eq!(request.join().unwrap(), 200, "{options:?}");
        }
        if manual {
            post.receiver.nack(&again[0], Duration::ZERO).unwrap();
            assert!(post.texts().is_empty(), "it was acknowledged");
        }
    }
}

#[test]
fn what_is_put_back_for_a_time_holds_up_its_dialog_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("inbox.db").display());
    for options in [vec![], vec![("receiver.store", &*store)]] {
        let post = Post::with(&options);
        for (dialog, name) in [("c", "c0"), ("c", "c1"), ("d", "d0")] {
            assert_eq!(post.deliver(&text(dialog, 0, name)), 200);
        }
        let c0 = post.next();
        post.receiver.nack(&c0, Duration::MAX).unwrap();
        assert_eq!(post.texts(), ["d0"]);
        // A poll that waits learns of a new time.
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| text_of(&post.next()));
            assert_eq!(post.deliver(&text("d", 1, "d1")), 200);
            assert_eq!(waits.join().unwrap(), "d1");
        });
        // What it waits for may also be dealt with.
        post.receiver.ack(&c0).unwrap();
        let c1 = post.next();
        assert_eq!(text_of(&c1), "c1");
        post.receiver.nack(&c1, Duration::from_millis(20)).unwrap();
        assert_eq!(text_of(&post.next()), "c1");
    }
}

#[test]
fn what_is_kept_and_nobody_acknowledges_comes_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("inbox.db").display());
    let post = Post::with(&[
        ("receiver.ack", "manual"),
        ("receiver.store", &store),
        ("receiver.ack.timeout.ms", "100"),
    ]);
    let body = text("c", 0, "x");
    assert_eq!(post.deliver(&body), 503);
    let first = post.next();
    let again = post.next();
    assert_eq!((text_of(&first), text_of(&again)), ("x".to_owned(), "x".to_owned()));
    // Who has it from earlier puts nothing back, but what is dealt with is dealt with.
    post.receiver.nack(&first, Duration::ZERO).unwrap();
    post.receiver.ack(&first).unwrap();
    assert_eq!(post.deliver(&body), 200);
    assert!(post.receiver.poll(Duration::from_millis(300)).unwrap().is_none());
    post.receiver.ack(&again).unwrap();
}

#[test]
fn what_was_put_back_too_late_is_the_services() {
    let post = Post::with(&[("receiver.ack", "manual"), ("receiver.ack.timeout.ms", "100")]);
    let body = text("c", 0, "x");
    let request = begin(&post, &body);
    let first = post.next();
    post.receiver.nack(&first, HOUR).unwrap();
    assert_eq!(request.join().unwrap(), 503);
    post.receiver.nack(&first, Duration::ZERO).unwrap();
    assert!(post.texts().is_empty(), "it would be given out twice");
    let request = begin(&post, &body);
    post.receiver.ack(&post.next()).unwrap();
    assert_eq!(request.join().unwrap(), 200);
}

#[test]
fn a_full_queue_takes_back_what_it_gave_out() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("inbox.db").display());
    for options in [vec![], vec![("receiver.store", &*store)]] {
        let post = Post::with(&[&options[..], &[("receiver.queue.max", "1")]].concat());
        assert_eq!(post.deliver(&text("c", 0, "0")), 200);
        let zero = post.next();
        let fits = options.is_empty();
        assert_eq!(post.deliver(&text("d", 0, "d")), if fits { 200 } else { 503 });
        post.receiver.nack(&zero, Duration::ZERO).unwrap();
        assert_eq!(post.deliver(&text("d", 1, "more")), 503);
        assert_eq!(post.texts(), if fits { vec!["0", "d"] } else { vec!["0"] });
    }
}

#[test]
fn only_what_it_gave_out_is_put_back() {
    let (post, other) = (Post::with(&[]), Post::with(&[]));
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    let given = post.next();
    let parsed = Notification::parse(text("c", 1, "x").as_bytes()).unwrap();
    for foreign in [&given, &parsed] {
        let error = other.receiver.nack(foreign, Duration::ZERO).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{error}");
    }
    post.receiver.nack(&given, Duration::MAX).unwrap();
    post.receiver.nack(&given, Duration::ZERO).unwrap();
    assert!(post.texts().is_empty(), "it is put back already");
}
