//! The one error type, and the statuses that a caller can act on.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::base::delivery::Delivery;

/// What kind of failure happened. The numbers are those of the C ABI and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Status {
    /// An argument is not what the call takes; nothing was sent.
    InvalidArgument = 1,
    /// A configuration option is unknown, malformed or missing; nothing was sent.
    Config = 2,
    /// No connection: the name did not resolve, or the host refused, is unreachable, or reset.
    Connect = 3,
    /// The TLS handshake or a certificate check failed.
    Tls = 4,
    /// A deadline passed.
    Timeout = 5,
    /// The service answered 401.
    Unauthorized = 6,
    /// The service answered with another 4xx, or refused a request inside an answer.
    Rejected = 7,
    /// The service answered 429.
    RateLimited = 8,
    /// The service answered with a 5xx.
    Server = 9,
    /// An answer is not what the protocol allows.
    Protocol = 10,
    /// The client was shut down, or the conversation was closed, here or at the service.
    Closed = 11,
    /// A local file could not be read or written.
    Io = 12,
    /// A webhook's signature does not match.
    Signature = 13,
    /// Nothing arrived in time.
    Empty = 14,
    /// The consumer has an open conversation; the service refuses a second one.
    AlreadyOpen = 15,
    /// A queue of ours has no room.
    Full = 16,
    /// A defect of this library.
    Internal = 99,
}

impl Status {
    /// Every status, in the order of its number.
    pub const ALL: [Status; 17] = [
        Status::InvalidArgument,
        Status::Config,
        Status::Connect,
        Status::Tls,
        Status::Timeout,
        Status::Unauthorized,
        Status::Rejected,
        Status::RateLimited,
        Status::Server,
        Status::Protocol,
        Status::Closed,
        Status::Io,
        Status::Signature,
        Status::Empty,
        Status::AlreadyOpen,
        Status::Full,
        Status::Internal,
    ];

    /// Its name, for example `TIMEOUT`.
    pub fn name(self) -> &'static str {
        match self {
            Status::InvalidArgument => "INVALID_ARGUMENT",
            Status::Config => "CONFIG",
            Status::Connect => "CONNECT",
            Status::Tls => "TLS",
            Status::Timeout => "TIMEOUT",
            Status::Unauthorized => "UNAUTHORIZED",
            Status::Rejected => "REJECTED",
            Status::RateLimited => "RATE_LIMITED",
            Status::Server => "SERVER",
            Status::Protocol => "PROTOCOL",
            Status::Closed => "CLOSED",
            Status::Io => "IO",
            Status::Signature => "SIGNATURE",
            Status::Empty => "EMPTY",
            Status::AlreadyOpen => "ALREADY_OPEN",
            Status::Full => "FULL",
            Status::Internal => "INTERNAL",
        }
    }

    /// The status that an HTTP status outside 2xx stands for.
    pub(crate) fn of_http(http_status: u16) -> Status {
        match http_status {
            401 => Status::Unauthorized,
            429 => Status::RateLimited,
            400..=499 => Status::Rejected,
            500..=599 => Status::Server,
            _ => Status::Protocol,
        }
    }
}

/// Why a call failed, with everything the service said about it.
///
/// No secret is ever part of it: tokens and the client secret are replaced by `***`
/// even where a server echoes them.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Fields>);

#[derive(Clone, PartialEq, Eq)]
struct Fields {
    status: Status,
    message: String,
    http_status: u16,
    service_code: i32,
    title: String,
    details: String,
    delivery: Delivery,
    retry_after_ms: Option<u64>,
    body: Vec<u8>,
    file: Option<FailedFile>,
    /// Whether the same call may succeed later, where its status says something else.
    may_pass: Option<bool>,
}

/// A file of this machine that a call failed for.
#[derive(Clone, PartialEq, Eq)]
struct FailedFile {
    path: PathBuf,
    os_error: Option<i32>,
}

/// What an answer of the service tells about a failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceSays {
    pub http_status: u16,
    pub service_code: i32,
    pub title: String,
    pub details: String,
    pub retry_after_ms: Option<u64>,
    pub body: Vec<u8>,
}

impl Error {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Error {
        Error(Box::new(Fields {
            status,
            message: message.into(),
            http_status: 0,
            service_code: 0,
            title: String::new(),
            details: String::new(),
            delivery: Delivery::default(),
            retry_after_ms: None,
            body: Vec::new(),
            file: None,
            may_pass: None,
        }))
    }

    /// A file cannot be read or written; `message` says why.
    pub(crate) fn of_file(path: &Path, why: &io::Error, message: impl Into<String>) -> Error {
        let mut error = Error::new(Status::Io, message);
        error.0.file = Some(FailedFile { path: path.to_owned(), os_error: why.raw_os_error() });
        error
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::new(Status::InvalidArgument, message)
    }

