//! What of a store is removed while nodes run.

use std::time::Duration;

use serde_json::json;

use crate::base::lock::lock;
use crate::base::log::LogLevel;
use crate::store::fleet::broker::{Broker, Lane};
use crate::store::fleet::nats::Nats;
use crate::store::fleet::nats_tests::nats_server::NatsServer;
use crate::store::fleet::nats_tests::{
    OUT, append, connect, info, log, node, run, settings, take, until,
};
use crate::store::fleet::store_tests;
use crate::store::journal::SharedJournal;

const STREAMS: [&str; 4] = ["sms-out", "sms-in", "KV_sms-consumers", "OBJ_sms-files"];

async fn remove(node: &Nats, what: &str) {
    node.ask_api(what.to_owned(), json!({})).await.unwrap();
}

#[test]
fn a_store_that_is_gone_is_said_to_be_once_and_made_anew() {
    for is_wiped in [false, true] {
        let mut server = NatsServer::start();
        run(async {
            let mut settings = settings(&server);
            settings.takeover = Duration::from_secs(1);
            let (log, lines) = log(LogLevel::Error);
            let node = Nats::connect(&settings, &log).await.unwrap();
            append(&node, OUT, "lost").await;
            let held = take(&node, OUT).await;
            if is_wiped {
                server.kill();
                std::fs::remove_dir_all(server.directory().join("kept")).unwrap();
                server.start_again();
            } else {
                for stream in STREAMS {
                    remove(&node, &format!("STREAM.DELETE.{stream}")).await;
                }
            }
            until("it is not healthy", async || node.waiting().await.is_err()).await;
            until("it is made anew", async || node.waiting().await.is_ok()).await;
            let about = node.get("about").await.unwrap().unwrap();
            assert!(about.body.ends_with(b"\"partitions\":3,\"version\":1}"));
            // Its number is another's now.
            let seq = append(&node, OUT, "new").await;
            assert_eq!(seq, held.entry.seq);
            let new = take(&node, OUT).await;
            assert_eq!((&*new.entry.body, new.times), (&b"new"[..], 1));
            let _ = node.keep(&held).await;
            let _ = node.finish(&held).await;
            assert_eq!(node.waiting().await.unwrap().outgoing, 1, "it is not what was held");
            node.finish(&new).await.unwrap();
            append(&node, Lane::In(1), "x").await;
            take(&node, Lane::In(1)).await;
            node.put_file("f", "x".into()).await.unwrap();
            let lines = lock(&lines);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].1.contains("what waited there is lost"), "{lines:?}");
        });
    }
}

#[test]
fn a_consumer_that_is_gone_is_made_anew_and_nothing_is_taken_for_untouched() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.takeover = Duration::from_secs(1);
        let (log, lines) = log(LogLevel::Error);
        let a = connect(&settings).await.unwrap();
        let b = Nats::connect(&settings, &log).await.unwrap();
        append(&a, OUT, "first").await;
        append(&a, OUT, "second").await;
        let held = take(&a, OUT).await;
        assert_eq!(held.times, 1);
        remove(&a, "CONSUMER.DELETE.sms-out.out-1").await;
        let mut came = None;
        until("it comes again", async || {
            came = b.take(OUT, Duration::from_secs(1)).await.unwrap_or_default();
            came.is_some()
        })
        .await;
        let came = came.unwrap();
        assert_eq!(came.entry.body, "first");
        assert!(came.times > 1, "another node may have sent it");
        b.finish(&came).await.unwrap();
        let consumer = info(&b, "CONSUMER.INFO.sms-out.out-1").await;
        assert_eq!(consumer["config"]["ack_wait"], 1_000_000_000);
        assert_eq!(consumer["config"]["max_ack_pending"], 1);
        let lines = lock(&lines);
        assert_eq!(lines.len(), 1, "{lines:?}");
    });
}

#[test]
fn a_consumer_that_another_one_made_anew_meanwhile_leaves_a_doubt() {
    let server = NatsServer::start();
    run(async {
        let mut settings = settings(&server);
        settings.takeover = Duration::from_secs(1);
        let (a, b) = (connect(&settings).await.unwrap(), connect(&settings).await.unwrap());
        append(&a, OUT, "first").await;
        let held = take(&a, OUT).await;
        assert_eq!(held.times, 1);
        let config = info(&a, "CONSUMER.INFO.sms-out.out-1").await["config"].clone();
        let ((), came) = tokio::join!(
            async {
                let consumer = "CONSUMER.INFO.sms-out.out-1";
                until("it waits", async || info(&a, consumer).await["num_waiting"] == 1).await;
                remove(&a, "CONSUMER.DELETE.sms-out.out-1").await;
                let anew = json!({ "stream_name": "sms-out", "config": config });
                a.ask_api("CONSUMER.DURABLE.CREATE.sms-out.out-1".to_owned(), anew).await.unwrap();
            },
            async {
                let mut came = None;
                until("it comes again", async || {
                    came = b.take(OUT, Duration::from_secs(1)).await.unwrap_or_default();
                    came.is_some()
                })
                .await;
                came.unwrap()
            }
        );
        assert_eq!(came.entry.body, "first");
        assert!(came.times > 1, "another node may have sent it");
        b.finish(&came).await.unwrap();
    });
}

#[test]
fn a_node_is_not_healthy_where_its_store_is_gone() {
    let server = NatsServer::start();
    let (store, _arrivals) = store_tests::node(&server);
    assert!(store.is_there());
    run(async {
        let other = node(&server).await;
        remove(&other, "STREAM.DELETE.sms-in").await;
        until("it is not healthy", async || !store.is_there()).await;
    });
}
