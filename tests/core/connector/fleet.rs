//! Several connectors share a store in NATS: each is a node of a fleet, as processes on other machines are.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use lpc_sandbox::serde_json::{Value, from_str, json};
use lpc_sandbox::{Agent, Route};
use lpconnector::{Connector, EventKind, Status, UpdateKind};

use crate::connector::nats_server::NatsServer;
use crate::connector::talks::{next, said, tell, text};
use crate::scene::{Scene, status_answer, until};

const LISTENS: (&str, &str) = ("receiver.listen", "127.0.0.1:0");

/// Nothing is taken over, and no doubt ends, while a test lasts.
pub const FOR_EVER: [(&str, &str); 4] = [
    ("connector.takeover.ms", "600000"),
    ("connector.echo.wait.ms", "86400000"),
    ("connector.pause.ms", "86400000"),
    ("connector.pause.max.ms", "86400000"),
];

pub fn node(scene: &Scene, server: &NatsServer, options: &[(&str, &str)]) -> Connector {
    let store = server.store("sms");
    let options = [&[("connector.store", &*store), LISTENS], options].concat();
    Connector::new(&scene.config(&options)).unwrap()
}

/// How many entries a lane has handed out that are not dealt with.
pub fn out(server: &NatsServer, lane: &str) -> u64 {
    lane_says(server, lane)["num_ack_pending"].as_u64().unwrap()
}

/// How often a lane has handed something out.
pub fn handed_out(server: &NatsServer, lane: &str) -> u64 {
    lane_says(server, lane)["delivered"]["consumer_seq"].as_u64().unwrap()
}

fn lane_says(server: &NatsServer, lane: &str) -> Value {
    let (direction, _) = lane.split_once('-').unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let subject = format!("$JS.API.CONSUMER.INFO.sms-{direction}.{lane}");
    write!(stream, "CONNECT {{}}\r\nSUB _INBOX.x 1\r\nPUB {subject} _INBOX.x 0\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let answer = lines.find(|line| line.contains("num_ack_pending")).unwrap();
    from_str(&answer).unwrap()
}

/// Submits a text that the only node takes and cannot send now.
pub fn put_off(scene: &Scene, node: &Connector, consumer: &str, text: &str) {
    let before = node.stats().unwrap().put_off;
    scene.answer_with(Route::Consumer, 503, "");
    node.submit_text(consumer, text, Some(text)).unwrap();
    until(|| (node.stats().unwrap().put_off > before).then_some(()));
}

#[test]
fn agents_answer_each_consumer_of_any_node() {
    let server = NatsServer::start();
    let scene = Scene::new();
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
    let nodes = [(); 2].map(|()| node(&scene, &server, &[]));
    tell(&scene, &nodes[1]);
    for round in 0..3 {
        let mut expected = BTreeSet::new();
        for n in 0..6 {
            let (consumer, said) = (format!("c{n}"), format!("{round} of {n}"));
            nodes[n % 2].submit_text(&consumer, &said, Some(&said)).unwrap();
            expected.insert((consumer, format!("You said: {said}")));
        }
        let mut answered = BTreeSet::new();
        while answered.len() < expected.len() {
            answered.insert(text(&nodes[0]));
        }
        assert_eq!(answered, expected);
    }
    assert_eq!(next(&nodes[0], UpdateKind::Event).kind(), UpdateKind::Event);
    assert!(nodes[0].poll(Duration::ZERO).is_ok());
}

#[test]
fn a_webhook_that_comes_to_two_nodes_is_told_once() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let nodes = [(); 2].map(|()| node(&scene, &server, &[]));
    nodes[0].submit_text("a", "Hi", Some("k")).unwrap();
    let sent = next(&nodes[0], UpdateKind::Sent);
    for n in 0..10 {
        let (body, signature) = &said(&scene, sent.conversation_id(), n);
        std::thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(move || node.receive(body, signature).unwrap());
            }
        });
    }
    let told: Vec<String> = (0..10).map(|_| text(&nodes[0]).1).collect();
    let expected: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    assert_eq!(told, expected);
    until(|| (nodes[1].stats().unwrap().updates_waiting == 0).then_some(()));
}

