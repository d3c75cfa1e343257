//! All accounts of a sandbox, behind one lock; and the key set, which belongs to none of them.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use crate::base::key::{self, Key};
use crate::base::lock::lock;
use crate::cloud::kept::Kept;
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
    /// Signs until an account rotates.
    pub(crate) first_key: &'static Key,
    kept: Kept,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    sites: HashMap<String, Site>,
    /// The key set belongs to no account.
    keys: Traffic,
    /// Signs for the accounts that have rotated; None: none has.
    second_key: Option<&'static Key>,
}

impl Accounts {
    /// With all that `kept` holds.
    pub(crate) fn new(
        token_lifetime: Duration,
        courier: UnboundedSender<Parcel>,
        kept: Kept,
    ) -> io::Result<Accounts> {
        let first_key = kept.first_key()?;
        let second_key = kept.second_key()?;
        let sites = kept.sites(first_key, second_key, &courier)?;
        let held = Held { sites, second_key, ..Held::default() };
        Ok(Accounts { token_lifetime, courier, first_key, kept, held: Mutex::new(held) })
    }

    /// The accounts that an earlier sandbox left, in the order in which they were made.
    pub(crate) fn left(&self) -> Vec<Account> {
        let held = self.held();
        let mut left: Vec<&Site> =
            held.sites.values().filter(|site| site.number != usize::MAX).collect();
        left.sort_by_key(|site| site.number);
        left.into_iter().map(|site| site.account.clone()).collect()
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
        let mut held = self.held();
        let site = held.sites.get_mut(account_id)?;
        let result = act(site);
        // Before anybody is told of it.
        self.kept.note(site);
        Some(result)
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
        let courier = self.courier.clone();
        let mut site = Site::new(account.clone(), self.first_key, lifetime, courier);
        self.kept.note(&mut site);
        held.sites.insert(id, site);
        Ok(account)
    }

    /// Lets the second key sign all tokens of the account to come. None: there is no such account.
    pub(crate) fn rotate_key(&self, account_id: &str) -> Option<()> {
        // Making it takes long: it happens outside the lock.
        let key = key::second();
        let mut held = self.held();
        let held = &mut *held;
        let site = held.sites.get_mut(account_id)?;
        let key = *held.second_key.get_or_insert(key);
        (site.key, site.rotated) = (key, true);
        self.kept.note_second_key(key);
        self.kept.note(site);
        Some(())
    }

    /// The public keys as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        let second = self.held().second_key;
        let keys: Vec<Value> = [self.first_key].into_iter().chain(second).map(Key::jwk).collect();
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
