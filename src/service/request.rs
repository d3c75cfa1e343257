//! How a request travels: from the caller's thread to a service and back, top to bottom.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ureq::http::uri::{Authority, PathAndQuery};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::base::error::{Error, ServiceSays, Status};
use crate::base::log::LogLevel;
use crate::base::secret::{Token, redact};
use crate::base::stats::{Operation, count};
use crate::handles::consumer::ConsumerState;
use crate::net::transport::{Answer, Body, Outgoing};
use crate::protocol::message::Outbound;
use crate::protocol::properties::CLIENT_PROPERTIES;
use crate::protocol::response;
use crate::service::auth::wants_another_token;
use crate::service::call::Call;
use crate::service::domains::Service;
use crate::service::retry::Repeat;

const ON_BEHALF: HeaderName = HeaderName::from_static("x-lp-on-behalf");

/// A 2xx answer.
pub(crate) struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
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

/// The paths of both for one account, read once.
pub(crate) struct Paths {
    conversation: PathAndQuery,
    send: PathAndQuery,
}

impl Paths {
    pub(crate) fn of(account: &str) -> Result<Paths, Error> {
        let path = |end| {
            let path = format!("/api/account/{account}/messaging/consumer/conversation{end}?v=3");
            // The option takes no characters that a path does not.
            path.parse().map_err(|_| Error::new(Status::Config, "account.id fits into no URL"))
        };
        Ok(Paths { conversation: path("")?, send: path("/send")? })
    }
}

/// Sends messages on behalf of a consumer: gets the service's address, the consumer's token and the
/// connector's, then posts; `read` reads the answer.
pub(crate) fn deliver<T>(
    call: Call,
    consumer: &ConsumerState,
    endpoint: Endpoint,
    message: &Outbound,
    properties: Option<&HeaderValue>,
    read: impl FnOnce(Answered) -> Result<T, Error>,
) -> Result<T, Error> {
    // First, because without credentials nothing needs to be asked of anybody.
    call.client.check_credentials()?;
    let (path, operation) = match endpoint {
        Endpoint::Conversation => (&call.client.paths.conversation, Operation::Conversation),
        Endpoint::Send => (&call.client.paths.send, Operation::Send),
    };
    let url = call.base_url(Service::Messaging)?.join_parsed(path)?;
    let consumer_jws = consumer.jws(call)?;
    let answered = call.with_app_jwt(wants_another_token, |app_jwt| {
        let mut headers = json_headers(app_jwt);
        headers.push((ON_BEHALF, consumer_jws.token.header()));
        headers.extend(properties.map(|properties| (CLIENT_PROPERTIES, properties.clone())));
        let request = Outgoing {
            headers,
            body: Body::Bytes(&message.json),
            secrets: &[app_jwt.as_bytes(), consumer_jws.token.as_bytes()],
            repeat: message.repeat,
            refuses_app_jwt: wants_another_token,
            ..Outgoing::new(message.doing, operation, Method::POST, url.clone())
        };
        exchange(call, &request).map_err(|error| match error.attempts() {
            0 => error,
            _ => response::name_refused(error.with_request_id(message.id()), &message.ids),
        })
    });
    // Also where it is another request that failed in the end: this is the one to look after.
    let answered = answered.map_err(|error| match error.maybe_delivered() {
        true => error.with_request_id(message.id()),
        false => error,
    })?;
    read(answered).map_err(|error| {
        // In a batch, the error may know better which request it is about.
        let id = if error.request_id().is_empty() { message.id() } else { error.request_id() };
        let id = id.to_owned();
        let maybe = error.maybe_delivered() && message.repeat != Repeat::Harmless;
        error.context(message.doing).with_request_id(&id).with_maybe_delivered(maybe)
    })
}

/// The headers of a JSON request that the connector's token authorizes.
pub(crate) fn json_headers(app_jwt: &Arc<Token>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(4);
    headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    headers.push((header::AUTHORIZATION, app_jwt.header()));
    headers
}

