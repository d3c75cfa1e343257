//! The consumer: on whose behalf messages are sent.

use std::sync::Arc;

use crate::base::error::{Error, Status};
use crate::handles::client_state::ClientState;
use crate::handles::consumer_state::ConsumerState;
use crate::handles::conversation::Conversation;
use crate::protocol::consumer_jws::ConsumerJws;
use crate::protocol::message;
use crate::protocol::open::{AttachOptions, OpenOptions};
use crate::protocol::raw;
use crate::protocol::response::{self, Response};
use crate::service::idp::ConsumerIdentity;
use crate::service::messaging::OnBehalfOf;

/// An end user of the account.
///
/// Clones are the same consumer. It may be used from any number of threads at once.
#[derive(Clone)]
pub struct Consumer {
    pub(crate) state: Arc<ConsumerState>,
}

impl Consumer {
    pub(crate) fn new(client: Arc<ClientState>, ext_consumer_id: &str) -> Result<Consumer, Error> {
        if ext_consumer_id.is_empty() {
            return Err(Error::invalid("ext_consumer_id is empty"));
        }
        Ok(Consumer::with(client, ConsumerIdentity::of(ext_consumer_id)))
    }

    pub(crate) fn from_jws(client: Arc<ClientState>, jws: &str) -> Result<Consumer, Error> {
        let jws = ConsumerJws::read(jws)
            .map_err(|why| Error::invalid(format!("jws is not a ConsumerJWS: {why}")))?;
        Ok(Consumer::with(client, ConsumerIdentity::known(jws)))
    }

    fn with(client: Arc<ClientState>, identity: ConsumerIdentity) -> Consumer {
        Consumer { state: Arc::new(ConsumerState { client, identity }) }
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
        let identity = &self.state.identity;
        if let Some(jws) = identity.known_jws() {
            return Ok(jws);
        }
        let call = self.state.client.call()?;
        identity.jws(&call.session.messaging.idp, call.deadline)
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
        self.open_telling(options).map(|(conversation, _)| conversation)
    }

    /// The same, with the sequence that the service gave the first message.
    pub(crate) fn open_telling(
        &self,
        options: &OpenOptions,
    ) -> Result<(Conversation, Option<i64>), Error> {
        options.check()?;
        let call = self.state.client.call()?;
        let settings = self.state.client.settings();
        let message = message::open(&call.session.ids, &settings.account_id, options);
        let properties = options.properties(&settings.client_properties).header()?;
        let on_behalf_of = self.state.with_properties(properties.as_ref());
        let batch = call.session.messaging.send_batch(&on_behalf_of, &message, call.deadline)?;
        // The batch is whole, so the second body is that of ConsumerRequestConversation.
        let id = batch.bodies.get(1).and_then(|body| response::conversation_id(body));
        match id {
            Some(id) if !id.is_empty() => {
                let first = batch.bodies.get(2).and_then(|body| response::first_sequence(body));
                Ok((Conversation::new(self.state.clone(), &id, None, properties), first))
            }
            _ => {
                Err(Error::new(Status::Protocol, "the service opened a conversation without an id")
                    .context(message.doing)
                    .with_delivery(batch.response.delivery())
                    .and_maybe_delivered())
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
        let client = &self.state.client.settings().client_properties;
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
        let call = self.state.client.call()?;
        let message = raw::request(&call.session.ids, request)?;
        call.session.messaging.send(&self.as_written(), &message, call.deadline)
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
        let call = self.state.client.call()?;
        let message = raw::batch(&call.session.ids, requests)?;
        let on_behalf_of = self.as_written();
        Ok(call.session.messaging.send_batch(&on_behalf_of, &message, call.deadline)?.response)
    }

    /// For requests that are written by the caller.
    fn as_written(&self) -> OnBehalfOf<'_> {
        self.state.with_properties(self.state.client.properties.as_ref())
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = self.state.identity.ext_consumer_id();
        f.debug_struct("Consumer").field("ext_consumer_id", &id).finish_non_exhaustive()
    }
}
