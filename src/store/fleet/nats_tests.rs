//! NATS as a broker, by real servers that are killed, stopped, full, strict and closed.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{join, join3};
use futures_util::stream;
use serde_json::{Value, json};

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};
use crate::config::configuration::Config;
use crate::config::connector_settings::{ConnectorSettings, StoreSetting};
use crate::config::nats_settings::NatsSettings;
use crate::store::fleet::broker::{Broker, Lane, Trouble};
use crate::store::fleet::nats::{Handed, Nats};

#[path = "../../../tests/store/nats_server.rs"]
pub(super) mod nats_server;
use nats_server::NatsServer;

pub(super) const OUT: Lane = Lane::Out(1);
const IN: Lane = Lane::In(1);

/// Much longer than anything takes that comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Long enough for what must not come to have come.
const SHORT: Duration = Duration::from_millis(300);

pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

pub(super) fn settings_with(store: &str, pairs: &[(&str, &str)]) -> NatsSettings {
    let mut config = Config::of(&[("connector.store", store), ("connector.nats.partitions", "3")]);
    for (key, value) in pairs {
        config.set(key, value).unwrap();
    }
    match ConnectorSettings::of(&config).unwrap().store {
        StoreSetting::Nats(settings) => *settings,
        _ => panic!("{store}"),
    }
}

pub(super) fn settings(server: &NatsServer) -> NatsSettings {
    settings_with(&server.store("sms"), &[])
}

pub(super) async fn connect(settings: &NatsSettings) -> Result<Nats, Error> {
    Nats::connect(settings, &Log::default()).await
}

pub(super) async fn node(server: &NatsServer) -> Nats {
    connect(&settings(server)).await.unwrap()
}

pub(super) async fn refused(settings: &NatsSettings) -> Error {
    connect(settings).await.err().expect("refused")
}

type Lines = Arc<Mutex<Vec<(LogLevel, String)>>>;

/// A log, and its lines.
pub(super) fn log(level: LogLevel) -> (Log, Lines) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let log = Log::new(level, move |level, line| lock(&sink).push((level, line.to_owned())));
    (log, lines)
}

pub(super) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(super) async fn append(node: &Nats, lane: Lane, body: &'static str) -> u64 {
    node.append(lane, None, body.into()).await.unwrap().seq
}

pub(super) async fn take(node: &Nats, lane: Lane) -> Handed {
    node.take(lane, PATIENCE).await.unwrap().expect("an entry")
}

async fn nothing_comes(node: &Nats, lane: Lane) {
    let came = node.take(lane, SHORT).await.unwrap().map(|it| it.entry.body.clone());
    assert_eq!(came, None);
}

/// What a stream or consumer is like.
pub(super) async fn info(node: &Nats, what: &str) -> Value {
    node.ask_api(what.to_owned(), json!({})).await.unwrap()
}

async fn messages(node: &Nats, stream: &str) -> Value {
    info(node, &format!("STREAM.INFO.{stream}")).await["state"]["messages"].clone()
}

#[test]
fn a_lane_is_handed_out_in_order_one_entry_at_a_time_over_all_nodes() {
    let server = NatsServer::start();
    run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        for n in 0..20 {
            let body = n.to_string();
            a.append(OUT, None, body.into()).await.unwrap();
        }
        let came = Mutex::new(Vec::new());
        let out = Mutex::new(0);
        let work = async |node: &Nats| {
            while let Some(handed) = node.take(OUT, SHORT).await.unwrap() {
                *lock(&out) += 1;
                assert_eq!(*lock(&out), 1, "of one lane");
                assert_eq!(handed.times, 1);
                lock(&came).push(String::from_utf8(handed.entry.body.to_vec()).unwrap());
                // Others have time to take the next one, if they could.
                tokio::task::yield_now().await;
                node.keep(&handed).await.unwrap();
                *lock(&out) -= 1;
                node.finish(&handed).await.unwrap();
            }
        };
        join(work(&a), work(&b)).await;
        let expected: Vec<_> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(*lock(&came), expected);
        assert_eq!(messages(&a, "sms-out").await, 0, "finished is gone");
    });
}