/// Sends a request until it is answered for good; the answer is 2xx or an error.
///
/// Every request of the library passes here, with its deadline.
pub(crate) fn exchange(call: Call, request: &Outgoing) -> Result<Answered, Error> {
    try_until_answered(call, request).map_err(|error| {
        // Another AppJWT may put this one right: who asked for it says when it has failed.
        if (request.refuses_app_jwt)(&error) { error } else { failed(call, error) }
    })
}

/// Counts and logs a request that failed for good.
pub(crate) fn failed(call: Call, error: Error) -> Error {
    count(&call.local.counters.failures);
    call.settings().log.write(LogLevel::Error, || error.message().to_owned());
    error
}

/// This is where an attempt that failed is looked at and another may follow.
fn try_until_answered(call: Call, request: &Outgoing) -> Result<Answered, Error> {
    let (local, settings, doing) = (call.local, call.settings(), request.doing);
    let mut attempts = 0;
    // Once it may have happened, a later refusal does not undo it.
    let mut maybe_delivered = false;
    let mut last: Option<Error> = None;
    loop {
        // After `local` was made, so that a shutdown finds what it has to interrupt.
        let waited = call.client.check_open().and_then(|()| wait_for_brake(call, request));
        if let Err(error) = waited {
            // The 429 of this very call says more than that there was one.
            let error = match last {
                Some(limited) if error.status() == Status::RateLimited => limited,
                _ => error,
            };
            return Err(error.with_attempts(attempts).with_maybe_delivered(maybe_delivered));
        }

        attempts += 1;
        let error = match attempt(call, request) {
            Ok(Answer { status, headers, body }) => {
                return Ok(Answered { status, headers, body, attempts });
            }
            Err(error) => error,
        };
        if error.status() == Status::RateLimited {
            let asked = Duration::from_millis(error.retry_after_ms().unwrap_or(0));
            local.brake.pull(asked.max(settings.rate_limit_backoff).max(request.least_pause));
        }

        let wait = settings.retry.wait(&error, attempts, request.repeat);
        maybe_delivered |= error.maybe_delivered() && request.repeat != Repeat::Harmless;
        let error =
            error.context(doing).with_attempts(attempts).with_maybe_delivered(maybe_delivered);
        let limited = error.status() == Status::RateLimited;
        let wait = if limited { wait.map(|_| local.brake.left()) } else { wait };
        let wait = match wait {
            // A retry that cannot be over in time is not begun.
            Some(wait)
                if call.deadline.remaining().is_ok_and(|left| wait < left)
                    && (!limited || wait <= settings.rate_limit_max_wait) =>
            {
                wait
            }
            _ => return Err(error),
        };
        settings.log.write(LogLevel::Warn, || {
            let (next, most, ms) = (attempts + 1, settings.retry.max_attempts, wait.as_millis());
            format!("{}; attempt {next} of {most} in {ms} ms", error.message())
        });
        count(&local.counters.retries);
        if limited {
            last = Some(error);
        } else {
            local.pauses.pause(wait);
        }
    }
}

/// One attempt: a 2xx answer, or what came instead.
fn attempt(call: Call, request: &Outgoing) -> Result<Answer, Error> {
    let begun = Instant::now();
    let outcome = call
        .local
        .transport
        .attempt(request, call.deadline)
        // Before anything reads it, shortens it, or makes an error of it.
        .map(|answer| Answer { body: redact(answer.body, request.secrets), ..answer })
        .and_then(accept);
    let took = begun.elapsed();
    let failed = outcome.as_ref().err().map(Error::status);
    call.local.counters.attempt(request.operation, failed, took);
    call.settings().log.write(LogLevel::Debug, || {
        let status = match &outcome {
            Ok(answer) => answer.status.to_string(),
            Err(error) if error.http_status() != 0 => error.http_status().to_string(),
            Err(error) => format!("no answer ({})", error.message()),
        };
        let (doing, method, place) = (request.doing, &request.method, without_query(&request.url));
        format!("{doing}: {method} {place}: {status} in {} ms", took.as_millis())
    });
    match outcome {
        // A shutdown breaks connections: that is the cause, not what it looks like.
        Err(error) if error.http_status() == 0 => {
            let maybe = error.maybe_delivered();
            call.client.check_open().map_err(|closed| closed.with_maybe_delivered(maybe))?;
            Err(error)
        }
        outcome => outcome,
    }
}

