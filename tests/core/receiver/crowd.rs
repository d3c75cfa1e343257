//! Connections that are slow, silent, or speak something else.

use std::net::Shutdown;

use super::*;

#[test]
fn who_is_slow_holds_up_nobody() {
    let post = Post::with(&[]);
    let request = post.request(&text("c", 0, "slow"));
    let half = request.len() / 2;
    // Each stopped at another place: in the head, in the body, before the last byte.
    let mut slow: Vec<_> = [0, 1, 20, half, request.len() - 1]
        .map(|sent| {
            let mut stream = connect(post.address());
            stream.write_all(&request.as_bytes()[..sent]).unwrap();
            (stream, sent)
        })
        .into();
    assert_eq!(post.deliver(&text("c", 1, "quick")), 200);
    assert_eq!(text_of(&post.next()), "quick");
    // Those that go on are served in their turn.
    let (stream, sent) = slow.last_mut().unwrap();
    stream.write_all(&request.as_bytes()[*sent..]).unwrap();
    assert_eq!(status(stream), 200);
    assert_eq!(text_of(&post.next()), "slow");
}

#[test]
fn half_a_body_is_nothing() {
    let post = Post::with(&[]);
    let request = post.request(&text("c", 0, "x"));
    for end in [Shutdown::Write, Shutdown::Both] {
        let mut stream = connect(post.address());
        stream.write_all(&request.as_bytes()[..request.len() - 1]).unwrap();
        stream.shutdown(end).unwrap();
        let mut rest = Vec::new();
        // An answer to a connection that is closed both ways may be met with a reset.
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(post.deliver(&text("c", 1, "whole")), 200);
    assert_eq!(post.texts(), ["whole"]);
}

#[test]
fn garbage_is_no_request() {
    let post = Post::with(&[]);
    let long = format!("{HEAD}X: {}\r\n\r\n", "x".repeat(100_000));
    let two_lengths = format!("{HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}");
    let bad_chunk = format!("{HEAD}{SIGNATURE}: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a ClientHello\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        long.as_bytes(),
        two_lengths.as_bytes(),
        bad_chunk.as_bytes(),
    ] {
        let mut stream = connect(post.address());
        // It may be cut off before the end.
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    assert_eq!(post.texts(), ["x"]);
}
