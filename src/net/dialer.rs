//! Making connections: a name's addresses, the way through a proxy, TLS.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket as NewSocket, Type};
use ureq::ProxyProtocol;
use ureq::http::{HeaderValue, Uri};

use crate::base::error::{Error, Status};
use crate::base::fork::generation;
use crate::base::log::{Log, LogLevel};
use crate::base::stats::{Counters, count};
use crate::net::names::Names;
use crate::net::proxy::{Proxy, ProxyChoice};
use crate::net::race;
use crate::net::socket::{Socket, is_late};
use crate::net::stream::{Secure, Stream, tls_cause};
use crate::net::tunnel::{self, NoWay, Refusal};

/// Makes connections.
pub(crate) struct Dialer {
    pub names: Arc<Names>,
    pub tls: Arc<ClientConfig>,
    pub proxy: Option<ProxyChoice>,
    pub user_agent: HeaderValue,
    pub connect_timeout: Duration,
    pub counters: Arc<Counters>,
    pub log: Log,
}

/// A connection that somebody waits for.
pub(crate) struct Wanted<'a> {
    pub uri: &'a Uri,
    pub https: bool,
    pub within: Duration,
    /// Told of each socket before it is used, so that a shutdown can interrupt it.
    pub on_socket: &'a dyn Fn(&Arc<TcpStream>) -> io::Result<()>,
}

