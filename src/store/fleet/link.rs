//! The connection to NATS: what is asked over it, and the answers.

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{
    Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, HeaderMap, Message,
    PublishErrorKind, ServerError, Subscriber,
};
use bytes::Bytes;
use futures_util::StreamExt;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::base::error::{Error, Status};
use crate::base::jitter::jitter;
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};
use crate::config::nats_settings::{NatsLogin, NatsSettings};
use crate::net::tls::client_config;
use crate::store::fleet::api::{self, Failed, NO_CONSUMER, NO_STREAM};
use crate::store::fleet::broker::Trouble;

/// A connection on which nothing comes back for three times as long is made anew.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Between attempts to connect again.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// An event that was lost delays nothing for longer.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const NO_RESPONDERS: u16 = 503;

/// A connection that is made again for ever. Ends when it is dropped.
pub(super) struct Link {
    client: Client,
    asked: Arc<Asked>,
    /// Answers go to subjects that begin with it.
    inbox: String,
    lost: watch::Receiver<u64>,
    /// What somebody asked for is not there.
    misses: Notify,
    /// How often.
    times_missed: AtomicU64,
    pub(super) request_time: Duration,
    receiving: AbortHandle,
    ends: watch::Sender<()>,
}

/// Who waits for answers.
#[derive(Default)]
struct Asked(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    last: u64,
    asking: HashMap<u64, Asking>,
    /// Why no answer can come at all.
    deaf: Option<String>,
}

struct Asking {
    subject: String,
    answer: oneshot::Sender<Result<Message, Trouble>>,
}

/// One who waits; until it is dropped.
pub(super) struct Ticket<'a> {
    number: u64,
    asked: &'a Asked,
    pub answer: oneshot::Receiver<Result<Message, Trouble>>,
}

/// Something that was sent.
pub(super) struct Sent<'a> {
    pub ticket: Ticket<'a>,
    pub on: Connection,
}

/// The connection over which something was sent.
pub(super) struct Connection {
    /// It was not lost since, as long as it is so much.
    losses: u64,
    lost: watch::Receiver<u64>,
}

impl Link {
    /// # Errors
    /// [`Status::Connect`] where nobody answers in time, [`Status::Unauthorized`] where credentials are refused,
    /// [`Status::Tls`], and those of files that options name.
    pub(super) async fn connect(settings: &NatsSettings, log: &Log) -> Result<Link, Error> {
        let asked = Arc::<Asked>::default();
        let (loses, lost) = watch::channel(0);
        let was_connected = Arc::new(AtomicBool::new(false));
        let events = Events {
            asked: asked.clone(),
            loses: Arc::new(loses),
            was_connected: was_connected.clone(),
            log: log.clone(),
        };
        let hosts = settings.hosts.len() as u32;
        let options = options(settings)?
            .name("lpconnector")
            // Where one of several does not answer, there is time for the others.
            .connection_timeout(settings.connect_timeout / hosts)
            .ping_interval(PING_EVERY)
            .tls_client_config(client_config(settings.roots.as_ref(), settings.identity.as_ref())?)
            .require_tls(settings.has_tls())
            .event_callback(move |event| {
                events.came(event);
                std::future::ready(())
            })
            .reconnect_delay_callback(move |attempts| {
                if was_connected.load(Ordering::Relaxed) { pause(attempts) } else { Duration::ZERO }
            });
        let hosts: Vec<_> = settings.hosts.iter().map(|host| format!("nats://{host}")).collect();
        let client = match timeout(settings.connect_timeout, options.connect(hosts)).await {
            Ok(connected) => connected.map_err(|why| refused(settings, &why))?,
            Err(_) => {
                let ms = settings.connect_timeout.as_millis();
                let what = format!("nobody answered within connect.timeout.ms ({ms} ms)");
                return Err(no_connection(settings, Status::Connect, &what));
            }
        };
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.*")).await;
        let answers =
            answers.map_err(|why| no_connection(settings, Status::Connect, &why.to_string()))?;
        let receiving = tokio::spawn(receive(asked.clone(), answers)).abort_handle();
        // Who starts waits for no answer longer than for the connection.
        let request_time = settings.request_time.min(settings.connect_timeout);
        Ok(Link {
            client,
            asked,
            inbox,
            lost,
            misses: Notify::new(),
            times_missed: AtomicU64::new(0),
            request_time,
            receiving,
            ends: watch::Sender::new(()),
        })
    }

