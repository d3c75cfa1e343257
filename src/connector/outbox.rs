//! From an action that is submitted to what became of it.

use std::sync::{Arc, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::base::stats::count;
use crate::connector::action::{Action, Deed};
use crate::connector::consumers::{Lesson, Record};
use crate::connector::engine::{Engine, Handles, Phase, State, closed, updates_full};
use crate::connector::files;
use crate::connector::keys::Keys;
use crate::connector::pending::{Content, Pending};
use crate::connector::settled::Settled;
use crate::connector::update::{Outcome, UpdateKind};
use crate::connector::waiting::{LONGEST_KEY, Waiting};
use crate::handles::attachment::Attachment;
use crate::store::change::{Change, Edit, Fingerprint, Safety, Said, Step};

/// The longest action, in bytes of JSON: far above what the service takes.
const LONGEST_ACTION: usize = 1 << 20;

/// The longest id of a consumer.
const LONGEST_CONSUMER: usize = 1024;

/// An action whose turn it is.
pub(crate) struct Taken {
    pub consumer: Arc<str>,
    pub id: u64,
    pub json: Box<str>,
    pub submitted_ms: i64,
    /// It may have gone out before, and nobody heard of it.
    pub is_unsure: bool,
    /// It goes now or not at all.
    pub is_fleeting: bool,
    /// It was refused with a token of the consumer, and another one was obtained.
    pub has_new_token: bool,
    /// Another conversation was opened for it, because the service did not know the consumer's.
    pub has_new_conversation: bool,
    pub pauses: u8,
    /// Why the last attempt failed, where this process made it.
    pub last: Option<Error>,
    /// What is known of the consumer.
    pub record: Arc<Record>,
    pub handles: Option<Handles>,
}

impl Engine {
    /// Takes an action; it is safe when this returns.
    pub(crate) fn submit(
        self: &Arc<Self>,
        consumer: &str,
        json: &str,
        key: Option<&str>,
    ) -> Result<(), Error> {
        check(consumer, json, key)?;
        let action = Action::read(json)?;
        let json = Action::programs_own(json);
        let fingerprint = key.map(|key| Keys::fingerprint(consumer, key));
        if action.is_of_the_moment() {
            self.ask_others(consumer)?;
        }
        let Some(mut state) = self.unless_known(fingerprint.as_ref())? else { return Ok(()) };
        let mut file = None;
        if let Deed::File { path, preview, .. } = &action.deed {
            drop(state);
            self.check_file(path, preview.as_deref())?;
            file = Some(files::copy(path, preview.as_deref())?);
            let Some(again) = self.unless_known(fingerprint.as_ref())? else { return Ok(()) };
            state = again;
        }
        if state.outbox.len() + state.submitting_len >= self.settings.queue_max {
            let message = format!(
                "{} actions wait already; allowed: {} (connector.queue.max)",
                state.outbox.len(),
                self.settings.queue_max
            );
            return Err(Error::new(Status::Full, message));
        }
        if state.updates() >= self.settings.queue_max {
            return Err(updates_full());
        }
        let consumer = match state.outbox.name(consumer) {
            Some(known) => known,
            None => Arc::from(consumer),
        };
        let id = state.new_id();
        let submitted_ms = self.clock.now_ms();
        let mut waiting = Waiting::new(id, key, json, submitted_ms);
        count(&self.counters.submitted);
        let is_free = !state.outbox.has(&consumer) && !state.submitting.contains_key(&consumer);
        let is_paused = state.paused_until.is_some_and(|until| until > Instant::now());
        if action.is_of_the_moment() {
            waiting.is_fleeting = true;
            if is_free && !is_paused {
                state.outbox.push(&consumer, waiting);
                self.wake_worker(&state);
                self.watch(&mut state);
            } else {
                self.drop_fleeting(state, &consumer, &waiting);
            }
            return Ok(());
        }
        waiting.is_begun = (is_free && !is_paused) || !self.outlives_the_process();
        if let Some(fingerprint) = &fingerprint {
            state.keys.remember(fingerprint, id);
        }
        let mut steps = vec![Step::Action {
            id,
            consumer: consumer.clone(),
            key: key.map(Into::into),
            body: json.into(),
            submitted_ms,
            begun: waiting.is_begun,
        }];
        steps.extend(file.map(|file| Step::File { id, file }));
        steps.extend(state.keys.take_forgotten().map(|before| Step::KeysDone { before }));
        *state.submitting.entry(consumer.clone()).or_default() += 1;
        state.submitting_len += 1;
        let engine = self.clone();
        let (tells, told) = mpsc::sync_channel(1);
        self.write(
            state,
            Change::new(steps),
            Box::new(move |state, outcome| {
                engine.submitted(state, &consumer, waiting, fingerprint, &outcome);
                // Who submitted it waits for it.
                let _ = tells.send(outcome);
            }),
        );
        // Where the answer of a shared store is lost, it may have it.
        told.recv().map_err(|_| closed())?.map_err(|why| match why.status() {
            Status::Connect => why.and_maybe_delivered(),
            _ => why,
        })
    }

    /// What could never be sent is not taken.
    fn check_file(&self, path: &str, preview: Option<&str>) -> Result<(), Error> {
        let file = Attachment::from_path(path);
        self.client.check_file(&match preview {
            Some(preview) => file.preview_from_path(preview),
            None => file,
        })
    }

    /// The lock, for an action that did not come before: with that key, none did.
    fn unless_known(
        self: &Arc<Self>,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<Option<MutexGuard<'_, State>>, Error> {
        let mut waited_for = None;
        loop {
            let mut state = self.lock();
            if state.phase > Phase::Works {
                return Err(closed());
            }
            let known = fingerprint.and_then(|fingerprint| state.keys.find(fingerprint));
            if known.is_none() {
                return Ok(Some(state));
            }
            if state.submitting_len == 0 || waited_for == known {
                count(&self.counters.repeated_keys);
                return Ok(None);
            }
            // The first one may be on its way to the disk: where that fails, its key is forgotten.
            self.wait_until_written(state, Safety::Mark)?;
            waited_for = known;
        }
    }

    /// Waits until all is written that came before.
    pub(crate) fn wait_until_written(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        safety: Safety,
    ) -> Result<(), Error> {
        let (tells, told) = mpsc::sync_channel(1);
        self.write(
            state,
            Change { steps: vec![Step::Nothing], safety },
            Box::new(move |state, outcome| {
                drop(state);
                let _ = tells.send(outcome);
            }),
        );
        told.recv().map_err(|_| closed())?
    }

    fn submitted(
        self: &Arc<Self>,
        mut state: MutexGuard<State>,
        consumer: &Arc<str>,
        waiting: Waiting,
        fingerprint: Option<Fingerprint>,
        outcome: &Result<(), Error>,
    ) {
        state.submitting_len -= 1;
        if let Some(left) = state.submitting.get_mut(consumer) {
            *left -= 1;
            if *left == 0 {
                state.submitting.remove(consumer);
            }
        }
        if outcome.is_ok() {
            self.line_up(&mut state, consumer, waiting);
        } else {
            count(&self.counters.store_failures);
            if let Some(fingerprint) = &fingerprint {
                state.keys.forget(fingerprint);
            }
            // Somebody may wait until nothing is under way.
            self.drained.notify_all();
        }
    }

    /// Puts an action that is written into the line of its consumer; a shared store hands it out itself.
    pub(crate) fn line_up(
        self: &Arc<Self>,
        state: &mut State,
        consumer: &Arc<str>,
        waiting: Waiting,
    ) {
        if !self.is_shared() {
            state.outbox.push(consumer, waiting);
            self.wake_worker(state);
            self.watch(state);
        }
    }

    /// It cannot go out at once, so it does not go out.
    fn drop_fleeting(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        consumer: &Arc<str>,
        waiting: &Waiting,
    ) {
        count(&self.counters.failed);
        let mut outcome = self.outcome(&state, consumer, UpdateKind::Failed);
        outcome.key = waiting.key().map(str::to_owned);
        let why = "it means something only now, and it has to wait: for earlier actions of the consumer, or \
                   because the service is sent too much";
        outcome.error = Some(Error::new(Status::Closed, why));
        let outcomes = if outcome.key.is_some() { vec![outcome] } else { Vec::new() };
        self.tell(state, consumer, Vec::new(), outcomes, Box::new(|| ()));
    }

    /// The next action whose turn it is, or None at that time.
    pub(crate) fn take(self: &Arc<Self>, until: Instant, patience: Duration) -> Option<Taken> {
        let mut state = self.lock();
        loop {
            if state.phase >= Phase::Stopped {
                return None;
            }
            let now = Instant::now();
            // Those beyond the usual number help where others have been busy for too long.
            let paused = state.paused_until.filter(|until| *until > now);
            let since = state.outbox.ready_since(now).filter(|_| paused.is_none());
            if since.is_some_and(|since| since + patience <= now) {
                match self.take_one(state, now) {
                    Ok(taken) => return Some(taken),
                    Err(again) => {
                        state = again;
                        continue;
                    }
                }
            }
            if until <= now {
                return None;
            }
            let ready = since.map(|since| since + patience);
            let next = if paused.is_some() { paused } else { state.outbox.next_ready() };
            let at = [Some(until), ready, next].into_iter().flatten().min();
            let left = at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            state.idle_workers += 1;
            let waited = self.can_send.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle_workers -= 1;
        }
    }

    /// Takes the one whose turn it is; where the store must say first that it is begun, that is
    /// written, and nobody waits for it.
    fn take_one<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
        now: Instant,
    ) -> Result<Taken, MutexGuard<'a, State>> {
        let Some((consumer, waiting)) = state.outbox.take(now, None) else { return Err(state) };
        let id = waiting.id;
        let is_to_mark = self.outlives_the_process() && !self.is_shared();
        if is_to_mark && !waiting.is_begun && !waiting.is_fleeting {
            state.outbox.hold(&consumer, id);
            let engine = self.clone();
            let mark = Change::mark(Step::ActionBegun { id, begun: true });
            let marked = move |state: MutexGuard<State>, outcome| {
                engine.marked(state, &consumer, id, outcome);
            };
            self.write(state, mark, Box::new(marked));
            return Err(self.lock());
        }
        let taken = Taken {
            id,
            json: waiting.json().into(),
            submitted_ms: waiting.submitted_ms,
            is_unsure: waiting.is_unsure,
            is_fleeting: waiting.is_fleeting,
            has_new_token: waiting.has_new_token,
            has_new_conversation: waiting.has_new_conversation,
            pauses: waiting.pauses,
            last: waiting.last.clone(),
            record: state.consumers.get(&consumer).cloned().unwrap_or_default(),
            handles: state.handles.get(&consumer).cloned(),
            consumer,
        };
        self.watch(&mut state);
        Ok(taken)
    }

    fn marked(
        self: &Arc<Self>,
        mut state: MutexGuard<State>,
        consumer: &Arc<str>,
        id: u64,
        outcome: Result<(), Error>,
    ) {
        if outcome.is_err() {
            // As long as that cannot be said, it does not go out.
            count(&self.counters.store_failures);
            state.outbox.put_off(consumer, id, Instant::now() + self.settings.pause);
            return;
        }
        if let Some(first) = state.outbox.first_mut(consumer).filter(|first| first.id == id) {
            first.is_begun = true;
        }
        state.outbox.put_off(consumer, id, Instant::now());
        self.wake_worker(&state);
        self.watch(&mut state);
    }

    /// It was done or never will be: the program is told where it has to know, and the next one goes on.
    pub(crate) fn finish(
        self: &Arc<Self>,
        consumer: &Arc<str>,
        id: u64,
        attempts: u32,
        mut result: Result<Option<i64>, Error>,
        lessons: &[Lesson],
        mut then: Box<dyn FnOnce() + Send>,
    ) {
        let mut state = self.lock();
        let (mut steps, mut outcomes) = (Vec::new(), Vec::new());
        self.learn(&mut state, consumer, lessons, &mut steps, &mut outcomes);
        if let Some(Settled { sequence, opened, tells }) = state.settled.remove(&id) {
            count(&self.counters.settled_by_echo);
            self.learn(&mut state, consumer, opened.as_slice(), &mut steps, &mut outcomes);
            if !matches!(result, Ok(Some(_))) {
                result = Ok(sequence);
            }
            then = Box::new(move || {
                then();
                tells.into_iter().for_each(|tell| tell(Ok(())));
            });
        }
        // Where the service's own word told of it, it is gone.
        if let Some(waiting) = state.outbox.remove(consumer, id) {
            steps.push(Step::ActionDone { id });
            if let Some(key) = waiting.key() {
                let fingerprint = Keys::fingerprint(consumer, key);
                steps.push(Step::Key { id, fingerprint, at_ms: waiting.submitted_ms });
            }
            let (is_sent, is_receipt) = (result.is_ok(), Action::is_receipt(waiting.json()));
            if let (Ok(Some(sequence)), true) = (&result, waiting.may_have_own_id()) {
                let dialog =
                    state.consumers.get(consumer).map(|it| place(it)).unwrap_or_default().1;
                state.consumers.sent(consumer, dialog, *sequence);
            }
            if let (Ok(Some(sequence)), true) = (&result, self.is_shared()) {
                let record = state.consumers.get(consumer).cloned().unwrap_or_default();
                let (dialog, sequence) = (place(&record).1, Some(*sequence));
                let external_id = waiting.external_id(&self.name);
                let said = Said { dialog, sequence, external_id };
                steps.push(Step::Said { consumer: consumer.clone(), said });
            }
            if !is_receipt {
                count(if is_sent { &self.counters.sent } else { &self.counters.failed });
                if is_sent {
                    let took = self.clock.since_ms(waiting.submitted_ms);
                    self.counters.sent_after.record(took);
                }
            }
            let is_dropped = waiting.is_fleeting && result.as_ref().is_err_and(came_too_late);
            if waiting.key().is_some() || !(is_sent || is_receipt || is_dropped) {
                let kind = if is_sent { UpdateKind::Sent } else { UpdateKind::Failed };
                let mut outcome = self.outcome(&state, consumer, kind);
                outcome.key = waiting.key().map(str::to_owned);
                outcome.of = Some(id);
                outcome.attempts = u32::from(waiting.attempts) + attempts;
                match result {
                    Ok(sequence) => outcome.sequence = sequence,
                    Err(error) => outcome.error = Some(error),
                }
                outcomes.push(outcome);
            }
            self.wake_worker(&state);
            self.watch(&mut state);
            if state.outbox.len() == 0 {
                self.drained.notify_all();
            }
            if !state.outbox.has(consumer) && state.consumers.get(consumer).is_none() {
                // Nothing came of it.
                state.handles.remove(consumer);
            }
        }
        self.tell(state, consumer, steps, outcomes, then);
    }

    /// Takes in what is known of a consumer now: what is to be written, and what the program must know.
    pub(crate) fn learn(
        &self,
        state: &mut State,
        consumer: &Arc<str>,
        lessons: &[Lesson],
        steps: &mut Vec<Step>,
        outcomes: &mut Vec<Outcome>,
    ) {
        if lessons.is_empty() {
            return;
        }
        let before = state.consumers.get(consumer).cloned().unwrap_or_default();
        let mut record = Record::clone(&before);
        lessons.iter().for_each(|lesson| record.learn(lesson));
        if self.is_shared() {
            // What others know may be newer.
            let lessons = lessons.to_vec();
            let edit: Edit = Arc::new(move |body| {
                let mut record = Record::read(body);
                lessons.iter().for_each(|lesson| record.learn(lesson));
                Some(record.edited())
            });
            steps.push(Step::Learn { consumer: consumer.clone(), edit });
        }
        if record == *before {
            return;
        }
        let id = |record: &Record| record.talk.as_ref().map(|talk| talk.id.clone());
        let is_opened = record.talk.is_some() && id(&record) != id(&before);
        steps.push(Step::Consumer { consumer: consumer.clone(), body: Some(record.json()) });
        state.consumers.set(consumer, record);
        let State { consumers, outbox, inbox, handles, .. } = state;
        let is_needed = |it: &str| outbox.has(it) || inbox.has(it);
        if let Some(idle) = consumers.forget_one(is_needed) {
            handles.remove(&idle);
            steps.push(Step::Consumer { consumer: idle, body: None });
        }
        if is_opened {
            outcomes.push(self.opened(state, consumer));
        }
    }

    /// A conversation was opened.
    pub(crate) fn opened(&self, state: &State, consumer: &str) -> Outcome {
        // Several processes may find out: a shared store hands it out to one of them, who counts it.
        if !self.is_shared() {
            count(&self.counters.opened);
        }
        self.outcome(state, consumer, UpdateKind::Opened)
    }

    /// With where the consumer is.
    pub(crate) fn outcome(&self, state: &State, consumer: &str, kind: UpdateKind) -> Outcome {
        let mut outcome = Outcome::new(kind);
        if let Some(record) = state.consumers.get(consumer) {
            (outcome.conversation_id, outcome.dialog_id) = place(record);
        }
        outcome
    }

    /// Writes these steps, and tells the program these outcomes once they are written.
    pub(crate) fn tell(
        self: &Arc<Self>,
        mut state: MutexGuard<State>,
        consumer: &Arc<str>,
        mut steps: Vec<Step>,
        outcomes: Vec<Outcome>,
        then: Box<dyn FnOnce() + Send>,
    ) {
        if steps.is_empty() && outcomes.is_empty() {
            drop(state);
            return then();
        }
        let pending = state.pending(consumer, outcomes, &mut steps);
        self.tell_once_written(state, consumer, steps, pending, then);
    }

    /// The same, where it is made already.
    pub(crate) fn tell_once_written(
        self: &Arc<Self>,
        state: MutexGuard<State>,
        consumer: &Arc<str>,
        steps: Vec<Step>,
        pending: Vec<Pending>,
        then: Box<dyn FnOnce() + Send>,
    ) {
        let (engine, consumer) = (self.clone(), consumer.clone());
        self.write_surely(
            state,
            steps,
            Box::new(move |mut state, _| {
                engine.told(&mut state, &consumer, pending);
                drop(state);
                then();
            }),
        );
    }

    /// Lines up what the program must know, now that it is written.
    pub(crate) fn told(&self, state: &mut State, consumer: &Arc<str>, pending: Vec<Pending>) {
        // A shared store hands it out itself.
        if !pending.is_empty() && !self.is_shared() {
            pending.into_iter().for_each(|one| state.inbox.push(consumer, one));
            self.show(state);
            self.wake_poller(state);
        }
    }

    /// It goes again at that time, unless something happens before. `is_unsure`: it may have arrived.
    pub(crate) fn put_off(
        self: &Arc<Self>,
        taken: &Taken,
        why: Error,
        at: Instant,
        is_unsure: bool,
    ) {
        let Some(mut state) = self.unless_settled(taken, why.attempts()) else { return };
        if self.is_lost(taken.id) && !taken.is_fleeting {
            drop(state);
            return self.leave(taken);
        }
        count(&self.counters.put_off);
        let (consumer, id, attempts) = (&taken.consumer, taken.id, why.attempts());
        let is_outage = !is_unsure && matches!(why.status(), Status::Connect | Status::Server);
        let Some(first) = state.outbox.first_mut(consumer).filter(|first| first.id == id) else {
            // The service's own word came first.
            return;
        };
        first.attempts = first.attempts.saturating_add(attempts.try_into().unwrap_or(u16::MAX));
        first.pauses = first.pauses.saturating_add(1);
        // It may have come again meanwhile, with a doubt.
        first.is_unsure |= is_unsure;
        let is_unsure = first.is_unsure;
        first.last = Some(why);
        let is_to_unmark = first.is_begun && !is_unsure && self.outlives_the_process();
        if is_to_unmark {
            first.is_begun = false;
        }
        if is_outage {
            state.unreachable.insert(consumer.clone());
        }
        state.outbox.put_off(consumer, id, at);
        // Somebody has to be there at that time.
        self.wake_worker(&state);
        if is_to_unmark {
            let step = Step::ActionBegun { id, begun: false };
            self.write_surely(state, vec![step], Box::new(|_, _| ()));
        }
    }

    /// The lock, for an action that goes on waiting: where the service told meanwhile that it arrived, it
    /// is finished.
    pub(crate) fn unless_settled(
        self: &Arc<Self>,
        taken: &Taken,
        attempts: u32,
    ) -> Option<MutexGuard<'_, State>> {
        let state = self.lock();
        if !state.settled.contains_key(&taken.id) {
            return Some(state);
        }
        drop(state);
        self.finish(&taken.consumer, taken.id, attempts, Ok(None), &[], Box::new(|| ()));
        None
    }

    /// It goes on waiting: nothing was tried.
    pub(crate) fn wait_on(self: &Arc<Self>, taken: &Taken, at: Instant) {
        let Some(mut state) = self.unless_settled(taken, 0) else { return };
        state.outbox.put_off(&taken.consumer, taken.id, at);
        // Somebody has to be there at that time.
        self.wake_worker(&state);
    }

    /// Nothing is sent before then: the service wants that of all.
    pub(crate) fn pause_all(self: &Arc<Self>, until: Instant) {
        let state = self.lock();
        if let Some(shared) = self.shared()
            && state.paused_until.is_none_or(|before| before < until)
        {
            shared.pause(until.saturating_duration_since(Instant::now()));
        }
        self.pause_here(state, until);
    }

    /// The same in this process alone. What means something only now does not wait for the end of that.
    pub(crate) fn pause_here<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
        until: Instant,
    ) {
        state.paused_until = state.paused_until.max(Some(until));
        loop {
            let outbox = &state.outbox;
            let late = outbox.firsts().find(|(it, first)| first.is_fleeting && !outbox.is_out(it));
            let Some((consumer, id)) = late.map(|(it, first)| (it.clone(), first.id)) else {
                return;
            };
            let Some(waiting) = state.outbox.remove(&consumer, id) else { return };
            self.drop_fleeting(state, &consumer, &waiting);
            state = self.lock();
        }
    }

    /// A request was answered as it should be: what waited for the service to come back may go.
    pub(crate) fn went_well(&self) {
        let mut state = self.lock();
        for consumer in std::mem::take(&mut state.unreachable) {
            // What may have arrived goes on waiting for the service's word.
            if state.outbox.first(&consumer).is_some_and(|first| !first.is_unsure) {
                state.outbox.hasten(&consumer);
                self.wake_worker(&state);
            }
        }
    }

    /// Writes what is known of a consumer; it is on the disk when this returns.
    pub(crate) fn keep_lesson(
        self: &Arc<Self>,
        consumer: &Arc<str>,
        lesson: &Lesson,
    ) -> Result<(), Error> {
        let mut state = self.lock();
        let mut steps = Vec::new();
        let lessons = std::slice::from_ref(lesson);
        self.learn(&mut state, consumer, lessons, &mut steps, &mut Vec::new());
        if steps.is_empty() {
            // It was known, but perhaps it could not be written.
            steps.extend(state.kept(consumer));
        }
        let (tells, told) = mpsc::sync_channel(1);
        self.write(
            state,
            Change::new(steps),
            Box::new(move |state, outcome| {
                drop(state);
                // Who asked waits for it.
                let _ = tells.send(outcome);
            }),
        );
        told.recv().map_err(|_| closed())?
    }
}

