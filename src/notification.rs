//! Notifications: what the service posts to a webhook, read into events.

use serde_json::value::RawValue;

use crate::config::shorten;
use crate::content::EventContent;
use crate::error::{Error, Status};
use crate::json::{TooMany, is_array, is_object, is_string, items, members, nesting, number, text};

/// The longest body that is read, in bytes: far above what the service sends.
const MOST_BYTES: usize = 4 << 20;

/// The most levels of arrays and objects in a body, so that whoever reads an event's JSON need not
/// fear for its stack.
const MOST_LEVELS: usize = 128;

/// The most items in all lists that are read, changes, participants, dialogs and sequences: what
/// bounds the memory of a notification.
const MOST_ITEMS: usize = 10_000;

const OF_CONVERSATIONS: &str = "cqm.ExConversationChangeNotification";
const OF_MESSAGES: &str = "ms.MessagingEventNotification";

/// What the service posted to a webhook: one or more events. Check its signature first, with
/// [`verify_webhook`](crate::verify_webhook).
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    type_name: String,
    events: Vec<NotificationEvent>,
    raw: Vec<u8>,
    /// Of the receiver that gave it out.
    #[cfg(feature = "receiver")]
    receipt: Option<Receipt>,
}

/// By which a receiver knows a notification again.
#[cfg(feature = "receiver")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub inbox: u64,
    pub id: u64,
    pub digest: [u8; 32],
}

/// One event of a notification.
#[derive(Clone, PartialEq, Eq)]
pub struct NotificationEvent {
    content: EventContent,
    conversation_id: String,
    dialog_id: String,
    sequence: Option<i64>,
    originator_id: String,
    originator_role: String,
    timestamp_ms: Option<i64>,
    audience: String,
    json: String,
}

/// What an event is about. The numbers are those of the C ABI and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum EventKind {
    /// Something else, or of a type that this library does not know.
    Other = 0,
    /// A text.
    Text = 1,
    /// A file.
    File = 2,
    /// Cards, buttons, carousels and so on.
    RichContent = 3,
    /// What somebody is doing.
    ChatState = 4,
    /// What became of messages.
    AcceptStatus = 5,
    /// The state of a conversation.
    Conversation = 6,
}

impl Notification {
    /// Reads the body of a webhook. It is kept, byte for byte.
    ///
    /// What it takes is a JSON object with an array `body.changes`; each item of that becomes one
    /// event, in their order. Members and event types that this library does not know are no error,
    /// nor are missing ones: they are in the events' JSON. A notification whose own type is unknown
    /// needs no changes; it has no events then.
    ///
    /// # Errors
    /// [`Status::Protocol`] for anything else; for a body above 4 MiB, with more than 128 levels of
    /// arrays and objects, or with more than 10000 changes, participants, dialogs and sequences.
    pub fn parse(body: &[u8]) -> Result<Notification, Error> {
        if body.len() > MOST_BYTES {
            let got = body.len();
            return Err(unreadable(&format!("has {got} bytes; at most {MOST_BYTES} are read")));
        }
        let json = std::str::from_utf8(body).map_err(|_| unreadable("is not UTF-8"))?;
        if nesting(json) > MOST_LEVELS {
            return Err(unreadable(&format!("is nested more than {MOST_LEVELS} levels deep")));
        }
        let whole: &RawValue = serde_json::from_str(json)
            .map_err(|why| unreadable(&format!("is not JSON: {}", shorten(&why.to_string()))))?;
        if !is_object(whole) {
            return Err(unreadable("is not a JSON object"));
        }

        let [type_name, inner] = members(Some(whole), ["type", "body"]);
        let type_name = text(type_name.filter(|name| is_string(name)));
        let [changes] = members(inner, ["changes"]);
        let is_known = ["", OF_CONVERSATIONS].contains(&type_name.as_str())
            || type_name.starts_with(OF_MESSAGES);
        if is_known && !changes.is_some_and(is_array) {
            return Err(unreadable("has no array 'body.changes'"));
        }
        let mut room = MOST_ITEMS;
        let events = items(changes, &mut room).and_then(|changes| {
            let read = |change| NotificationEvent::read(change, &type_name, &mut room);
            changes.into_iter().map(read).collect()
        });
        let events = events.map_err(|TooMany| {
            unreadable(&format!("holds more than {MOST_ITEMS} changes, participants and so on"))
        })?;
        Ok(Notification {
            type_name,
            events,
            raw: body.to_vec(),
            #[cfg(feature = "receiver")]
            receipt: None,
        })
    }

