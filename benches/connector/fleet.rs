//! A fleet on one broker: texts out and answers in through one node, two and four, and what the broker keeps.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpconnector::{Connector, UpdateKind};
use ring::hmac;
use serde_json::json;

use crate::broker::{broker_says, bucket};
use crate::child::{measured, tell};
use crate::itself::cpu_us;
use crate::nats_server::NatsServer;
use crate::service::{Service, account, connector};
use crate::{Reached, TIMES, say};

/// A second, texts through one node and one broker, while as many answers come in: two thousand in all.
const WANTED: f64 = 1000.0;

const COUNT: usize = 10_000;
const CONSUMERS: usize = 1000;
/// Of each, spread over the nodes.
const SUBMITTERS: usize = 32;
const POLLERS: usize = 16;
const CONNECTIONS: usize = 32;

const TEXT: &str = "Thank you for waiting, how can I help?";
const SECRET: &str = "rl9hacst6kqilbofup64n11ga3";

pub fn measure() -> Reached {
    let service = Service::start(0);
    let directory = tempfile::tempdir().unwrap();
    let rate = |store: &dyn Fn(usize) -> String, nodes: usize| {
        let all = (0..TIMES).map(|n| measured(&format!("fleet {} {nodes}", store(n)), &service));
        let all: Vec<_> = all.collect();
        let figure = |it: &serde_json::Value, name: &str| it[name].as_f64().unwrap();
        let rate = all.iter().map(|it| figure(it, "rate")).fold(0.0, f64::max);
        let cpu = all.iter().map(|it| figure(it, "cpu_us")).fold(f64::MAX, f64::min);
        (rate, cpu)
    };
    let mut good = true;
    let mut line = |what: &str, (rate, cpu): (f64, f64), least: Option<f64>| {
        let what = format!("texts out and answers in, {what}, {cpu:.0} µs");
        let wanted = least.map(|least| format!("≥ {least:.0}")).unwrap_or_default();
        let reached = least.is_none_or(|least| rate >= least);
        good &= say(&what, &format!("{rate:.0} of each"), &wanted, reached);
    };
    let file = |n: usize| format!("sqlite:{}", directory.path().join(format!("{n}.db")).display());
    line("sqlite", rate(&file, 1), None);
    for nodes in [1, 2, 4] {
        let server = NatsServer::start();
        let store = |n: usize| server.store(&format!("bench{n}"));
        let least = (nodes == 1).then_some(WANTED);
        line(&format!("{nodes} node(s)"), rate(&store, nodes), least);
    }
    good
}

/// What the broker keeps for an action that waits, and for a consumer.
pub fn measure_kept() -> Reached {
    let service = Service::start(0);
    let server = NatsServer::start();
    measured(&format!("backlog {} 100000", server.store("waits")), &service);
    let out = broker_says(&server, "waits-out");
    say("broker, an action that waits", &format!("{:.0} bytes", out.bytes_each()), "", true);

    let store = server.store("knows");
    measured(&format!("fleet {store} 1"), &service);
    let known = broker_says(&server, "KV_knows-consumers");
    let records = known.messages as f64 / CONSUMERS as f64;
    let bytes = known.bytes as f64 / CONSUMERS as f64;
    say("bucket, a consumer", &format!("{records:.1} records, {bytes:.0} B"), "", true);

    let mut many = NatsServer::start();
    let bucket =
        bucket(&mut many, 1_000_000, known.bytes_each() as usize, records.round() as usize);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let what = "bucket, a million consumers, on disk and in memory";
    let figures = format!("{}, {} MB", megabytes(bucket.disk), megabytes(bucket.memory));
    say(what, &figures, "", true);
    let what = "the broker's restart with them";
    say(what, &format!("{:.1} s", bucket.restart.as_secs_f64()), "", true)
}

