//! An account and all it holds: tokens, consumers, conversations, and what the test asked for.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::clock::Clock;
use crate::key::{self, Key};
use crate::options::Sequence;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::route::Route;
use crate::storage::Storage;

const CLOSED_BY_AGENT: &str = "AGENT";

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
}

impl Site {
    pub(crate) fn new(account: Account, token_lifetime: Duration) -> Site {
        Site {
            account,
            token_lifetime,
            clock: Clock::default(),
            key: key::first(),
            app_tokens: HashSet::new(),
            consumers: BTreeMap::new(),
            conversations: Vec::new(),
            storage: Storage::new(),
            traffic: Traffic::default(),
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

    fn any_conversation(&mut self, id: &str) -> Result<&mut Conversation, Refusal> {
        self.conversations.iter_mut().find(|conversation| conversation.id == id).ok_or_else(|| {
            Refusal::invalid("Unknown conversation", format!("There is no conversation {id:?}"))
        })
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
            .find(|conversation| conversation.dialogs.iter().any(|dialog| dialog.id == dialog_id))
            .ok_or_else(|| {
                Refusal::invalid("Unknown dialog", format!("There is no dialog {dialog_id:?}"))
            })?;
        conversation.check_consumer(consumer_id)?;
        Ok(conversation)
    }

    /// Closes a conversation as an agent would.
    pub(crate) fn close_as_agent(&mut self, conversation_id: &str) -> Result<(), Refusal> {
        self.any_conversation(conversation_id)?.close(CLOSED_BY_AGENT)
    }

    /// Ends the MAIN dialog and starts a survey, as the service does when an agent closes. Gives
    /// back its dialog id.
    pub(crate) fn open_survey(&mut self, conversation_id: &str) -> Result<String, Refusal> {
        self.any_conversation(conversation_id)?.open_survey()
    }

    /// All conversations, in full.
    pub(crate) fn view(&self) -> Vec<Value> {
        self.conversations.iter().map(|conversation| conversation.view(&self.consumers)).collect()
    }
}

/// A consumer, known since it got a ConsumerJWS.
pub(crate) struct Consumer {
    pub(crate) ext_consumer_id: String,
    /// The body of the last SetUserProfile, null before the first.
    pub(crate) profile: Value,
}

/// A conversation. It is open as long as one of its dialogs is.
#[derive(Clone)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    consumer_id: String,
    /// The body of ConsumerRequestConversation.
    request: Value,
    /// The header Client-Properties it was opened with, null without.
    client_properties: Value,
    dialogs: Vec<Dialog>,
    events: Vec<Event>,
    rating: Value,
    /// What the consumer closed: the id of the request, and the dialog; None: all of them.
    closings: HashSet<(String, Option<String>)>,
    /// How many requests with the same id took effect.
    request_ids: HashMap<String, u32>,
}

#[derive(Clone)]
struct Dialog {
    id: String,
    kind: &'static str,
    open: bool,
    closed_cause: Option<String>,
}

/// An event that was published into a dialog.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) dialog_id: String,
    pub(crate) request_id: String,
    pub(crate) event: Value,
    pub(crate) metadata: Value,
    /// Chat states are not numbered.
    sequence: Option<u64>,
}

impl Event {
    pub(crate) fn new(
        dialog_id: String,
        request_id: String,
        event: Value,
        metadata: Value,
    ) -> Event {
        Event { dialog_id, request_id, event, metadata, sequence: None }
    }
}

impl Conversation {
    pub(crate) fn open(
        consumer_id: String,
        request: Value,
        client_properties: Value,
    ) -> Conversation {
        let id = Uuid::new_v4().to_string();
        let main = Dialog { id: id.clone(), kind: "MAIN", open: true, closed_cause: None };
        Conversation {
            id,
            consumer_id,
            request,
            client_properties,
            dialogs: vec![main],
            events: Vec::new(),
            rating: Value::Null,
            closings: HashSet::new(),
            request_ids: HashMap::new(),
        }
    }

