//! What can be published into a dialog, beyond text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::members::{names, read};

/// An event, ready to be sent with [`Conversation::send_event`](crate::Conversation::send_event).
#[derive(Clone, Debug)]
pub struct Event {
    json: Box<RawValue>,
}

/// The events of the protocol's table, by the part of their name before `Event`.
#[derive(Serialize)]
#[serde(tag = "type")]
enum Known<'a> {
    #[serde(rename = "ContentEvent", rename_all = "camelCase")]
    Content { content_type: &'static str, message: Content<'a> },
    #[serde(rename = "RichContentEvent")]
    RichContent { content: &'a RawValue },
    #[serde(rename = "ChatStateEvent", rename_all = "camelCase")]
    ChatState { chat_state: ChatState },
    #[serde(rename = "AcceptStatusEvent", rename_all = "camelCase")]
    AcceptStatus { status: AcceptStatus, sequence_list: &'a [i64] },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    File(&'a HostedFile<'a>),
}

/// A file that was uploaded, as an event names it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostedFile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<&'a str>,
    pub relative_path: &'a str,
    pub file_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<&'a str>,
}

/// A text, not yet in JSON.
pub(crate) fn text(text: &str) -> impl Serialize {
    Known::Content { content_type: "text/plain", message: Content::Text(text) }
}

impl Event {
    /// Any event, as the caller wrote it: it goes out byte for byte.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if it is not a JSON object.
    pub fn from_json(json: &str) -> Result<Event, Error> {
        Ok(Event { json: object(json, "event_json")? })
    }

    /// A text.
    pub fn text(text: &str) -> Event {
        Event::of(&self::text(text))
    }

    /// Rich content: cards, buttons, carousels and so on, in the vendor's JSON.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if it is not a JSON object.
    pub fn rich_content(content_json: &str) -> Result<Event, Error> {
        let content = object(content_json, "content_json")?;
        Ok(Event::of(&Known::RichContent { content: &content }))
    }

    /// What the consumer is doing.
    pub fn chat_state(chat_state: ChatState) -> Event {
        Event::of(&Known::ChatState { chat_state })
    }

    /// What became of the agent's messages with these sequences.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if there is no sequence, or a
    /// negative one.
    pub fn accept_status(status: AcceptStatus, sequences: &[i64]) -> Result<Event, Error> {
        if sequences.is_empty() {
            return Err(Error::invalid("sequences is empty; it takes at least one"));
        }
        if let Some(bad) = sequences.iter().find(|sequence| **sequence < 0) {
            return Err(Error::invalid(format!("sequences holds {bad}; allowed: 0 and more")));
        }
        Ok(Event::of(&Known::AcceptStatus { status, sequence_list: sequences }))
    }

    pub(crate) fn file(file: &HostedFile) -> Event {
        let message = Content::File(file);
        Event::of(&Known::Content { content_type: "hosted/file", message })
    }

    pub(crate) fn json(&self) -> &RawValue {
        &self.json
    }

    fn of(known: &impl Serialize) -> Event {
        // These types have text keys and plain values only, which always serialise.
        let json = serde_json::value::to_raw_value(known).unwrap_or_default();
        Event { json }
    }
}

/// JSON that must be an object, kept as it was written.
fn object(json: &str, name: &str) -> Result<Box<RawValue>, Error> {
    let raw: Box<RawValue> = serde_json::from_str(json)
        .map_err(|why| Error::invalid(format!("cannot read {name}: {why}")))?;
    if !raw.get().starts_with('{') {
        return Err(Error::invalid(format!("{name} is not a JSON object")));
    }
    Ok(raw)
}

names! {
    /// What the consumer is doing. After `Composing` another state must follow, or the agent sees
    /// typing for ever.
    pub enum ChatState {
        /// In the conversation.
        Active = "ACTIVE",
        /// Not looking at the moment.
        Inactive = "INACTIVE",
        /// Left.
        Gone = "GONE",
        /// Typing.
        Composing = "COMPOSING",
        /// Stopped typing.
        Pause = "PAUSE",
    }
}

names! {
    /// What became of a message.
    pub enum AcceptStatus {
        /// It arrived.
        Accept = "ACCEPT",
        /// It was read.
        Read = "READ",
        /// Its file was opened.
        Access = "ACCESS",
        /// It could not be shown.
        Nack = "NACK",
        /// Its structured content was answered; with metadata.
        Action = "ACTION",
    }
}

