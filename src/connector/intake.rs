//! From what the service tells to what the program is told of it.

use std::cell::RefCell;
use std::sync::{Arc, MutexGuard, mpsc};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::base::stats::count;
use crate::connector::arrivals::{about, said};
use crate::connector::consumers::{Learned, Lesson, Record};
use crate::connector::engine::{Engine, Phase, State, Then, closed, updates_full};
use crate::connector::pending::{Content, Pending, is_of_a_consumer, is_told};
use crate::connector::settled::{Settled, Tell};
use crate::connector::update::Outcome;
use crate::protocol::content::EventContent;
use crate::protocol::notification::Notification;
use crate::protocol::notification_event::NotificationEvent;
use crate::receiver::dialogs::spans;
use crate::receiver::duplicates::Seen;
use crate::receiver::fingerprint::{can_be_told_apart, fingerprint};
use crate::receiver::item::Item;
use crate::store::change::{About, Change, Edit, Fingerprint, Step};

/// In front of the name of a line that is no consumer's: the conversation that a stranger opened.
const STRANGER: char = '\0';

/// So many events of conversations that nobody knows yet wait at most, and so long, or as long as a
/// conversation is being opened.
const MOST_UNKNOWN: usize = 10_000;
const UNKNOWN_WAITS: Duration = Duration::from_secs(5);

/// So long after a conversation was to be opened its events may come before the answer that names it.
const OPENING_LASTS: Duration = Duration::from_secs(30);

/// So long after a failure of the store nothing new is asked for: then the next notification tells
/// whether it is over.
const STORE_FAILS_FOR: Duration = Duration::from_secs(30);

/// What becomes of a notification.
pub(crate) enum Received {
    /// It is kept, or needs no keeping; the function is called once that is so, and dropped where that
    /// will never be.
    Taken,
    /// There is no room.
    Full,
    Closed,
}

impl Engine {
    /// Takes what the service told; it is safe when this returns.
    pub(crate) fn receive(self: &Arc<Self>, notification: Notification) -> Result<(), Error> {
        let parts = RefCell::new(Vec::new());
        let received = self.begin(notification, &|| {
            let (tells, told) = mpsc::sync_channel(1);
            parts.borrow_mut().push(told);
            // Who asked waits for it.
            Box::new(move |outcome| drop(tells.send(outcome)))
        });
        match received {
            Received::Taken => {}
            Received::Full => return Err(updates_full()),
            Received::Closed => return Err(closed()),
        }
        let told =
            |part: mpsc::Receiver<Result<(), Error>>| part.recv().unwrap_or_else(|_| Err(closed()));
        parts.into_inner().into_iter().try_for_each(told)
    }

    /// Whether a notification could be taken now.
    pub(crate) fn can_receive(&self) -> bool {
        let state = self.lock();
        let is_away = self.shared().is_some_and(|shared| !shared.is_there());
        let fails = is_away || state.store_failed.is_some_and(|at| at.elapsed() < STORE_FAILS_FOR);
        state.phase < Phase::Stopped && !fails && state.updates() < self.settings.queue_max
    }

    /// The same; each function that `tell` makes is called with what became of a part of it.
    pub(crate) fn begin(
        self: &Arc<Self>,
        notification: Notification,
        tell: &dyn Fn() -> Tell,
    ) -> Received {
        count(&self.counters.received);
        let account = notification.account_id().to_owned();
        for one in notification.split() {
            let received = self.begin_one(one.with_account(account.clone()), tell());
            if !matches!(received, Received::Taken) {
                return received;
            }
        }
        Received::Taken
    }

