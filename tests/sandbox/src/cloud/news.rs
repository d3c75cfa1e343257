//! What follows when something happened in a conversation: whoever waits is told, a notification
//! goes out, and a survey goes on.

use axum::body::Bytes;
use serde_json::Value;

use crate::cloud::site::{Site, find};
use crate::model::conversation::BY_AGENT;
use crate::model::participant::Role;
use crate::webhooks::event_type::EventType;
use crate::webhooks::notification;

impl Site {
    /// Tells everybody that the state of a conversation changed.
    pub(crate) fn changed(&mut self, conversation_id: &str) {
        let now = self.clock.millis();
        if let Ok(conversation) = find(&mut self.conversations, conversation_id) {
            self.changed.insert(conversation.id.clone());
            conversation.stamp(now);
            let kind = Some(EventType::ConversationChange);
            if self.outbox.webhook(kind).is_some() {
                let told = notification::conversation(&self.account, conversation, now);
                self.outbox.post(conversation_id, kind, told.to_string().into());
            }
        }
        self.news.send_replace(());
        self.changes.of_conversation(conversation_id);
    }

    /// Tells everybody of the last event of a conversation.
    pub(crate) fn published(&mut self, conversation_id: &str) {
        if let Ok(conversation) = find(&mut self.conversations, conversation_id)
            && let Some(event) = conversation.events.last()
            && let kind = EventType::of_event(&event.event)
            && let Some(webhook) = self.outbox.webhook(kind)
        {
            let bare = webhook.bare_dialogs && event.dialog_id != conversation_id;
            let told = notification::event((!bare).then_some(conversation_id), event);
            self.outbox.post(conversation_id, kind, told.to_string().into());
        }
        self.news.send_replace(());
        self.changes.of_conversation(conversation_id);
        self.heard(conversation_id);
    }

    /// Sends any body as a notification. False: it has no webhook.
    pub(crate) fn notify(&mut self, body: Bytes) -> bool {
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        let subject = notification::subject(&told).unwrap_or_default();
        // A dialog's place is behind its conversation.
        let lane = self.conversations.iter().find(|conversation| conversation.has_dialog(subject));
        let lane = lane.map_or(subject, |conversation| &conversation.id);
        self.outbox.post(lane, EventType::of(&told), body)
    }

    /// Tells everybody that dialogs of a conversation were closed. A survey may follow.
    pub(crate) fn closed(&mut self, conversation_id: &str) {
        let survey = self.survey.clone();
        let mut opened = false;
        if let Ok(conversation) = self.any_conversation(conversation_id)
            && conversation.takes_survey()
            && let Some(survey) = survey
        {
            conversation.begin_survey(survey);
            opened = true;
        }
        self.changed(conversation_id);
        if opened {
            self.ask(conversation_id);
        }
    }

    /// Goes on with a survey whose question was answered just now.
    fn heard(&mut self, conversation_id: &str) {
        let answered = self.any_conversation(conversation_id).is_ok_and(|conversation| {
            let asks = conversation.questioning.as_ref().map(|it| &it.dialog_id);
            conversation.events.last().is_some_and(|last| {
                asks == Some(&last.dialog_id)
                    && last.originator.role == Role::Consumer
                    && last.is_content()
            })
        });
        if answered {
            self.ask(conversation_id);
        }
    }

    /// Asks the next question, or ends the survey after the last one.
    fn ask(&mut self, conversation_id: &str) {
        let timestamp = self.clock.millis();
        let Ok(conversation) = self.any_conversation(conversation_id) else { return };
        let Some(questioning) = &mut conversation.questioning else { return };
        let dialog_id = questioning.dialog_id.clone();
        match questioning.ask(timestamp) {
            // Its dialog is open: it was opened or answered just now.
            Some(question) => {
                let _ = conversation.publish(question);
                self.published(conversation_id);
            }
            None => {
                let _ = conversation.close_dialog(&dialog_id, BY_AGENT, "Completed");
                self.changed(conversation_id);
            }
        }
    }
}
