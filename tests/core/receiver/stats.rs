//! What a receiver counts.

use super::*;
use crate::scene::until;

fn refused(post: &Post) -> Vec<(u16, u64)> {
    let stats = post.receiver.stats().unwrap();
    stats.refused.iter().map(|it| (it.status, it.requests)).collect()
}

#[test]
fn what_comes_and_goes_is_counted() {
    let post = Post::with(&[("receiver.order", "true"), ("receiver.order.wait.ms", "86400000")]);
    assert_eq!(post.receiver.stats().unwrap(), lpconnector::ReceiverStats::default());
    // One that is in order, again, and one that comes too early.
    let mut sent = 0;
    for sequence in [0, 0, 2] {
        let body = text("c", sequence, "x");
        sent += post.request(&body).len() as u64;
        assert_eq!(post.deliver(&body), 200);
    }
    let unsigned = format!("{HEAD}Content-Length: 0\r\n\r\n");
    assert_eq!(
        [exchange(post.address(), &unsigned), exchange(post.address(), &unsigned)],
        [401; 2]
    );
    sent += 2 * unsigned.len() as u64;
    let stats = post.receiver.stats().unwrap();
    assert_eq!((stats.taken, stats.duplicates, stats.queued, stats.held), (2, 1, 1, 1));
    assert_eq!((stats.given_out, stats.in_flight, stats.bytes_received), (0, 0, sent));
    assert_eq!(refused(&post), [(401, 2)]);
    until(|| (post.receiver.stats().unwrap().oldest_ms > 0).then_some(()));
    post.receiver.ack(&post.next()).unwrap();
    let stats = post.receiver.stats().unwrap();
    assert_eq!((stats.given_out, stats.acknowledged, stats.queued, stats.held), (1, 1, 0, 1));
    let line = "lpconnector_receiver_refused_total{status=\"401\"} 2";
    assert!(stats.prometheus().lines().any(|it| it == line));
}

#[test]
fn what_the_program_has_is_in_flight_until_it_acknowledges() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("inbox.db").display());
    let post = Post::with(&[("receiver.store", &store), ("receiver.queue.max", "1")]);
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    let given = post.next();
    let stats = post.receiver.stats().unwrap();
    assert_eq!((stats.queued, stats.in_flight, stats.acknowledged), (0, 1, 0));
    assert_eq!(post.deliver(&text("c", 2, "y")), 503);
    assert_eq!(refused(&post), [(503, 1)]);
    post.receiver.ack(&given).unwrap();
    let stats = post.receiver.stats().unwrap();
    assert_eq!((stats.in_flight, stats.acknowledged, stats.oldest_ms), (0, 1, 0));
}

#[test]
fn connections_are_counted_while_they_last() {
    let post = Post::with(&[]);
    let open = || post.receiver.stats().unwrap().connections_open;
    let both = [connect(post.address()), connect(post.address())];
    until(|| (open() == 2).then_some(()));
    drop(both);
    until(|| (open() == 0).then_some(()));
    assert_eq!(post.receiver.stats().unwrap().connections_evicted, 0);
}
