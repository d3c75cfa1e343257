//! What all connections of a sandbox share.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderValue;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio_rustls::TlsConnector;
use uuid::Uuid;

use crate::account::{Account, Site, Traffic};
use crate::answer::Answer;
use crate::event_type::EventType;
use crate::fault_proxy::FaultProxy;
use crate::forged::Forged;
use crate::key::{self, Key};
use crate::log::Logger;
use crate::new_account::{NewAccount, NoAccount};
use crate::options::Options;
use crate::outbox::Parcel;
use crate::receiver::Receiver;
use crate::refusal::Refusal;
use crate::request::{Received, Request};
use crate::route::Route;
use crate::token;
use crate::webhook::Webhook;

/// How long a forged AppJWT says that it is valid.
const FORGED_LIFETIME_SECONDS: i64 = 3600;

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) logger: Logger,
    /// Host and port of the services, for a request without the header Host.
    pub(crate) authority: String,
    /// The variables that point a client at the sandbox, without those of an account.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Those of the files of a receiver.
    pub(crate) receiver_variables: Vec<(&'static str, String)>,
    /// Connects to endpoints with https; None: without TLS.
    pub(crate) connector: Option<TlsConnector>,
    courier: UnboundedSender<Parcel>,
    held: Mutex<Held>,
    /// Those of the control API. The id of each is its place, counted from 1.
    fault_proxies: Mutex<Vec<Arc<FaultProxy>>>,
}

#[derive(Default)]
struct Held {
    sites: HashMap<String, Site>,
    /// The key set belongs to no account.
    keys: Traffic,
    /// Whether an account has rotated its key.
    rotated: bool,
}

