//! A conversation as others see it: tests, and who is notified.

use serde_json::{Map, Value, json};

use crate::base::noted::Noted;
use crate::model::account::Account;
use crate::model::consumer::Consumer;
use crate::model::conversation::Conversation;
use crate::model::dialog::{Dialog, state};
use crate::model::event::Event;
use crate::model::participant::Participant;

impl Conversation {
    fn participants(&self) -> Vec<Participant> {
        let mut participants = self.staff.and(&self.consumer);
        if let Some(questioning) = &self.questioning {
            participants.push(questioning.bot.clone());
            participants.extend(self.staff.reader());
            participants.push(questioning.controller.clone());
        }
        participants
    }

    /// Those who take part in one of its dialogs.
    fn participants_of(&self, dialog: &Dialog) -> Vec<Participant> {
        match &self.questioning {
            Some(questioning) if questioning.dialog_id == dialog.id => {
                let both = [self.consumer.clone(), questioning.bot.clone()];
                both.into_iter().chain(self.staff.reader()).collect()
            }
            _ => self.staff.and(&self.consumer),
        }
    }

    /// As tests see it.
    pub(crate) fn view(&self, consumers: &Noted<String, Consumer>) -> Value {
        let mut view = self.outline(consumers);
        view["events"] = self.events.iter().map(Event::view).collect();
        view
    }

    /// All but what was said.
    pub(crate) fn outline(&self, consumers: &Noted<String, Consumer>) -> Value {
        let consumer = consumers.get(&self.consumer.id);
        let participants: Vec<Value> = self.participants().iter().map(Participant::view).collect();
        let dialogs: Vec<Value> = self.dialogs.iter().map(Dialog::view).collect();
        json!({
            "id": self.id,
            "consumer": {
                "ext_consumer_id": consumer.map(|consumer| &consumer.ext_consumer_id),
                "lp_consumer_id": self.consumer.id,
                "profile": consumer.map(|consumer| &consumer.profile),
            },
            "participants": participants,
            "state": state(self.main_is_open()),
            "stage": state(self.is_open()),
            "request": self.request,
            "ttr": self.ttr.name,
            "ttrValue": self.ttr.value,
            "skillId": self.skill_id,
            "campaignInfo": self.request["campaignInfo"],
            "context": self.request["conversationContext"],
            "clientProperties": self.client_properties,
            "rating": self.rating,
            "delay": self.delay,
            "manualETTR": self.manual_ettr,
            "dialogs": dialogs,
        })
    }

    /// As a notification has it: complete.
    pub(crate) fn details(&self, account: &Account) -> Value {
        let dialogs: Vec<Value> = self
            .dialogs
            .iter()
            .map(|dialog| dialog.details(&account.client_id, &self.participants_of(dialog)))
            .collect();
        let participants: Vec<Value> = self.participants().iter().map(Participant::view).collect();
        let skill_id = match &self.skill_id {
            Value::String(skill_id) => skill_id.clone(),
            Value::Number(skill_id) => skill_id.to_string(),
            _ => "-1".to_owned(),
        };
        let mut details = json!({
            "skillId": skill_id,
            "participants": participants,
            "dialogs": dialogs,
            "brandId": account.id,
            "state": state(self.main_is_open()),
            "stage": state(self.is_open()),
            "startTs": self.started,
            "metaDataLastUpdateTs": self.updated,
            "ttr": self.ttr.details(),
            "conversationHandlerDetails": {"accountId": account.id, "skillId": skill_id},
        });
        let optional = [
            ("closeReason", json!(self.close_reason)),
            ("endTs", json!(self.ended)),
            ("csat", self.csat()),
            ("delay", self.delay.clone()),
            ("manualETTR", self.manual_ettr.clone()),
            ("campaignInfo", self.request["campaignInfo"].clone()),
            ("context", self.context()),
        ];
        for (name, value) in optional {
            if !value.is_null() {
                details[name] = value;
            }
        }
        details
    }

    /// The last rating; null before the first.
    fn csat(&self) -> Value {
        let Value::Object(rating) = &self.rating else { return Value::Null };
        let csat: Map<String, Value> = ["csatRate", "csatResolutionConfirmation", "status"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), rating.get(name)?.clone())))
            .filter(|(_, value)| !value.is_null())
            .collect();
        csat.into()
    }

    /// The context it was opened with; the service puts the client's properties into it.
    fn context(&self) -> Value {
        let mut context = self.request["conversationContext"].clone();
        let known = context["clientProperties"].is_object() || !self.client_properties.is_object();
        if context.is_object() && !known {
            context["clientProperties"] = self.client_properties.clone();
        }
        context
    }
}
