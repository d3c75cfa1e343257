//! Whatever is sent to a receiver's port.
//!
//! An input that begins with `S` is a signed request: further header lines, 0x1e, and the body. Any other
//! is all that a connection sends, and cannot be signed right.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use lpconnector::{Config, Receiver};
use oracle::memory::bounded;
use oracle::secrets::{ACCOUNT, CLIENT_SECRET, Watch};
use oracle::signing;

/// `receiver.body.max.bytes`.
const MOST: usize = 64 * 1024;

static RECEIVER: LazyLock<(Receiver, Watch)> = LazyLock::new(|| {
    let mut config = Config::new();
    let most = MOST.to_string();
    for (key, value) in [
        ("account.id", ACCOUNT),
        ("receiver.body.max.bytes", &most),
        ("receiver.duplicates.window", "0"),
        ("receiver.secret", CLIENT_SECRET),
    ] {
        config.set(key, value).unwrap();
    }
    let watch = Watch::over(&mut config);
    (Receiver::new(&config).unwrap(), watch)
});

fuzz_target!(|input: &[u8]| {
    let (receiver, watch) = &*RECEIVER;
    bounded(16 * MOST + (1 << 20), || match input.split_first() {
        Some((b'S', rest)) => signed(receiver, rest),
        _ => unsigned(receiver, input),
    });
    watch.check_log();
});

fn unsigned(receiver: &Receiver, sent: &[u8]) {
    let answer = exchange(receiver, sent, true);
    assert!(!statuses(&answer).contains(&200), "{}", answer.escape_ascii());
    assert!(receiver.poll(Duration::ZERO).unwrap().is_none(), "taken without a signature");
}

fn signed(receiver: &Receiver, input: &[u8]) {
    let end = input.iter().position(|byte| *byte == 0x1e).unwrap_or(0);
    let (headers, body) = input.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let length = body.len();
    let [signature, ..] = signing::all(CLIENT_SECRET, body);
    let head = format!(
        "POST / HTTP/1.1\r\nHost: r\r\nConnection: close\r\nContent-Length: {length}\r\n\
         X-LivePerson-Signature: {signature}\r\n"
    );
    let sent = [head.as_bytes(), headers, b"\r\n", body].concat();
    // What stands in further headers may make the server wait for more.
    let answer = exchange(receiver, &sent, !headers.is_empty());
    let statuses = statuses(&answer);
    let taken: Vec<_> = std::iter::from_fn(|| receiver.poll(Duration::ZERO).unwrap()).collect();
    for notification in &taken {
        assert_eq!(notification.raw(), body, "not what was signed");
        assert!(!notification.events().is_empty() || length > 0);
        receiver.ack(notification).unwrap();
    }
    assert!(statuses.iter().filter(|status| **status == 200).count() <= taken.len());
    if headers.is_empty() {
        // Signed right, so it is taken whatever it says.
        let expected = if length <= MOST { (200, 1) } else { (413, 0) };
        assert_eq!((statuses[0], taken.len()), expected, "{}", answer.escape_ascii());
    }
}

/// All that the receiver answers on one connection.
fn exchange(receiver: &Receiver, sent: &[u8], ends: bool) -> Vec<u8> {
    let authority = receiver.url().split('/').nth(2).unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = Vec::new();
    // A receiver that has heard enough may hang up before all is sent.
    let _ = stream.write_all(sent);
    if ends {
        let _ = stream.shutdown(Shutdown::Write);
    }
    match stream.read_to_end(&mut answer) {
        Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => panic!("it never answered"),
        _ => answer,
    }
}

fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    let heads = text.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().unwrap()).collect()
}
