//! A notification of several changes as notifications of one event each, for who deals with them one
//! by one.

use serde_json::value::RawValue;

use crate::protocol::json::{each_item, members};
use crate::protocol::notification::Notification;

/// The most bytes that what stands around the changes may grow to by being repeated.
const MOST_REPEATED: usize = 4 << 20;

/// No name of a type and no time of the service's is as long, in bytes.
const LONGEST: usize = 100;

impl Notification {
    /// Each event as a notification of its own, in their order: what it was read from is
    /// [`raw`](Notification::raw) with that change alone, and all other members as they were. One of a
    /// single event stays as it is; of one without events nothing is left.
    pub(crate) fn split(self) -> Vec<Notification> {
        match self.events().len() {
            0 => Vec::new(),
            1 => vec![self],
            _ => parts(self.raw()).iter().map(|part| self.of_part(part)).collect(),
        }
    }

    fn of_part(&self, part: &str) -> Notification {
        Notification::from_kept(part.as_bytes(), self.account_id())
    }
}

/// The JSON of a notification once for each of its changes.
fn parts(raw: &[u8]) -> Vec<String> {
    let Some((json, whole)) = read(raw) else { return Vec::new() };
    let [type_name, body] = members(Some(whole), ["type", "body"]);
    let [changes, sent] = members(body, ["changes", "sentTs"]);
    let Some(changes) = changes else { return Vec::new() };
    let mut each: Vec<&str> = Vec::new();
    each_item(Some(changes), |change| each.push(change.get()));

    // It is a piece of the whole, and these are its ends.
    let begin = changes.get().as_ptr() as usize - json.as_ptr() as usize;
    let (before, after) = (&json[..begin], &json[begin + changes.get().len()..]);
    if (before.len() + after.len()) * each.len() <= MOST_REPEATED {
        return each.iter().map(|change| format!("{before}[{change}]{after}")).collect();
    }
    // Somebody wants it to grow: what the events are read by is enough.
    let short = |json: Option<&RawValue>| match json {
        Some(json) if json.get().len() <= LONGEST => json.get().to_owned(),
        _ => "null".to_owned(),
    };
    let (type_name, sent) = (short(type_name), short(sent));
    let part = |change: &&str| {
        format!(r#"{{"type":{type_name},"body":{{"sentTs":{sent},"changes":[{change}]}}}}"#)
    };
    each.iter().map(part).collect()
}

fn read(raw: &[u8]) -> Option<(&str, &RawValue)> {
    let json = std::str::from_utf8(raw).ok()?;
    Some((json, serde_json::from_str(json).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(body: &str) -> (Notification, Vec<Notification>) {
        let whole = Notification::parse(body.as_bytes()).unwrap().with_account("le1");
        (whole.clone(), whole.split())
    }

    /// What an event was read into, but for its own JSON, which is the same.
    fn shown(notifications: &[Notification]) -> Vec<String> {
        let events = notifications.iter().flat_map(Notification::events);
        events.map(|event| format!("{event:?} {:?}", event.timestamp_ms())).collect()
    }

    #[test]
    fn each_change_stands_alone_with_all_that_was_around_it() {
        let around = |changes: &str| {
            format!(
                concat!(
                    r#" {{"kind":"notification", "new":[1e999,{{"changes":[7]}}],"#,
                    r#""type":"cqm.ExConversationChangeNotification","body":{{"changes":1,"sentTs":5,"#,
                    r#""changes" : {changes} ,"more":"\ud800"}},"end":null}}"#
                ),
                changes = changes
            )
        };
        let changes = [
            r#"{"type":"UPSERT","result":{"convId":"c","conversationDetails":{"state":"OPEN"}}}"#,
            r#"{"dialogId":"d","sequence":3,"metadata":[{}], "event":{"type":"ContentEvent","message":"ü]"}}"#,
            "null",
        ];
        let (whole, parts) = split(&around(&format!("[ {} ]", changes.join(" , "))));
        assert_eq!(whole.events().len(), 3);
        let raw: Vec<&[u8]> = parts.iter().map(Notification::raw).collect();
        let wanted = changes.map(|change| around(&format!("[{change}]")));
        assert_eq!(raw, wanted.iter().map(String::as_bytes).collect::<Vec<_>>());
        assert_eq!(shown(&parts), shown(std::slice::from_ref(&whole)));
        for (part, event) in parts.iter().zip(whole.events()) {
            assert_eq!((part.events(), part.account_id()), (std::slice::from_ref(event), "le1"));
            assert_eq!(part.type_name(), whole.type_name());
            assert!(Notification::from_kept(part.raw(), "le1") == *part);
        }
    }

    #[test]
    fn one_event_stays_byte_for_byte() {
        for body in [
            r#" {"body":{"changes" : [ {"dialogId":"d"} ]}}"#,
            r#"{"body":{"changes":{"dialogId":"d"}}}"#,
            r#"{"type":"new"}"#,
        ] {
            let (whole, parts) = split(body);
            assert!(parts == [whole], "{body}");
        }
        let (unreadable, _) = Notification::signed(b"\xff");
        assert!(unreadable.clone().split() == [unreadable]);
        assert!(split(r#"{"body":{"changes":[]}}"#).1.is_empty());
    }

    #[test]
    fn what_is_around_is_not_repeated_without_end() {
        let (type_name, padding) = ("cqm.ExConversationChangeNotification", "x".repeat(1 << 20));
        let change = r#"{"result":{"convId":"c","conversationDetails":7}}"#;
        let changes = [change; 10].join(",");
        let body = format!(
            r#"{{"type":"{type_name}","pad":"{padding}","body":{{"sentTs":5,"changes":[{changes}]}}}}"#
        );
        let (whole, parts) = split(&body);
        let all: usize = parts.iter().map(|part| part.raw().len()).sum();
        assert!(all < body.len(), "{all}");
        assert_eq!(shown(&parts), shown(std::slice::from_ref(&whole)));
        for (part, event) in parts.iter().zip(whole.events()) {
            assert_eq!((part.events(), part.type_name()), (std::slice::from_ref(event), type_name));
        }
        // A type that is as long is none.
        let odd = format!(r#"{{"type":"{padding}","body":{{"changes":[{changes}]}}}}"#);
        assert!(split(&odd).1.iter().all(|part| part.type_name().is_empty()));
    }
}
