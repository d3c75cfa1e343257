//! What all handles of one consumer share: on whose behalf they send.

use std::sync::Arc;

use ureq::http::HeaderValue;

use crate::base::error::Error;
use crate::handles::client_state::{Call, ClientState};
use crate::protocol::batch::Batch;
use crate::protocol::message::Message;
use crate::protocol::response::Response;
use crate::service::idp::Identity;
use crate::service::messaging::Sender;

pub(crate) struct ConsumerState {
    pub client: Arc<ClientState>,
    pub identity: Identity,
}

impl ConsumerState {
    /// One request to SEND, and its answer.
    pub(crate) fn send(
        &self,
        call: &Call,
        message: &Message,
        properties: Option<&HeaderValue>,
    ) -> Result<Response, Error> {
        let sender = Sender { consumer: &self.identity, properties };
        call.session.messaging.send(&sender, message, call.deadline)
    }

    /// A batch to CONVERSATION, and its answer.
    pub(crate) fn send_batch(
        &self,
        call: &Call,
        message: &Message,
        properties: Option<&HeaderValue>,
    ) -> Result<Batch, Error> {
        let sender = Sender { consumer: &self.identity, properties };
        call.session.messaging.send_batch(&sender, message, call.deadline)
    }
}
