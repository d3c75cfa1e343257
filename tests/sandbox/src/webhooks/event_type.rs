//! The types of notification by name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The types of notification. Each can have a webhook of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// `cqm.ExConversationChangeNotification`: the state of a conversation.
    ConversationChange,
    /// `ms.MessagingEventNotification.ContentEvent`: texts and files.
    Content,
    /// `ms.MessagingEventNotification.RichContentEvent`.
    RichContent,
    /// `ms.MessagingEventNotification.AcceptStatusEvent`: what was accepted or read.
    AcceptStatus,
    /// `ms.MessagingEventNotification.ChatStateEvent`: who types.
    ChatState,
}

impl EventType {
    const ALL: [EventType; 5] = [
        EventType::ConversationChange,
        EventType::Content,
        EventType::RichContent,
        EventType::AcceptStatus,
        EventType::ChatState,
    ];

    fn name(self) -> &'static str {
        match self {
            EventType::ConversationChange => "cqm.ExConversationChangeNotification",
            EventType::Content => "ms.MessagingEventNotification.ContentEvent",
            EventType::RichContent => "ms.MessagingEventNotification.RichContentEvent",
            EventType::AcceptStatus => "ms.MessagingEventNotification.AcceptStatusEvent",
            EventType::ChatState => "ms.MessagingEventNotification.ChatStateEvent",
        }
    }

    /// All names, to be listed in a sentence.
    pub(crate) fn names() -> String {
        EventType::ALL.map(EventType::name).join(", ")
    }

    pub(crate) fn from_name(name: &str) -> Option<EventType> {
        EventType::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The type of a notification. None: no known one.
    pub(crate) fn of(notification: &Value) -> Option<EventType> {
        let kind = notification["type"].as_str()?;
        let event = &notification["body"]["changes"][0]["event"];
        EventType::from_name(kind).or_else(|| EventType::of_event(event))
    }

    /// The type under which an event is told.
    pub(crate) fn of_event(event: &Value) -> Option<EventType> {
        EventType::from_name(&format!("ms.MessagingEventNotification.{}", event["type"].as_str()?))
    }
}
