//! SEND: one request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::account::Site;
use crate::envelope::{Envelope, Kind};
use crate::messaging::Call;
use crate::options::Options;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::{event, field, profile, storage};

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let envelope = Envelope::parse(&call.body)?;
    let body = shared
        .with_site(&call.account_id, |site| {
            run(site, &call.consumer_id, &envelope, &shared.options)
        })
        .ok_or_else(Call::gone)??;
    Ok(Json(envelope.response(&body)))
}

fn run(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    options: &Options,
) -> Result<Value, Refusal> {
    envelope.check_metadata()?;
    match envelope.kind {
        Kind::PublishEvent => event::publish(site, consumer_id, envelope, options.sequence),
        Kind::UpdateConversationField => field::update(site, consumer_id, envelope),
        Kind::SetUserProfile => profile::set(site, consumer_id, envelope),
        Kind::UploadUrl => storage::upload_url(site, consumer_id, envelope, options.max_file),
        Kind::DownloadUrl => storage::download_url(site, envelope),
        Kind::RequestConversation => {
            let details = "cm.ConsumerRequestConversation belongs in the batch of CONVERSATION";
            Err(Refusal::invalid("Unexpected type", details))
        }
    }
}
