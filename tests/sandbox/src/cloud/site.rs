//! The service's side of an account: tokens, consumers, conversations, files, notifications.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::agents::agent::Agent;
use crate::agents::attendance::Attendance;
use crate::base::clock::Clock;
use crate::base::key::Key;
use crate::base::noted::Noted;
use crate::cloud::changes::Changes;
use crate::cloud::exchanges::Exchanges;
use crate::cloud::rate_limits::Meter;
use crate::cloud::storage::Storage;
use crate::cloud::traffic::Traffic;
use crate::model::account::Account;
use crate::model::consumer::Consumer;
use crate::model::conversation::Conversation;
use crate::model::survey::Survey;
use crate::protocol::refusal::Refusal;
use crate::webhooks::outbox::{Outbox, Parcel};

/// All that an account holds.
pub(crate) struct Site {
    pub(crate) account: Account,
    pub(crate) token_lifetime: Duration,
    pub(crate) clock: Clock,
    /// Signs the tokens to come.
    pub(crate) key: &'static Key,
    /// Whether that is the second one.
    pub(crate) rotated: bool,
    /// Its place among the accounts that an earlier sandbox left.
    pub(crate) number: usize,
    /// What was written down of it last.
    pub(crate) written: Vec<u8>,
    /// Every AppJWT that was issued and not revoked.
    pub(crate) app_tokens: Noted<String, ()>,
    /// By lp_consumer_id.
    pub(crate) consumers: Noted<String, Consumer>,
    /// In the order in which they were opened.
    pub(crate) conversations: Vec<Conversation>,
    /// Which of them may have changed since they were written down.
    pub(crate) changed: BTreeSet<String>,
    /// The agents who accompany them.
    pub(crate) attendances: Noted<String, Attendance>,
    pub(crate) storage: Storage,
    pub(crate) traffic: Traffic,
    pub(crate) exchanges: Exchanges,
    pub(crate) meter: Meter,
    pub(crate) outbox: Outbox,
    /// Answers in the conversations to come.
    pub(crate) agent: Option<Agent>,
    /// Follows the conversations whose client takes one.
    pub(crate) survey: Option<Survey>,
    /// Tells whoever waits that something happened in a conversation.
    pub(crate) news: watch::Sender<()>,
    pub(crate) changes: Changes,
}

impl Site {
    pub(crate) fn new(
        account: Account,
        key: &'static Key,
        token_lifetime: Duration,
        courier: UnboundedSender<Parcel>,
    ) -> Site {
        Site {
            outbox: Outbox::new(account.id.clone(), courier),
            account,
            token_lifetime,
            clock: Clock::default(),
            key,
            rotated: false,
            number: usize::MAX,
            written: Vec::new(),
            app_tokens: Noted::default(),
            consumers: Noted::default(),
            conversations: Vec::new(),
            changed: BTreeSet::new(),
            attendances: Noted::default(),
            storage: Storage::new(),
            traffic: Traffic::default(),
            exchanges: Exchanges::default(),
            meter: Meter::default(),
            agent: None,
            survey: None,
            news: watch::Sender::default(),
            changes: Changes::default(),
        }
    }

    /// The conversation, if it exists and is this consumer's.
    pub(crate) fn conversation(
        &mut self,
        id: &str,
        consumer_id: &str,
    ) -> Result<&mut Conversation, Refusal> {
        let conversation = self.any_conversation(id)?;
        conversation.check_consumer(consumer_id)?;
        Ok(conversation)
    }

    /// The conversation, whoever's it is.
    pub(crate) fn any_conversation(&mut self, id: &str) -> Result<&mut Conversation, Refusal> {
        let found = find(&mut self.conversations, id)?;
        self.changed.insert(found.id.clone());
        Ok(found)
    }

    /// The same, to be looked at.
    pub(crate) fn see_conversation(&self, id: &str) -> Option<&Conversation> {
        self.conversations.iter().find(|conversation| conversation.id == id)
    }

    /// The conversation that holds this dialog, if it exists and is this consumer's.
    pub(crate) fn conversation_of_dialog(
        &mut self,
        dialog_id: &str,
        consumer_id: &str,
    ) -> Result<&mut Conversation, Refusal> {
        let conversation = self
            .conversations
            .iter_mut()
            .find(|conversation| conversation.has_dialog(dialog_id))
            .ok_or_else(|| {
                Refusal::invalid("Unknown dialog", format!("There is no dialog {dialog_id:?}"))
            })?;
        conversation.check_consumer(consumer_id)?;
        self.changed.insert(conversation.id.clone());
        Ok(conversation)
    }

    /// All conversations, in full.
    pub(crate) fn view(&self) -> Vec<Value> {
        self.conversations.iter().map(|conversation| conversation.view(&self.consumers)).collect()
    }
}

pub(crate) fn find<'a>(
    conversations: &'a mut [Conversation],
    id: &str,
) -> Result<&'a mut Conversation, Refusal> {
    conversations.iter_mut().find(|conversation| conversation.id == id).ok_or_else(|| {
        Refusal::invalid("Unknown conversation", format!("There is no conversation {id:?}"))
    })
}
