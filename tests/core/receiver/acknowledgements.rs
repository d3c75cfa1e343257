//! `receiver.ack=manual`: the service is told once the program dealt with it.

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
