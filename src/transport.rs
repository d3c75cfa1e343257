//! HTTP requests over pooled connections: the only file that touches ureq's `unversioned` traits.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::{HeaderMap, Method, Request, Response, Uri, header};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport as Connection,
};
use ureq::{Agent, SendBody};

use crate::config::Settings;
use crate::deadline::Deadline;
use crate::error::{Error, Status};
use crate::turn::lock;

/// Connections to all hosts, and how requests go over them.
pub(crate) struct Transport {
    agent: Agent,
    proxied: bool,
    request_timeout: Duration,
    response_max_bytes: u64,
}

/// One HTTP request to one service.
pub(crate) struct Outgoing<'a> {
    /// What is being done, as the beginning of an error message.
    pub doing: &'static str,
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Body<'a>,
    /// Where the body of a 2xx answer goes; otherwise it is part of the answer.
    pub into: Option<&'a File>,
    /// Told how much of a file went up or came down.
    pub progress: Option<&'a Progress>,
    /// What must not come back in an error, should the server echo it.
    pub secrets: &'a [&'a str],
    /// Whether sending it twice could do something twice.
    pub has_effect: bool,
}

impl<'a> Outgoing<'a> {
    /// A request that carries nothing and changes nothing.
    pub(crate) fn new(doing: &'static str, method: Method, url: String) -> Outgoing<'a> {
        Outgoing {
            doing,
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Nothing,
            into: None,
            progress: None,
            secrets: &[],
            has_effect: false,
        }
    }
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    Nothing,
    Bytes(&'a [u8]),
    /// A file of this length, read from its beginning at each attempt.
    File(&'a File, u64),
}

/// Told how many bytes are done, of how many (0: unknown).
pub(crate) type Progress = dyn Fn(u64, u64) + Send + Sync;

/// What came back, whatever its HTTP status.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new(settings: &Settings, tls: TlsConfig) -> Transport {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(settings.proxy.clone())
            .tls_config(tls)
            .user_agent(&settings.user_agent)
            .timeout_connect(Some(settings.connect_timeout))
            .max_idle_connections(settings.pool_max_connections.saturating_mul(4))
            .max_idle_connections_per_host(settings.pool_max_connections)
            .max_idle_age(settings.pool_idle_timeout)
            .build();
        let resolver =
            CachingResolver { ttl: settings.dns_cache_ttl, known: Mutex::new(HashMap::new()) };
        Transport {
            agent: Agent::with_parts(config, MarkingConnector(DefaultConnector::new()), resolver),
            proxied: settings.proxy.is_some(),
            request_timeout: settings.request_timeout,
            response_max_bytes: settings.response_max_bytes,
        }
    }

    /// Sends one request and reads the whole answer, once.
    pub(crate) fn attempt(&self, out: &Outgoing, deadline: Deadline) -> Result<Answer, Error> {
        let timeout = self.request_timeout.min(deadline.remaining()?);
        let uri: Uri = out.url.parse().map_err(|_| {
            Error::new(Status::Protocol, "the service's parts of a URL do not make one")
        })?;
        let plain = uri.scheme_str() == Some("http");
        let mut host = uri.authority().map_or("", |authority| authority.as_str()).to_owned();
        if self.proxied && !plain {
            host.push_str(" (a proxy is set)");
        }
        let fail = |error| failure(error, &host, timeout);

        let mut request = Request::new(());
        *request.method_mut() = out.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = out.headers.clone();
        let mut config = self.agent.configure_request(request).timeout_global(Some(timeout));
        if plain {
            // Plain http is for loopback: through a proxy, its secrets would leave the machine.
            config = config.proxy(None);
        }
        let request = config.build();
        let (parts, mut body) = match out.body {
            Body::Nothing => self.agent.run(request),
            Body::Bytes(bytes) if out.progress.is_none() => self.agent.run(request.map(|()| bytes)),
            Body::Bytes(bytes) => self.upload(request, bytes, bytes.len() as u64, out.progress)?,
            Body::File(mut file, length) => {
                file.seek(SeekFrom::Start(0)).map_err(|why| unreadable(&why))?;
                self.upload(request, file, length, out.progress)?
            }
        }
        .map_err(fail)?
        .into_parts();

        let answer = |body| Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        match out.into {
            Some(file) if parts.status.is_success() => {
                let length = body.content_length().unwrap_or(0);
                let read = Counted::new(body.as_reader(), length, out.progress);
                save(read, file, self.response_max_bytes, fail)?;
                Ok(answer(Vec::new()))
            }
            _ => {
                // ureq's limit is the first length that it refuses.
                let most = self.response_max_bytes;
                let limited = body.with_config().limit(most + 1);
                let body = limited.read_to_vec().map_err(|error| match error {
                    ureq::Error::BodyExceedsLimit(_) => fail(ureq::Error::BodyExceedsLimit(most)),
                    error => fail(error),
                })?;
                Ok(answer(body))
            }
        }
    }

    /// Sends a request whose body is read as it goes; `Err` is a failure to read it.
    fn upload(
        &self,
        mut request: Request<()>,
        source: impl Read,
        length: u64,
        progress: Option<&Progress>,
    ) -> Result<Result<Response<ureq::Body>, ureq::Error>, Error> {
        request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        // A file that grew meanwhile must not overrun the length that was announced.
        let mut source = Counted::new(source.take(length), length, progress);
        let body = SendBody::from_reader(&mut source);
        let sent = self.agent.run(request.map(|()| body));
        match source.failure {
            Some(failure) => Err(failure),
            None => Ok(sent),
        }
    }

    /// Closes every connection; requests under way fail.
    pub(crate) fn shutdown(&self) {
        self.agent.clone().shutdown();
    }
}

fn unreadable(why: &io::Error) -> Error {
    let message = match why.kind() {
        io::ErrorKind::UnexpectedEof => "the file became shorter while it was read".to_owned(),
        _ => format!("the file cannot be read: {why}"),
    };
    Error::new(Status::Io, message)
}

/// Writes an answer into a file, from the file's beginning.
fn save(
    mut answer: impl Read,
    mut file: &File,
    most: u64,
    fail: impl Fn(ureq::Error) -> Error,
) -> Result<(), Error> {
    let unwritable = |why| Error::new(Status::Io, format!("the file cannot be written: {why}"));
    file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(unwritable)?;
    let mut buffer = [0; 16 * 1024];
    let mut written = 0;
    loop {
        let count = match answer.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(why) => return Err(fail(why.into())),
        };
        written += count as u64;
        if written > most {
            return Err(fail(ureq::Error::BodyExceedsLimit(most)));
        }
        file.write_all(&buffer[..count]).map_err(unwritable)?;
    }
}

