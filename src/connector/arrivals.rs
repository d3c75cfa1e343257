//! What a store that several processes share hands to this one: actions to send, updates to tell, and what
//! the others learn.

use std::sync::{Arc, MutexGuard, Weak, mpsc};
use std::time::{Duration, Instant};

use crate::base::error::Error;
use crate::base::stats::count;
use crate::connector::consumers::Lesson;
use crate::connector::engine::{Engine, State, closed as connector_closed};
use crate::connector::outbox::Taken;
use crate::connector::pending::{Content, Pending};
use crate::connector::settled::Settled;
use crate::connector::update::Outcome;
use crate::connector::waiting::Waiting;
use crate::protocol::notification::Notification;
use crate::protocol::notification_event::NotificationEvent;
use crate::receiver::dialogs::{closed, dialog_of};
use crate::store::arrival::{Arrival, Arrives, Known};
use crate::store::change::{About, Said};
use crate::store::left::LeftAction;

impl Engine {
    /// Takes what the store has for this process, for as long as there is an engine.
    pub(crate) fn arrives(self: &Arc<Self>) -> Arrives {
        let engine: Weak<Engine> = Arc::downgrade(self);
        Box::new(move |arrival| engine.upgrade().is_some_and(|engine| engine.arrived(arrival)))
    }

    /// Whether what was asked back is given back.
    fn arrived(self: &Arc<Self>, arrival: Arrival) -> bool {
        let mut state = self.lock();
        match arrival {
            Arrival::Action(action, known) => {
                state.remember(&known);
                self.action_arrived(state, action, &known);
            }
            Arrival::Outcome { id, consumer, body, is_repeat } => {
                if !is_repeat && Outcome::is_opened(&body) {
                    count(&self.counters.opened);
                }
                let content = Content::Outcome(body.into());
                self.update_arrived(&mut state, &consumer, id, content, is_repeat);
            }
            Arrival::Event { id, line, notification, is_repeat } => {
                let content = Content::Event(Arc::from(notification));
                self.update_arrived(&mut state, &line, id, content, is_repeat);
            }
            Arrival::Known(known) => self.heard(state, &known),
            Arrival::ActionLost { consumer, id } => {
                // Who is sending it now says what becomes of it, and finds that it is not ours.
                if !state.outbox.is_out(&consumer) {
                    state.outbox.remove(&consumer, id);
                    self.drained.notify_all();
                }
            }
            Arrival::UpdateWanted { line, id } => {
                return !state.inbox.is_out(&line) && state.inbox.remove(&line, id).is_some();
            }
            Arrival::Paused(time) => {
                self.pause_here(state, Instant::now() + time);
            }
            Arrival::Foreign => count(&self.counters.foreign),
        }
        false
    }

    fn action_arrived(
        self: &Arc<Self>,
        mut state: MutexGuard<State>,
        action: LeftAction,
        known: &Known,
    ) {
        let consumer: Arc<str> = Arc::from(action.consumer);
        let mut waiting =
            Waiting::new(action.id, action.key.as_deref(), &action.body, action.submitted_ms);
        // Whether another process sent it, nobody knows: the service tells within this time, if it did.
        let is_unsure = action.begun && waiting.was_begun();
        let is_out = state.outbox.is_out(&consumer);
        let is_here = match state.outbox.find_mut(&consumer, action.id) {
            // It was another process's for a moment, and who has it here did not find that out yet.
            Some(here) => {
                here.is_begun |= action.begun;
                here.is_unsure |= is_unsure;
                true
            }
            None => {
                state.outbox.push(&consumer, waiting);
                false
            }
        };
        if is_unsure && !(is_here && is_out) {
            let at = Instant::now() + self.settings.echo_wait;
            state.outbox.put_off(&consumer, action.id, at);
        }
        self.wake_worker(&state);
        self.watch(&mut state);
        self.heard(state, known);
    }

    fn update_arrived(
        &self,
        state: &mut State,
        line: &str,
        id: u64,
        content: Content,
        is_left: bool,
    ) {
        state.not_acknowledged.retain(|it| *it != id);
        let line = state.inbox.name(line).unwrap_or_else(|| Arc::from(line));
        if let Some(first) = state.inbox.first_mut(&line).filter(|first| first.id == id) {
            // The program has it since before the store handed it out again.
            first.is_left = true;
            return;
        }
        state.inbox.push(&line, Pending { id, content, given: 0, is_left });
        self.show(state);
        self.wake_poller(state);
    }