#[test]
fn lanes_do_not_wait_for_each_other_and_what_is_unknown_waits_for_nothing() {
    let server = NatsServer::start();
    run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        for lane in [OUT, Lane::Out(2), IN, Lane::Unknown] {
            append(&a, lane, "first").await;
            append(&a, lane, "second").await;
        }
        for lane in [OUT, Lane::Out(2), IN] {
            let first = take(&a, lane).await;
            nothing_comes(&b, lane).await;
            assert_eq!(first.entry.body, "first");
            a.finish(&first).await.unwrap();
            assert_eq!(take(&b, lane).await.entry.body, "second");
        }
        let (one, other) = (take(&a, Lane::Unknown).await, take(&b, Lane::Unknown).await);
        assert_eq!((&*one.entry.body, &*other.entry.body), (&b"first"[..], &b"second"[..]));
        let waiting = a.waiting().await.unwrap();
        assert_eq!((waiting.outgoing, waiting.incoming), (2, 3));
        assert!(waiting.bytes > 0);
    });
}

#[test]
fn what_a_dead_node_had_goes_to_another_and_who_keeps_it_is_not_robbed() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.takeover = Duration::from_secs(1);
        let (a, b) = (connect(&settings).await.unwrap(), connect(&settings).await.unwrap());
        append(&a, OUT, "x").await;
        assert_eq!(take(&a, OUT).await.times, 1);
        drop(a);
        let again = take(&b, OUT).await;
        assert_eq!((&*again.entry.body, again.times), (&b"x"[..], 2));
        b.finish(&again).await.unwrap();

        settings.takeover = Duration::from_secs(3);
        let (a, b) = (connect(&settings).await.unwrap(), connect(&settings).await.unwrap());
        append(&a, OUT, "y").await;
        let kept = take(&a, OUT).await;
        let robber = b.take(OUT, 2 * settings.takeover);
        let keeper = async {
            loop {
                a.keep(&kept).await.unwrap();
                tokio::time::sleep(SHORT).await;
            }
        };
        let robbed = tokio::select! {
            robbed = robber => robbed,
            () = keeper => unreachable!(),
        };
        assert!(robbed.unwrap().is_none());
        a.finish(&kept).await.unwrap();
    });
}

#[test]
fn what_is_given_back_comes_again_before_what_is_behind_it() {
    let server = NatsServer::start();
    run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        append(&a, OUT, "first").await;
        append(&a, OUT, "second").await;
        let first = take(&a, OUT).await;
        a.give_back(&first, Duration::ZERO).await.unwrap();
        let first = take(&b, OUT).await;
        assert_eq!((&*first.entry.body, first.times), (&b"first"[..], 2));
        b.give_back(&first, Duration::from_secs(2)).await.unwrap();
        nothing_comes(&a, OUT).await;
        let first = take(&a, OUT).await;
        assert_eq!((&*first.entry.body, first.times), (&b"first"[..], 3));
    });
}

#[test]
fn an_entry_that_came_for_nobody_is_given_back_at_once() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.takeover = Duration::from_secs(600);
        let (a, b) = (connect(&settings).await.unwrap(), connect(&settings).await.unwrap());
        let mut given_up = Box::pin(a.take(OUT, PATIENCE));
        // The server has been asked.
        assert!(tokio::time::timeout(SHORT, &mut given_up).await.is_err());
        append(&b, OUT, "x").await;
        until("it is handed out", async || {
            info(&b, "CONSUMER.INFO.sms-out.out-1").await["num_ack_pending"] == 1
        })
        .await;
        drop(given_up);
        let came = take(&b, OUT).await;
        assert_eq!(came.entry.body, "x");
        b.finish(&came).await.unwrap();
        // And where it had not come yet.
        assert!(tokio::time::timeout(SHORT, a.take(OUT, PATIENCE)).await.is_err());
        append(&b, OUT, "y").await;
        assert_eq!(take(&b, OUT).await.entry.body, "y");
    });
}

