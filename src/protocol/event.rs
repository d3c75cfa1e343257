//! What can be published into a dialog, beyond text.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::base::error::Error;
use crate::protocol::json::is_object;
#[cfg(feature = "connector")]
use crate::protocol::json::{is_string, members, text as text_of};
use crate::protocol::json_text::push_text;
use crate::protocol::members::{any_json, names};

/// An event, ready to be sent with [`Conversation::send_event`](crate::Conversation::send_event).
#[derive(Clone, Debug)]
pub struct Event {
    json: Box<RawValue>,
}

/// The events of the protocol's table, by the part of their name before `Event`.
#[derive(Serialize)]
#[serde(tag = "type")]
enum KnownEvent<'a> {
    #[serde(rename = "ContentEvent", rename_all = "camelCase")]
    File { content_type: &'static str, message: &'a HostedFile<'a> },
    #[serde(rename = "RichContentEvent")]
    RichContent { content: &'a RawValue },
    #[serde(rename = "ChatStateEvent", rename_all = "camelCase")]
    ChatState { chat_state: ChatState },
    #[serde(rename = "AcceptStatusEvent", rename_all = "camelCase")]
    AcceptStatus { status: AcceptStatus, sequence_list: &'a [i64] },
}

/// A file that was uploaded, as an event names it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostedFile<'a> {
    /// The vendor's schema requires one; an empty one satisfies everybody.
    pub caption: &'a str,
    pub relative_path: &'a str,
    pub file_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<&'a str>,
}

/// Writes the event that a text is.
pub(crate) fn push_text_event(json: &mut Vec<u8>, text: &str) {
    json.extend_from_slice(br#"{"type":"ContentEvent","contentType":"text/plain","message":"#);
    push_text(json, text);
    json.push(b'}');
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
        let mut json = Vec::with_capacity(text.len() + 80);
        push_text_event(&mut json, text);
        // It is JSON, and text.
        let json = String::from_utf8(json).unwrap_or_default();
        Event { json: RawValue::from_string(json).unwrap_or_default() }
    }

    /// Rich content: cards, buttons, carousels and so on, in the vendor's JSON.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if it is not a JSON object.
    pub fn rich_content(content_json: &str) -> Result<Event, Error> {
        let content = object(content_json, "content_json")?;
        Ok(Event::of(&KnownEvent::RichContent { content: &content }))
    }

    /// What the consumer is doing.
    pub fn chat_state(chat_state: ChatState) -> Event {
        Event::of(&KnownEvent::ChatState { chat_state })
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
        Ok(Event::of(&KnownEvent::AcceptStatus { status, sequence_list: sequences }))
    }

    pub(crate) fn file(file: &HostedFile) -> Event {
        Event::of(&KnownEvent::File { content_type: "hosted/file", message: file })
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
    let raw = any_json(json, name)?;
    if !is_object(&raw) {
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
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Metadata(Vec<Box<RawValue>>);

impl Metadata {
    /// No metadata.
    pub fn new() -> Metadata {
        Metadata::default()
    }

    /// Adds the id of the message in the connector's own channel. The service takes up to 64
    /// characters.
    #[must_use]
    pub fn external_id(mut self, id: &str) -> Metadata {
        #[derive(Serialize)]
        struct ExternalId<'a> {
            r#type: &'static str,
            id: &'a str,
        }
        // Two texts always serialise.
        self.0.push(to_raw_value(&ExternalId { r#type: "ExternalId", id }).unwrap_or_default());
        self
    }

    /// Reads metadata from a JSON array of objects, which go out as they are.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) for anything else.
    pub fn from_json(json: &str) -> Result<Metadata, Error> {
        Metadata::read(json, "metadata_json")
    }

    /// The first id that the connector's own channel has for it.
    #[cfg(feature = "connector")]
    pub(crate) fn first_external_id(&self) -> Option<String> {
        self.0.iter().find_map(|item| external_id_of(item))
    }

    pub(crate) fn read(json: &str, name: &str) -> Result<Metadata, Error> {
        let refuse = || Error::invalid(format!("{name}: it takes an array of objects"));
        let items = any_json(json, name)?;
        let items: Vec<Box<RawValue>> = serde_json::from_str(items.get()).map_err(|_| refuse())?;
        if !items.iter().all(|item| is_object(item)) {
            return Err(refuse());
        }
        Ok(Metadata(items))
    }
}

/// The id of a piece of metadata that is an `ExternalId`.
#[cfg(feature = "connector")]
pub(crate) fn external_id_of(metadata: &RawValue) -> Option<String> {
    let [kind, id] = members(Some(metadata), ["type", "id"]);
    let id = id.filter(|id| is_string(id) && text_of(kind) == "ExternalId");
    id.map(|id| text_of(Some(id)))
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Metadata) -> bool {
        self.0.iter().map(|item| item.get()).eq(other.0.iter().map(|item| item.get()))
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
    fn metadata_is_an_array_of_objects_and_goes_out_as_written() {
        let made = Metadata::new().external_id("x");
        assert_eq!(Metadata::from_json(r#"[{"type":"ExternalId","id":"x"}]"#).unwrap(), made);
        let long = "x".repeat(65);
        for json in [
            r#"[{"type":"Other","any":[1e400]},{}]"#,
            r#"[{"type":"ExternalId","id":12345678901234567890123}]"#,
            &format!(r#"[{{"type":"ExternalId","id":"{long}"}}]"#),
            "[]",
        ] {
            let metadata = Metadata::from_json(json).unwrap();
            assert_eq!(serde_json::to_string(&metadata).unwrap(), json);
        }
        for bad in ["{}", "[1]", "null", "[[]]"] {
            let error = Metadata::from_json(bad).unwrap_err();
            assert_eq!(error.message(), "metadata_json: it takes an array of objects");
        }
        assert!(Metadata::from_json("[").unwrap_err().message().contains("metadata_json"));
    }
}
