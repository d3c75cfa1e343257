//! The consumer: on whose behalf messages are sent.

use std::sync::Arc;

use once_cell::race::OnceBox;
use ureq::http::HeaderValue;

use crate::base::error::{Error, Status};
use crate::base::process::PerProcess;
use crate::base::turn::SingleFlight;
use crate::handles::client::Shared;
use crate::handles::conversation::Conversation;
use crate::protocol::message::{self, Outbound};
use crate::protocol::open::{AttachOptions, OpenOptions};
use crate::protocol::response::{self, Batch, Response};
use crate::service::auth::{ConsumerJws, obtain_consumer_jws};
use crate::service::call::Call;
use crate::service::request::{Endpoint, deliver};

/// An end user of the account.
///
/// Clones are the same consumer. It may be used from any number of threads at once.
#[derive(Clone)]
pub struct Consumer {
    pub(crate) state: Arc<ConsumerState>,
}

pub(crate) struct ConsumerState {
    pub client: Arc<Shared>,
    ext_consumer_id: Box<str>,
    jws: OnceBox<ConsumerJws>,
    fetch: PerProcess<SingleFlight<()>>,
}

impl Consumer {
    pub(crate) fn new(client: Arc<Shared>, ext_consumer_id: &str) -> Result<Consumer, Error> {
        if ext_consumer_id.is_empty() {
            return Err(Error::invalid("ext_consumer_id is empty"));
        }
        Ok(Consumer::with(client, ext_consumer_id, OnceBox::new()))
    }

    pub(crate) fn from_jws(client: Arc<Shared>, jws: &str) -> Result<Consumer, Error> {
        let jws = ConsumerJws::read(jws)
            .map_err(|why| Error::invalid(format!("jws is not a ConsumerJWS: {why}")))?;
        Ok(Consumer::with(client, "", OnceBox::with_value(Box::new(jws))))
    }

    fn with(client: Arc<Shared>, ext_consumer_id: &str, jws: OnceBox<ConsumerJws>) -> Consumer {
        let state = ConsumerState {
            client,
            ext_consumer_id: ext_consumer_id.into(),
            jws,
            fetch: PerProcess::new(),
        };
        Consumer { state: Arc::new(state) }
    }

    /// The ConsumerJWS, to keep for [`Client::consumer_from_jws`](crate::Client::consumer_from_jws);
    /// fetched if this is the first use. It is a secret: whoever has it can speak as the consumer.
    ///
    /// # Errors
    /// As for [`open`](Consumer::open), where it has to be fetched.
    pub fn jws(&self) -> Result<&str, Error> {
        Ok(self.fetched()?.token.expose())
    }

    /// The id that the service gave the consumer: the originatorId of the consumer's own events.
    /// The ConsumerJWS is fetched if this is the first use.
    ///
    /// # Errors
    /// As for [`open`](Consumer::open), where the ConsumerJWS has to be fetched.
    pub fn lp_id(&self) -> Result<&str, Error> {
        Ok(&self.fetched()?.lp_consumer_id)
    }

    fn fetched(&self) -> Result<&ConsumerJws, Error> {
        self.state.jws(self.state.client.call())
    }

    /// Opens a conversation, with the consumer's first message in the same round trip if the
    /// options have one.
    ///
    /// # Errors
    /// [`Status::AlreadyOpen`] if the consumer has an open conversation: there can be one only. Its
    /// notifications tell its id, and [`attach`](Consumer::attach) goes on with it. Otherwise any
    /// [`Status`] from [`Config`](Status::Config) to [`Closed`](Status::Closed). Where the
    /// conversation was opened but its first message refused, the message of the error names the
    /// conversation, and [`attach`](Consumer::attach) goes on with it.
    pub fn open(&self, options: &OpenOptions) -> Result<Conversation, Error> {
        options.check()?;
        let call = self.state.client.call();
        call.client.check_open()?;
        let settings = call.settings();
        let message = message::open(&call.local.ids, &settings.account_id, options);
        let properties = options.properties(&settings.client_properties).header()?;
        let batch = self.state.send_batch(call, &message, properties.as_ref())?;
        // The batch is whole, so the second body is that of ConsumerRequestConversation.
        let id = batch.bodies.get(1).and_then(|body| response::conversation_id(body));
        match id {
            Some(id) if !id.is_empty() => {
                Ok(Conversation::new(self.state.clone(), &id, None, properties))
            }
            _ => {
                Err(Error::new(Status::Protocol, "the service opened a conversation without an id")
                    .context(message.doing)
                    .with_request_id(message.id())
                    .with_attempts(batch.response.attempts())
                    .with_maybe_delivered(true))
            }
        }
    }