/// Waits, with all other threads of the client, while the service wants no requests.
fn wait_for_brake(call: Call, request: &Outgoing) -> Result<(), Error> {
    let (local, settings) = (call.local, call.settings());
    loop {
        let left = local.brake.left();
        let remaining = call.deadline.remaining().map_err(|late| late.context(request.doing))?;
        if left.is_zero() {
            return Ok(());
        }
        if left >= remaining || left > settings.rate_limit_max_wait {
            let ms = left.as_millis() as u64;
            let says = ServiceSays { retry_after_ms: Some(ms), ..ServiceSays::default() };
            let message =
                format!("the service wants no requests for another {ms} ms, after a 429 before");
            return Err(Error::new(Status::RateLimited, message)
                .with_service(says)
                .context(request.doing));
        }
        // Spread out, but not beyond what this call has.
        let over = settings.rate_limit_backoff.min((remaining - left) / 2);
        let wait = local.brake.wait(over);
        settings.log.write(LogLevel::Trace, || {
            format!("{}: waiting {} ms after a 429", request.doing, wait.as_millis())
        });
        local.pauses.pause(wait);
        call.client.check_open()?;
    }
}

/// Where a request goes, without the query: in the storage it is a signature.
fn without_query(url: &Uri) -> String {
    let authority = url.authority().map_or("", Authority::as_str);
    format!("{}://{authority}{}", url.scheme_str().unwrap_or_default(), url.path())
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
        status => {
            let hint = ServiceSays::hint(says.status(Status::of_http(status)));
            format!("the service answered {status}{}{hint}", says.reason())
        }
    };
    let says = ServiceSays { body: answer.body, ..says };
    Err(Error::new(says.status(Status::of_http(answer.status)), message).with_service(says))
}

/// `Retry-After`, as seconds or as a date by the server's own clock.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let after = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = after.parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let date = httpdate::parse_http_date(after).ok()?;
    let now = server_date(headers).unwrap_or_else(SystemTime::now);
    let wait = date.duration_since(now).unwrap_or_default();
    Some(wait.as_millis() as u64)
}

/// When the server says that it answered.
pub(crate) fn server_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let says = |after: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(after));
            if let Some(date) = date {
                headers.insert(header::DATE, HeaderValue::from_static(date));
            }
            retry_after_ms(&headers)
        };
        const NOON: &str = "Tue, 02 Jan 2001 12:00:00 GMT";
        assert_eq!(says("3", None), Some(3000));
        assert_eq!(says(" 0 ", None), Some(0));
        assert_eq!(says("Tue, 02 Jan 2001 12:01:30 GMT", Some(NOON)), Some(90_000));
        assert_eq!(says("Tue, 02 Jan 2001 11:00:00 GMT", Some(NOON)), Some(0));
        assert_eq!(says(NOON, None), Some(0), "long ago");
        for nothing in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(says(nothing, Some(NOON)), None, "{nothing}");
        }
        assert_eq!(says("18446744073709551615", None), None, "no time is that long");
    }

    #[test]
    fn the_signature_of_a_place_in_the_storage_is_not_logged() {
        let shown = |url: &'static str| without_query(&Uri::from_static(url));
        assert_eq!(shown("https://h:1/v1/a.png?temp_url_sig=x"), "https://h:1/v1/a.png");
        assert_eq!(shown("https://h/v1"), "https://h/v1");
    }
}
