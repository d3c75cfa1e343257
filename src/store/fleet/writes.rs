//! From a change of the engine's to what is asked of the broker.
//!
//! Each part may be done twice, so that what nobody heard of is simply done again.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::base::error::{Error, Status};
use crate::base::log::LogLevel;
use crate::store::change::{Change, Edit, Said, Step};
use crate::store::fleet::broker::{Broker, Trouble};
use crate::store::fleet::envelope::{ActionEntry, EventEntry, VERSION, What};
use crate::store::fleet::node::{Node, update_body};
use crate::store::fleet::once::{hex, named, random_name};
use crate::store::fleet::record::{Done, KeyDone, Record};
use crate::store::fleet::write_lines::{Line, Numbered};
use crate::store::journal::Ordered;

/// Between two attempts, at first and at last.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// So often is looked whether somebody behind what takes long has waited for long enough.
const LOOK: Duration = Duration::from_millis(100);

/// So long the service waits for its answer before it is told to come again.
const SERVICE_WAITS: Duration = Duration::from_secs(5);

/// What a change asks of the broker, and did not get yet.
#[derive(Default)]
struct Plan {
    files: VecDeque<(String, Bytes)>,
    /// The names of those that it got.
    put: Vec<String>,
    /// An entry names them. One that was there before has files of its own.
    is_named: bool,
    actions: VecDeque<Append>,
    updates: VecDeque<Append>,
    learned: Vec<(Arc<str>, Learned)>,
    /// What is learned leaves room for what comes of it, which is owed.
    leaves_room: bool,
    event: Option<(Option<Arc<str>>, EventEntry)>,
    actions_done: Vec<u64>,
    updates_done: Vec<u64>,
}

/// An entry for the line of a consumer.
struct Append {
    consumer: Arc<str>,
    once: String,
    body: Bytes,
}

/// What is known of a consumer beside what was.
#[derive(Default)]
struct Learned {
    edits: Vec<Edit>,
    said: Vec<Said>,
    done: Option<Done>,
    key: Option<KeyDone>,
}

impl<B: Broker> Node<B> {
    /// Has a change written, after all that came before it of the same consumer.
    pub(crate) fn write(self: &Rc<Self>, ordered: Ordered) {
        let number = self.lines.next_number();
        let Some(line) = self.line_of(&ordered.change) else {
            // It says something of all that came before.
            tokio::task::spawn_local(self.clone().after_all(number, ordered));
            return;
        };
        let until = (!ordered.is_owed).then(|| Instant::now() + self.patience(&ordered.change));
        if let Some(first) = self.lines.join(&line, Numbered { number, ordered, until }) {
            tokio::task::spawn_local(self.clone().write_line(line, first));
        }
    }

    /// How long somebody waits until that is written.
    fn patience(&self, change: &Change) -> Duration {
        let is_the_services = |step: &Step| matches!(step, Step::Place { .. } | Step::Said { .. });
        let patience = self.settings.patience;
        if change.steps.iter().any(is_the_services) {
            patience.min(SERVICE_WAITS)
        } else {
            patience
        }
    }

    async fn after_all(self: Rc<Self>, number: u64, ordered: Ordered) {
        let before = self.lines.all_before(number);
        let outcome = timeout(self.settings.patience, before).await.map_err(|_| not_in_time());
        (ordered.told)(outcome);
    }

    async fn write_line(self: Rc<Self>, line: Line, first: Numbered) {
        let mut next = Some(first);
        while let Some(Numbered { number, ordered, until }) = next {
            let mut writing = pin!(self.write_one(number, ordered, until));
            while timeout(LOOK, &mut writing).await.is_err() {
                for late in self.lines.take_late(&line) {
                    (late.ordered.told)(Err(not_in_time()));
                }
            }
            next = self.lines.next(&line, number);
        }
    }

