//! What a connector holds: the lines of both directions, who talks where, and the store behind them.
//!
//! What changes it is in four files: `outbox` (what is submitted and sent), `intake` (what the service
//! tells), `updates` (what the program is told), and `open` here (what an earlier process left).

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::log::LogLevel;
use crate::config::connector_settings::{ConnectorSettings, StoreSetting};
use crate::connector::consumers::Consumers;
use crate::connector::counters::Counters;
use crate::connector::keys::Keys;
use crate::connector::lines::Lines;
use crate::connector::pending::{Content, Pending, is_told};
use crate::connector::settled::Settled;
use crate::connector::waiting::Waiting;
use crate::connector::wall_clock::WallClock;
use crate::handles::client::Client;
use crate::handles::consumer::Consumer;
use crate::handles::conversation::Conversation;
use crate::receiver::duplicates::{DuplicatesWindow, Seen};
use crate::receiver::fingerprint::fingerprint;
use crate::receiver::item::Item;
use crate::receiver::readiness::Readiness;
use crate::receiver::resequencer::{Resequencer, most_dialogs};
use crate::store::change::{Change, KeptFile, Step};
#[cfg(feature = "nats")]
use crate::store::fleet::{nats::Nats, node::NodeSettings, store::Fleet};
use crate::store::journal::{Journal, Ordered, SharedJournal};
use crate::store::left::Left;
use crate::store::memory::Memory;
use crate::store::schema::Owner;
use crate::store::sqlite::{Keeps, Sqlite};
use crate::store::writer::Writer;

/// How the service's own order is put right.
pub(crate) struct OrderSettings {
    pub duplicates_window: usize,
    pub order_wait: std::time::Duration,
}

/// The heart of one connector. The lock is held for an instant, never while something is sent or
/// written.
pub(crate) struct Engine {
    /// Tells updates of this connector from those of others.
    pub number: u64,
    /// In the ids by which the service's own words about our messages are known.
    pub name: String,
    pub settings: ConnectorSettings,
    pub client: Client,
    pub counters: Counters,
    pub clock: WallClock,
    pub state: Mutex<State>,
    /// Something can be sent.
    pub can_send: Condvar,
    /// Something can be told.
    pub can_tell: Condvar,
    /// Nothing waits to be sent any more.
    pub drained: Condvar,
    /// Who waits for the end of the threads; others who stop it wait for that one.
    pub stopping: Mutex<()>,
    store: Box<dyn Journal>,
}

/// A shared store gives what it hands out its own ids: what stays here has others.
const OWN_IDS: u64 = 1 << 62;

/// Goes on once a change is written, or could not be, with the lock.
pub(crate) type Then = Box<dyn FnOnce(MutexGuard<'_, State>, Result<(), Error>) + Send>;

pub(crate) struct State {
    pub next_id: u64,
    pub outbox: Lines<Waiting>,
    pub inbox: Lines<Pending>,
    pub consumers: Consumers,
    pub handles: HashMap<Arc<str>, Handles>,
    pub keys: Keys,
    /// The consumers of whom actions are being written, and how many.
    pub submitting: HashMap<Arc<str>, usize>,
    pub submitting_len: usize,
    pub duplicates: DuplicatesWindow,
    pub resequencer: Resequencer,
    /// What is to be written, with the next change, about what the program is not told.
    pub passed: Vec<Step>,
    /// Of conversations that nobody knows yet, by conversation, and until when they wait.
    pub unknown: VecDeque<(Instant, Item)>,
    /// What was known when they were looked at the last time.
    pub unknown_looked_at: u64,
    /// Notifications that are being written.
    pub receiving: usize,
    pub readiness: Option<Readiness>,
    pub phase: Phase,
    pub idle_workers: usize,
    pub idle_pollers: usize,
    pub workers: usize,
    pub threads: Vec<JoinHandle<()>>,
    /// The service wants nothing before then.
    pub paused_until: Option<Instant>,
    /// Consumers whose action waits for the service to come back.
    pub unreachable: HashSet<Arc<str>>,
    /// What the service told of messages, by their ids, while they were under way once more.
    pub settled: HashMap<u64, Settled>,
    /// When the store failed, if it did the last time.
    pub store_failed: Option<Instant>,
    /// When a notification was last sent away: those behind it come later, too.
    pub refused: Option<Instant>,
    /// Updates that the program could not acknowledge, and does not have any more; the last ones.
    pub not_acknowledged: VecDeque<u64>,
}

/// What was made for a consumer once, and serves all that is sent for it.
#[derive(Clone)]
pub(crate) struct Handles {
    /// It knows its token.
    pub consumer: Consumer,
    /// The one that was used last.
    pub conversation: Option<Conversation>,
}

/// How far a connector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Works,
    /// Takes nothing new, and sends what it has.
    Drains,
    /// Sends nothing any more.
    Stopped,
    /// All that the program must know is lined up: once it has that, polls end.
    Told,
    /// Nobody may poll any more.
    Ended,
}

