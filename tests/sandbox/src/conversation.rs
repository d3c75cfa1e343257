//! A conversation: its participants, its dialogs, and what was said.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::Consumer;
use crate::dialog::{Dialog, state};
use crate::event::Event;
use crate::options::Sequence;
use crate::participant::{Participant, Role};
use crate::refusal::Refusal;

const BY_AGENT: &str = "AGENT";
const BY_CONSUMER: &str = "CONSUMER";

/// How many seconds the service gives an agent to answer, by the name of the ttr.
const TTR: [(&str, i64); 4] =
    [("URGENT", 300), ("NORMAL", 1800), ("PRIORITIZED", 600), ("CUSTOM", 1800)];

/// A conversation. It is open as long as one of its dialogs is.
#[derive(Clone)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    consumer: Participant,
    agent: Option<Participant>,
    /// Whether the consumer sees the agent typing.
    pub(crate) agent_types: bool,
    /// The body of ConsumerRequestConversation.
    request: Value,
    skill_id: Value,
    /// The header Client-Properties it was opened with, null without.
    client_properties: Value,
    dialogs: Vec<Dialog>,
    pub(crate) events: Vec<Event>,
    rating: Value,
    /// How often it was rated.
    pub(crate) ratings: usize,
    /// What the consumer closed: the id of the request, and the dialog; None: all of them.
    closings: HashSet<(String, Option<String>)>,
    /// How many requests with the same id took effect.
    request_ids: HashMap<String, u32>,
    /// Who closed the last dialog.
    close_reason: Option<&'static str>,
    /// In milliseconds since 1970, as all times here. See [`Conversation::stamp`].
    started: Option<i64>,
    updated: Option<i64>,
    ended: Option<i64>,
}