    /// Takes a notification with one event. Where others share the store, what they know is asked first.
    fn begin_one(self: &Arc<Self>, notification: Notification, tell: Tell) -> Received {
        let Some((shared, about)) = self.shared().zip(self.unknown(&notification)) else {
            return self.begin_known(notification, tell);
        };
        let engine = self.clone();
        shared.recall(
            about,
            Box::new(move |known| match known {
                Err(why) => {
                    engine.lock().refused = Some(Instant::now());
                    tell(Err(why));
                }
                Ok(known) => {
                    known.iter().for_each(|known| engine.lock().remember(known));
                    // Who asked hears from the rest, or that there is none.
                    engine.begin_known(notification, tell);
                }
            }),
        );
        Received::Taken
    }

    /// Whom it is about, where others may know more of that than we do.
    fn unknown(&self, notification: &Notification) -> Option<About> {
        let event = notification.events().first()?;
        let is_content = !matches!(event.content(), EventContent::Conversation(_));
        let is_known = || self.lock().consumers.of(event).is_some();
        let is_plain = is_told(event) && is_content && is_known();
        (!is_plain).then(|| about(notification, event))
    }

    fn begin_known(self: &Arc<Self>, notification: Notification, tell: Tell) -> Received {
        let fingerprint = fingerprint(&notification);
        let can_be_told_apart = can_be_told_apart(&notification);
        let mut state = self.lock();
        if state.phase >= Phase::Stopped {
            return Received::Closed;
        }
        let seen = state.duplicates.find(&fingerprint).filter(|_| can_be_told_apart);
        if let Some(seen) = seen {
            count(&self.counters.duplicates);
            if seen == Seen::Done {
                return taken(state, tell);
            }
            // The first one is on its way to the disk: where that fails, it is known no longer.
            let is_there = move |state: MutexGuard<State>, outcome: Result<(), Error>| {
                let is_known = state.duplicates.find(&fingerprint) == Some(Seen::Done);
                drop(state);
                tell(outcome.and(if is_known { Ok(()) } else { Err(not_kept()) }));
            };
            self.write(state, Change::done(vec![Step::Nothing]), Box::new(is_there));
            return Received::Taken;
        }
        let notification = Arc::new(notification);
        let Some(event) = notification.events().first() else { return taken(state, tell) };
        if !is_told(event) && self.is_shared() {
            return self.said(state, event, tell);
        }
        if !is_told(event) {
            self.count_in(&mut state, &notification, fingerprint);
            return self.echoed(state, event, tell);
        }
        if state.updates() >= self.settings.queue_max {
            state.refused = Some(Instant::now());
            return Received::Full;
        }
        let mut steps = Vec::new();
        let (consumer, outcomes) = self.learn_from(&mut state, &notification, event, &mut steps);
        let opening = state.consumers.last_opening();
        let is_waited_for = opening.is_some_and(|at| at.elapsed() < OPENING_LASTS);
        let is_foreign = consumer.is_none() && !is_waited_for && !self.settings.foreign;
        if is_foreign && !self.is_shared() {
            count(&self.counters.foreign);
            return taken(state, tell);
        }
        let is_learned = !steps.is_empty();
        let place = self.is_shared().then(|| Step::Place {
            consumer: consumer.clone(),
            about: about(&notification, event),
        });
        let told = consumer.map(|consumer| {
            let pending = state.pending(&consumer, outcomes, &mut steps);
            (consumer, pending)
        });
        let id = state.new_id();
        if can_be_told_apart {
            state.duplicates.remember(fingerprint, Seen::Unacknowledged(id));
        }
        let known = can_be_told_apart.then_some(fingerprint);
        steps.push(Step::Notification {
            id,
            notification: notification.clone(),
            fingerprint: known,
        });
        steps.extend(place);
        state.receiving += 1;
        let engine = self.clone();
        self.write(
            state,
            Change::new(steps),
            Box::new(move |mut state, outcome| {
                state.receiving -= 1;
                if outcome.is_ok() {
                    state.store_failed = None;
                    state.duplicates.remember(fingerprint, Seen::Done);
                    if let Some((consumer, pending)) = told {
                        engine.told(&mut state, &consumer, pending);
                    }
                    if !engine.is_shared() {
                        let now = Instant::now();
                        let item = Item { id, notification, fingerprint, arrived: now };
                        for item in state.resequencer.push(item) {
                            engine.route(&mut state, item, now, false);
                        }
                        engine.show(&mut state);
                        engine.wake_poller(&state);
                    }
                } else {
                    count(&engine.counters.store_failures);
                    state.refused = Some(Instant::now());
                    // Whether it can be reached, a shared store says itself, as soon as that is over.
                    let is_away =
                        |why: &Error| engine.is_shared() && why.status() == Status::Connect;
                    if !outcome.as_ref().is_err_and(is_away) {
                        state.store_failed = state.refused;
                    }
                    state.duplicates.forget(&fingerprint);
                    if let Some((consumer, pending)) =
                        told.filter(|_| is_learned && !engine.is_shared())
                    {
                        // It is known now, and the service's next attempt tells nothing new.
                        engine.tell_later(state, &consumer, pending);
                        return tell(outcome);
                    }
                }
                drop(state);
                tell(outcome);
            }),
        );
        Received::Taken
    }