    pub(crate) fn with_service(mut self, says: ServiceSays) -> Error {
        self.0.http_status = says.http_status;
        self.0.service_code = says.service_code;
        self.0.title = says.title;
        self.0.details = says.details;
        self.0.retry_after_ms = says.retry_after_ms;
        self.0.body = says.body;
        self
    }

    /// Says what became of the request that failed.
    pub(crate) fn with_delivery(mut self, delivery: &Delivery) -> Error {
        self.0.delivery = delivery.clone();
        if delivery.attempts == 0 {
            // What was never tried is no request of the service's yet.
            self.0.delivery.request_id.clear();
        }
        self
    }

    /// Says which request of a batch failed.
    pub(crate) fn with_request_id(mut self, id: &str) -> Error {
        self.0.delivery.request_id = id.to_owned();
        self
    }

    /// Says that the request may have taken effect.
    pub(crate) fn and_maybe_delivered(mut self) -> Error {
        self.0.delivery.maybe_delivered = true;
        self
    }

    /// Says that the request changes nothing, whether it was delivered or not.
    pub(crate) fn and_changed_nothing(mut self) -> Error {
        self.0.delivery.maybe_delivered = false;
        self
    }

    /// Says that trying again brings the same, although its status is one of those that pass.
    pub(crate) fn and_lasting(mut self) -> Error {
        self.0.may_pass = Some(false);
        self
    }

    /// Says that trying again later may succeed, although its status is none of those that pass.
    pub(crate) fn and_passing(mut self) -> Error {
        self.0.may_pass = Some(true);
        self
    }

    /// Puts what was being done in front of the message.
    pub(crate) fn context(mut self, doing: &str) -> Error {
        self.0.message = format!("{doing}: {}", self.0.message);
        self
    }

    /// The kind of failure.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// One sentence that a person can act on.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status of the answer; 0 if none came.
    pub fn http_status(&self) -> u16 {
        self.0.http_status
    }

    /// The service's own error code, for example 40102; 0 if it gave none.
    pub fn service_code(&self) -> i32 {
        self.0.service_code
    }

    /// The service's title of the error; empty if it gave none.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// The service's details of the error; empty if it gave none.
    pub fn details(&self) -> &str {
        &self.0.details
    }

    /// The id of the request that failed; empty where the failing request carries none
    /// (tokens, discovery) or was never tried.
    pub fn request_id(&self) -> &str {
        &self.0.delivery.request_id
    }

    /// How often the failing request was tried, connection failures included; 0 if it never was.
    pub fn attempts(&self) -> u32 {
        self.0.delivery.attempts
    }

    /// Whether the same call may succeed later: connection failures, but for a proxy that refuses,
    /// timeouts, 429 and 5xx; a refusal that broke off before it said why; a queue of ours that is
    /// full, and a store that could not write.
    /// Where [`maybe_delivered`](Error::maybe_delivered) is set too, repeating a message may
    /// deliver it twice.
    pub fn is_retryable(&self) -> bool {
        let passes = matches!(
            self.0.status,
            Status::Connect | Status::Timeout | Status::RateLimited | Status::Server | Status::Full
        );
        self.0.may_pass.unwrap_or(passes)
    }

    /// Whether no connection could be made, of whatever reason that passes: nothing was sent.
    pub(crate) fn is_unsent(&self) -> bool {
        let is_network = matches!(self.0.status, Status::Connect | Status::Timeout);
        is_network && self.0.http_status == 0 && !self.maybe_delivered()
    }

    /// Whether the service says that the conversation is closed.
    pub(crate) fn is_closed_there(&self) -> bool {
        self.0.status == Status::Closed && self.0.http_status != 0
    }

    /// What became of the request that failed.
    pub(crate) fn delivery(&self) -> &Delivery {
        &self.0.delivery
    }

    /// Whether the request may have taken effect: it was sent, but no usable answer came.
    pub fn maybe_delivered(&self) -> bool {
        self.0.delivery.maybe_delivered
    }

    /// How long the service asked to wait (`Retry-After`), in milliseconds, if it did.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }

    /// The file of this machine that could not be read or written; `None` where it was no file, or is
    /// not known.
    pub fn path(&self) -> Option<&Path> {
        self.0.file.as_ref().map(|file| file.path.as_path())
    }

    /// What the system said of [`path`](Error::path): its error number, such as `ENOENT`.
    pub fn os_error(&self) -> Option<i32> {
        self.0.file.as_ref().and_then(|file| file.os_error)
    }

    /// The raw answer of the service; empty if there was none.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.0.status)
            .field("message", &self.0.message)
            .field("http_status", &self.0.http_status)
            .field("service_code", &self.0.service_code)
            .field("title", &self.0.title)
            .field("details", &self.0.details)
            .field("request_id", &self.0.delivery.request_id)
            .field("attempts", &self.0.delivery.attempts)
            .field("maybe_delivered", &self.0.delivery.maybe_delivered)
            .field("retry_after_ms", &self.0.retry_after_ms)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}