impl Engine {
    /// An engine with what an earlier process left.
    pub(crate) fn open(
        settings: ConnectorSettings,
        order: &OrderSettings,
        client: Client,
    ) -> Result<Engine, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let dialogs = most_dialogs(order.duplicates_window);
        let keeps = Keeps { duplicates: order.duplicates_window, dialogs: Some(dialogs) };
        let (store, left): (Box<dyn Journal>, Left) = match &settings.store {
            StoreSetting::Memory => {
                (Box::new(Memory::default()), Left { next_id: 1, ..Left::default() })
            }
            StoreSetting::Sqlite(file) => {
                let account = Some(client.account_id());
                let owner = Owner { option: "connector.store", account };
                let file = Sqlite::open(Path::new(file), owner, keeps)?;
                let left = file.left()?;
                (Box::new(Writer::start(file)?), left)
            }
            #[cfg(feature = "nats")]
            StoreSetting::Nats(nats) => {
                let (nats, log) = (nats.clone(), settings.log.clone());
                let node = NodeSettings {
                    partitions: nats.partitions,
                    takeover: nats.takeover,
                    key_window: nats.key_window,
                    order_wait: order.order_wait,
                    patience: nats.patience,
                    foreign: settings.foreign,
                    log: log.clone(),
                };
                let connect = move || async move { Nats::connect(&nats, &log).await };
                let left = Left { next_id: OWN_IDS, ..Left::default() };
                (Box::new(Fleet::open(node, connect)?), left)
            }
        };
        let name = match store.shared() {
            Some(shared) => shared.name(),
            None if left.name.is_empty() => random_name()?,
            None => left.name.clone(),
        };
        let state = State {
            next_id: left.next_id,
            outbox: Lines::new(),
            inbox: Lines::new(),
            // A shared store has all of them.
            consumers: Consumers::new(store.shared().is_some()),
            handles: HashMap::new(),
            keys: Keys::new(settings.key_window),
            submitting: HashMap::new(),
            submitting_len: 0,
            duplicates: DuplicatesWindow::new(order.duplicates_window),
            resequencer: Resequencer::new(order.order_wait, dialogs),
            passed: Vec::new(),
            unknown: VecDeque::new(),
            unknown_looked_at: 0,
            receiving: 0,
            readiness: None,
            phase: Phase::Works,
            idle_workers: 0,
            idle_pollers: 0,
            workers: 0,
            threads: Vec::new(),
            paused_until: None,
            unreachable: HashSet::new(),
            settled: HashMap::new(),
            store_failed: None,
            refused: None,
            not_acknowledged: VecDeque::new(),
        };
        let engine = Engine {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            name,
            settings,
            client,
            counters: Counters::default(),
            clock: WallClock::start(),
            state: Mutex::new(state),
            can_send: Condvar::new(),
            can_tell: Condvar::new(),
            drained: Condvar::new(),
            stopping: Mutex::new(()),
            store,
        };
        engine.resume(left);
        Ok(engine)
    }

    fn resume(&self, left: Left) {
        let log = |why: &dyn std::fmt::Display| {
            self.settings.log.write(LogLevel::Error, || format!("connector: put aside: {why}"));
        };
        left.unreadable.iter().for_each(|why| log(why));
        let now = Instant::now();
        let mut state = lock(&self.state);
        let state = &mut *state;
        for (consumer, body) in &left.consumers {
            if !state.consumers.resume(consumer, body) {
                log(&format!("what was known of consumer '{consumer}'"));
            }
        }
        for (id, fingerprint, at_ms) in left.keys {
            state.keys.resume(fingerprint, id, self.clock.since_ms(at_ms));
        }
        let mut names: HashSet<Arc<str>> = HashSet::new();
        let mut name_of = |consumer: String| {
            let name = names.get(&*consumer).cloned().unwrap_or_else(|| Arc::from(consumer));
            names.insert(name.clone());
            name
        };
        for action in left.actions {
            let consumer = name_of(action.consumer);
            if let Some(key) = &action.key {
                let age = self.clock.since_ms(action.submitted_ms);
                state.keys.resume(Keys::fingerprint(&consumer, key), action.id, age);
            }
            let mut waiting =
                Waiting::new(action.id, action.key.as_deref(), &action.body, action.submitted_ms);
            // Whether it went out, nobody knows: the service tells within this time, if it did.
            let is_unsure = action.begun && waiting.was_begun();
            state.outbox.push(&consumer, waiting);
            if is_unsure {
                let at = now + self.settings.echo_wait;
                state.outbox.put_off(&consumer, action.id, at);
            }
        }
        state.keys.resumed();
        // Both kinds of updates in the order in which they came.
        let mut updates: Vec<(u64, LeftUpdate)> = Vec::new();
        for (id, consumer, body) in left.updates {
            updates.push((id, LeftUpdate::Outcome(name_of(consumer), body.into())));
        }
        for fingerprint in left.fingerprints {
            state.duplicates.remember(fingerprint, Seen::Done);
        }
        let items = left.notifications.into_iter().map(|(id, notification)| {
            let fingerprint = fingerprint(&notification);
            // The service's word about the consumer's own may not have been acted on yet.
            if notification.events().first().is_some_and(is_told) {
                state.duplicates.remember(fingerprint, Seen::Done);
            }
            let notification = Arc::new(notification);
            Item { id, notification, fingerprint, arrived: now }
        });
        let items = items.collect();
        for item in state.resequencer.resume(items, left.dialogs) {
            updates.push((item.id, LeftUpdate::Event(item)));
        }
        updates.sort_by_key(|(id, _)| *id);
        for (id, update) in updates {
            match update {
                LeftUpdate::Event(item) => self.route(state, item, now, true),
                LeftUpdate::Outcome(consumer, body) => {
                    let content = Content::Outcome(body);
                    state.inbox.push(&consumer, Pending { id, content, given: 0, is_left: true });
                }
            }
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Has a change written, with the lock held until it has its place in the order. Where nothing is
    /// written, it goes on at once.
    pub(crate) fn write(self: &Arc<Self>, state: MutexGuard<State>, change: Change, then: Then) {
        self.order(state, change, false, then);
    }

    /// The same, where nobody can be told of a failure: it is tried until it is written.
    pub(crate) fn write_surely(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        steps: Vec<Step>,
        then: Then,
    ) {
        self.order(state, Change::done(steps), true, then);
    }

    fn order(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        change: Change,
        is_owed: bool,
        then: Then,
    ) {
        let change = match self.store.keep_at_once(change) {
            Ok(outcome) => return then(state, outcome),
            Err(change) => change,
        };
        let engine = self.clone();
        let told = Box::new(move |outcome| then(engine.lock(), outcome));
        self.store.write(Ordered { change, is_owed, told });
        drop(state);
    }

    /// Something can be sent, or has to be at another time: a worker that waits looks again. To wake
    /// one asks the system, even where none waits.
    pub(crate) fn wake_worker(&self, state: &State) {
        if state.idle_workers > 0 {
            self.can_send.notify_one();
        }
    }

    /// The same of who polls.
    pub(crate) fn wake_poller(&self, state: &State) {
        if state.idle_pollers > 0 {
            self.can_tell.notify_one();
        }
    }

    /// Where several processes share the store.
    pub(crate) fn shared(&self) -> Option<&dyn SharedJournal> {
        self.store.shared()
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.shared().is_some()
    }

    pub(crate) fn outlives_the_process(&self) -> bool {
        self.store.outlives_the_process()
    }

    /// The file of an action, and its preview.
    pub(crate) fn file(&self, id: u64) -> Result<KeptFile, Error> {
        // Unlike a store that fails, this does not pass.
        let gone = || Error::new(Status::Internal, "the action's file is not in the store");
        self.store.file(id)?.ok_or_else(gone)
    }

    /// Waits until all is written, and lets go of the file.
    pub(crate) fn release(&self) {
        self.store.end();
    }
}

impl State {
    /// How many the program was not told yet or did not acknowledge, those included that are being
    /// written or held back.
    pub(crate) fn updates(&self) -> usize {
        self.inbox.len() + self.resequencer.held() + self.unknown.len() + self.receiving
    }

    pub(crate) fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

pub(crate) fn closed() -> Error {
    Error::new(Status::Closed, "the connector was shut down")
}

pub(crate) fn updates_full() -> Error {
    Error::new(Status::Full, "too many updates wait for the program (connector.queue.max)")
}

/// An update that an earlier process left.
enum LeftUpdate {
    Event(Item),
    Outcome(Arc<str>, Arc<str>),
}

/// A name unlike that of any other connector.
fn random_name() -> Result<String, Error> {
    let mut bytes = [0u8; 8];
    let random = ring::rand::SystemRandom::new();
    ring::rand::SecureRandom::fill(&random, &mut bytes)
        .map_err(|_| Error::new(Status::Internal, "the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
