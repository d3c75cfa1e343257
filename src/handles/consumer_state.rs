//! What all handles of one consumer share: on whose behalf they send.

use std::sync::Arc;

use ureq::http::HeaderValue;

use crate::handles::client_state::ClientState;
use crate::service::idp::ConsumerIdentity;
use crate::service::messaging::OnBehalfOf;

pub(crate) struct ConsumerState {
    pub client: Arc<ClientState>,
    pub identity: ConsumerIdentity,
}

impl ConsumerState {
    /// Whom to send for, with the Client-Properties header or without.
    pub(crate) fn with_properties<'a>(
        &'a self,
        properties: Option<&'a HeaderValue>,
    ) -> OnBehalfOf<'a> {
        OnBehalfOf { consumer: &self.identity, properties, conversation_id: None }
    }
}
