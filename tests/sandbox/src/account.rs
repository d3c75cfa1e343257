//! An account and all it holds: tokens, consumers, conversations, and what the test asked for.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::agent::Agent;
use crate::answer::Answer;
use crate::clock::Clock;
use crate::conversation::Conversation;
use crate::event_type::EventType;
use crate::key::{self, Key};
use crate::notification;
use crate::outbox::{Outbox, Parcel};
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Route;
use crate::storage::Storage;
use crate::survey::Survey;

/// An account with its registered connector.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The account (brand) id: letters and digits.
    pub id: String,
    /// The id of the app install, a UUID.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Account {
    /// An account for [`crate::Sandbox::add_account`].
    pub fn new(
        id: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Account {
        Account { id: id.into(), client_id: client_id.into(), client_secret: client_secret.into() }
    }
}

/// Hides the secret.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .field("client_secret", &"…")
            .finish()
    }
}

/// What was asked of one account, and what the test wants answered.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) requests: Vec<Request>,
    pub(crate) answers: HashMap<Route, VecDeque<Answer>>,
}

impl Traffic {
    pub(crate) fn queue(&mut self, route: Route, answer: Answer) {
        self.answers.entry(route).or_default().push_back(answer);
    }

    pub(crate) fn take(&mut self, route: Route) -> Option<Answer> {
        self.answers.get_mut(&route)?.pop_front()
    }
}

/// The service's side of an account.
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
    pub(crate) outbox: Outbox,
    /// Answers in the conversations to come.
    pub(crate) agent: Option<Agent>,
    /// Follows the conversations whose client takes one.
    pub(crate) survey: Option<Survey>,
    /// Tells whoever waits that something happened in a conversation.
    pub(crate) news: watch::Sender<()>,
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
            agent: None,
            survey: None,
            news: watch::Sender::default(),
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

    /// Tells everybody that the state of a conversation changed.
    pub(crate) fn changed(&mut self, conversation_id: &str) {
        let now = self.clock.millis();
        if let Ok(conversation) = find(&mut self.conversations, conversation_id) {
            conversation.stamp(now);
            let kind = Some(EventType::ConversationChange);
            if self.outbox.webhook(kind).is_some() {
                let told = notification::conversation(&self.account, conversation, now);
                self.outbox.post(conversation_id, kind, told.to_string().into());
            }
        }
        self.news.send_replace(());
    }

    /// Tells everybody of the last event of a conversation.
    pub(crate) fn published(&mut self, conversation_id: &str) {
        if let Ok(conversation) = find(&mut self.conversations, conversation_id)
            && let Some(event) = conversation.events.last()
            && let kind = EventType::of_event(&event.event)
            && let Some(webhook) = self.outbox.webhook(kind)
        {
            let bare = webhook.bare_dialogs && event.dialog_id != conversation_id;
            let told = notification::event((!bare).then_some(conversation_id), event);
            self.outbox.post(conversation_id, kind, told.to_string().into());
        }
        self.news.send_replace(());
        self.heard(conversation_id);
    }

    /// Sends any body as a notification. False: it has no webhook.
    pub(crate) fn notify(&mut self, body: Bytes) -> bool {
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        let subject = notification::subject(&told).unwrap_or_default();
        // A dialog's place is behind its conversation.
        let lane = self.conversations.iter().find(|conversation| conversation.has_dialog(subject));
        let lane = lane.map_or(subject, |conversation| &conversation.id);
        self.outbox.post(lane, EventType::of(&told), body)
    }

    /// All conversations, in full.
    pub(crate) fn view(&self) -> Vec<Value> {
        self.conversations.iter().map(|conversation| conversation.view(&self.consumers)).collect()
    }
}

fn find<'a>(
    conversations: &'a mut [Conversation],
    id: &str,
) -> Result<&'a mut Conversation, Refusal> {
    conversations.iter_mut().find(|conversation| conversation.id == id).ok_or_else(|| {
        Refusal::invalid("Unknown conversation", format!("There is no conversation {id:?}"))
    })
}

/// A consumer, known since it got a ConsumerJWS.
pub(crate) struct Consumer {
    pub(crate) ext_consumer_id: String,
    /// The body of the last SetUserProfile that was not empty, null before the first.
    pub(crate) profile: Value,
}
