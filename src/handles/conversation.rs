//! The conversation: what the consumer says, in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use ureq::http::HeaderValue;

use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::fifo_lock::{FifoGuard, FifoLock};
use crate::base::process::PerProcess;
use crate::base::request_id::RequestIds;
use crate::base::whole_file::write_whole;
use crate::handles::attachment::Attachment;
use crate::handles::client_state::Call;
use crate::handles::consumer_state::ConsumerState;
use crate::net::streamed::Progress;
use crate::protocol::event::{AcceptStatus, ChatState, CsatStatus, Event, HostedFile, Metadata};
use crate::protocol::message::{self, Message, Published};
use crate::protocol::open::Ttr;
use crate::protocol::profile::Profile;
use crate::protocol::response::Response;
use crate::protocol::storage::StorageUrl;
use crate::service::messaging::OnBehalfOf;
use crate::service::storage::Transfer;

/// One conversation of a consumer, in one of its dialogs.
///
/// Clones are the same conversation. It may be used from any number of threads at once: sends go
/// out one at a time, in the order in which they were called.
#[derive(Clone)]
pub struct Conversation {
    state: Arc<State>,
}

struct State {
    consumer: Arc<ConsumerState>,
    id: Box<str>,
    /// `None` is the first dialog, which has the conversation's id.
    dialog_id: Option<Box<str>>,
    /// The Client-Properties header, on every request of the conversation.
    properties: Option<HeaderValue>,
    closed: AtomicBool,
    sends: PerProcess<FifoLock>,
    progress: ArcSwapOption<Box<Progress>>,
}

impl Conversation {
    pub(crate) fn new(
        consumer: Arc<ConsumerState>,
        id: &str,
        dialog_id: Option<&str>,
        properties: Option<HeaderValue>,
    ) -> Conversation {
        let state = State {
            consumer,
            id: id.into(),
            dialog_id: dialog_id.map(Into::into),
            properties,
            closed: AtomicBool::new(false),
            sends: PerProcess::new(),
            progress: ArcSwapOption::empty(),
        };
        Conversation { state: Arc::new(state) }
    }

    /// The conversation's id.
    pub fn id(&self) -> &str {
        &self.state.id
    }

    /// The id of the dialog that this handle sends to.
    pub fn dialog_id(&self) -> &str {
        self.state.dialog_id.as_deref().unwrap_or(&self.state.id)
    }

    /// What every event names: the conversation and its dialog.
    fn dialog(&self) -> (&str, &str) {
        (self.id(), self.dialog_id())
    }

    /// Sends a text as the consumer.
    ///
    /// # Errors
    /// [`Status::Closed`] after [`close`](Conversation::close) or a shutdown, otherwise any
    /// [`Status`] from [`Config`](Status::Config) to [`Protocol`](Status::Protocol). Look at
    /// [`Error::maybe_delivered`] before sending a text again.
    pub fn send_text(&self, text: &str) -> Result<Response, Error> {
        self.publish("sending a text", Published::Text(text), None)
    }

    /// Sends any event, with metadata or without.
    ///
    /// # Errors
    /// As for [`send_text`](Conversation::send_text).
    pub fn send_event(
        &self,
        event: &Event,
        metadata: Option<&Metadata>,
    ) -> Result<Response, Error> {
        self.publish("sending an event", Published::Event(event), metadata)
    }

    /// Sends rich content: cards, buttons, carousels and so on, in the vendor's JSON.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it is not a JSON object, otherwise as for
    /// [`send_text`](Conversation::send_text).
    pub fn send_rich_content(
        &self,
        content_json: &str,
        metadata: Option<&Metadata>,
    ) -> Result<Response, Error> {
        let event = Event::rich_content(content_json)?;
        self.publish("sending rich content", Published::Event(&event), metadata)
    }

    /// Tells the agent what the consumer is doing. After [`ChatState::Composing`] another state
    /// must follow, or the agent sees typing for ever.
    ///
    /// # Errors
    /// As for [`send_text`](Conversation::send_text).
    pub fn send_chat_state(&self, state: ChatState) -> Result<Response, Error> {
        let event = Event::chat_state(state);
        self.publish("sending a chat state", Published::Event(&event), None)
    }

    /// Tells the agent what became of the messages with these sequences.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if there is no sequence or a negative one, otherwise as for
    /// [`send_text`](Conversation::send_text).
    pub fn send_accept_status(
        &self,
        status: AcceptStatus,
        sequences: &[i64],
        metadata: Option<&Metadata>,
    ) -> Result<Response, Error> {
        let event = Event::accept_status(status, sequences)?;
        self.publish("sending an accept status", Published::Event(&event), metadata)
    }

