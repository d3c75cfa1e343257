//! The endpoint to which the service posts: what each request is answered with, and when.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::base::error::Error;
use crate::base::log::{Log, LogLevel};
use crate::base::text::shorten;
use crate::config::accounts::Accounts;
use crate::protocol::notification::Notification;
use crate::receiver::body_budget::BodyBudget;
use crate::receiver::connection_limit::Slot;
use crate::receiver::line_limit::LineLimit;
use crate::receiver::request_body;
use crate::receiver::signers::{self, Signers};
use crate::receiver::sink::{Admission, Sink};

/// What it takes to judge a request.
pub(crate) struct Endpoint {
    pub path: String,
    pub health_path: Option<String>,
    /// Replaced as a whole.
    pub accounts: Arc<ArcSwap<Accounts>>,
    pub body_max_bytes: usize,
    pub bodies: BodyBudget,
    pub ack_timeout: Duration,
    pub sink: Arc<dyn Sink>,
    /// What is logged of requests that are refused before anything says that the service sent them.
    pub unsigned: LineLimit,
    pub log: Log,
}

/// A status, and for the log why.
type Refusal = (StatusCode, String);

/// Who sent a request, as far as it shows.
enum Sender {
    /// Who watches over the program.
    Watcher,
    /// The service: the signature matches.
    Service,
    Anybody,
}

impl Endpoint {
    /// Answers a request of the connection that has this slot.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        slot: &Slot,
    ) -> Response<Empty<Bytes>> {
        let (parts, mut body) = request.into_parts();
        let is_check = self.health_path.as_deref() == Some(parts.uri.path());
        let (outcome, sender) = if is_check {
            (self.check(&parts.method), Sender::Watcher)
        } else {
            match self.verified(&parts, &mut body).await {
                Ok((body, account)) => (self.take(body, account, slot).await, Sender::Service),
                Err(refusal) => (Err(refusal), Sender::Anybody),
            }
        };
        let status = match outcome {
            Ok(()) => {
                self.log.write(LogLevel::Debug, || "receiver: 200".to_owned());
                StatusCode::OK
            }
            Err((status, why)) => {
                let line = || format!("receiver: {}: {why}", status.as_u16());
                match sender {
                    Sender::Watcher => self.log.write(LogLevel::Debug, line),
                    Sender::Service => self.log.write(LogLevel::Warn, line),
                    Sender::Anybody => self.unsigned.write(&self.log, line),
                }
                if !is_check {
                    self.sink.counters().refuse(status.as_u16());
                }
                request_body::drain(&parts.headers, &mut body).await;
                status
            }
        };
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = HeaderValue::from_static(if is_check { "GET, HEAD" } else { "POST" });
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    }

    /// Whether notifications can be taken, for whoever watches over the program.
    fn check(&self, method: &Method) -> Result<(), Refusal> {
        match *method {
            Method::GET | Method::HEAD if self.sink.can_take() => Ok(()),
            Method::GET | Method::HEAD => {
                refuse(StatusCode::SERVICE_UNAVAILABLE, "nothing can be taken now")
            }
            _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "not a GET or HEAD"),
        }
    }

    /// The body of a notification, and the account for which it is signed.
    async fn verified(
        &self,
        parts: &Parts,
        body: &mut Incoming,
    ) -> Result<(Vec<u8>, String), Refusal> {
        if parts.uri.path() != self.path {
            return refuse(StatusCode::NOT_FOUND, "another path");
        }
        if parts.method != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "not a POST");
        }
        // Before the body: who signs nothing sends nothing.
        let unauthorized = because_of(StatusCode::UNAUTHORIZED);
        let signatures = signers::signatures(&parts.headers).map_err(&unauthorized)?;
        let accounts = self.accounts.load_full();
        let signers = Signers::of(&accounts, &parts.headers)
            .map_err(|why| (StatusCode::UNAUTHORIZED, why))?;
        let body = match request_body::read(body, self.body_max_bytes, &self.bodies).await {
            Ok(body) => body,
            Err((status, why)) => return refuse(status, why),
        };
        let account = signers.verify(&body, &signatures).map_err(&unauthorized)?;
        Ok((body, account))
    }

    /// Takes a notification; it is the program's when this returns.
    async fn take(&self, body: Vec<u8>, account: String, slot: &Slot) -> Result<(), Refusal> {
        let _busy = slot.busy();
        // A refusal would stop the account's whole stream, for days: what cannot be understood is
        // the program's to look at.
        let (notification, odd) = Notification::signed(&body);
        if let Some(why) = odd {
            self.log.write(LogLevel::Warn, || format!("receiver: handed out raw: {why}"));
        }
        // The notification has what it needs of it; the wait for the program is long.
        drop(body);
        let about = about(&notification);
        match self.sink.offer(notification.with_account(account)).await {
            Admission::Accepted => Ok(()),
            Admission::QueueFull => refuse(StatusCode::SERVICE_UNAVAILABLE, "the queue is full"),
            Admission::StoreFailed(why) => Err(because_of(StatusCode::SERVICE_UNAVAILABLE)(why)),
            Admission::Pending { id, acknowledged } => {
                self.wait_for_ack(id, acknowledged, &about).await
            }
        }
    }

    async fn wait_for_ack(
        &self,
        id: u64,
        acknowledged: oneshot::Receiver<()>,
        about: &str,
    ) -> Result<(), Refusal> {
        let mut waiter = AckWaiter { sink: &*self.sink, id, acknowledged: Some(acknowledged) };
        match timeout(self.ack_timeout, waiter.acknowledged()).await {
            Ok(true) => Ok(()),
            _ => {
                let why = format!("the program did not acknowledge it in time{about}");
                Err((StatusCode::SERVICE_UNAVAILABLE, why))
            }
        }
    }
}

/// A request that waits for an acknowledgement. Where it ends without one, because the time is over or
/// the other side left, the service comes again, and the sink must know.
struct AckWaiter<'a> {
    sink: &'a dyn Sink,
    id: u64,
    acknowledged: Option<oneshot::Receiver<()>>,
}

impl AckWaiter<'_> {
    /// Whether it came; false where it never will.
    async fn acknowledged(&mut self) -> bool {
        let Some(acknowledged) = &mut self.acknowledged else { return false };
        let came = acknowledged.await.is_ok();
        if came {
            self.acknowledged = None;
        }
        came
    }
}

impl Drop for AckWaiter<'_> {
    fn drop(&mut self) {
        // What no longer waits is gone before the sink looks who does.
        if self.acknowledged.take().is_some() {
            self.sink.give_up(self.id);
        }
    }
}

/// Which notification a line is about.
fn about(notification: &Notification) -> String {
    match notification.events().first() {
        Some(event) if !event.conversation_id().is_empty() => {
            format!(" [conversation {}]", shorten(event.conversation_id()))
        }
        _ => String::new(),
    }
}

fn refuse<T>(status: StatusCode, why: &str) -> Result<T, Refusal> {
    Err((status, why.to_owned()))
}

fn because_of(status: StatusCode) -> impl Fn(Error) -> Refusal {
    move |error| (status, error.message().to_owned())
}
