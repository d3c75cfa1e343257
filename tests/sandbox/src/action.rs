//! What an agent can do in a conversation.

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::account::Site;
use crate::event::Event;
use crate::refusal::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Join,
    /// An accept status, for these of the consumer's messages; None: for all that have none yet.
    Status {
        status: &'static str,
        sequences: Option<Vec<u64>>,
    },
    /// Begins to type, or stops.
    Type(bool),
    Say {
        text: String,
        quick_replies: Value,
    },
    Rich {
        content: Value,
        quick_replies: Value,
    },
    File {
        name: String,
        bytes: Bytes,
        caption: Value,
    },
    /// A text that the consumer must not see.
    Note(String),
    /// To this skill.
    Transfer(String),
    Close,
    Survey,
}

/// What is replaced by the consumer's last text.
const TEXT: &str = "{text}";

impl Action {
    /// With the consumer's last text put in.
    fn expanded(&self, last_text: &str) -> Action {
        match self.clone() {
            Action::Say { text, quick_replies } => {
                Action::Say { text: text.replace(TEXT, last_text), quick_replies }
            }
            Action::Note(text) => Action::Note(text.replace(TEXT, last_text)),
            other => other,
        }
    }

    /// Whether it ends the agent's typing.
    fn is_message(&self) -> bool {
        matches!(self, Action::Say { .. } | Action::Rich { .. } | Action::File { .. })
    }
}

impl Site {
    /// Does what was asked for in words that may speak of the consumer's last text.
    pub(crate) fn obey(
        &mut self,
        conversation_id: &str,
        action: &Action,
    ) -> Result<Value, Refusal> {
        let action = action.expanded(self.any_conversation(conversation_id)?.last_text());
        self.act(conversation_id, &action)
    }

    /// Does it, and gives back what there is to know of it.
    pub(crate) fn act(&mut self, conversation_id: &str, action: &Action) -> Result<Value, Refusal> {
        match action {
            Action::Join => {
                let agent = self.any_conversation(conversation_id)?.join()?;
                self.changed(conversation_id);
                Ok(json!({"agentId": agent.id}))
            }
            Action::Transfer(skill_id) => {
                self.any_conversation(conversation_id)?.transfer(skill_id)?;
                self.changed(conversation_id);
                Ok(json!({}))
            }
            Action::Close => {
                self.close_as_agent(conversation_id)?;
                Ok(json!({}))
            }
            Action::Survey => {
                let dialog_id = self.open_survey(conversation_id)?;
                Ok(json!({"dialogId": dialog_id}))
            }
            spoken => self.speak(conversation_id, spoken),
        }
    }

    /// Publishes what the agent says, who joins for it where there is none.
    fn speak(&mut self, conversation_id: &str, action: &Action) -> Result<Value, Refusal> {
        // What cannot be done must not have half an effect.
        self.any_conversation(conversation_id)?.current_dialog()?;
        let event = self.event(conversation_id, action)?;
        if self.any_conversation(conversation_id)?.agent().is_none() {
            self.act(conversation_id, &Action::Join)?;
        }
        let private = matches!(action, Action::Note(_));
        let number = self.publish_as_agent(conversation_id, event, private)?;
        let conversation = self.any_conversation(conversation_id)?;
        if let Action::Type(types) = action {
            conversation.agent_types = *types;
        } else if action.is_message() && conversation.agent_types {
            conversation.agent_types = false;
            self.publish_as_agent(conversation_id, chat_state(false), false)?;
        }
        Ok(number.map_or_else(|| json!({}), |number| json!({"sequence": number})))
    }

    /// What the agent publishes.
    fn event(&mut self, conversation_id: &str, action: &Action) -> Result<Value, Refusal> {
        let event = match action {
            Action::Status { status, sequences } => {
                let conversation = self.any_conversation(conversation_id)?;
                let sequences =
                    sequences.clone().unwrap_or_else(|| conversation.without_status(status));
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
            Action::Join | Action::Transfer(_) | Action::Close | Action::Survey => Value::Null,
        };
        Ok(event)
    }

    fn publish_as_agent(
        &mut self,
        conversation_id: &str,
        event: Value,
        private: bool,
    ) -> Result<Option<u64>, Refusal> {
        let timestamp = self.clock.millis();
        let conversation = self.any_conversation(conversation_id)?;
        let dialog_id = conversation.current_dialog()?.to_owned();
        let originator = conversation.agent().cloned().ok_or_else(|| {
            Refusal::invalid("No agent", format!("Conversation {conversation_id} has no agent"))
        })?;
        let number = conversation.publish(Event {
            originator,
            dialog_id,
            request_id: None,
            event,
            metadata: Value::Null,
            private,
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
