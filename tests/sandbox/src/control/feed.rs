//! What is new in an account, told piece by piece to one who follows it: a follower that is slow
//! is told later, and nothing waits for it in memory.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::cloud::site::Site;
use crate::protocol::summary::beginning;
use crate::webhooks::delivery::Delivery;

/// How much is told at once, but for the piece that passes it.
const MOST_BYTES: usize = 256 * 1024;
/// How much of the past is told first: of the conversations those that changed last, of each its
/// last events, and the last deliveries.
const PAST: usize = 200;
/// How much of a notification's body is told.
const MOST_BODY: usize = 64 * 1024;

/// How far somebody knows an account.
pub(crate) struct Feed {
    /// The conversations of the past that are still to be told.
    past: VecDeque<String>,
    /// The last change of a conversation.
    conversations: u64,
    /// How many events of a conversation.
    events: HashMap<String, usize>,
    /// The last change of an exchange.
    exchanges: u64,
    deliveries: usize,
    state: Value,
}

impl Feed {
    pub(crate) fn new(site: &Site) -> Feed {
        // An earlier sandbox may have left some that have not changed in this one.
        let ids = site.conversations.iter().map(|conversation| &conversation.id);
        let mut past: Vec<_> = ids.map(|id| (site.changes.last(id), id.clone())).collect();
        past.sort_by_key(|(change, _)| *change);
        let past = past.split_off(past.len().saturating_sub(PAST));
        Feed {
            past: past.into_iter().map(|(_, id)| id).collect(),
            conversations: site.changes.count(),
            events: HashMap::new(),
            exchanges: 0,
            deliveries: site.outbox.deliveries().len().saturating_sub(PAST),
            state: Value::Null,
        }
    }

    /// What is new, as lines of a stream of events. Empty: nothing is.
    pub(crate) fn next(&mut self, site: &Site) -> String {
        let mut told = String::new();
        self.tell_state(site, &mut told);
        self.tell_conversations(site, &mut told);
        let mut changed: Vec<_> = site.exchanges.after(self.exchanges).collect();
        changed.sort_unstable_by_key(|exchange| exchange.revision);
        for exchange in changed {
            if is_full(&told) {
                return told;
            }
            tell(&mut told, "exchange", exchange.view());
            self.exchanges = exchange.revision;
        }
        for delivery in site.outbox.deliveries().iter().skip(self.deliveries) {
            if is_full(&told) {
                return told;
            }
            tell(&mut told, "delivery", &view(self.deliveries, delivery));
            self.deliveries += 1;
        }
        told
    }

    fn tell_state(&mut self, site: &Site, told: &mut String) {
        let waiting = site.traffic.waiting().filter(|(_, count)| *count > 0);
        let answers: Map<String, Value> =
            waiting.map(|(route, count)| (route.name().to_owned(), count.into())).collect();
        let state = json!({"pending": site.outbox.pending(), "answers": answers});
        if state != self.state {
            tell(told, "state", &state);
            self.state = state;
        }
    }

    fn tell_conversations(&mut self, site: &Site, told: &mut String) {
        while let Some(id) = self.past.front().cloned() {
            if !self.tell_conversation(site, &id, told) {
                return;
            }
            self.past.pop_front();
        }
        while let Some((change, id)) = site.changes.conversation_after(self.conversations) {
            if !self.tell_conversation(site, id, told) {
                return;
            }
            self.conversations = change;
        }
    }

    /// False: not all of it.
    fn tell_conversation(&mut self, site: &Site, id: &str, told: &mut String) -> bool {
        let Some(conversation) = site.conversations.iter().find(|it| it.id == id) else {
            return true;
        };
        if is_full(told) {
            return false;
        }
        let mut outline = conversation.outline(&site.consumers);
        outline["at"] = json!(conversation.started);
        tell(told, "conversation", &outline);
        let count = conversation.events.after(0).len();
        let known = self.events.entry(id.to_owned());
        let known = known.or_insert_with(|| count.saturating_sub(PAST));
        for event in conversation.events.after(*known) {
            if is_full(told) {
                return false;
            }
            let mut view = event.view();
            view["conversation"] = id.into();
            view["index"] = (*known).into();
            view["at"] = event.timestamp.into();
            tell(told, "event", &view);
            *known += 1;
        }
        true
    }
}

fn is_full(told: &str) -> bool {
    told.len() >= MOST_BYTES
}

/// Compact JSON has no line breaks.
fn tell(told: &mut String, name: &str, data: &Value) {
    told.push_str(&format!("event: {name}\ndata: {data}\n\n"));
}

fn view(index: usize, delivery: &Delivery) -> Value {
    let body = String::from_utf8_lossy(&delivery.body);
    json!({
        "index": index,
        "notification": delivery.notification,
        "attempt": delivery.attempt,
        "at": delivery.at,
        "millis": delivery.millis,
        "body": beginning(&body, MOST_BODY),
        "length": delivery.body.len(),
        "status": delivery.status,
        "failure": delivery.failure,
        "delivered": delivery.delivered(),
    })
}
