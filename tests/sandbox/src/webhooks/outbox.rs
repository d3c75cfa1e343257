//! The notifications of an account: where they go, which wait, and what became of the others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use crate::base::noted::Noted;
use crate::webhooks::delivery::{Delivery, Failure};
use crate::webhooks::event_type::EventType;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::webhook::Webhook;

/// A notification on its way. The courier takes it.
pub(crate) struct Parcel {
    pub(crate) account_id: String,
    /// The conversation it is about, if it is about one: what has to stay in order.
    pub(crate) lane: String,
    /// None: it is of no known type.
    kind: Option<EventType>,
    pub(crate) number: usize,
    pub(crate) body: Bytes,
    /// How often it is delivered.
    pub(crate) copies: usize,
    pub(crate) progress: Progress,
    /// The one before it, which was held back.
    pub(crate) then: Option<Box<Parcel>>,
}

/// A notification that is neither delivered nor given up.
pub(crate) struct Pending {
    pub(crate) lane: String,
    pub(crate) kind: Option<EventType>,
    pub(crate) body: Bytes,
    pub(crate) copies: usize,
    pub(crate) progress: Progress,
}

/// How far the attempts to deliver a notification got.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) attempts: u32,
    /// By the service's measure.
    pub(crate) waited: Duration,
}

/// What outlives the sandbox, beside what is pending.
#[derive(Serialize, Deserialize)]
pub(crate) struct Settings {
    webhook: Option<Webhook>,
    own_webhooks: BTreeMap<EventType, Webhook>,
    receiver: Option<SocketAddr>,
    unheard: bool,
    count: usize,
}

impl Parcel {
    /// The same notification once more, to be delivered by itself.
    pub(crate) fn copy(&self) -> Parcel {
        Parcel {
            account_id: self.account_id.clone(),
            lane: self.lane.clone(),
            body: self.body.clone(),
            copies: 1,
            then: None,
            ..*self
        }
    }
}

pub(crate) struct Outbox {
    account_id: String,
    /// For all types without one of their own.
    webhook: Option<Webhook>,
    own_webhooks: BTreeMap<EventType, Webhook>,
    receiver: Option<Receiver>,
    /// Whether nobody ever listened at the receiver's port.
    unheard: bool,
    courier: UnboundedSender<Parcel>,
    deliveries: Vec<Delivery>,
    /// By the number of the notification.
    pub(crate) pending: Noted<usize, Pending>,
    /// How many notifications there were.
    count: usize,
    /// Of how many to come two copies go out.
    duplicates: usize,
    /// How many to come are held back.
    holds: usize,
    held: Option<Parcel>,
}

impl Outbox {
    pub(crate) fn new(account_id: String, courier: UnboundedSender<Parcel>) -> Outbox {
        Outbox {
            account_id,
            webhook: None,
            own_webhooks: BTreeMap::new(),
            receiver: None,
            unheard: false,
            courier,
            deliveries: Vec::new(),
            pending: Noted::default(),
            count: 0,
            duplicates: 0,
            holds: 0,
            held: None,
        }
    }

    /// Where notifications of this type go.
    pub(crate) fn webhook(&self, kind: Option<EventType>) -> Option<&Webhook> {
        kind.and_then(|kind| self.own_webhooks.get(&kind)).or(self.webhook.as_ref())
    }

    /// What is pending goes to the new one; `kind` None: for all types without one of their own.
    pub(crate) fn set_webhook(&mut self, kind: Option<EventType>, webhook: Webhook) {
        match kind {
            Some(kind) => {
                self.own_webhooks.insert(kind, webhook);
            }
            None => self.webhook = Some(webhook),
        }
    }

    /// What is pending and has no webhook any more is dropped.
    pub(crate) fn remove_webhook(&mut self, kind: Option<EventType>) {
        match kind {
            Some(kind) => {
                self.own_webhooks.remove(&kind);
            }
            None => self.webhook = None,
        }
        let (webhook, own) = (self.webhook.is_some(), &self.own_webhooks);
        let goes =
            |kind: Option<EventType>| webhook || kind.is_some_and(|it| own.contains_key(&it));
        self.pending.retain(|pending| goes(pending.kind));
        self.held.take_if(|held| !goes(held.kind));
    }

    pub(crate) fn receiver_address(&self) -> Option<SocketAddr> {
        self.receiver.as_ref().map(|receiver| receiver.address)
    }

