//! One event of a notification: where it happened, who caused it, and what it holds.

use serde_json::value::RawValue;

use crate::protocol::content::EventContent;
use crate::protocol::json::{TooMany, count, is_object, members, text, written};
#[cfg(feature = "connector")]
use crate::protocol::{event::external_id_of, json::each_item};

/// What the types of notifications about conversations end in: `cqm.` is in front, or of old `aam.`.
const OF_CONVERSATIONS: &str = ".ExConversationChangeNotification";

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
    metadata: String,
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
    /// A file, also one to listen to.
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

impl NotificationEvent {
    /// Reads a change of a notification of this type, which was sent at that time. `room` is how many
    /// items its lists may still hold.
    pub(crate) fn read(
        change: &RawValue,
        type_name: &str,
        sent: Option<&RawValue>,
        room: &mut usize,
    ) -> Result<NotificationEvent, TooMany> {
        let whole = Some(change);
        let [event, change_type, result] = members(whole, ["event", "type", "result"]);
        let [conv_id, details] = members(result, ["convId", "conversationDetails"]);
        let of_conversation =
            type_name.ends_with(OF_CONVERSATIONS) || details.is_some_and(is_object);
        if of_conversation && result.is_some_and(is_object) && event.is_none() {
            let [own_sent] = members(whole, ["sentTs"]);
            let [updated] = members(details, ["metaDataLastUpdateTs"]);
            let sent = sent.or(own_sent);
            return Ok(NotificationEvent {
                content: EventContent::of_conversation(change_type, result, sent, room)?,
                conversation_id: text(conv_id),
                timestamp_ms: count(updated),
                ..NotificationEvent::unknown(change.get())
            });
        }

        let content = EventContent::of_event(event, room)?;
        let [conversation_id, dialog_id, sequence, timestamp, audience] = members(
            whole,
            ["conversationId", "dialogId", "sequence", "serverTimestamp", "messageAudience"],
        );
        let [originator_id, originator, metadata] =
            members(whole, ["originatorId", "originatorMetadata", "metadata"]);
        let [metadata_id, role] = members(originator, ["id", "role"]);
        let first_of =
            |one: String, other: &str| if one.is_empty() { other.to_owned() } else { one };
        Ok(NotificationEvent {
            content,
            conversation_id: text(conversation_id),
            dialog_id: text(dialog_id),
            sequence: count(sequence),
            originator_id: first_of(text(originator_id), &text(metadata_id)),
            originator_role: text(role),
            timestamp_ms: count(timestamp),
            audience: text(audience),
            metadata: written(metadata),
            json: change.get().to_owned(),
        })
    }