impl Shared {
    pub(crate) fn new(
        options: Options,
        logger: Logger,
        authority: String,
        variables: Vec<(&'static str, String)>,
        receiver_variables: Vec<(&'static str, String)>,
        connector: Option<TlsConnector>,
        courier: UnboundedSender<Parcel>,
    ) -> Shared {
        Shared {
            options,
            logger,
            authority,
            variables,
            receiver_variables,
            connector,
            courier,
            held: Mutex::default(),
            fault_proxies: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // No code panics while it holds the lock in a way that leaves the state half-changed.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a fault proxy in front of the services, and gives back its id too.
    pub(crate) fn new_fault_proxy(&self) -> io::Result<(String, Arc<FaultProxy>)> {
        let proxy = Arc::new(FaultProxy::start(&self.authority)?);
        let mut proxies = self.fault_proxies.lock().unwrap_or_else(PoisonError::into_inner);
        proxies.push(proxy.clone());
        Ok((proxies.len().to_string(), proxy))
    }

    pub(crate) fn fault_proxy(&self, id: &str) -> Option<Arc<FaultProxy>> {
        let place = id.parse::<usize>().ok()?.checked_sub(1)?;
        let proxies = self.fault_proxies.lock().unwrap_or_else(PoisonError::into_inner);
        proxies.get(place).cloned()
    }

    /// Runs `act` on the account; None if there is no such account.
    pub(crate) fn with_site<T>(
        &self,
        account_id: &str,
        act: impl FnOnce(&mut Site) -> T,
    ) -> Option<T> {
        self.held().sites.get_mut(account_id).map(act)
    }

    /// Makes an account of which nothing is known yet.
    pub(crate) fn new_account(&self, chosen: NewAccount) -> Result<Account, NoAccount> {
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
        let lifetime = chosen.token_lifetime.unwrap_or(self.options.token_lifetime);
        held.sites.insert(id, Site::new(account.clone(), lifetime, self.courier.clone()));
        Ok(account)
    }

    /// The variables that point a client at this account.
    pub(crate) fn variables_of(&self, account: &Account) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("LPC_ACCOUNT_ID", account.id.clone()),
            ("LPC_CLIENT_ID", account.client_id.clone()),
            ("LPC_CLIENT_SECRET", account.client_secret.clone()),
        ];
        variables.extend(self.variables.iter().cloned());
        let receiver = self.with_site(&account.id, |site| site.outbox.receiver_address());
        if let Some(address) = receiver.flatten() {
            variables.push(("LPC_RECEIVER_LISTEN", address.to_string()));
            variables.extend(self.receiver_variables.iter().cloned());
        }
        variables
    }

    /// Sets where the notifications of an account go, or those of one type; says no to what makes
    /// no sense.
    pub(crate) fn set_webhook(
        &self,
        account_id: &str,
        kind: Option<EventType>,
        webhook: Webhook,
    ) -> Result<(), String> {
        webhook.check(self.connector.is_some())?;
        self.with_site(account_id, |site| site.outbox.set_webhook(kind, webhook))
            .ok_or_else(|| format!("there is no account {account_id:?}"))
    }

    /// Reserves a port for a program that receives the notifications of an account, and sends them
    /// there. An account has one such port. None: there is no such account.
    pub(crate) fn reserve_receiver(&self, account_id: &str) -> Option<io::Result<SocketAddr>> {
        self.with_site(account_id, |site| match site.outbox.receiver_address() {
            Some(address) => Ok(address),
            None => {
                let receiver = Receiver::reserve()?;
                Ok(site.outbox.set_receiver(receiver, self.connector.is_some()))
            }
        })
    }

    /// Issues an AppJWT. `claims` replaces claims, or leaves them out where the value is null.
    pub(crate) fn issue_app_jwt(
        &self,
        account_id: &str,
        lifetime_seconds: i64,
        claims: Map<String, Value>,
    ) -> Option<String> {
        let (mut all, key) = self.app_claims(account_id, lifetime_seconds)?;
        for (claim, value) in claims {
            all[claim] = value;
        }
        if let Value::Object(all) = &mut all {
            all.retain(|_, value| !value.is_null());
        }
        // Signing takes milliseconds: it happens outside the lock.
        let token = token::sign(&all, key);
        self.with_site(account_id, |site| site.app_tokens.insert(token.clone()))?;
        Some(token)
    }

    /// A token like an AppJWT, which was never issued.
    pub(crate) fn forge_app_jwt(&self, account_id: &str, forged: Forged) -> Option<String> {
        let (claims, key) = self.app_claims(account_id, FORGED_LIFETIME_SECONDS)?;
        Some(token::forge(&claims, key, forged))
    }

    /// The claims of an AppJWT of the account, and the key to sign them with.
    fn app_claims(&self, account_id: &str, lifetime_seconds: i64) -> Option<(Value, &'static Key)> {
        self.with_site(account_id, |site| {
            let now = site.clock.now();
            let claims = json!({
                "aud": account_id,
                "azp": site.account.client_id,
                "scope": "msg.consumer",
                "iss": "Sentinel",
                "iat": now,
                "exp": now.saturating_add(lifetime_seconds),
                // Two tokens of the same second differ, so that one of them can be revoked.
                "jti": Uuid::new_v4().to_string(),
            });
            (claims, site.key)
        })
    }

    /// Lets the second key sign all tokens of the account to come.
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

    /// The header Date of an answer to the account, where its clock is wrong.
    pub(crate) fn date(&self, account_id: &str) -> Option<HeaderValue> {
        self.with_site(account_id, |site| site.clock.date()).flatten()
    }

    /// Refuses a token that is not a valid AppJWT of the account.
    pub(crate) fn check_app_jwt(
        &self,
        account_id: &str,
        received: &Received,
    ) -> Result<(), Refusal> {
        let token = received.header("authorization").ok_or_else(Refusal::missing_app_jwt)?;
        let claims = token::verify(token)
            .ok_or_else(|| Refusal::invalid_app_jwt("The signature is not valid"))?;
        let (client_id, known, now) = self
            .with_site(account_id, |site| {
                let known = site.app_tokens.contains(token);
                (site.account.client_id.clone(), known, site.clock.now())
            })
            .ok_or_else(|| Refusal::invalid_app_jwt("The account is unknown"))?;
        let expected = [
            // The sources disagree.
            ("iss", ["Sentinel", "sentinel"]),
            ("aud", [account_id; 2]),
            ("azp", [&client_id; 2]),
            ("scope", ["msg.consumer"; 2]),
        ];
        for (claim, values) in expected {
            let is_wrong = |actual: &Value| values.iter().all(|value| actual != value);
            if claims.get(claim).is_some_and(is_wrong) {
                return Err(Refusal::invalid_app_jwt(format!(
                    "The claim {claim} has the wrong value"
                )));
            }
        }
        if claims.get("exp").is_some_and(|exp| exp.as_i64().is_none_or(|exp| exp <= now)) {
            return Err(Refusal::invalid_app_jwt("The token has expired"));
        }
        if !known {
            return Err(Refusal::invalid_app_jwt("The token was revoked, or is no AppJWT"));
        }
        for claim in ["iss", "aud", "azp", "scope", "iat", "exp"] {
            if !claims.contains_key(claim) {
                return Err(Refusal::missing_claim(claim));
            }
        }
        Ok(())
    }

    /// The lp_consumer_id of the ConsumerJWS, if it is valid for the account.
    pub(crate) fn check_consumer_jws(
        &self,
        account_id: &str,
        received: &Received,
    ) -> Result<String, Refusal> {
        let token = received.header("x-lp-on-behalf").ok_or_else(Refusal::missing_consumer_jws)?;
        let claims = token::verify(token)
            .ok_or_else(|| Refusal::invalid_consumer_jws("The signature is not valid"))?;
        let consumer_id = claims.get("lp_consumer_id").and_then(Value::as_str).unwrap_or_default();
        // A consumer is known only to the account whose token it got.
        let known = self.with_site(account_id, |site| site.consumers.contains_key(consumer_id));
        if known == Some(true) {
            Ok(consumer_id.to_owned())
        } else {
            Err(Refusal::invalid_consumer_jws("The token is no ConsumerJWS of this account"))
        }
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
        self.with_site(account_id, |site| site.traffic.queue(route, answer))
            .ok_or_else(|| format!("there is no account {account_id:?}"))
    }

    /// Records a request and takes the canned answer that waits for it. The number is for
    /// [`Shared::settle`].
    pub(crate) fn admit(
        &self,
        account_id: Option<&str>,
        route: Route,
        received: Received,
    ) -> (usize, Option<Answer>) {
        let record = received.record(route);
        if !record.oddities.is_empty() {
            let (connection, oddities) = (record.connection, record.oddities.join("; "));
            self.logger.note(&format!("#{connection} odd: {oddities}"));
        }
        self.with_traffic(account_id, |traffic| {
            traffic.requests.push(record);
            (traffic.requests.len() - 1, traffic.take(route))
        })
        .unwrap_or_default()
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
