//! What a consumer is asked after a conversation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::event::Event;
use crate::model::participant::{Participant, Role};

/// A survey: questions that are asked one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Survey {
    id: String,
    questions: Arc<[Question]>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    id: String,
    group_id: String,
    text: String,
    /// The id and the text of each answer to choose from.
    replies: Vec<(String, String)>,
}

impl Survey {
    /// Reads an array of questions, each `{"text":"…","quickReplies":["…"]}`, the latter optional.
    /// The error names the question that makes no sense.
    pub fn new(questions: &Value) -> Result<Survey, String> {
        let questions = questions
            .as_array()
            .filter(|questions| !questions.is_empty())
            .ok_or("a survey must be an array of at least one question")?;
        let parse = |(number, question): (usize, &Value)| {
            Question::parse(question).map_err(|reason| format!("question {}: {reason}", number + 1))
        };
        let questions = questions.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        // The service counts its surveys.
        let id = (Uuid::new_v4().as_u128() % 1_000_000_000).to_string();
        Ok(Survey { id, questions })
    }
}

impl Question {
    fn parse(question: &Value) -> Result<Question, String> {
        let members = question.as_object().ok_or_else(|| format!("{question} is no object"))?;
        if let Some(name) =
            members.keys().find(|name| !["text", "quickReplies"].contains(&name.as_str()))
        {
            return Err(format!("{name:?} is unknown; known are text, quickReplies"));
        }
        let text = question["text"].as_str().ok_or("text must be a string")?.to_owned();
        let replies = match &question["quickReplies"] {
            Value::Null => Some(Vec::new()),
            replies => replies.as_array().and_then(|replies| {
                let reply = |text: &Value| Some((new_id(), text.as_str()?.to_owned()));
                replies.iter().map(reply).collect()
            }),
        };
        let replies = replies.ok_or("quickReplies must be an array of strings")?;
        Ok(Question { id: new_id(), group_id: new_id(), text, replies })
    }

    fn event(&self) -> Value {
        let mut event =
            json!({"type": "ContentEvent", "contentType": "text/plain", "message": self.text});
        if !self.replies.is_empty() {
            let replies: Vec<Value> = self.replies.iter().map(|it| self.button(it)).collect();
            event["quickReplies"] =
                json!({"type": "quickReplies", "itemsPerRow": 8, "replies": replies});
        }
        event
    }

    /// A client sends the metadata back with the answer.
    fn button(&self, (id, text): &(String, String)) -> Value {
        json!({"type": "button", "title": text, "tooltip": text, "click": {
            "actions": [{"type": "publishText", "text": text}],
            "metadata":
                [{"type": "Answer", "id": id, "questionId": self.id, "provider": PROVIDER}],
        }})
    }

    fn metadata(&self, survey_id: &str) -> Value {
        let replies: Vec<&str> = self.replies.iter().map(|(id, _)| id.as_str()).collect();
        json!([{"type": "Question", "id": self.id, "groupId": self.group_id,
                "surveyId": survey_id, "provider": PROVIDER, "replies": replies}])
    }
}

/// What the service calls its surveys in metadata.
const PROVIDER: &str = "AC";

fn new_id() -> String {
    Uuid::new_v4().to_string()
}

/// A survey in one conversation, and how far it got.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Questioning {
    pub(crate) dialog_id: String,
    /// Who asks: not one of the staff.
    pub(crate) bot: Participant,
    /// Who watches over the dialog.
    pub(crate) controller: Participant,
    survey: Survey,
    asked: usize,
}

impl Questioning {
    /// A survey whose dialog was opened.
    pub(crate) fn new(survey: Survey, dialog_id: String) -> Questioning {
        let [bot, controller] = [Role::Agent, Role::Controller].map(Participant::new);
        Questioning { dialog_id, bot, controller, survey, asked: 0 }
    }

    /// The next question; None after the last one.
    pub(crate) fn ask(&mut self, timestamp: i64) -> Option<Event> {
        let question = self.survey.questions.get(self.asked)?;
        self.asked += 1;
        Some(Event {
            originator: self.bot.clone(),
            dialog_id: self.dialog_id.clone(),
            request_id: None,
            event: question.event(),
            metadata: question.metadata(&self.survey.id),
            private: false,
            timestamp,
            sequence: None,
        })
    }
}