impl State {
    /// What is known of a consumer, to be written.
    pub(crate) fn kept(&self, consumer: &Arc<str>) -> Option<Step> {
        let body = Some(self.consumers.get(consumer)?.json());
        Some(Step::Consumer { consumer: consumer.clone(), body })
    }

    /// What the program must know, and what is to be written of it.
    pub(crate) fn pending(
        &mut self,
        consumer: &Arc<str>,
        outcomes: Vec<Outcome>,
        steps: &mut Vec<Step>,
    ) -> Vec<Pending> {
        let pending = outcomes.into_iter().map(|outcome| {
            let id = self.new_id();
            // Texts, numbers and an error always serialise.
            let body: Arc<str> = serde_json::to_string(&outcome).unwrap_or_default().into();
            let of = outcome.of;
            steps.push(Step::Update { id, consumer: consumer.clone(), body: body.clone(), of });
            Pending { id, content: Content::Outcome(body), given: 0, is_left: false }
        });
        pending.collect()
    }
}

fn check(consumer: &str, json: &str, key: Option<&str>) -> Result<(), Error> {
    if consumer.is_empty() {
        return Err(Error::invalid("consumer_id is empty"));
    }
    for (name, has, most) in [
        ("consumer_id", consumer.len(), LONGEST_CONSUMER),
        ("action_json", json.len(), LONGEST_ACTION),
        ("key", key.map_or(0, str::len), LONGEST_KEY),
    ] {
        if has > most {
            return Err(Error::invalid(format!("{name} has {has} bytes; allowed: {most}")));
        }
    }
    if key == Some("") {
        return Err(Error::invalid("key is empty; NULL means none"));
    }
    for (name, text) in [("consumer_id", consumer), ("key", key.unwrap_or_default())] {
        // C could not be told of it, and in front of a name it means that it is no consumer's.
        if text.contains('\0') {
            return Err(Error::invalid(format!("{name} contains NUL")));
        }
    }
    Ok(())
}

/// Whether an action that means something only now could not go out now; otherwise the service refused it.
pub(crate) fn came_too_late(why: &Error) -> bool {
    why.status() != Status::Rejected
}

/// Where a consumer is.
pub(crate) fn place(record: &Record) -> (String, String) {
    let Some(talk) = &record.talk else {
        return (record.past.back().cloned().unwrap_or_default(), String::new());
    };
    (talk.id.clone(), talk.survey.clone().unwrap_or_else(|| talk.id.clone()))
}