/// As many texts as answers, through so many nodes of a store.
pub fn run(words: &[&str]) {
    let [store, nodes] = words else { panic!("{words:?}") };
    let options = [
        ("connector.workers", "8"),
        ("receiver.listen", "127.0.0.1:0"),
        ("receiver.secret", SECRET),
    ];
    let nodes: Vec<Connector> =
        (0..nodes.parse().unwrap()).map(|_| connector(store, &options)).collect();
    let conversations = open(&nodes);
    let authority = |node: &Connector| node.url().split('/').nth(2).unwrap().to_owned();
    let posts: Vec<Vec<(usize, String)>> = (0..CONNECTIONS)
        .map(|at| {
            // The answers of a consumer over one connection: the service tells one after the other.
            let of_it = (0..COUNT).filter(|n| n % CONSUMERS % CONNECTIONS == at);
            let node = at % nodes.len();
            let host = authority(&nodes[node]);
            let post = |n: usize| (node, request(&host, &conversations[&name(n)], n));
            of_it.map(post).collect()
        })
        .collect();
    let (begun, used) = (Instant::now(), cpu_us());
    std::thread::scope(|scope| {
        for thread in 0..SUBMITTERS {
            let node = &nodes[thread % nodes.len()];
            scope.spawn(move || {
                for n in (thread..COUNT).step_by(SUBMITTERS) {
                    node.submit_text(&name(n), TEXT, Some(&n.to_string())).unwrap();
                }
            });
        }
        for load in &posts {
            let host = authority(&nodes[load[0].0]);
            scope.spawn(move || post(&host, load));
        }
        take(&nodes, 2 * COUNT);
    });
    let took = begun.elapsed();
    tell(&json!({
        "rate": COUNT as f64 / took.as_secs_f64(),
        "cpu_us": (cpu_us() - used) as f64 / COUNT as f64,
    }));
}

/// A conversation for each consumer.
fn open(nodes: &[Connector]) -> HashMap<String, String> {
    for n in 0..CONSUMERS {
        nodes[n % nodes.len()].submit_text(&name(n), TEXT, None).unwrap();
    }
    take(nodes, CONSUMERS).into_iter().collect()
}

/// Takes and acknowledges so many updates, wherever they come out: of whom, and in which conversation.
fn take(nodes: &[Connector], count: usize) -> Vec<(String, String)> {
    let (taken, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for thread in 0..POLLERS {
            let (node, taken, all) = (&nodes[thread % nodes.len()], &taken, &all);
            scope.spawn(move || {
                while taken.load(Relaxed) < count {
                    let Some(update) = node.poll(Duration::from_millis(100)).unwrap() else {
                        continue;
                    };
                    assert_ne!(update.kind(), UpdateKind::Failed, "{update:?}");
                    node.ack(&update).unwrap();
                    taken.fetch_add(1, Relaxed);
                    let whose = (update.consumer_id(), update.conversation_id());
                    all.lock().unwrap().push((whose.0.to_owned(), whose.1.to_owned()));
                }
            });
        }
    });
    all.into_inner().unwrap()
}

fn name(n: usize) -> String {
    format!("+49151{:08}", n % CONSUMERS)
}

/// An agent's answer, as the service tells of it.
fn request(authority: &str, conversation: &str, number: usize) -> String {
    let sequence = number / CONSUMERS + 1;
    let body = json!({ "kind": "notification", "type": "ms.MessagingEventNotification", "body": { "changes": [{
        "sequence": sequence,
        "originatorMetadata": { "id": "qa12345.1", "role": "ASSIGNED_AGENT" },
        "event": { "type": "ContentEvent", "message": TEXT, "contentType": "text/plain" },
        "conversationId": conversation,
        "dialogId": conversation,
    }]}})
    .to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, body.as_bytes()));
    let (length, account) = (body.len(), account());
    format!(
        "POST / HTTP/1.1\r\nhost: {authority}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nx-liveperson-account-id: {account}\r\n\
         x-liveperson-signature: sha1={signature}\r\n\r\n{body}"
    )
}

/// One after another, each once the one before it is answered.
fn post(authority: &str, load: &[(usize, String)]) {
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = [0; 1024];
    for (_, request) in load {
        stream.write_all(request.as_bytes()).unwrap();
        let mut read = 0;
        while !answer[..read].ends_with(b"\r\n\r\n") {
            let more = stream.read(&mut answer[read..]).unwrap();
            assert!(more > 0, "the node left");
            read += more;
        }
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
