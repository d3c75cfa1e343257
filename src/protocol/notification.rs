//! Notifications: what the service posts to a webhook, read into events.

use serde_json::value::RawValue;

use crate::base::error::{Error, Status};
use crate::base::text::shorten;
use crate::protocol::content::EventContent;
use crate::protocol::json::{
    TooMany, count, is_array, is_object, is_string, items, members, nesting, text, written,
};

/// The longest body that is read, in bytes: far above what the service sends.
const MOST_BYTES: usize = 4 << 20;

/// The most levels of arrays and objects in a body, so that whoever reads an event's JSON need not
/// fear for its stack.
const MOST_LEVELS: usize = 128;

/// The most items in all lists that are read, changes, participants, dialogs and sequences: what
/// bounds the memory of a notification.
const MOST_ITEMS: usize = 10_000;

/// What the types of notifications about conversations end in: `cqm.` is in front, or of old `aam.`.
const OF_CONVERSATIONS: &str = ".ExConversationChangeNotification";

/// What the service posted to a webhook: one or more events. Check its signature first, with
/// [`verify_webhook`](crate::verify_webhook).
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    type_name: String,
    /// Of the header that came with it; empty where nobody knows.
    account_id: String,
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

impl Notification {
    /// Reads the body of a webhook. It is kept, byte for byte.
    ///
    /// What it takes is a JSON object. Each item of its `body.changes` becomes one event, in their
    /// order; a single one may stand for an array. Members, event types and notifications that this
    /// library does not know are no error, nor are missing ones: they are in the events' JSON. Where
    /// there are no changes, the whole is one event of the kind [`EventKind::Other`].
    ///
    /// # Errors
    /// [`Status::Protocol`] for what is no JSON object; for a body above 4 MiB, with more than 128 levels of
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
        let [changes, sent] = members(inner, ["changes", "sentTs"]);
        let mut room = MOST_ITEMS;
        let events = match changes.filter(|changes| is_array(changes) || is_object(changes)) {
            None => Ok(vec![NotificationEvent::unknown(json.trim())]),
            Some(changes) => items(Some(changes), &mut room).and_then(|changes| {
                let read = |change| NotificationEvent::read(change, &type_name, sent, &mut room);
                changes.into_iter().map(read).collect()
            }),
        };
        let events = events.map_err(|TooMany| {
            unreadable(&format!("holds more than {MOST_ITEMS} changes, participants and so on"))
        })?;
        Ok(Notification { type_name, events, ..Notification::unknown(body, Vec::new()) })
    }

    /// What was signed right, whether it can be read or not: what cannot is one event of the kind
    /// [`EventKind::Other`], and its JSON is empty where it is none.
    #[cfg(feature = "receiver")]
    pub(crate) fn signed(body: &[u8]) -> (Notification, Option<Error>) {
        match Notification::parse(body) {
            Ok(notification) => (notification, None),
            Err(why) => {
                let json = serde_json::from_slice::<&RawValue>(body).map_or("", RawValue::get);
                // Whoever reads an event's JSON need not fear for its stack.
                let json = if nesting(json) > MOST_LEVELS { "" } else { json };
                let event = NotificationEvent::unknown(json);
                (Notification::unknown(body, vec![event]), Some(why))
            }
        }
    }

    fn unknown(body: &[u8], events: Vec<NotificationEvent>) -> Notification {
        Notification {
            type_name: String::new(),
            account_id: String::new(),
            events,
            raw: body.to_vec(),
            #[cfg(feature = "receiver")]
            receipt: None,
        }
    }

    /// The account that it belongs to: of one from a receiver what the header
    /// `x-liveperson-account-id` named. Empty if unknown, as after [`parse`](Notification::parse).
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    #[cfg(feature = "receiver")]
    pub(crate) fn with_account(self, account_id: impl Into<String>) -> Notification {
        Notification { account_id: account_id.into(), ..self }
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
    fn unknown(json: &str) -> NotificationEvent {
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

    /// The text that stands for the event: of a text the message; of a file its caption; of rich
    /// content what a person reads in it, its texts, titles and captions, a line each; of a secure
    /// form its title; of a chat state and an accept status its name (`COMPOSING`, `READ`); of a
    /// conversation its state (`OPEN`, `CLOSE`), which is that of the main dialog: see
    /// [`is_closed`](NotificationEvent::is_closed). Empty if absent, and for all else.
    pub fn text(&self) -> &str {
        self.content.text()
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

    /// The JSON of the change, byte for byte; of a notification without changes the whole. Empty
    /// where it is no JSON, or nested more than 128 levels deep: see [`Notification::raw`].
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
        let of_messages = "ms.MessagingEventNotification";
        parse(&format!(r#"{{"type":"{of_messages}","body":{{"changes":{changes}}}}}"#))
    }

    /// The only event of a notification with this event in its change.
    fn event(event: &str) -> NotificationEvent {
        with_changes(&format!(r#"[{{"event":{event}}}]"#)).unwrap().events()[0].clone()
    }

    #[test]
    fn what_is_no_notification_is_refused_with_the_reason() {
        for (body, why) in [
            ("", "is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{", "is not JSON: EOF while parsing an object at line 1 column 1"),
            ("{} {}", "is not JSON: trailing characters at line 1 column 4"),
            ("null", "is not a JSON object"),
            ("[]", "is not a JSON object"),
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
        for whole in [
            "{}",
            r#"{"type":1}"#,
            r#"{"body":{"changes":1}}"#,
            r#"{"type":"ms.MessagingEventNotification.ContentEvent"}"#,
            r#"{"type":"cqm.ExConversationChangeNotification","body":{"changes":null}}"#,
        ] {
            let notification = parse(&format!(" {whole}\n")).unwrap();
            let [event] = notification.events() else { panic!("{whole}: one event") };
            assert_eq!((event.kind(), event.json()), (EventKind::Other, whole));
        }
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
    fn rich_content_is_read_as_a_person_does() {
        let event = event(
            r#"{"type":"RichContentEvent","content":{"type":"vertical","elements":[
                {"type":"text","text":"Hello","tooltip":"no"},
                {"type":"image","url":"no","caption":"A map"},
                {"type":"list","elements":[{"type":"button","title":"Yes",
                    "click":{"actions":[{"type":"publishText","text":"no"}]}}]},
                {"type":"text","text":""}]}}"#,
        );
        assert_eq!(event.text(), "Hello\nA map\nYes");
        let by_message = r#"{"type":"RichContentEvent","message":{"title":"T"}}"#;
        assert_eq!(super::tests::event(by_message).text(), "T");
        let deep = format!(r#"{}{{"text":"deep"}}{}"#, "[".repeat(60), "]".repeat(60));
        let deep = format!(r#"{{"type":"RichContentEvent","content":{{"a":{deep},"text":"t"}}}}"#);
        assert_eq!(super::tests::event(&deep).text(), "t");
    }

    #[test]
    fn a_single_one_stands_for_an_array() {
        let one = with_changes(
            r#"{"event":{"type":"AcceptStatusEvent","status":"SEEN","sequenceList":3}}"#,
        );
        let one = one.unwrap();
        let EventContent::AcceptStatus(status) = one.events()[0].content() else { panic!() };
        assert_eq!((status.status.as_str(), &status.sequences[..]), ("SEEN", &[3][..]));
        let one = with_changes(
            r#"{"result":{"conversationDetails":{"participants":{"id":"a"},"dialogs":{"dialogId":"d"}}}}"#,
        )
        .unwrap();
        let EventContent::Conversation(it) = one.events()[0].content() else { panic!() };
        assert_eq!((it.participants[0].id.as_str(), it.dialogs[0].id.as_str()), ("a", "d"));
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
            let json = format!(r#"[{{"result":{{"conversationDetails":{{{details}}}}}}}]"#);
            assert_eq!(with_changes(&json).unwrap().events()[0].is_closed(), closed, "{details}");
        }
        assert!(!event(r#"{"type":"ContentEvent","message":"CLOSE"}"#).is_closed());
    }

    #[test]
    fn what_the_service_adds_to_a_conversation_is_typed() {
        let body = r#"{"type":"aam.ExConversationChangeNotification","body":{"sentTs":"5","changes":[{
            "type":"UPSERT","result":{"convId":7,"effectiveTTR":-1,"conversationDetails":{
            "csat":{"csatRate":5,"csatResolutionConfirmation":true,"status":"NEW"},
            "delay":{"type":"NIGHT","tillWhen":9},"manualETTR":8,
            "conversationHandlerDetails":{"accountId":"x"},
            "dialogs":[{"metaData":{"appInstallId":"y"}}]}}}]}}"#;
        let notification = parse(body).unwrap();
        let event = &notification.events()[0];
        assert_eq!(event.conversation_id(), "7");
        let EventContent::Conversation(it) = event.content() else { panic!() };
        let csat = it.csat.as_ref().unwrap();
        assert_eq!((csat.rate, csat.resolved, csat.status.as_str()), (Some(5), Some(true), "NEW"));
        let delay = it.delay.as_ref().unwrap();
        assert_eq!((delay.kind.as_str(), delay.till_ms), ("NIGHT", Some(9)));
        assert_eq!((it.effective_ttr, it.manual_ettr_ms, it.sent_ms), (Some(-1), Some(8), Some(5)));
        assert_eq!(it.handler_details, r#"{"accountId":"x"}"#);
        assert_eq!(it.dialogs[0].metadata, r#"{"appInstallId":"y"}"#);
    }

    #[test]
    fn metadata_and_dialog_are_those_of_the_change() {
        let change = r#"[{"dialogId":"d","event":{"type":"ContentEvent","message":"x"},"metadata":[{"type":"ExternalId","id":"e"}]}]"#;
        let notification = with_changes(change).unwrap();
        let event = &notification.events()[0];
        assert_eq!((event.conversation_id(), event.dialog_id()), ("", "d"));
        assert_eq!(event.metadata_json(), r#"[{"type":"ExternalId","id":"e"}]"#);
    }

    #[test]
    fn messages_stay_out_of_debug() {
        for hidden in [
            r#"{"type":"ContentEvent","contentType":"text/plain","message":"mine","quickReplies":["mine"]}"#,
            r#"{"type":"ContentEvent","contentType":"hosted/file","message":{"relativePath":"mine","caption":"mine","preview":"mine"}}"#,
            r#"{"type":"RichContentEvent","content":{"text":"mine"},"quickReplies":["mine"]}"#,
            r#"{"type":"ContentEvent","contentType":"forms/x","message":{"title":"mine"}}"#,
            r#"{"type":"New","text":"mine"}"#,
        ] {
            let notification = with_changes(&format!(r#"[{{"event":{hidden}}}]"#)).unwrap();
            let debug = format!("{notification:?}");
            assert!(debug.contains("conversation_id") && !debug.contains("mine"), "{debug}");
        }
    }
}
