//! Messages: requests, or batches of them, written exactly as the protocol wants them.

use serde::Serialize;

use crate::base::error::Error;
use crate::base::request_id::RequestIds;
use crate::protocol::event::{CsatStatus, Event, Metadata, push_text_event};
use crate::protocol::json_text::push_text;
use crate::protocol::open::{OpenOptions, Ttr};
use crate::protocol::profile::Profile;

/// What it means to send a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// It changes nothing: tokens, discovery, places in the storage.
    Safe,
    /// It changes the same thing to the same again: close, rating, profile.
    Idempotent,
    /// It could happen twice: messages.
    NotIdempotent,
}

/// One request or a batch, ready to go out; `ids` are those of its requests, in order.
pub(crate) struct Message {
    /// What it does, as the beginning of an error message.
    pub doing: &'static str,
    pub json: Vec<u8>,
    pub ids: Vec<String>,
    pub idempotency: Idempotency,
    /// It ends a conversation or a dialog.
    pub closes: bool,
}

impl Message {
    /// Whether this refusal says that an earlier attempt, whose answer was lost, did what it is for.
    pub(crate) fn was_done(&self, refusal: &Error) -> bool {
        self.closes && refusal.is_closed_there() && refusal.maybe_delivered()
    }

    /// The id that stands for the whole: that of the first request.
    pub(crate) fn id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }
}

#[derive(Serialize)]
struct Request<'a, B> {
    kind: &'static str,
    id: &'a str,
    r#type: &'static str,
    body: B,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
}