    /// Where the receiver is, with TLS or without.
    pub(crate) fn receiver_url(&self, tls: bool) -> Option<String> {
        self.receiver.as_ref().map(|receiver| receiver.url(tls))
    }

    /// Sends all to this receiver, patiently until somebody listens there.
    pub(crate) fn set_receiver(&mut self, receiver: Receiver, tls: bool) -> SocketAddr {
        let address = receiver.address;
        self.webhook = Some(Webhook::to(receiver.url(tls)));
        self.receiver = Some(receiver);
        self.unheard = true;
        address
    }

    pub(crate) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.iter().map(|(_, pending)| pending.copies).sum()
    }

    pub(crate) fn duplicate_next(&mut self) {
        self.duplicates += 1;
    }

    pub(crate) fn hold_next(&mut self) {
        self.holds += 1;
    }

    /// Sends a notification. False: it has no webhook and is lost.
    pub(crate) fn post(&mut self, lane: &str, kind: Option<EventType>, body: Bytes) -> bool {
        if self.webhook(kind).is_none() {
            return false;
        }
        let duplicated = self.duplicates > 0;
        self.duplicates -= usize::from(duplicated);
        let copies = if duplicated { 2 } else { 1 };
        let mut parcel = Parcel {
            account_id: self.account_id.clone(),
            lane: lane.to_owned(),
            kind,
            number: self.count,
            body: body.clone(),
            copies,
            progress: Progress::default(),
            then: None,
        };
        let progress = Progress::default();
        let pending = Pending { lane: lane.to_owned(), kind, body, copies, progress };
        self.pending.insert(self.count, pending);
        self.count += 1;
        match self.held.take() {
            None if self.holds > 0 => {
                self.holds -= 1;
                self.held = Some(parcel);
                return true;
            }
            held => parcel.then = held.map(Box::new),
        }
        // The courier ends with the sandbox, and then nobody waits.
        let _ = self.courier.send(parcel);
        true
    }

    /// Where a parcel goes now. None: nowhere any more.
    pub(crate) fn destination(&self, parcel: &Parcel) -> Option<Webhook> {
        self.pending.get(&parcel.number).and_then(|_| self.webhook(parcel.kind)).cloned()
    }

    /// Whether an endpoint that refuses connections is only late.
    pub(crate) fn awaits(&mut self, webhook: &Webhook, outcome: &Result<u16, Failure>) -> bool {
        let Some(receiver) = self.receiver.as_ref().filter(|_| self.unheard) else { return false };
        let uri = webhook.url.parse::<Uri>().unwrap_or_default();
        if uri.port_u16() != Some(receiver.address.port()) {
            return false;
        }
        let late = matches!(outcome, Err(failure) if failure.refused);
        self.unheard = late;
        late
    }

    /// Notes what became of an attempt; `last`: there will be no other.
    pub(crate) fn settle(&mut self, parcel: &Parcel, delivery: Delivery, last: bool) {
        let Some(pending) = self.pending.get_mut(&parcel.number) else { return };
        self.deliveries.push(delivery);
        pending.progress = parcel.progress;
        pending.copies -= usize::from(last);
        if pending.copies == 0 {
            self.pending.remove(&parcel.number);
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            webhook: self.webhook.clone(),
            own_webhooks: self.own_webhooks.clone(),
            receiver: self.receiver_address(),
            unheard: self.unheard,
            count: self.count,
        }
    }

    /// Goes on where an earlier sandbox ended.
    pub(crate) fn restore(&mut self, settings: Settings) {
        let Settings { webhook, own_webhooks, receiver, unheard, count } = settings;
        self.webhook = webhook;
        self.own_webhooks = own_webhooks;
        self.receiver = receiver.map(Receiver::again);
        self.unheard = unheard;
        self.count = count;
    }

    /// Sends what was pending when an earlier sandbox ended, without another wait.
    pub(crate) fn send_pending(&self) {
        for (number, pending) in self.pending.iter() {
            let _ = self.courier.send(Parcel {
                account_id: self.account_id.clone(),
                lane: pending.lane.clone(),
                kind: pending.kind,
                number: *number,
                body: pending.body.clone(),
                copies: pending.copies,
                progress: pending.progress,
                then: None,
            });
        }
    }
}
