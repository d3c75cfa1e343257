//! What all handles of one consumer share: on whose behalf they send.

use std::sync::Arc;

use ureq::http::HeaderValue;

use crate::handles::client_state::ClientState;
use crate::service::idp::ConsumerIdentity;
use crate::service::messaging::Sender;

pub(crate) struct ConsumerState {
    pub client: Arc<ClientState>,
    pub identity: ConsumerIdentity,
}

impl ConsumerState {
    /// The consumer as a sender, with the Client-Properties header or without.
    pub(crate) fn sender<'a>(&'a self, properties: Option<&'a HeaderValue>) -> Sender<'a> {
        Sender { consumer: &self.identity, properties }
    }
}