    async fn write_one(
        &self,
        number: u64,
        Ordered { change, told, .. }: Ordered,
        until: Option<Instant>,
    ) {
        let mut plan = self.plan(&change);
        plan.leaves_room = until.is_some() && plan.event.is_none();
        let mut pause = FIRST_PAUSE;
        let mut is_blocked = false;
        let is_in_doubt = Cell::new(false);
        let last = Cell::new(None);
        let writing = async {
            loop {
                match self.carry_out(&mut plan).await {
                    Err(why @ Trouble::Away(_)) => {
                        is_in_doubt.set(true);
                        last.set(Some(error(why)));
                        sleep(pause).await;
                        pause = (pause * 2).min(LAST_PAUSE);
                    }
                    // Nobody else would write what is owed: room is made, or what is refused permitted.
                    Err(why) if until.is_none() && why != Trouble::Lost => {
                        is_blocked = true;
                        self.tell_of_block(number, &why);
                        sleep(LAST_PAUSE).await;
                    }
                    outcome => return outcome.map_err(error),
                }
            }
        };
        let outcome = match until {
            Some(until) => timeout_at(until, writing).await.unwrap_or_else(|_| {
                is_in_doubt.set(true);
                Err(last.take().unwrap_or_else(not_in_time))
            }),
            None => writing.await,
        };
        told(outcome);
        // Where an entry may name them that nobody heard of, they stay until it is known that none does.
        if !plan.is_named && !is_in_doubt.get() {
            let _ = self.drop_files(&plan.put).await;
        }
        if is_blocked && self.lines.unblock(number) {
            self.log(LogLevel::Info, || "connector: store: all of that is written now".to_owned());
        }
    }

    /// Of several, the first is told of.
    fn tell_of_block(&self, number: u64, why: &Trouble) {
        if self.lines.block(number) {
            self.log(LogLevel::Warn, || {
                format!(
                    "connector: store: what became of an action cannot be written; it is tried until it \
                     can, and what is behind it in its partition waits: {why}"
                )
            });
        }
    }

    async fn carry_out(&self, plan: &mut Plan) -> Result<(), Trouble> {
        while let Some((name, bytes)) = plan.files.front() {
            plan.put.push(name.clone());
            self.broker.put_file(name, bytes.clone()).await?;
            plan.files.pop_front();
        }
        while let Some(Append { consumer, once, body }) = plan.actions.front() {
            let lane = self.lane_out(consumer);
            match self.broker.append(lane, Some(once), body.clone()).await {
                // A receipt: what makes room does not wait for some.
                Err(Trouble::Full(_)) if !plan.updates_done.is_empty() => {}
                appended => plan.is_named = !appended?.is_repeat,
            }
            plan.actions.pop_front();
        }
        while let Some(Append { consumer, once, body }) = plan.updates.front() {
            self.broker.append(self.lane_in(consumer), Some(once), body.clone()).await?;
            plan.updates.pop_front();
        }
        for (consumer, learned) in &plan.learned {
            let window = self.settings.key_window;
            let edit = |record: &mut Record| learned.put_into(record, window);
            let is_limited = plan.leaves_room && !learned.edits.is_empty();
            let longest = if is_limited { self.broker.longest() / 2 } else { usize::MAX };
            let changed = self.bucket.change_within(longest, &self.broker, consumer, edit);
            let (record, is_new) = changed.await?;
            // Who has the action that is done knows it.
            if is_new && learned.done.is_none() {
                self.call_learned(record).await;
            }
        }
        if let Some((consumer, event)) = &plan.event {
            plan.is_named = !self.place(consumer.as_deref(), event).await?;
        }
        for id in &plan.actions_done {
            let held = self.out.borrow().get(id).cloned();
            if let Some(held) = held {
                self.finish(&held).await;
                held.end();
            }
        }
        for id in &plan.updates_done {
            // Another node has it, or will: what the broker took from us as done would be gone there.
            let held = self.inn.borrow().get(id).cloned().ok_or(Trouble::Lost)?;
            let finished = self.broker.finish(&held.delivery).await;
            if finished == Err(Trouble::Lost) {
                // The program is told that it comes again, and does not have it any more.
                self.desk.let_go_of_update(*id);
                held.lose();
            }
            finished?;
            // An update that comes again needs them.
            self.drop_files(&held.files).await?;
            held.end();
        }
        Ok(())
    }

