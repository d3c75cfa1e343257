//! A conversation: its participants, its dialogs, and what was said.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::options::Sequence;
use crate::model::dialogs::Dialogs;
use crate::model::event::Event;
use crate::model::events::Events;
use crate::model::participant::{Participant, Role};
use crate::model::staff::Staff;
use crate::model::survey::{Questioning, Survey};
use crate::model::ttr::Ttr;
use crate::protocol::refusal::Refusal;

pub(crate) const BY_AGENT: &str = "AGENT";
const BY_CONSUMER: &str = "CONSUMER";

/// What a consumer closes.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Closing {
    /// All that is open. Where MAIN was, a survey may follow.
    State,
    /// All that is open, and for good.
    Stage,
    /// The dialog of this id. After MAIN a survey may follow.
    Dialog(String),
}

/// A conversation. It is open as long as one of its dialogs is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    pub(crate) consumer: Participant,
    pub(crate) staff: Staff,
    /// The body of ConsumerRequestConversation.
    pub(crate) request: Value,
    pub(crate) skill_id: Value,
    /// The header Client-Properties it was opened with, null without.
    pub(crate) client_properties: Value,
    pub(crate) ttr: Ttr,
    /// What the service was told of its agents' absence; null where it was not.
    pub(crate) delay: Value,
    /// A time that an agent set by hand; null where none did.
    pub(crate) manual_ettr: Value,
    pub(crate) dialogs: Dialogs,
    pub(crate) events: Events,
    /// The survey that follows MAIN, where the account has one.
    pub(crate) questioning: Option<Questioning>,
    /// Whether no dialog may follow any more.
    sealed: bool,
    pub(crate) rating: Value,
    /// How often it was rated.
    pub(crate) ratings: usize,
    /// What the consumer closed, with the id of the request.
    closings: HashSet<(String, Closing)>,
    /// How many requests with the same id took effect.
    request_ids: HashMap<String, u32>,
    /// Who closed MAIN.
    pub(crate) close_reason: Option<Cow<'static, str>>,
    /// In milliseconds since 1970, as all times here. See [`Conversation::stamp`].
    pub(crate) started: Option<i64>,
    pub(crate) updated: Option<i64>,
    pub(crate) ended: Option<i64>,
}

impl Conversation {
    pub(crate) fn open(
        consumer_id: String,
        request: Value,
        client_properties: Value,
    ) -> Conversation {
        let id = Uuid::new_v4().to_string();
        Conversation {
            dialogs: Dialogs::new(id.clone()),
            id,
            consumer: Participant { id: consumer_id, role: Role::Consumer },
            staff: Staff::default(),
            skill_id: request["skillId"].clone(),
            ttr: Ttr { name: request["ttrDefName"].clone(), value: Value::Null },
            request,
            client_properties,
            delay: Value::Null,
            manual_ettr: Value::Null,
            events: Events::default(),
            questioning: None,
            sealed: false,
            rating: Value::Null,
            ratings: 0,
            closings: HashSet::new(),
            request_ids: HashMap::new(),
            close_reason: None,
            started: None,
            updated: None,
            ended: None,
        }
    }

    pub(crate) fn check_consumer(&self, consumer_id: &str) -> Result<(), Refusal> {
        if self.consumer.id == consumer_id {
            Ok(())
        } else {
            Err(Refusal::invalid_consumer_jws("The conversation belongs to another consumer"))
        }
    }

    pub(crate) fn has_dialog(&self, dialog_id: &str) -> bool {
        self.dialogs.has(dialog_id)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.dialogs.any_is_open()
    }

    /// Whether its first dialog is open.
    pub(crate) fn main_is_open(&self) -> bool {
        self.dialogs.main_is_open()
    }

    /// Lets somebody join who serves the consumer.
    pub(crate) fn join(&mut self, role: Role) -> Result<Participant, Refusal> {
        self.dialogs.check_open()?;
        if self.staff.with_role(role).is_some() {
            let details = format!("Conversation {} has its {}", self.id, role.name());
            return Err(Refusal::invalid("Agent assigned", details));
        }
        Ok(self.staff.join(role))
    }

    /// Hands the conversation to another skill: its agent leaves.
    pub(crate) fn transfer(&mut self, skill_id: &str) -> Result<(), Refusal> {
        self.dialogs.check_open()?;
        self.skill_id = skill_id.into();
        self.staff.leave(Role::AssignedAgent);
        Ok(())
    }

    /// Sets how urgent it is; `value` null: what is usual for the name.
    pub(crate) fn set_ttr(&mut self, name: Value, value: Value) -> Result<(), Refusal> {
        self.dialogs.check_open()?;
        self.ttr = Ttr { name, value };
        Ok(())
    }

