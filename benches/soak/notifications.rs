//! Notifications through a receiver, polled and acknowledged on one thread while others post them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpconnector::{Config, Receiver};
use ring::hmac;

/// Two descriptors for each connection: both of its ends are here.
pub const THREADS: usize = 2 * POSTERS;

const POSTERS: usize = 4;
const SECRET: &str = "rl9hacst6kqilbofup64n11ga3";

pub struct Load {
    receiver: Receiver,
    key: hmac::Key,
    posted: AtomicU64,
}

impl Load {
    pub fn new() -> Load {
        let mut config = Config::new();
        for (key, value) in [
            ("receiver.secret", SECRET),
            // Full after the first tenth also of a short run.
            ("receiver.duplicates.window", "1000"),
            ("receiver.queue.max", "1000"),
        ] {
            config.set(key, value).unwrap();
        }
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
        Load { receiver: Receiver::new(&config).unwrap(), key, posted: AtomicU64::new(0) }
    }

    /// Has so many posted, and takes them; says how many.
    pub fn run(&self, count: u64) -> u64 {
        let each = count / POSTERS as u64;
        std::thread::scope(|scope| {
            for _ in 0..POSTERS {
                scope.spawn(move || self.post(each));
            }
            for _ in 0..each * POSTERS as u64 {
                let notification = self.receiver.poll(Duration::MAX).unwrap().unwrap();
                self.receiver.ack(&notification).unwrap();
            }
        });
        assert!(
            self.receiver.poll(Duration::ZERO).unwrap().is_none(),
            "more came than were posted"
        );
        each * POSTERS as u64
    }

    fn post(&self, count: u64) {
        let authority = self.receiver.url().split('/').nth(2).unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        stream.set_nodelay(true).unwrap();
        for _ in 0..count {
            let request = self.request(authority);
            // A queue that is full asks to come again.
            while !accepted(&mut stream, &request) {
                std::thread::yield_now();
            }
        }
    }

    /// A text as the service tells of it, signed; never the same twice.
    fn request(&self, authority: &str) -> String {
        let number = self.posted.fetch_add(1, Relaxed);
        let (conversation, sequence) = (number % 1000, number / 1000);
        let id = format!("5491244f-e462-4c63-bf4e-faf4b2d3{conversation:04}");
        let body = format!(
            r#"{{"kind":"notification","type":"ms.MessagingEventNotification","body":{{"changes":[{{"sequence":{sequence},"originatorId":"qa12345.0b28cd13","originatorMetadata":{{"id":"qa12345.0b28cd13","role":"ASSIGNED_AGENT"}},"serverTimestamp":1528371199686,"event":{{"type":"ContentEvent","message":"Thank you for waiting, how can I help?","contentType":"text/plain"}},"conversationId":"{id}","dialogId":"{id}","messageAudience":"ALL"}}]}}}}"#
        );
        let signature = STANDARD.encode(hmac::sign(&self.key, body.as_bytes()));
        let length = body.len();
        format!(
            "POST / HTTP/1.1\r\nhost: {authority}\r\ncontent-length: {length}\r\n\
             x-liveperson-signature: sha1={signature}\r\n\r\n{body}"
        )
    }
}

/// Posts it; false where the receiver has no room.
fn accepted(stream: &mut TcpStream, request: &str) -> bool {
    let mut answer = [0; 1024];
    stream.write_all(request.as_bytes()).unwrap();
    let mut read = 0;
    while !answer[..read].ends_with(b"\r\n\r\n") {
        let more = stream.read(&mut answer[read..]).unwrap();
        assert!(more > 0, "the receiver left");
        read += more;
    }
    match &answer[..12] {
        b"HTTP/1.1 200" => true,
        b"HTTP/1.1 503" => false,
        other => panic!("{}", other.escape_ascii()),
    }
}
