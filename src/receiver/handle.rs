//! What a program holds of a receiver.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::base::callback;
use crate::base::error::{Error, Status};
use crate::config::configuration::Config;
use crate::config::receiver_settings::ReceiverSettings;
use crate::protocol::notification::Notification;
use crate::receiver::inbox::Inbox;
use crate::receiver::listener::Listener;
use crate::receiver::stats::ReceiverStats;

/// Receives what the service posts to a webhook: listens, checks signatures, and queues.
///
/// Clones are the same receiver. It may be used from any number of threads at once. Listening is
/// done by one thread, and `receiver.store` is written by another; they end with the receiver, and take
/// no signals: those go to the program's own threads. It belongs to the process that made it: after a
/// `fork()` the child has none.
///
/// ```no_run
/// use std::time::Duration;
///
/// use lpconnector::{Config, Receiver};
///
/// let mut config = Config::new();
/// config.load_env()?;
/// let receiver = Receiver::new(&config)?;
/// println!("tell the service to post to {}", receiver.url());
/// while let Some(notification) = receiver.poll(Duration::MAX)? {
///     for event in notification.events() {
///         println!("{}: {}", event.originator_role(), event.text());
///     }
///     receiver.ack(&notification)?;
/// }
/// # Ok::<(), lpconnector::Error>(())
/// ```
#[derive(Clone)]
pub struct Receiver {
    shared: Arc<Shared>,
}

/// What all clones share.
struct Shared {
    /// Before the inbox, which it has, too.
    listener: Listener,
    inbox: Arc<Inbox>,
}

impl Receiver {
    /// Begins to listen, with the options `receiver.*` and a copy of the rest that it needs.
    ///
    /// What an earlier process left unacknowledged in `receiver.store` comes first.
    ///
    /// # Errors
    /// [`Status::Config`] if there is no secret to check signatures with, or options contradict each
    /// other; [`Status::Io`] if it cannot listen there, or a file cannot be read or written; with
    /// `receiver.store` also in a process that was forked while its parent had such a file open.
    pub fn new(config: &Config) -> Result<Receiver, Error> {
        config.tell_odd_variables();
        let settings = ReceiverSettings::of(config)?;
        let store = settings.sqlite.as_deref().map(Path::new);
        let inbox = Arc::new(Inbox::open(settings.inbox, store, &settings.listener.log)?);
        let listener = Listener::start(settings.listener, inbox.clone())?;
        Ok(Receiver { shared: Arc::new(Shared { listener, inbox }) })
    }

    /// Where it listens, for example `https://127.0.0.1:8443/`.
    pub fn url(&self) -> &str {
        self.shared.listener.url()
    }

    /// The next notification, or `None` if none comes in this time ([`Duration::MAX`]: for ever).
    ///
    /// # Errors
    /// [`Status::Closed`] after [`shutdown`](Receiver::shutdown), once all that was queued is given
    /// out, and in a child after a `fork()`.
    pub fn poll(&self, timeout: Duration) -> Result<Option<Notification>, Error> {
        callback::check_outside()?;
        self.check_process()?;
        self.shared.inbox.poll(timeout)
    }

    /// Says that the program dealt with a notification: it will not come again.
    ///
    /// Without `receiver.ack=manual` and `receiver.store` this changes nothing.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it did not come from this receiver; [`Status::Io`] if the
    /// store cannot be written: then it stays unacknowledged; [`Status::Closed`] where the service could
    /// not be told, which is after [`shutdown`](Receiver::shutdown) with `receiver.ack=manual` and no
    /// `receiver.store`: then it comes again. Also in a child after a `fork()`.
    pub fn ack(&self, notification: &Notification) -> Result<(), Error> {
        callback::check_outside()?;
        self.check_process()?;
        self.shared.inbox.ack(notification)
    }

    /// Says that the program could not deal with a notification now: it is given out again, after
    /// that time, and before what came later in its dialogs and was not given out yet, which waits
    /// for it. Nothing counts how often: a program that tries again and again counts itself, and
    /// acknowledges what will never work.
    ///
    /// With `receiver.ack=manual` the service's request stays open meanwhile, and is answered as if
    /// nothing had been said: what is not kept in `receiver.store` goes back to the service (503)
    /// once `receiver.ack.timeout.ms` is over, and comes again from there. Nothing happens for one
    /// that was acknowledged, or was given out again since; with neither `receiver.ack=manual` nor
    /// `receiver.store`, where an acknowledgement changes nothing, it is given out again in any case.
    /// After [`shutdown`](Receiver::shutdown) nothing is given out again, but what is in the store
    /// comes after a restart.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if it did not come from this receiver, [`Status::Closed`] in a
    /// child after a `fork()`.
    pub fn nack(&self, notification: &Notification, after: Duration) -> Result<(), Error> {
        callback::check_outside()?;
        self.check_process()?;
        self.shared.inbox.nack(notification, after)
    }