names! {
    /// How far the consumer filled in the rating.
    pub enum CsatStatus {
        /// Completely.
        Filled = "FILLED",
        /// In part.
        PartiallyFilled = "PARTIALLY_FILLED",
        /// Not at all.
        Skipped = "SKIPPED",
    }
}

/// What an event carries beside its content, for example the id of the message in the connector's
/// own channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Vec<Value>);

/// The longest external id that the service takes, in characters.
const MOST_EXTERNAL_ID: usize = 64;

impl Metadata {
    /// No metadata.
    pub fn new() -> Metadata {
        Metadata::default()
    }

    /// Adds the id of the message in the connector's own channel, 1 to 64 characters.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for an id of another length.
    pub fn external_id(mut self, id: &str) -> Result<Metadata, Error> {
        self.0.push(serde_json::json!({ "type": "ExternalId", "id": id }));
        self.check("metadata")?;
        Ok(self)
    }

    /// Reads metadata from a JSON array of objects, each with a `type`.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for anything else, and for an
    /// `ExternalId` that is not 1 to 64 characters long.
    pub fn from_json(json: &str) -> Result<Metadata, Error> {
        let metadata = Metadata(read(json, "metadata_json")?);
        metadata.check("metadata_json")?;
        Ok(metadata)
    }

    fn check(&self, name: &str) -> Result<(), Error> {
        for (index, item) in self.0.iter().enumerate() {
            let refuse = |why: &str| Err(Error::invalid(format!("{name}: [{index}]{why}")));
            if !item["type"].is_string() {
                return refuse(": it takes an object with a string 'type'");
            }
            if item["type"] == "ExternalId" {
                let length = item["id"].as_str().map_or(0, |id| id.chars().count());
                if !(1..=MOST_EXTERNAL_ID).contains(&length) {
                    return refuse(".id: an ExternalId takes a string of 1 to 64 characters");
                }
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Vec::deserialize(input).map(Metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_documented() {
        let card = r#"{ "type":"vertical", "elements":[1e400] }"#;
        let read = Event::accept_status(AcceptStatus::Read, &[1, 2]).unwrap();
        for (event, json) in [
            (
                Event::text("a\"b"),
                r#"{"type":"ContentEvent","contentType":"text/plain","message":"a\"b"}"#,
            ),
            (
                Event::rich_content(card).unwrap(),
                r#"{"type":"RichContentEvent","content":{ "type":"vertical", "elements":[1e400] }}"#,
            ),
            (
                Event::chat_state(ChatState::Composing),
                r#"{"type":"ChatStateEvent","chatState":"COMPOSING"}"#,
            ),
            (read, r#"{"type":"AcceptStatusEvent","status":"READ","sequenceList":[1,2]}"#),
            (Event::from_json(" {\"type\" : 1} ").unwrap(), "{\"type\" : 1}"),
        ] {
            assert_eq!(event.json().get(), json);
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for bad in ["", "[]", "null", "{", "{}{}"] {
            assert!(Event::from_json(bad).is_err(), "{bad}");
            assert!(Event::rich_content(bad).is_err(), "{bad}");
        }
        for bad in [&[][..], &[1, -1][..]] {
            assert!(Event::accept_status(AcceptStatus::Nack, bad).is_err());
        }
    }

    #[test]
    fn metadata_is_an_array_of_typed_objects() {
        let made = Metadata::new().external_id("x").unwrap();
        assert_eq!(Metadata::from_json(r#"[{"type":"ExternalId","id":"x"}]"#).unwrap(), made);
        assert!(Metadata::from_json(r#"[{"type":"Other","any":[1]}]"#).is_ok());
        assert!(Metadata::new().external_id(&"é".repeat(64)).is_ok());
        let long = format!(r#"[{{"type":"ExternalId","id":"{}"}}]"#, "x".repeat(65));
        for bad in [
            "",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"type":"ExternalId"}]"#,
            r#"[{"type":"ExternalId","id":""}]"#,
            &long,
        ] {
            let error = Metadata::from_json(bad).unwrap_err();
            assert!(error.message().starts_with("metadata_json: "), "{error}");
        }
    }
}
