//! The store of a fleet as its engines know it, on real servers.

use std::collections::BTreeSet;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::json;

use crate::base::error::Error;
use crate::base::log::Log;
use crate::protocol::notification::Notification;
use crate::store::arrival::Arrival;
use crate::store::change::{About, Change, Step};
use crate::store::fleet::broker::{Broker, Lane};
use crate::store::fleet::nats::Nats;
use crate::store::fleet::nats_tests::nats_server::NatsServer;
use crate::store::fleet::nats_tests::{connect, run, settings};
use crate::store::fleet::node::NodeSettings;
use crate::store::fleet::store::Fleet;
use crate::store::journal::{Journal, Ordered, SharedJournal};

const PATIENCE: Duration = Duration::from_secs(60);

/// A node, and what arrives there.
pub(crate) fn node(server: &NatsServer) -> (Fleet, mpsc::Receiver<Arrival>) {
    let nats = settings(server);
    let node = NodeSettings {
        partitions: nats.partitions,
        key_window: Duration::from_secs(3600),
        takeover: Duration::from_secs(10),
        order_wait: Duration::from_secs(1),
        patience: PATIENCE,
        foreign: false,
        log: Log::default(),
    };
    let connect = move || async move { Nats::connect(&nats, &Log::default()).await };
    let store = Fleet::open(node, connect).unwrap();
    let (arrives, arrivals) = mpsc::channel();
    store.start(Box::new(move |arrival| arrives.send(arrival).is_err()));
    (store, arrivals)
}

/// A node alone with a server of its own.
pub(crate) fn alone(try_it: impl Fn(&dyn Journal)) {
    let server = NatsServer::start();
    let (store, _arrivals) = node(&server);
    try_it(&store);
}

fn write(store: &Fleet, steps: Vec<Step>) -> Result<(), Error> {
    let (tells, told) = mpsc::channel();
    store.write(Ordered {
        change: Change::new(steps),
        is_owed: false,
        told: Box::new(move |outcome| drop(tells.send(outcome))),
    });
    told.recv().unwrap()
}

fn action(consumer: &str, text: &str) -> Vec<Step> {
    action_with(consumer, text, None)
}

fn action_with(consumer: &str, text: &str, key: Option<&str>) -> Vec<Step> {
    vec![Step::Action {
        id: 0,
        consumer: consumer.into(),
        key: key.map(Into::into),
        body: text.into(),
        submitted_ms: 0,
        begun: false,
    }]
}

#[test]
fn whatever_was_told_survives_kills_of_the_broker() {
    let mut server = NatsServer::start();
    let (store, _arrivals) = node(&server);
    let told = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    let texts = (0..40).map(|n| format!("{thread} {n}"));
                    let write = |text: &String| write(store, action(&format!("c{thread}"), text));
                    texts.filter(|text| write(text).is_ok()).collect::<Vec<_>>()
                })
            })
            .collect();
        for _ in 0..4 {
            server.kill();
            server.start_again();
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(!told.is_empty());
    store.end();
    let (store, arrivals) = node(&server);
    let mut last = [-1; 8];
    let mut missing: BTreeSet<String> = told.into_iter().collect();
    while !missing.is_empty() {
        let Arrival::Action(action, _) = arrivals.recv_timeout(PATIENCE).unwrap() else { continue };
        let (thread, n) = action.body.split_once(' ').unwrap();
        let last = &mut last[thread.parse::<usize>().unwrap()];
        assert!(*last < n.parse().unwrap(), "{} comes after {last}", action.body);
        *last = n.parse().unwrap();
        missing.remove(&action.body);
        write(&store, vec![Step::ActionDone { id: action.id }]).unwrap();
    }
}

#[test]
fn a_key_is_known_to_be_done_by_a_broker_that_was_killed_since() {
    let mut server = NatsServer::start();
    let (store, arrivals) = node(&server);
    let next = || loop {
        if let Arrival::Action(action, _) = arrivals.recv_timeout(PATIENCE).unwrap() {
            break action;
        }
    };
    write(&store, action_with("a", "first", Some("k"))).unwrap();
    let first = next();
    assert_eq!(first.body, "first");
    write(&store, vec![Step::ActionDone { id: first.id }]).unwrap();
    server.kill();
    server.start_again();
    write(&store, action_with("a", "again", Some("k"))).unwrap();
    write(&store, action_with("b", "another's", Some("k"))).unwrap();
    write(&store, action_with("a", "last", Some("l"))).unwrap();
    let mut came = [next().body, next().body];
    came.sort();
    assert_eq!(came, ["another's", "last"]);
}

#[test]
fn a_notification_longer_than_an_entry_comes_whole() {
    let server = NatsServer::start_with("jetstream: {}, max_payload: 20000");
    let (store, arrivals) = node(&server);
    store.want_always();
    let body =
        format!(r#"{{"type":"x","body":{{"changes":[{{"long":"{}"}}]}}}}"#, "é".repeat(20_000));
    let notification = Arc::new(Notification::parse(body.as_bytes()).unwrap());
    let about = About { conversation: "c".into(), ..About::default() };
    let consumer = Some("a".into());
    let steps = vec![
        Step::Notification { id: 0, notification, fingerprint: Some([7; 32]) },
        Step::Place { consumer, about },
    ];
    write(&store, steps).unwrap();
    let arrival = arrivals.recv_timeout(PATIENCE).unwrap();
    let Arrival::Event { id, notification, .. } = arrival else { panic!("no event") };
    assert_eq!(notification.raw(), body.as_bytes());
    let files = || store_files(&server);
    assert!(files() > 0);
    write(&store, vec![Step::NotificationDone { id, dialogs: Vec::new() }]).unwrap();
    assert_eq!(files(), 0, "nothing is left of it");
}

#[test]
fn files_that_no_entry_names_are_swept() {
    let server = NatsServer::start();
    run(async {
        let nats = connect(&settings(&server)).await.unwrap();
        let names = ["f-named-0", "f-named-1", "n-named", "f-left-0", "n-left", "aside-out-7", "f"];
        for name in names {
            nats.put_file(name, name.into()).await.unwrap();
        }
        // What is left where a node is killed while it puts 'f-cut-0'.
        nats.publish("$O.sms-files.C.Zi1jdXQtMA==.a", &[]).await.unwrap();
        let newer = r#"{"version":99,"files":["f-named-0","f-named-1"]}"#;
        nats.append(Lane::Out(1), None, newer.into()).await.unwrap();
        nats.append(Lane::Unknown, None, r#"{"file":"n-named"}"#.into()).await.unwrap();
        nats.sweep_files().await.unwrap();
        for name in names {
            let is_there = nats.file(name).await.unwrap().is_some();
            assert_eq!(is_there, !name.contains("-left"), "{name}");
        }
    });
    assert_eq!(store_files(&server), 2 * 5);
}

/// How many messages the files of the store take.
fn store_files(server: &NatsServer) -> u64 {
    let messages = run(async {
        let info = connect(&settings(server)).await.unwrap();
        let info = info.ask_api("STREAM.INFO.OBJ_sms-files".to_owned(), json!({})).await.unwrap();
        info["state"]["messages"].clone()
    });
    messages.as_u64().unwrap()
}
