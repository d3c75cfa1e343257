//! A thread inside a conversation.

use serde_json::{Value, json};

use crate::participant::Participant;

#[derive(Clone)]
pub(crate) struct Dialog {
    pub(crate) id: String,
    kind: &'static str,
    pub(crate) open: bool,
    closed_cause: Option<String>,
    /// Who closed it: CONSUMER or AGENT.
    closed_by: Option<&'static str>,
    /// In milliseconds since 1970, as all times here. See [`Dialog::stamp`].
    created: Option<i64>,
    ended: Option<i64>,
}

impl Dialog {
    pub(crate) fn new(id: String, kind: &'static str) -> Dialog {
        Dialog {
            id,
            kind,
            open: true,
            closed_cause: None,
            closed_by: None,
            created: None,
            ended: None,
        }
    }

    pub(crate) fn close(&mut self, by: &'static str, cause: &str) {
        self.open = false;
        self.closed_by = Some(by);
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

    /// As a notification has it.
    pub(crate) fn details(&self, participants: &[Participant]) -> Value {
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
            "state": state(self.open),
            "creationTs": self.created,
            "metaDataLastUpdateTs": self.ended.or(self.created),
        });
        if !self.open {
            details["endTs"] = json!(self.ended);
            details["closedBy"] = json!(self.closed_by);
        }
        details
    }
}

/// The state of a dialog or a conversation.
pub(crate) fn state(open: bool) -> &'static str {
    if open { "OPEN" } else { "CLOSE" }
}