    /// Takes in what others learned of a consumer: its action may have arrived, or may go on.
    fn heard(self: &Arc<Self>, mut state: MutexGuard<State>, known: &Known) {
        let consumer: Arc<str> = Arc::from(&*known.consumer);
        let before = state.consumers.get(&consumer).cloned().unwrap_or_default();
        state.remember(known);
        let record = state.consumers.get(&consumer).cloned().unwrap_or_default();
        let is_found = before.talk.is_none() && record.talk.is_some();
        if is_found || before.past != record.past {
            self.go_on(&mut state, &consumer);
        }
        let Some(first) = state.outbox.first(&consumer).filter(|first| first.is_begun) else {
            return;
        };
        let (id, is_unsure) = (first.id, first.is_unsure);
        let Some(said) = known.said(&first.external_id(&self.name)) else { return };
        let opened = Some(Lesson::Opened { id: said.dialog.clone() });
        let opened = opened.filter(|_| record.talk.is_none());
        let sequence = said.sequence;
        let is_out = state.outbox.is_out(&consumer);
        if is_out && is_unsure {
            // It is under way once more, and what follows must not overtake it.
            state.settled.entry(id).or_insert(Settled { sequence, opened, tells: Vec::new() });
            return;
        }
        count(&self.counters.settled_by_echo);
        drop(state);
        let nothing = Box::new(|| ());
        self.finish(&consumer, id, is_out.into(), Ok(sequence), opened.as_slice(), nothing);
    }

    /// Whether the action is another process's by now.
    pub(crate) fn is_lost(&self, id: u64) -> bool {
        self.shared().is_some_and(|shared| !shared.holds(id))
    }

    /// Whether no other process can have the action.
    pub(crate) fn is_fresh(&self, id: u64) -> bool {
        self.shared().is_some_and(|shared| shared.is_fresh(id))
    }

    /// Leaves an action to another process that has it as well.
    pub(crate) fn let_go(&self, id: u64) {
        if let Some(shared) = self.shared() {
            shared.let_go(id);
        }
    }

    /// Takes an action out of the line that is another process's, if it still is.
    pub(crate) fn leave(&self, taken: &Taken) {
        let mut state = self.lock();
        if !self.is_lost(taken.id) {
            // It came again meanwhile, perhaps with a doubt that whoever took it here did not have.
            let first = state.outbox.first(&taken.consumer).filter(|first| first.id == taken.id);
            let is_unsure = first.is_some_and(|first| first.is_unsure);
            let pause = if is_unsure { self.settings.echo_wait } else { Duration::ZERO };
            state.outbox.put_off(&taken.consumer, taken.id, Instant::now() + pause);
            self.wake_worker(&state);
            return;
        }
        state.settled.remove(&taken.id);
        state.outbox.remove(&taken.consumer, taken.id);
        self.drained.notify_all();
    }

    /// What all processes know of a consumer now. An action that may have arrived is settled where they know
    /// that it did. Gives the action that another process was the last to begin.
    pub(crate) fn ask_others(self: &Arc<Self>, consumer: &str) -> Result<Option<u64>, Error> {
        let Some(shared) = self.shared() else { return Ok(None) };
        let (tells, told) = mpsc::sync_channel(1);
        let about = About { consumer: consumer.to_owned(), ..About::default() };
        shared.recall(about, Box::new(move |known| drop(tells.send(known))));
        let known = told.recv().map_err(|_| connector_closed())??;
        let Some(known) = known else { return Ok(None) };
        self.heard(self.lock(), &known);
        Ok(known.begun_elsewhere)
    }
}

impl State {
    /// Takes in what all processes know of a consumer.
    pub(crate) fn remember(&mut self, known: &Known) {
        if let Some(body) = &known.body {
            // What nobody can read is as if it were not there.
            self.consumers.resume(&known.consumer, body);
            let State { consumers, outbox, inbox, handles, .. } = self;
            if let Some(idle) = consumers.forget_one(|it| outbox.has(it) || inbox.has(it)) {
                handles.remove(&idle);
            }
        }
    }
}

/// Whom a notification with one event is about, for those who know more.
pub(crate) fn about(notification: &Notification, event: &NotificationEvent) -> About {
    About {
        consumer: String::new(),
        conversation: event.conversation_id().to_owned(),
        dialog: event.dialog_id().to_owned(),
        lp_id: match event.originator_role() {
            "CONSUMER" => event.originator_id(),
            _ => event.consumer_lp_id().unwrap_or_default(),
        }
        .to_owned(),
        sequence: event.sequence(),
        closes: closed(notification).into_iter().map(|(_, dialog)| dialog).collect(),
    }
}

/// What an event that the program is not told says of its place, and of a message.
pub(crate) fn said(event: &NotificationEvent) -> Said {
    Said {
        dialog: dialog_of(event).to_owned(),
        sequence: event.sequence(),
        external_id: event.external_id().unwrap_or_default(),
    }
}
