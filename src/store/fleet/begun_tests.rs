//! An action that two nodes have at the same time, or take for another one.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::base::log::Log;
use crate::store::arrival::Arrival;
use crate::store::change::{About, Change, Step};
use crate::store::fleet::desk::Desk;
use crate::store::fleet::node::{Node, NodeSettings};
use crate::store::fleet::simulated::{Link, World};
use crate::store::journal::Ordered;

const TAKEOVER: Duration = Duration::from_secs(10);

struct Member {
    node: Rc<Node<Link>>,
    desk: Arc<Desk>,
    arrivals: UnboundedReceiver<Arrival>,
}

impl Member {
    fn start(world: &Rc<World>) -> Member {
        let settings = NodeSettings {
            partitions: 1,
            takeover: TAKEOVER,
            key_window: TAKEOVER,
            order_wait: TAKEOVER,
            patience: TAKEOVER,
            foreign: false,
            log: Log::default(),
        };
        let (arrives, arrivals) = unbounded_channel();
        let desk = Arc::<Desk>::default();
        let arrives = Box::new(move |arrival| arrives.send(arrival).is_err());
        let node = Node::new(Link::new(world), settings, desk.clone(), arrives);
        node.start();
        Member { node, desk, arrivals }
    }

    /// The next action that arrives, and whether another node may have sent it.
    async fn action(&mut self) -> (u64, bool) {
        loop {
            let arrival = self.arrivals.recv().await.unwrap();
            if let Arrival::Action(action, _) = arrival {
                return (action.id, action.begun);
            }
        }
    }

    /// The action that another node was the last to begin.
    async fn begun_elsewhere(&self) -> Option<u64> {
        let about = About { consumer: "alice".into(), ..About::default() };
        self.node.recall(&about).await.unwrap().unwrap().begun_elsewhere
    }

    /// Has the action written down as done.
    async fn finish(&self, id: u64) {
        let (tells, told) = tokio::sync::oneshot::channel();
        let step = Step::ActionDone { id };
        let told_of = Box::new(move |outcome| drop(tells.send(outcome)));
        let change = Change::new(vec![step]);
        self.node.write(Ordered { change, is_owed: true, told: told_of });
        told.await.unwrap().unwrap();
    }

    fn submit(&self) {
        let step = Step::Action {
            id: 0,
            consumer: "alice".into(),
            key: None,
            body: "{}".into(),
            submitted_ms: 0,
            begun: false,
        };
        let told = Box::new(|_| ());
        self.node.write(Ordered { change: Change::new(vec![step]), is_owed: false, told });
    }
}

#[test]
fn of_two_nodes_that_have_an_action_the_later_one_has_it() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let world = World::new(1, TAKEOVER);
        let mut first = Member::start(&world);
        first.submit();
        let (id, was_begun) = first.action().await;
        assert!(!was_begun && first.begun_elsewhere().await.is_none());
        world.elect();
        let mut second = Member::start(&world);
        assert_eq!(second.action().await, (id, true));
        // The broker takes the word of both.
        sleep(TAKEOVER * 3).await;
        assert!(first.desk.holds(id) && second.desk.holds(id));
        assert_eq!(first.begun_elsewhere().await, Some(id));
        assert_eq!(second.begun_elsewhere().await, None);
        first.desk.let_go(id);
        loop {
            let arrival = first.arrivals.recv().await.unwrap();
            if matches!(arrival, Arrival::ActionLost { id: lost, .. } if lost == id) {
                break;
            }
        }
        sleep(TAKEOVER * 3).await;
        assert!(!first.desk.holds(id) && second.desk.holds(id));
    });
}

#[test]
fn who_may_not_be_alone_asks_before_it_sends() {
    let desk = Desk::default();
    desk.hold(1, TAKEOVER, true);
    assert!(desk.holds(1) && desk.is_fresh(1));
    desk.hold(2, Duration::ZERO, true);
    desk.extend(2, TAKEOVER);
    assert!(desk.holds(2) && !desk.is_fresh(2), "the broker takes the word of anybody");
}

#[test]
fn a_number_that_is_given_again_is_another_action() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let world = World::new(3, TAKEOVER);
        let mut node = Member::start(&world);
        node.submit();
        let (id, _) = node.action().await;
        node.finish(id).await;
        world.forget_last();
        node.submit();
        let again = timeout(TAKEOVER * 10, node.action()).await;
        assert_eq!(again.ok().map(|(id, _)| id), Some(id), "it is taken for done");
        node.finish(id).await;
        timeout(TAKEOVER * 10, node.action()).await.unwrap_err();
        assert!(world.is_empty());
    });
}
