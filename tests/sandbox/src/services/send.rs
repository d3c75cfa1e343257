//! SEND: one request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::base::options::Options;
use crate::cloud::shared::Shared;
use crate::cloud::site::Site;
use crate::protocol::envelope::{Envelope, Kind};
use crate::protocol::refusal::Refusal;
use crate::requests::field;
use crate::requests::file_url;
use crate::requests::profile;
use crate::requests::publish;
use crate::requests::upload_token;
use crate::services::messaging::Call;

/// A request, or an array of one: that is answered with an array.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let answer = match call.body.as_array().map(Vec::as_slice) {
        None => run(&shared, &call, &Envelope::parse(&call.body)?)?,
        Some([message]) => json!([run(&shared, &call, &Envelope::parse(message)?)?]),
        Some(_) => {
            let details = "The body must be one request, or an array of one";
            return Err(Refusal::invalid("Invalid body", details));
        }
    };
    Ok(Json(answer))
}

/// Runs the request and gives back the answer to it.
pub(crate) fn run(shared: &Shared, call: &Call, envelope: &Envelope) -> Result<Value, Refusal> {
    let body = shared
        .accounts
        .with_site(&call.account_id, |site| {
            take_effect(site, &call.consumer_id, envelope, &shared.options)
        })
        .ok_or_else(Call::gone)?
        .map_err(|refusal| refusal.answering(&envelope.id))?;
    Ok(envelope.response(&body))
}

fn take_effect(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    options: &Options,
) -> Result<Value, Refusal> {
    envelope.check_metadata()?;
    match envelope.kind {
        Kind::PublishEvent => publish::event(site, consumer_id, envelope, options.sequence),
        Kind::UpdateConversationField => field::update(site, consumer_id, envelope),
        Kind::SetUserProfile => profile::set(site, consumer_id, envelope),
        Kind::UploadUrl => file_url::upload(site, consumer_id, envelope, options),
        Kind::DownloadUrl => file_url::download(site, envelope, options),
        Kind::UploadToken => upload_token::issue(envelope),
        Kind::RequestConversation => {
            let details = "cm.ConsumerRequestConversation belongs in the batch of CONVERSATION";
            Err(Refusal::invalid("Unexpected type", details))
        }
    }
}
