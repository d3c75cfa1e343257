//! All accounts of a sandbox, behind one lock; and the key set, which belongs to none of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use crate::base::key::{self, Key};
use crate::base::lock::lock;
use crate::cloud::site::Site;
use crate::cloud::traffic::Traffic;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::model::account::Account;
use crate::model::new_account::{NewAccount, NoAccount};
use crate::protocol::route::Route;
use crate::webhooks::outbox::Parcel;

pub(crate) struct Accounts {
    /// Of an account that does not choose one.
    token_lifetime: Duration,
    courier: UnboundedSender<Parcel>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    sites: HashMap<String, Site>,
    /// The key set belongs to no account.
    keys: Traffic,
    /// Whether an account has rotated its key.
    rotated: bool,
}

impl Accounts {
    pub(crate) fn new(token_lifetime: Duration, courier: UnboundedSender<Parcel>) -> Accounts {
        Accounts { token_lifetime, courier, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }

    /// Runs `act` on the account; None if there is no such account.
    pub(crate) fn with_site<T>(
        &self,
        account_id: &str,
        act: impl FnOnce(&mut Site) -> T,
    ) -> Option<T> {
        self.held().sites.get_mut(account_id).map(act)
    }

    /// The ids of all accounts, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.held().sites.keys().cloned().collect();
        ids.sort();
        ids
    }

    /// Makes an account of which nothing is known yet.
    pub(crate) fn add(&self, chosen: NewAccount) -> Result<Account, NoAccount> {
        chosen.check()?;
        let mut held = self.held();
        let id = match chosen.id {
            Some(id) if held.sites.contains_key(&id) => return Err(NoAccount::InUse),
            Some(id) => id,
            None => loop {
                let id = format!("le{:08}", Uuid::new_v4().as_u128() % 100_000_000);
                if !held.sites.contains_key(&id) {
                    break id;
                }
            },
        };
        let account = Account {
            id: id.clone(),
            client_id: chosen.client_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            client_secret: chosen
                .client_secret
                .unwrap_or_else(|| Uuid::new_v4().simple().to_string()),
        };
        let lifetime = chosen.token_lifetime.unwrap_or(self.token_lifetime);
        held.sites.insert(id, Site::new(account.clone(), lifetime, self.courier.clone()));
        Ok(account)
    }

    /// Lets the second key sign all tokens of the account to come. None: there is no such account.
    pub(crate) fn rotate_key(&self, account_id: &str) -> Option<()> {
        // Making it takes long: it happens outside the lock.
        let key = key::second();
        let mut held = self.held();
        held.sites.get_mut(account_id)?.key = key;
        held.rotated = true;
        Some(())
    }

    /// The public keys as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        let rotated = self.held().rotated;
        let second = rotated.then(key::second);
        let keys: Vec<Value> = [key::first()].into_iter().chain(second).map(Key::jwk).collect();
        json!({"keys": keys})
    }

    /// All requests for the key set in the order in which they came in.
    pub(crate) fn key_requests(&self) -> Vec<Request> {
        self.held().keys.requests.clone()
    }

    /// Queues a canned answer; says no to an unknown account or an answer that cannot be sent.
    pub(crate) fn queue(
        &self,
        account_id: &str,
        route: Route,
        answer: Answer,
    ) -> Result<(), String> {
        answer.check()?;
        if route == Route::Keys {
            self.held().keys.queue(route, answer);
            return Ok(());
        }
        let queue = |site: &mut Site| {
            site.traffic.queue(route, answer);
            site.changes.next();
        };
        self.with_site(account_id, queue)
            .ok_or_else(|| format!("there is no account {account_id:?}"))
    }

    /// Records a request and takes the canned answer that waits for it. The number is for
    /// [`Accounts::settle`].
    pub(crate) fn admit(
        &self,
        account_id: Option<&str>,
        request: Request,
    ) -> (usize, Option<Answer>) {
        self.with_traffic(account_id, |traffic| traffic.admit(request)).unwrap_or_default()
    }

    /// Notes what a recorded request was answered with.
    pub(crate) fn settle(&self, account_id: Option<&str>, number: usize, status: u16) {
        self.with_traffic(account_id, |traffic| traffic.requests[number].status = Some(status));
    }

    /// Runs `act` on the traffic of the account; without an id, on that which belongs to none.
    fn with_traffic<T>(
        &self,
        account_id: Option<&str>,
        act: impl FnOnce(&mut Traffic) -> T,
    ) -> Option<T> {
        let mut held = self.held();
        match account_id {
            Some(account_id) => held.sites.get_mut(account_id).map(|site| act(&mut site.traffic)),
            None => Some(act(&mut held.keys)),
        }
    }
}
