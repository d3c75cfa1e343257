//! What an event of a notification holds, by its kind.
//!
//! A member that was absent is empty, a number `None`. What is not read here is in
//! [`NotificationEvent::json`](crate::NotificationEvent::json).

use std::fmt;

use serde_json::value::RawValue;

use crate::protocol::event::{AcceptStatus, ChatState};
use crate::protocol::json::{
    TooMany, count, each_item, each_member, flag, is_array, is_object, is_string, items, members,
    number, text, written,
};

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
    /// A secure form, or the answer to one. Its [kind](crate::EventKind) is
    /// [`Other`](crate::EventKind::Other).
    SecureForm(SecureFormContent),
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
    /// What a person reads in it: its texts, titles and captions, a line each.
    pub text: String,
    /// JSON of the quick replies that are offered with it.
    pub quick_replies: String,
}

/// A secure form.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecureFormContent {
    /// `forms/secure-invitation`, `forms/secure-submission` or another.
    pub content_type: String,
    /// The title that a person reads.
    pub title: String,
    /// The form.
    pub form_id: String,
    /// The invitation to fill it in.
    pub invitation_id: String,
    /// What was filled in.
    pub submission_id: String,
}

/// What somebody is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatStateContent {
    /// The state.
    pub state: ChatState,
}

/// What became of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptStatusContent {
    /// The status.
    pub status: AcceptStatus,
    /// The sequences of the messages.
    pub sequences: Vec<i64>,
}

/// The state of a conversation, always complete. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConversationContent {
    /// What happened to it, mostly `UPSERT`.
    pub change: String,
    /// Of its main dialog: `OPEN`, `CLOSE` or another, such as `LOCKED`. While a survey runs this is
    /// `CLOSE`, and `stage` is `OPEN`.
    pub state: String,
    /// Of the whole conversation: `OPEN`, `CLOSE` or another.
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
    /// When an answer is due; -1 where none is.
    pub effective_ttr: Option<i64>,
    /// When the agent said that an answer will come.
    pub manual_ettr_ms: Option<i64>,
    /// Why an answer takes longer.
    pub delay: Option<Delay>,
    /// How the consumer rated it.
    pub csat: Option<Csat>,
    /// JSON of who handles it, beyond its participants.
    pub handler_details: String,
    /// When the service sent the notification.
    pub sent_ms: Option<i64>,
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

/// Why an answer takes longer than usual.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delay {
    /// `NIGHT`, `WEEKEND`, `HOLIDAY` or another.
    pub kind: String,
    /// Until when, in milliseconds since 1970, UTC.
    pub till_ms: Option<i64>,
}

/// How a consumer rated a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Csat {
    /// 1 to 5 stars.
    pub rate: Option<i64>,
    /// Whether the consumer's matter is resolved.
    pub resolved: Option<bool>,
    /// `FILLED`, `PARTIALLY_FILLED`, `SKIPPED` or another.
    pub status: String,
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
    /// JSON of what else belongs to it, such as a survey's.
    pub metadata: String,
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
            "RichContentEvent" => {
                // The vendor's samples have the first, its schema the second.
                let content = content.or(message);
                EventContent::RichContent(RichContent {
                    text: readable(content),
                    content: written(content),
                    quick_replies: written(replies),
                })
            }
            "ChatStateEvent" => {
                EventContent::ChatState(ChatStateContent { state: text(state).as_str().into() })
            }
            "AcceptStatusEvent" => EventContent::AcceptStatus(AcceptStatusContent {
                status: text(status).as_str().into(),
                sequences: sequence_list(sequences, room)?,
            }),
            _ => EventContent::Other,
        })
    }

    /// Reads the `result` of a change of a conversation, which was sent at that time.
    pub(crate) fn of_conversation(
        change: Json,
        result: Json,
        sent: Json,
        room: &mut usize,
    ) -> Result<EventContent, TooMany> {
        let [details, effective_ttr, sent_too] =
            members(result, ["conversationDetails", "effectiveTTR", "sentTs"]);
        let [manual_ettr, delay, csat, handler] =
            members(details, ["manualETTR", "delay", "csat", "conversationHandlerDetails"]);
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
            manual_ettr_ms: count(manual_ettr),
            delay: delay.filter(|delay| is_object(delay)).map(Delay::read),
            csat: csat.filter(|csat| is_object(csat)).map(Csat::read),
            handler_details: written(handler),
            sent_ms: count(sent.or(sent_too)),
            start_ms: count(start),
            end_ms: count(end),
            updated_ms: count(updated),
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
            EventContent::RichContent(rich) => &rich.text,
            EventContent::SecureForm(form) => &form.title,
            _ => "",
        }
    }

    /// The name of the state that the content tells; see
    /// [`NotificationEvent::state`](crate::NotificationEvent::state).
    pub(crate) fn state(&self) -> &str {
        match self {
            EventContent::ChatState(state) => state.state.as_str(),
            EventContent::AcceptStatus(status) => status.status.as_str(),
            EventContent::Conversation(conversation) => &conversation.state,
            _ => "",
        }
    }
}