    /// Whom a change is about. None: all that came before it.
    fn line_of(&self, change: &Change) -> Option<Line> {
        let mut place = None;
        for step in &change.steps {
            let consumer = match step {
                // It makes room, so it waits for nothing that waits for some.
                Step::UpdateDone { id } | Step::NotificationDone { id, .. } => {
                    return Some(Line::Told(*id));
                }
                Step::Action { consumer, .. } if place.is_none() => {
                    return Some(Line::Submitted(consumer.clone()));
                }
                Step::Action { consumer, .. }
                | Step::Update { consumer, .. }
                | Step::Consumer { consumer, .. }
                | Step::Learn { consumer, .. }
                | Step::Said { consumer, .. }
                | Step::Place { consumer: Some(consumer), .. } => Some(consumer.clone()),
                // Nobody's yet.
                Step::Place { about, .. } => Some(Arc::from(format!("\0{}", about.conversation))),
                Step::ActionDone { id } | Step::ActionBegun { id, .. } => {
                    let held = self.out.borrow().get(id).cloned();
                    held.map(|held| Arc::from(&*held.consumer))
                }
                _ => None,
            };
            place = place.or(consumer);
        }
        place.map(Line::About)
    }

    fn plan(&self, change: &Change) -> Plan {
        let mut plan = Plan::default();
        let receipt = change.steps.iter().find_map(|step| match step {
            Step::NotificationDone { id, .. } => Some(format!("r-{}-{id}", self.broker.name())),
            _ => None,
        });
        let mut file_names = Vec::new();
        for step in &change.steps {
            let Step::File { file, .. } = step else { continue };
            let name = random_name("f-");
            let parts = [Some(&file.bytes), file.preview.as_ref()].into_iter().flatten();
            for (at, bytes) in parts.enumerate() {
                let name = format!("{name}-{at}");
                plan.files.push_back((name.clone(), Bytes::copy_from_slice(bytes)));
                file_names.push(name);
            }
        }
        let mut notification = None;
        for step in &change.steps {
            match step {
                Step::Action { consumer, key, body, submitted_ms, .. } => {
                    let once = match (key, &receipt) {
                        (Some(key), _) => named("k-", &[consumer, key]),
                        (None, Some(receipt)) => receipt.clone(),
                        (None, None) => random_name("s-"),
                    };
                    let entry = ActionEntry {
                        version: VERSION,
                        consumer: consumer.to_string(),
                        key: key.as_deref().map(str::to_owned),
                        body: body.to_string(),
                        submitted_ms: *submitted_ms,
                        files: std::mem::take(&mut file_names),
                    };
                    // Texts and numbers always serialise.
                    let body = serde_json::to_vec(&entry).unwrap_or_default().into();
                    plan.actions.push_back(Append { consumer: consumer.clone(), once, body });
                }
                Step::Update { consumer, body, of, .. } => {
                    let once = match of {
                        // A number alone may be given again.
                        Some(id) => {
                            format!("d-{}-{id}-{}", self.broker.name(), self.appended_at(*id))
                        }
                        None => named("o-", &[consumer, body]),
                    };
                    let body = update_body(consumer, What::Outcome(body.to_string()));
                    plan.updates.push_back(Append { consumer: consumer.clone(), once, body });
                }
                Step::Learn { consumer, edit } => {
                    plan.learned(consumer).edits.push(edit.clone());
                }
                Step::Said { consumer, said } => plan.learned(consumer).said.push(said.clone()),
                Step::ActionDone { id } => {
                    plan.actions_done.push(*id);
                    let held = self.out.borrow().get(id).cloned();
                    if let Some(held) = held {
                        let consumer = Arc::from(&*held.consumer);
                        let learned = plan.learned(&consumer);
                        learned.done = Some(self.done(&held));
                        learned.key = held.key.clone();
                    }
                }
                Step::UpdateDone { id } | Step::NotificationDone { id, .. } => {
                    plan.updates_done.push(*id);
                }
                Step::Notification { notification: it, fingerprint, .. } => {
                    notification = Some((it, fingerprint));
                }
                Step::Place { consumer, about } => {
                    let Some((it, fingerprint)) = notification.take() else { continue };
                    let fingerprint = match fingerprint {
                        Some(it) => hex(it),
                        // Nothing tells it from others.
                        None => random_name(""),
                    };
                    // As text it may be twice as long, and there is more in an entry.
                    let is_long = it.raw().len() >= self.broker.longest() / 4;
                    let file = is_long.then(|| random_name("n-"));
                    let body = if let Some(name) = &file {
                        plan.files.push_back((name.clone(), Bytes::copy_from_slice(it.raw())));
                        Arc::default()
                    } else {
                        it.raw().into()
                    };
                    let event = EventEntry {
                        account: it.account_id().to_owned(),
                        body,
                        file,
                        fingerprint,
                        about: about.clone(),
                    };
                    plan.event = Some((consumer.clone(), event));
                }
                Step::Nothing
                | Step::File { .. }
                | Step::ActionBegun { .. }
                | Step::Key { .. }
                | Step::KeysDone { .. }
                | Step::Consumer { .. } => {}
            }
        }
        plan
    }
}

