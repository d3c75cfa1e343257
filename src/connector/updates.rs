//! What the program is told, and acknowledges.

use std::sync::{Arc, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::base::clock::FOREVER;
use crate::base::error::{Error, Status};
use crate::base::stats::count;
use crate::config::connector_settings::Receipts;
use crate::connector::action::Action;
use crate::connector::engine::{Engine, Phase, State, closed};
use crate::connector::intake::{consumer_of, dealt_with};
use crate::connector::pending::{Content, Pending};
use crate::connector::update::{Outcome, Receipt, Update, UpdateKind};
use crate::connector::waiting::Waiting;
use crate::protocol::notification_event::{EventKind, NotificationEvent};
use crate::receiver::readiness::Readiness;
use crate::store::change::{Change, Safety, Step};

/// Who waits tells a shared store now and then that it still does.
const ASKS_AGAIN: Duration = Duration::from_secs(1);

/// A program has hardly more updates at a time.
const MOST_NOT_ACKNOWLEDGED: usize = 1000;

impl Engine {
    /// The next update, or None if none comes in time.
    pub(crate) fn poll(self: &Arc<Self>, timeout: Duration) -> Result<Option<Update>, Error> {
        let until = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        loop {
            if state.phase == Phase::Ended {
                return Err(closed());
            }
            if let Some(shared) = self.shared() {
                shared.want();
            }
            let now = Instant::now();
            let gone = self.settle(&mut state, now);
            if !gone.is_empty() {
                self.write_surely(state, gone, Box::new(|_, _| ()));
                state = self.lock();
                continue;
            }
            if let Some(update) = self.give_out(&mut state, now) {
                self.show(&mut state);
                if state.inbox.ready_since(now).is_some() {
                    self.wake_poller(&state);
                }
                return Ok(Some(update));
            }
            self.show(&mut state);
            if state.phase == Phase::Told {
                return Err(closed());
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(None);
            }
            let again = self.is_shared().then(|| now + ASKS_AGAIN);
            let at = [until, state.next_update(), again].into_iter().flatten().min();
            state.idle_pollers += 1;
            state = match at {
                Some(at) => {
                    let left = at.saturating_duration_since(now);
                    let waited = self.can_tell.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.can_tell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.idle_pollers -= 1;
        }
    }

    /// What becomes due with the time; what is to be written of it.
    fn settle(self: &Arc<Self>, state: &mut State, now: Instant) -> Vec<Step> {
        for item in state.resequencer.give_up_gaps(now) {
            self.route(state, item, now, false);
        }
        self.settle_unknown(state, now)
    }

    fn give_out(&self, state: &mut State, now: Instant) -> Option<Update> {
        let until = now + self.settings.ack_timeout;
        let line = loop {
            let (line, pending) = state.inbox.take(now, Some(until))?;
            let id = pending.id;
            if self.shared().is_none_or(|shared| shared.give(id)) {
                break line;
            }
            // The store hands it out again, here or to another process.
            state.inbox.remove(&line, id);
        };
        let pending = state.inbox.first_mut(&line)?;
        pending.given += 1;
        count(&self.counters.given_out);
        let is_repeat = pending.is_left || pending.given > 1;
        let receipt = Receipt {
            connector: self.number,
            line: line.clone(),
            id: pending.id,
            given: pending.given,
        };
        let (outcome, notification) = match &pending.content {
            Content::Event(notification) => {
                (event_outcome(notification.events().first()), Some(notification.clone()))
            }
            Content::Outcome(body) => (read_outcome(body), None),
        };
        Some(Update { outcome, consumer: consumer_of(&line), is_repeat, notification, receipt })
    }

    /// The program dealt with an update.
    pub(crate) fn ack(self: &Arc<Self>, update: &Update) -> Result<(), Error> {
        let Receipt { line, id, .. } = self.receipt_of(update)?;
        let mut state = self.lock();
        let Some(first) = state.inbox.first(line).filter(|first| first.id == *id) else {
            if state.not_acknowledged.contains(id) {
                let message = "the update could not be acknowledged before: it comes again";
                return Err(Error::new(Status::Connect, message));
            }
            // It was acknowledged already.
            return Ok(());
        };
        let mut steps = vec![match &first.content {
            Content::Outcome(_) => Step::UpdateDone { id: *id },
            Content::Event(notification) => dealt_with(*id, notification),
        }];
        steps.append(&mut state.passed);
        let receipt = self.receipt_for(&mut state, update, &mut steps);
        let (tells, told) = mpsc::sync_channel(1);
        let (engine, line, id) = (self.clone(), line.clone(), *id);
        let change = Change { steps, safety: Safety::Done };
        self.write(
            state,
            change,
            Box::new(move |mut state, outcome| {
                if outcome.is_ok() {
                    if state.inbox.remove(&line, id).is_some() {
                        count(&engine.counters.acknowledged);
                    }
                    if let Some((consumer, waiting)) = receipt {
                        engine.line_up(&mut state, &consumer, waiting);
                    }
                    engine.show(&mut state);
                    engine.wake_poller(&state);
                } else if engine.shared().is_some_and(|shared| !shared.holds_update(id)) {
                    // What is behind it goes on; the store hands it out again.
                    state.inbox.remove(&line, id);
                    state.not_acknowledged.push_back(id);
                    if state.not_acknowledged.len() > MOST_NOT_ACKNOWLEDGED {
                        state.not_acknowledged.pop_front();
                    }
                    engine.show(&mut state);
                    engine.wake_poller(&state);
                }
                drop(state);
                let _ = tells.send(outcome);
            }),
        );
        told.recv().map_err(|_| closed())?
    }

    /// What the agent is told of a message that the program acknowledged.
    fn receipt_for(
        &self,
        state: &mut State,
        update: &Update,
        steps: &mut Vec<Step>,
    ) -> Option<(Arc<str>, Waiting)> {
        let status = match self.settings.receipts {
            Receipts::None => return None,
            Receipts::Accept => "ACCEPT",
            Receipts::Read => "READ",
        };
        let event = update.notification.as_ref()?.events().first()?;
        let is_message =
            matches!(event.kind(), EventKind::Text | EventKind::File | EventKind::RichContent);
        let sequence = event.sequence().filter(|_| is_message && !update.consumer.is_empty())?;
        let consumer = update.receipt.line.clone();
        let json = Action::receipt_json(status, sequence, update.dialog_id());
        let (id, submitted_ms) = (state.new_id(), self.clock.now_ms());
        let mut waiting = Waiting::new(id, None, &json, submitted_ms);
        // Said twice it says the same.
        waiting.is_begun = true;
        steps.push(Step::Action {
            id,
            consumer: consumer.clone(),
            key: None,
            body: json.into(),
            submitted_ms,
            begun: false,
        });
        Some((consumer, waiting))
    }

    /// The program could not deal with an update: it is given out again after that time, and before what
    /// follows for its consumer.
    pub(crate) fn nack(&self, update: &Update, after: Duration) -> Result<(), Error> {
        let Receipt { line, id, given, .. } = self.receipt_of(update)?;
        let mut state = self.lock();
        // It may have been given out again since.
        let is_the_last = |first: &Pending| first.id == *id && first.given == *given;
        if state.inbox.first(line).is_some_and(is_the_last) {
            state.inbox.put_off(line, *id, Instant::now() + after.min(FOREVER));
            self.show(&mut state);
            self.wake_poller(&state);
        }
        Ok(())
    }

    fn receipt_of<'a>(&self, update: &'a Update) -> Result<&'a Receipt, Error> {
        if update.receipt.connector == self.number {
            return Ok(&update.receipt);
        }
        Err(Error::invalid("the update did not come from this connector"))
    }

    /// A descriptor that is readable while a poll would not wait, if there is such.
    pub(crate) fn fd(&self) -> Option<i32> {
        let mut state = self.lock();
        if state.phase == Phase::Ended {
            return None;
        }
        if state.readiness.is_none() {
            if let Some(shared) = self.shared() {
                shared.want_always();
            }
            state.readiness = Readiness::new();
            self.show(&mut state);
        }
        state.readiness.as_ref().map(Readiness::fd)
    }

    /// Makes the descriptor, where somebody has it, say what a poll would.
    pub(crate) fn show(&self, state: &mut State) {
        if state.readiness.is_none() {
            return;
        }
        let now = Instant::now();
        let is_ready = state.phase >= Phase::Told || state.inbox.ready_since(now).is_some();
        let at = if is_ready { Some(now) } else { state.next_update() };
        if let Some(readiness) = &state.readiness {
            readiness.set(at);
        }
    }
}

impl State {
    /// When there may be an update although nothing happens.
    fn next_update(&self) -> Option<Instant> {
        let unknown = self.unknown.front().map(|(until, _)| *until);
        let times = [self.inbox.next_ready(), self.resequencer.next_give_up(), unknown];
        times.into_iter().flatten().min()
    }
}

fn event_outcome(event: Option<&NotificationEvent>) -> Outcome {
    let kind = if event.is_some_and(NotificationEvent::is_closed) {
        UpdateKind::Closed
    } else {
        UpdateKind::Event
    };
    let mut outcome = Outcome::new(kind);
    if let Some(event) = event {
        outcome.conversation_id = event.conversation_id().to_owned();
        outcome.dialog_id = event.dialog_id().to_owned();
        outcome.sequence = event.sequence();
    }
    outcome
}

/// As it was kept. What cannot be read is an error that says so, so that the program sees it.
fn read_outcome(body: &str) -> Outcome {
    serde_json::from_str(body).unwrap_or_else(|why| {
        let mut outcome = Outcome::new(UpdateKind::Failed);
        let message = format!("what became of an action cannot be read: {why}");
        outcome.error = Some(Error::new(Status::Io, message));
        outcome
    })
}
