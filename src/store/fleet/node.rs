//! One node of a fleet: it takes entries from the lanes, keeps them while they are worked on, and writes
//! what its engine wants written.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::base::log::{Log, LogLevel};
use crate::protocol::notification::Notification;
use crate::store::arrival::{Arrival, Arrives, Known};
use crate::store::change::{About, KeptFile};
use crate::store::fleet::broker::{Broker, Delivered, Entry, Lane, Trouble};
use crate::store::fleet::bucket::{Bucket, partition};
use crate::store::fleet::desk::Desk;
use crate::store::fleet::envelope::{ActionEntry, EventEntry, UpdateEntry, VERSION, What};
use crate::store::fleet::once::random_name;
use crate::store::fleet::record::{Done, KeyDone, Record};
use crate::store::fleet::write_lines::WriteLines;
use crate::store::left::LeftAction;

/// So long one request for an entry waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// So long somebody who waits for an answer waits, at most.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);

/// After trouble with the broker.
const PAUSE: Duration = Duration::from_millis(200);

/// So many notifications of nobody known are looked at beside each other; of those that came too early, fewer: they
/// are few, and wait anyway.
const LOOKERS: usize = 8;

/// So long a conversation may become known, and so often is looked: who opened it may have died, and be
/// replaced.
const UNKNOWN_WAITS: Duration = Duration::from_secs(60);
const UNKNOWN_LOOKS: u64 = 10;

/// The same where others' conversations are told, too: they are not to come late.
const STRANGERS_WAIT: Duration = Duration::from_secs(1);
const STRANGERS_LOOKS: u64 = 6;

/// Of so many actions is known when they were appended, the last ones.
const MOST_APPENDED: usize = 10_000;

/// Between two looks at something that has no place yet, at first and at last.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_secs(5);

/// What the nodes of a fleet agree about, and what this one wants.
pub(crate) struct NodeSettings {
    pub partitions: u16,
    /// A node that says nothing for so long is replaced.
    pub takeover: Duration,
    /// So long the same key is the same action.
    pub key_window: Duration,
    /// So long a notification waits for one that is missing before it.
    pub order_wait: Duration,
    /// So long somebody waits until something is written.
    pub patience: Duration,
    /// Conversations of others are told, too.
    pub foreign: bool,
    pub log: Log,
}

/// What nodes tell each other.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Call {
    /// Something new is known of the consumer, by a node that knows it.
    Learned { consumer: String, by: String },
    /// Nobody sends anything for so many milliseconds.
    Pause(u64),
}

/// One node.
pub(crate) struct Node<B: Broker> {
    /// By which it knows itself again.
    id: String,
    pub(super) broker: B,
    pub(super) bucket: Bucket,
    pub(super) settings: NodeSettings,
    pub(super) desk: Arc<Desk>,
    pub(super) out: RefCell<HashMap<u64, Rc<Held<B>>>>,
    pub(super) inn: RefCell<HashMap<u64, Rc<Held<B>>>>,
    pub(super) lines: WriteLines,
    /// When the actions were appended that it has, or had lately.
    appended: RefCell<BTreeMap<u64, i64>>,
    /// The same of actions that it lost, and of which nothing had gone out.
    left_untouched: RefCell<BTreeMap<u64, i64>>,
    arrives: Arrives,
}

/// An entry that this node has.
pub(super) struct Held<B: Broker> {
    pub(super) delivery: B::Delivery,
    pub(super) consumer: String,
    pub(super) files: Vec<String>,
    pub(super) key: Option<KeyDone>,
    over: Notify,
    is_over: Cell<bool>,
    is_lost: Cell<bool>,
}

impl<B: Broker> Held<B> {
    fn new(
        delivery: B::Delivery,
        consumer: String,
        files: Vec<String>,
        key: Option<KeyDone>,
    ) -> Rc<Held<B>> {
        let (over, is_over, is_lost) = (Notify::new(), Cell::new(false), Cell::new(false));
        Rc::new(Held { delivery, consumer, files, key, over, is_over, is_lost })
    }

    fn seq(&self) -> u64 {
        self.delivery.entry.seq
    }

    fn at(&self) -> i64 {
        self.delivery.entry.at
    }

    /// It is not ours any more, and nothing more may be said for it: it could be another node's by now, which may die.
    pub(super) fn lose(&self) {
        self.is_lost.set(true);
        self.over.notify_one();
    }

