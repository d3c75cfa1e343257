//! The threads that send: each takes the action whose turn it is, does it, and says what became of it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::base::jitter::jitter;
use crate::base::log::LogLevel;
use crate::base::stats::count;
use crate::base::text::shorten;
use crate::base::thread;
use crate::config::connector_settings::Ambiguous;
use crate::connector::action::{Action, Deed, file_type, open_options};
use crate::connector::consumers::{Lesson, Talk};
use crate::connector::engine::{Engine, Handles, Phase, State};
use crate::connector::outbox::{Taken, came_too_late};
use crate::connector::waiting::{Waiting, external_id};
use crate::handles::attachment::Attachment;
use crate::handles::consumer::Consumer;
use crate::handles::conversation::Conversation;
use crate::protocol::event::{CsatStatus, Event, Metadata};
use crate::protocol::open::OpenOptions;
use crate::protocol::response::Response;
use crate::protocol::wording::is_about_conversation;

/// Where all workers have been busy for so long while something waited, there is another one.
const PATIENCE: Duration = Duration::from_millis(10);

/// So many times as many as `connector.workers` says.
const MOST_EXTRA: usize = 8;

/// An extra worker that has had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(5);

/// What is to become of an action that failed.
enum Verdict {
    Fails,
    /// Another conversation is opened for it.
    ConversationIsOver,
    /// It goes with another token of the consumer.
    TokenIsRefused,
    /// `is_unsure`: it may have arrived.
    Later {
        pause: Duration,
        is_unsure: bool,
    },
}

/// What became of an attempt.
enum Outcome {
    /// It was done, with the sequence that the service gave it.
    Done(Option<i64>, u32),
    Failed(Error),
    /// It is not tried again.
    GivenUp(Error),
    /// It goes on when the conversation is known, or can be opened after all.
    NotKnown(Error),
}

impl Engine {
    /// Starts the usual workers.
    pub(crate) fn start(self: &Arc<Self>) -> Result<(), Error> {
        if let Some(shared) = self.shared() {
            shared.start(self.arrives());
        }
        let mut state = self.lock();
        for _ in 0..self.settings.workers {
            self.add_worker(&mut state, Duration::ZERO)
                .map_err(|why| Error::new(Status::Io, format!("cannot start a thread: {why}")))?;
        }
        Ok(())
    }

    /// Sees to it that somebody is there for what waits, while all others are busy.
    pub(crate) fn watch(self: &Arc<Self>, state: &mut State) {
        let most = self.settings.workers * MOST_EXTRA;
        if state.is_unwatched() && state.workers < most && state.phase < Phase::Stopped {
            // Where there is no room for another one, those that are there do it later.
            let _ = self.add_worker(state, PATIENCE);
        }
    }

    fn add_worker(self: &Arc<Self>, state: &mut State, patience: Duration) -> std::io::Result<()> {
        let engine = self.clone();
        let thread = thread::start("lpc-worker", move || engine.work(patience))?;
        state.workers += 1;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.push(thread);
        Ok(())
    }

    fn work(self: Arc<Self>, patience: Duration) {
        let is_extra = !patience.is_zero();
        loop {
            match self.take(Instant::now() + IDLE, patience) {
                Some(taken) => self.perform(&taken),
                None => {
                    let mut state = self.lock();
                    let may_end = is_extra && !state.is_unwatched();
                    if may_end || state.phase >= Phase::Stopped {
                        state.workers -= 1;
                        // What this one was to wait for, another one does.
                        self.wake_worker(&state);
                        return;
                    }
                }
            }
        }
    }

    fn perform(self: &Arc<Self>, taken: &Taken) {
        if self.is_shared() && !taken.is_fleeting && !self.may_perform(taken) {
            return;
        }
        if let Some(at) = self.echo_may_come(taken) {
            return self.wait_on(taken, at);
        }
        let mut lessons = Vec::new();
        let outcome = self.attempt(taken, &mut lessons).unwrap_or_else(Outcome::Failed);
        self.conclude(taken, lessons, outcome);
    }

