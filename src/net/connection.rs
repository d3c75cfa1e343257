//! Connections: how they are made, waited for, and judged fit for another request. The only file
//! that touches ureq's `unversioned` traits, which may change in a patch release.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket as NewSocket, Type};
use ureq::config::Config;
use ureq::http::uri::Scheme;
use ureq::http::{HeaderValue, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
};
use ureq::{Agent, Proxy, ProxyProtocol};

use crate::base::error::{Error, Status};
use crate::base::log::{Log, LogLevel};
use crate::base::stats::{Counters, count};
use crate::net::names::{Names, NoName};
use crate::net::pool::{Place, Pool};
use crate::net::proxy;

/// An agent whose connections are made here.
pub(crate) fn agent(config: Config, dialer: Dialer) -> Agent {
    Agent::with_parts(config, dialer, NamesLater)
}

/// Makes connections.
pub(crate) struct Dialer {
    pub names: Arc<Names>,
    pub tls: Arc<ClientConfig>,
    pub user_agent: HeaderValue,
    pub connect_timeout: Duration,
    pub counters: Arc<Counters>,
    pub log: Log,
    pub pool: Arc<IdleLinks>,
}

/// Why there is no connection: nothing of the request was sent.
#[derive(Debug)]
pub(crate) struct NotConnected(pub Error);

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotConnected {}

/// To whom a connection is made: the service, or a proxy on the way.
struct Peer<'a> {
    /// A name or an address, an IPv6 address without its brackets.
    host: &'a str,
    port: u16,
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        proxy::authority(self.host, self.port).fmt(f)
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl Connector<()> for Dialer {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // ureq takes no other URL.
        let Some(place) = place(details.uri) else { return Ok(None) };
        let idle = std::iter::from_fn(|| self.pool.0.take(&place)).find_map(|mut link| {
            // Not one that the server closed meanwhile, or over which it said something unasked.
            link.is_quiet().then_some(link)
        });
        let link = match idle {
            Some(link) => link,
            None => {
                self.open(details).map_err(|why| ureq::Error::Other(Box::new(NotConnected(why))))?
            }
        };
        let lease = Lease { link: Some(link), place, pool: self.pool.clone(), is_whole: false };
        Ok(Some(Box::new(lease)))
    }
}

impl Dialer {
    /// Name, proxy, TLS: all within `connect.timeout.ms`.
    fn open(&self, details: &ConnectionDetails) -> Result<Box<dyn Wire>, Error> {
        let begun = Instant::now();
        let until = begun + self.connect_timeout.min(*details.timeout.after);
        let https = details.needs_tls();
        let port = details.uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let target = Peer { host: bare(details.uri.host().unwrap_or_default()), port };
        let proxy = details.config.proxy().filter(|proxy| !proxy.is_no_proxy(details.uri));

        let dial = |peer: &Peer| self.dial(peer, until, details);
        let connection = match proxy {
            None => self.finish(dial(&target)?, &target, https)?,
            Some(proxy) => {
                let peer = Peer { host: bare(proxy.host()), port: proxy.port() };
                let socket = dial(&peer).map_err(|why| why.context("through the proxy"))?;
                if proxy.protocol() == ProxyProtocol::Https {
                    let mut stream = self.secure(socket, &peer)?;
                    self.cross(&mut stream, proxy, &peer, &target, until)?;
                    self.finish(stream, &target, https)?
                } else {
                    let mut stream = socket;
                    self.cross(&mut stream, proxy, &peer, &target, until)?;
                    self.finish(stream, &target, https)?
                }
            }
        };
        self.log.write(LogLevel::Trace, || {
            format!("connected to {target} in {} ms", begun.elapsed().as_millis())
        });
        Ok(connection)
    }

    /// A connection to the first address of a peer that takes one.
    fn dial(
        &self,
        peer: &Peer,
        until: Instant,
        details: &ConnectionDetails,
    ) -> Result<Socket, Error> {
        let addresses = self.names.addresses(peer.host, until).map_err(|why| match why {
            NoName::NotFound(why) => {
                Error::new(Status::Connect, format!("the name {} was not found: {why}", peer.host))
            }
            NoName::Late => Error::new(
                Status::Timeout,
                format!("looking up the name {} took too long", peer.host),
            ),
            NoName::Closed => Error::new(Status::Closed, "the client was shut down"),
        })?;
        self.log.write(LogLevel::Trace, || format!("{} is at {addresses:?}", peer.host));
        let mut failed = None;
        for (index, address) in addresses.iter().enumerate() {
            // Half of the time left for each but the last, so that a dead one leaves some.
            let left = until.saturating_duration_since(Instant::now());
            let last = index + 1 == addresses.len();
            let soon = if last { until } else { Instant::now() + left / 2 };
            match self.dial_address(*address, peer.port, soon, details) {
                Ok(mut socket) => {
                    socket.until = until;
                    return Ok(socket);
                }
                Err(why) => {
                    if concerns_address(&why) {
                        self.names.forget(peer.host, *address);
                    }
                    let known = proxy::authority(&address.to_string(), peer.port);
                    self.log.write(LogLevel::Trace, || format!("cannot connect to {known}: {why}"));
                    failed = Some(why);
                }
            }
        }
        let why = failed.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        Err(not_made(peer, &why))
    }