    /// A file descriptor that is readable while [`poll`](Receiver::poll) would not wait, because
    /// there is a notification or the receiver was shut down: for `epoll`, `select` and what is made
    /// of them. `None` where the system has none (it is not Linux, or has no more), and in a child
    /// after a `fork()`.
    ///
    /// Once it is readable, poll with no time until that gives nothing. Neither read nor close it: it is
    /// closed with the last clone of the receiver. It is made by the first call, and the same for all.
    pub fn fd(&self) -> Option<i32> {
        self.check_process().ok()?;
        self.shared.inbox.fd()
    }

    /// As [`shutdown`](Receiver::shutdown), and another receiver may use the file of `receiver.store`
    /// then: acknowledgements fail with [`Status::Closed`], and what was not acknowledged comes from
    /// there. In a child after a `fork()` it changes nothing.
    pub fn release(&self) {
        if self.shared.listener.is_of_this_process() {
            self.shared.listener.stop();
            self.shared.inbox.release();
        }
    }

    /// As [`shutdown`](Receiver::shutdown), but polls under way fail at once, whatever is queued.
    #[cfg(feature = "capi")]
    pub(crate) fn end(&self) {
        if self.shared.listener.is_of_this_process() {
            self.shared.inbox.end();
            self.shared.listener.stop();
            // Polls under way still hold the inbox, but the file is free for another receiver.
            self.shared.inbox.release();
        }
    }

    /// Takes notifications for this app install and with these secrets from now on, in place of those
    /// of `client.id` and `receiver.secret` or `client.secret`; those of `receiver.accounts` stay.
    /// `client_secrets`: several, while one replaces another. In a child after a `fork()` it changes
    /// nothing.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`] if there is no secret, or one is empty or has control characters;
    /// those in use stay.
    pub fn set_credentials(&self, client_id: &str, client_secrets: &[&str]) -> Result<(), Error> {
        self.shared.listener.set_credentials(client_id, client_secrets)
    }

    /// What it has done so far, and what it holds. Counters never fall; together they are no snapshot
    /// while it works. Any thread may call this; it does not wait for the network.
    ///
    /// # Errors
    /// [`Status::Closed`] in a child after a `fork()`.
    pub fn stats(&self) -> Result<ReceiverStats, Error> {
        self.check_process()?;
        let inbox = &self.shared.inbox;
        Ok(ReceiverStats::of(&inbox.counters, &inbox.counts()))
    }

    /// Stops listening; the service is no longer answered, and told nothing of what is acknowledged
    /// later. Polls give out what is queued, and then fail with [`Status::Closed`].
    ///
    /// What to do for an orderly end: with `receiver.store` nothing, as what was not acknowledged comes
    /// again after a restart. With `receiver.ack=manual` and no store, poll no more and acknowledge what
    /// you have, before this: later that is [`Status::Closed`], and those notifications come again, as do
    /// those that were queued. With `receiver.ack=enqueue` and no store, poll after this until
    /// [`Status::Closed`], and deal with all of it: the service thinks that it arrived.
    ///
    /// Waits until the thread that listens has ended, and with it the last call of the log function; not
    /// where it is called inside a log function.
    pub fn shutdown(&self) {
        self.shared.listener.stop();
    }

    /// Whether it was made by this process, and not by one that forked it.
    pub fn is_of_this_process(&self) -> bool {
        self.shared.listener.is_of_this_process()
    }

    fn check_process(&self) -> Result<(), Error> {
        if self.is_of_this_process() {
            return Ok(());
        }
        Err(Error::new(Status::Closed, "the receiver belongs to the process that made it"))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if !self.listener.is_of_this_process() {
            // In a child after a fork, its locks are those of the parent.
            std::mem::forget(self.inbox.clone());
        }
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("url", &self.url()).finish_non_exhaustive()
    }
}