impl Plan {
    fn learned(&mut self, consumer: &Arc<str>) -> &mut Learned {
        let at = self.learned.iter().position(|(it, _)| it == consumer).unwrap_or_else(|| {
            self.learned.push((consumer.clone(), Learned::default()));
            self.learned.len() - 1
        });
        &mut self.learned[at].1
    }
}

impl Learned {
    fn put_into(&self, record: &mut Record, key_window: Duration) {
        for edit in &self.edits {
            if let Some(edited) = edit(record.known.as_deref()) {
                record.known = Some(edited.body);
                (record.ids, record.lp_id) = (edited.ids, edited.lp_id);
            }
        }
        for said in &self.said {
            record.say(said.clone());
        }
        if let Some(key) = &self.key {
            record.key_done(key.clone(), key_window);
        }
        if let Some(done) = &self.done {
            let is_older = |before: &Done| before.includes(&done.stream, done.sequence, done.at);
            if !record.done.as_ref().is_some_and(is_older) {
                let said = self.said.last().and_then(|it| Some((it.dialog.clone(), it.sequence?)));
                let said = said.or_else(|| record.done.take()?.said);
                record.done(Done { said, ..done.clone() });
            }
        }
    }
}

fn not_in_time() -> Error {
    error(Trouble::Away("it was not written in time".to_owned()))
}

/// As the program hears of it.
pub(super) fn error(why: Trouble) -> Error {
    match why {
        Trouble::Away(why) => {
            let message = format!("the broker of connector.store cannot be reached: {why}");
            Error::new(Status::Connect, message)
        }
        Trouble::Full(why) => {
            let message =
                format!("as many actions, or updates, wait as connector.queue.max allows: {why}");
            Error::new(Status::Full, message)
        }
        Trouble::TooLong => {
            Error::invalid("it is too long for the broker of connector.store (max_payload)")
        }
        Trouble::Changed => Error::new(Status::Internal, "connector.store: changed meanwhile"),
        Trouble::Lost => {
            let message = "the broker of connector.store was not told in time that the update was being worked \
                           on: it comes again, here or at another node";
            Error::new(Status::Connect, message)
        }
        Trouble::Refused(why) => {
            Error::new(Status::Io, format!("the broker of connector.store refuses it: {why}"))
        }
    }
}
