//! CONVERSATION: a batch that sets the profile, opens a conversation and may publish its first
//! message.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::account::Site;
use crate::conversation::Conversation;
use crate::envelope::{Envelope, Kind};
use crate::messaging::Call;
use crate::options::Sequence;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::{event, profile, send};

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
        .with_site(&call.account_id, |site| {
            let (responses, opened) =
                batch.run(site, &call.consumer_id, call.client_properties, shared.options.sequence);
            (responses, opened.zip(site.agent.clone()))
        })
        .ok_or_else(Call::gone)?;
    let refused = responses.iter().any(|response| response["code"] != "OK");
    let whole = refused && shared.options.refuse_whole_batch;
    if let Some((conversation_id, agent)) = attended {
        tokio::spawn(agent.attend(shared, call.account_id, conversation_id));
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
            .and_then(|()| open(site, consumer_id, &self.request, client_properties));
        let message = self.message.as_ref().map(|message| {
            let published = match &opened {
                Ok(id) => message
                    .check_metadata()
                    .and_then(|()| event::publish_first(site, consumer_id, id, message, sequence)),
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

/// Opens a conversation and gives back its id.
fn open(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    client_properties: Value,
) -> Result<String, Refusal> {
    let request = Value::Object(envelope.body.clone());
    check(&request, &site.account.id)?;
    let mut conversations = site.conversations.iter();
    if conversations.any(|it| it.is_open() && it.consumer().id == consumer_id) {
        return Err(Refusal::already_open(consumer_id));
    }
    let conversation = Conversation::open(consumer_id.to_owned(), request, client_properties);
    let id = conversation.id.clone();
    site.conversations.push(conversation);
    site.changed(&id);
    Ok(id)
}

/// Refuses what cannot be meant; names, values and further members are the service's business.
fn check(request: &Value, account_id: &str) -> Result<(), Refusal> {
    let invalid = |details: &str| Err(Refusal::invalid("Invalid conversation request", details));
    let brand = match &request["brandId"] {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    if brand != account_id {
        return invalid("brandId is not the account of the request");
    }
    let (campaign, context) = (&request["campaignInfo"], &request["conversationContext"]);
    for (name, part) in [("campaignInfo", campaign), ("conversationContext", context)] {
        if !part.is_null() && !part.is_object() {
            return invalid(&format!("{name} must be an object"));
        }
    }
    for (part, name) in [
        (request, "skillId"),
        (campaign, "campaignId"),
        (campaign, "engagementId"),
        (context, "visitorId"),
        (context, "sessionId"),
        (context, "interactionContextId"),
    ] {
        let id = &part[name];
        if !id.is_null() && !id.is_string() && !id.is_number() {
            return invalid(&format!("{name} must be a string or a number"));
        }
    }
    Ok(())
}

fn invalid_batch(details: &str) -> Refusal {
    Refusal::invalid("Invalid batch", details)
}