    /// It need not be kept any longer.
    pub(super) fn end(&self) {
        self.is_over.set(true);
        self.over.notify_one();
    }
}

impl<B: Broker> Node<B> {
    pub(crate) fn new(
        broker: B,
        settings: NodeSettings,
        desk: Arc<Desk>,
        arrives: Arrives,
    ) -> Rc<Node<B>> {
        Rc::new(Node {
            id: random_name(""),
            broker,
            bucket: Bucket::new(),
            settings,
            desk,
            out: RefCell::default(),
            inn: RefCell::default(),
            lines: WriteLines::default(),
            appended: RefCell::default(),
            left_untouched: RefCell::default(),
            arrives,
        })
    }

    /// Takes from all lanes, on the local tasks of this thread.
    pub(crate) fn start(self: &Rc<Self>) {
        for partition in 0..self.settings.partitions {
            tokio::task::spawn_local(self.clone().send_from(partition));
            tokio::task::spawn_local(self.clone().tell_from(partition));
        }
        for (lane, lookers) in [(Lane::Unknown, LOOKERS), (Lane::Early, LOOKERS / 4)] {
            for _ in 0..lookers {
                tokio::task::spawn_local(self.clone().find_places(lane));
            }
        }
        tokio::task::spawn_local(self.clone().listen());
        tokio::task::spawn_local(self.clone().count());
    }

    pub(super) fn log(&self, level: LogLevel, line: impl FnOnce() -> String) {
        self.settings.log.write(level, line);
    }

    pub(super) fn lane_out(&self, consumer: &str) -> Lane {
        Lane::Out(partition(consumer, self.settings.partitions))
    }

    pub(super) fn lane_in(&self, consumer: &str) -> Lane {
        Lane::In(partition(consumer, self.settings.partitions))
    }

