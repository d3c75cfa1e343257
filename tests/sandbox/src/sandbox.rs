//! The sandbox as Rust tests use it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::agents::agent::Agent;
use crate::agents::step::Step;
use crate::base::forged::Forged;
use crate::base::options::Options;
use crate::cloud::accounts::Accounts;
use crate::cloud::app_jwt;
use crate::cloud::rate_limits::RateLimits;
use crate::cloud::site::Site;
use crate::faults::fault_proxy::FaultProxy;
use crate::http::answer::Answer;
use crate::http::conditions::{Latency, Outage};
use crate::http::request::Request;
use crate::model::account::Account;
use crate::model::new_account::{NewAccount, NoAccount};
use crate::model::survey::Survey;
use crate::model::transcript;
use crate::protocol::route::Route;
use crate::running::Running;
use crate::webhooks::delivery::Delivery;
use crate::webhooks::event_type::EventType;
use crate::webhooks::signature::Signature;
use crate::webhooks::webhook::Webhook;

/// A running sandbox. All its methods block, and all that take an account id panic if there is no
/// such account. Dropping it stops the server and closes every connection; drop it outside of
/// asynchronous code.
pub struct Sandbox {
    running: Running,
}

impl Sandbox {
    /// Starts a sandbox on threads of its own. It answers as soon as this returns.
    pub fn start(options: Options) -> io::Result<Sandbox> {
        Ok(Sandbox { running: Running::start(options)? })
    }

    /// Where the services are, for example `https://127.0.0.1:4711`.
    pub fn url(&self) -> &str {
        &self.running.url
    }

    /// Where the control API is: plain HTTP on another port of 127.0.0.1.
    pub fn control_url(&self) -> &str {
        &self.running.control_url
    }

    /// Where the Domain API can be asked over plain HTTP too, with TLS: on another port of
    /// 127.0.0.1, for clients that ask nowhere else. It names the services with TLS.
    pub fn domain_url(&self) -> Option<&str> {
        self.running.domain_url.as_deref()
    }