/// How much of a file goes up or comes down between two reports of progress.
const CHUNK: usize = 64 * 1024;

/// Counts what is read, tells it, and remembers the failure that ended the reading.
struct Counted<'a, R> {
    source: R,
    done: u64,
    total: u64,
    progress: Option<&'a Progress>,
    failure: Option<Error>,
}

impl<'a, R> Counted<'a, R> {
    fn new(source: R, total: u64, progress: Option<&'a Progress>) -> Self {
        Counted { source, done: 0, total, progress, failure: None }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Whoever watches wants to see more than the end.
        let most = if self.progress.is_some() { CHUNK.min(buffer.len()) } else { buffer.len() };
        let read = match self.source.read(&mut buffer[..most]) {
            // ureq would wait for the rest of what was announced.
            Ok(0) if self.done < self.total => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        match &read {
            Ok(count) => {
                self.done += *count as u64;
                if let Some(progress) = self.progress.filter(|_| *count > 0) {
                    progress(self.done, self.total);
                }
            }
            Err(why) => self.failure = Some(unreadable(why)),
        }
        read
    }
}

/// Turns an error of ureq into ours, with whether the request may have been delivered.
fn failure(error: ureq::Error, host: &str, timeout: Duration) -> Error {
    // Marked by MarkingConnector: nothing of the request was written yet.
    let (error, sent) = match error {
        ureq::Error::Other(other) => match other.downcast::<NotConnected>() {
            Ok(not_connected) => (not_connected.0, false),
            Err(other) => (ureq::Error::Other(other), true),
        },
        ureq::Error::HostNotFound => (error, false),
        // The agent was shut down before it had a connection.
        ureq::Error::Io(io) if io.kind() == io::ErrorKind::NotConnected => (io.into(), false),
        error => (error, true),
    };
    let ms = timeout.as_millis();
    let (status, message) = match error {
        ureq::Error::Timeout(_) if sent => {
            (Status::Timeout, format!("{host} did not answer within {ms} ms"))
        }
        ureq::Error::Timeout(_) => (Status::Timeout, format!("connecting to {host} took too long")),
        ureq::Error::Rustls(cause) => (Status::Tls, format!("TLS with {host} failed: {cause}")),
        ureq::Error::Tls(cause) => (Status::Tls, format!("TLS with {host} failed: {cause}")),
        // rustls and ureq word this for programmers.
        ureq::Error::Io(cause) if sent && cause.kind() == io::ErrorKind::UnexpectedEof => {
            (Status::Connect, format!("{host} closed the connection before its answer was whole"))
        }
        ureq::Error::Io(cause) => match tls_cause(&cause) {
            Some(tls) => (Status::Tls, format!("TLS with {host} failed: {tls}")),
            None if sent => (
                Status::Connect,
                format!("the connection to {host} broke before an answer: {cause}"),
            ),
            None => (Status::Connect, format!("cannot connect to {host}: {cause}")),
        },
        ureq::Error::HostNotFound => (Status::Connect, format!("the name {host} was not found")),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::ConnectionFailed => {
            (Status::Connect, format!("the proxy did not connect to {host}"))
        }
        ureq::Error::BodyExceedsLimit(most) => (
            Status::Protocol,
            format!("{host} answered with more than {most} bytes (response.max.bytes)"),
        ),
        other => {
            (Status::Protocol, format!("the answer of {host} is not HTTP as expected: {other}"))
        }
    };
    Error::new(status, message).with_maybe_delivered(sent)
}

fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Marks what fails before there is a connection, because then nothing can have been delivered.
#[derive(Debug)]
struct MarkingConnector(DefaultConnector);

#[derive(Debug)]
struct NotConnected(ureq::Error);

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotConnected {}

fn not_connected(error: ureq::Error) -> ureq::Error {
    match error {
        // Already marked: a connection to a proxy is made by the same connector.
        ureq::Error::Other(other) if other.is::<NotConnected>() => ureq::Error::Other(other),
        other => ureq::Error::Other(Box::new(NotConnected(other))),
    }
}

impl Connector<()> for MarkingConnector {
    type Out = Box<dyn Connection>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.connect(details, chained).map_err(not_connected)
    }
}

