//! How requests are judged.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use lpc_sandbox::Signature;
use lpconnector::{EventKind, LogLevel};

use super::*;

#[test]
fn every_way_to_sign_is_taken() {
    let post = Post::with(&[]);
    for (sequence, kind) in
        [Signature::Sha1Base64, Signature::Sha1Hex, Signature::Sha256Base64, Signature::Sha256Hex]
            .into_iter()
            .enumerate()
    {
        let body = text("c", sequence as i64, "où ? 👍");
        let signature = post.scene.sandbox.sign(&post.scene.account.id, body.as_bytes(), kind);
        let length = body.len();
        let head = format!("{HEAD}Content-Length: {length}\r\n{SIGNATURE}: {signature}\r\n\r\n");
        assert_eq!(exchange(post.address(), &(head + &body)), 200, "{signature}");
        assert_eq!(post.next().raw(), body.as_bytes());
    }
}

#[test]
fn one_signature_of_several_will_do() {
    let post = Post::with(&[]);
    let sign =
        |body: &str, kind| post.scene.sandbox.sign(&post.scene.account.id, body.as_bytes(), kind);
    let wrong = sign("another", Signature::Sha1Hex);
    for sequence in 0..4 {
        let body = text("c", sequence, &sequence.to_string());
        let right = sign(&body, Signature::Sha256Base64);
        let signatures = match sequence {
            0 => format!("{SIGNATURE}: {wrong}\r\n{SIGNATURE}: {right}\r\n"),
            1 => format!("{SIGNATURE}: {right}\r\n{SIGNATURE}: {wrong}\r\n"),
            2 => format!("{SIGNATURE}: {wrong}, {right}\r\n"),
            _ => format!("{SIGNATURE}: \u{e9}\r\n{SIGNATURE}: md5=x\r\n{SIGNATURE}: {right}\r\n"),
        };
        let length = body.len();
        let request = format!("{HEAD}Content-Length: {length}\r\n{signatures}\r\n{body}");
        assert_eq!(exchange(post.address(), &request), 200, "{signatures}");
        assert_eq!(text_of(&post.next()), sequence.to_string());
    }
    // Each costs a hash of the body.
    let body = text("c", 9, "x");
    let right = sign(&body, Signature::Sha256Base64);
    let many = format!("{SIGNATURE}: {wrong}\r\n").repeat(8);
    let length = body.len();
    let head = format!("{HEAD}Content-Length: {length}\r\n{many}{SIGNATURE}: {right}\r\n\r\n");
    assert_eq!(exchange(post.address(), &(head + &body)), 401);
}

#[test]
fn a_flood_of_unsigned_requests_is_a_line_a_second_which_counts_the_others() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    config.set_log(LogLevel::Warn, move |_, line| sink.lock().unwrap().push(line.to_owned()));
    let post = Post { receiver: Receiver::new(&config).unwrap(), scene };
    let body = text("c", 0, "x");
    let mut sent = 0;
    let mut send = |head: &str| {
        sent += 1;
        assert_eq!(exchange(post.address(), &format!("{head}\r\n\r\n{body}")), 401);
        lines.lock().unwrap().len()
    };
    let (begun, length) = (Instant::now(), body.len());
    let unsigned = format!("{HEAD}Content-Length: {length}");
    let wrong = format!("{unsigned}\r\n{SIGNATURE}: {}", post.sign("another"));
    [&unsigned, &wrong].into_iter().cycle().find(|head| send(head) == 3);
    let most = begun.elapsed().as_secs() as usize + 1;
    let lines = lines.lock().unwrap();
    assert!(lines.len() <= most, "{} in {most} seconds", lines.len());
    let left_out = |line: &String| -> usize {
        let told = line.split_once("left out since the last one: ");
        told.map_or(0, |(_, count)| count.parse().unwrap())
    };
    assert_eq!(lines.len() + lines.iter().map(left_out).sum::<usize>(), sent);
    assert!(lines.iter().all(|line| line.starts_with("receiver: 401: ")), "{lines:?}");
}

#[test]
fn what_can_be_no_signature_is_refused_before_the_body() {
    let post = Post::with(&[]);
    for signature in ["", "sha1=AAAA", "md5=AAAA", "sha256=no", "eIcTY81QUvAq3lS0SyGqAZ8Gi3U="] {
        // Nothing of the body ever comes.
        let head = format!(
            "{HEAD}Expect: 100-continue\r\nContent-Length: 1000\r\n{SIGNATURE}: {signature}\r\n\r\n"
        );
        assert_eq!(exchange(post.address(), &head), 401, "{signature}");
    }
}

#[test]
fn what_is_not_signed_right_is_refused() {
    let post = Post::with(&[]);
    let body = text("c", 0, "x");
    let right = post.sign(&body);
    let wrong = post.sign(&text("c", 0, "y"));
    for signature in [
        String::new(),
        format!("{SIGNATURE}: \r\n"),
        format!("{SIGNATURE}: {wrong}\r\n"),
        format!("{SIGNATURE}: {}\r\n", right.replace("sha1", "sha256")),
        format!("{SIGNATURE}: \u{e9}\r\n"),
        format!("X-Signature: {right}\r\n"),
    ] {
        let length = body.len();
        let request = format!("{HEAD}Content-Length: {length}\r\n{signature}\r\n{body}");
        assert_eq!(exchange(post.address(), &request), 401, "{signature}");
    }
    assert!(post.texts().is_empty());
    assert_eq!(post.deliver(&body), 200);
}