#[test]
fn the_same_id_is_taken_once() {
    let server = NatsServer::start();
    run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        for lane in [OUT, IN, Lane::Unknown] {
            let first = a.append(lane, Some("k1"), "x".into()).await.unwrap();
            assert!(!first.is_repeat);
            let again = b.append(lane, Some("k1"), "x".into()).await.unwrap();
            let is_known = lane == Lane::Unknown;
            // Both lanes are of one direction.
            assert!(is_known || again.seq == first.seq);
            assert!(again.is_repeat);
            if lane == IN {
                break;
            }
        }
        let other = b.append(OUT, Some("k2"), "x".into()).await.unwrap();
        assert!(!other.is_repeat);
        assert_eq!(messages(&a, "sms-out").await, 2);
        let handed = take(&a, OUT).await;
        a.finish(&handed).await.unwrap();
        assert!(a.append(OUT, Some("k1"), "x".into()).await.unwrap().is_repeat, "done or not");
        let bad = a.append(OUT, Some("a\r\nX: y"), "x".into()).await;
        assert!(matches!(bad, Err(Trouble::Refused(_))), "{bad:?}");
    });
}

#[test]
fn a_record_is_replaced_by_who_knows_it_and_forgotten_without_a_trace() {
    let server = NatsServer::start();
    run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        assert_eq!(a.get("c.1").await.unwrap(), None);
        let first = a.put("c.1", 0, "one".into()).await.unwrap();
        assert_eq!(b.put("c.1", 0, "two".into()).await, Err(Trouble::Changed));
        let kept = b.get("c.1").await.unwrap().unwrap();
        assert_eq!((kept.revision, &*kept.body), (first, &b"one"[..]));
        let second = b.put("c.1", first, "two".into()).await.unwrap();
        assert!(second > first);
        assert_eq!(a.put("c.1", first, "three".into()).await, Err(Trouble::Changed));
        // Of two that know it one wins.
        let both = join(a.put("c.1", second, "a".into()), b.put("c.1", second, "b".into())).await;
        let changed = |it: &Result<u64, Trouble>| *it == Err(Trouble::Changed);
        assert!(changed(&both.0) != changed(&both.1), "{both:?}");
        assert_eq!(messages(&a, "KV_sms-consumers").await, 3, "and what store and server are like");
        a.forget("c.1").await.unwrap();
        a.forget("c.1").await.unwrap();
        assert_eq!(b.get("c.1").await.unwrap(), None);
        assert_eq!(messages(&a, "KV_sms-consumers").await, 2);
        b.put("c.1", 0, Bytes::new()).await.unwrap();
        assert_eq!(a.get("c.1").await.unwrap().unwrap().body, "");
        for bad in ["", "*", ">", "a.*", "a b", "a..b", ".a", "a.", "a\r\nb", "ä"] {
            for outcome in [a.forget(bad).await, a.put(bad, 0, "x".into()).await.map(drop)] {
                assert!(matches!(outcome, Err(Trouble::Refused(_))), "{bad:?}");
            }
        }
        assert_eq!(messages(&a, "KV_sms-consumers").await, 3);
    });
}

#[test]
fn a_record_that_another_client_deleted_counts_as_none() {
    let server = NatsServer::start();
    run(async {
        let node = node(&server).await;
        for operation in ["DEL", "PURGE"] {
            node.put("c", 0, "one".into()).await.unwrap();
            let deletion = [("KV-Operation", operation)];
            node.publish("$KV.sms-consumers.c", &deletion).await.unwrap();
            assert_eq!(node.get("c").await.unwrap(), None);
            let revision = node.put("c", 0, "two".into()).await.unwrap();
            assert_eq!(node.get("c").await.unwrap().unwrap().revision, revision);
            node.forget("c").await.unwrap();
        }
    });
}

