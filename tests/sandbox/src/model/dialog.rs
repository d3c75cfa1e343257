//! A thread inside a conversation.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::participant::Participant;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Dialog {
    pub(crate) id: String,
    kind: Cow<'static, str>,
    pub(crate) open: bool,
    /// The app behind it; None: the connector.
    app_install_id: Option<String>,
    closed_cause: Option<String>,
    /// Who closed it: CONSUMER or AGENT.
    closed_by: Option<Cow<'static, str>>,
    /// In milliseconds since 1970, as all times here. See [`Dialog::stamp`].
    created: Option<i64>,
    ended: Option<i64>,
}

impl Dialog {
    /// The first dialog of a conversation, which has its id.
    pub(crate) fn main(conversation_id: String) -> Dialog {
        Dialog::new(conversation_id, "MAIN", None)
    }

    /// A survey, of this app.
    pub(crate) fn survey(app_install_id: Option<String>) -> Dialog {
        Dialog::new(survey_id(), "POST_SURVEY", app_install_id)
    }

    fn new(id: String, kind: &'static str, app_install_id: Option<String>) -> Dialog {
        Dialog {
            id,
            kind: kind.into(),
            open: true,
            app_install_id,
            closed_cause: None,
            closed_by: None,
            created: None,
            ended: None,
        }
    }

    pub(crate) fn close(&mut self, by: &'static str, cause: &str) {
        self.open = false;
        self.closed_by = Some(by.into());
        self.closed_cause = Some(cause.to_owned());
    }

    /// Notes the time of what happened since the last time.
    pub(crate) fn stamp(&mut self, now: i64) {
        self.created.get_or_insert(now);
        if !self.open {
            self.ended.get_or_insert(now);
        }
    }

    /// As tests see it.
    pub(crate) fn view(&self) -> Value {
        json!({
            "dialogId": self.id,
            "dialogType": self.kind,
            "state": state(self.open),
            "closedCause": self.closed_cause,
        })
    }

    /// As a notification has it; the connector is known by `client_id`.
    pub(crate) fn details(&self, client_id: &str, participants: &[Participant]) -> Value {
        let participants: Vec<Value> = participants
            .iter()
            .map(|participant| {
                let mut details = participant.view();
                details["state"] = "ACTIVE".into();
                details
            })
            .collect();
        let mut details = json!({
            "dialogId": self.id,
            "participantsDetails": participants,
            "dialogType": self.kind,
            "channelType": "MESSAGING",
            "metaData": {"appInstallId": self.app_install_id.as_deref().unwrap_or(client_id)},
            "state": state(self.open),
            "creationTs": self.created,
            "metaDataLastUpdateTs": self.ended.or(self.created),
        });
        if !self.open {
            details["endTs"] = json!(self.ended);
            details["closedBy"] = json!(self.closed_by);
            details["closedCause"] = json!(self.closed_cause);
        }
        details
    }
}

/// As the service makes them: 22 characters, and no UUID.
fn survey_id() -> String {
    let id = URL_SAFE_NO_PAD.encode(Uuid::new_v4());
    // A program that gets it as an argument would take it for an option.
    if id.starts_with('-') { survey_id() } else { id }
}

/// The state of a dialog or a conversation.
pub(crate) fn state(open: bool) -> &'static str {
    if open { "OPEN" } else { "CLOSE" }
}