impl Delay {
    fn read(delay: &RawValue) -> Delay {
        let [kind, till] = members(Some(delay), ["type", "tillWhen"]);
        Delay { kind: text(kind), till_ms: count(till) }
    }
}

impl Csat {
    fn read(csat: &RawValue) -> Csat {
        let [rate, resolved, status] =
            members(Some(csat), ["csatRate", "csatResolutionConfirmation", "status"]);
        Csat { rate: number(rate), resolved: flag(resolved), status: text(status) }
    }
}

impl Dialog {
    fn read(dialog: &RawValue, room: &mut usize) -> Result<Dialog, TooMany> {
        let [id, dialog_type, channel_type, state, closed_by, closed_cause] = members(
            Some(dialog),
            ["dialogId", "dialogType", "channelType", "state", "closedBy", "closedCause"],
        );
        let [start, end, updated, people, metadata] = members(
            Some(dialog),
            ["creationTs", "endTs", "metaDataLastUpdateTs", "participantsDetails", "metaData"],
        );
        Ok(Dialog {
            id: text(id),
            dialog_type: text(dialog_type),
            channel_type: text(channel_type),
            state: text(state),
            closed_by: text(closed_by),
            closed_cause: text(closed_cause),
            start_ms: count(start),
            end_ms: count(end),
            updated_ms: count(updated),
            metadata: written(metadata),
            participants: participants(people, room)?,
        })
    }
}

/// A content event. What its message holds tells more than the name of its type: anything with a
/// place to fetch it from is a file.
fn message_content(content_type: &str, message: Json, replies: Json) -> EventContent {
    let [relative_path, url, caption, file_type, preview] =
        members(message, ["relativePath", "url", "caption", "fileType", "preview"]);
    let is_file = relative_path.or(url).is_some()
        || ["hosted/file", "external/file", "HostedFile"].contains(&content_type);
    if is_file {
        return EventContent::File(FileContent {
            relative_path: text(relative_path),
            // A file elsewhere may be no more than its URL.
            url: text(url.or(message.filter(|message| is_string(message)))),
            caption: text(caption),
            file_type: text(file_type),
            preview: text(preview),
        });
    }
    if content_type.starts_with("forms/") {
        let [title, form_id, invitation_id, submission_id] =
            members(message, ["title", "formId", "invitationId", "submissionId"]);
        return EventContent::SecureForm(SecureFormContent {
            content_type: content_type.to_owned(),
            title: text(title),
            form_id: text(form_id),
            invitation_id: text(invitation_id),
            submission_id: text(submission_id),
        });
    }
    let is_text = content_type.starts_with("text/") || message.is_some_and(is_string);
    if is_text || (message.is_none() && replies.is_some()) {
        return text_content(message, replies);
    }
    EventContent::Other
}

/// What a person reads in structured content: texts, titles and captions, a line each.
fn readable(content: Json) -> String {
    let mut lines = Vec::new();
    if let Some(content) = content {
        collect(content, 0, &mut lines);
    }
    lines.join("\n")
}

fn collect(json: &RawValue, level: usize, lines: &mut Vec<String>) {
    /// Deeper than any element stands; each level is read once more.
    const MOST_LEVELS: usize = 24;
    /// What happens at a click is not there to be read.
    const UNSEEN: [&str; 3] = ["click", "metadata", "style"];

    if level == MOST_LEVELS {
        return;
    }
    if is_array(json) {
        each_item(Some(json), |item| collect(item, level + 1, lines));
    }
    each_member(json, |name, value| {
        if is_string(value) {
            if ["text", "title", "caption"].contains(&&*name) {
                lines.extend(Some(text(Some(value))).filter(|line| !line.is_empty()));
            }
        } else if !UNSEEN.contains(&&*name) {
            collect(value, level + 1, lines);
        }
    });
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

/// What people wrote stays out of logs that print a content.
impl fmt::Debug for EventContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventContent::Text(text) => text.fmt(f),
            EventContent::File(file) => file.fmt(f),
            EventContent::RichContent(rich) => rich.fmt(f),
            EventContent::SecureForm(form) => form.fmt(f),
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

/// As for [`EventContent`].
impl fmt::Debug for SecureFormContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecureFormContent")
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
