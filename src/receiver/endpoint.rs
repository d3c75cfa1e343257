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
use crate::config::accounts::Accounts;
use crate::protocol::notification::Notification;
use crate::receiver::connection_limit::Slot;
use crate::receiver::inbox::{Admission, Inbox};
use crate::receiver::request_body;
use crate::receiver::signers::Signers;

const SIGNATURE: &str = "x-liveperson-signature";

/// What it takes to judge a request.
pub(crate) struct Endpoint {
    pub path: String,
    /// Replaced as a whole.
    pub accounts: Arc<ArcSwap<Accounts>>,
    pub body_max_bytes: usize,
    pub ack_timeout: Duration,
    pub inbox: Arc<Inbox>,
    pub log: Log,
}

/// A status, and for the log why.
type Refusal = (StatusCode, String);

impl Endpoint {
    /// Answers a request of the connection that has this slot.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        slot: &Slot,
    ) -> Response<Empty<Bytes>> {
        let (parts, mut body) = request.into_parts();
        let status = match self.take(&parts, &mut body, slot).await {
            Ok(()) => {
                self.log.write(LogLevel::Debug, || "receiver: 200".to_owned());
                StatusCode::OK
            }
            Err((status, why)) => {
                self.log.write(LogLevel::Warn, || format!("receiver: {}: {why}", status.as_u16()));
                request_body::drain(&parts.headers, &mut body).await;
                status
            }
        };
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    /// Takes the notification in a request; it is the program's when this returns.
    async fn take(&self, parts: &Parts, body: &mut Incoming, slot: &Slot) -> Result<(), Refusal> {
        if parts.uri.path() != self.path {
            return refuse(StatusCode::NOT_FOUND, "another path");
        }
        if parts.method != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "not a POST");
        }
        let signature = parts.headers.get(SIGNATURE);
        let Some(signature) = signature.and_then(|value| value.to_str().ok()) else {
            return refuse(StatusCode::UNAUTHORIZED, "no signature");
        };
        let accounts = self.accounts.load_full();
        let signers = Signers::of(&accounts, &parts.headers)
            .map_err(|why| (StatusCode::UNAUTHORIZED, why))?;
        let body = match request_body::read(body, self.body_max_bytes).await {
            Ok(body) => body,
            Err((status, why)) => return refuse(status, why),
        };
        let account =
            signers.verify(&body, signature).map_err(because_of(StatusCode::UNAUTHORIZED))?;
        let _busy = slot.busy();
        // A refusal would stop the account's whole stream, for days: what cannot be understood is
        // the program's to look at.
        let (notification, odd) = Notification::signed(&body);
        if let Some(why) = odd {
            self.log.write(LogLevel::Warn, || format!("receiver: handed out raw: {why}"));
        }
        match self.inbox.offer(notification.with_account(account)).await {
            Admission::Accepted => Ok(()),
            Admission::QueueFull => refuse(StatusCode::SERVICE_UNAVAILABLE, "the queue is full"),
            Admission::StoreFailed(why) => Err(because_of(StatusCode::SERVICE_UNAVAILABLE)(why)),
            Admission::Pending { id, acknowledged } => self.wait_for_ack(id, acknowledged).await,
        }
    }

    async fn wait_for_ack(
        &self,
        id: u64,
        acknowledged: oneshot::Receiver<()>,
    ) -> Result<(), Refusal> {
        match timeout(self.ack_timeout, acknowledged).await {
            Ok(Ok(())) => Ok(()),
            _ => {
                self.inbox.give_up(id);
                let why = "the program did not acknowledge it in time";
                refuse(StatusCode::SERVICE_UNAVAILABLE, why)
            }
        }
    }
}

fn refuse(status: StatusCode, why: &str) -> Result<(), Refusal> {
    Err((status, why.to_owned()))
}

fn because_of(status: StatusCode) -> impl Fn(Error) -> Refusal {
    move |error| (status, error.message().to_owned())
}