    /// The type as the service wrote it: `cqm.ExConversationChangeNotification`, or
    /// `ms.MessagingEventNotification` and what may follow that; empty if absent.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The events, in the order of the changes.
    pub fn events(&self) -> &[NotificationEvent] {
        &self.events
    }

    #[cfg(feature = "receiver")]
    pub(crate) fn with_receipt(self, receipt: Receipt) -> Notification {
        Notification { receipt: Some(receipt), ..self }
    }

    #[cfg(feature = "receiver")]
    pub(crate) fn receipt(&self) -> Option<&Receipt> {
        self.receipt.as_ref()
    }

    /// The body as it came.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

impl NotificationEvent {
    fn read(
        change: &RawValue,
        type_name: &str,
        room: &mut usize,
    ) -> Result<NotificationEvent, TooMany> {
        let whole = Some(change);
        let [event, change_type, result] = members(whole, ["event", "type", "result"]);
        let [conv_id, details] = members(result, ["convId", "conversationDetails"]);
        let of_conversation = type_name == OF_CONVERSATIONS || details.is_some_and(is_object);
        if of_conversation && result.is_some_and(is_object) && event.is_none() {
            let content = EventContent::of_conversation(change_type, result, room)?;
            let [updated] = members(details, ["metaDataLastUpdateTs"]);
            return Ok(NotificationEvent {
                content,
                conversation_id: text(conv_id),
                dialog_id: String::new(),
                sequence: None,
                originator_id: String::new(),
                originator_role: String::new(),
                timestamp_ms: number(updated),
                audience: String::new(),
                json: change.get().to_owned(),
            });
        }

        let content = EventContent::of_event(event, room)?;
        let [conversation_id, dialog_id, sequence, timestamp, audience] = members(
            whole,
            ["conversationId", "dialogId", "sequence", "serverTimestamp", "messageAudience"],
        );
        let [originator_id, originator] = members(whole, ["originatorId", "originatorMetadata"]);
        let [metadata_id, role] = members(originator, ["id", "role"]);
        let first_of =
            |one: String, other: &str| if one.is_empty() { other.to_owned() } else { one };
        let dialog_id = text(dialog_id);
        Ok(NotificationEvent {
            content,
            // Where it is absent the main dialog is all there is, whose id is the conversation's.
            conversation_id: first_of(text(conversation_id), &dialog_id),
            dialog_id,
            sequence: number(sequence),
            originator_id: first_of(text(originator_id), &text(metadata_id)),
            originator_role: text(role),
            timestamp_ms: number(timestamp),
            audience: text(audience),
            json: change.get().to_owned(),
        })
    }

    /// What the event is about.
    pub fn kind(&self) -> EventKind {
        match &self.content {
            EventContent::Text(_) => EventKind::Text,
            EventContent::File(_) => EventKind::File,
            EventContent::RichContent(_) => EventKind::RichContent,
            EventContent::ChatState(_) => EventKind::ChatState,
            EventContent::AcceptStatus(_) => EventKind::AcceptStatus,
            EventContent::Conversation(_) => EventKind::Conversation,
            EventContent::Other => EventKind::Other,
        }
    }

    /// What the event holds, by its kind.
    pub fn content(&self) -> &EventContent {
        &self.content
    }

    /// The id of the conversation. Older notifications name only the dialog: then it is the
    /// dialog's, because the id of a conversation's main dialog is the conversation's. Empty if
    /// there is neither.
    pub fn conversation_id(&self) -> &str {
        &self.conversation_id
    }

    /// The id of the dialog; empty if absent, and for the state of a conversation, which has its
    /// dialogs in the content.
    pub fn dialog_id(&self) -> &str {
        &self.dialog_id
    }