    fn dial_address(
        &self,
        address: IpAddr,
        port: u16,
        until: Instant,
        details: &ConnectionDetails,
    ) -> io::Result<Socket> {
        let address = SocketAddr::new(address, port);
        let socket = NewSocket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        let stream = Arc::new(TcpStream::from(socket));
        let interrupt: Weak<dyn ShutdownHandle> = Arc::<TcpStream>::downgrade(&stream);
        (details.register_shutdown)(interrupt)
            .map_err(|_| io::Error::from(io::ErrorKind::NotConnected))?;
        let socket = Socket { stream, until, counters: self.counters.clone() };
        match SockRef::from(&*socket.stream).connect(&address.into()) {
            Ok(()) => {}
            Err(why) if under_way(&why) => {
                socket.wait(PollFlags::OUT)?;
                if let Some(why) = socket.stream.take_error()? {
                    return Err(why);
                }
                // A socket that was shut down is ready, too.
                socket.stream.peer_addr()?;
            }
            Err(why) => return Err(why),
        }
        socket.stream.set_nodelay(true)?;
        count(&self.counters.connections_opened);
        Ok(socket)
    }

    /// Has a proxy connect us to the target.
    fn cross(
        &self,
        stream: &mut impl Stream,
        proxy: &Proxy,
        peer: &Peer,
        target: &Peer,
        until: Instant,
    ) -> Result<(), Error> {
        let mut host = target.host.to_owned();
        if proxy.resolve_target() {
            // The first is as good as any: only the proxy learns whether it takes a connection.
            let found = self.names.addresses(target.host, until);
            host =
                found.ok().and_then(|found| found.first().map(IpAddr::to_string)).unwrap_or(host);
        }
        // The option takes only what converts.
        let user_agent = self.user_agent.to_str().unwrap_or_default();
        let crossed = match proxy.protocol() {
            ProxyProtocol::Http | ProxyProtocol::Https => {
                proxy::http_connect(stream, proxy, &host, target.port, user_agent)
            }
            _ => proxy::socks5_connect(stream, proxy, &host, target.port),
        };
        crossed.map_err(|why| {
            let why = not_made(peer, &why);
            why.context(&format!("no way to {target} through the proxy"))
        })
    }

    /// TLS over a connection, its handshake included.
    fn secure<S: Stream>(&self, stream: S, peer: &Peer) -> Result<Secure<S>, Error> {
        let name = ServerName::try_from(peer.host.to_owned()).map_err(|_| {
            Error::new(Status::Tls, format!("{} is no name that TLS can check", peer.host))
        })?;
        let failed =
            |why: &rustls::Error| Error::new(Status::Tls, format!("TLS with {peer} failed: {why}"));
        let tls = ClientConnection::new(self.tls.clone(), name).map_err(|why| failed(&why))?;
        let mut stream = StreamOwned::new(tls, stream);
        match stream.conn.complete_io(&mut stream.sock) {
            Ok(_) => Ok(stream),
            Err(why) => {
                let why = stream.reason(why);
                match tls_cause(&why) {
                    Some(why) => Err(failed(why)),
                    None => Err(not_made(peer, &why).context("in the TLS handshake")),
                }
            }
        }
    }

