//! One HTTP request and its answer, over a pooled connection.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use ureq::{Agent, SendBody};

use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::log::Log;
use crate::base::secret::read_to_end;
use crate::base::stats::Counters;
use crate::net::connector::{self, IdleConnections, MOST_HEAD, NotConnected};
use crate::net::dialer::Dialer;
use crate::net::early::Unwanted;
use crate::net::names::Names;
use crate::net::pool::{Origin, Pool};
use crate::net::proxy::ProxyChoice;
use crate::net::stream::tls_cause;
use crate::net::streamed::{Counted, Progress, save, unreadable};

/// Connections to all hosts, and how requests go over them.
pub(crate) struct Transport {
    agent: Agent,
    names: Arc<Names>,
    pool: Arc<IdleConnections>,
    user_agent: HeaderValue,
    request_timeout: Duration,
    response_max_bytes: u64,
}

/// How HTTP is done.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    /// For one connection: name, proxy and TLS included.
    pub connect_timeout: Duration,
    /// For one request.
    pub request_timeout: Duration,
    /// A longer answer is an error.
    pub response_max_bytes: u64,
    /// Idle connections kept for each host.
    pub pool_max_connections: usize,
    pub pool_idle_timeout: Duration,
    /// How long a name's addresses are kept.
    pub dns_cache_ttl: Duration,
    pub proxy: Option<ProxyChoice>,
    pub user_agent: HeaderValue,
    pub log: Log,
}

/// One HTTP request.
pub(crate) struct HttpRequest<'a> {
    pub method: Method,
    pub url: Uri,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body<'a>,
    /// Where the body of a 2xx answer goes; otherwise it is part of the answer.
    pub into: Option<&'a File>,
    /// Told how much of a file went up or came down.
    pub progress: Option<&'a Progress>,
}

impl HttpRequest<'_> {
    /// One that carries nothing.
    pub(crate) fn new(method: Method, url: Uri) -> Self {
        let headers = Vec::new();
        HttpRequest { method, url, headers, body: Body::Nothing, into: None, progress: None }
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

/// What came back, whatever its HTTP status.
pub(crate) struct HttpAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Its body did not come as a whole, and what came of it is gone.
    pub is_cut: bool,
}

impl Transport {
    pub(crate) fn new(
        settings: &HttpSettings,
        tls: ClientConfig,
        counters: Arc<Counters>,
    ) -> Transport {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MOST_HEAD)
            // Ways through proxies are the dialer's; the environment's is in the settings.
            .proxy(None)
            .timeout_global(Some(settings.request_timeout))
            // Written once, below; ureq would make them anew for each request.
            .user_agent("")
            .accept("")
            .max_idle_connections(0)
            .build();
        let pool = Arc::new(Pool::new(settings.pool_max_connections, settings.pool_idle_timeout));
        let names = Arc::new(Names::new(settings.dns_cache_ttl));
        let dialer = Dialer {
            names: names.clone(),
            tls: Arc::new(tls),
            proxy: settings.proxy.clone(),
            user_agent: settings.user_agent.clone(),
            connect_timeout: settings.connect_timeout,
            counters,
            log: settings.log.clone(),
        };
        Transport {
            agent: connector::agent(config, dialer, pool.clone()),
            names,
            pool,
            user_agent: settings.user_agent.clone(),
            request_timeout: settings.request_timeout,
            response_max_bytes: settings.response_max_bytes,
        }
    }

    /// Sends one request and reads the whole answer, once.
    pub(crate) fn attempt(
        &self,
        request: &HttpRequest,
        deadline: Deadline,
    ) -> Result<HttpAnswer, Error> {
        let timeout = self.request_timeout.min(deadline.remaining()?);
        let host = request.url.authority().map_or("", |authority| authority.as_str());
        let fail = |error| failure(error, host, timeout);

        let made = self.request(request, timeout);
        let (parts, body) = match request.body {
            Body::Nothing => self.agent.run(made),
            Body::Bytes(bytes) if request.progress.is_none() => {
                self.agent.run(made.map(|()| bytes))
            }
            Body::Bytes(bytes) => self.upload(made, bytes, bytes.len() as u64, request.progress)?,
            Body::File(mut file, length) => {
                file.seek(SeekFrom::Start(0)).map_err(|why| unreadable(&why))?;
                self.upload(made, file, length, request.progress)?
            }
        }
        .map_err(fail)?
        .into_parts();

        if let Some(kept) = keeps_idle(&parts.headers) {
            Origin::of(&request.url).inspect(|origin| self.pool.keeps(origin, kept));
        }
        let status = parts.status.as_u16();
        let answer = |body, is_cut| HttpAnswer { status, headers: parts.headers, body, is_cut };
        match request.into {
            Some(file) if parts.status.is_success() => {
                let length = body.content_length().unwrap_or(0);
                let read = Counted::new(body.into_reader(), length, request.progress);
                save(read, file, self.response_max_bytes, fail)?;
                Ok(answer(Vec::new(), false))
            }
            _ => {
                let most = self.response_max_bytes;
                // What is announced need not come; a little more, so that the end is seen at once.
                let announced = body.content_length().unwrap_or(0).min(64 * 1024) as usize;
                let limited = body.into_reader().take(most.saturating_add(1));
                let mut whole = match read_to_end(limited, announced + 32) {
                    Ok(whole) => whole,
                    // It refuses, whether its words arrive or not. A part of them could be one of a
                    // secret.
                    Err(_) if parts.status.is_client_error() => {
                        return Ok(answer(Vec::new(), true));
                    }
                    Err(why) => return Err(fail(why.into())),
                };
                if whole.len() as u64 > most {
                    return Err(fail(ureq::Error::BodyExceedsLimit(most)));
                }
                Ok(answer(std::mem::take(&mut *whole), false))
            }
        }
    }

    /// What ureq is asked to do. Only where it is to do it otherwise than always does the request
    /// carry settings of its own: those are copied for each.
    fn request(&self, wanted: &HttpRequest, timeout: Duration) -> Request<()> {
        let mut headers = HeaderMap::with_capacity(wanted.headers.len() + 4);
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.extend(wanted.headers.iter().cloned());
        let mut request = Request::new(());
        *request.method_mut() = wanted.method.clone();
        *request.uri_mut() = wanted.url.clone();
        *request.headers_mut() = headers;

        if timeout < self.request_timeout {
            request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        }
        request
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
        source.unwanted = Unwanted::of_next_request();
        let body = SendBody::from_reader(&mut source);
        let sent = self.agent.run(request.map(|()| body));
        match source.failure {
            Some(failure) => Err(failure),
            None => Ok(sent),
        }
    }

    /// Closes connections that were idle for too long: without a thread, somebody has to come by.
    pub(crate) fn close_old(&self) {
        self.pool.close_old();
    }

    /// Closes every connection; requests under way fail.
    pub(crate) fn shutdown(&self) {
        self.names.close();
        self.agent.clone().shutdown();
    }
}