impl Conversation {
    pub(crate) fn open(
        consumer_id: String,
        request: Value,
        client_properties: Value,
    ) -> Conversation {
        let id = Uuid::new_v4().to_string();
        Conversation {
            dialogs: vec![Dialog::new(id.clone(), "MAIN")],
            id,
            consumer: Participant { id: consumer_id, role: Role::Consumer },
            agent: None,
            agent_types: false,
            skill_id: request["skillId"].clone(),
            request,
            client_properties,
            events: Vec::new(),
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
        self.dialogs.iter().any(|dialog| dialog.id == dialog_id)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.dialogs.iter().any(|dialog| dialog.open)
    }

    /// Whether its first dialog is open.
    pub(crate) fn main_is_open(&self) -> bool {
        self.dialogs.iter().any(|dialog| dialog.open && dialog.id == self.id)
    }

    fn check_open(&self) -> Result<(), Refusal> {
        if self.is_open() {
            return Ok(());
        }
        let details = format!("Conversation {} is closed", self.id);
        Err(Refusal::invalid("Conversation closed", details))
    }

    pub(crate) fn consumer(&self) -> &Participant {
        &self.consumer
    }

    pub(crate) fn agent(&self) -> Option<&Participant> {
        self.agent.as_ref()
    }

    /// Lets an agent join.
    pub(crate) fn join(&mut self) -> Result<Participant, Refusal> {
        self.check_open()?;
        if self.agent.is_some() {
            let details = format!("Conversation {} has an agent", self.id);
            return Err(Refusal::invalid("Agent assigned", details));
        }
        let agent = Participant { id: Uuid::new_v4().to_string(), role: Role::AssignedAgent };
        self.agent = Some(agent.clone());
        Ok(agent)
    }

    /// Hands the conversation to another skill: its agent leaves.
    pub(crate) fn transfer(&mut self, skill_id: &str) -> Result<(), Refusal> {
        self.check_open()?;
        self.skill_id = skill_id.into();
        self.agent = None;
        self.agent_types = false;
        Ok(())
    }

    /// The dialog an agent speaks in: the last one that is open.
    pub(crate) fn current_dialog(&self) -> Result<&str, Refusal> {
        self.check_open()?;
        let open = self.dialogs.iter().rev().find(|dialog| dialog.open);
        Ok(open.map_or(self.id.as_str(), |dialog| dialog.id.as_str()))
    }

    /// Adds an event to an open dialog.
    pub(crate) fn publish(&mut self, mut event: Event) -> Result<Option<u64>, Refusal> {
        self.open_dialog(&event.dialog_id)?;
        if event.event["type"] != "ChatStateEvent" {
            let numbered = self.events.iter().filter(|event| event.sequence.is_some()).count();
            event.sequence = Some(numbered as u64);
        }
        let sequence = event.sequence;
        self.events.push(event);
        Ok(sequence)
    }

    /// The consumer's content for which no agent has published this status.
    pub(crate) fn without_status(&self, status: &str) -> Vec<u64> {
        let noted: HashSet<u64> = self
            .events
            .iter()
            .filter(|event| event.originator.role == Role::AssignedAgent)
            .filter(|event| event.event["status"] == status)
            .filter_map(|event| event.event["sequenceList"].as_array())
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        self.events
            .iter()
            .filter(|event| event.originator.role == Role::Consumer && event.is_content())
            .filter_map(|event| event.sequence)
            .filter(|sequence| !noted.contains(sequence))
            .collect()
    }

    /// The consumer's last text; empty before the first.
    pub(crate) fn last_text(&self) -> &str {
        let mut events = self.events.iter().rev();
        events.find_map(Event::consumer_text).unwrap_or_default()
    }

    /// Closes the conversation, or one dialog, for its consumer. Sent again with the same id it
    /// took effect already.
    pub(crate) fn close_as_consumer(
        &mut self,
        request_id: &str,
        dialog_id: Option<&str>,
        cause: Option<&str>,
    ) -> Result<(), Refusal> {
        let closing = (request_id.to_owned(), dialog_id.map(str::to_owned));
        if self.closings.contains(&closing) {
            return Ok(());
        }
        let cause = cause.unwrap_or(BY_CONSUMER);
        match dialog_id {
            None => self.close(BY_CONSUMER, cause)?,
            Some(dialog_id) => self.close_dialog(dialog_id, BY_CONSUMER, cause)?,
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
        self.check_open()?;
        for dialog in self.dialogs.iter_mut().filter(|dialog| dialog.open) {
            dialog.close(by, cause);
        }
        self.close_reason = Some(by);
        Ok(())
    }

    /// Closes one dialog.
    fn close_dialog(
        &mut self,
        dialog_id: &str,
        by: &'static str,
        cause: &str,
    ) -> Result<(), Refusal> {
        self.open_dialog(dialog_id)?.close(by, cause);
        self.close_reason = Some(by);
        Ok(())
    }

    /// Ends the MAIN dialog and starts a survey.
    pub(crate) fn open_survey(&mut self) -> Result<String, Refusal> {
        let main = self.id.clone();
        self.close_dialog(&main, BY_AGENT, BY_AGENT)?;
        let id = Uuid::new_v4().to_string();
        self.dialogs.push(Dialog::new(id.clone(), "POST_SURVEY"));
        Ok(id)
    }

    /// Sets the rating. A closed conversation takes it too: consumers are asked for it at the end.
    pub(crate) fn rate(&mut self, rating: Value) {
        self.rating = rating;
        self.ratings += 1;
    }

    /// The body of the answer to a request that took effect; `number` is that of its event, if it
    /// has one.
    pub(crate) fn acknowledge(
        &mut self,
        request_id: &str,
        number: Option<u64>,
        sequence: Sequence,
    ) -> Value {
        let count = self.request_ids.entry(request_id.to_owned()).or_insert(0);
        let resent = if *count == 0 { 0 } else { 1 << (*count).min(30) };
        *count += 1;
        match (sequence, number) {
            (Sequence::Resend, _) => json!({"sequence": resent}),
            (Sequence::Event, Some(number)) => json!({"sequence": number}),
            (Sequence::Event, None) => json!({}),
        }
    }

    fn open_dialog(&mut self, dialog_id: &str) -> Result<&mut Dialog, Refusal> {
        self.check_open()?;
        let conversation_id = &self.id;
        let dialog =
            self.dialogs.iter_mut().find(|dialog| dialog.id == dialog_id).ok_or_else(|| {
                let details = format!("Conversation {conversation_id} has no dialog {dialog_id:?}");
                Refusal::invalid("Unknown dialog", details)
            })?;
        if !dialog.open {
            return Err(Refusal::invalid("Dialog closed", format!("Dialog {dialog_id} is closed")));
        }
        Ok(dialog)
    }

    /// Which dialogs are open: when it changes, the conversation has.
    pub(crate) fn open_dialogs(&self) -> Vec<bool> {
        self.dialogs.iter().map(|dialog| dialog.open).collect()
    }

    /// Notes the time of what happened since the last time.
    pub(crate) fn stamp(&mut self, now: i64) {
        self.started.get_or_insert(now);
        self.updated = Some(now);
        if !self.is_open() {
            self.ended.get_or_insert(now);
        }
        for dialog in &mut self.dialogs {
            dialog.stamp(now);
        }
    }

    /// The agent first, as in the service's samples.
    fn participants(&self) -> Vec<Participant> {
        self.agent.iter().chain([&self.consumer]).cloned().collect()
    }

    /// As tests see it.
    pub(crate) fn view(&self, consumers: &BTreeMap<String, Consumer>) -> Value {
        let consumer = consumers.get(&self.consumer.id);
        let participants: Vec<Value> = self.participants().iter().map(Participant::view).collect();
        let dialogs: Vec<Value> = self.dialogs.iter().map(Dialog::view).collect();
        let events: Vec<Value> = self.events.iter().map(Event::view).collect();
        json!({
            "id": self.id,
            "consumer": {
                "ext_consumer_id": consumer.map(|consumer| &consumer.ext_consumer_id),
                "lp_consumer_id": self.consumer.id,
                "profile": consumer.map(|consumer| &consumer.profile),
            },
            "participants": participants,
            "state": state(self.is_open()),
            "request": self.request,
            "ttr": self.request["ttrDefName"],
            "skillId": self.skill_id,
            "campaignInfo": self.request["campaignInfo"],
            "context": self.request["conversationContext"],
            "clientProperties": self.client_properties,
            "rating": self.rating,
            "dialogs": dialogs,
            "events": events,
        })
    }

    /// As a notification has it: complete.
    pub(crate) fn result(&self, brand_id: &str) -> Value {
        let participants = self.participants();
        let dialogs: Vec<Value> =
            self.dialogs.iter().map(|dialog| dialog.details(&participants)).collect();
        let ttr = self.request["ttrDefName"].as_str().unwrap_or("NORMAL");
        let seconds = TTR.iter().find(|(name, _)| *name == ttr).map_or(0, |(_, seconds)| *seconds);
        let participants: Vec<Value> = participants.iter().map(Participant::view).collect();
        let skill_id = match &self.skill_id {
            Value::Number(id) => id.to_string(),
            other => other.as_str().unwrap_or("-1").to_owned(),
        };
        let mut details = json!({
            "skillId": skill_id,
            "participants": participants,
            "dialogs": dialogs,
            "brandId": brand_id,
            "state": state(self.is_open()),
            "stage": state(self.is_open()),
            "startTs": self.started,
            "metaDataLastUpdateTs": self.updated,
            "ttr": {"ttrType": ttr, "value": seconds},
        });
        if !self.is_open() {
            details["closeReason"] = json!(self.close_reason);
            details["endTs"] = json!(self.ended);
        }
        json!({
            "convId": self.id,
            "effectiveTTR": self.started.map(|started| started.saturating_add(seconds * 1000)),
            "conversationDetails": details,
        })
    }
}