impl<'a, B> Request<'a, B> {
    fn new(id: &'a str, r#type: &'static str, body: B) -> Self {
        Request { kind: "req", id, r#type, body, metadata: None }
    }
}

const SET_USER_PROFILE: &str = "userprofile.SetUserProfile";
const CONSUMER_REQUEST_CONVERSATION: &str = "cm.ConsumerRequestConversation";
const PUBLISH_EVENT: &str = "ms.PublishEvent";
const UPDATE_CONVERSATION_FIELD: &str = "cm.UpdateConversationField";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublishEvent<'a, E: ?Sized> {
    dialog_id: &'a str,
    event: &'a E,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpdateConversationField<'a> {
    conversation_id: &'a str,
    conversation_field: Field<'a>,
}

#[derive(Serialize)]
#[serde(tag = "field")]
enum Field<'a> {
    #[serde(rename = "ConversationStateField", rename_all = "camelCase")]
    State {
        conversation_state: &'static str,
    },
    DialogChange {
        r#type: &'static str,
        dialog: DialogChange<'a>,
    },
    #[serde(rename_all = "camelCase")]
    Stage {
        conversation_state: &'static str,
    },
    #[serde(rename = "TTRField", rename_all = "camelCase")]
    Ttr {
        ttr_type: &'a Ttr,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<i64>,
    },
    #[serde(rename = "CSATRate", rename_all = "camelCase")]
    CsatRate {
        csat_rate: i64,
        csat_resolution_confirmation: bool,
        status: &'a CsatStatus,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DialogChange<'a> {
    dialog_id: &'a str,
    state: &'static str,
    closed_cause: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadUrl<'a> {
    file_size: &'a str,
    file_type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DownloadUrl<'a> {
    relative_path: &'a str,
}

fn bytes(message: &impl Serialize) -> Vec<u8> {
    // Most requests fit, and need not be moved as they grow.
    let mut json = Vec::with_capacity(512);
    // These types have text keys and plain values only, which always serialise.
    let _ = serde_json::to_writer(&mut json, message);
    json
}

fn one(
    ids: &RequestIds,
    doing: &'static str,
    r#type: &'static str,
    body: impl Serialize,
) -> Message {
    let id = ids.next();
    let json = bytes(&Request::new(&id, r#type, body));
    Message { doing, json, ids: vec![id], idempotency: Idempotency::Idempotent, closes: false }
}

/// The batch that opens a conversation, with the consumer's first message or without.
pub(crate) fn open(ids: &RequestIds, brand_id: &str, options: &OpenOptions) -> Message {
    let mut used = vec![ids.next(), ids.next()];
    if options.first_message.is_some() {
        used.push(ids.next());
    }
    let profile = Request::new(&used[0], SET_USER_PROFILE, options.profile_on_the_wire());
    let conversation = options.request(brand_id);
    let conversation = Request::new(&used[1], CONSUMER_REQUEST_CONVERSATION, conversation);
    let json = match &options.first_message {
        None => bytes(&(profile, conversation)),
        Some(first) => {
            // The dialog does not exist yet: the service puts its id in the empty place.
            let publish = PublishEvent { dialog_id: "", event: &first.event.0 };
            let publish = Request::new(&used[2], PUBLISH_EVENT, publish);
            let metadata = first.metadata.as_ref();
            bytes(&(profile, conversation, Request { metadata, ..publish }))
        }
    };
    Message {
        doing: "opening a conversation",
        json,
        ids: used,
        idempotency: Idempotency::NotIdempotent,
        closes: false,
    }
}

/// What is published.
#[derive(Clone, Copy)]
pub(crate) enum Published<'a> {
    /// The content of a text event.
    Text(&'a str),
    Event(&'a Event),
}

/// An event published into a dialog of a conversation. Written piece by piece, because almost all that a channel
/// sends is this.
pub(crate) fn publish(
    ids: &RequestIds,
    doing: &'static str,
    (conversation_id, dialog_id): (&str, &str),
    published: Published,
    metadata: Option<&Metadata>,
) -> Message {
    let id = ids.next();
    let long = match published {
        Published::Text(text) => text,
        Published::Event(event) => event.json().get(),
    };
    // Where nothing is to be escaped it fits, and need not be moved as it grows.
    let mut json = Vec::with_capacity(long.len() + conversation_id.len() + dialog_id.len() + 320);
    json.extend_from_slice(br#"{"kind":"req","id":""#);
    // Digits and a line.
    json.extend_from_slice(id.as_bytes());
    json.extend_from_slice(br#"","type":"ms.PublishEvent","body":{"conversationId":"#);
    push_text(&mut json, conversation_id);
    json.extend_from_slice(br#","dialogId":"#);
    push_text(&mut json, dialog_id);
    json.extend_from_slice(br#","event":"#);
    match published {
        Published::Text(text) => push_text_event(&mut json, text),
        Published::Event(event) => json.extend_from_slice(event.json().get().as_bytes()),
    }
    json.push(b'}');
    if let Some(metadata) = metadata {
        json.extend_from_slice(br#","metadata":"#);
        // It is an array of what is JSON already, which always serialises.
        let _ = serde_json::to_writer(&mut json, metadata);
    }
    json.push(b'}');
    Message { doing, json, ids: vec![id], idempotency: Idempotency::NotIdempotent, closes: false }
}

/// The consumer's profile.
pub(crate) fn set_profile(ids: &RequestIds, profile: &Profile) -> Message {
    one(ids, "setting the profile", SET_USER_PROFILE, profile.on_the_wire())
}

/// The end of a conversation.
pub(crate) fn close(ids: &RequestIds, conversation_id: &str) -> Message {
    let field = Field::State { conversation_state: "CLOSE" };
    let close = update(ids, "closing the conversation", conversation_id, field);
    Message { closes: true, ..close }
}

/// The end of a conversation with all its dialogs, without a survey.
pub(crate) fn close_stage(ids: &RequestIds, conversation_id: &str) -> Message {
    let field = Field::Stage { conversation_state: "CLOSE" };
    let close = update(ids, "closing the whole conversation", conversation_id, field);
    Message { closes: true, ..close }
}

/// How urgent a conversation is from now on.
pub(crate) fn set_ttr(
    ids: &RequestIds,
    conversation_id: &str,
    ttr_type: &Ttr,
    value: Option<i64>,
) -> Message {
    let field = Field::Ttr { ttr_type, value };
    update(ids, "setting the time to respond", conversation_id, field)
}

/// The end of one dialog.
pub(crate) fn close_dialog(ids: &RequestIds, conversation_id: &str, dialog_id: &str) -> Message {
    let dialog = DialogChange { dialog_id, state: "CLOSE", closed_cause: "Closed by consumer" };
    let field = Field::DialogChange { r#type: "UPDATE", dialog };
    let close = update(ids, "closing the dialog", conversation_id, field);
    Message { closes: true, ..close }
}

/// The consumer's rating of the conversation.
pub(crate) fn rate(
    ids: &RequestIds,
    conversation_id: &str,
    stars: i64,
    resolved: bool,
    status: &CsatStatus,
) -> Message {
    let field =
        Field::CsatRate { csat_rate: stars, csat_resolution_confirmation: resolved, status };
    update(ids, "rating the conversation", conversation_id, field)
}

fn update(
    ids: &RequestIds,
    doing: &'static str,
    conversation_id: &str,
    conversation_field: Field,
) -> Message {
    let body = UpdateConversationField { conversation_id, conversation_field };
    one(ids, doing, UPDATE_CONVERSATION_FIELD, body)
}

/// Asks where a file of this size and type can be put.
pub(crate) fn upload_url(ids: &RequestIds, file_size: u64, file_type: &str) -> Message {
    let body = UploadUrl { file_size: &file_size.to_string(), file_type };
    let ask = one(ids, "asking for an upload URL", "ms.GenerateURLForUploadFile", body);
    Message { idempotency: Idempotency::Safe, ..ask }
}

/// Asks where a file can be fetched.
pub(crate) fn download_url(ids: &RequestIds, relative_path: &str) -> Message {
    let body = DownloadUrl { relative_path };
    let ask = one(ids, "asking for a download URL", "ms.GenerateURLForDownloadFile", body);
    Message { idempotency: Idempotency::Safe, ..ask }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::event::Event;

    fn ids() -> RequestIds {
        RequestIds::new()
    }

    #[test]
    fn a_text_is_written_as_documented() {
        let text = "say \"hi\"\u{1}\n👍";
        let sent = publish(&ids(), "", ("c-1", "d-1"), Published::Text(text), None);
        let event = Event::text(text);
        let event = publish(&ids(), "", ("c-1", "d-1"), Published::Event(&event), None);
        let body = |sent: &Message| {
            let json = String::from_utf8(sent.json.clone()).unwrap();
            json.split_once("ms.PublishEvent").unwrap().1.to_owned()
        };
        assert_eq!(body(&sent), body(&event));
        let expected = format!(
            r#"{{"kind":"req","id":"{}","type":"ms.PublishEvent","body":{{"conversationId":"c-1","dialogId":"d-1","event":{{"type":"ContentEvent","contentType":"text/plain","message":"say \"hi\"\u0001\n👍"}}}}}}"#,
            sent.ids[0]
        );
        assert_eq!(String::from_utf8(sent.json).unwrap(), expected);
    }

    #[test]
    fn a_close_is_written_as_documented() {
        let sent = close(&ids(), "c-1");
        let expected = format!(
            r#"{{"kind":"req","id":"{}","type":"cm.UpdateConversationField","body":{{"conversationId":"c-1","conversationField":{{"field":"ConversationStateField","conversationState":"CLOSE"}}}}}}"#,
            sent.ids[0]
        );
        assert_eq!(String::from_utf8(sent.json).unwrap(), expected);
    }

    #[test]
    fn a_time_to_respond_is_written_as_documented() {
        let body = |ttr: &str, value| {
            let sent = set_ttr(&ids(), "c-1", &ttr.into(), value);
            let json = String::from_utf8(sent.json).unwrap();
            json.split_once(r#""conversationField":"#).unwrap().1.to_owned()
        };
        let urgent = r#"{"field":"TTRField","ttrType":"URGENT","value":300}}}"#;
        assert_eq!(body("URGENT", Some(300)), urgent);
        assert_eq!(body("NEW", None), r#"{"field":"TTRField","ttrType":"NEW"}}}"#);
    }

    #[test]
    fn opening_is_a_batch_in_the_documented_order() {
        let sent = open(&ids(), "le1", &OpenOptions::new().first_message("Hi"));
        let expected = format!(
            concat!(
                r#"[{{"kind":"req","id":"{}","type":"userprofile.SetUserProfile","body":{{}}}},"#,
                r#"{{"kind":"req","id":"{}","type":"cm.ConsumerRequestConversation","body":{{"brandId":"le1","channelType":"MESSAGING"}}}},"#,
                r#"{{"kind":"req","id":"{}","type":"ms.PublishEvent","body":{{"dialogId":"","event":{{"type":"ContentEvent","contentType":"text/plain","message":"Hi"}}}}}}]"#
            ),
            sent.ids[0], sent.ids[1], sent.ids[2]
        );
        assert_eq!(String::from_utf8(sent.json).unwrap(), expected);
        assert_eq!(open(&ids(), "le1", &OpenOptions::new()).ids.len(), 2);
    }

    #[test]
    #[cfg(feature = "connector")]
    fn the_first_message_is_any_event_with_its_metadata() {
        let event = Event::from_json(r#"{"type":"ContentEvent", "message":"Hi"}"#).unwrap();
        let metadata = Metadata::new().external_id("x-1");
        let sent = open(&ids(), "le1", &OpenOptions::new().first_event(&event, Some(metadata)));
        let json = String::from_utf8(sent.json).unwrap();
        let expected = concat!(
            r#""body":{"dialogId":"","event":{"type":"ContentEvent", "message":"Hi"}},"#,
            r#""metadata":[{"type":"ExternalId","id":"x-1"}]}]"#
        );
        assert!(json.ends_with(expected), "{json}");
        assert_eq!(sent.ids.len(), 3);
    }
}