#[test]
fn a_full_direction_says_so_and_takes_more_once_there_is_room() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.queue_max = 3;
        let node = connect(&settings).await.unwrap();
        for (n, lane) in [OUT, OUT, Lane::Out(2)].into_iter().enumerate() {
            node.append(lane, Some(&n.to_string()), "x".into()).await.unwrap();
        }
        let full = node.append(OUT, Some("4"), "x".into()).await;
        assert!(matches!(full, Err(Trouble::Full(_))), "{full:?}");
        assert!(node.append(OUT, Some("0"), "x".into()).await.unwrap().is_repeat);
        append(&node, IN, "of the other direction").await;
        let handed = take(&node, OUT).await;
        node.finish(&handed).await.unwrap();
        assert!(!node.append(OUT, Some("4"), "x".into()).await.unwrap().is_repeat);
    });
}

#[test]
fn the_longest_entry_passes_and_a_longer_one_is_too_long() {
    let server = NatsServer::start_with("jetstream: {}, max_payload: 100000");
    run(async {
        let node = node(&server).await;
        assert!((99_000..100_000).contains(&node.longest()), "{}", node.longest());
        let longest = Bytes::from(vec![7; node.longest()]);
        let id = "i".repeat(300);
        let seq = node.append(OUT, Some(&id), longest.clone()).await.unwrap().seq;
        node.put("c", 0, longest.clone()).await.unwrap();
        assert_eq!(node.get("c").await.unwrap().unwrap().body, longest);
        let handed = take(&node, OUT).await;
        assert!(handed.entry.seq == seq && handed.entry.body == longest);
        let longer = Bytes::from(vec![7; 100_001]);
        assert_eq!(node.append(OUT, None, longer.clone()).await, Err(Trouble::TooLong));
        assert_eq!(node.put("d", 0, longer.clone()).await, Err(Trouble::TooLong));
        node.put_file("long", longer.clone()).await.unwrap();
        assert_eq!(node.file("long").await.unwrap().unwrap(), longer);
    });
}

#[test]
fn files_come_back_as_they_were_put_and_leave_nothing_behind() {
    let server = NatsServer::start();
    run(async {
        let (a, b) = (node(&server).await, node(&server).await);
        let odd = "a/b c*.>é\r\n";
        assert_eq!(a.file(odd).await.unwrap(), None);
        for length in [0, 1, 300_000, 128 * 1024, 7] {
            let body: Vec<_> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
            a.put_file(odd, body.clone().into()).await.unwrap();
            assert!(b.file(odd).await.unwrap().unwrap() == body, "{length}");
        }
        assert_eq!(messages(&a, "OBJ_sms-files").await, 2, "one chunk, and what is known of it");
        a.put_file("other", "other".into()).await.unwrap();
        // A node died while it put it.
        let chunks = format!("$O.sms-files.C.{}", "YS9iIGMqLj7DqQ0K");
        a.publish(&format!("{chunks}.dead"), &[]).await.unwrap();
        assert_eq!(b.file(odd).await.unwrap().unwrap().len(), 7);
        b.drop_file(odd).await.unwrap();
        b.drop_file(odd).await.unwrap();
        assert_eq!(a.file(odd).await.unwrap(), None);
        assert_eq!(messages(&a, "OBJ_sms-files").await, 2, "the other's");
        assert_eq!(a.file("other").await.unwrap().unwrap(), "other");
        let both = join(
            a.put_file("both", vec![1; 300_000].into()),
            b.put_file("both", vec![2; 300_000].into()),
        );
        let (one, other) = both.await;
        one.unwrap();
        other.unwrap();
        let body = a.file("both").await.unwrap().unwrap();
        assert!(body == vec![1; 300_000] || body == vec![2; 300_000], "no mixture");
        let purge = json!({ "filter": "$O.sms-files.C.>" });
        a.ask_api("STREAM.PURGE.OBJ_sms-files".to_owned(), purge).await.unwrap();
        let damaged = a.file("other").await;
        assert!(matches!(&damaged, Err(Trouble::Refused(why)) if why.contains("damaged")));
    });
}

