//! Takes the notifications of all accounts to their endpoints.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, Uri};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time;

use crate::cloud::shared::Shared;
use crate::model::account::Account;
use crate::webhooks::delivery::{Delivery, Failure};
use crate::webhooks::outbox::{Parcel, Progress};
use crate::webhooks::post;
use crate::webhooks::webhook::Webhook;

/// Between two looks whether a receiver listens.
const LOOK: Duration = Duration::from_millis(50);

/// Hands on parcels for ever: each conversation has a lane of its own, and those of one lane go out
/// one after the other.
pub(crate) async fn run(shared: Arc<Shared>, mut parcels: UnboundedReceiver<Parcel>) {
    let mut lanes = HashMap::new();
    while let Some(parcel) = parcels.recv().await {
        let name = (parcel.account_id.clone(), parcel.lane.clone());
        let lane = lanes.entry(name).or_insert_with(|| {
            let (lane, parcels) = mpsc::unbounded_channel();
            tokio::spawn(follow(shared.clone(), parcels));
            lane
        });
        // A lane ends with the sandbox.
        let _ = lane.send(parcel);
    }
}

async fn follow(shared: Arc<Shared>, mut parcels: UnboundedReceiver<Parcel>) {
    while let Some(mut parcel) = parcels.recv().await {
        loop {
            for _ in 0..parcel.copies {
                deliver(shared.clone(), parcel.copy()).await;
            }
            match parcel.then.take() {
                Some(then) => parcel = *then,
                None => break,
            }
        }
    }
}

/// Delivers a parcel, or gives up. Where the order does not matter it returns after the first
/// attempt, and the others follow in time.
async fn deliver(shared: Arc<Shared>, parcel: Parcel) {
    let mut journey = Journey { shared, parcel };
    let Some(pause) = journey.attempt().await else { return };
    if pause.in_order {
        journey.go_on(pause).await;
    } else {
        tokio::spawn(journey.go_on(pause));
    }
}

/// The wait until the next attempt.
struct Pause {
    length: Duration,
    in_order: bool,
}

/// What came of one attempt.
struct Reached {
    webhook: Webhook,
    signature: String,
    /// When it began, by the service's clock.
    at: i64,
    took: Duration,
    outcome: Result<u16, Failure>,
}

/// The attempts to deliver one parcel.
struct Journey {
    shared: Arc<Shared>,
    parcel: Parcel,
}

impl Journey {
    async fn go_on(mut self, mut pause: Pause) {
        loop {
            time::sleep(pause.length).await;
            match self.attempt().await {
                Some(next) => pause = next,
                None => return,
            }
        }
    }

    /// One attempt. None: there will be no other.
    async fn attempt(&mut self) -> Option<Pause> {
        let Reached { webhook, signature, at, took, outcome } = self.reach().await?;
        self.parcel.progress.attempts += 1;
        let mut delivery = Delivery {
            notification: self.parcel.number,
            attempt: self.parcel.progress.attempts,
            at,
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            body: self.parcel.body.to_vec(),
            signature,
            status: None,
            failure: None,
        };
        match outcome {
            Ok(status) => delivery.status = Some(status),
            Err(failure) => delivery.failure = Some(failure.reason),
        }
        let Progress { attempts, waited } = self.parcel.progress;
        let wait = if delivery.delivered() { None } else { webhook.retry.wait(attempts, waited) };
        self.parcel.progress.waited += wait.unwrap_or_default();
        self.shared.accounts.with_site(&self.parcel.account_id, |site| {
            site.outbox.settle(&self.parcel, delivery, wait.is_none());
            site.changes.next();
        })?;
        Some(Pause { length: webhook.scaled(wait?), in_order: webhook.retry.in_order() })
    }

    /// Sends the parcel to where it goes now, once somebody listens there. None: nowhere.
    async fn reach(&self) -> Option<Reached> {
        let shared = &self.shared;
        loop {
            // Who is away sends nothing.
            shared.conditions.over().await;
            let (webhook, account, at) =
                shared.accounts.with_site(&self.parcel.account_id, |site| {
                    let webhook = site.outbox.destination(&self.parcel)?;
                    Some((webhook, site.account.clone(), site.clock.millis()))
                })??;
            let signature = webhook.signature.of(&account.client_secret, &self.parcel.body);
            let started = Instant::now();
            let outcome = match self.request(&webhook, &account, &signature) {
                Ok(request) => post::send(request, &webhook, shared.connector.as_ref()).await,
                Err(error) => Err(Failure::new(error)),
            };
            let late = shared
                .accounts
                .with_site(&account.id, |site| site.outbox.awaits(&webhook, &outcome))?;
            if !late {
                let took = started.elapsed();
                self.log(&webhook, &outcome, took);
                return Some(Reached { webhook, signature, at, took, outcome });
            }
            time::sleep(LOOK).await;
        }
    }

    fn request(
        &self,
        webhook: &Webhook,
        account: &Account,
        signature: &str,
    ) -> Result<Request<Body>, axum::http::Error> {
        let uri = Uri::try_from(&webhook.url)?;
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Request::post(path)
            // Who may come in, in front of the host, is not for the header.
            .header(HOST, host.rsplit('@').next().unwrap_or_default())
            .header(CONTENT_TYPE, "application/json")
            .header("x-liveperson-account-id", &account.id)
            .header("x-liveperson-client-id", &account.client_id)
            .header("x-liveperson-signature", signature)
            .body(Body::from(self.parcel.body.clone()))
    }

    fn log(&self, webhook: &Webhook, outcome: &Result<u16, Failure>, elapsed: Duration) {
        let outcome = match outcome {
            Ok(status) => status.to_string(),
            Err(failure) => failure.reason.clone(),
        };
        // A query may hold what is secret.
        let place = webhook.url.split('?').next().unwrap_or_default();
        let (number, attempt, millis) =
            (self.parcel.number, self.parcel.progress.attempts + 1, elapsed.as_millis());
        self.shared.logger.note(&format!(
            "notification {number} attempt {attempt} to {place} {outcome} {millis} ms"
        ));
    }
}