    /// Goes on with a conversation opened earlier, in its first dialog or in another, such as a
    /// survey. Sends nothing. What the conversation was opened with belongs into the options, too:
    /// the service wants it on every request.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if an id is empty.
    pub fn attach(
        &self,
        conversation_id: &str,
        options: &AttachOptions,
    ) -> Result<Conversation, Error> {
        if conversation_id.is_empty() {
            return Err(Error::invalid("conversation_id is empty"));
        }
        let dialog_id = options.dialog_id.as_deref();
        if dialog_id.is_some_and(str::is_empty) {
            return Err(Error::invalid("dialogId is empty"));
        }
        let client = &self.state.client.settings.client_properties;
        let properties = options.channel.over(client).header()?;
        Ok(Conversation::new(self.state.clone(), conversation_id, dialog_id, properties))
    }

    /// Sends one request, written by the caller, to SEND: the way out for what has no method.
    ///
    /// It goes out byte for byte as given, its `id` kept (a string of 1 to 64 characters or a
    /// number); only a missing `id` is filled in.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it is not a JSON object or its `id` is bad, otherwise as for
    /// [`Conversation::send_text`].
    pub fn send_json(&self, request: &[u8]) -> Result<Response, Error> {
        let call = self.state.client.call();
        call.client.check_open()?;
        let message = message::raw(&call.local.ids, request)?;
        self.state.send(call, &message, call.client.properties.as_ref())
    }

    /// Sends an array of requests, written by the caller, to CONVERSATION.
    ///
    /// Each goes out as given, with its `id` kept or filled in as in
    /// [`send_json`](Consumer::send_json); ids may repeat, because answers belong to requests by
    /// their position.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it is not a JSON array of objects, [`Status::Rejected`] if
    /// the service refused one of them, otherwise as for [`Conversation::send_text`].
    pub fn batch_json(&self, requests: &[u8]) -> Result<Response, Error> {
        let call = self.state.client.call();
        call.client.check_open()?;
        let message = message::raw_batch(&call.local.ids, requests)?;
        Ok(self.state.send_batch(call, &message, call.client.properties.as_ref())?.response)
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = &self.state.ext_consumer_id;
        f.debug_struct("Consumer").field("ext_consumer_id", id).finish_non_exhaustive()
    }
}

impl ConsumerState {
    /// The ConsumerJWS; fetched once, whatever the number of threads that need it.
    pub(crate) fn jws(&self, call: Call) -> Result<&ConsumerJws, Error> {
        if let Some(jws) = self.jws.get() {
            return Ok(jws);
        }
        call.client.check_open()?;
        self.fetch.get_as(call.local.process, SingleFlight::new).get(
            call.deadline,
            |()| true,
            |()| true,
            |deadline| {
                let jws = obtain_consumer_jws(call.by(deadline), &self.ext_consumer_id)?;
                // Only the thread that fetches sets it, so the place is free.
                let _ = self.jws.set(Box::new(jws));
                Ok(())
            },
        )?;
        self.jws.get().ok_or_else(|| Error::new(Status::Internal, "no ConsumerJWS after its fetch"))
    }

    /// One request to SEND, and its answer.
    pub(crate) fn send(
        &self,
        call: Call,
        message: &Outbound,
        properties: Option<&HeaderValue>,
    ) -> Result<Response, Error> {
        deliver(call, self, Endpoint::Send, message, properties, |answered| {
            response::single(answered, message.id())
        })
    }

    /// A batch to CONVERSATION, and its answer.
    fn send_batch(
        &self,
        call: Call,
        message: &Outbound,
        properties: Option<&HeaderValue>,
    ) -> Result<Batch, Error> {
        deliver(call, self, Endpoint::Conversation, message, properties, |answered| {
            response::batch(answered, &message.ids)
        })
    }
}