#[test]
fn a_server_that_was_killed_lost_nothing_and_its_clients_go_on_by_themselves() {
    let mut server = NatsServer::start();
    run(async {
        let (log, lines) = log(LogLevel::Info);
        let mut settings = settings(&server);
        settings.request_time = Duration::from_secs(1);
        settings.takeover = Duration::from_secs(1);
        let node = Nats::connect(&settings, &log).await.unwrap();
        for n in 0..50 {
            node.append(OUT, Some(&n.to_string()), n.to_string().into()).await.unwrap();
        }
        for _ in 0..10 {
            let handed = take(&node, OUT).await;
            node.finish(&handed).await.unwrap();
        }
        let revision = node.put("c", 0, "record".into()).await.unwrap();
        node.put_file("f", vec![7; 200_000].into()).await.unwrap();
        let held = take(&node, OUT).await;
        // Who waits for an entry is told at once.
        let waits = async {
            let waited = node.take(IN, 10 * PATIENCE).await;
            assert!(matches!(waited, Err(Trouble::Away(_))));
        };
        let kills = async {
            tokio::time::sleep(SHORT).await;
            server.kill();
        };
        tokio::time::timeout(PATIENCE, join(waits, kills)).await.unwrap();
        assert!(!node.is_there());
        let away = node.append(OUT, None, "x".into()).await;
        assert!(matches!(away, Err(Trouble::Away(_))), "{away:?}");
        assert!(matches!(node.finish(&held).await, Err(Trouble::Away(_))));
        server.start_again();
        until("back", async || node.is_there()).await;
        for n in 10..50 {
            let again = node.append(OUT, Some(&n.to_string()), "again".into()).await.unwrap();
            assert!(again.is_repeat, "{n}");
        }
        for n in 10..50 {
            let mut handed = take(&node, OUT).await;
            // The server had not written down yet that those were finished.
            while n == 10 && handed.entry.seq < held.entry.seq {
                node.finish(&handed).await.unwrap();
                handed = take(&node, OUT).await;
            }
            assert_eq!(handed.entry.body, n.to_string());
            node.finish(&handed).await.unwrap();
        }
        nothing_comes(&node, OUT).await;
        let kept = node.get("c").await.unwrap().unwrap();
        assert_eq!((kept.revision, &*kept.body), (revision, &b"record"[..]));
        assert_eq!(node.file("f").await.unwrap().unwrap(), vec![7; 200_000]);
        let levels: Vec<_> = lock(&lines).iter().map(|(level, _)| *level).collect();
        assert_eq!(levels, [LogLevel::Warn, LogLevel::Info], "{:?}", lock(&lines));
    });
}

#[test]
fn a_server_that_was_killed_under_load_has_all_that_it_confirmed() {
    let mut server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.takeover = Duration::from_secs(1);
        let node = connect(&settings).await.unwrap();
        let mut appended = HashSet::new();
        let mut appends = stream::iter(0..100_000_u32)
            .map(|n| {
                let append = node.append(Lane::Out((n % 3) as u16), None, n.to_string().into());
                async move { append.await.map(|_| n) }
            })
            .buffer_unordered(64);
        loop {
            match appends.next().await.expect("it is killed before") {
                Ok(n) => assert!(appended.insert(n)),
                Err(Trouble::Away(_)) => break,
                Err(why) => panic!("{why}"),
            }
            if appended.len() == 1000 {
                server.kill();
            }
        }
        drop(appends);
        server.start_again();
        until("back", async || node.is_there()).await;
        for partition in 0..3 {
            let mut seq = 0;
            while let Some(entry) = node.after(Lane::Out(partition), seq).await.unwrap() {
                seq = entry.seq;
                appended.remove(&str::from_utf8(&entry.body).unwrap().parse().unwrap());
            }
        }
        assert!(appended.is_empty(), "lost: {appended:?}");
        // Killed at once, it knows not even that all of them were handed out; later, who finished them, and not
        // that they are gone with that.
        for pause in [Duration::ZERO, Duration::ZERO, Duration::ZERO, SHORT] {
            for _ in 0..20 {
                let handed = take(&node, OUT).await;
                node.finish(&handed).await.unwrap();
            }
            tokio::time::sleep(pause).await;
            server.kill();
            until("lost", async || !node.is_there()).await;
            server.start_again();
            until("back", async || node.is_there()).await;
        }
        let rest = async |partition| {
            let lane = Lane::Out(partition);
            while node.after(lane, 0).await.unwrap().is_some() {
                if let Some(handed) = node.take(lane, SHORT).await.unwrap() {
                    node.finish(&handed).await.unwrap();
                }
            }
        };
        let rest = join3(rest(0), rest(1), rest(2));
        tokio::time::timeout(PATIENCE, rest).await.expect("all of it is done");
        assert_eq!(node.waiting().await.unwrap().outgoing, 0);
    });
}

