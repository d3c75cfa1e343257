//! SEND: one request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::Site;
use crate::envelope::{Envelope, Kind};
use crate::messaging::Call;
use crate::options::Sequence;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::{event, field, profile, token};

/// How long an upload or download URL is valid.
const URL_LIFETIME_SECONDS: i64 = 60;

pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let envelope = Envelope::parse(&call.body)?;
    let body = shared
        .with_site(&call.account_id, |site| {
            run(site, &call.consumer_id, &envelope, shared.options.sequence)
        })
        .ok_or_else(Call::gone)??;
    Ok(Json(envelope.response(&body)))
}

fn run(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    sequence: Sequence,
) -> Result<Value, Refusal> {
    envelope.check_metadata()?;
    match envelope.kind {
        Kind::PublishEvent => event::publish(site, consumer_id, envelope, sequence),
        Kind::UpdateConversationField => field::update(site, consumer_id, envelope, sequence),
        Kind::SetUserProfile => profile::set(site, consumer_id, envelope),
        Kind::UploadUrl => upload_url(site, consumer_id, envelope),
        Kind::DownloadUrl => download_url(envelope),
        Kind::RequestConversation => {
            let details = "cm.ConsumerRequestConversation belongs in the batch of CONVERSATION";
            Err(Refusal::invalid("Unexpected type", details))
        }
    }
}

fn upload_url(site: &Site, consumer_id: &str, envelope: &Envelope) -> Result<Value, Refusal> {
    let size = envelope.text("fileSize")?;
    if !size.parse::<u64>().is_ok_and(|size| size > 0) {
        return Err(Refusal::invalid(
            "Invalid parameter",
            "fileSize must be a number of bytes, as a string",
        ));
    }
    let kind = envelope.text("fileType")?;
    if kind.is_empty() || !kind.chars().all(|character| character.is_ascii_alphanumeric()) {
        return Err(Refusal::invalid(
            "Invalid parameter",
            "fileType must be a file extension such as PNG",
        ));
    }
    let account_id = &site.account.id;
    let path =
        format!("/v1/AUTH_async-images/{account_id}/{consumer_id}_{}.{kind}", Uuid::new_v4());
    Ok(temporary_url(&path))
}

fn download_url(envelope: &Envelope) -> Result<Value, Refusal> {
    let path = envelope.text("relativePath")?;
    if !path.starts_with('/') {
        return Err(Refusal::invalid("Invalid parameter", "relativePath must start with a slash"));
    }
    Ok(temporary_url(path))
}

fn temporary_url(path: &str) -> Value {
    json!({
        "relativePath": path,
        "queryParams": {
            "temp_url_sig": Uuid::new_v4().simple().to_string(),
            "temp_url_expires": (token::now() + URL_LIFETIME_SECONDS).to_string(),
        },
    })
}
