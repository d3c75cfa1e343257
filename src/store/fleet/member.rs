//! A node in the hands of a test, which is its engine.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::base::error::Error;
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};
use crate::store::arrival::Arrival;
use crate::store::change::{Change, Step};
use crate::store::fleet::desk::Desk;
use crate::store::fleet::node::{Node, NodeSettings};
use crate::store::fleet::simulated::{Link, World};
use crate::store::journal::Ordered;

pub(super) const TAKEOVER: Duration = Duration::from_secs(10);

/// Time goes as fast as nobody does anything.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

pub(super) struct Member {
    pub node: Rc<Node<Link>>,
    pub desk: Arc<Desk>,
    pub arrivals: UnboundedReceiver<Arrival>,
    pub log: Arc<Mutex<Vec<String>>>,
    pub link_broken_until: Rc<Cell<Option<Instant>>>,
}

impl Member {
    /// On the local tasks that are run. Its program has whatever arrives, and asks for more.
    pub(super) fn start(world: &Rc<World>) -> Member {
        let log = Arc::<Mutex<Vec<String>>>::default();
        let lines = log.clone();
        let settings = NodeSettings {
            partitions: 1,
            takeover: TAKEOVER,
            key_window: TAKEOVER,
            order_wait: TAKEOVER,
            patience: TAKEOVER,
            foreign: false,
            log: Log::new(LogLevel::Info, move |_, line| lock(&lines).push(line.to_owned())),
        };
        let (arrives, arrivals) = unbounded_channel();
        let desk = Arc::<Desk>::default();
        desk.want_always();
        let arrives = Box::new(move |arrival| {
            let is_asked_back = matches!(arrival, Arrival::UpdateWanted { .. });
            arrives.send(arrival).is_ok() && !is_asked_back
        });
        let link = Link::new(world);
        let link_broken_until = link.broken_until.clone();
        let node = Node::new(link, settings, desk.clone(), arrives);
        node.start();
        Member { node, desk, arrivals, log, link_broken_until }
    }

    /// What becomes of a change.
    pub(super) fn write(
        &self,
        steps: Vec<Step>,
        is_owed: bool,
    ) -> oneshot::Receiver<Result<(), Error>> {
        let (tells, told) = oneshot::channel();
        let told_of = Box::new(move |outcome| drop(tells.send(outcome)));
        self.node.write(Ordered { change: Change::new(steps), is_owed, told: told_of });
        told
    }

    /// The next action that is here.
    pub(super) async fn action(&mut self) -> u64 {
        loop {
            if let Arrival::Action(action, _) = self.arrivals.recv().await.unwrap() {
                return action.id;
            }
        }
    }

    /// The next outcome that the program is told.
    pub(super) async fn outcome(&mut self) -> (u64, String) {
        loop {
            if let Arrival::Outcome { id, body, .. } = self.arrivals.recv().await.unwrap() {
                self.desk.give(id);
                return (id, body);
            }
        }
    }
}

pub(super) fn submit(consumer: &str, key: Option<&str>) -> Step {
    Step::Action {
        id: 0,
        consumer: consumer.into(),
        key: key.map(Into::into),
        body: "{}".into(),
        submitted_ms: 0,
        begun: false,
    }
}

pub(super) fn update(consumer: &str, body: &str, of: Option<u64>) -> Step {
    Step::Update { id: 0, consumer: consumer.into(), body: body.into(), of }
}