    /// Writes what is known of a consumer and what the program must know once that can be written.
    fn tell_later(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        consumer: &Arc<str>,
        pending: Vec<Pending>,
    ) {
        let mut steps: Vec<Step> = state.kept(consumer).into_iter().collect();
        steps.extend(pending.iter().filter_map(|one| match &one.content {
            Content::Outcome(body) => {
                let (id, consumer, body) = (one.id, consumer.clone(), body.clone());
                Some(Step::Update { id, consumer, body, of: None })
            }
            Content::Event(_) => None,
        }));
        self.tell_once_written(state, consumer, steps, pending, Box::new(|| ()));
    }

    /// What the program is not told has its place among what it is told.
    fn count_in(
        &self,
        state: &mut State,
        notification: &Arc<Notification>,
        fingerprint: Fingerprint,
    ) {
        let Some(event) = notification.events().first() else { return };
        let consumers = &state.consumers;
        let is_ours = consumers.of(event).or_else(|| consumers.who_did(event)).is_some();
        if event.sequence().is_none() || !is_ours {
            return;
        }
        let (now, id) = (Instant::now(), state.new_id());
        let item = Item { id, notification: notification.clone(), fingerprint, arrived: now };
        let released = state.resequencer.push(item);
        if released.is_empty() {
            // It came too early, and the service does not tell it again.
            let notification = notification.clone();
            state.passed.push(Step::Notification { id, notification, fingerprint: None });
        }
        for item in released {
            self.route(state, item, now, false);
        }
        self.show(state);
        self.wake_poller(state);
    }

    /// What the program is not told, where others share the store: all know then that it has its place, and
    /// that the consumer's message arrived.
    fn said(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        event: &NotificationEvent,
        tell: Tell,
    ) -> Received {
        let consumers = &state.consumers;
        let Some(consumer) = consumers.who_did(event).or_else(|| consumers.of(event)).cloned()
        else {
            return taken(state, tell);
        };
        let step = Step::Said { consumer, said: said(event) };
        self.write(state, Change::new(vec![step]), after(tell));
        Received::Taken
    }

