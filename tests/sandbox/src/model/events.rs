//! All that was published in a conversation.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::event::Event;
use crate::model::participant::Role;

/// In the order in which it was published.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Events(Vec<Event>);

impl Events {
    /// Adds an event, and gives back its number in its dialog; a chat state gets none.
    pub(crate) fn add(&mut self, mut event: Event) -> Option<u64> {
        if event.event["type"] != "ChatStateEvent" {
            // Each dialog counts for itself.
            let numbered = |it: &&Event| it.dialog_id == event.dialog_id && it.sequence.is_some();
            event.sequence = Some(self.0.iter().filter(numbered).count() as u64);
        }
        let sequence = event.sequence;
        self.0.push(event);
        sequence
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.0.iter()
    }

    pub(crate) fn last(&self) -> Option<&Event> {
        self.0.last()
    }

    /// Those after the first so many.
    pub(crate) fn after(&self, count: usize) -> &[Event] {
        self.0.get(count..).unwrap_or_default()
    }

    /// What consumer and agents said to each other in a dialog.
    pub(crate) fn said_in(&self, dialog_id: &str) -> impl Iterator<Item = &Event> {
        let said = |event: &&Event| event.is_content() && !event.private;
        self.0.iter().filter(move |event| event.dialog_id == dialog_id).filter(said)
    }

    /// The consumer's content in a dialog for which no agent has published this status.
    pub(crate) fn without_status(&self, dialog_id: &str, status: &str) -> Vec<u64> {
        let events = || self.0.iter().filter(|event| event.dialog_id == dialog_id);
        let noted: HashSet<u64> = events()
            .filter(|event| event.originator.role != Role::Consumer)
            .filter(|event| event.event["status"] == status)
            .filter_map(|event| event.event["sequenceList"].as_array())
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        events()
            .filter(|event| event.originator.role == Role::Consumer && event.is_content())
            .filter_map(|event| event.sequence)
            .filter(|sequence| !noted.contains(sequence))
            .collect()
    }

    /// The consumer's last text; empty before the first.
    pub(crate) fn last_text(&self) -> &str {
        self.0.iter().rev().find_map(Event::consumer_text).unwrap_or_default()
    }
}