    /// Nothing but its JSON.
    pub(crate) fn unknown(json: &str) -> NotificationEvent {
        NotificationEvent {
            content: EventContent::Other,
            conversation_id: String::new(),
            dialog_id: String::new(),
            sequence: None,
            originator_id: String::new(),
            originator_role: String::new(),
            timestamp_ms: None,
            audience: String::new(),
            metadata: String::new(),
            json: json.to_owned(),
        }
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
            EventContent::SecureForm(_) | EventContent::Other => EventKind::Other,
        }
    }

    /// What the event holds, by its kind.
    pub fn content(&self) -> &EventContent {
        &self.content
    }

    /// The id of the conversation. Empty if absent, as where older notifications and those of a
    /// survey name only the dialog. The main dialog's id is the conversation's; that of a survey is
    /// not.
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

    /// What a person reads of the event: of a text the message; of a file its caption; of rich content its
    /// texts, titles and captions, a line each; of a secure form its title. Empty if absent, and for all
    /// else, which says nothing to the consumer: see [`state`](NotificationEvent::state).
    pub fn text(&self) -> &str {
        self.content.text()
    }

    /// The name of the state that the event tells: of a chat state (`COMPOSING`), of an accept status
    /// (`READ`), of a conversation (`OPEN`, `CLOSE`), which is that of the main dialog: see
    /// [`is_closed`](NotificationEvent::is_closed). Empty if absent, and for all else.
    pub fn state(&self) -> &str {
        self.content.state()
    }

    /// Who is to see it: `ALL`, or `AGENTS_AND_MANAGERS`, which is not for the consumer. Empty if
    /// absent, which means all.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Whether it says that the whole conversation is over: the state of a conversation whose stage
    /// is `CLOSE`. While a survey runs the state, which is that of the main dialog, is `CLOSE`, and
    /// the stage still `OPEN`.
    pub fn is_closed(&self) -> bool {
        match &self.content {
            // Old notifications have no stage, and know no surveys.
            EventContent::Conversation(it) if it.stage.is_empty() => it.state == "CLOSE",
            EventContent::Conversation(it) => it.stage == "CLOSE",
            _ => false,
        }
    }

    /// JSON of what the event carries beside its content: an `ExternalId`, the question of a survey,
    /// the answer to structured content. Mostly an array; empty if absent.
    pub fn metadata_json(&self) -> &str {
        &self.metadata
    }

    /// The first `ExternalId` of the metadata: by it a connector knows its own message again.
    #[cfg(feature = "connector")]
    pub(crate) fn external_id(&self) -> Option<String> {
        let metadata = serde_json::from_str(&self.metadata).ok();
        let mut first = None;
        each_item(metadata, |item| {
            if first.is_none() {
                first = external_id_of(item);
            }
        });
        first
    }

    /// Of the state of a conversation whose it is, by
    /// [`Consumer::lp_id`](crate::Consumer::lp_id).
    #[cfg(feature = "connector")]
    pub(crate) fn consumer_lp_id(&self) -> Option<&str> {
        let EventContent::Conversation(it) = &self.content else { return None };
        let of_dialogs = it.dialogs.iter().flat_map(|dialog| &dialog.participants);
        let mut everybody = it.participants.iter().chain(of_dialogs);
        let consumer = everybody.find(|one| one.role == "CONSUMER" && !one.id.is_empty());
        consumer.map(|consumer| consumer.id.as_str())
    }

    /// The JSON of the change, byte for byte; of a notification without changes the whole. Empty
    /// where it is no JSON, or nested more than 128 levels deep: see [`Notification::raw`](crate::Notification::raw).
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// As for [`Notification`](crate::Notification).
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The event of this change.
    fn of_change(change: &str) -> NotificationEvent {
        let change = serde_json::from_str(change).unwrap();
        NotificationEvent::read(change, "ms.MessagingEventNotification", None, &mut 9).unwrap()
    }

    /// That of a change with this event in it.
    fn event(event: &str) -> NotificationEvent {
        of_change(&format!(r#"{{"event":{event}}}"#))
    }

    #[test]
    fn the_content_type_or_else_the_message_tells_texts_from_files() {
        use EventKind::{File, Other, Text};
        for (content, kind, text) in [
            (r#""contentType":"text/plain","message":"a""#, Text, "a"),
            (r#""contentType":"text/html","message":"a""#, Text, "a"),
            (r#""contentType":"text/plain","message":{}"#, Text, ""),
            (r#""contentType":"text/plain""#, Text, ""),
            (r#""quickReplies":{}"#, Text, ""),
            (r#""message":"a""#, Text, "a"),
            (r#""contentType":"hosted/file","message":{"caption":"c"}"#, File, "c"),
            (r#""contentType":"external/file","message":"a""#, File, ""),
            (r#""message":{"relativePath":"/a","caption":"c"}"#, File, "c"),
            (r#""contentType":"HostedFile","message":{"relativePath":"/a"}"#, File, ""),
            (r#""contentType":"audio/mpeg","message":{"url":"u","caption":"c"}"#, File, "c"),
            (r#""contentType":"new/one","message":"a""#, Text, "a"),
            (r#""contentType":"forms/secure-invitation","message":{"title":"T"}"#, Other, "T"),
            (r#""message":{}"#, Other, ""),
        ] {
            let event = event(&format!(r#"{{"type":"ContentEvent",{content}}}"#));
            assert_eq!((event.kind(), event.text()), (kind, text), "{content}");
        }
    }

    #[test]
    fn a_state_is_no_text() {
        for (json, state) in [
            (r#"{"type":"ChatStateEvent","chatState":"COMPOSING"}"#, "COMPOSING"),
            (r#"{"type":"AcceptStatusEvent","status":"READ","sequenceList":[1]}"#, "READ"),
            (r#"{"type":"ContentEvent","message":"a"}"#, ""),
        ] {
            let event = event(json);
            assert_eq!(event.state(), state, "{json}");
            assert!(event.text().is_empty() != state.is_empty(), "{json}");
        }
        let open = of_change(r#"{"result":{"conversationDetails":{"state":"OPEN"}}}"#);
        assert_eq!((open.state(), open.text()), ("OPEN", ""));
    }

    #[test]
    fn rich_content_is_read_as_a_person_does() {
        let text = |json: &str| event(json).text().to_owned();
        let read = text(
            r#"{"type":"RichContentEvent","content":{"type":"vertical","elements":[
                {"type":"text","text":"Hello","tooltip":"no"},
                {"type":"image","url":"no","caption":"A map"},
                {"type":"list","elements":[{"type":"button","title":"Yes",
                    "click":{"actions":[{"type":"publishText","text":"no"}]}}]},
                {"type":"text","text":""}]}}"#,
        );
        assert_eq!(read, "Hello\nA map\nYes");
        let by_message = r#"{"type":"RichContentEvent","message":{"title":"T"}}"#;
        assert_eq!(text(by_message), "T");
        let deep = format!(r#"{}{{"text":"deep"}}{}"#, "[".repeat(60), "]".repeat(60));
        let deep = format!(r#"{{"type":"RichContentEvent","content":{{"a":{deep},"text":"t"}}}}"#);
        assert_eq!(text(&deep), "t");
    }

    #[test]
    fn a_conversation_is_closed_by_its_stage() {
        for (details, closed) in [
            (r#""state":"CLOSE","stage":"OPEN""#, false),
            (r#""state":"CLOSE","stage":"CLOSE""#, true),
            (r#""state":"OPEN","stage":"OPEN""#, false),
            (r#""state":"CLOSE""#, true),
            (r#""state":"LOCKED""#, false),
        ] {
            let json = format!(r#"{{"result":{{"conversationDetails":{{{details}}}}}}}"#);
            assert_eq!(of_change(&json).is_closed(), closed, "{details}");
        }
        assert!(!event(r#"{"type":"ContentEvent","message":"CLOSE"}"#).is_closed());
    }

    #[test]
    fn metadata_and_dialog_are_those_of_the_change() {
        let event = of_change(
            r#"{"dialogId":"d","event":{"type":"ContentEvent","message":"x"},"metadata":[{"type":"ExternalId","id":"e"}]}"#,
        );
        assert_eq!((event.conversation_id(), event.dialog_id()), ("", "d"));
        assert_eq!(event.metadata_json(), r#"[{"type":"ExternalId","id":"e"}]"#);
    }

    #[test]
    #[cfg(feature = "connector")]
    fn a_connector_knows_its_message_by_the_first_external_id() {
        for (metadata, id) in [
            (
                r#"[{"type":"New"},{"type":"ExternalId","id":"a\"b"},{"type":"ExternalId","id":"c"}]"#,
                Some("a\"b"),
            ),
            (r#"{"type":"ExternalId","id":"a"}"#, Some("a")),
            (r#"[{"type":"ExternalId","id":7},{"type":"ExternalId","id":"c"}]"#, Some("c")),
            (r#"[{"type":"ExternalId"}]"#, None),
            (r#"[{"id":"a"},7,null]"#, None),
            ("null", None),
        ] {
            let change = format!(r#"{{"event":{{}},"metadata":{metadata}}}"#);
            assert_eq!(of_change(&change).external_id().as_deref(), id, "{metadata}");
        }
        assert_eq!(event("{}").external_id(), None);
    }

    #[test]
    #[cfg(feature = "connector")]
    fn a_conversation_belongs_to_its_consumer() {
        for (details, id) in [
            (
                r#""participants":[{"id":"a","role":"ASSIGNED_AGENT"},{"id":"c","role":"CONSUMER"}]"#,
                Some("c"),
            ),
            (
                r#""participants":[{"role":"CONSUMER"}],"dialogs":[{"participantsDetails":[{"id":"c","role":"CONSUMER"}]}]"#,
                Some("c"),
            ),
            (r#""participants":[{"id":"a","role":"READER"}]"#, None),
            (r#""state":"OPEN""#, None),
        ] {
            let change = format!(r#"{{"result":{{"conversationDetails":{{{details}}}}}}}"#);
            assert_eq!(of_change(&change).consumer_lp_id(), id, "{details}");
        }
        let by_one = r#"{"originatorMetadata":{"id":"c","role":"CONSUMER"},"event":{}}"#;
        assert_eq!(of_change(by_one).consumer_lp_id(), None, "no state of a conversation");
    }
}