#[test]
fn a_server_that_does_not_answer_is_away_in_time() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.request_time = Duration::from_secs(1);
        let node = connect(&settings).await.unwrap();
        append(&node, OUT, "x").await;
        let handed = take(&node, OUT).await;
        let revision = node.put("c", 0, "x".into()).await.unwrap();
        server.stop();
        let away = |outcome: Result<(), Trouble>| {
            assert_eq!(outcome, Err(Trouble::Away("NATS did not answer in time".to_owned())));
        };
        away(node.append(OUT, None, "x".into()).await.map(drop));
        away(node.take(OUT, SHORT).await.map(drop));
        away(node.keep(&handed).await);
        away(node.finish(&handed).await);
        away(node.put("c", revision, "y".into()).await.map(drop));
        away(node.waiting().await.map(drop));
        server.go_on();
        until("it answers", async || node.waiting().await.is_ok()).await;
        node.finish(&handed).await.unwrap();
    });
}

#[test]
fn who_is_not_there_is_no_connection_within_the_time_for_one() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent_at = silent.local_addr().unwrap();
    let server = NatsServer::start();
    run(async {
        let within = ("connect.timeout.ms", "500");
        for (host, says) in [(silent_at, ""), (closed, "refused")] {
            let settings = settings_with(&format!("nats://{host}/sms"), &[within]);
            let refused = refused(&settings).await;
            assert_eq!(refused.status(), Status::Connect, "{refused}");
            assert!(refused.message().contains(&host.to_string()), "{refused}");
            assert!(refused.message().contains(says), "{refused}");
        }
        // Others are tried, however long one is silent.
        let hosts = format!("nats://{closed},{silent_at},127.0.0.1:{}/sms", server.port());
        for _ in 0..4 {
            // In any order.
            connect(&settings_with(&hosts, &[("connect.timeout.ms", "2000")])).await.unwrap();
        }
        let without = NatsServer::start_with("");
        let refused = refused(&settings(&without)).await;
        assert_eq!(refused.status(), Status::Connect);
        assert!(refused.message().contains("no JetStream"), "{refused}");
    });
}

#[test]
fn who_falls_silent_is_no_connection_within_the_time_for_one() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut socket, _) = silent.accept().unwrap();
        let greeting = concat!(
            r#"INFO {"server_id":"S","server_name":"s","version":"2.10.0","proto":1,"go":"","#,
            r#""host":"127.0.0.1","port":1,"headers":true,"max_payload":1048576,"client_id":1}"#,
        );
        write!(socket, "{greeting}\r\n").unwrap();
        let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
        while lines.next().unwrap().unwrap() != "PING" {}
        socket.write_all(b"PONG\r\n").unwrap();
        // It hears all, and says nothing more.
        lines.map_while(Result::ok).for_each(drop);
    });
    run(async {
        let within = ("connect.timeout.ms", "500");
        let mut settings = settings_with(&format!("nats://{at}/sms"), &[within]);
        settings.request_time = 10 * PATIENCE;
        let refused = tokio::time::timeout(PATIENCE, refused(&settings)).await.unwrap();
        assert_eq!(refused.status(), Status::Connect, "{refused}");
        assert!(refused.message().contains("did not answer in time"), "{refused}");
    });
}