/// Turns an error of ureq into ours, with whether the request may have been delivered.
fn failure(error: ureq::Error, host: &str, timeout: Duration) -> Error {
    let ms = timeout.as_millis();
    let (status, message) = match error {
        ureq::Error::Other(other) => match other.downcast::<NotConnected>() {
            // Nothing of the request was written yet.
            Ok(not_connected) => return not_connected.0,
            Err(other) => (Status::Protocol, format!("the answer of {host} is unusable: {other}")),
        },
        // The agent was shut down before it had a connection.
        ureq::Error::Io(why) if why.kind() == io::ErrorKind::NotConnected => {
            return Error::new(Status::Connect, format!("no connection to {host}: {why}"));
        }
        ureq::Error::Timeout(_) => {
            (Status::Timeout, format!("{host} did not answer within {ms} ms"))
        }
        // rustls and ureq word this for programmers.
        ureq::Error::Io(why) if why.kind() == io::ErrorKind::UnexpectedEof => {
            (Status::Connect, format!("{host} closed the connection before its answer was whole"))
        }
        ureq::Error::Io(why) => match tls_cause(&why) {
            Some(tls) => (Status::Tls, format!("TLS with {host} failed: {tls}")),
            None => {
                (Status::Connect, format!("the connection to {host} broke before an answer: {why}"))
            }
        },
        ureq::Error::BodyExceedsLimit(most) => (
            Status::Protocol,
            format!("{host} answered with more than {most} bytes (response.max.bytes)"),
        ),
        ureq::Error::LargeResponseHeader(_, most) => {
            (Status::Protocol, format!("{host} answered with a head of more than {most} bytes"))
        }
        other => {
            (Status::Protocol, format!("the answer of {host} is not HTTP as expected: {other}"))
        }
    };
    Error::new(status, message).and_maybe_delivered()
}