    /// The service tells of a message of the consumer's: it arrived.
    fn echoed(
        self: &Arc<Self>,
        mut state: MutexGuard<State>,
        event: &NotificationEvent,
        tell: Tell,
    ) -> Received {
        let mut passed = std::mem::take(&mut state.passed);
        let Some((consumer, id)) = self.begun(&state, event) else {
            // What was done may still be on its way to the disk: once the service is answered, it does
            // not say so again.
            passed.push(Step::Nothing);
            self.write(state, Change::done(passed), after(tell));
            return Received::Taken;
        };
        let conversation_id = Some(event.conversation_id()).filter(|id| !id.is_empty());
        let opened = conversation_id.map(|id| Lesson::Opened { id: id.to_owned() });
        let sequence = event.sequence();
        let is_out = state.outbox.is_out(&consumer);
        if is_out && state.outbox.first(&consumer).is_some_and(|first| first.is_unsure) {
            // It is under way once more, and what follows must not overtake it.
            let settled = Settled { sequence, opened, tells: Vec::new() };
            state.settled.entry(id).or_insert(settled).tells.push(tell);
            self.write_surely(state, passed, Box::new(|_, _| ()));
            return Received::Taken;
        }
        count(&self.counters.settled_by_echo);
        self.write_surely(state, passed, Box::new(|_, _| ()));
        let then = Box::new(move || tell(Ok(())));
        self.finish(&consumer, id, is_out.into(), Ok(sequence), opened.as_slice(), then);
        Received::Taken
    }

    /// The action that was begun and is what the consumer did there.
    fn begun(&self, state: &State, event: &NotificationEvent) -> Option<(Arc<str>, u64)> {
        let external_id = event.external_id().filter(|_| is_of_a_consumer(event))?;
        let consumer = state.consumers.who_did(event)?;
        if state.consumers.is_sent(consumer, event) {
            return None;
        }
        let first = state.outbox.first(consumer).filter(|first| first.is_begun)?;
        (first.external_id(&self.name) == external_id).then(|| (consumer.clone(), first.id))
    }

    /// Takes in what an event tells about conversations: whom it is about, what is to be written, and
    /// what the program must know beside the event itself.
    fn learn_from(
        self: &Arc<Self>,
        state: &mut State,
        notification: &Arc<Notification>,
        event: &NotificationEvent,
        steps: &mut Vec<Step>,
    ) -> (Option<Arc<str>>, Vec<Outcome>) {
        let about = match event.content() {
            EventContent::Conversation(about) => Some(&**about),
            _ => None,
        };
        let Learned { consumer, changed, found, freed } = state.consumers.learn(event, about);
        let mut outcomes = Vec::new();
        if let Some(consumer) = consumer.as_ref().filter(|_| changed) {
            if event.is_closed() {
                count(&self.counters.closed);
            }
            steps.extend(state.kept(consumer));
            if self.is_shared() {
                let (consumer, edit) = (consumer.clone(), take_in(notification.clone()));
                steps.push(Step::Learn { consumer, edit });
            }
            if found {
                outcomes.push(self.opened(state, consumer));
            }
        }
        if let Some(consumer) = consumer.as_ref().filter(|_| found || freed) {
            self.go_on(state, consumer);
        }
        (consumer, outcomes)
    }

    /// A consumer's conversation is known now, or one can be opened: what waited for that goes on, but
    /// what waits for the service's own word waits for it from now on.
    pub(crate) fn go_on(self: &Arc<Self>, state: &mut State, consumer: &Arc<str>) {
        let Some(first) = state.outbox.first(consumer) else { return };
        if first.is_unsure {
            state.outbox.wait_until(consumer, Instant::now() + self.settings.echo_wait);
        } else {
            state.outbox.hasten(consumer);
        }
        self.wake_worker(state);
        self.watch(state);
    }

    /// Puts what is in order into the line of whom it is about.
    pub(crate) fn route(&self, state: &mut State, item: Item, now: Instant, is_left: bool) {
        // What came before it goes before it.
        self.settle_known(state, now);
        let Some(event) = item.notification.events().first().filter(|it| is_told(it)) else {
            // The service does not tell it again: after a restart nothing must wait for it.
            return state.passed.push(dealt_with(item.id, &item.notification));
        };
        let line = match state.consumers.of(event) {
            Some(consumer) => consumer.clone(),
            None if self.settings.foreign && !state.may_be_named(event.conversation_id()) => {
                strangers_line(event.conversation_id())
            }
            None => {
                // Whose it is may be known in a moment: an answer to an opening is on its way.
                let opened = state.consumers.last_opening().map(|at| at + OPENING_LASTS);
                let until = opened.max(Some(now + UNKNOWN_WAITS)).unwrap_or(now);
                return state.unknown.push_back((until, item));
            }
        };
        let content = Content::Event(item.notification);
        state.inbox.push(&line, Pending { id: item.id, content, given: 0, is_left });
    }

