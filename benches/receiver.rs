//! How many signed notifications a second a receiver takes and gives out, without losing one.
//!
//! `make bench-receiver` runs it. The receiver is a process of its own: this very program, started
//! once more, on one core where `taskset` is there to see to that. It polls and acknowledges on one
//! thread. The load comes from here, on another core, over connections that are kept. It fails where
//! one is lost or comes twice, or where memory keeps less than [`REQUIRED`] a second.
#![allow(clippy::unwrap_used)] // What cannot be measured ends the program.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpconnector::{Config, Receiver};
use ring::hmac;

/// Notifications a second, of a receiver on one core with `receiver.store=memory`.
const REQUIRED: f64 = 2000.0;
const CONNECTIONS: usize = 16;
const SECRET: &str = "rl9hacst6kqilbofup64n11ga3";

/// Says that this process is the receiver: how many will come, and `receiver.store`.
const RECEIVES: &str = "BENCH_RECEIVES";

fn main() -> ExitCode {
    if let Ok(order) = std::env::var(RECEIVES) {
        receive(&order);
        return ExitCode::SUCCESS;
    }
    let mut out = std::io::stdout().lock();
    let pinned = pin_itself();
    let where_it_runs = if pinned { "core 0" } else { "any core: there is no taskset" };
    writeln!(out, "receiver on {where_it_runs}; {CONNECTIONS} connections").unwrap();
    let title = ["store", "notifications", "a second", "p50 ms", "p99 ms", "slowest"];
    let [a, b, c, d, e, f] = title;
    writeln!(out, "{a:<8}{b:>14}{c:>10}{d:>9}{e:>9}{f:>9}").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("inbox.db");
    let mut good = true;
    for (name, store, count) in [
        ("memory", "memory".to_owned(), 40_000),
        ("sqlite", format!("sqlite:{}", file.display()), 8_000),
    ] {
        let Measured { rate, mut times } = measure(&store, count, pinned);
        times.sort();
        let ms = |share: f64| times[(share * (count - 1) as f64) as usize].as_secs_f64() * 1000.0;
        let (p50, p99, worst) = (ms(0.5), ms(0.99), ms(1.0));
        writeln!(out, "{name:<8}{count:>14}{rate:>10.0}{p50:>9.2}{p99:>9.2}{worst:>9.2}").unwrap();
        good &= name != "memory" || rate >= REQUIRED;
    }
    if good {
        return ExitCode::SUCCESS;
    }
    writeln!(out, "Too slow: {REQUIRED} a second are required.").unwrap();
    ExitCode::FAILURE
}

/// Moves this process, which makes the load, off the receiver's core.
fn pin_itself() -> bool {
    let itself = std::process::id().to_string();
    let others = Command::new("taskset").args(["-cp", "1-1023", &itself]).output();
    others.is_ok_and(|moved| moved.status.success())
}

struct Measured {
    rate: f64,
    /// Of each answer.
    times: Vec<Duration>,
}

fn measure(store: &str, count: usize, pinned: bool) -> Measured {
    let itself = std::env::current_exe().unwrap();
    let mut receiver = if pinned {
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", "0"]).arg(itself);
        pinned
    } else {
        Command::new(itself)
    };
    let mut receiver =
        receiver.env(RECEIVES, format!("{count} {store}")).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(receiver.stdout.take().unwrap()).lines();
    let mut line = || said.next().unwrap().unwrap();
    let authority = line();

    // Made and signed before the clock begins.
    let loads: Vec<Vec<String>> = (0..CONNECTIONS)
        .map(|c| (c..count).step_by(CONNECTIONS).map(|n| request(&authority, n)).collect())
        .collect();
    let begun = Instant::now();
    let times = std::thread::scope(|scope| {
        let posts: Vec<_> = loads
            .iter()
            .map(|load| {
                let stream = TcpStream::connect(&authority).unwrap();
                stream.set_nodelay(true).unwrap();
                scope.spawn(move || post(stream, load))
            })
            .collect();
        posts.into_iter().flat_map(|post| post.join().unwrap()).collect()
    });
    // It says so once the last one is handled.
    assert_eq!(line(), "all, each once");
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    assert!(receiver.wait().unwrap().success());
    Measured { rate, times }
}

/// Sends one request after another, each once the one before it is answered.
fn post(mut stream: TcpStream, load: &[String]) -> Vec<Duration> {
    let mut answer = [0; 1024];
    let send = |request: &String| {
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).unwrap();
        let mut read = 0;
        while !answer[..read].ends_with(b"\r\n\r\n") {
            let more = stream.read(&mut answer[read..]).unwrap();
            assert!(more > 0, "the receiver left");
            read += more;
        }
        let answer = &answer[..read];
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer));
        begun.elapsed()
    };
    load.iter().map(send).collect()
}

/// A text as the service tells of it.
fn request(authority: &str, number: usize) -> String {
    let (conversation, sequence) = (number % 1000, number / 1000);
    let id = format!("5491244f-e462-4c63-bf4e-faf4b2d3{conversation:04}");
    let body = format!(
        r#"{{"kind":"notification","type":"ms.MessagingEventNotification","body":{{"changes":[{{"sequence":{sequence},"originatorId":"qa12345.0b28cd13-4f7f-4d4f-8b0c-3a5f4c1e0f61","originatorMetadata":{{"id":"qa12345.0b28cd13-4f7f-4d4f-8b0c-3a5f4c1e0f61","role":"ASSIGNED_AGENT"}},"serverTimestamp":1528371199686,"event":{{"type":"ContentEvent","message":"{number} — thank you for waiting, how can I help?","contentType":"text/plain"}},"conversationId":"{id}","dialogId":"{id}","messageAudience":"ALL"}}]}}}}"#
    );
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, body.as_bytes()));
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nx-liveperson-account-id: qa12345\r\n\
         x-liveperson-signature: sha1={signature}\r\n\r\n{body}"
    )
}

/// The receiver: says where it listens, and that it has handled as many as will come.
fn receive(order: &str) {
    let (count, store) = order.split_once(' ').unwrap();
    let count: usize = count.parse().unwrap();
    let mut config = Config::new();
    config.set("receiver.secret", SECRET).unwrap();
    config.set("receiver.store", store).unwrap();
    config.set("receiver.queue.max", "1000000").unwrap();
    let receiver = Receiver::new(&config).unwrap();
    let mut out = std::io::stdout().lock();
    let authority = receiver.url().split('/').nth(2).unwrap();
    writeln!(out, "{authority}").unwrap();

    let mut handled = HashSet::new();
    while handled.len() < count {
        let notification = receiver.poll(Duration::MAX).unwrap().unwrap();
        let text = notification.events()[0].text();
        let number: usize = text.split(' ').next().unwrap().parse().unwrap();
        assert!(number < count && handled.insert(number), "{number} came twice");
        receiver.ack(&notification).unwrap();
    }
    writeln!(out, "all, each once").unwrap();
}