#[test]
fn a_conversation_is_told_and_counted_once_whichever_nodes_hear_of_it() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
    let nodes = [(); 3].map(|()| node(&scene, &server, &[]));
    tell(&scene, &nodes[1]);
    let mut opened = Vec::new();
    for n in 0..9 {
        let consumer = format!("c{n}");
        nodes[n % 3].submit_text(&consumer, "Hi", Some("k")).unwrap();
        // The service tells of the conversation, and then of the answer in it.
        loop {
            let update = nodes[0].poll(Duration::from_secs(60)).unwrap().expect("an update");
            nodes[0].ack(&update).unwrap();
            if update.kind() == UpdateKind::Opened {
                opened.push(update.consumer_id().to_owned());
            }
            let event = update.notification().and_then(|it| it.events().first());
            if event.is_some_and(|it| it.kind() == EventKind::Text) {
                break;
            }
        }
    }
    assert_eq!(opened, (0..9).map(|n| format!("c{n}")).collect::<Vec<_>>());
    let counted: u64 = nodes.iter().map(|node| node.stats().unwrap().opened).sum();
    assert_eq!(counted, 9);
}

#[test]
fn a_429_that_one_node_gets_holds_up_the_other() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let nodes = [(); 2].map(|()| node(&scene, &server, &[]));
    for consumer in ["a", "b"] {
        nodes[0].submit_text(consumer, "Hi", Some("k")).unwrap();
        next(&nodes[0], UpdateKind::Sent);
    }
    scene.answer(Route::Send, status_answer(429, &[("Retry-After", "3600")], ""));
    nodes[0].submit_text("a", "waits", None).unwrap();
    until(|| nodes.iter().any(|it| it.stats().unwrap().put_off == 1).then_some(()));
    // What means something only now goes out at once, or fails while nothing may go out.
    for node in &nodes {
        until(|| {
            let before = node.stats().unwrap();
            node.submit("b", r#"{"chatState":"COMPOSING"}"#, None).unwrap();
            until(|| {
                let now = node.stats().unwrap();
                let failed = now.failed > before.failed;
                (failed || now.sent > before.sent).then_some(failed)
            })
            .then_some(())
        });
    }
    let before = scene.requests().len();
    for (consumer, node) in ["b", "c", "d", "e"].iter().zip(nodes.iter().cycle()) {
        node.submit_text(consumer, "waits, too", None).unwrap();
    }
    until(|| (nodes[0].stats().unwrap().waiting == 5).then_some(()));
    assert_eq!(scene.requests().len(), before);
}

#[test]
fn what_the_program_does_not_ask_for_at_one_node_is_told_at_another() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let options = [("connector.nats.partitions", "1"), ("connector.takeover.ms", "1000")];
    let first = node(&scene, &server, &options);
    first.submit_text("a", "Hi", Some("k")).unwrap();
    let sent = next(&first, UpdateKind::Sent);
    let (body, signature) = said(&scene, sent.conversation_id(), 0);
    first.receive(&body, &signature).unwrap();
    until(|| (out(&server, "in-0") == 1).then_some(()));
    let second = node(&scene, &server, &options);
    let update = second.poll(Duration::from_secs(60)).unwrap().expect("an update");
    assert_eq!((update.kind(), update.sequence()), (UpdateKind::Event, Some(0)));
    assert!(update.is_repeat(), "the first one had it");
    second.ack(&update).unwrap();
    assert!(first.poll(Duration::ZERO).unwrap().is_none());
}

