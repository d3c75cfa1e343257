//! CONVERSATION: a batch that sets the profile, opens a conversation and may publish its first
//! message.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::agents::attendance::Attendance;
use crate::base::options::Sequence;
use crate::cloud::shared::Shared;
use crate::cloud::site::Site;
use crate::protocol::envelope::{Envelope, Kind};
use crate::protocol::refusal::Refusal;
use crate::requests::open;
use crate::requests::profile;
use crate::requests::publish;
use crate::services::messaging::Call;
use crate::services::send;
use crate::workers::desk;

pub(crate) async fn batch(
    State(shared): State<Arc<Shared>>,
    call: Call,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let items = call
        .body
        .as_array()
        .ok_or_else(|| invalid_batch("The body must be an array of requests"))?;
    let items = items.iter().map(Envelope::parse).collect::<Result<Vec<_>, _>>()?;
    // Public clients close by a batch of one.
    if let [one] = items.as_slice()
        && one.kind != Kind::RequestConversation
    {
        let response = send::run(&shared, &call, one)?;
        return Ok((StatusCode::OK, Json(json!([response]))));
    }
    let batch = Batch::parse(items)?;
    let (responses, attended) = shared
        .accounts
        .with_site(&call.account_id, |site| {
            let (responses, opened) =
                batch.run(site, &call.consumer_id, call.client_properties, shared.options.sequence);
            let attended = opened.zip(site.agent.clone()).map(|(conversation_id, agent)| {
                site.attendances.insert(conversation_id.clone(), Attendance::new(agent));
                conversation_id
            });
            (responses, attended)
        })
        .ok_or_else(Call::gone)?;
    let refused = responses.iter().any(|response| response["code"] != "OK");
    let whole = refused && shared.options.refuse_whole_batch;
    if let Some(conversation_id) = attended {
        tokio::spawn(desk::attend(shared, call.account_id, conversation_id));
    }
    let status = if whole { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok((status, Json(Value::Array(responses))))
}

const ORDER: &str = "A batch holds userprofile.SetUserProfile, then \
                     cm.ConsumerRequestConversation, then at most one ms.PublishEvent";

struct Batch {
    profile: Envelope,
    request: Envelope,
    message: Option<Envelope>,
}

impl Batch {
    /// What is wrong here refuses the batch as a whole.
    fn parse(mut items: Vec<Envelope>) -> Result<Batch, Refusal> {
        let message = if items.len() > 2 { items.pop() } else { None };
        let Ok([profile, request]) = <[Envelope; 2]>::try_from(items) else {
            return Err(invalid_batch(ORDER));
        };
        if profile.kind != Kind::SetUserProfile
            || request.kind != Kind::RequestConversation
            || message.as_ref().is_some_and(|message| message.kind != Kind::PublishEvent)
        {
            return Err(invalid_batch(ORDER));
        }

        let brand = request.body.get("brandId").unwrap_or(&Value::Null);
        if brand.is_null() || brand == "" {
            return Err(Refusal::missing_brand());
        }
        Ok(Batch { profile, request, message })
    }

    /// Runs the items in order. What is wrong with one refuses that one; the others take effect.
    /// Gives back the responses, and the id of the conversation if it was opened.
    fn run(
        &self,
        site: &mut Site,
        consumer_id: &str,
        client_properties: Value,
        sequence: Sequence,
    ) -> (Vec<Value>, Option<String>) {
        let profile = self
            .profile
            .check_metadata()
            .and_then(|()| profile::set(site, consumer_id, &self.profile));
        let mut responses = vec![respond(&self.profile, profile)];

        let opened = self
            .request
            .check_metadata()
            .and_then(|()| open::conversation(site, consumer_id, &self.request, client_properties));
        let message = self.message.as_ref().map(|message| {
            let published = match &opened {
                Ok(id) => message
                    .check_metadata()
                    .and_then(|()| publish::first(site, consumer_id, id, message, sequence)),
                Err(refusal) => Err(refusal.of_its_message()),
            };
            respond(message, published)
        });
        let conversation_id = opened.as_ref().ok().cloned();
        responses.push(respond(&self.request, opened.map(|id| json!({"conversationId": id}))));
        responses.extend(message);
        (responses, conversation_id)
    }
}

fn respond(envelope: &Envelope, outcome: Result<Value, Refusal>) -> Value {
    match outcome {
        Ok(body) => envelope.response(&body),
        Err(refusal) => envelope.refused(&refusal),
    }
}

fn invalid_batch(details: &str) -> Refusal {
    Refusal::invalid("Invalid batch", details)
}