    /// Sends a file: asks for a place in the storage, puts the file there, and publishes it. Other
    /// sends of the conversation may go out while the file is on its way.
    ///
    /// # Errors
    /// [`Status::Io`] if a file cannot be read, [`Status::InvalidArgument`] for a file or preview
    /// that is too large or of another type than its name says, otherwise as for
    /// [`send_text`](Conversation::send_text).
    pub fn send_file(&self, attachment: &Attachment) -> Result<Response, Error> {
        let call = self.call()?;
        self.check_open()?;
        let settings = self.state.consumer.client.settings();
        let file = attachment.check(settings.file_max_bytes, settings.file_preview_max_bytes)?;
        let place = self.storage(&call, &Transfer::Up(file.body()), || {
            message::upload_url(&call.session.ids, file.length, &file.file_type)
        })?;
        let event = Event::file(&HostedFile {
            caption: file.caption.as_deref().unwrap_or_default(),
            relative_path: &place.relative_path,
            file_type: &file.file_type,
            preview: file.preview.as_deref(),
        });
        self.send_if_open(&call, |ids| {
            let metadata = attachment.metadata_of();
            let event = Published::Event(&event);
            message::publish(ids, "publishing the file", self.dialog(), event, metadata)
        })
    }

    /// Fetches a file that was sent in the conversation into a file of this machine. It is written
    /// beside its place and then renamed, so that nobody ever sees half of it.
    ///
    /// A regular file there is replaced and its mode kept; behind a symbolic link it is the file that the
    /// link leads to. A new file has the mode that the umask leaves. Where this fails, the old file stays
    /// as it was.
    ///
    /// # Errors
    /// [`Status::Io`] if the file cannot be written; before any request if there is something else than a
    /// regular file (a directory, a pipe, a device, a link to nothing), or no such directory.
    /// [`Status::Protocol`] if it is longer than
    /// `response.max.bytes`, otherwise as for [`send_text`](Conversation::send_text).
    pub fn download_file(&self, relative_path: &str, to_path: &Path) -> Result<(), Error> {
        if relative_path.is_empty() {
            return Err(Error::invalid("relative_path is empty"));
        }
        let call = self.call()?;
        write_whole(to_path, |into| {
            let ask = || message::download_url(&call.session.ids, relative_path);
            self.storage(&call, &Transfer::Down(into), ask).map(drop)
        })
    }

    /// Calls this function with the bytes done and the bytes in all (0: unknown) while files of this
    /// conversation go up or come down; `None` stops that. It is called on the thread that sends or
    /// fetches the file. Where an attempt fails and another follows, the count begins again.
    pub fn set_progress(&self, progress: Option<Box<Progress>>) {
        self.state.progress.store(progress.map(Arc::new));
    }

    /// Sets the consumer's profile.
    ///
    /// # Errors
    /// As for [`send_text`](Conversation::send_text).
    pub fn set_profile(&self, profile: &Profile) -> Result<Response, Error> {
        profile.check("profile")?;
        self.send_even_if_closed(|ids| message::set_profile(ids, profile))
    }

    /// Rates the conversation with 1 to 5 stars, and whether the consumer's matter is resolved.
    /// This is possible after it was closed, too.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for another number of stars, otherwise as for
    /// [`send_text`](Conversation::send_text).
    pub fn rate(&self, stars: i64, resolved: bool, status: CsatStatus) -> Result<Response, Error> {
        if !(1..=5).contains(&stars) {
            return Err(Error::invalid(format!("stars is {stars}; allowed: 1 to 5")));
        }
        self.send_even_if_closed(|ids| message::rate(ids, self.id(), stars, resolved, &status))
    }

    /// Says how urgent the conversation is from now on. `seconds`: the time to respond; `None` is
    /// the type's usual value: 300 for `URGENT`, 600 for `PRIORITIZED`, 1800 for `NORMAL`. A type
    /// that this library does not know goes out without one then.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for an empty type, a negative time, and `CUSTOM` without one;
    /// otherwise as for [`send_text`](Conversation::send_text).
    pub fn set_ttr(&self, ttr: impl Into<Ttr>, seconds: Option<i64>) -> Result<Response, Error> {
        let ttr = ttr.into();
        if ttr.as_str().is_empty() {
            return Err(Error::invalid("ttr is empty"));
        }
        if let Some(bad) = seconds.filter(|seconds| *seconds < 0) {
            return Err(Error::invalid(format!("seconds is {bad}; allowed: 0 and more")));
        }
        if ttr == Ttr::Custom && seconds.is_none() {
            return Err(Error::invalid("CUSTOM takes a time: it has no usual value"));
        }
        let seconds = seconds.or_else(|| ttr.usual_seconds());
        self.send_if_open(&self.call()?, |ids| message::set_ttr(ids, self.id(), &ttr, seconds))
    }

    /// Closes the conversation. Later sends of this handle fail with [`Status::Closed`]. Where the
    /// account has a survey it begins now: a dialog of its own, for
    /// [`attach`](crate::Consumer::attach).
    ///
    /// Where the answer to an attempt is lost and the next one is refused because the conversation is
    /// closed, it is done: the response has the code `OK`, no sequence, the body `null`, all attempts,
    /// and HTTP status and bytes of that refusal.
    ///
    /// # Errors
    /// As for [`send_text`](Conversation::send_text).
    pub fn close(&self) -> Result<Response, Error> {
        self.closing(self.send_if_open(&self.call()?, |ids| message::close(ids, self.id())))
    }