    fn finish<S: Stream>(
        &self,
        stream: S,
        target: &Peer,
        https: bool,
    ) -> Result<Box<dyn Wire>, Error> {
        if https {
            Ok(Box::new(Link::new(self.secure(stream, target)?, true)))
        } else {
            Ok(Box::new(Link::new(stream, false)))
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

fn not_made(peer: &Peer, why: &io::Error) -> Error {
    if is_late(why) {
        return Error::new(Status::Timeout, format!("connecting to {peer} took too long"));
    }
    let message = match why.kind() {
        // rustls and the standard library word this for programmers.
        io::ErrorKind::UnexpectedEof => format!("{peer} closed the connection"),
        _ => format!("cannot connect to {peer}: {why}"),
    };
    Error::new(Status::Connect, message)
}

/// Whether another address may do better: not where the client was shut down or has no file
/// descriptors left.
fn concerns_address(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(
        error.kind(),
        TimedOut
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | NetworkUnreachable
            | AddrNotAvailable
    )
}

/// What rustls says inside an error of input or output.
pub(crate) fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether our own deadline passed, and not one of the system's.
fn is_late(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// Whether a connection that does not block is being made.
fn under_way(error: &io::Error) -> bool {
    let unix = rustix::io::Errno::INPROGRESS.raw_os_error();
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(unix)
}

/// Names are looked up where a connection is made: ureq would ask for every request.
#[derive(Debug)]
struct NamesLater;

impl Resolver for NamesLater {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// A socket that waits for the network until a deadline, and never blocks otherwise.
struct Socket {
    /// Shared with those who may interrupt it: a shutdown from another thread.
    stream: Arc<TcpStream>,
    until: Instant,
    counters: Arc<Counters>,
}

impl Socket {
    fn wait(&self, readiness: PollFlags) -> io::Result<()> {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            // What does not fit is centuries.
            let left = Timespec::try_from(left).ok();
            match poll(&mut [PollFd::new(&*self.stream, readiness)], left.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(why) => return Err(why.into()),
            }
        }
    }
}

/// Not only closed: a child after a `fork()` holds the socket, too, and the server would wait.
impl Drop for Socket {
    fn drop(&mut self) {
        // One that is not connected, or no longer, needs none.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // First, because an answer is hardly ever there already.
            self.wait(PollFlags::IN)?;
            match (&*self.stream).read(buffer) {
                Err(why) if not_yet(&why) => {}
                Ok(amount) => {
                    self.counters.bytes_received.fetch_add(amount as u64, Relaxed);
                    return Ok(amount);
                }
                failed => return failed,
            }
        }
    }
}

impl Write for Socket {
    // Not several pieces at once: the standard library would use a call that can raise SIGPIPE.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&*self.stream).write(bytes) {
                Err(why) if not_yet(&why) => self.wait(PollFlags::OUT)?,
                Ok(amount) => {
                    self.counters.bytes_sent.fetch_add(amount as u64, Relaxed);
                    return Ok(amount);
                }
                failed => return failed,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket, or TLS over one.
trait Stream: Read + Write + Send + Sync + 'static {
    fn socket(&mut self) -> &mut Socket;

    /// Whether nothing came that nobody asked for.
    fn is_quiet(&mut self) -> bool;

    /// What the other side says about a failure to write, if it says something.
    fn reason(&mut self, why: io::Error) -> io::Error {
        why
    }
}

impl Stream for Socket {
    fn socket(&mut self) -> &mut Socket {
        self
    }

    fn is_quiet(&mut self) -> bool {
        // The end of the connection would be there as well.
        matches!(self.stream.peek(&mut [0]), Err(why) if why.kind() == io::ErrorKind::WouldBlock)
    }
}

type Secure<S> = StreamOwned<ClientConnection, S>;

impl<S: Stream> Stream for Secure<S> {
    fn socket(&mut self) -> &mut Socket {
        self.sock.socket()
    }

    fn is_quiet(&mut self) -> bool {
        let decrypted = self.conn.process_new_packets();
        decrypted.is_ok_and(|state| state.plaintext_bytes_to_read() == 0) && self.sock.is_quiet()
    }

    /// An alert, for example that it wants a certificate: it lies there unread while our writing
    /// fails, because its sender has closed the connection.
    fn reason(&mut self, why: io::Error) -> io::Error {
        let closed = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        if !closed.contains(&why.kind()) {
            return why;
        }
        while self.conn.read_tls(&mut self.sock).is_ok_and(|amount| amount > 0) {
            if let Err(alert) = self.conn.process_new_packets() {
                return io::Error::other(alert);
            }
        }
        why
    }
}

/// What ureq sends a request over.
struct Link<S> {
    stream: S,
    buffers: Held,
    tls: bool,
}

impl<S: Stream> Link<S> {
    fn new(stream: S, tls: bool) -> Link<S> {
        let buffers = Held { buffers: LazyBuffers::new(MOST_HEAD + 1, OUTPUT), held: 0 };
        Link { stream, buffers, tls }
    }

    /// Writes what is held back.
    fn send(&mut self, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let held = std::mem::take(&mut self.buffers.held);
        if held > 0 {
            self.stream.socket().until = moment(timeout);
            let output = &self.buffers.buffers.output()[..held];
            let written = self.stream.write_all(output).and_then(|()| self.stream.flush());
            written.map_err(|why| broken(self.stream.reason(why), timeout))?;
        }
        Ok(())
    }
}

impl<S: Stream> Transport for Link<S> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        // Held back, so that head and body leave together: one packet, one TLS record.
        self.buffers.held += amount;
        if self.buffers.held > OUTPUT / 2 { self.send(timeout) } else { Ok(()) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.send(timeout)?;
        self.stream.socket().until = moment(timeout);
        let input = self.buffers.buffers.input_append_buf();
        let amount = self.stream.read(input).map_err(|why| broken(why, timeout))?;
        self.buffers.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.buffers.held == 0
    }

    fn is_tls(&self) -> bool {
        self.tls
    }
}

/// A link, whatever it is made of.
trait Wire: Transport {
    /// Whether nothing came that nobody asked for.
    fn is_quiet(&mut self) -> bool;
}

impl<S: Stream> Wire for Link<S> {
    fn is_quiet(&mut self) -> bool {
        self.stream.is_quiet()
    }
}

/// Links for other requests. ureq keeps none itself, because it looks at them with its pool locked
/// and takes the one that was idle longest.
pub(crate) struct IdleLinks(Pool<Box<dyn Wire>>);

impl IdleLinks {
    /// At most so many for each place, and none longer than this.
    pub(crate) fn new(most: usize, idle_timeout: Duration) -> IdleLinks {
        IdleLinks(Pool::new(most, idle_timeout))
    }

    /// Remembers how long a server keeps idle connections.
    pub(crate) fn keeps(&self, url: &Uri, kept: Duration) {
        if let Some(place) = place(url) {
            self.0.keeps(&place, kept);
        }
    }
}

/// Where a URL leads, if it is whole.
fn place(url: &Uri) -> Option<Place> {
    let https = url.scheme() == Some(&Scheme::HTTPS);
    Some(Place { https, authority: url.authority()?.clone() })
}

/// A link for one request: it goes to the pool afterwards if ureq finds that its answer was whole.
struct Lease {
    link: Option<Box<dyn Wire>>,
    place: Place,
    pool: Arc<IdleLinks>,
    is_whole: bool,
}

impl Lease {
    fn link(&mut self) -> &mut dyn Wire {
        // Taken away by drop() alone.
        &mut **self.link.as_mut().expect("a lease has its link until it ends")
    }
}

impl Transport for Lease {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.link().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.link().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.link().await_input(timeout)
    }

    /// Asked once an answer was read to its end and more requests may follow it.
    fn is_open(&mut self) -> bool {
        self.is_whole = self.link().is_open();
        self.is_whole
    }

    fn is_tls(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.is_tls())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(link) = self.link.take().filter(|_| self.is_whole) {
            self.pool.0.give(&self.place, link);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("link", &self.link).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Link<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("tls", &self.tls).finish_non_exhaustive()
    }
}

fn moment(timeout: NextTimeout) -> Instant {
    // Every request has a time; ureq's "never" would be beyond what an instant holds.
    Instant::now() + (*timeout.after).min(Duration::from_secs(1 << 32))
}

fn broken(why: io::Error, timeout: NextTimeout) -> ureq::Error {
    match why.kind() {
        _ if is_late(&why) => ureq::Error::Timeout(timeout.reason),
        // ureq would take these for the regular end of an answer that has no length.
        io::ErrorKind::UnexpectedEof => {
            io::Error::new(io::ErrorKind::BrokenPipe, "it ended too soon").into()
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            io::Error::new(io::ErrorKind::BrokenPipe, why).into()
        }
        _ => why.into(),
    }
}

/// The longest head of an answer; one byte more must fit, for ureq to see that it is too long.
pub(crate) const MOST_HEAD: usize = 64 * 1024;

/// Written at once at most; half of it is always free for the next piece.
const OUTPUT: usize = 64 * 1024;

/// ureq's buffers, of which the beginning of the output is held back.
struct Held {
    buffers: LazyBuffers,
    held: usize,
}

impl Buffers for Held {
    fn output(&mut self) -> &mut [u8] {
        &mut self.buffers.output()[self.held..]
    }

    fn input(&self) -> &[u8] {
        self.buffers.input()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.buffers.input_append_buf()
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        let (tmp, output) = self.buffers.tmp_and_output();
        (tmp, &mut output[self.held..])
    }

    fn input_appended(&mut self, amount: usize) {
        self.buffers.input_appended(amount);
    }

    fn input_consume(&mut self, amount: usize) {
        self.buffers.input_consume(amount);
    }

    fn can_use_input(&self) -> bool {
        self.buffers.can_use_input()
    }
}
