//! What the sandbox serves although the protocol does not document it: mostly a typing error of the
//! client, which nobody would see otherwise.

use std::slice;

use serde_json::Value;

use crate::protocol::envelope::{KINDS, Kind};
use crate::protocol::route::Route;
use crate::protocol::summary::shortened;

const PUBLISH_EVENT: &str = "ms.PublishEvent";
const UPDATE_FIELD: &str = "cm.UpdateConversationField";
const CONTENT: &str = "ContentEvent";
const CHANGE: &str = "DialogChange";
const FILES: [&str; 2] = ["hosted/file", "HostedFile"];

const EVENTS: [&str; 4] = [CONTENT, "RichContentEvent", "ChatStateEvent", "AcceptStatusEvent"];
const FIELDS: [&str; 5] = ["ConversationStateField", "Stage", CHANGE, "TTRField", "CSATRate"];

/// What an object may hold, by what it is.
const MEMBERS: [(&str, &[&str]); 14] = [
    ("request", &["kind", "id", "type", "body", "metadata"]),
    (PUBLISH_EVENT, &["conversationId", "dialogId", "event"]),
    (UPDATE_FIELD, &["conversationId", "conversationField"]),
    (CONTENT, &["type", "contentType", "message"]),
    ("RichContentEvent", &["type", "content", "message"]),
    ("ChatStateEvent", &["type", "chatState"]),
    ("AcceptStatusEvent", &["type", "status", "sequenceList"]),
    ("file", &["caption", "relativePath", "fileType", "preview"]),
    ("ConversationStateField", &["field", "conversationState"]),
    ("Stage", &["field", "conversationState"]),
    (CHANGE, &["field", "type", "dialog"]),
    ("dialog", &["dialogId", "state", "closedCause"]),
    ("TTRField", &["field", "ttrType", "value"]),
    ("CSATRate", &["field", "csatRate", "csatResolutionConfirmation", "status"]),
];

/// What a member of such an object may be, where it is there.
const VALUES: [(&str, &str, &[&str]); 5] = [
    (CONTENT, "contentType", &["text/plain", FILES[0], FILES[1], "forms/secure-submission"]),
    ("ChatStateEvent", "chatState", &["ACTIVE", "INACTIVE", "GONE", "COMPOSING", "PAUSE"]),
    ("AcceptStatusEvent", "status", &["ACCEPT", "READ", "ACCESS", "NACK", "ACTION"]),
    ("TTRField", "ttrType", &["CUSTOM", "NORMAL", "PRIORITIZED", "URGENT"]),
    ("CSATRate", "status", &["FILLED", "PARTIALLY_FILLED", "SKIPPED"]),
];

/// How much of a name or value is shown.
const SHOWN_CHARACTERS: usize = 40;

/// What is odd in the body of a request. What is refused anyway need not be among it.
pub(crate) fn of(route: Route, body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(route, Route::Conversation | Route::Send)
        && let Ok(body) = serde_json::from_slice(body)
    {
        let requests = many(&body);
        // Only where a conversation is opened there are several; its ids are not known yet.
        let opening = requests.len() > 1;
        for request in requests {
            look_at_request(request, opening, &mut found);
        }
    }
    found
}

/// One object, or an array of them.
fn many(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| slice::from_ref(value), Vec::as_slice)
}

fn look_at_request(request: &Value, opening: bool, found: &mut Vec<String>) {
    look_at("request", request, found);
    let names = KINDS.map(|(name, _)| name);
    look_at_value("type", &request["type"], &names, found);
    let body = &request["body"];
    match request["type"].as_str().and_then(Kind::from_name) {
        Some(Kind::PublishEvent) => {
            look_at(PUBLISH_EVENT, body, found);
            let missing = |name: &&str| body[name].is_null() || body[name] == "";
            for name in ["conversationId", "dialogId"].iter().filter(|it| !opening && missing(it)) {
                found.push(format!("{PUBLISH_EVENT} without {name}"));
            }
            look_at_event(&body["event"], found);
        }
        Some(Kind::UpdateConversationField) => {
            look_at(UPDATE_FIELD, body, found);
            for field in many(&body["conversationField"]) {
                look_at_value("field", &field["field"], &FIELDS, found);
                look_at_named(&field["field"], &FIELDS, field, found);
                if field["field"] == CHANGE {
                    look_at("dialog", &field["dialog"], found);
                }
            }
        }
        _ => {}
    }
}

fn look_at_event(event: &Value, found: &mut Vec<String>) {
    look_at_value("event type", &event["type"], &EVENTS, found);
    look_at_named(&event["type"], &EVENTS, event, found);
    let is_file = |content_type: &Value| FILES.iter().any(|file| content_type == file);
    if event["type"] == CONTENT && is_file(&event["contentType"]) {
        look_at("file", &event["message"], found);
    }
}

/// An object that says itself what it is. Of what is unknown nothing more can be said.
fn look_at_named(name: &Value, known: &[&str], object: &Value, found: &mut Vec<String>) {
    if let Some(name) = name.as_str().filter(|name| known.contains(name)) {
        look_at(name, object, found);
    }
}

/// The members and values of an object, by what it is.
fn look_at(what: &str, object: &Value, found: &mut Vec<String>) {
    let known = MEMBERS.iter().find(|(name, _)| *name == what).map_or(&[][..], |(_, names)| names);
    let members = object.as_object().into_iter().flatten();
    for (name, _) in members.filter(|(name, _)| !known.contains(&name.as_str())) {
        found.push(format!("unknown member {:?} of {what}", shortened(name, SHOWN_CHARACTERS)));
    }
    for (_, member, values) in VALUES.iter().filter(|(owner, ..)| *owner == what) {
        look_at_value(member, &object[member], values, found);
    }
}

fn look_at_value(what: &str, value: &Value, known: &[&str], found: &mut Vec<String>) {
    if !value.is_null() && !known.iter().any(|known| value == known) {
        let shown = value.as_str().map_or_else(|| value.to_string(), |text| format!("{text:?}"));
        found.push(format!("unknown {what} {}", shortened(&shown, SHOWN_CHARACTERS)));
    }
}