/// To whom a connection is made: the service, or a proxy on the way.
struct Peer<'a> {
    /// A name or an address, an IPv6 address without its brackets.
    host: &'a str,
    port: u16,
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tunnel::authority(self.host, self.port).fmt(f)
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl Dialer {
    /// Name, proxy, TLS: all within `connect.timeout.ms`.
    pub(crate) fn open(&self, wanted: &Wanted) -> Result<Box<dyn Stream>, Error> {
        let begun = Instant::now();
        let until = begun + self.connect_timeout.min(wanted.within);
        let https = wanted.https;
        let port = wanted.uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let target = Peer { host: bare(wanted.uri.host().unwrap_or_default()), port };
        // Plain http is for loopback: through a proxy, its secrets would leave the machine.
        let proxy = self.proxy.as_ref().filter(|_| https).and_then(|it| it.of(target.host));

        let dial = |peer: &Peer| self.dial(peer, until, wanted);
        let connection = match proxy {
            None => self.finish(dial(&target)?, &target, https)?,
            Some(proxy) => {
                let peer = Peer { host: bare(proxy.way.host()), port: proxy.way.port() };
                let socket = dial(&peer).map_err(|why| why.context("through the proxy"))?;
                if proxy.way.protocol() == ProxyProtocol::Https {
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

    /// A connection to the address of a peer that takes one first.
    fn dial(&self, peer: &Peer, until: Instant, wanted: &Wanted) -> Result<Socket, Error> {
        let found = self.names.addresses(peer.host, until);
        let addresses = found.map_err(|why| why.of(peer.host))?;
        self.log.write(LogLevel::Trace, || format!("{} is at {addresses:?}", peer.host));
        let lost = |address: IpAddr, why: &io::Error| {
            if concerns_address(why) {
                self.names.forget(peer.host, address);
            }
            let known = tunnel::authority(&address.to_string(), peer.port);
            self.log.write(LogLevel::Trace, || format!("cannot connect to {known}: {why}"));
        };
        let begin = |address| self.begin(SocketAddr::new(address, peer.port), until, wanted);
        let mine = generation();
        let connected = race::first_connected(addresses, race::DELAY, until, begin, lost);
        if mine != generation() {
            // In a log callback, while addresses were tried: what is connected is the parent's.
            return Err(Error::new(Status::Closed, "the process forked during the call"));
        }
        let socket = connected.map_err(|why| not_made(peer, &why))?;
        // Without it, small requests could wait; it is a connection all the same.
        let _ = socket.stream.set_nodelay(true);
        count(&self.counters.connections_opened);
        Ok(socket)
    }

    /// Begins to connect, and does not wait for it.
    fn begin(&self, address: SocketAddr, until: Instant, wanted: &Wanted) -> io::Result<Socket> {
        let socket = NewSocket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        let stream = Arc::new(TcpStream::from(socket));
        (wanted.on_socket)(&stream)?;
        let counters = self.counters.clone();
        let socket = Socket::new(stream, until, counters);
        match SockRef::from(&*socket.stream).connect(&address.into()) {
            Err(why) if !under_way(&why) => Err(why),
            _ => Ok(socket),
        }
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
        if proxy.way.resolve_target() {
            // The first is as good as any: only the proxy learns whether it takes a connection.
            let found = self.names.addresses(target.host, until);
            host =
                found.ok().and_then(|found| found.first().map(IpAddr::to_string)).unwrap_or(host);
        }
        // The option takes only what converts.
        let user_agent = self.user_agent.to_str().unwrap_or_default();
        let credentials = proxy.credentials.as_deref();
        let crossed = match proxy.way.protocol() {
            ProxyProtocol::Http | ProxyProtocol::Https => {
                tunnel::http_connect(stream, credentials, &host, target.port, user_agent)
            }
            ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => {
                tunnel::socks5_connect(stream, credentials, &host, target.port)
            }
            // What proxy.rs takes is above.
            _ => Err(NoWay::Refused(Refusal::lasting("it is of a kind that is not spoken"))),
        };
        crossed.map_err(|why| {
            let why = match why {
                NoWay::Broken(why) => not_made(peer, &why),
                NoWay::Refused(why) => {
                    let refused = format!("the proxy {peer} refused: {}", why.says);
                    let error = Error::new(Status::Connect, refused);
                    if why.for_good { error.and_lasting() } else { error }
                }
            };
            why.context(&format!("no way to {target} through the proxy"))
        })
    }

    /// TLS over a connection, its handshake included.
    fn secure<S: Stream>(&self, stream: S, peer: &Peer) -> Result<Secure<S>, Error> {
        let name = ServerName::try_from(peer.host.to_owned()).map_err(|_| {
            Error::new(Status::Tls, format!("{} is no name that TLS can check", peer.host))
        })?;
        let failed = |why: &rustls::Error| {
            let hint =
                if is_unknown_issuer(why) { "; tls.ca.file names the roots to trust" } else { "" };
            Error::new(Status::Tls, format!("TLS with {peer} failed: {why}{hint}"))
        };
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
    ) -> Result<Box<dyn Stream>, Error> {
        if https { Ok(Box::new(self.secure(stream, target)?)) } else { Ok(Box::new(stream)) }
    }
}

fn is_unknown_issuer(why: &rustls::Error) -> bool {
    matches!(why, rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
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

/// Whether a connection that does not block is being made.
fn under_way(error: &io::Error) -> bool {
    let unix = rustix::io::Errno::INPROGRESS.raw_os_error();
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(unix)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, TcpListener};

    use super::*;
    use crate::base::fork::tests::fork;
    use crate::net::proxy;
    use crate::net::tls::client_config;

    const HOUR: Duration = Duration::from_secs(3600);
    /// Less than the system itself gives an address that says nothing.
    const MINUTE: Duration = Duration::from_secs(60);

    /// A port at which one address answers, and the other one is a hole in the network.
    struct Both {
        listener: TcpListener,
        port: u16,
        dead: SocketAddr,
        _dead: (NewSocket, Vec<TcpStream>),
    }

    fn both() -> Both {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let deaf = NewSocket::new(Domain::IPV6, Type::STREAM, None).unwrap();
        deaf.set_only_v6(true).unwrap();
        let dead = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        deaf.bind(&dead.into()).unwrap();
        deaf.listen(0).unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&dead, Duration::from_millis(200)) {
            held.push(stream);
        }
        Both { listener, port, dead, _dead: (deaf, held) }
    }

    fn dialer(proxy_port: u16, log: Log) -> Dialer {
        Dialer {
            names: Arc::new(Names::new(HOUR)),
            tls: Arc::new(client_config(None, None).unwrap()),
            proxy: Some(proxy::parse(&format!("http://both.test:{proxy_port}")).unwrap()),
            user_agent: HeaderValue::from_static("x"),
            connect_timeout: MINUTE,
            counters: Arc::default(),
            log,
        }
    }

    /// In a child that was forked while addresses were tried, the connection is the parent's.
    #[test]
    fn a_child_goes_on_with_no_connection_of_its_parent() {
        let Both { listener, port, dead, _dead } = both();
        let log = Log::new(LogLevel::Trace, |_, line| {
            if line.contains("another one was faster") {
                fork();
            }
        });
        let dialer = dialer(port, log);
        dialer.names.know("both.test", vec![dead.ip(), [127, 0, 0, 1].into()]);
        let uri = &"https://service.test/".parse().unwrap();
        // A child that asked the proxy would wait for its answer.
        let within = Duration::from_secs(5);
        let wanted = Wanted { uri, https: true, within, on_socket: &|_| Ok(()) };
        let error = dialer.open(&wanted).err().unwrap();
        assert_eq!(error.status(), Status::Closed, "{error}");
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let heard = std::io::Read::read(&mut &stream, &mut [0; 64]);
        assert!(!heard.is_ok_and(|amount| amount > 0), "nothing was said over it");
    }

    /// A name whose IPv6 address is a hole in the network is reached by the other one.
    #[test]
    fn a_name_with_a_dead_first_address_is_reached() {
        let Both { listener, port, dead: there, _dead } = both();
        let dialer = dialer(port, Log::default());
        dialer.names.know("both.test", vec![there.ip(), [127, 0, 0, 1].into()]);
        let open = |uri: &str| {
            let uri: &Uri = &uri.parse().unwrap();
            let https = uri.scheme_str() == Some("https");
            dialer.open(&Wanted { uri, https, within: MINUTE, on_socket: &|_| Ok(()) })
        };
        assert!(open(&format!("http://both.test:{port}/")).is_ok());
        listener.accept().unwrap();
        // The dead one is known from then on: it costs nobody anything again.
        let known = dialer.names.addresses("both.test", Instant::now()).unwrap();
        assert_eq!(known, [IpAddr::from([127, 0, 0, 1])]);

        dialer.names.know("both.test", vec![there.ip(), [127, 0, 0, 1].into()]);
        std::thread::scope(|scope| {
            let through = scope.spawn(|| open("https://service.test/").err().unwrap());
            let (mut stream, _) = listener.accept().unwrap();
            std::io::Write::write_all(&mut stream, b"HTTP/1.1 403 No\r\n\r\n").unwrap();
            let error = through.join().unwrap();
            assert!(error.message().contains("it answered 403"), "{error}");
        });
    }
}