/// Resolves names on the calling thread, at most once in a while.
///
/// ureq's own resolver looks names up for each request, on a thread made for it.
#[derive(Debug)]
struct CachingResolver {
    ttl: Duration,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    addresses: Arc<[SocketAddr]>,
    at: Instant,
}

impl CachingResolver {
    fn look_up(&self, host_and_port: &str) -> io::Result<Arc<[SocketAddr]>> {
        let known = lock(&self.known).get(host_and_port).cloned();
        if let Some(known) = known.filter(|known| known.at.elapsed() < self.ttl) {
            return Ok(known.addresses);
        }
        let addresses: Arc<[SocketAddr]> = host_and_port.to_socket_addrs()?.collect();
        let known = Known { addresses: addresses.clone(), at: Instant::now() };
        lock(&self.known).insert(host_and_port.to_owned(), known);
        Ok(addresses)
    }
}

impl Resolver for CachingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(not_connected(ureq::Error::BadUri("no host".to_owned())));
        };
        let name = DefaultResolver::host_and_port(scheme, authority)
            .ok_or_else(|| not_connected(ureq::Error::BadUri("no port".to_owned())))?;
        let addresses = self.look_up(&name).map_err(|error| not_connected(error.into()))?;
        let mut wanted = self.empty();
        let family = config.ip_family();
        for address in family.keep_wanted(addresses.iter().copied()).take(MOST_ADDRESSES) {
            wanted.push(address);
        }
        if wanted.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(wanted) }
    }
}

/// As many as ureq's list of addresses holds.
const MOST_ADDRESSES: usize = 16;
