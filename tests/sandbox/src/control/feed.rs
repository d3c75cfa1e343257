//! What is new in an account, told piece by piece to one who follows it: a follower that is slow
//! is told later, and nothing waits for it in memory.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::cloud::site::Site;
use crate::model::conversation::Conversation;
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
        let mut revisions: Vec<u64> = site.conversations.iter().map(|it| it.revision).collect();
        revisions.sort_unstable_by_key(|revision| u64::MAX - revision);
        Feed {
            conversations: revisions.get(PAST).copied().unwrap_or_default(),
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
        let conversations = site.conversations.iter();
        let mut changed: Vec<&Conversation> =
            conversations.filter(|it| it.revision > self.conversations).collect();
        changed.sort_unstable_by_key(|conversation| conversation.revision);
        for conversation in changed {
            if is_full(told) {
                return;
            }
            let mut outline = conversation.outline(&site.consumers);
            outline["at"] = json!(conversation.started);
            tell(told, "conversation", &outline);
            let events = conversation.events.after(0);
            let known = self
                .events
                .entry(conversation.id.clone())
                .or_insert_with(|| events.len().saturating_sub(PAST));
            for event in conversation.events.after(*known) {
                if is_full(told) {
                    return;
                }
                let mut view = event.view();
                view["conversation"] = conversation.id.clone().into();
                view["index"] = (*known).into();
                view["at"] = event.timestamp.into();
                tell(told, "event", &view);
                *known += 1;
            }
            self.conversations = conversation.revision;
        }
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
        "body": &body[..body.floor_char_boundary(MOST_BODY)],
        "length": delivery.body.len(),
        "status": delivery.status,
        "failure": delivery.failure,
        "delivered": delivery.delivered(),
    })
}
