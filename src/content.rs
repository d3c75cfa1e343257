//! What an event of a notification holds, by its kind.
//!
//! A member that was absent is empty, a number `None`. What is not read here is in
//! [`NotificationEvent::json`](crate::NotificationEvent::json).

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::{AcceptStatus, ChatState};
use crate::json::{TooMany, is_object, is_string, items, members, number, text, written};

/// The content of an event. `Debug` does not show what was written in the conversation.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventContent {
    /// A text.
    Text(TextContent),
    /// A file.
    File(FileContent),
    /// Cards, buttons, carousels and so on.
    RichContent(RichContent),
    /// What somebody is doing.
    ChatState(ChatStateContent),
    /// What became of messages.
    AcceptStatus(AcceptStatusContent),
    /// The state of the conversation.
    Conversation(Box<ConversationContent>),
    /// Something else; its JSON tells.
    Other,
}

/// A text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextContent {
    /// The text.
    pub message: String,
    /// JSON of the quick replies that are offered with it.
    pub quick_replies: String,
}

/// A file: in the service's storage (`relative_path`), or elsewhere (`url`).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileContent {
    /// Its place in the storage, for
    /// [`Conversation::download_file`](crate::Conversation::download_file).
    pub relative_path: String,
    /// Where a file outside the storage is.
    pub url: String,
    /// The text beside it.
    pub caption: String,
    /// For example `JPEG`.
    pub file_type: String,
    /// A small picture in its place, as the sender wrote it: mostly a `data:` URL.
    pub preview: String,
}

/// Cards, buttons, carousels and so on.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RichContent {
    /// The content's JSON.
    pub content: String,
    /// JSON of the quick replies that are offered with it.
    pub quick_replies: String,
}

/// What somebody is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatStateContent {
    /// The state; `None` for one that this library does not know.
    pub state: Option<ChatState>,
    /// The state as the service wrote it.
    pub name: String,
}

/// What became of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptStatusContent {
    /// The status; `None` for one that this library does not know.
    pub status: Option<AcceptStatus>,
    /// The status as the service wrote it.
    pub name: String,
    /// The sequences of the messages.
    pub sequences: Vec<i64>,
}

/// The state of a conversation, always complete. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConversationContent {
    /// What happened to it, mostly `UPSERT`.
    pub change: String,
    /// `OPEN`, `CLOSE` or another.
    pub state: String,
    /// Where it stands within its state.
    pub stage: String,
    /// Why it was closed.
    pub close_reason: String,
    /// The account.
    pub brand_id: String,
    /// The skill that it is for; `-1` means none.
    pub skill_id: String,
    /// How urgent it is: `URGENT`, `NORMAL`, `PRIORITIZED` or `CUSTOM`.
    pub ttr_type: String,
    /// The time to respond, in seconds.
    pub ttr_value: Option<i64>,
    /// When an answer is due.
    pub effective_ttr: Option<i64>,
    /// When it began.
    pub start_ms: Option<i64>,
    /// When it ended.
    pub end_ms: Option<i64>,
    /// When any of this changed last.
    pub updated_ms: Option<i64>,
    /// Who is in it.
    pub participants: Vec<Participant>,
    /// Its dialogs.
    pub dialogs: Vec<Dialog>,
}

/// Somebody in a conversation or dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participant {
    /// The id: of a consumer that of
    /// [`Consumer::lp_id`](crate::Consumer::lp_id).
    pub id: String,
    /// `CONSUMER`, `ASSIGNED_AGENT`, `AGENT`, `MANAGER`, `READER`, `CONTROLLER` or another.
    pub role: String,
    /// Of a dialog's participant whether there still, for example `ACTIVE`.
    pub state: String,
}

/// One dialog of a conversation. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dialog {
    /// The id; that of the main dialog is the conversation's.
    pub id: String,
    /// `MAIN`, `POST_SURVEY` or another.
    pub dialog_type: String,
    /// Mostly `MESSAGING`.
    pub channel_type: String,
    /// `OPEN`, `CLOSE` or another.
    pub state: String,
    /// Who closed it, for example `CONSUMER`.
    pub closed_by: String,
    /// Why it was closed.
    pub closed_cause: String,
    /// When it began.
    pub start_ms: Option<i64>,
    /// When it ended.
    pub end_ms: Option<i64>,
    /// When any of this changed last.
    pub updated_ms: Option<i64>,
    /// Who is in it.
    pub participants: Vec<Participant>,
}

type Json<'a> = Option<&'a RawValue>;

impl EventContent {
    /// Reads the `event` of a change. `room` is how many items its lists may still hold.
    pub(crate) fn of_event(event: Json, room: &mut usize) -> Result<EventContent, TooMany> {
        let [kind, content_type, message, replies, content, state, status, sequences] = members(
            event,
            [
                "type",
                "contentType",
                "message",
                "quickReplies",
                "content",
                "chatState",
                "status",
                "sequenceList",
            ],
        );
        Ok(match text(kind).as_str() {
            "ContentEvent" => message_content(&text(content_type), message, replies),
            "RichContentEvent" => EventContent::RichContent(RichContent {
                content: written(content),
                quick_replies: written(replies),
            }),
            "ChatStateEvent" => {
                EventContent::ChatState(ChatStateContent { state: known(state), name: text(state) })
            }
            "AcceptStatusEvent" => EventContent::AcceptStatus(AcceptStatusContent {
                status: known(status),
                name: text(status),
                sequences: sequence_list(sequences, room)?,
            }),
            _ => EventContent::Other,
        })
    }