    /// Looks again at what nobody knew, where more is known now.
    fn settle_known(&self, state: &mut State, now: Instant) {
        let version = state.consumers.version();
        if std::mem::replace(&mut state.unknown_looked_at, version) == version {
            return;
        }
        for (until, item) in std::mem::take(&mut state.unknown) {
            let event = item.notification.events().first();
            if event.is_some_and(|event| state.consumers.of(event).is_some()) {
                self.route(state, item, now, false);
            } else {
                state.unknown.push_back((until, item));
            }
        }
    }

    /// The same, and gives up what was waited for long enough.
    pub(crate) fn settle_unknown(&self, state: &mut State, now: Instant) -> Vec<Step> {
        self.settle_known(state, now);
        let mut gone = Vec::new();
        while let Some((until, _)) = state.unknown.front() {
            if *until > now && state.unknown.len() <= MOST_UNKNOWN {
                break;
            }
            let Some((_, item)) = state.unknown.pop_front() else { break };
            if self.settings.foreign {
                let line = strangers_line(conversation_of(&item));
                let content = Content::Event(item.notification);
                state.inbox.push(&line, Pending { id: item.id, content, given: 0, is_left: false });
            } else {
                count(&self.counters.foreign);
                gone.push(Step::NotificationDone { id: item.id, dialogs: Vec::new() });
            }
        }
        gone
    }
}

/// What a conversation's event changes in what is known, whatever others changed meanwhile.
fn take_in(notification: Arc<Notification>) -> Edit {
    Arc::new(move |body| {
        let event = notification.events().first()?;
        let EventContent::Conversation(about) = event.content() else { return None };
        let mut record = Record::read(body);
        record.take_in(event, about);
        Some(record.edited())
    })
}

/// It is kept no longer, and its dialogs go on behind it.
pub(crate) fn dealt_with(id: u64, notification: &Notification) -> Step {
    let spans = spans(notification).into_iter();
    let dialogs = spans.map(|it| (it.dialog, it.last.saturating_add(1))).collect();
    Step::NotificationDone { id, dialogs }
}

/// Tells it without the lock.
fn after(tell: Tell) -> Then {
    Box::new(move |state, outcome| {
        drop(state);
        tell(outcome);
    })
}

impl State {
    /// Whether this conversation, which nobody knows, may be one that is being opened. What comes after
    /// an event that waits for that waits, too.
    fn may_be_named(&self, conversation_id: &str) -> bool {
        self.consumers.last_opening().is_some_and(|at| at.elapsed() < OPENING_LASTS)
            || self.unknown.iter().any(|(_, item)| conversation_of(item) == conversation_id)
    }
}

fn conversation_of(item: &Item) -> &str {
    item.notification.events().first().map_or("", NotificationEvent::conversation_id)
}

fn strangers_line(conversation_id: &str) -> Arc<str> {
    format!("{STRANGER}{conversation_id}").into()
}

fn not_kept() -> Error {
    let message = "the store could not keep the same notification, which came a moment ago";
    Error::new(Status::Io, message).and_passing()
}

/// It needs no keeping.
fn taken(state: MutexGuard<State>, tell: Tell) -> Received {
    drop(state);
    tell(Ok(()));
    Received::Taken
}

/// Whose line that is, as the program calls the consumer: nobody's where a stranger opened it.
pub(crate) fn consumer_of(line: &Arc<str>) -> Arc<str> {
    if line.starts_with(STRANGER) { Arc::from("") } else { line.clone() }
}
