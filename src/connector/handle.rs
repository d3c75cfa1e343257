//! What a program holds of a connector.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use secrecy::ExposeSecret;

use crate::base::callback;
use crate::base::error::{Error, Status};
use crate::base::fork::generation;
use crate::config::accounts::{Account, Accounts};
use crate::config::configuration::Config;
use crate::config::connector_settings::ConnectorSettings;
use crate::config::receiver_settings::ReceiverSettings;
use crate::connector::action::Action;
use crate::connector::engine::{Engine, OrderSettings};
use crate::connector::sink::Lines;
use crate::connector::stats::ConnectorStats;
use crate::connector::update::Update;
use crate::handles::client::Client;
use crate::protocol::notification::Notification;
use crate::protocol::webhook::verify_webhook;
use crate::receiver::counters::Counters;
use crate::receiver::listener::Listener;

/// A channel on an account: takes what its consumers say, and tells what the agents answer.
///
/// What is submitted is kept in `connector.store` and sent in order for each consumer; conversations are
/// found, opened and opened again; what cannot be sent now is tried later; and what the program did not
/// acknowledge comes again. Clones are the same connector. It may be used from any number of threads at
/// once. It works on threads of its own, `connector.workers` and more while all of these wait for the
/// network; one more listens where `receiver.listen` is set, and one writes the store. They end with
/// [`shutdown`](Connector::shutdown). It belongs to the process that made it: after a `fork()` the child
/// has none.
///
/// ```no_run
/// use std::time::Duration;
///
/// use lpconnector::{Config, Connector, UpdateKind};
///
/// let mut config = Config::new();
/// config.load_env()?;
/// let sms = Connector::new(&config)?;
/// sms.submit_text("+4915112345678", "Hi", Some("sms-4711"))?;
/// while let Some(update) = sms.poll(Duration::MAX)? {
///     match update.kind() {
///         UpdateKind::Failed => println!("{:?} failed: {:?}", update.key(), update.error()),
///         _ => println!("{}: {:?}", update.consumer_id(), update.kind()),
///     }
///     sms.ack(&update)?;
/// }
/// # Ok::<(), lpconnector::Error>(())
/// ```
#[derive(Clone)]
pub struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    /// None where the program hands in what its own web server got.
    listener: Option<Listener>,
    engine: Arc<Engine>,
    counters: Arc<Counters>,
    accounts: ArcSwap<Accounts>,
    /// In which it works.
    generation: u64,
}

impl Connector {
    /// Begins to work with a copy of the configuration, and with what an earlier process left.
    ///
    /// # Errors
    /// [`Status::Config`] if an option is missing or options contradict each other: above all
    /// `connector.store`, which has no default. [`Status::Io`] if a file cannot be read or written, or
    /// another process has it.
    pub fn new(config: &Config) -> Result<Connector, Error> {
        config.tell_odd_variables();
        let settings = ConnectorSettings::of(config)?;
        // Before the webhooks' secret, which is the same by default: who forgot it learns its first name.
        let client = Client::for_connector(config)?;
        let receiver = ReceiverSettings::of(config)?;
        let listener = receiver.listener;
        let order = OrderSettings {
            duplicates_window: receiver.inbox.duplicates_window,
            order_wait: receiver.inbox.order_wait,
        };
        let listens = settings.listens;
        let engine = Arc::new(Engine::open(settings, &order, client)?);
        let accounts = ArcSwap::from_pointee(listener.accounts.clone());
        let counters = Arc::<Counters>::default();
        let mut shared = Shared {
            listener: None,
            engine: engine.clone(),
            counters: counters.clone(),
            accounts,
            generation: generation(),
        };
        if listens {
            let lines = Lines { engine: engine.clone(), counters };
            shared.listener = Some(Listener::start(listener, Arc::new(lines))?);
        }
        let connector = Connector { shared: Arc::new(shared) };
        engine.start()?;
        Ok(connector)
    }

    /// Takes an action for a consumer, written as JSON; it is safe in the store when this returns.
    ///
    /// `key`: the program's own id of it. The same key of the same consumer again, within
    /// `connector.key.window.ms`, is taken for the same action, and not sent twice; what became of an
    /// action with a key is told as an update.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] for what is no action, or a file that could not be sent, with what is
    /// wrong; [`Status::Full`] where
    /// `connector.queue.max` actions, or updates, wait; [`Status::Io`] if the store or the action's file fails: then
    /// it was not taken; [`Status::Closed`] after a shutdown.
    pub fn submit(
        &self,
        consumer_id: &str,
        action_json: &str,
        key: Option<&str>,
    ) -> Result<(), Error> {
        self.check()?;
        self.shared.engine.submit(consumer_id, action_json, key)
    }

    /// As [`submit`](Connector::submit), for a text.
    ///
    /// # Errors
    /// As for [`submit`](Connector::submit).
    pub fn submit_text(
        &self,
        consumer_id: &str,
        text: &str,
        key: Option<&str>,
    ) -> Result<(), Error> {
        self.submit(consumer_id, &Action::text_json(text), key)
    }

    /// The next update, or `None` if none comes in this time ([`Duration::MAX`]: for ever).
    ///
    /// # Errors
    /// [`Status::Closed`] after a shutdown, once all that the program must know is given out, and in a
    /// child after a `fork()`.
    pub fn poll(&self, timeout: Duration) -> Result<Option<Update>, Error> {
        self.check()?;
        self.shared.engine.poll(timeout)
    }