#[test]
fn both_secrets_are_good_while_one_replaces_the_other() {
    let (older, newer, neither) = (Scene::new(), Scene::new(), Scene::new());
    let secrets = format!("{}, {}", older.account.client_secret, newer.account.client_secret);
    let receiver = Receiver::new(&older.config(&[("receiver.secret", &secrets)])).unwrap();
    for (scene, expected) in [(older, 200), (newer, 200), (neither, 401)] {
        let post = Post { scene, receiver: receiver.clone() };
        assert_eq!(post.deliver(&text(&post.scene.account.id, 0, "x")), expected);
    }
}

#[test]
fn only_posts_to_its_path_are_for_it() {
    let post = Post::with(&[("receiver.path", "/hook")]);
    assert!(post.receiver.url().ends_with("/hook"), "{}", post.receiver.url());
    let request = post.request(&text("c", 0, "x"));
    for (line, expected) in [
        ("POST /", 404),
        ("POST /hook/", 404),
        ("POST /hooks", 404),
        ("GET /", 404),
        ("PUT /hook", 405),
        ("GET /hook", 405),
        ("DELETE /hook", 405),
        ("POST /hook?from=service", 200),
    ] {
        let mut stream = connect(post.address());
        stream.write_all(request.replace("POST /", line).as_bytes()).unwrap();
        let head = head(&mut stream);
        assert_eq!(head[9..12], expected.to_string(), "{line}");
        let allow = head.to_lowercase().contains("\r\nallow: post\r\n");
        assert_eq!(allow, expected == 405, "{head}");
    }
    assert_eq!(post.texts(), ["x"]);
}

#[test]
fn what_is_too_large_is_refused_and_who_sends_it_hears_so() {
    let post = Post::with(&[("receiver.body.max.bytes", "1024")]);
    let padded = |bytes: usize| {
        let body = text("c", bytes as i64, "x");
        let space = " ".repeat(bytes - body.len());
        body + &space
    };
    assert_eq!(post.deliver(&padded(1024)), 200);
    // Three MiB fit in no buffer on the way: all of it must be read, or the answer is lost.
    for bytes in [1025, 3 << 20] {
        assert_eq!(post.deliver(&padded(bytes)), 413, "{bytes}");
        assert_eq!(exchange(post.address(), &chunked(&post, &padded(bytes))), 413, "{bytes}");
        let elsewhere = post.request(&padded(bytes)).replace("POST /", "POST /elsewhere");
        assert_eq!(exchange(post.address(), &elsewhere), 404, "{bytes}");
    }
    assert_eq!(exchange(post.address(), &chunked(&post, &padded(1000))), 200);
    // Who asks before it sends, or announces more than anybody reads, is told without a byte of it.
    let announced = |length: u64, more: &str| {
        let signature = post.sign("another");
        format!("{HEAD}{more}Content-Length: {length}\r\n{SIGNATURE}: {signature}\r\n\r\n")
    };
    assert_eq!(exchange(post.address(), &announced(2000, "Expect: 100-continue\r\n")), 413);
    assert_eq!(exchange(post.address(), &announced(1 << 40, "")), 413);
    assert_eq!(post.texts().len(), 2);
}

/// The same request without a length, in chunks.
fn chunked(post: &Post, body: &str) -> String {
    let signature = post.sign(body);
    let mut request =
        format!("{HEAD}Transfer-Encoding: chunked\r\n{SIGNATURE}: {signature}\r\n\r\n");
    for chunk in body.as_bytes().chunks(1000) {
        request += &format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk));
    }
    request + "0\r\n\r\n"
}

#[test]
fn what_is_signed_right_but_not_understood_is_handed_out_raw() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for options in [&[][..], &[("receiver.ack", "manual"), ("receiver.ack.timeout.ms", "1")]] {
        let post = Post::with(options);
        for (body, json) in [
            ("", ""),
            ("hello", ""),
            ("[]", "[]"),
            (&*deep, ""),
            (r#" {"type":"of.the.future"} "#, r#"{"type":"of.the.future"}"#),
            (r#"{"body":{"changes":7}}"#, r#"{"body":{"changes":7}}"#),
        ] {
            let expected = if options.is_empty() { 200 } else { 503 };
            assert_eq!(post.deliver(body), expected, "{body}");
            if options.is_empty() {
                let next = post.next();
                assert_eq!(next.raw(), body.as_bytes());
                let [event] = next.events() else { panic!("{body}: one event") };
                assert_eq!((event.kind(), event.json()), (EventKind::Other, json));
            }
        }
    }
}

#[test]
fn a_full_queue_takes_no_more_until_there_is_room() {
    let post = Post::with(&[("receiver.queue.max", "1")]);
    let (one, two) = (text("c", 1, "one"), text("c", 2, "two"));
    assert_eq!(post.deliver(&one), 200);
    assert_eq!(post.deliver(&two), 503);
    assert_eq!(post.deliver(&one), 200, "it is there already");
    assert_eq!(post.texts(), ["one"]);
    assert_eq!(post.deliver(&two), 200);
    assert_eq!(post.texts(), ["two"]);
}

#[test]
fn one_connection_brings_several() {
    let post = Post::with(&[]);
    let mut stream = connect(post.address());
    for (sequence, expected) in [(0, 200), (1, 200), (2, 401), (3, 200)] {
        let mut request = post.request(&text("c", sequence, &sequence.to_string()));
        if expected == 401 {
            request = request.replace("sha1=", "sha1=AAAA");
        }
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(status(&mut stream), expected, "{sequence}");
    }
    // And several at once, without waiting for answers.
    let both = post.request(&text("c", 4, "4")) + &post.request(&text("c", 5, "5"));
    stream.write_all(both.as_bytes()).unwrap();
    assert_eq!([status(&mut stream), status(&mut stream)], [200, 200]);
    assert_eq!(post.texts(), ["0", "1", "3", "4", "5"]);
}