    /// Asks JetStream for something.
    pub(super) async fn api<T: DeserializeOwned>(
        &self,
        what: String,
        body: Value,
    ) -> Result<T, Failed> {
        let answer = self.ask(format!("$JS.API.{what}"), None, body.to_string().into()).await?;
        let read = api::read(&answer.payload);
        if matches!(read, Err(Failed { code: NO_STREAM | NO_CONSUMER, .. })) {
            self.miss();
        }
        read
    }

    pub(super) fn miss(&self) {
        self.times_missed.fetch_add(1, Ordering::SeqCst);
        self.misses.notify_one();
    }

    /// Waits until somebody asks for what is not there.
    pub(super) async fn missed(&self) {
        self.misses.notified().await;
    }

    /// An answer, where it is not that nobody answers.
    pub(super) fn answered(&self, answer: Result<Message, Trouble>) -> Result<Message, Trouble> {
        let answer = answer?;
        if answer.status.is_some_and(|it| it.as_u16() == NO_RESPONDERS) {
            self.miss();
            let why = "NATS has nobody for that: no JetStream, no leader, or what was made is gone";
            return Err(Trouble::Away(why.to_owned()));
        }
        Ok(answer)
    }

    /// Sends something and waits for the answer.
    pub(super) async fn ask(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        body: Bytes,
    ) -> Result<Message, Trouble> {
        let deadline = Instant::now() + self.request_time;
        let mut sent = self.send(subject, headers, body, None).await?;
        let answer = tokio::select! {
            biased;
            answer = &mut sent.ticket.answer => answer,
            trouble = sent.on.fails(deadline) => return Err(trouble),
        };
        self.answered(answer.unwrap_or_else(|_| Err(ended())))
    }