    /// Says that the program dealt with an update: it will not come again, and the next one of its
    /// consumer follows.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it did not come from this connector; [`Status::Io`] if the store
    /// fails, and [`Status::Connect`] where a fleet's could not be reached, or not in time: then it comes
    /// again. [`Status::Closed`] in a child after a `fork()`.
    pub fn ack(&self, update: &Update) -> Result<(), Error> {
        self.check()?;
        self.shared.engine.ack(update)
    }

    /// Says that the program could not deal with an update: it is given out again after that time. Other
    /// updates of its consumer wait for it.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it did not come from this connector, [`Status::Closed`] in a child
    /// after a `fork()`.
    pub fn nack(&self, update: &Update, after: Duration) -> Result<(), Error> {
        self.check()?;
        self.shared.engine.nack(update, after)
    }

    /// As [`Receiver::fd`](crate::Receiver::fd): a descriptor that is readable while a poll would not
    /// wait.
    pub fn fd(&self) -> Option<i32> {
        self.check_process().ok()?;
        self.shared.engine.fd()
    }

    /// Takes what the service posted to the program's own web server; it is safe in the store when this
    /// returns, so that the service can be answered with 200. For any error, 503 brings it again; only for
    /// [`Status::Signature`] 401 is right.
    ///
    /// # Errors
    /// [`Status::Signature`] if it was not signed with one of our secrets; [`Status::Full`] where too many
    /// updates wait; [`Status::Io`] if the store fails; [`Status::Closed`] after a shutdown.
    pub fn receive(&self, body: &[u8], signature: &str) -> Result<(), Error> {
        self.check()?;
        let accounts = self.shared.accounts.load();
        let mut outcome = Err(Error::new(Status::Signature, "there is no secret to check with"));
        for account in accounts.with_secrets() {
            outcome = verify(account, body, signature);
            if outcome.is_ok() {
                let id = account.id.clone().unwrap_or_default();
                let (notification, _) = Notification::signed(body);
                return self.shared.engine.receive(notification.with_account(id));
            }
        }
        outcome
    }

    /// Fetches a file that an agent sent to the consumer into a file of this machine, as
    /// [`Conversation::download_file`](crate::Conversation::download_file) does.
    ///
    /// # Errors
    /// [`Status::Closed`] if the consumer has, and had, no conversation; otherwise as there.
    pub fn download_file(
        &self,
        consumer_id: &str,
        relative_path: &str,
        to_path: &Path,
    ) -> Result<(), Error> {
        self.check()?;
        self.shared.engine.download_file(consumer_id, relative_path, to_path)
    }

    /// What it has done so far, and what waits.
    ///
    /// # Errors
    /// [`Status::Closed`] in a child after a `fork()`.
    pub fn stats(&self) -> Result<ConnectorStats, Error> {
        self.check_process()?;
        Ok(self.shared.engine.stats(&self.shared.counters))
    }

    /// Takes nothing new, goes on sending what waits for at most this time, and then stops. What could not
    /// be sent stays in the store; with `memory` it is lost. The program may fetch and acknowledge what it
    /// was not told yet. Requests that are still under way then are broken off.
    ///
    /// Waits until the threads that send and listen have ended, and with them the last call of the log
    /// function. Inside a log function it stops at once, and does not wait for them.
    pub fn shutdown(&self, drain: Duration) {
        if self.is_of_this_process() {
            self.shared.engine.shutdown(Instant::now().checked_add(drain));
            self.shared.listener.iter().for_each(Listener::stop);
        }
    }

    /// As [`shutdown`](Connector::shutdown) without waiting; then polls fail, and another connector may
    /// use the store's file.
    pub fn release(&self) {
        if self.is_of_this_process() {
            self.shared.end();
        }
    }

    /// Where its endpoint listens, for example `https://127.0.0.1:8443/`; empty where `receiver.listen` is
    /// not set, because the program has a web server of its own.
    pub fn url(&self) -> &str {
        self.shared.listener.as_ref().map_or("", Listener::url)
    }

    /// Uses the first of these secrets for AppJWTs from now on, and takes notifications signed with any
    /// of them: a rotated secret, without a restart. In a child after a `fork()` it changes nothing.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if there is no secret, or one is empty or has control characters;
    /// those in use stay.
    pub fn set_credentials(&self, client_id: &str, client_secrets: &[&str]) -> Result<(), Error> {
        let secrets = Accounts::check_credentials(client_id, client_secrets)?;
        if let Some(first) = client_secrets.first() {
            self.shared.engine.client.set_credentials(client_id, first)?;
        }
        self.shared.accounts.rcu(|accounts| accounts.with_credentials(client_id, &secrets));
        match &self.shared.listener {
            Some(listener) => listener.set_credentials(client_id, client_secrets),
            None => Ok(()),
        }
    }

    /// Whether it was made by this process, and not by one that forked it.
    pub fn is_of_this_process(&self) -> bool {
        self.shared.generation == generation()
    }

    fn check(&self) -> Result<(), Error> {
        callback::check_outside()?;
        self.check_process()
    }

    fn check_process(&self) -> Result<(), Error> {
        if self.is_of_this_process() {
            return Ok(());
        }
        Err(Error::new(Status::Closed, "the connector belongs to the process that made it"))
    }
}

fn verify(account: &Account, body: &[u8], signature: &str) -> Result<(), Error> {
    let secrets: Vec<&str> = account.secrets.iter().map(ExposeSecret::expose_secret).collect();
    verify_webhook(&secrets, body, signature)
}

impl Shared {
    fn end(&self) {
        // First, so that nothing comes that cannot be kept.
        self.listener.iter().for_each(Listener::stop);
        self.engine.end();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.generation == generation() {
            self.end();
        } else {
            // In a child after a fork, the threads and the locks are those of the parent.
            std::mem::forget(self.engine.clone());
        }
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
