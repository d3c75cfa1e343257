//! The conversation: what the consumer says, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::config::shorten;
use crate::consumer::ConsumerState;
use crate::error::{Error, Status};
use crate::message::{self, Outbound};
use crate::process::PerProcess;
use crate::request_id::RequestIds;
use crate::response::Response;
use crate::turn::Turn;

/// How a conversation is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    pub(crate) first_message: Option<String>,
}

impl OpenOptions {
    /// No first message, everything else as the account has it.
    pub fn new() -> OpenOptions {
        OpenOptions::default()
    }

    /// What the consumer says first, sent in the same round trip.
    #[must_use]
    pub fn first_message(mut self, text: impl Into<String>) -> OpenOptions {
        self.first_message = Some(text.into());
        self
    }

    /// Reads options from a JSON object with the optional member `firstMessage`.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for text that is not a JSON object, for an unknown member and
    /// for a member of the wrong type.
    pub fn from_json(json: &str) -> Result<OpenOptions, Error> {
        let options: Value = serde_json::from_str(json)
            .map_err(|why| Error::invalid(format!("cannot read options_json: {why}")))?;
        let Value::Object(members) = options else {
            return Err(Error::invalid("options_json is not a JSON object"));
        };
        let mut options = OpenOptions::new();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("firstMessage", Value::String(text)) => options.first_message = Some(text),
                ("firstMessage", _) => {
                    return Err(Error::invalid("options_json: 'firstMessage' is not a string"));
                }
                (unknown, _) => {
                    let unknown = shorten(unknown);
                    return Err(Error::invalid(format!(
                        "options_json: unknown member '{unknown}'; allowed: firstMessage"
                    )));
                }
            }
        }
        Ok(options)
    }
}

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
    closed: AtomicBool,
    turn: PerProcess<Turn>,
}

impl Conversation {
    pub(crate) fn new(
        consumer: Arc<ConsumerState>,
        id: &str,
        dialog_id: Option<&str>,
    ) -> Conversation {
        let state = State {
            consumer,
            id: id.into(),
            dialog_id: dialog_id.map(Into::into),
            closed: AtomicBool::new(false),
            turn: PerProcess::new(),
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

    /// Sends a text as the consumer.
    ///
    /// # Errors
    /// [`Status::Closed`] after [`close`](Conversation::close) or a shutdown, otherwise any
    /// [`Status`] from [`Config`](Status::Config) to [`Protocol`](Status::Protocol). Look at
    /// [`Error::maybe_delivered`] before sending a text again.
    pub fn send_text(&self, text: &str) -> Result<Response, Error> {
        self.send(|ids| message::text(ids, self.dialog_id(), text))
    }

    /// Closes the conversation. Later sends of this handle fail with [`Status::Closed`].
    ///
    /// # Errors
    /// As for [`send_text`](Conversation::send_text).
    pub fn close(&self) -> Result<Response, Error> {
        let response = self.send(|ids| message::close(ids, self.id()))?;
        self.state.closed.store(true, Ordering::SeqCst);
        Ok(response)
    }

    fn send(&self, message: impl FnOnce(&RequestIds) -> Outbound) -> Result<Response, Error> {
        let client = &self.state.consumer.client;
        let deadline = client.deadline();
        let turn = self.state.turn.get(Turn::default).take(deadline)?;
        client.check_open()?;
        if self.state.closed.load(Ordering::SeqCst) {
            return Err(Error::new(Status::Closed, "the conversation was closed"));
        }
        let message = message(&client.local().ids);
        let outcome = self.state.consumer.send(&message, deadline);
        drop(turn);
        outcome
    }
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("id", &self.id())
            .field("dialog_id", &self.dialog_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_strictly() {
        assert_eq!(OpenOptions::from_json("{}").unwrap(), OpenOptions::new());
        assert_eq!(
            OpenOptions::from_json(r#"{"firstMessage":"Hi"}"#).unwrap(),
            OpenOptions::new().first_message("Hi")
        );
        for (bad, names) in [
            ("", "options_json"),
            ("[]", "not a JSON object"),
            (r#"{"firstMessage":1}"#, "'firstMessage' is not a string"),
            (r#"{"first_message":"Hi"}"#, "'first_message'; allowed: firstMessage"),
        ] {
            let error = OpenOptions::from_json(bad).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.message().contains(names), "{error}");
        }
    }
}
