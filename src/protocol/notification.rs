//! Notifications: what the service posts to a webhook, read into events.

use serde_json::value::RawValue;

use crate::base::error::{Error, Status};
use crate::base::text::shorten;
use crate::protocol::json::{
    TooMany, is_array, is_object, is_string, items, members, nesting, text,
};
use crate::protocol::notification_event::NotificationEvent;

/// The longest body that is read, in bytes: far above what the service sends.
const MOST_BYTES: usize = 4 << 20;

/// The most levels of arrays and objects in a body, so that whoever reads an event's JSON need not
/// fear for its stack.
const MOST_LEVELS: usize = 128;

/// The most items in all lists that are read, changes, participants, dialogs and sequences: what
/// bounds the memory of a notification.
const MOST_ITEMS: usize = 10_000;

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
    /// Its place in what was given out.
    pub turn: u64,
    /// How often it had been given out by then.
    pub given: u64,
}

impl Notification {
    /// Reads the body of a webhook. It is kept, byte for byte.
    ///
    /// What it takes is a JSON object. Each item of its `body.changes` becomes one event, in their
    /// order; a single one may stand for an array. Members, event types and notifications that this
    /// library does not know are no error, nor are missing ones: they are in the events' JSON. Where
    /// there are no changes, the whole is one event of the kind
    /// [`EventKind::Other`](crate::EventKind::Other).
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
    /// [`EventKind::Other`](crate::EventKind::Other), and its JSON is empty where it is none.
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

    /// One that was kept as its [`raw`](Notification::raw) bytes and
    /// [`account_id`](Notification::account_id): equal to what a receiver gave out, but for that the
    /// receiver does not know it again. What is no notification is one event of the kind
    /// [`EventKind::Other`](crate::EventKind::Other), as a receiver gives it out.
    #[cfg(feature = "receiver")]
    pub fn from_kept(raw: &[u8], account_id: &str) -> Notification {
        Notification::signed(raw).0.with_account(account_id)
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

/// Messages are the consumer's own: they stay out of logs that print a notification.
impl std::fmt::Debug for Notification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notification")
            .field("type_name", &self.type_name)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

fn unreadable(what: &str) -> Error {
    Error::new(Status::Protocol, format!("the notification {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::content::EventContent;
    use crate::protocol::notification_event::EventKind;

    fn parse(body: &str) -> Result<Notification, Error> {
        Notification::parse(body.as_bytes())
    }

    fn with_changes(changes: &str) -> Result<Notification, Error> {
        let of_messages = "ms.MessagingEventNotification";
        parse(&format!(r#"{{"type":"{of_messages}","body":{{"changes":{changes}}}}}"#))
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
