//! CONVERSATION: a batch that sets the profile, opens a conversation and may publish its first
//! message.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::account::Site;
use crate::conversation::Conversation;
use crate::envelope::{Envelope, Kind};
use crate::messaging::Call;
use crate::options::Sequence;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::{event, profile};

pub(crate) async fn batch(
    State(shared): State<Arc<Shared>>,
    call: Call,
) -> Result<Json<Value>, Refusal> {
    let batch = Batch::parse(&call.body)?;
    let (responses, attended) = shared
        .with_site(&call.account_id, |site| {
            let (responses, opened) =
                batch.run(site, &call.consumer_id, call.client_properties, shared.options.sequence);
            (responses, opened.zip(site.agent.clone()))
        })
        .ok_or_else(Call::gone)?;
    if let Some((conversation_id, agent)) = attended {
        tokio::spawn(agent.attend(shared, call.account_id, conversation_id));
    }
    Ok(Json(Value::Array(responses)))
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
    fn parse(body: &Value) -> Result<Batch, Refusal> {
        let items = body
            .as_array()
            .ok_or_else(|| invalid_batch("The body must be an array of requests"))?;
        let mut items: Vec<Envelope> =
            items.iter().map(Envelope::parse).collect::<Result<_, _>>()?;
        let ids: HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        if ids.len() < items.len() {
            return Err(invalid_batch("Each request of a batch needs an id of its own"));
        }

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
        let conversation_id = opened.as_ref().ok().cloned();
        responses.push(respond(&self.request, opened.map(|id| json!({"conversationId": id}))));

        if let Some(message) = &self.message {
            let published = match &conversation_id {
                Some(id) => message
                    .check_metadata()
                    .and_then(|()| event::publish_first(site, consumer_id, id, message, sequence)),
                None => Err(Refusal::invalid(
                    "No conversation",
                    "The conversation of this message was not opened",
                )),
            };
            responses.push(respond(message, published));
        }
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
    let invalid = |details: &str| Err(Refusal::invalid("Invalid conversation request", details));
    let member = |name: &str| envelope.body.get(name).filter(|value| !value.is_null());
    if envelope.text("brandId")? != site.account.id {
        return invalid("brandId is not the account of the request");
    }
    let kinds = ["NORMAL", "URGENT", "PRIORITIZED", "CUSTOM"];
    if member("ttrDefName").is_some_and(|name| !kinds.iter().any(|kind| name == kind)) {
        return invalid("ttrDefName must be NORMAL, URGENT, PRIORITIZED, CUSTOM or null");
    }
    if member("channelType").is_some_and(|channel| channel != "MESSAGING") {
        return invalid("channelType must be MESSAGING");
    }
    if member("skillId").is_some_and(|skill| !skill.is_string()) {
        return invalid("skillId must be a string");
    }
    if let Some(campaign) = member("campaignInfo") {
        let id = |name: &str| {
            campaign.get(name).is_none_or(|id| id.is_string() || id.is_number() || id.is_null())
        };
        if !campaign.is_object() || !id("campaignId") || !id("engagementId") {
            return invalid("campaignInfo must be an object of campaignId and engagementId");
        }
    }
    if let Some(context) = member("conversationContext") {
        check_context(context)?;
    }
    let conversation = Conversation::open(
        consumer_id.to_owned(),
        Value::Object(envelope.body.clone()),
        client_properties,
    );
    let id = conversation.id.clone();
    site.conversations.push(conversation);
    site.changed(&id);
    Ok(id)
}

fn check_context(context: &Value) -> Result<(), Refusal> {
    let invalid = |details: &str| Err(Refusal::invalid("Invalid conversation context", details));
    match context["type"].as_str() {
        Some("SharkContext") => {}
        // Of the vendor's own sample.
        Some("CustomContext") => return Ok(()),
        _ => return invalid("conversationContext must be an object of type SharkContext"),
    }
    for name in ["visitorId", "sessionId", "interactionContextId", "lang"] {
        if !context[name].is_null() && !context[name].is_string() {
            return invalid(&format!("{name} must be a string"));
        }
    }
    Ok(())
}

fn invalid_batch(details: &str) -> Refusal {
    Refusal::invalid("Invalid batch", details)
}
