//! The envelope around every message: kind, id, type, body, metadata.

use serde_json::{Map, Value, json};

use crate::protocol::refusal::Refusal;

/// The types of request that the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SetUserProfile,
    RequestConversation,
    PublishEvent,
    UpdateConversationField,
    UploadUrl,
    DownloadUrl,
    UploadToken,
}

pub(crate) const KINDS: [(&str, Kind); 7] = [
    ("userprofile.SetUserProfile", Kind::SetUserProfile),
    ("cm.ConsumerRequestConversation", Kind::RequestConversation),
    ("ms.PublishEvent", Kind::PublishEvent),
    ("cm.UpdateConversationField", Kind::UpdateConversationField),
    ("ms.GenerateURLForUploadFile", Kind::UploadUrl),
    ("ms.GenerateURLForDownloadFile", Kind::DownloadUrl),
    ("ms.GenerateUploadToken", Kind::UploadToken),
];

impl Kind {
    /// A namespace in front of the name, as in `.ams.ms.PublishEvent`, makes no difference.
    pub(crate) fn from_name(name: &str) -> Option<Kind> {
        let is = |known: &str| {
            name.strip_suffix(known)
                .is_some_and(|namespace| namespace.is_empty() || namespace.ends_with('.'))
        };
        KINDS.iter().find(|(known, _)| is(known)).map(|(_, kind)| *kind)
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
        let members =
            message.as_object().ok_or_else(|| invalid("A request must be a JSON object"))?;
        if members.get("kind").is_some_and(|kind| kind != "req") {
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
        let mut body = message["body"]
            .as_object()
            .ok_or_else(|| invalid("body must be a JSON object"))?
            .clone();
        // A public client writes the skill beside the body.
        if kind == Kind::RequestConversation
            && let Some(skill_id) = members.get("skillId")
            && body.get("skillId").is_none_or(Value::is_null)
        {
            body.insert("skillId".to_owned(), skill_id.clone());
        }
        Ok(Envelope { id, kind, body, metadata: message["metadata"].clone() })
    }

    /// Refuses metadata that cannot be any: an object or an array of objects, whatever they hold.
    pub(crate) fn check_metadata(&self) -> Result<(), Refusal> {
        let fits = match &self.metadata {
            Value::Null | Value::Object(_) => true,
            Value::Array(items) => items.iter().all(Value::is_object),
            _ => false,
        };
        let details = "metadata must be an array of objects";
        if fits { Ok(()) } else { Err(Refusal::invalid("Invalid metadata", details)) }
    }

    /// The answer to this request.
    pub(crate) fn response(&self, body: &Value) -> Value {
        json!({"code": "OK", "body": body, "reqId": self.id})
    }

    /// The answer to this request as an item of a batch that is not refused as a whole.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Value {
        json!({"code": refusal.code(), "body": refusal.body(), "reqId": self.id})
    }

    /// A member of the body that must be a string.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.body.get(name).and_then(Value::as_str).ok_or_else(|| {
            Refusal::invalid("Missing parameter", format!("{name} must be a string"))
        })
    }

    /// A member of the body that is a string, or missing: then, as where it is null, it is empty.
    pub(crate) fn text_or_empty(&self, name: &str) -> Result<&str, Refusal> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(_) => self.text(name),
        }
    }
}