/// How long a server keeps an idle connection, if it says so (`Keep-Alive: timeout=5`).
fn keeps_idle(headers: &HeaderMap) -> Option<Duration> {
    let says = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = says.split(',').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("timeout").then(|| value.trim().parse().ok())?
    })?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::base::clock::tests::sleep_machine;

    /// Answers every request, and counts the connections that they come over.
    fn server(accepted: &'static AtomicU64) -> Uri {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        // It ends with the process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map(Result::unwrap) {
                accepted.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    while stream.read(&mut [0; 4096]).is_ok_and(|amount| amount > 0) {
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    }
                });
            }
        });
        url
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn transport() -> Transport {
        let settings = HttpSettings {
            connect_timeout: HOUR,
            request_timeout: HOUR,
            response_max_bytes: 1000,
            pool_max_connections: 8,
            pool_idle_timeout: HOUR,
            dns_cache_ttl: HOUR,
            proxy: None,
            user_agent: HeaderValue::from_static("x"),
            log: Log::default(),
        };
        let tls = crate::net::tls::client_config(None, None).unwrap();
        Transport::new(&settings, tls, Arc::default())
    }

    #[test]
    fn a_connection_that_slept_is_not_used_again() {
        static ACCEPTED: AtomicU64 = AtomicU64::new(0);

        let transport = transport();
        let url = server(&ACCEPTED);
        let ask = || {
            let request = HttpRequest::new(Method::GET, url.clone());
            assert_eq!(transport.attempt(&request, Deadline::after(HOUR)).unwrap().status, 200);
            ACCEPTED.load(Ordering::SeqCst)
        };
        assert_eq!([ask(), ask()], [1, 1]);
        sleep_machine(Duration::from_secs(60));
        assert_eq!([ask(), ask()], [2, 2]);
    }

    /// More than the buffers of both ends hold.
    const MUCH: usize = 16 * 1024 * 1024;

    /// Asks once, so that there is a connection, then sends much over it, while `answer` does what the
    /// server does once it has read the head.
    fn much_over_a_used_connection(
        answer: impl FnOnce(TcpStream) + Send,
    ) -> Result<HttpAnswer, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url: Uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let transport = transport();
        let much = vec![7; MUCH];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                read_head(&mut stream);
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.").unwrap();
                read_head(&mut stream);
                answer(stream);
            });
            let get = HttpRequest::new(Method::GET, url.clone());
            transport.attempt(&get, Deadline::after(HOUR)).unwrap();
            let body = Body::Bytes(&much);
            let post = HttpRequest { body, ..HttpRequest::new(Method::POST, url.clone()) };
            transport.attempt(&post, Deadline::after(HOUR))
        })
    }

    fn read_head(stream: &mut TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
    }

    /// What comes until nothing more does.
    fn read_rest(stream: &mut TcpStream) -> usize {
        let (mut piece, mut came) = (vec![0; 1 << 20], 0);
        while came < MUCH {
            match stream.read(&mut piece) {
                Ok(amount) if amount > 0 => came += amount,
                _ => break,
            }
        }
        came
    }

    #[test]
    fn all_of_a_request_goes_out_over_a_used_connection_whatever_comes_early() {
        for (early, late) in [("ok", ""), ("", "ok")] {
            let mut came = 0;
            let answer = much_over_a_used_connection(|mut stream| {
                let head = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n";
                stream.write_all(format!("{head}{early}").as_bytes()).unwrap();
                came = read_rest(&mut stream);
                let _ = stream.write_all(late.as_bytes());
            });
            assert_eq!(came, MUCH);
            let answer = answer.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((answer.status, &answer.body[..]), (201, &b"ok"[..]));
        }
    }

    #[test]
    fn the_words_of_an_early_refusal_are_waited_for_over_a_used_connection() {
        let answer = much_over_a_used_connection(|mut stream| {
            stream.set_nodelay(true).unwrap();
            stream.write_all(b"HTTP/1.1 413 Large\r\nContent-Length: 12\r\n\r\n").unwrap();
            // So that the head is heard by itself; where it is not, this shows less.
            std::thread::sleep(Duration::from_millis(200));
            let _ = stream.write_all(b"no more room");
        });
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((answer.status, &answer.body[..]), (413, &b"no more room"[..]));
    }

    /// A server that has said its last word may read on all the same.
    #[test]
    fn all_of_a_request_goes_out_to_who_only_stopped_speaking() {
        let mut came = 0;
        let answer = much_over_a_used_connection(|mut stream| {
            stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok").unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            came = read_rest(&mut stream);
        });
        assert_eq!(came, MUCH);
        assert_eq!(answer.unwrap_or_else(|error| panic!("{error}")).body, b"ok");
    }

    #[test]
    fn a_server_says_how_long_it_keeps_an_idle_connection() {
        let says = |value: &'static str| {
            keeps_idle(&HeaderMap::from_iter([(
                header::HeaderName::from_static("keep-alive"),
                header::HeaderValue::from_static(value),
            )]))
        };
        assert_eq!(says("timeout=5, max=1000"), Some(Duration::from_secs(5)));
        assert_eq!(says("max=100, Timeout = 60"), Some(Duration::from_secs(60)));
        for nothing in ["", "max=5", "timeout", "timeout=", "timeout=-1", "timeout=soon"] {
            assert_eq!(says(nothing), None, "{nothing}");
        }
        assert_eq!(keeps_idle(&HeaderMap::new()), None);
    }
}