    /// Whether an action of a shared store is still ours to send, and nobody knows of it that it arrived.
    fn may_perform(self: &Arc<Self>, taken: &Taken) -> bool {
        let is_first = taken.pauses == 0 && self.is_fresh(taken.id);
        if taken.is_unsure || !is_first {
            match self.ask_others(&taken.consumer) {
                Ok(begun_elsewhere) if begun_elsewhere == Some(taken.id) => self.let_go(taken.id),
                Ok(_) => {}
                Err(why) => {
                    let at = Instant::now() + self.settings.pause;
                    self.put_off(taken, why, at, taken.is_unsure);
                    return false;
                }
            }
        }
        if self.is_lost(taken.id) {
            self.leave(taken);
            return false;
        }
        // Where others knew of it, that is finished.
        self.unless_settled(taken, 0).is_some()
    }

    /// An action of a shared store goes out now, unless it is another process's: what only asked whether it may go
    /// leaves no doubt.
    fn goes_out(self: &Arc<Self>, taken: &Taken) -> Result<(), Error> {
        let Some(shared) = self.shared().filter(|_| !taken.is_fleeting) else { return Ok(()) };
        self.note(taken, |waiting| waiting.is_begun = true);
        let is_ours = !self.is_doubted_since(taken) && shared.goes_out(taken.id);
        if is_ours { Ok(()) } else { Err(is_anothers()) }
    }

    /// Whether it came again since it was taken, and may have been sent in between.
    fn is_doubted_since(&self, taken: &Taken) -> bool {
        let state = self.lock();
        let first = state.outbox.first(&taken.consumer).filter(|first| first.id == taken.id);
        !taken.is_unsure && first.is_some_and(|first| first.is_unsure)
    }

    /// Makes one attempt; what it learns about the consumer goes into `lessons`, whatever becomes of it.
    fn attempt(
        self: &Arc<Self>,
        taken: &Taken,
        lessons: &mut Vec<Lesson>,
    ) -> Result<Outcome, Error> {
        let action = Action::read(&taken.json)?;
        if taken.is_unsure && action.deed.is_message() {
            if self.settings.ambiguous == Ambiguous::Fail || self.is_over(taken) {
                let message = "an earlier process may have sent it, and nobody told of it";
                let unknown = || Error::new(Status::Timeout, message);
                let why = taken.last.clone().unwrap_or_else(unknown);
                return Ok(Outcome::GivenUp(why.and_maybe_delivered()));
            }
            count(&self.counters.repeated);
        }
        let consumer = match &taken.handles {
            Some(known) => known.consumer.clone(),
            None => self.consumer(&taken.consumer)?,
        };
        let Some(talk) = taken.record.talk.as_ref().filter(|talk| self.is_usable(talk)) else {
            return self.without_conversation(taken, &action, &consumer, lessons);
        };
        let conversation = self.conversation(taken, &action, &consumer, talk)?;
        let sent = self.send(taken, &action, &conversation);
        let unknown = sent.as_ref().err().filter(|why| self.may_be_unknown(taken, &action, why));
        if let Some(why) = unknown {
            return self.in_place_of(&talk.id, why, taken, &action, &consumer, lessons);
        }
        let closes = matches!(action.deed, Deed::Close);
        let refusal = sent.as_ref().err().filter(|why| why.is_closed_there());
        if refusal.is_some() || (closes && sent.is_ok()) {
            // Not more than that: the conversation goes on where a survey runs.
            let dialog_id = if closes { &talk.id } else { conversation.dialog_id() }.to_owned();
            lessons.push(Lesson::DialogClosed { id: talk.id.clone(), dialog_id });
        }
        match refusal {
            Some(why) if closes => Ok(Outcome::Done(None, why.attempts())),
            _ => sent.map(|sent| done(&sent)),
        }
    }