    /// Reads the `result` of a change of a conversation.
    pub(crate) fn of_conversation(
        change: Json,
        result: Json,
        room: &mut usize,
    ) -> Result<EventContent, TooMany> {
        let [details, effective_ttr] = members(result, ["conversationDetails", "effectiveTTR"]);
        let [state, stage, close_reason, brand_id, skill_id, ttr] =
            members(details, ["state", "stage", "closeReason", "brandId", "skillId", "ttr"]);
        let [start, end, updated, people, dialogs] = members(
            details,
            ["startTs", "endTs", "metaDataLastUpdateTs", "participants", "dialogs"],
        );
        let [ttr_type, ttr_value] = members(ttr, ["ttrType", "value"]);
        let mut read = Vec::new();
        for dialog in items(dialogs, room)? {
            read.push(Dialog::read(dialog, room)?);
        }
        Ok(EventContent::Conversation(Box::new(ConversationContent {
            change: text(change),
            state: text(state),
            stage: text(stage),
            close_reason: text(close_reason),
            brand_id: text(brand_id),
            skill_id: text(skill_id),
            ttr_type: text(ttr_type),
            ttr_value: number(ttr_value),
            effective_ttr: number(effective_ttr),
            start_ms: number(start),
            end_ms: number(end),
            updated_ms: number(updated),
            participants: participants(people, room)?,
            dialogs: read,
        })))
    }

    /// The text that stands for the content; see
    /// [`NotificationEvent::text`](crate::NotificationEvent::text).
    pub(crate) fn text(&self) -> &str {
        match self {
            EventContent::Text(text) => &text.message,
            EventContent::File(file) => &file.caption,
            EventContent::ChatState(state) => &state.name,
            EventContent::AcceptStatus(status) => &status.name,
            EventContent::Conversation(conversation) => &conversation.state,
            EventContent::RichContent(_) | EventContent::Other => "",
        }
    }
}

impl Dialog {
    fn read(dialog: &RawValue, room: &mut usize) -> Result<Dialog, TooMany> {
        let [id, dialog_type, channel_type, state, closed_by, closed_cause] = members(
            Some(dialog),
            ["dialogId", "dialogType", "channelType", "state", "closedBy", "closedCause"],
        );
        let [start, end, updated, people] = members(
            Some(dialog),
            ["creationTs", "endTs", "metaDataLastUpdateTs", "participantsDetails"],
        );
        Ok(Dialog {
            id: text(id),
            dialog_type: text(dialog_type),
            channel_type: text(channel_type),
            state: text(state),
            closed_by: text(closed_by),
            closed_cause: text(closed_cause),
            start_ms: number(start),
            end_ms: number(end),
            updated_ms: number(updated),
            participants: participants(people, room)?,
        })
    }
}

/// A content event: its type says what the message is; where it says nothing, the message does.
fn message_content(content_type: &str, message: Json, replies: Json) -> EventContent {
    let is_text = message.is_some_and(is_string);
    let [relative_path, url, caption, file_type, preview] =
        members(message, ["relativePath", "url", "caption", "fileType", "preview"]);
    let is_file = relative_path.is_some();
    match content_type {
        "hosted/file" | "external/file" => {}
        "" if is_file => {}
        "" if !is_text => return EventContent::Other,
        "" => return text_content(message, replies),
        other if other.starts_with("text/") => return text_content(message, replies),
        _ => return EventContent::Other,
    }
    EventContent::File(FileContent {
        relative_path: text(relative_path),
        url: text(url),
        caption: text(caption),
        file_type: text(file_type),
        preview: text(preview),
    })
}

fn text_content(message: Json, replies: Json) -> EventContent {
    EventContent::Text(TextContent { message: text(message), quick_replies: written(replies) })
}

fn participants(list: Json, room: &mut usize) -> Result<Vec<Participant>, TooMany> {
    let people = items(list, room)?.into_iter().filter(|person| is_object(person));
    Ok(people
        .map(|person| {
            let [id, role, state] = members(Some(person), ["id", "role", "state"]);
            Participant { id: text(id), role: text(role), state: text(state) }
        })
        .collect())
}

fn sequence_list(list: Json, room: &mut usize) -> Result<Vec<i64>, TooMany> {
    Ok(items(list, room)?.into_iter().filter_map(|item| number(Some(item))).collect())
}

/// The value of a name that this library knows.
fn known<'a, T: Deserialize<'a>>(name: Json<'a>) -> Option<T> {
    name.filter(|name| is_string(name)).and_then(|name| T::deserialize(name).ok())
}

/// What people wrote stays out of logs that print a content.
impl fmt::Debug for EventContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventContent::Text(text) => text.fmt(f),
            EventContent::File(file) => file.fmt(f),
            EventContent::RichContent(rich) => rich.fmt(f),
            EventContent::ChatState(state) => state.fmt(f),
            EventContent::AcceptStatus(status) => status.fmt(f),
            EventContent::Conversation(conversation) => conversation.fmt(f),
            EventContent::Other => f.write_str("Other"),
        }
    }
}

/// As for [`EventContent`].
impl fmt::Debug for TextContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextContent").finish_non_exhaustive()
    }
}

/// As for [`EventContent`].
impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContent").field("file_type", &self.file_type).finish_non_exhaustive()
    }
}

/// As for [`EventContent`].
impl fmt::Debug for RichContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RichContent").finish_non_exhaustive()
    }
}
