//! The envelope around every message: kind, id, type, body, metadata.

use serde_json::{Map, Value, json};

use crate::refusal::Refusal;

/// The types of request that the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SetUserProfile,
    RequestConversation,
    PublishEvent,
    UpdateConversationField,
    UploadUrl,
    DownloadUrl,
}

impl Kind {
    fn from_name(name: &str) -> Option<Kind> {
        let kind = match name {
            "userprofile.SetUserProfile" => Kind::SetUserProfile,
            "cm.ConsumerRequestConversation" => Kind::RequestConversation,
            "ms.PublishEvent" => Kind::PublishEvent,
            "cm.UpdateConversationField" => Kind::UpdateConversationField,
            "ms.GenerateURLForUploadFile" => Kind::UploadUrl,
            "ms.GenerateURLForDownloadFile" => Kind::DownloadUrl,
            _ => return None,
        };
        Some(kind)
    }
}

/// A request whose envelope is in order.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// Always text, also where a number was sent: so it goes back.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) body: Map<String, Value>,
    /// Null where none was sent.
    pub(crate) metadata: Value,
}

impl Envelope {
    pub(crate) fn parse(message: &Value) -> Result<Envelope, Refusal> {
        let invalid = |details: &str| Refusal::invalid("Invalid envelope", details);
        if !message.is_object() {
            return Err(invalid("A request must be a JSON object"));
        }
        if message["kind"] != "req" {
            return Err(invalid("kind must be \"req\""));
        }
        let id = match &message["id"] {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return Err(invalid("id must be a string or a number")),
        };
        if !(1..=64).contains(&id.chars().count()) {
            return Err(invalid("id must have 1 to 64 characters"));
        }
        let name = message["type"].as_str().ok_or_else(|| invalid("type must be a string"))?;
        let kind = Kind::from_name(name).ok_or_else(|| {
            Refusal::invalid("Unknown type", format!("There is no request of type {name:?}"))
        })?;
        let body = message["body"]
            .as_object()
            .ok_or_else(|| invalid("body must be a JSON object"))?
            .clone();
        Ok(Envelope { id, kind, body, metadata: message["metadata"].clone() })
    }

    /// Refuses metadata that the service does not take.
    pub(crate) fn check_metadata(&self) -> Result<(), Refusal> {
        let invalid = |details: &str| Refusal::invalid("Invalid metadata", details);
        if self.metadata.is_null() {
            return Ok(());
        }
        for item in self.metadata.as_array().ok_or_else(|| invalid("metadata must be an array"))? {
            if !item["type"].is_string() {
                return Err(invalid("Each metadata item must be an object with a type"));
            }
            let id = &item["id"];
            let optional = id.is_null() && item["type"] != "ExternalId";
            if !optional && !id.as_str().is_some_and(|id| (1..=64).contains(&id.chars().count())) {
                return Err(invalid("A metadata id must be a string of 1 to 64 characters"));
            }
        }
        Ok(())
    }

    /// The answer to this request.
    pub(crate) fn response(&self, body: &Value) -> Value {
        json!({"code": "OK", "body": body, "reqId": self.id})
    }

    /// The answer to this request as an item of a batch that is not refused as a whole.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Value {
        json!({"code": refusal.status.as_u16(), "body": refusal.body(), "reqId": self.id})
    }

    /// A member of the body that must be a string.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.body.get(name).and_then(Value::as_str).ok_or_else(|| {
            Refusal::invalid("Missing parameter", format!("{name} must be a string"))
        })
    }
}
