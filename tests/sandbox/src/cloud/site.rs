//! The service's side of an account: tokens, consumers, conversations, files, notifications.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::agents::agent::Agent;
use crate::base::clock::Clock;
use crate::base::key::{self, Key};
use crate::cloud::changes::Changes;
use crate::cloud::exchanges::Exchanges;
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
    /// Every AppJWT that was issued and not revoked.
    pub(crate) app_tokens: HashSet<String>,
    /// By lp_consumer_id.
    pub(crate) consumers: BTreeMap<String, Consumer>,
    /// In the order in which they were opened.
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) storage: Storage,
    pub(crate) traffic: Traffic,
    pub(crate) exchanges: Exchanges,
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
        token_lifetime: Duration,
        courier: UnboundedSender<Parcel>,
    ) -> Site {
        Site {
            outbox: Outbox::new(account.id.clone(), courier),
            account,
            token_lifetime,
            clock: Clock::default(),
            key: key::first(),
            app_tokens: HashSet::new(),
            consumers: BTreeMap::new(),
            conversations: Vec::new(),
            storage: Storage::new(),
            traffic: Traffic::default(),
            exchanges: Exchanges::default(),
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
        find(&mut self.conversations, id)
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
