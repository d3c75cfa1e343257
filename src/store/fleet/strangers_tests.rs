//! Notifications of conversations that no node opened, and what waits beside them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

use crate::base::log::Log;
use crate::protocol::notification::Notification;
use crate::store::arrival::Arrival;
use crate::store::change::{About, Change, Edited, Step};
use crate::store::fleet::desk::Desk;
use crate::store::fleet::node::{Node, NodeSettings};
use crate::store::fleet::simulated::{Link, World};
use crate::store::journal::Ordered;

const TAKEOVER: Duration = Duration::from_secs(10);

struct Member {
    node: Rc<Node<Link>>,
    arrivals: UnboundedReceiver<Arrival>,
}

impl Member {
    fn start(world: &Rc<World>, foreign: bool) -> Member {
        let settings = NodeSettings {
            partitions: 4,
            takeover: TAKEOVER,
            key_window: TAKEOVER,
            order_wait: TAKEOVER,
            patience: TAKEOVER,
            foreign,
            log: Log::default(),
        };
        let (arrives, arrivals) = unbounded_channel();
        let desk = Arc::<Desk>::default();
        desk.want_always();
        let arrives = Box::new(move |arrival| arrives.send(arrival).is_err());
        let node = Node::new(Link::new(world), settings, desk, arrives);
        node.start();
        Member { node, arrivals }
    }

    async fn write(&self, steps: Vec<Step>) {
        let (tells, told) = tokio::sync::oneshot::channel();
        let told_of = Box::new(move |outcome| drop(tells.send(outcome)));
        let change = Change::new(steps);
        self.node.write(Ordered { change, is_owed: false, told: told_of });
        told.await.unwrap().unwrap();
    }

    /// What an endpoint does with an event of that conversation.
    async fn receive(&self, conversation: &str, sequence: i64) {
        let event = json!({ "type": "ContentEvent", "message": "" });
        let change = json!({ "sequence": sequence, "dialogId": conversation, "event": event });
        let kind = "ms.MessagingEventNotification";
        let body = json!({ "type": kind, "body": { "changes": [change] } }).to_string();
        let notification = Arc::new(Notification::parse(body.as_bytes()).unwrap());
        let mut fingerprint = [0; 32];
        let name = format!("{conversation} {sequence}");
        fingerprint[..name.len()].copy_from_slice(name.as_bytes());
        let conversation = conversation.to_owned();
        let about = About { conversation, sequence: Some(sequence), ..About::default() };
        let steps = vec![
            Step::Notification { id: 0, notification, fingerprint: Some(fingerprint) },
            Step::Place { consumer: None, about },
        ];
        self.write(steps).await;
    }

    /// The next event that arrives until then.
    async fn next(&mut self, until: Instant) -> Option<Told> {
        loop {
            let arrival = timeout_at(until, self.arrivals.recv()).await.ok()?.unwrap();
            if let Arrival::Event { id, line, notification, .. } = arrival {
                return Some(Told {
                    id,
                    line,
                    sequence: notification.events()[0].sequence().unwrap(),
                });
            }
        }
    }

    async fn told(&mut self, until: Instant) -> Option<(String, i64)> {
        let told = self.next(until).await?;
        self.ack(&told).await;
        Some((told.line, told.sequence))
    }

    async fn ack(&self, told: &Told) {
        self.write(vec![Step::NotificationDone { id: told.id, dialogs: Vec::new() }]).await;
    }
}

/// An event, and whose it is.
struct Told {
    id: u64,
    line: String,
    sequence: i64,
}

/// The next event that one of them is told.
async fn told_by(one: &mut Member, other: &mut Member, until: Instant) -> Option<(String, i64)> {
    // Nothing that was taken may be dropped here: only one of them acknowledges.
    let (node, told) = tokio::select! {
        told = one.next(until) => (&*one, told?),
        told = other.next(until) => (&*other, told?),
    };
    node.ack(&told).await;
    Some((told.line, told.sequence))
}

fn run(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

#[test]
fn what_waits_for_its_place_is_not_held_up_by_strangers() {
    run(async {
        let world = World::new(1, TAKEOVER);
        world.most_unknown.set(4);
        let mut node = Member::start(&world, false);
        let edited = |_: Option<&str>| {
            Some(Edited { body: "{}".into(), ids: vec!["c".into()], lp_id: String::new() })
        };
        let learned = Step::Learn { consumer: "alice".into(), edit: Arc::new(edited) };
        node.write(vec![learned]).await;
        for stranger in 0..8 {
            node.receive(&format!("s{stranger}"), 0).await;
        }
        let until = Instant::now() + TAKEOVER / 2;
        for sequence in [1, 0, 2] {
            node.receive("c", sequence).await;
        }
        for sequence in 0..3 {
            assert_eq!(node.told(until).await, Some(("alice".to_owned(), sequence)));
        }
    });
}

#[test]
fn what_is_told_of_strangers_is_in_order_and_soon() {
    const CONVERSATIONS: usize = 6;
    const EVENTS: i64 = 6;
    run(async {
        let world = World::new(1, TAKEOVER);
        let mut nodes = [Member::start(&world, true), Member::start(&world, true)];
        for conversation in 0..CONVERSATIONS {
            for sequence in 0..EVENTS {
                let node = &nodes[(conversation + sequence as usize) % 2];
                node.receive(&format!("s{conversation}"), sequence).await;
            }
        }
        let [one, other] = &mut nodes;
        let until = Instant::now() + TAKEOVER / 2;
        let mut next = [0; CONVERSATIONS];
        for _ in 0..CONVERSATIONS as i64 * EVENTS {
            let told = told_by(one, other, until).await;
            let (line, sequence) = told.expect("it is told by now");
            let conversation: usize = line.strip_prefix("\0s").unwrap().parse().unwrap();
            assert_eq!(sequence, next[conversation], "of {conversation}");
            next[conversation] += 1;
        }
        // One that began before is told from there on.
        one.receive("s99", 37).await;
        let until = Instant::now() + TAKEOVER * 3;
        let told = told_by(one, other, until).await;
        assert_eq!(told, Some(("\0s99".to_owned(), 37)));
    });
}