    /// The number of the event in its dialog, from 0 on. `None` if absent, as for a chat state and
    /// the state of a conversation.
    pub fn sequence(&self) -> Option<i64> {
        self.sequence
    }

    /// Who caused the event: for a consumer that of
    /// [`Consumer::lp_id`](crate::Consumer::lp_id). Empty if absent, and for the state of a
    /// conversation.
    pub fn originator_id(&self) -> &str {
        &self.originator_id
    }

    /// The role of who caused it: `CONSUMER`, `ASSIGNED_AGENT`, `AGENT`, `MANAGER`, `READER`,
    /// `CONTROLLER` or another. Empty if absent, and for the state of a conversation.
    pub fn originator_role(&self) -> &str {
        &self.originator_role
    }

    /// When the service took the event, in milliseconds since 1970, UTC; for the state of a
    /// conversation when it changed last. `None` if absent, as for a chat state.
    pub fn timestamp_ms(&self) -> Option<i64> {
        self.timestamp_ms
    }

    /// The text that stands for the event: of a text the message, of a file its caption, of a chat
    /// state and an accept status its name (`COMPOSING`, `READ`), of a conversation its state
    /// (`OPEN`, `CLOSE`). Empty if absent, and for all else.
    pub fn text(&self) -> &str {
        self.content.text()
    }

