//! What an agent does in a conversation, done.

use serde_json::{Value, json};

use crate::agents::action::{Act, Action};
use crate::cloud::site::Site;
use crate::model::event::Event;
use crate::protocol::refusal::Refusal;

impl Site {
    /// Closes a conversation as an agent would.
    pub(crate) fn close_as_agent(&mut self, conversation_id: &str) -> Result<(), Refusal> {
        self.any_conversation(conversation_id)?.close_as_agent()?;
        self.closed(conversation_id);
        Ok(())
    }

    /// Ends the MAIN dialog and opens one for a survey, in which nobody asks by itself. Gives back
    /// its dialog id.
    pub(crate) fn open_survey(&mut self, conversation_id: &str) -> Result<String, Refusal> {
        let dialog_id = self.any_conversation(conversation_id)?.open_survey()?;
        self.changed(conversation_id);
        Ok(dialog_id)
    }

    /// Does what was asked for in words that may speak of the consumer's last text.
    pub(crate) fn obey(&mut self, conversation_id: &str, act: &Act) -> Result<Value, Refusal> {
        let action =
            act.action.expanded(self.any_conversation(conversation_id)?.events.last_text());
        self.act(conversation_id, &Act { action, ..act.clone() })
    }

    /// Does it, and gives back what there is to know of it.
    pub(crate) fn act(&mut self, conversation_id: &str, act: &Act) -> Result<Value, Refusal> {
        let conversation = self.any_conversation(conversation_id)?;
        match &act.action {
            Action::Join => {
                let agent = conversation.join(act.role)?;
                self.changed(conversation_id);
                return Ok(json!({"agentId": agent.id}));
            }
            Action::Close => {
                self.close_as_agent(conversation_id)?;
                return Ok(json!({}));
            }
            Action::Survey => {
                let dialog_id = self.open_survey(conversation_id)?;
                return Ok(json!({"dialogId": dialog_id}));
            }
            Action::Transfer(skill_id) => conversation.transfer(skill_id)?,
            Action::Delay(delay) => conversation.delay = delay.clone(),
            Action::ManualEttr(time) => conversation.manual_ettr = time.clone(),
            _ => return self.speak(conversation_id, act),
        }
        self.changed(conversation_id);
        Ok(json!({}))
    }

    /// Publishes what the agent says, who joins for it where there is none.
    fn speak(&mut self, conversation_id: &str, act: &Act) -> Result<Value, Refusal> {
        // What cannot be done must not have half an effect.
        self.any_conversation(conversation_id)?.current_dialog()?;
        let event = self.event(conversation_id, &act.action)?;
        let staff = &self.any_conversation(conversation_id)?.staff;
        if staff.with_role(act.role).is_none() {
            self.act(conversation_id, &Act { action: Action::Join, ..act.clone() })?;
        }
        let number = self.publish_as_agent(conversation_id, act, event)?;
        let staff = &mut self.any_conversation(conversation_id)?.staff;
        if let Action::Type(types) = act.action {
            staff.set_typing(act.role, types);
        } else if act.action.is_message() && staff.types(act.role) {
            staff.set_typing(act.role, false);
            let stops = Act { action: Action::Type(false), role: act.role, metadata: Value::Null };
            self.publish_as_agent(conversation_id, &stops, chat_state(false))?;
        }
        Ok(number.map_or_else(|| json!({}), |number| json!({"sequence": number})))
    }

    /// What the agent publishes.
    fn event(&mut self, conversation_id: &str, action: &Action) -> Result<Value, Refusal> {
        let event = match action {
            Action::Status { status, sequences } => {
                let conversation = self.any_conversation(conversation_id)?;
                let dialog_id = conversation.current_dialog()?;
                let sequences = sequences
                    .clone()
                    .unwrap_or_else(|| conversation.events.without_status(dialog_id, status));
                if sequences.is_empty() {
                    let details = format!("The consumer sent nothing that has no {status} yet");
                    return Err(Refusal::invalid("Nothing to accept", details));
                }
                json!({"type": "AcceptStatusEvent", "status": status, "sequenceList": sequences})
            }
            Action::Type(types) => chat_state(*types),
            Action::Say { text, quick_replies } => {
                with_quick_replies(content("text/plain", text.as_str().into()), quick_replies)
            }
            Action::Note(text) => content("text/plain", text.as_str().into()),
            Action::Rich { content, quick_replies } => {
                let event = json!({"type": "RichContentEvent", "content": content});
                with_quick_replies(event, quick_replies)
            }
            Action::File { name, bytes, caption } => {
                let path = self.storage.put(&self.account.id, name, bytes.clone())?;
                let file_type = name.rsplit_once('.').map_or("", |(_, ending)| ending);
                let mut file =
                    json!({"relativePath": path, "fileType": file_type.to_ascii_uppercase()});
                if !caption.is_null() {
                    file["caption"] = caption.clone();
                }
                content("hosted/file", file)
            }
            // They publish nothing.
            Action::Join
            | Action::Transfer(_)
            | Action::Delay(_)
            | Action::ManualEttr(_)
            | Action::Close
            | Action::Survey => Value::Null,
        };
        Ok(event)
    }

    fn publish_as_agent(
        &mut self,
        conversation_id: &str,
        act: &Act,
        event: Value,
    ) -> Result<Option<u64>, Refusal> {
        let timestamp = self.clock.millis();
        let conversation = self.any_conversation(conversation_id)?;
        let dialog_id = conversation.current_dialog()?.to_owned();
        let originator = conversation.staff.with_role(act.role).cloned().ok_or_else(|| {
            let role = act.role.name();
            Refusal::invalid("No agent", format!("Conversation {conversation_id} has no {role}"))
        })?;
        let number = conversation.publish(Event {
            originator,
            dialog_id,
            request_id: None,
            event,
            metadata: act.metadata.clone(),
            private: matches!(act.action, Action::Note(_)),
            timestamp,
            sequence: None,
        })?;
        self.published(conversation_id);
        Ok(number)
    }
}

fn content(content_type: &str, message: Value) -> Value {
    json!({"type": "ContentEvent", "contentType": content_type, "message": message})
}

fn chat_state(types: bool) -> Value {
    let state = if types { "COMPOSING" } else { "ACTIVE" };
    json!({"type": "ChatStateEvent", "chatState": state})
}

fn with_quick_replies(mut event: Value, quick_replies: &Value) -> Value {
    if !quick_replies.is_null() {
        event["quickReplies"] = quick_replies.clone();
    }
    event
}