#[test]
fn a_conversation_that_is_closed_at_one_node_is_opened_again_by_another() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let first = node(&scene, &server, &FOR_EVER);
    first.submit_text("a", "one", Some("1")).unwrap();
    let sent = next(&first, UpdateKind::Sent);
    scene.answer_with(Route::Send, 503, "");
    first.submit_text("a", "two", Some("2")).unwrap();
    until(|| (first.stats().unwrap().put_off == 1).then_some(()));
    let second = node(&scene, &server, &FOR_EVER);
    tell(&scene, &second);
    scene.sandbox.close_conversation(&scene.account.id, sent.conversation_id());
    let again = next(&first, UpdateKind::Sent);
    assert_eq!(again.key(), Some("2"));
    assert_ne!(again.conversation_id(), sent.conversation_id());
    assert_eq!(scene.texts(), ["one", "two"]);
    assert_eq!(scene.requests_on(Route::Send).len(), 1, "it knew that the first one is closed");
}

#[test]
fn a_file_is_sent_by_another_node_than_took_it() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let first = node(&scene, &server, &FOR_EVER);
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
    let bytes = [b"\x89PNG\r\n\x1a\n", &bytes[..]].concat();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.png");
    std::fs::write(&path, &bytes).unwrap();
    scene.answer_with(Route::Consumer, 503, "");
    let action = json!({ "file": path.to_str() }).to_string();
    first.submit("a", &action, Some("f")).unwrap();
    until(|| (first.stats().unwrap().put_off == 1).then_some(()));
    std::fs::remove_file(&path).unwrap();
    let second = node(&scene, &server, &FOR_EVER);
    first.shutdown(Duration::ZERO);
    assert_eq!(next(&second, UpdateKind::Sent).key(), Some("f"));
    let conversations = scene.sandbox.conversations(&scene.account.id);
    let events = conversations[0]["events"].as_array().unwrap();
    let stored = events.iter().find_map(|it| it["event"]["message"]["relativePath"].as_str());
    assert!(scene.sandbox.file(&scene.account.id, stored.unwrap()).unwrap() == bytes);
}

#[test]
fn a_node_that_is_shut_down_hands_over_what_waits_at_once() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let first = node(&scene, &server, &FOR_EVER);
    put_off(&scene, &first, "a", "one");
    put_off(&scene, &first, "b", "two");
    let second = node(&scene, &server, &FOR_EVER);
    first.shutdown(Duration::ZERO);
    // Nothing new comes to who was shut down, either.
    let consumers: Vec<String> = (0..8).map(|n| format!("c{n}")).collect();
    for consumer in &consumers {
        second.submit_text(consumer, consumer, Some(consumer)).unwrap();
    }
    let mut expected: BTreeSet<&str> = consumers.iter().map(|it| &**it).collect();
    expected.extend(["one", "two"]);
    let sent = expected.iter().map(|_| next(&second, UpdateKind::Sent).key().unwrap().to_owned());
    let sent: BTreeSet<String> = sent.collect();
    assert!(sent.iter().eq(expected), "{sent:?}");
    assert_eq!(scene.texts().len(), sent.len());
    // It may be asked for what it was handed before, of which nothing is left.
    assert_eq!(first.poll(Duration::MAX).unwrap_err().status(), Status::Closed);
}

#[test]
fn a_node_that_does_not_fit_the_store_is_told_what_to_do() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let partitions = |number| [("connector.nats.partitions", number)];
    let _first = node(&scene, &server, &partitions("3"));
    let store = server.store("sms");
    let refused = |scene: &Scene, partitions| {
        let options = [("connector.store", &*store), ("connector.nats.partitions", partitions)];
        let refused = Connector::new(&scene.config(&options)).unwrap_err();
        assert_eq!(refused.status(), Status::Config);
        refused.to_string()
    };
    let other = refused(&scene, "4");
    for says in ["'connector.nats.partitions' is 4", "'sms'", "set it to 3", "worked off"] {
        assert!(other.contains(says), "{other}");
    }
    let stranger = Scene::new();
    let other = refused(&stranger, "3");
    for says in [&*scene.account.id, &stranger.account.id, "'connector.store'", "another name"] {
        assert!(other.contains(says), "{other}");
    }
}