    /// When the time is up in which an agent has to answer; -1 where nobody owes an answer: MAIN is
    /// closed, or the consumer said nothing since an agent did.
    pub(crate) fn effective_ttr(&self) -> i64 {
        let mut since = self.started.filter(|_| self.main_is_open());
        for event in self.events.said_in(&self.id) {
            since = match event.originator.role {
                Role::Consumer => since.or(Some(event.timestamp)),
                _ => None,
            };
        }
        since.filter(|_| self.main_is_open()).map_or(-1, |since| self.ttr.after(since))
    }

    /// The dialog an agent speaks in: the last one that is open, but for that of a bot.
    pub(crate) fn current_dialog(&self) -> Result<&str, Refusal> {
        let bot = self.questioning.as_ref().map(|questioning| questioning.dialog_id.as_str());
        self.dialogs.current(bot)
    }

    /// Adds an event to an open dialog.
    pub(crate) fn publish(&mut self, event: Event) -> Result<Option<u64>, Refusal> {
        self.dialogs.find_open(&event.dialog_id)?;
        Ok(self.events.add(event))
    }

    /// Closes what the consumer wants closed. Sent again with the same id it took effect already.
    pub(crate) fn close_as_consumer(
        &mut self,
        request_id: &str,
        closing: Closing,
        cause: Option<&str>,
    ) -> Result<(), Refusal> {
        let closing = (request_id.to_owned(), closing);
        if self.closings.contains(&closing) {
            return Ok(());
        }
        let cause = cause.unwrap_or(BY_CONSUMER);
        match &closing.1 {
            Closing::State => self.close(BY_CONSUMER, cause)?,
            Closing::Stage => {
                self.close(BY_CONSUMER, cause)?;
                self.sealed = true;
            }
            Closing::Dialog(dialog_id) => self.close_dialog(dialog_id, BY_CONSUMER, cause)?,
        }
        self.closings.insert(closing);
        Ok(())
    }

    /// Closes the conversation as an agent would.
    pub(crate) fn close_as_agent(&mut self) -> Result<(), Refusal> {
        self.close(BY_AGENT, BY_AGENT)
    }

    /// Closes the conversation with all its dialogs.
    fn close(&mut self, by: &'static str, cause: &str) -> Result<(), Refusal> {
        self.dialogs.close(by, cause)?;
        // MAIN is the first to be closed: what follows it leaves the reason as it is.
        self.close_reason.get_or_insert(by.into());
        Ok(())
    }

    /// Closes one dialog.
    pub(crate) fn close_dialog(
        &mut self,
        dialog_id: &str,
        by: &'static str,
        cause: &str,
    ) -> Result<(), Refusal> {
        self.dialogs.find_open(dialog_id)?.close(by, cause);
        self.close_reason.get_or_insert(by.into());
        Ok(())
    }

    /// Ends the MAIN dialog and opens that of a survey.
    pub(crate) fn open_survey(&mut self) -> Result<String, Refusal> {
        let main = self.id.clone();
        self.close_dialog(&main, BY_AGENT, BY_AGENT)?;
        Ok(self.dialogs.add_survey(None))
    }

    /// Opens the dialog of a survey, in which a bot asks.
    pub(crate) fn begin_survey(&mut self, survey: Survey) {
        // The bot is an app of its own.
        let dialog_id = self.dialogs.add_survey(Some(Uuid::new_v4().to_string()));
        self.questioning = Some(Questioning::new(survey, dialog_id));
    }

    /// Whether a survey may follow: only MAIN was there, it is over, and the client knows of
    /// several dialogs.
    pub(crate) fn takes_survey(&self) -> bool {
        // A public client writes its properties into the context, and counts on surveys.
        let context = &self.request["conversationContext"]["clientProperties"];
        let offered = [&self.client_properties, context].into_iter().any(|properties| {
            match &properties["features"] {
                Value::Array(features) => features.iter().any(|feature| feature == "MULTI_DIALOG"),
                feature => feature == "MULTI_DIALOG",
            }
        });
        offered && !self.sealed && self.dialogs.is_main_alone() && !self.main_is_open()
    }

    /// Sets the rating. A closed conversation takes it too: consumers are asked for it at the end.
    pub(crate) fn rate(&mut self, rating: Value) {
        self.rating = rating;
        self.ratings += 1;
    }

    /// The body of the answer to an event that was published; a chat state has no number.
    pub(crate) fn acknowledge(
        &mut self,
        request_id: &str,
        number: Option<u64>,
        sequence: Sequence,
    ) -> Value {
        let Some(number) = number else { return json!({}) };
        let count = self.request_ids.entry(request_id.to_owned()).or_insert(0);
        let resent = if *count == 0 { 0 } else { 1 << (*count).min(30) };
        *count += 1;
        match sequence {
            Sequence::Resend => json!({"sequence": resent}),
            Sequence::Event => json!({"sequence": number}),
        }
    }

    /// Notes the time of what happened since the last time.
    pub(crate) fn stamp(&mut self, now: i64) {
        self.started.get_or_insert(now);
        self.updated = Some(now);
        if !self.is_open() {
            self.ended.get_or_insert(now);
        }
        self.dialogs.stamp(now);
    }
}