    /// Who is to see it: `ALL`, or `AGENTS_AND_MANAGERS`, which is not for the consumer. Empty if
    /// absent, which means all.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The JSON of the change, byte for byte.
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// Messages are the consumer's own: they stay out of logs that print a notification.
impl std::fmt::Debug for Notification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notification")
            .field("type_name", &self.type_name)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// As for [`Notification`].
impl std::fmt::Debug for NotificationEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotificationEvent")
            .field("content", &self.content)
            .field("conversation_id", &self.conversation_id)
            .field("dialog_id", &self.dialog_id)
            .field("sequence", &self.sequence)
            .field("originator_id", &self.originator_id)
            .field("originator_role", &self.originator_role)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(Status::Protocol, format!("the notification {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Notification, Error> {
        Notification::parse(body.as_bytes())
    }

    fn with_changes(changes: &str) -> Result<Notification, Error> {
        parse(&format!(r#"{{"type":"{OF_MESSAGES}","body":{{"changes":{changes}}}}}"#))
    }

    /// The only event of a notification with this event in its change.
    fn event(event: &str) -> NotificationEvent {
        with_changes(&format!(r#"[{{"event":{event}}}]"#)).unwrap().events()[0].clone()
    }

    #[test]
    fn what_is_no_notification_is_refused_with_the_reason() {
        let no_changes = "has no array 'body.changes'";
        for (body, why) in [
            ("", "is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{", "is not JSON: EOF while parsing an object at line 1 column 1"),
            ("{} {}", "is not JSON: trailing characters at line 1 column 4"),
            ("null", "is not a JSON object"),
            ("[]", "is not a JSON object"),
            ("{}", no_changes),
            (r#"{"type":1}"#, "has no array"),
            (r#"{"body":{"changes":{}}}"#, no_changes),
            (r#"{"body":[],"type":"ms.MessagingEventNotification"}"#, no_changes),
            (r#"{"type":"ms.MessagingEventNotification.ContentEvent"}"#, no_changes),
            (r#"{"type":"cqm.ExConversationChangeNotification","body":{}}"#, no_changes),
        ] {
            let Err(error) = parse(body) else { panic!("{body}") };
            assert_eq!(error.status(), Status::Protocol);
            assert!(error.message().starts_with(&format!("the notification {why}")), "{error}");
        }
        let error = Notification::parse(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(error.message(), "the notification is not UTF-8");
    }

    #[test]
    fn unknown_types_and_members_are_kept() {
        let body = r#"{"type":"new.Kind","body":{"changes":[{"a": [1]},7,null]},"more":{}}"#;
        let notification = parse(body).unwrap();
        assert_eq!(notification.type_name(), "new.Kind");
        assert_eq!(notification.raw(), body.as_bytes());
        let json: Vec<&str> = notification.events().iter().map(NotificationEvent::json).collect();
        assert_eq!(json, [r#"{"a": [1]}"#, "7", "null"]);
        for event in notification.events() {
            assert_eq!(
                (event.kind(), event.sequence(), event.text()),
                (EventKind::Other, None, "")
            );
        }
        assert!(parse(r#"{"type":"new.Kind"}"#).unwrap().events().is_empty());
        assert!(with_changes("[]").unwrap().events().is_empty());
    }

    #[test]
    fn size_nesting_and_lists_are_bounded() {
        let deep = |levels| format!(r#"[{}{}]"#, "[".repeat(levels), "]".repeat(levels));
        // The object, its body and the array of changes are three.
        assert!(with_changes(&deep(MOST_LEVELS - 3)).is_ok());
        let error = with_changes(&deep(MOST_LEVELS - 2)).unwrap_err();
        assert_eq!(error.message(), "the notification is nested more than 128 levels deep");
        assert!(parse(&"[".repeat(MOST_BYTES)).is_err());

        let list = |items| format!("[{}0]", "0,".repeat(items - 1));
        assert_eq!(with_changes(&list(MOST_ITEMS)).unwrap().events().len(), MOST_ITEMS);
        assert!(with_changes(&list(MOST_ITEMS + 1)).is_err());
        let result = |details: &str| {
            with_changes(&format!(r#"[{{"result":{{"conversationDetails":{details}}}}}]"#))
        };
        let people = list(MOST_ITEMS - 1);
        assert!(result(&format!(r#"{{"participants":{people}}}"#)).is_ok());
        assert!(result(&format!(r#"{{"participants":{people},"dialogs":[0]}}"#)).is_err());
        let nested = format!(r#"{{"dialogs":[{{"participantsDetails":{people}}}]}}"#);
        assert!(result(&nested).is_err());

        let mut body = br#"{"body":{"changes":[]}}"#.to_vec();
        body.resize(MOST_BYTES, b' ');
        assert!(Notification::parse(&body).is_ok());
        body.push(b' ');
        let error = Notification::parse(&body).unwrap_err();
        assert_eq!(error.message(), "the notification has 4194305 bytes; at most 4194304 are read");
    }

    #[test]
    fn the_content_type_or_else_the_message_tells_texts_from_files() {
        use EventKind::{File, Other, Text};
        for (content, kind, text) in [
            (r#""contentType":"text/plain","message":"a""#, Text, "a"),
            (r#""contentType":"text/html","message":"a""#, Text, "a"),
            (r#""contentType":"text/plain","message":{}"#, Text, ""),
            (r#""contentType":"text/plain""#, Text, ""),
            (r#""message":"a""#, Text, "a"),
            (r#""contentType":"hosted/file","message":{"caption":"c"}"#, File, "c"),
            (r#""contentType":"external/file","message":"a""#, File, ""),
            (r#""message":{"relativePath":"/a","caption":"c"}"#, File, "c"),
            (r#""contentType":"forms/secure-invitation","message":{"formId":1}"#, Other, ""),
            (r#""message":{}"#, Other, ""),
        ] {
            let event = event(&format!(r#"{{"type":"ContentEvent",{content}}}"#));
            assert_eq!((event.kind(), event.text()), (kind, text), "{content}");
        }
    }

    #[test]
    fn messages_stay_out_of_debug() {
        for hidden in [
            r#"{"type":"ContentEvent","contentType":"text/plain","message":"mine","quickReplies":["mine"]}"#,
            r#"{"type":"ContentEvent","contentType":"hosted/file","message":{"relativePath":"mine","caption":"mine","preview":"mine"}}"#,
            r#"{"type":"RichContentEvent","content":{"text":"mine"},"quickReplies":["mine"]}"#,
            r#"{"type":"New","text":"mine"}"#,
        ] {
            let notification = with_changes(&format!(r#"[{{"event":{hidden}}}]"#)).unwrap();
            let debug = format!("{notification:?}");
            assert!(debug.contains("conversation_id") && !debug.contains("mine"), "{debug}");
        }
    }
}