    /// Sends something once there is a connection. `reply`: where answers go, if not to the ticket, which gives
    /// refusals in any case.
    pub(super) async fn send(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        body: Bytes,
        reply: Option<String>,
    ) -> Result<Sent<'_>, Trouble> {
        let sending = async {
            let mut lost = self.losses();
            while !self.is_there() {
                let _ = timeout(LOOK_EVERY, lost.changed()).await;
            }
            let losses = *lost.borrow_and_update();
            let ticket = self.asked.new_ticket(subject.clone())?;
            let reply = reply.unwrap_or_else(|| format!("{}.{}", self.inbox, ticket.number));
            let sent = match headers {
                None => self.client.publish_with_reply(subject, reply, body).await,
                Some(headers) => {
                    self.client.publish_with_reply_and_headers(subject, reply, headers, body).await
                }
            };
            match sent.map_err(|why| (why.kind(), why)) {
                Ok(()) => Ok(Sent { ticket, on: Connection { losses, lost } }),
                Err((PublishErrorKind::MaxPayloadExceeded, _)) => Err(Trouble::TooLong),
                Err((PublishErrorKind::InvalidSubject, why)) => {
                    Err(Trouble::Refused(why.to_string()))
                }
                Err((PublishErrorKind::Send, _)) => Err(ended()),
            }
        };
        let gone = |_| Err(Trouble::Away("NATS is not there".to_owned()));
        timeout(self.request_time, sending).await.unwrap_or_else(gone)
    }

    /// What is sent to that subject, by anybody; over reconnects.
    pub(super) async fn listen(&self, subject: String) -> Option<Subscriber> {
        self.client.subscribe(subject).await.ok()
    }

    /// Fails once the link was dropped.
    pub(super) fn end(&self) -> watch::Receiver<()> {
        self.ends.subscribe()
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn request_time(&self) -> Duration {
        self.request_time
    }

    /// Changes when the connection is lost from now on, or found again: how often it was lost.
    pub(super) fn losses(&self) -> watch::Receiver<u64> {
        let mut lost = self.lost.clone();
        lost.mark_unchanged();
        lost
    }

    /// Changes when what was known of the server may be true no more: the connection was lost, or something was not
    /// there.
    pub(super) fn times_lost(&self) -> u64 {
        *self.lost.borrow() + self.times_missed.load(Ordering::SeqCst)
    }

    /// By which one start of a server is told from another.
    pub(super) fn server_id(&self) -> String {
        self.client.server_info().server_id
    }

    pub(super) fn is_there(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// A subject for answers of which nobody else knows.
    pub(super) fn new_inbox(&self) -> String {
        self.client.new_inbox()
    }

    /// A name that nobody else has.
    pub(super) fn new_id(&self) -> String {
        // The last part is random.
        self.client.new_inbox().rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// Of the server, as it says: `2.9.10`.
    pub(super) fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// What the server takes at once, headers included.
    pub(super) fn longest(&self) -> usize {
        self.client.max_payload()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // It holds the connection open.
        self.receiving.abort();
    }
}

impl Asked {
    fn new_ticket(&self, subject: String) -> Result<Ticket<'_>, Trouble> {
        let (tells, answer) = oneshot::channel();
        let mut waiting = lock(&self.0);
        if let Some(why) = &waiting.deaf {
            return Err(Trouble::Refused(why.clone()));
        }
        waiting.last += 1;
        let number = waiting.last;
        waiting.asking.insert(number, Asking { subject, answer: tells });
        Ok(Ticket { number, asked: self, answer })
    }

    fn answer(&self, number: u64, answer: Message) {
        let asking = lock(&self.0).asking.remove(&number);
        if let Some(asking) = asking {
            // Who gave up does not hear it.
            let _ = asking.answer.send(Ok(answer));
        }
    }

    /// The server does not let us send to that subject, or hear answers at all.
    fn forbid(&self, what: &Forbidden, why: &str) {
        let mut waiting = lock(&self.0);
        let refused = match what {
            Forbidden::Sending(subject) => waiting
                .asking
                .extract_if(|_, asking| asking.subject == *subject)
                .map(|(_, asking)| asking)
                .collect(),
            Forbidden::Hearing => {
                waiting.deaf = Some(why.to_owned());
                waiting.asking.drain().map(|(_, asking)| asking).collect::<Vec<_>>()
            }
        };
        drop(waiting);
        for asking in refused {
            let _ = asking.answer.send(Err(Trouble::Refused(why.to_owned())));
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        lock(&self.asked.0).asking.remove(&self.number);
    }
}

impl Connection {
    /// Why no answer comes any more, once that is known.
    pub(super) async fn fails(&mut self, deadline: Instant) -> Trouble {
        let losses = self.losses;
        let why = tokio::select! {
            biased;
            _ = self.lost.wait_for(|now| *now != losses) => {
                "the connection to NATS was lost before it answered"
            }
            () = sleep_until(deadline) => "NATS did not answer in time",
        };
        Trouble::Away(why.to_owned())
    }
}

pub(super) fn ended() -> Trouble {
    Trouble::Away("the connection to NATS has ended".to_owned())
}

/// Gives answers to who asked.
async fn receive(asked: Arc<Asked>, mut answers: Subscriber) {
    while let Some(answer) = answers.next().await {
        let number = answer.subject.rsplit('.').next().and_then(|it| it.parse().ok());
        if let Some(number) = number {
            asked.answer(number, answer);
        }
    }
}

/// What the client tells of the connection.
struct Events {
    asked: Arc<Asked>,
    loses: Arc<watch::Sender<u64>>,
    was_connected: Arc<AtomicBool>,
    log: Log,
}

enum Forbidden {
    Sending(String),
    Hearing,
}

impl Events {
    fn came(&self, event: Event) {
        let log = |level, line: &str| self.log.write(level, || format!("connector: {line}"));
        match event {
            Event::Connected => {
                lock(&self.asked.0).deaf = None;
                if self.was_connected.swap(true, Ordering::Relaxed) {
                    log(LogLevel::Info, "NATS is there again");
                }
                // Who waits for a connection looks.
                self.loses.send_modify(|_| ());
            }
            Event::Disconnected => {
                self.loses.send_modify(|times| *times += 1);
                log(LogLevel::Warn, "the connection to NATS was lost, and is made again");
            }
            Event::ServerError(ServerError::Other(why)) => {
                if let Some(what) = forbidden(&why) {
                    self.asked.forbid(&what, &format!("NATS says: {why}"));
                }
                log(LogLevel::Debug, &format!("NATS says: {why}"));
            }
            Event::ClientError(why) => log(LogLevel::Debug, &format!("NATS: {why}")),
            _ => {}
        }
    }
}

/// What the server's words say that this program may not do.
fn forbidden(said: &str) -> Option<Forbidden> {
    let (what, quoted) = said.split_once('"')?;
    let subject = quoted.split('"').next()?;
    match what.to_ascii_lowercase().trim_end() {
        "permissions violation for publish to" => Some(Forbidden::Sending(subject.to_owned())),
        "permissions violation for subscription to" => {
            subject.starts_with("_INBOX.").then_some(Forbidden::Hearing)
        }
        _ => None,
    }
}

/// How one connects who is that.
fn options(settings: &NatsSettings) -> Result<ConnectOptions, Error> {
    let options = ConnectOptions::new();
    Ok(match &settings.login {
        NatsLogin::Nobody => options,
        NatsLogin::User { name, password } => {
            options.user_and_password(name.clone(), password.expose_secret().to_owned())
        }
        NatsLogin::Token(token) => options.token(token.expose_secret().to_owned()),
        NatsLogin::Creds(file) => {
            let text = file.read()?;
            let text = str::from_utf8(&text).map_err(|_| file.holds_no("credentials"))?;
            options.credentials(text).map_err(|_| file.holds_no("credentials"))?
        }
        NatsLogin::NKey(file) => {
            let text = file.read()?;
            let text = str::from_utf8(&text).map_err(|_| file.holds_no("seed of an NKey"))?;
            options.nkey(text.trim().to_owned())
        }
    })
}

fn pause(attempts: usize) -> Duration {
    let doubled = u32::try_from(attempts).unwrap_or(u32::MAX).saturating_sub(1).min(10);
    let most = (PAUSE * 2u32.pow(doubled)).min(LONGEST_PAUSE);
    PAUSE + jitter(most - PAUSE)
}

/// Why there is no first connection.
fn refused(settings: &NatsSettings, why: &ConnectError) -> Error {
    match (why.kind(), &settings.login) {
        // The seed could not even sign.
        (ConnectErrorKind::Authentication, NatsLogin::NKey(file)) => {
            file.holds_no("seed of an NKey")
        }
        (ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation, _) => {
            no_connection(
                settings,
                Status::Unauthorized,
                "it refuses the credentials, or wants some",
            )
        }
        (ConnectErrorKind::Tls, _) => no_connection(settings, Status::Tls, &why.to_string()),
        _ if is_tls(why) => no_connection(settings, Status::Tls, &why.to_string()),
        _ => no_connection(settings, Status::Connect, &why.to_string()),
    }
}

fn is_tls(why: &ConnectError) -> bool {
    let of_io = why.source().and_then(|it| it.downcast_ref::<io::Error>());
    of_io.and_then(io::Error::get_ref).is_some_and(|it| it.is::<rustls::Error>())
}

fn no_connection(settings: &NatsSettings, status: Status, why: &str) -> Error {
    Error::new(status, format!("cannot connect to NATS at {}: {why}", settings.hosts.join(",")))
}
