//! The thread of a node, and what its engine holds of it.

use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::thread;
use crate::store::arrival::Arrives;
use crate::store::change::{About, Change, KeptFile, Step};
use crate::store::fleet::broker::Broker;
use crate::store::fleet::desk::Desk;
use crate::store::fleet::node::{Node, NodeSettings};
use crate::store::fleet::writes::error;
use crate::store::journal::{Journal, Ordered, Recalled, SharedJournal};

/// So long what is owed is tried at the end: who takes over does it, too.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// The store of one node.
pub(crate) struct Fleet {
    name: String,
    desk: Arc<Desk>,
    commands: UnboundedSender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Command {
    Start(Arrives),
    Write(Ordered),
    Recall(About, Recalled),
    File(u64, mpsc::SyncSender<Result<Option<KeptFile>, Error>>),
    Pause(Duration),
    HandOver,
    End,
}

impl Fleet {
    /// Connects, on a thread of its own.
    pub(crate) fn open<B, F>(
        settings: NodeSettings,
        connect: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Fleet, Error>
    where
        B: Broker,
        F: Future<Output = Result<B, Error>>,
    {
        let (commands, wanted) = unbounded_channel();
        let desk = Arc::<Desk>::default();
        let (tells, told) = mpsc::sync_channel(1);
        let its = desk.clone();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(why) => return drop(tells.send(Err(cannot_start(&why)))),
            };
            LocalSet::new().block_on(&runtime, async move {
                match connect().await {
                    Err(why) => drop(tells.send(Err(why))),
                    Ok(broker) => {
                        let _ = tells.send(Ok(broker.name().to_owned()));
                        serve(broker, settings, its, wanted).await;
                    }
                }
            });
        };
        let thread = thread::start("lpc-store", run).map_err(|why| cannot_start(&why))?;
        let broke = |_| Error::new(Status::Internal, "the store's thread broke");
        let name = told.recv().map_err(broke)??;
        Ok(Fleet { name, desk, commands, thread: Mutex::new(Some(thread)) })
    }

    fn ask(&self, command: Command) {
        // After the end nobody is told anything.
        let _ = self.commands.send(command);
    }
}

async fn serve<B: Broker>(
    broker: B,
    settings: NodeSettings,
    desk: Arc<Desk>,
    mut commands: UnboundedReceiver<Command>,
) {
    // Whoever asks before has it answered after.
    let mut early = Vec::new();
    let arrives = loop {
        match commands.recv().await {
            None | Some(Command::End) => return,
            Some(Command::Start(arrives)) => break arrives,
            Some(other) => early.push(other),
        }
    };
    let node = Node::new(broker, settings, desk.clone(), arrives);
    node.start();
    early.into_iter().for_each(|command| obey(&node, command));
    while let Some(command) = commands.recv().await {
        match command {
            Command::End => break,
            Command::HandOver => drop(timeout(LAST_WRITES, node.hand_all_over()).await),
            other => obey(&node, other),
        }
    }
    desk.stop();
    let _ = timeout(LAST_WRITES, node.lines.all_before(u64::MAX)).await;
    let _ = timeout(LAST_WRITES, node.give_all_back()).await;
}

fn obey<B: Broker>(node: &Rc<Node<B>>, command: Command) {
    let node = node.clone();
    match command {
        Command::Write(ordered) => node.write(ordered),
        Command::Recall(about, recalled) => {
            spawn_local(async move {
                recalled(node.recall_in_time(&about).await.map_err(error));
            });
        }
        Command::File(id, tells) => {
            spawn_local(async move {
                let file = node.patiently(|| node.file(id)).await;
                // Who asked waits for it.
                let _ = tells.send(file.map_err(error));
            });
        }
        Command::Pause(time) => {
            spawn_local(async move { node.pause_all(time).await });
        }
        Command::Start(_) | Command::HandOver | Command::End => {}
    }
}

fn cannot_start(why: &std::io::Error) -> Error {
    Error::new(Status::Io, format!("cannot start a thread: {why}"))
}

impl Journal for Fleet {
    fn keep_at_once(&self, change: Change) -> Result<Result<(), Error>, Change> {
        // How often it was handed out says more than a mark could.
        for step in &change.steps {
            let Step::ActionBegun { id, begun } = step else { return Err(change) };
            self.desk.touch(*id, *begun);
        }
        if change.steps.is_empty() { Err(change) } else { Ok(Ok(())) }
    }

    fn write(&self, ordered: Ordered) {
        self.ask(Command::Write(ordered));
    }

    fn file(&self, id: u64) -> Result<Option<KeptFile>, Error> {
        let (tells, told) = mpsc::sync_channel(1);
        self.ask(Command::File(id, tells));
        let ended = |_| Error::new(Status::Closed, "the store was closed");
        told.recv().map_err(ended)?
    }

    fn outlives_the_process(&self) -> bool {
        true
    }

    fn end(&self) {
        self.ask(Command::End);
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }

    fn shared(&self) -> Option<&dyn SharedJournal> {
        Some(self)
    }
}

impl SharedJournal for Fleet {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn start(&self, arrives: Arrives) {
        self.ask(Command::Start(arrives));
    }

    fn recall(&self, about: About, then: Recalled) {
        self.ask(Command::Recall(about, then));
    }

    fn want(&self) {
        self.desk.want();
    }

    fn want_always(&self) {
        self.desk.want_always();
    }

    fn give(&self, id: u64) -> bool {
        self.desk.give(id)
    }

    fn holds_update(&self, id: u64) -> bool {
        self.desk.holds_update(id)
    }

    fn holds(&self, id: u64) -> bool {
        self.desk.holds(id)
    }

    fn is_fresh(&self, id: u64) -> bool {
        self.desk.is_fresh(id)
    }

    fn goes_out(&self, id: u64) -> bool {
        self.desk.goes_out(id)
    }

    fn let_go(&self, id: u64) {
        self.desk.let_go(id);
    }

    fn pause(&self, time: Duration) {
        self.ask(Command::Pause(time));
    }

    fn stop(&self) {
        self.desk.stop();
    }

    fn hand_over(&self) {
        self.ask(Command::HandOver);
    }

    fn is_there(&self) -> bool {
        self.desk.is_there()
    }

    fn waits(&self) -> (u64, u64) {
        self.desk.waits()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.end();
    }
}