    /// Actions of one partition, one after the other.
    async fn send_from(self: Rc<Self>, partition: u16) {
        while !self.desk.is_stopped() {
            match self.broker.take(Lane::Out(partition), PATIENCE).await {
                Ok(Some(delivery)) => self.serve_action(delivery).await,
                Ok(None) => {}
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn serve_action(&self, delivery: B::Delivery) {
        let (seq, times) = (delivery.entry.seq, delivery.times);
        let read = serde_json::from_slice::<ActionEntry>(&delivery.entry.body);
        let entry = match read {
            Ok(entry) if entry.version <= VERSION => entry,
            Ok(_) => return self.leave(&delivery).await,
            Err(why) => return self.put_aside("out", &delivery, &why.to_string()).await,
        };
        let key = entry.key.as_deref().map(|key| key_done(key, entry.submitted_ms));
        let held = Held::new(delivery, entry.consumer.clone(), entry.files, key);
        let from = Instant::now();
        let Some(record) = self.record_of(&held.consumer, from).await else {
            // It goes to whoever reaches the broker.
            return;
        };
        let window = self.settings.key_window;
        let is_repeat = held.key.as_ref().is_some_and(|key| record.is_key_done(key, window));
        if is_repeat || self.is_done(&record, &held) {
            // Only that it is gone was not heard, or the broker forgot it.
            self.broker.doubt_next(self.lane_out(&held.consumer));
            return self.finish(&held).await;
        }
        let was_left = self.left_untouched.borrow_mut().remove(&seq) == Some(held.at());
        let is_new = times == 1 || record.untouched == Some((seq, times - 1)) || was_left;
        // One that was long on its way here another node has begun since.
        let was_begun = record.begun == Some(seq) && !(was_left && record.begun_by == self.id);
        let mut is_untouched = is_new && !was_begun;
        // What was handed out before, somebody may have still: the broker takes the word of both for it.
        if times > 1 || self.broker.is_clustered() {
            match self.begin(&held.consumer, seq).await {
                Ok(begun_by) => {
                    let by_us = was_left && begun_by.as_ref() == Some(&self.id);
                    is_untouched &= begun_by.is_none() || by_us;
                }
                // It goes to whoever reaches the broker.
                Err(_) => {
                    if is_untouched {
                        remember(&mut self.left_untouched.borrow_mut(), seq, held.at());
                    }
                    return;
                }
            }
        }
        if self.desk.is_stopped() {
            // It was asked for before that.
            return self.hand_over(&held, is_untouched).await;
        }
        self.out.borrow_mut().insert(seq, held.clone());
        self.append_is_known(&held);
        self.desk.hold(seq, self.lease(from), is_untouched);
        let action = LeftAction {
            id: seq,
            consumer: entry.consumer,
            key: entry.key,
            body: entry.body,
            submitted_ms: entry.submitted_ms,
            begun: !is_untouched,
        };
        (self.arrives)(Arrival::Action(action, self.known(record)));
        let extend = |lease| self.desk.extend(seq, lease);
        let is_lost = !self.keep(&held, from, extend, || self.desk.lacks(seq)).await;
        self.out.borrow_mut().remove(&seq);
        let was = self.desk.let_go(seq);
        if is_lost && was.is_untouched {
            remember(&mut self.left_untouched.borrow_mut(), seq, held.at());
        }
        if is_lost {
            let consumer = held.consumer.clone();
            (self.arrives)(Arrival::ActionLost { consumer, id: seq });
        }
    }

    /// Writes down that an action may go out from now on, and from where. From where it might before, if it did.
    async fn begin(&self, consumer: &str, seq: u64) -> Result<Option<String>, Trouble> {
        let begun_by = Cell::new(None);
        let edit = |record: &mut Record| {
            let was_begun = record.begun.replace(seq) == Some(seq);
            let by = std::mem::replace(&mut record.begun_by, self.id.clone());
            begun_by.set(was_begun.then_some(by));
        };
        self.bucket.change(&self.broker, consumer, edit).await?;
        Ok(begun_by.into_inner())
    }

    /// Updates of one partition, one after the other, as long as the program asks for some.
    async fn tell_from(self: Rc<Self>, partition: u16) {
        while !self.desk.is_stopped() {
            self.desk.wanted().await;
            if self.desk.is_stopped() {
                return;
            }
            match self.broker.take(Lane::In(partition), PATIENCE).await {
                // It was asked for before that.
                Ok(Some(delivery)) if self.desk.is_stopped() => {
                    let _ = self.broker.give_back(&delivery, Duration::ZERO).await;
                }
                Ok(Some(delivery)) => self.serve_update(delivery).await,
                Ok(None) => {}
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn serve_update(&self, delivery: B::Delivery) {
        let (seq, is_repeat) = (delivery.entry.seq, delivery.times > 1);
        let read = serde_json::from_slice::<UpdateEntry>(&delivery.entry.body);
        let entry = match read {
            Ok(entry) if entry.version <= VERSION => entry,
            Ok(_) => return self.leave(&delivery).await,
            Err(why) => return self.put_aside("in", &delivery, &why.to_string()).await,
        };
        let mut what = entry.what;
        let files = match self.read_file(&mut what).await {
            Ok(Some(files)) => files,
            // It was dealt with: only that the entry is gone, too, was not heard.
            Ok(None) => return drop(self.broker.finish(&delivery).await),
            Err(_) => return drop(self.broker.give_back(&delivery, PAUSE).await),
        };
        let held = Held::new(delivery, entry.consumer.clone(), files, None);
        let from = Instant::now();
        self.inn.borrow_mut().insert(seq, held.clone());
        self.desk.hold_update(seq);
        let line = entry.consumer;
        (self.arrives)(match what {
            What::Outcome(body) => {
                Arrival::Outcome { id: seq, consumer: line.clone(), body, is_repeat }
            }
            What::Event(event) => {
                let notification = Notification::signed(&event.body).0.with_account(event.account);
                let (notification, line) = (Box::new(notification), line.clone());
                Arrival::Event { id: seq, line, notification, is_repeat }
            }
        });
        // Where the program asks for nothing any more, another node may have it.
        let is_given_back = Cell::new(false);
        let is_wanted_elsewhere = || {
            let line = line.clone();
            is_given_back.set(
                self.desk.is_idle(seq, from.elapsed(), self.settings.takeover)
                    && (self.arrives)(Arrival::UpdateWanted { line, id: seq }),
            );
            is_given_back.get()
        };
        let is_kept = self.keep(&held, from, |_| (), is_wanted_elsewhere).await;
        self.inn.borrow_mut().remove(&seq);
        self.desk.let_go_of_update(seq);
        if is_given_back.get() {
            let _ = self.broker.give_back(&held.delivery, Duration::ZERO).await;
        } else if !is_kept {
            // Another node may have it: given back by us, it would be taken from there.
            (self.arrives)(Arrival::UpdateWanted { line: line.clone(), id: seq });
        }
    }

    /// Fetches what was too long for an entry; the names of its files. None: they are gone.
    async fn read_file(&self, what: &mut What) -> Result<Option<Vec<String>>, Trouble> {
        let What::Event(event) = what else { return Ok(Some(Vec::new())) };
        let Some(name) = event.file.clone() else { return Ok(Some(Vec::new())) };
        let Some(body) = self.broker.file(&name).await? else { return Ok(None) };
        event.body = body[..].into();
        Ok(Some(vec![name]))
    }

    /// Keeps an entry while it is worked on. False where it is not this node's any more, or another one
    /// may have it.
    async fn keep(
        &self,
        held: &Held<B>,
        from: Instant,
        extend: impl Fn(Duration),
        may_go: impl Fn() -> bool,
    ) -> bool {
        let mut until = from + self.lease_time();
        loop {
            let pause = self.settings.takeover / 3;
            let left = until.saturating_duration_since(Instant::now());
            let _ = timeout(pause.min(left), held.over.notified()).await;
            if held.is_over.get() {
                return true;
            }
            if held.is_lost.get() || may_go() {
                return false;
            }
            let asked = Instant::now();
            match timeout(until.saturating_duration_since(asked), self.broker.keep(&held.delivery))
                .await
            {
                Ok(Ok(())) => {
                    until = asked + self.lease_time();
                    extend(self.lease(asked));
                }
                _ if held.is_over.get() => return true,
                Ok(Err(Trouble::Lost)) => return false,
                _ if Instant::now() >= until => return false,
                _ => sleep(PAUSE.min(pause)).await,
            }
        }
    }

    /// A node is replaced when the broker's time is over: ours ends before.
    fn lease_time(&self) -> Duration {
        self.settings.takeover - self.settings.takeover / 10
    }

    fn lease(&self, from: Instant) -> Duration {
        self.lease_time().saturating_sub(from.elapsed())
    }

    /// Notifications without a place: each gets one once it is known whom it is about, and what is missing
    /// before it came, or was waited for long enough.
    async fn find_places(self: Rc<Self>, lane: Lane) {
        while !self.desk.is_stopped() {
            match self.broker.take(lane, PATIENCE).await {
                Ok(Some(delivery)) => {
                    if self.find_place(&delivery).await.is_err() {
                        let pause = self.look_again(&delivery);
                        let _ = self.broker.give_back(&delivery, pause).await;
                    }
                }
                Ok(None) => {}
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn find_place(&self, delivery: &B::Delivery) -> Result<(), Trouble> {
        let (Entry { body, age, .. }, times) = entry_of(delivery);
        let entry = match serde_json::from_slice::<UpdateEntry>(&body) {
            Ok(entry) if entry.version <= VERSION => entry,
            Ok(_) => return Err(Trouble::Changed),
            Err(why) => {
                self.put_aside("in", delivery, &why.to_string()).await;
                return Ok(());
            }
        };
        let What::Event(event) = entry.what else {
            self.put_aside("in", delivery, "it is no notification").await;
            return Ok(());
        };
        if entry.consumer.is_empty() {
            match self.whose(&event.about).await? {
                // From now on it waits for what is missing before it.
                Some(consumer) => drop(self.place(Some(&consumer), &event).await?),
                None if self.may_become_known(age, times) => return Err(Trouble::Changed),
                None if self.settings.foreign => {
                    let line = strangers_line(&event.about);
                    self.place(Some(&line), &event).await?;
                }
                None => {
                    (self.arrives)(Arrival::Foreign);
                    self.broker.finish(delivery).await?;
                    return self.drop_files(event.file.as_slice()).await;
                }
            }
            return self.broker.finish(delivery).await;
        }
        let (_, record) = self.bucket.read(&self.broker, &entry.consumer).await?;
        if !record.is_in_turn(&event.about) {
            if age < self.settings.order_wait {
                return Err(Trouble::Changed);
            }
            let about = event.about.clone();
            let edit = |record: &mut Record| record.give_up(&about);
            let (record, _) = self.bucket.change(&self.broker, &entry.consumer, edit).await?;
            if !record.is_in_turn(&event.about) && age < self.settings.order_wait * 4 {
                // Those that wait before it go first.
                return Err(Trouble::Changed);
            }
        }
        self.line_up(&entry.consumer, &event).await?;
        self.broker.finish(delivery).await
    }

    fn may_become_known(&self, age: Duration, times: u64) -> bool {
        let (wait, looks) = if self.settings.foreign {
            (STRANGERS_WAIT, STRANGERS_LOOKS)
        } else {
            (UNKNOWN_WAITS, UNKNOWN_LOOKS)
        };
        age < wait || times < looks
    }

    /// The line of that conversation, where some of it was told as another program's.
    async fn told_strangers(&self, about: &About) -> Result<Option<String>, Trouble> {
        let line = strangers_line(about);
        let (revision, _) = self.bucket.read(&self.broker, &line).await?;
        Ok((revision > 0).then_some(line))
    }

    fn look_again(&self, delivery: &B::Delivery) -> Duration {
        let times = delivery.times.min(10) as u32;
        (FIRST_LOOK * (1 << (times - 1))).min(LAST_LOOK)
    }

    /// Puts a notification into the line of whom it is about, or where it waits for its place. Whether it was there.
    pub(super) async fn place(
        &self,
        consumer: Option<&str>,
        event: &EventEntry,
    ) -> Result<bool, Trouble> {
        let found = match consumer {
            Some(_) => None,
            None => match self.whose(&event.about).await? {
                None if self.settings.foreign => self.told_strangers(&event.about).await?,
                found => found,
            },
        };
        let Some(consumer) = consumer.or(found.as_deref()) else {
            return self.wait_for_place("", event).await;
        };
        let (_, record) = self.bucket.read(&self.broker, consumer).await?;
        if record.is_in_turn(&event.about) {
            return self.line_up(consumer, event).await;
        }
        let is_repeat = self.wait_for_place(consumer, event).await?;
        let about = event.about.clone();
        let edit = move |record: &mut Record| record.hold(&about);
        self.bucket.change(&self.broker, consumer, edit).await.map_err(half_done)?;
        Ok(is_repeat)
    }

    async fn wait_for_place(&self, consumer: &str, event: &EventEntry) -> Result<bool, Trouble> {
        // What is known does not stand behind strangers.
        let (kind, lane) =
            if consumer.is_empty() { ("u", Lane::Unknown) } else { ("w", Lane::Early) };
        let once = format!("{kind}-{}", event.fingerprint);
        let body = update_body(consumer, What::Event(Box::new(event.clone())));
        Ok(self.broker.append(lane, Some(&once), body).await?.is_repeat)
    }

    /// It is in its place.
    async fn line_up(&self, line: &str, event: &EventEntry) -> Result<bool, Trouble> {
        let once = format!("e-{}", event.fingerprint);
        let body = update_body(line, What::Event(Box::new(event.clone())));
        let is_repeat = self.broker.append(self.lane_in(line), Some(&once), body).await?.is_repeat;
        if event.about.sequence.is_none() {
            return Ok(is_repeat);
        }
        let about = event.about.clone();
        let edit = move |record: &mut Record| record.pass(&about);
        self.bucket.change(&self.broker, line, edit).await.map_err(half_done)?;
        Ok(is_repeat)
    }

    /// Whom that is about, as far as anybody knows.
    async fn whose(&self, about: &About) -> Result<Option<String>, Trouble> {
        if !about.consumer.is_empty() {
            return Ok(Some(about.consumer.clone()));
        }
        for id in [&about.conversation, &about.dialog] {
            if let Some(consumer) = self.bucket.of(&self.broker, id).await? {
                return Ok(Some(consumer));
            }
        }
        self.bucket.named(&self.broker, &about.lp_id).await
    }

    /// What is known of whom that is about.
    pub(crate) async fn recall(&self, about: &About) -> Result<Option<Known>, Trouble> {
        let Some(consumer) = self.whose(about).await? else { return Ok(None) };
        let (_, record) = self.bucket.read(&self.broker, &consumer).await?;
        Ok(Some(self.known(record)))
    }

    fn known(&self, record: Record) -> Known {
        let by_another = !record.begun_by.is_empty() && record.begun_by != self.id;
        Known {
            consumer: record.consumer,
            body: record.known,
            said: record.said,
            done: record.done.and_then(|done| done.said),
            begun_elsewhere: record.begun.filter(|_| by_another),
        }
    }

    /// Hears what other nodes learn.
    async fn listen(self: Rc<Self>) {
        loop {
            let Ok(call) = serde_json::from_slice::<Call>(&self.broker.called().await) else {
                continue;
            };
            match call {
                Call::Pause(ms) => {
                    (self.arrives)(Arrival::Paused(Duration::from_millis(ms)));
                }
                Call::Learned { consumer, by } if by != self.id && self.sends_for(&consumer) => {
                    if let Ok((_, record)) = self.bucket.read(&self.broker, &consumer).await {
                        (self.arrives)(Arrival::Known(self.known(record)));
                    }
                }
                Call::Learned { .. } => {}
            }
        }
    }

    /// Tells whoever has the consumer's action that something new is known.
    pub(super) async fn call_learned(&self, record: Record) {
        if self.sends_for(&record.consumer) {
            (self.arrives)(Arrival::Known(self.known(record)));
            return;
        }
        let call = Call::Learned { consumer: record.consumer, by: self.id.clone() };
        // Who does not hear it looks again after a while.
        let _ = self.call(&call).await;
    }

    /// Whether it has an action of that consumer.
    fn sends_for(&self, consumer: &str) -> bool {
        self.out.borrow().values().any(|held| held.consumer == consumer)
    }

    pub(crate) async fn pause_all(&self, time: Duration) {
        let _ = self.call(&Call::Pause(time.as_millis() as u64)).await;
    }

    async fn call(&self, call: &Call) -> Result<(), Trouble> {
        self.broker.call(serde_json::to_vec(call).unwrap_or_default().into()).await
    }

    /// How much waits, now and then.
    async fn count(self: Rc<Self>) {
        loop {
            if !self.broker.is_there() {
                self.desk.set_there(false);
            }
            let waits = self.broker.waiting().await;
            // One that does not answer, or has lost the store, is not there, whatever the connection looks like.
            self.desk.set_there(waits.is_ok());
            if let Ok(waits) = waits {
                self.desk.set_waits(waits);
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// What is known of a consumer, asked for as long as its action is ours.
    async fn record_of(&self, consumer: &str, from: Instant) -> Option<Record> {
        let until = from + self.lease_time();
        while Instant::now() < until {
            if let Ok((_, record)) = self.bucket.read(&self.broker, consumer).await {
                return Some(record);
            }
            sleep(PAUSE).await;
        }
        None
    }

    fn append_is_known(&self, held: &Held<B>) {
        remember(&mut self.appended.borrow_mut(), held.seq(), held.at());
    }

    /// When that action was appended; 0 where that is not known any more.
    pub(super) fn appended_at(&self, id: u64) -> i64 {
        self.appended.borrow().get(&id).copied().unwrap_or(0)
    }

    pub(super) fn done(&self, held: &Held<B>) -> Done {
        let (stream, sequence, at) = (self.broker.name().to_owned(), held.seq(), held.at());
        Done { stream, sequence, at, said: None }
    }

    fn is_done(&self, record: &Record, held: &Held<B>) -> bool {
        let name = self.broker.name();
        record.done.as_ref().is_some_and(|done| done.includes(name, held.seq(), held.at()))
    }

    pub(super) async fn drop_files(&self, names: &[String]) -> Result<(), Trouble> {
        for name in names {
            self.broker.drop_file(name).await?;
        }
        Ok(())
    }

    /// Takes an action out of its lane, with its files.
    pub(super) async fn finish(&self, held: &Held<B>) {
        let _ = self.drop_files(&held.files).await;
        // Where that is not heard it comes again, and is known to be done.
        let _ = self.broker.finish(&held.delivery).await;
    }

    /// A newer version wrote it: for those that know it.
    async fn leave(&self, delivery: &B::Delivery) {
        self.log(LogLevel::Error, || {
            "connector: store: an entry is of a newer version: left to newer nodes".to_owned()
        });
        let _ = self.broker.give_back(delivery, self.settings.takeover).await;
    }

    /// What cannot be read is kept as a file, for whoever can, and the rest goes on.
    async fn put_aside(&self, lane: &str, delivery: &B::Delivery, why: &str) {
        let entry = &delivery.entry;
        let name = format!("aside-{lane}-{}", entry.seq);
        let kept = self.broker.put_file(&name, entry.body.clone()).await;
        if kept.is_err() {
            let _ = self.broker.give_back(delivery, PAUSE).await;
            return;
        }
        self.log(LogLevel::Error, || {
            format!("connector: store: put aside as file '{name}': {why}")
        });
        let _ = self.broker.finish(delivery).await;
    }

    /// What is known of whom that is about, within the time for which somebody waits.
    pub(crate) async fn recall_in_time(&self, about: &About) -> Result<Option<Known>, Trouble> {
        let patience = self.settings.patience.min(SHORT_PATIENCE);
        let recalled = timeout(patience, self.patiently(|| self.recall(about))).await;
        recalled.unwrap_or_else(|_| Err(Trouble::Away("it did not answer in time".to_owned())))
    }

    /// Tries something until it succeeds, or was tried for long enough.
    pub(crate) async fn patiently<T, F: Future<Output = Result<T, Trouble>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, Trouble> {
        let until = Instant::now() + self.settings.patience.min(SHORT_PATIENCE);
        loop {
            match ask().await {
                Err(Trouble::Away(_)) if Instant::now() + PAUSE < until => sleep(PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    /// The file of an action that is here, and its preview.
    pub(crate) async fn file(&self, id: u64) -> Result<Option<KeptFile>, Trouble> {
        let Some(held) = self.out.borrow().get(&id).cloned() else { return Ok(None) };
        let mut parts = Vec::new();
        for name in &held.files {
            let Some(bytes) = self.broker.file(name).await? else { return Ok(None) };
            parts.push(Arc::from(&bytes[..]));
        }
        let mut parts = parts.into_iter();
        Ok(parts.next().map(|bytes| KeptFile { bytes, preview: parts.next() }))
    }

    /// Gives an action to another node, and tells it where nothing of it went out.
    async fn hand_over(&self, held: &Held<B>, is_untouched: bool) {
        if is_untouched {
            let untouched = Some((held.seq(), held.delivery.times));
            let edit = |record: &mut Record| {
                if record.begun != Some(held.seq()) || record.begun_by == self.id {
                    (record.untouched, record.begun) = (untouched, None);
                    record.begun_by.clear();
                }
            };
            let _ = self.bucket.change(&self.broker, &held.consumer, edit).await;
        }
        let _ = self.broker.give_back(&held.delivery, Duration::ZERO).await;
    }

    /// Gives all actions that it has to others.
    pub(crate) async fn hand_all_over(&self) {
        let out = std::mem::take(&mut *self.out.borrow_mut());
        for (seq, held) in out {
            let was = self.desk.let_go(seq);
            if was.is_held {
                self.hand_over(&held, was.is_untouched).await;
            }
            held.end();
        }
    }

    /// Gives back what this node has.
    pub(crate) async fn give_all_back(&self) {
        self.hand_all_over().await;
        let inn: Vec<_> = self.inn.borrow().values().cloned().collect();
        for held in inn {
            let _ = self.broker.give_back(&held.delivery, Duration::ZERO).await;
            held.end();
        }
    }
}

fn remember(appended: &mut BTreeMap<u64, i64>, seq: u64, at: i64) {
    appended.insert(seq, at);
    if appended.len() > MOST_APPENDED {
        appended.pop_first();
    }
}

/// Where events of a conversation stand that no consumer is known to have.
fn strangers_line(about: &About) -> String {
    format!("\0{}", about.conversation)
}

/// What was handed out, and how often.
fn entry_of(delivery: &impl Deref<Target = Delivered>) -> (Entry, u64) {
    (delivery.entry.clone(), delivery.times)
}

/// What was appended before stays: that is done again, whatever came between.
fn half_done(why: Trouble) -> Trouble {
    Trouble::Away(why.to_string())
}

fn key_done(key: &str, submitted_ms: i64) -> KeyDone {
    let hash = digest(&SHA256, key.as_bytes());
    KeyDone { hash: URL_SAFE_NO_PAD.encode(&hash.as_ref()[..12]), submitted_ms }
}

pub(super) fn update_body(consumer: &str, what: What) -> Bytes {
    let entry = UpdateEntry { version: VERSION, consumer: consumer.to_owned(), what };
    // Texts and numbers always serialise.
    serde_json::to_vec(&entry).unwrap_or_default().into()
}
