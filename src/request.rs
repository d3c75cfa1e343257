//! How a request travels: from the caller's thread to a service and back, top to bottom.

use std::sync::Arc;

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::client::Shared;
use crate::consumer::ConsumerState;
use crate::deadline::Deadline;
use crate::domains::Service;
use crate::error::{Error, ServiceSays, Status};
use crate::message::Outbound;
use crate::properties::CLIENT_PROPERTIES;
use crate::secret::{Token, redact};
use crate::transport::{Answer, Body, Outgoing};

const ON_BEHALF: HeaderName = HeaderName::from_static("x-lp-on-behalf");

/// A 2xx answer.
pub(crate) struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
    pub attempts: u32,
}

/// The two endpoints of the Connector API.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    /// CONVERSATION: a batch that opens a conversation.
    Conversation,
    /// SEND: one request.
    Send,
}

impl Endpoint {
    fn path(self, account: &str) -> String {
        let end = match self {
            Endpoint::Conversation => "",
            Endpoint::Send => "/send",
        };
        format!("/api/account/{account}/messaging/consumer/conversation{end}?v=3")
    }
}

/// Sends messages on behalf of a consumer: gets the connector's token, the service's address and
/// the consumer's token, then posts; `read` reads the answer.
pub(crate) fn deliver<T>(
    consumer: &ConsumerState,
    endpoint: Endpoint,
    message: &Outbound,
    properties: Option<&HeaderValue>,
    deadline: Deadline,
    read: impl FnOnce(Answered) -> Result<T, Error>,
) -> Result<T, Error> {
    let client = &*consumer.client;
    // First, because without credentials nothing needs to be asked of anybody.
    let app_jwt = client.app_jwt(deadline)?;
    let base = client.base_url(Service::Messaging, deadline)?;
    let consumer_jws = consumer.jws(client, deadline)?;

    let mut headers = json_headers(&app_jwt);
    headers.insert(ON_BEHALF, consumer_jws.token.header());
    if let Some(properties) = properties {
        headers.insert(CLIENT_PROPERTIES, properties.clone());
    }
    let url = format!("{}{}", base.as_str(), endpoint.path(&client.settings.account_id));
    let request = Outgoing {
        headers,
        body: Body::Bytes(&message.json),
        secrets: &[app_jwt.expose(), consumer_jws.token.expose()],
        has_effect: message.has_effect,
        ..Outgoing::new(message.doing, Method::POST, url)
    };
    let answered =
        exchange(client, &request, deadline).map_err(|error| match error.attempts() {
            0 => error,
            _ => error.with_request_id(message.id()),
        })?;
    read(answered).map_err(|error| {
        // In a batch, the error may know better which request it is about.
        let id = if error.request_id().is_empty() { message.id() } else { error.request_id() };
        let id = id.to_owned();
        let maybe = error.maybe_delivered() && request.has_effect;
        error.context(request.doing).with_request_id(&id).with_maybe_delivered(maybe)
    })
}

/// The headers of a JSON request that the connector's token authorizes.
pub(crate) fn json_headers(app_jwt: &Arc<Token>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::AUTHORIZATION, app_jwt.header());
    headers
}

/// Sends a request until it is answered; the answer is 2xx or an error.
///
/// Today "until" means once. This is the place, and the only one, where an attempt that failed is
/// looked at and another may follow: every request of the library passes here, with its deadline.
pub(crate) fn exchange(
    client: &Shared,
    request: &Outgoing,
    deadline: Deadline,
) -> Result<Answered, Error> {
    client.check_open()?;
    deadline.remaining().map_err(|late| late.context(request.doing))?;
    let attempts = 1;
    let outcome = client
        .local()
        .transport
        .attempt(request, deadline)
        // Before anything reads it, shortens it, or makes an error of it.
        .map(|answer| Answer { body: redact(answer.body, request.secrets), ..answer })
        .and_then(accept);
    match outcome {
        Ok(answer) => Ok(Answered { status: answer.status, body: answer.body, attempts }),
        // A shutdown breaks connections: that is the cause, not what it looks like.
        Err(error) if error.http_status() == 0 && client.check_open().is_err() => {
            let maybe = error.maybe_delivered() && request.has_effect;
            let closed = client.check_open().err().unwrap_or(error);
            Err(closed.with_attempts(attempts).with_maybe_delivered(maybe))
        }
        Err(error) => {
            let maybe = error.maybe_delivered() && request.has_effect;
            Err(error.context(request.doing).with_attempts(attempts).with_maybe_delivered(maybe))
        }
    }
}

fn accept(answer: Answer) -> Result<Answer, Error> {
    if (200..=299).contains(&answer.status) {
        return Ok(answer);
    }
    let says = ServiceSays {
        http_status: answer.status,
        retry_after_ms: retry_after_ms(&answer.headers),
        ..ServiceSays::read(&answer.body)
    };
    let message = match answer.status {
        300..=399 => {
            format!("the service answered {}: redirects are never followed", answer.status)
        }
        status => format!("the service answered {status}{}", says.reason()),
    };
    let says = ServiceSays { body: answer.body, ..says };
    Err(Error::new(Status::of_http(answer.status), message).with_service(says))
}

/// `Retry-After` in its form of whole seconds.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    seconds.checked_mul(1000)
}
