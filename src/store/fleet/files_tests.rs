//! Files that nothing names any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::base::error::Status;
use crate::protocol::notification::Notification;
use crate::store::arrival::Arrival;
use crate::store::change::{About, KeptFile, Step};
use crate::store::fleet::member::{Member, TAKEOVER, run, submit};
use crate::store::fleet::simulated::World;

fn submit_file(key: &str) -> Vec<Step> {
    let file = KeptFile { bytes: [1; 100][..].into(), preview: Some([2; 10][..].into()) };
    vec![submit("alice", Some(key)), Step::File { id: 0, file }]
}

/// One that is too long for an entry.
fn event(conversation: &str, consumer: Option<&str>) -> Vec<Step> {
    let long = "x".repeat(600_000);
    let body = format!(r#"{{"type":"x","body":{{"changes":[{{"long":"{long}"}}]}}}}"#);
    let notification = Arc::new(Notification::parse(body.as_bytes()).unwrap());
    let about = About { conversation: conversation.into(), ..About::default() };
    let consumer = consumer.map(Into::into);
    let fingerprint = Some([7; 32]);
    vec![Step::Notification { id: 0, notification, fingerprint }, Step::Place { consumer, about }]
}

#[test]
fn a_file_that_is_submitted_again_or_refused_leaves_nothing() {
    run(async {
        let world = World::new(1, TAKEOVER);
        let mut node = Member::start(&world);
        node.write(submit_file("once"), false).await.unwrap().unwrap();
        let id = node.action().await;
        let first = world.files();
        assert_eq!(first.len(), 2);
        node.write(submit_file("once"), false).await.unwrap().unwrap();
        world.most.set([1, 1]);
        let full = node.write(submit_file("another"), false).await.unwrap();
        assert_eq!(full.unwrap_err().status(), Status::Full);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(world.files(), first, "those of what waits");
        assert_eq!(node.node.file(id).await.unwrap().unwrap().bytes[..], [1; 100]);
        node.write(vec![Step::ActionDone { id }], true).await.unwrap().unwrap();
        node.write(submit_file("once"), false).await.unwrap().unwrap();
        sleep(Duration::from_secs(1)).await;
        assert!(world.files().is_empty() && world.is_empty());
    });
}

#[test]
fn a_long_notification_that_comes_again_or_is_of_others_leaves_nothing() {
    run(async {
        let world = World::new(1, TAKEOVER);
        let mut node = Member::start(&world);
        node.write(event("c", Some("alice")), false).await.unwrap().unwrap();
        let id = loop {
            if let Arrival::Event { id, .. } = node.arrivals.recv().await.unwrap() {
                break id;
            }
        };
        node.write(event("c", Some("alice")), false).await.unwrap().unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(world.files().len(), 1);
        let ack = vec![Step::NotificationDone { id, dialogs: Vec::new() }];
        node.write(ack, false).await.unwrap().unwrap();
        node.write(event("c", Some("alice")), false).await.unwrap().unwrap();
        sleep(Duration::from_secs(1)).await;
        assert!(world.files().is_empty() && world.is_empty());
        node.write(event("others", None), false).await.unwrap().unwrap();
        assert_eq!(world.files().len(), 1);
        while !matches!(node.arrivals.recv().await.unwrap(), Arrival::Foreign) {}
        sleep(Duration::from_secs(1)).await;
        assert!(world.files().is_empty() && world.is_empty());
    });
}