    /// Closes the conversation with all its dialogs: no survey follows, and one that runs ends. Later
    /// texts and other events of this handle fail with [`Status::Closed`]. This is possible after
    /// [`close`](Conversation::close), too, as long as a survey runs. What is said there of a lost answer
    /// goes for this, too.
    ///
    /// # Errors
    /// As for [`send_text`](Conversation::send_text).
    pub fn close_stage(&self) -> Result<Response, Error> {
        self.closing(self.send_even_if_closed(|ids| message::close_stage(ids, self.id())))
    }

    fn closing(&self, outcome: Result<Response, Error>) -> Result<Response, Error> {
        // Closed is closed, whoever did it.
        let closed = outcome.as_ref().map_or_else(Error::is_closed_there, |_| true);
        if closed {
            self.state.closed.store(true, Ordering::SeqCst);
        }
        outcome
    }

    /// Closes one dialog of the conversation, for example a survey. Where it is the handle's own, its
    /// later sends fail with [`Status::Closed`]. What is said at [`close`](Conversation::close) of a lost
    /// answer goes for this, too.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if the id is empty, otherwise as for
    /// [`send_text`](Conversation::send_text).
    pub fn close_dialog(&self, dialog_id: &str) -> Result<Response, Error> {
        if dialog_id.is_empty() {
            return Err(Error::invalid("dialog_id is empty"));
        }
        let outcome =
            self.send_even_if_closed(|ids| message::close_dialog(ids, self.id(), dialog_id));
        if dialog_id == self.dialog_id() { self.closing(outcome) } else { outcome }
    }

    fn publish(
        &self,
        doing: &'static str,
        published: Published,
        metadata: Option<&Metadata>,
    ) -> Result<Response, Error> {
        self.send_if_open(&self.call()?, |ids| {
            message::publish(ids, doing, self.dialog(), published, metadata)
        })
    }

    fn call(&self) -> Result<Call, Error> {
        self.state.consumer.client.call()
    }

    /// Sends when it is this call's turn, if the conversation is open then.
    fn send_if_open(
        &self,
        call: &Call,
        message: impl FnOnce(&RequestIds) -> Message,
    ) -> Result<Response, Error> {
        let sends = self.state.sends.get(FifoLock::default);
        let _turn = wait_for_turn(&sends, call.deadline)?;
        self.check_open()?;
        self.send_in_turn(call, &message(&call.session.ids))
    }

    fn send_even_if_closed(
        &self,
        message: impl FnOnce(&RequestIds) -> Message,
    ) -> Result<Response, Error> {
        let call = self.call()?;
        let sends = self.state.sends.get(FifoLock::default);
        let _turn = wait_for_turn(&sends, call.deadline)?;
        self.send_in_turn(&call, &message(&call.session.ids))
    }

    fn send_in_turn(&self, call: &Call, message: &Message) -> Result<Response, Error> {
        let on_behalf_of = OnBehalfOf {
            conversation_id: Some(self.id()),
            ..self.state.consumer.with_properties(self.state.properties.as_ref())
        };
        call.session.messaging.send(&on_behalf_of, message, call.deadline)
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.state.closed.load(Ordering::SeqCst) {
            return Err(Error::new(Status::Closed, "the conversation was closed"));
        }
        Ok(())
    }

    /// Asks for a place in the storage and moves a file to or from it. Places expire within a
    /// minute: one that did so on the way is asked for again, once.
    fn storage(
        &self,
        call: &Call,
        what: &Transfer,
        ask: impl Fn() -> Message,
    ) -> Result<StorageUrl, Error> {
        let progress = self.state.progress.load_full();
        let progress = progress.as_ref().map(|progress| &***progress);
        let attempt = || {
            let message = ask();
            let place = StorageUrl::read(&self.send_in_turn(call, &message)?, message.doing)?;
            // The storage knows no ids: the request that asked for the place stands for what follows.
            let _about = call.session.exchange.log().about(message.id(), Some(self.id()));
            let moved = call.session.storage.transfer(&place, what, progress, call.deadline);
            Ok((place, moved))
        };
        let first: (StorageUrl, Result<(), Error>) = attempt()?;
        let (place, moved) = match &first.1 {
            Err(expired) if expired.http_status() == 401 => attempt()?,
            _ => first,
        };
        moved.map(|()| place)
    }
}

fn wait_for_turn(sends: &FifoLock, deadline: Deadline) -> Result<FifoGuard<'_>, Error> {
    let turn = sends.take(deadline);
    turn.map_err(|late| late.context("waiting for earlier sends of this conversation"))
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("id", &self.id())
            .field("dialog_id", &self.dialog_id())
            .finish_non_exhaustive()
    }
}