    /// Whether the consumer's messages can go there.
    fn is_usable(&self, talk: &Talk) -> bool {
        !talk.is_main_closed || (self.settings.survey && talk.survey.is_some())
    }

    fn consumer(&self, id: &Arc<str>) -> Result<Consumer, Error> {
        if let Some(known) = self.lock().handles.get(id) {
            return Ok(known.consumer.clone());
        }
        let consumer = self.client.consumer(id)?;
        let handles = Handles { consumer: consumer.clone(), conversation: None };
        self.lock().handles.insert(id.clone(), handles);
        Ok(consumer)
    }

    /// Where the action goes: made once, and used for all that goes there.
    fn conversation(
        &self,
        taken: &Taken,
        action: &Action,
        consumer: &Consumer,
        talk: &Talk,
    ) -> Result<Conversation, Error> {
        // One that was closed takes nothing more, whatever the service thinks of it.
        let is_kept = !matches!(action.deed, Deed::Close);
        let dialog_id = action.dialog_id.as_deref().or_else(|| self.survey(talk));
        let is_it = |known: &&Conversation| {
            known.id() == talk.id && known.dialog_id() == dialog_id.unwrap_or(&talk.id)
        };
        let known = taken.handles.as_ref().and_then(|handles| handles.conversation.as_ref());
        if let Some(known) = known.filter(is_it).filter(|_| is_kept) {
            return Ok(known.clone());
        }
        let conversation = self.attach(consumer, talk, dialog_id)?;
        if let Some(handles) = self.lock().handles.get_mut(&taken.consumer).filter(|_| is_kept) {
            handles.conversation = Some(conversation.clone());
        }
        Ok(conversation)
    }

