//! The notifications of an account: where they go, which wait, and what became of the others.

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::Uri;
use tokio::sync::mpsc::UnboundedSender;

use crate::delivery::{Delivery, Failure};
use crate::notification;
use crate::receiver::Receiver;
use crate::webhook::Webhook;

/// A notification on its way. The courier takes it.
pub(crate) struct Parcel {
    pub(crate) account_id: String,
    /// The conversation it is about, if it is about one: what has to stay in order.
    pub(crate) lane: String,
    pub(crate) number: usize,
    pub(crate) body: Bytes,
    /// How often it is delivered.
    pub(crate) copies: usize,
    /// The one before it, which was held back.
    pub(crate) then: Option<Box<Parcel>>,
    era: usize,
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
    webhook: Option<Webhook>,
    receiver: Option<Receiver>,
    /// Whether nobody ever listened at the receiver's port.
    unheard: bool,
    courier: UnboundedSender<Parcel>,
    deliveries: Vec<Delivery>,
    pending: usize,
    /// How many notifications there were.
    count: usize,
    /// Of how many to come two copies go out.
    duplicates: usize,
    /// How many to come are held back.
    holds: usize,
    held: Option<Parcel>,
    /// Counts how often the webhook was removed: what was pending then is void.
    era: usize,
}

impl Outbox {
    pub(crate) fn new(account_id: String, courier: UnboundedSender<Parcel>) -> Outbox {
        Outbox {
            account_id,
            webhook: None,
            receiver: None,
            unheard: false,
            courier,
            deliveries: Vec::new(),
            pending: 0,
            count: 0,
            duplicates: 0,
            holds: 0,
            held: None,
            era: 0,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.webhook.is_some()
    }

    /// What is pending goes to the new one.
    pub(crate) fn set_webhook(&mut self, webhook: Webhook) {
        self.webhook = Some(webhook);
    }

    /// What is pending is dropped.
    pub(crate) fn remove_webhook(&mut self) {
        self.webhook = None;
        self.era += 1;
        self.pending = 0;
        self.held = None;
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
        self.pending
    }

    pub(crate) fn duplicate_next(&mut self) {
        self.duplicates += 1;
    }

    pub(crate) fn hold_next(&mut self) {
        self.holds += 1;
    }

    /// Sends a notification. Without a webhook it is lost.
    pub(crate) fn post(&mut self, body: impl Into<Bytes>) {
        if self.webhook.is_none() {
            return;
        }
        let body = body.into();
        let duplicated = self.duplicates > 0;
        self.duplicates -= usize::from(duplicated);
        let mut parcel = Parcel {
            account_id: self.account_id.clone(),
            lane: notification::conversation_id(&body).unwrap_or_default(),
            number: self.count,
            body,
            copies: if duplicated { 2 } else { 1 },
            then: None,
            era: self.era,
        };
        self.count += 1;
        self.pending += parcel.copies;
        match self.held.take() {
            None if self.holds > 0 => {
                self.holds -= 1;
                self.held = Some(parcel);
                return;
            }
            held => parcel.then = held.map(Box::new),
        }
        // The courier ends with the sandbox, and then nobody waits.
        let _ = self.courier.send(parcel);
    }

    /// Where a parcel goes now. None: nowhere any more.
    pub(crate) fn destination(&self, parcel: &Parcel) -> Option<Webhook> {
        if parcel.era == self.era { self.webhook.clone() } else { None }
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
        if parcel.era != self.era {
            return;
        }
        self.deliveries.push(delivery);
        self.pending -= usize::from(last);
    }
}
