//! cm.ConsumerRequestConversation: a conversation is opened.

use serde_json::Value;

use crate::cloud::site::Site;
use crate::model::conversation::Conversation;
use crate::protocol::envelope::Envelope;
use crate::protocol::refusal::Refusal;

/// Opens a conversation and gives back its id.
pub(crate) fn conversation(
    site: &mut Site,
    consumer_id: &str,
    envelope: &Envelope,
    client_properties: Value,
) -> Result<String, Refusal> {
    let request = Value::Object(envelope.body.clone());
    check(&request, &site.account.id)?;
    let mut conversations = site.conversations.iter();
    if conversations.any(|it| it.is_open() && it.consumer.id == consumer_id) {
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