    /// The dialog of the survey that the consumer answers.
    fn survey<'a>(&self, talk: &'a Talk) -> Option<&'a str> {
        talk.survey.as_deref().filter(|_| self.settings.survey)
    }

    fn attach(
        &self,
        consumer: &Consumer,
        talk: &Talk,
        dialog_id: Option<&str>,
    ) -> Result<Conversation, Error> {
        let options = match &talk.open_json {
            Some(json) => open_options(json)?,
            None => OpenOptions::new(),
        };
        let options = match dialog_id {
            Some(dialog_id) => options.to_attach().dialog_id(dialog_id),
            None => options.to_attach(),
        };
        consumer.attach(&talk.id, &options)
    }

    fn send(
        self: &Arc<Self>,
        taken: &Taken,
        action: &Action,
        conversation: &Conversation,
    ) -> Result<Response, Error> {
        self.goes_out(taken)?;
        let metadata = self.metadata(taken, action);
        match &action.deed {
            Deed::Text(text) => conversation.send_event(&Event::text(text), metadata.as_ref()),
            Deed::Event(event) => conversation.send_event(event, metadata.as_ref()),
            Deed::File { path, caption, .. } => {
                let kept = self.file(taken.id)?;
                let mut file = Attachment::from_bytes(&kept.bytes, file_type(path));
                if let Some(caption) = caption {
                    file = file.caption(caption);
                }
                if let Some(preview) = &kept.preview {
                    file = file.preview_from_bytes(preview);
                }
                if let Some(metadata) = metadata {
                    file = file.metadata(metadata);
                }
                conversation.send_file(&file)
            }
            Deed::ChatState(state) => conversation.send_chat_state(state.clone()),
            Deed::AcceptStatus(status, sequences) => {
                conversation.send_accept_status(status.clone(), sequences, action.metadata.as_ref())
            }
            Deed::Profile(profile) => conversation.set_profile(profile),
            Deed::Rate { stars, resolved } => {
                conversation.rate(*stars, *resolved, CsatStatus::Filled)
            }
            Deed::Ttr(ttr) => conversation.set_ttr(ttr.clone(), None),
            Deed::Close => conversation.close(),
        }
    }

    /// The program's own, with the id by which the service's word about it is known.
    fn metadata(&self, taken: &Taken, action: &Action) -> Option<Metadata> {
        let own = action.metadata.clone();
        if !self.settings.external_id
            || own.as_ref().is_some_and(|it| it.first_external_id().is_some())
        {
            return own;
        }
        Some(own.unwrap_or_default().external_id(&external_id(&self.name, taken.id)))
    }

    /// Opens a conversation where the action is a message; the others have nothing to be about.
    fn without_conversation(
        self: &Arc<Self>,
        taken: &Taken,
        action: &Action,
        consumer: &Consumer,
        lessons: &mut Vec<Lesson>,
    ) -> Result<Outcome, Error> {
        let none = || Error::new(Status::Closed, "the consumer has no open conversation");
        match &action.deed {
            Deed::Text(_) | Deed::Event(_) | Deed::File { .. } => {}
            // What it is for is so already.
            Deed::Close => return Ok(Outcome::Done(None, 0)),
            Deed::Profile(_) | Deed::Rate { .. } => {
                let talk = taken.record.last_talk().ok_or_else(none)?;
                let conversation = self.attach(consumer, &talk, None)?;
                return self.send(taken, action, &conversation).map(|sent| done(&sent));
            }
            Deed::ChatState(_) | Deed::AcceptStatus(..) | Deed::Ttr(_) => return Err(none()),
        }
        if let Some(talk) = &taken.record.talk {
            // Its main dialog is closed, and no survey is known, or none is for this channel.
            let closing = self.attach(consumer, talk, None)?.close_stage();
            closing
                .map(drop)
                .or_else(|why| if why.is_closed_there() { Ok(()) } else { Err(why) })?;
            let over = Lesson::Over { id: talk.id.clone() };
            self.keep_lesson(&taken.consumer, &over)?;
        }
        match self.open_for(taken, action, consumer, None, lessons) {
            Err(why) if why.status() == Status::AlreadyOpen => Ok(Outcome::NotKnown(why)),
            outcome => outcome,
        }
    }

    /// Whether the service may not know the conversation to which a message was to go.
    fn may_be_unknown(&self, taken: &Taken, action: &Action, why: &Error) -> bool {
        let may_be = action.deed.is_message() && is_about_conversation(why);
        may_be && !why.maybe_delivered() && !taken.has_new_conversation
    }

    /// Opens another conversation, if the service does not know this one: where it does, it refuses that,
    /// because a consumer has one only, and the message itself is at fault.
    fn in_place_of(
        self: &Arc<Self>,
        id: &str,
        why: &Error,
        taken: &Taken,
        action: &Action,
        consumer: &Consumer,
        lessons: &mut Vec<Lesson>,
    ) -> Result<Outcome, Error> {
        match self.open_for(taken, action, consumer, Some(id), lessons) {
            Err(other) if other.status() == Status::AlreadyOpen => Err(why.clone()),
            Ok(Outcome::Done(sequence, attempts)) => {
                Ok(Outcome::Done(sequence, attempts + why.attempts()))
            }
            outcome => outcome,
        }
    }

    /// Opens a conversation for a message, and sends it there. `in_place_of`: the service may not know
    /// this one.
    fn open_for(
        self: &Arc<Self>,
        taken: &Taken,
        action: &Action,
        consumer: &Consumer,
        in_place_of: Option<&str>,
        lessons: &mut Vec<Lesson>,
    ) -> Result<Outcome, Error> {
        let lp_id = consumer.lp_id()?.to_owned();
        let open_json = action.open_json(&taken.json).or_else(|| self.settings.open.clone());
        // First, so that what the service tells of it meanwhile is known to be about this consumer.
        let in_place_of = in_place_of.map(str::to_owned);
        let unknown = in_place_of.clone();
        let opening = Lesson::Opening { lp_id, open_json: open_json.clone(), in_place_of };
        self.keep_lesson(&taken.consumer, &opening)?;
        let options = open_json.as_deref().map(open_options).transpose()?.unwrap_or_default();
        let options = match &action.deed {
            Deed::Text(text) => {
                options.first_event(&Event::text(text), self.metadata(taken, action))
            }
            _ => options,
        };
        self.goes_out(taken)?;
        let (conversation, first) = match consumer.open_telling(&options) {
            Ok(opened) => opened,
            Err(why) => {
                // Where one may be open, a notification tells.
                let may_be_open = taken.is_unsure || why.maybe_delivered();
                if !may_be_open && why.status() != Status::AlreadyOpen {
                    lessons.push(Lesson::NotOpened);
                }
                return Err(why);
            }
        };
        lessons.push(Lesson::Opened { id: conversation.id().to_owned() });
        if let Some(unknown) = unknown {
            self.note(taken, |waiting| waiting.has_new_conversation = true);
            self.settings.log.write(LogLevel::Warn, || {
                format!(
                    "connector: the service does not know the conversation: another one was opened \
                     [conversation {unknown}]"
                )
            });
        }
        if matches!(action.deed, Deed::Text(_)) {
            return Ok(Outcome::Done(first, 1));
        }
        self.send(taken, action, &conversation).map(|sent| done(&sent))
    }

    fn conclude(self: &Arc<Self>, taken: &Taken, lessons: Vec<Lesson>, outcome: Outcome) {
        let (result, attempts) = match outcome {
            Outcome::Done(sequence, attempts) => {
                self.went_well();
                (Ok(sequence), attempts)
            }
            Outcome::NotKnown(why) if !self.is_over(taken) => {
                let is_told = |last: &Error| last.status() == Status::AlreadyOpen;
                if !taken.last.as_ref().is_some_and(is_told) {
                    self.settings.log.write(LogLevel::Warn, || {
                        "connector: a consumer has an open conversation that nobody told us of: his \
                         messages wait until an agent does something in it, or ends it"
                            .to_owned()
                    });
                }
                // Nobody may ever tell: it may be over, or be known to somebody else alone.
                let left = self.settings.give_up.saturating_sub(self.age(taken));
                let echo_wait = self.settings.echo_wait.min(left);
                let pause = self.pause(taken, &why).min(left);
                let pause = if taken.is_unsure { pause.max(echo_wait) } else { pause };
                self.put_off(taken, why, Instant::now() + pause, taken.is_unsure);
                return self.go_on_where_it_is_known(taken);
            }
            Outcome::NotKnown(why) => (Err(why.clone()), why.attempts()),
            // Nothing was tried now.
            Outcome::GivenUp(why) => (Err(why), 0),
            Outcome::Failed(why)
                if !(why.maybe_delivered() || taken.is_fleeting)
                    && (self.is_lost(taken.id) || self.is_doubted_since(taken)) =>
            {
                // Who has it now says what becomes of it.
                self.keep(&taken.consumer, &lessons);
                return self.leave(taken);
            }
            Outcome::Failed(why) => {
                let attempts = why.attempts();
                if why.status() == Status::RateLimited {
                    self.pause_all(Instant::now() + self.pause(taken, &why));
                }
                if is_token_refused(&why) {
                    self.forget_token(&taken.consumer);
                }
                match self.judge(taken, &why) {
                    Verdict::Fails => {}
                    Verdict::TokenIsRefused => {
                        self.keep(&taken.consumer, &lessons);
                        self.note(taken, |waiting| waiting.has_new_token = true);
                        return self.put_off(taken, why, Instant::now(), taken.is_unsure);
                    }
                    Verdict::ConversationIsOver => {
                        self.keep(&taken.consumer, &lessons);
                        // At once, but not again and again where each is closed as soon as it is open.
                        let is_first = taken.pauses == 0;
                        let pause = if is_first { Duration::ZERO } else { self.pause(taken, &why) };
                        return self.put_off(taken, why, Instant::now() + pause, taken.is_unsure);
                    }
                    Verdict::Later { pause, is_unsure } => {
                        let at = Instant::now() + pause;
                        self.keep(&taken.consumer, &lessons);
                        // What may have arrived once may have arrived.
                        return self.put_off(taken, why, at, is_unsure || taken.is_unsure);
                    }
                }
                let why = if taken.is_unsure { why.and_maybe_delivered() } else { why };
                (Err(why), attempts)
            }
        };
        let is_of_no_matter = |why: &Error| {
            Action::is_receipt(&taken.json) || (taken.is_fleeting && came_too_late(why))
        };
        if let Some(why) = result.as_ref().err().filter(|why| !is_of_no_matter(why)) {
            let line = || format!("connector: an action failed: {why}{}", self.ids(taken, why));
            self.settings.log.write(LogLevel::Error, line);
        }
        let nothing = Box::new(|| ());
        self.finish(&taken.consumer, taken.id, attempts, result, &lessons, nothing);
    }

    /// The notification that it waits for may have come while the service was asked.
    fn go_on_where_it_is_known(self: &Arc<Self>, taken: &Taken) {
        let mut state = self.lock();
        let record = state.consumers.get(&taken.consumer);
        if record.is_some_and(|it| it.talk.is_some() || it.past != taken.record.past) {
            self.go_on(&mut state, &taken.consumer);
        }
    }

    /// What is to become of an action after this error.
    fn judge(&self, taken: &Taken, error: &Error) -> Verdict {
        let Ok(action) = Action::read(&taken.json) else { return Verdict::Fails };
        if error.status() == Status::Closed && self.lock().phase >= Phase::Stopped {
            // We broke it off ourselves: it stays in the store.
            return Verdict::Later { pause: Duration::ZERO, is_unsure: error.maybe_delivered() };
        }
        let is_message = action.deed.is_message();
        if error.is_closed_there() {
            return if is_message { Verdict::ConversationIsOver } else { Verdict::Fails };
        }
        let is_unsure = error.maybe_delivered() && is_message;
        if is_token_refused(error) && !taken.has_new_token && !is_unsure {
            return Verdict::TokenIsRefused;
        }
        if is_unsure && self.has_echo(&action) {
            // The service may still tell that it arrived.
            return Verdict::Later { pause: self.settings.echo_wait, is_unsure };
        }
        let is_repeated = !is_unsure || self.settings.ambiguous == Ambiguous::Repeat;
        let may_pass = is_unsure || may_pass(error);
        if taken.is_fleeting || self.is_over(taken) || !is_repeated || !may_pass {
            return Verdict::Fails;
        }
        Verdict::Later { pause: self.pause(taken, error), is_unsure }
    }

    /// Until when the service may still tell that it arrived, because what it wanted to tell meanwhile was
    /// sent away.
    fn echo_may_come(&self, taken: &Taken) -> Option<Instant> {
        let may_wait = taken.is_unsure && !self.is_over(taken);
        let refused = self.lock().refused.filter(|_| may_wait)?;
        Some(refused + self.settings.echo_wait).filter(|until| *until > Instant::now())
    }

    /// Whether the service tells when it arrives.
    fn has_echo(&self, action: &Action) -> bool {
        let own = || action.metadata.as_ref().and_then(Metadata::first_external_id);
        action.deed.is_message() && (self.settings.external_id || own().is_some())
    }

    fn age(&self, taken: &Taken) -> Duration {
        self.clock.since_ms(taken.submitted_ms)
    }

    /// Whether it has been tried for long enough.
    fn is_over(&self, taken: &Taken) -> bool {
        self.age(taken) >= self.settings.give_up
    }

    /// How long it waits after this error.
    fn pause(&self, taken: &Taken, error: &Error) -> Duration {
        let doubled = self.settings.pause.saturating_mul(1 << taken.pauses.min(20));
        let pause = doubled.min(self.settings.pause_max);
        // Spread, so that not all come back together.
        let pause = pause / 2 + jitter(pause / 2);
        let asked = error.retry_after_ms().map_or(Duration::ZERO, Duration::from_millis);
        // Not beyond the time for which anything is tried.
        pause.max(asked.min(self.settings.give_up))
    }

    /// Fetches a file that an agent sent, on the thread that asks for it.
    pub(crate) fn download_file(
        self: &Arc<Self>,
        consumer_id: &str,
        relative_path: &str,
        to_path: &Path,
    ) -> Result<(), Error> {
        self.ask_others(consumer_id)?;
        let record = self.lock().consumers.get(consumer_id).cloned().unwrap_or_default();
        let Some(talk) = record.last_talk() else {
            return Err(Error::new(Status::Closed, "the consumer has had no conversation"));
        };
        let consumer_id = Arc::from(consumer_id);
        let download = || {
            let consumer = self.consumer(&consumer_id)?;
            self.attach(&consumer, &talk, None)?.download_file(relative_path, to_path)
        };
        match download() {
            Err(why) if is_token_refused(&why) => {
                self.forget_token(&consumer_id);
                download()
            }
            outcome => outcome,
        }
    }

    /// The consumer's next request is made with another token.
    fn forget_token(&self, consumer: &Arc<str>) {
        self.lock().handles.remove(consumer);
    }

    /// By which it is found again, at the end of a line. Not the consumer's id, which may be a phone number.
    fn ids(&self, taken: &Taken, why: &Error) -> String {
        let state = self.lock();
        let first = state.outbox.first(&taken.consumer).filter(|first| first.id == taken.id);
        let key = first.and_then(Waiting::key).map(shorten);
        let talk = state.consumers.get(&taken.consumer).and_then(|record| record.talk.as_ref());
        let ids = [
            ("request", Some(why.request_id().to_owned()).filter(|id| !id.is_empty())),
            ("conversation", talk.map(|talk| talk.id.clone())),
            ("key", key),
        ];
        let ids = ids.into_iter().filter_map(|(name, id)| Some(format!("{name} {}", id?)));
        let ids: Vec<String> = ids.collect();
        if ids.is_empty() { String::new() } else { format!(" [{}]", ids.join(", ")) }
    }

    /// Keeps in mind what was done about an action, where it still waits.
    fn note(&self, taken: &Taken, what: impl FnOnce(&mut Waiting)) {
        let mut state = self.lock();
        let first = state.outbox.first_mut(&taken.consumer).filter(|first| first.id == taken.id);
        first.map(what);
    }

    /// Writes what was learned about a consumer, some time, and tells the program of it.
    fn keep(self: &Arc<Self>, consumer: &Arc<str>, lessons: &[Lesson]) {
        let mut state = self.lock();
        let (mut steps, mut outcomes) = (Vec::new(), Vec::new());
        self.learn(&mut state, consumer, lessons, &mut steps, &mut outcomes);
        self.tell(state, consumer, steps, outcomes, Box::new(|| ()));
    }
}

impl State {
    /// Whether something is to be sent, now or later, and no worker is there for it.
    fn is_unwatched(&self) -> bool {
        let is_any = self.outbox.is_any_ready() || self.outbox.next_ready().is_some();
        self.idle_workers == 0 && is_any
    }
}

fn is_anothers() -> Error {
    Error::new(Status::Connect, "another process has the action by now")
}

fn done(sent: &Response) -> Outcome {
    Outcome::Done(sent.sequence(), sent.attempts())
}

/// Whether the service does not take the consumer's token.
fn is_token_refused(error: &Error) -> bool {
    error.status() == Status::Unauthorized && matches!(error.service_code(), 40103 | 40104)
}

/// Whether it may succeed later. What the service refuses, it refuses; but a token is obtained again, and
/// who looks after the account may mend what is wrong there.
fn may_pass(error: &Error) -> bool {
    error.is_retryable()
        || match error.status() {
            Status::Connect | Status::Tls | Status::Timeout | Status::RateLimited => true,
            Status::Server | Status::Protocol | Status::Config => true,
            // Our own disk, not the action's file, which is checked when it is submitted.
            Status::Io => true,
            Status::Unauthorized => !is_token_refused(error),
            _ => false,
        }
}