    fn check_consumer(&self, consumer_id: &str) -> Result<(), Refusal> {
        if self.consumer_id == consumer_id {
            Ok(())
        } else {
            Err(Refusal::invalid_consumer_jws("The conversation belongs to another consumer"))
        }
    }

    fn is_open(&self) -> bool {
        self.dialogs.iter().any(|dialog| dialog.open)
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

    /// Closes the conversation, or one dialog, for its consumer. Sent again with the same id it
    /// took effect already.
    pub(crate) fn close_as_consumer(
        &mut self,
        request_id: &str,
        dialog_id: Option<&str>,
        cause: &str,
    ) -> Result<(), Refusal> {
        let closing = (request_id.to_owned(), dialog_id.map(str::to_owned));
        if self.closings.contains(&closing) {
            return Ok(());
        }
        match dialog_id {
            None => self.close(cause)?,
            Some(dialog_id) => self.close_dialog(dialog_id, cause)?,
        }
        self.closings.insert(closing);
        Ok(())
    }

    /// Closes the conversation with all its dialogs.
    fn close(&mut self, cause: &str) -> Result<(), Refusal> {
        if !self.is_open() {
            return Err(Refusal::invalid(
                "Conversation closed",
                format!("Conversation {} is closed", self.id),
            ));
        }
        for dialog in self.dialogs.iter_mut().filter(|dialog| dialog.open) {
            dialog.close(cause);
        }
        Ok(())
    }

    /// Closes one dialog.
    fn close_dialog(&mut self, dialog_id: &str, cause: &str) -> Result<(), Refusal> {
        self.open_dialog(dialog_id)?.close(cause);
        Ok(())
    }

    fn open_survey(&mut self) -> Result<String, Refusal> {
        let main = self.id.clone();
        self.close_dialog(&main, CLOSED_BY_AGENT)?;
        let id = Uuid::new_v4().to_string();
        self.dialogs.push(Dialog {
            id: id.clone(),
            kind: "POST_SURVEY",
            open: true,
            closed_cause: None,
        });
        Ok(id)
    }

    /// Sets the rating. A closed conversation takes it too: consumers are asked for it at the end.
    pub(crate) fn rate(&mut self, rating: Value) {
        self.rating = rating;
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
        if !self.is_open() {
            return Err(Refusal::invalid(
                "Conversation closed",
                format!("Conversation {} is closed", self.id),
            ));
        }
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

    fn view(&self, consumers: &BTreeMap<String, Consumer>) -> Value {
        let consumer = consumers.get(&self.consumer_id);
        let dialogs: Vec<Value> = self
            .dialogs
            .iter()
            .map(|dialog| {
                json!({
                    "dialogId": dialog.id,
                    "dialogType": dialog.kind,
                    "state": state(dialog.open),
                    "closedCause": dialog.closed_cause,
                })
            })
            .collect();
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|event| {
                json!({
                    "sequence": event.sequence,
                    "dialogId": event.dialog_id,
                    "requestId": event.request_id,
                    "event": event.event,
                    "metadata": event.metadata,
                })
            })
            .collect();
        json!({
            "id": self.id,
            "consumer": {
                "ext_consumer_id": consumer.map(|consumer| &consumer.ext_consumer_id),
                "lp_consumer_id": self.consumer_id,
                "profile": consumer.map(|consumer| &consumer.profile),
            },
            "state": state(self.is_open()),
            "request": self.request,
            "ttr": self.request["ttrDefName"],
            "skillId": self.request["skillId"],
            "campaignInfo": self.request["campaignInfo"],
            "context": self.request["conversationContext"],
            "clientProperties": self.client_properties,
            "rating": self.rating,
            "dialogs": dialogs,
            "events": events,
        })
    }
}

impl Dialog {
    fn close(&mut self, cause: &str) {
        self.open = false;
        self.closed_cause = Some(cause.to_owned());
    }
}

fn state(open: bool) -> &'static str {
    if open { "OPEN" } else { "CLOSE" }
}