    /// The file with the CA certificate, with TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.running.files.as_ref().map(|files| files.ca.path())
    }

    /// The files with a client's certificate and its private key, where clients need one.
    pub fn client_certificate(&self) -> Option<(&Path, &Path)> {
        let (certificate, key) = self.running.files.as_ref()?.client.as_ref()?;
        Some((certificate.path(), key.path()))
    }

    /// The accounts that an earlier sandbox left in [`Options::state`], in the order in which they
    /// were made.
    pub fn accounts_left(&self) -> Vec<Account> {
        self.accounts().left()
    }

    /// Makes an account of which nothing is known yet.
    pub fn new_account(&self) -> Account {
        let made = self.accounts().add(NewAccount::default());
        made.expect("nothing was chosen that could be wrong")
    }

    /// Makes an account with an id and credentials of the caller's choice, for clients that have
    /// them built in.
    ///
    /// # Panics
    /// If the id is in use or not letters and digits, or a credential is empty.
    pub fn add_account(&self, account: &Account) {
        let chosen = NewAccount {
            id: Some(account.id.clone()),
            client_id: Some(account.client_id.clone()),
            client_secret: Some(account.client_secret.clone()),
            token_lifetime: None,
        };
        match self.accounts().add(chosen) {
            Ok(_) => {}
            Err(NoAccount::Wrong(reason)) => panic!("no such account: {reason}"),
            Err(NoAccount::InUse) => panic!("there is an account {:?}", account.id),
        }
    }

    /// The environment variables that point a client at this account.
    pub fn variables(&self, account: &Account) -> Vec<(&'static str, String)> {
        self.running.shared.variables_of(account)
    }

    /// Sets how long the AppJWTs are valid that the account gets from now on.
    pub fn set_token_lifetime(&self, account_id: &str, lifetime: Duration) {
        self.with_site(account_id, |site| site.token_lifetime = lifetime);
    }

    /// Replaces the account's client secret: only the new one gets a token from now on, and it signs
    /// the notifications. Tokens that were issued stay valid. An [`Account`] that was given out
    /// keeps the old one, and so do its variables.
    ///
    /// # Panics
    /// If the secret is empty.
    pub fn set_client_secret(&self, account_id: &str, secret: &str) {
        assert!(!secret.is_empty(), "a client secret must not be empty");
        self.with_site(account_id, |site| site.account.client_secret = secret.to_owned());
    }

    /// Lets the service's clock be off by so many seconds for this account: in the header Date of
    /// every answer that has none of its own, in the AppJWTs it issues, and where it looks whether
    /// one has expired.
    pub fn set_clock_offset(&self, account_id: &str, seconds: i64) {
        self.with_site(account_id, |site| site.clock.offset = seconds);
    }

    /// Puts `answer` in place of the real answer to the account's next request on `route` that has
    /// none yet. [`Route::Keys`] belongs to all accounts: a test that uses it wants a sandbox of
    /// its own.
    ///
    /// # Panics
    /// If the answer cannot be sent: its status is not 200 to 599, or a header is not allowed.
    pub fn answer_next(&self, account_id: &str, route: Route, answer: Answer) {
        if let Err(reason) = self.accounts().queue(account_id, route, answer) {
            panic!("no such answer: {reason}");
        }
    }

    /// All conversations in the order in which they were opened, each in full.
    pub fn conversations(&self, account_id: &str) -> Vec<Value> {
        self.with_site(account_id, |site| site.view())
    }

    /// All requests of the account in the order in which they came in.
    pub fn requests(&self, account_id: &str) -> Vec<Request> {
        self.with_site(account_id, |site| site.traffic.requests.clone())
    }

    /// What the account's client sent that the protocol does not document, in words and in order:
    /// it was served, but often it is a typing error.
    pub fn oddities(&self, account_id: &str) -> Vec<String> {
        self.with_site(account_id, |site| {
            site.traffic.requests.iter().flat_map(|request| request.oddities.clone()).collect()
        })
    }

    /// Closes a conversation, as an agent would; the account's survey may follow. Panics if it is
    /// not open.
    pub fn close_conversation(&self, account_id: &str, conversation_id: &str) {
        let closed = self.with_site(account_id, |site| site.close_as_agent(conversation_id));
        closed.unwrap_or_else(|refusal| panic!("not closed: {}", refusal.body()));
    }

    /// Ends the MAIN dialog of a conversation, as an agent would, and opens that of a survey by
    /// hand: nobody asks in it by itself, and the client need not know of it. Gives back the id of
    /// the survey's dialog. Panics if MAIN is not open.
    pub fn open_survey(&self, account_id: &str, conversation_id: &str) -> String {
        let opened = self.with_site(account_id, |site| site.open_survey(conversation_id));
        opened.unwrap_or_else(|refusal| panic!("no survey: {}", refusal.body()))
    }

    /// The bytes of a file that was uploaded.
    pub fn file(&self, account_id: &str, relative_path: &str) -> Option<Vec<u8>> {
        self.with_site(account_id, |site| site.storage.bytes(relative_path).map(|it| it.to_vec()))
    }

    /// Puts a file into the storage, as an agent would, and gives back its relativePath. The ending
    /// of its name is its type. Panics if that is not letters and digits.
    pub fn put_file(&self, account_id: &str, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        let bytes = bytes.into().into();
        let put = self.with_site(account_id, |site| site.storage.put(account_id, name, bytes));
        put.unwrap_or_else(|refusal| panic!("not put: {}", refusal.body()))
    }

    /// Makes every upload and download URL invalid that was issued so far.
    pub fn expire_storage_urls(&self, account_id: &str) {
        self.with_site(account_id, |site| site.storage.expire_urls());
    }

    /// Makes every AppJWT invalid that was issued so far.
    pub fn revoke_tokens(&self, account_id: &str) {
        self.with_site(account_id, |site| site.app_tokens.retain(|()| false));
    }

    /// Issues an AppJWT made to measure: it expires after so many seconds, or did before (a
    /// negative number), and has these claims in place of the usual ones; null leaves a claim out.
    pub fn issue_app_jwt(
        &self,
        account_id: &str,
        lifetime_seconds: i64,
        claims: &[(&str, Value)],
    ) -> String {
        let claims: Map<String, Value> =
            claims.iter().map(|(claim, value)| ((*claim).to_owned(), value.clone())).collect();
        app_jwt::issue(self.accounts(), account_id, lifetime_seconds, claims)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"))
    }

    /// Makes a token that is like an AppJWT but for what is forged. The services refuse it.
    pub fn forge_app_jwt(&self, account_id: &str, forged: Forged) -> String {
        app_jwt::forge(self.accounts(), account_id, forged)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"))
    }

    /// Signs this account's tokens by another key from now on. The key set names both keys as soon
    /// as one account of the sandbox has rotated, and tokens of both stay valid.
    pub fn rotate_key(&self, account_id: &str) {
        self.accounts()
            .rotate_key(account_id)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"));
    }

    /// The public key of the tokens of accounts that have not rotated: a SubjectPublicKeyInfo,
    /// base64 of its DER. All sandboxes of a process have the same one.
    pub fn public_key(&self) -> String {
        self.accounts().first_key.subject_public_key_info()
    }

    /// All requests for the key set in the order in which they came in. It belongs to all accounts:
    /// a test that counts them wants a sandbox of its own.
    pub fn key_requests(&self) -> Vec<Request> {
        self.accounts().key_requests()
    }

    /// Starts a proxy in front of the services that breaks connections. Point a client at it with
    /// its address in place of that of [`Sandbox::url`]: the Domain API then names it too.
    pub fn fault_proxy(&self) -> io::Result<FaultProxy> {
        FaultProxy::start(&self.running.shared.authority)
    }

    /// Sends the notifications of an account to this endpoint from now on. What is pending goes
    /// there too.
    ///
    /// # Panics
    /// If the webhook makes no sense; https needs a sandbox with TLS.
    pub fn set_webhook(&self, account_id: &str, webhook: Webhook) {
        if let Err(reason) = self.running.shared.set_webhook(account_id, None, webhook) {
            panic!("no such webhook: {reason}");
        }
    }

    /// Sends the notifications of one type to an endpoint of their own from now on. What is pending
    /// of them goes there too.
    ///
    /// # Panics
    /// If the webhook makes no sense; https needs a sandbox with TLS.
    pub fn set_webhook_for(&self, account_id: &str, event_type: EventType, webhook: Webhook) {
        if let Err(reason) = self.running.shared.set_webhook(account_id, Some(event_type), webhook)
        {
            panic!("no such webhook: {reason}");
        }
    }

    /// Sends no notifications any more but those whose type has a webhook of its own. What is
    /// pending of the others is dropped.
    pub fn remove_webhook(&self, account_id: &str) {
        self.with_site(account_id, |site| site.outbox.remove_webhook(None));
    }

    /// Sends the notifications of one type to the account's webhook again. Without one, what is
    /// pending of them is dropped.
    pub fn remove_webhook_for(&self, account_id: &str, event_type: EventType) {
        self.with_site(account_id, |site| site.outbox.remove_webhook(Some(event_type)));
    }

    /// Reserves a port for a program that receives notifications and sends those of the account
    /// there, with https if the sandbox has TLS. Until somebody listens there for the first time,
    /// they wait. The program must bind with SO_REUSEADDR. An account has one such port, which
    /// [`Sandbox::variables`] names.
    ///
    /// # Panics
    /// If the system has no free port.
    pub fn reserve_receiver(&self, account_id: &str) -> SocketAddr {
        self.running
            .shared
            .reserve_receiver(account_id)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"))
            .unwrap_or_else(|error| panic!("no receiver: {error}"))
    }

    /// The files with a certificate for a server on the loopback address and with its private key:
    /// for a receiver of notifications, with TLS.
    pub fn receiver_certificate(&self) -> Option<(&Path, &Path)> {
        let (certificate, key) = &self.running.files.as_ref()?.receiver;
        Some((certificate.path(), key.path()))
    }

    /// Lets the service be away for so long, a week at most: the connections it has are closed, new
    /// ones are refused or all is answered with 503, and it sends no notifications. The control API
    /// stays. Called again, it counts anew.
    pub fn begin_outage(&self, outage: Outage, length: Duration) {
        self.running.shared.conditions.begin(outage, length);
    }

    /// Ends an outage, if there is one.
    pub fn end_outage(&self) {
        self.running.shared.conditions.end();
    }

    /// Holds all answers of the services back that are still to come.
    pub fn set_latency(&self, latency: Latency) {
        self.running.shared.conditions.set_latency(latency);
    }

    /// Answers with 429 what is too much from now on.
    pub fn set_rate_limits(&self, account_id: &str, limits: RateLimits) {
        self.with_site(account_id, |site| site.meter.set(limits));
    }

    /// All attempts to deliver a notification of the account, in the order in which they ended.
    pub fn deliveries(&self, account_id: &str) -> Vec<Delivery> {
        self.with_site(account_id, |site| site.outbox.deliveries().to_vec())
    }

    /// How many notifications are neither delivered nor given up.
    pub fn pending(&self, account_id: &str) -> usize {
        self.with_site(account_id, |site| site.outbox.pending())
    }

    /// Sends this body as a notification of the account, signed and as often as any other.
    ///
    /// # Panics
    /// If the account has no webhook for it.
    pub fn notify(&self, account_id: &str, raw_body: impl Into<Vec<u8>>) {
        let raw_body: Vec<u8> = raw_body.into();
        let posted = self.with_site(account_id, |site| site.notify(raw_body.into()));
        assert!(posted, "account {account_id:?} has no webhook for it");
    }

    /// What the header x-liveperson-signature holds for this body.
    pub fn sign(&self, account_id: &str, body: &[u8], signature: Signature) -> String {
        self.with_site(account_id, |site| signature.of(&site.account.client_secret, body))
    }

    /// Delivers the next notification twice. Called again, one more of those to come.
    pub fn duplicate_next(&self, account_id: &str) {
        self.with_site(account_id, |site| site.outbox.duplicate_next());
    }

    /// Holds the next notification back until the first attempt with the one after it was made;
    /// with [`crate::Retry::Retention`], until that is delivered or given up. Called again, it
    /// happens to the next pair, too.
    pub fn reorder_next(&self, account_id: &str) {
        self.with_site(account_id, |site| site.outbox.hold_next());
    }

    /// Lets an agent answer in the account's conversations that are opened from now on; None: lets
    /// nobody.
    pub fn set_agent(&self, account_id: &str, agent: Option<Agent>) {
        self.with_site(account_id, |site| site.agent = agent);
    }

    /// Lets a survey follow MAIN in the account's conversations whose client offers the feature
    /// MULTI_DIALOG; None: none follows.
    pub fn set_survey(&self, account_id: &str, survey: Option<Survey>) {
        self.with_site(account_id, |site| site.survey = survey);
    }

    /// Does one step of a script as an agent, by hand; one joins where there is none. Gives back
    /// what there is to know of it: the `sequence` of an event, the `dialogId` of a survey.
    ///
    /// # Panics
    /// If it is no step or cannot be done.
    pub fn act_as_agent(&self, account_id: &str, conversation_id: &str, step: &Value) -> Value {
        let act = match Step::parse(step) {
            Ok(Step::Act(act)) => act,
            Ok(Step::WaitFor(_) | Step::Pause(_)) => panic!("{step} belongs in a script"),
            Err(reason) => panic!("no such step: {reason}"),
        };
        let done = self.with_site(account_id, |site| site.obey(conversation_id, &act));
        done.unwrap_or_else(|refusal| panic!("not done: {}", refusal.body()))
    }

    /// All conversations of an account as text to read.
    pub fn transcript(&self, account_id: &str) -> String {
        transcript::of(account_id, &self.conversations(account_id))
    }

    fn accounts(&self) -> &Accounts {
        &self.running.shared.accounts
    }

    fn with_site<T>(&self, account_id: &str, act: impl FnOnce(&mut Site) -> T) -> T {
        self.accounts()
            .with_site(account_id, act)
            .unwrap_or_else(|| panic!("there is no account {account_id:?}"))
    }
}
