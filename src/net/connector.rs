//! The seam to ureq: the only file that touches its `unversioned` traits, which may change in a patch
//! release. ureq writes requests and reads answers; connections, names and the pool are ours.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
};
use zeroize::Zeroize;

use crate::base::error::{Error, Status};
use crate::base::fork::generation;
use crate::net::dialer::{Dialer, Wanted};
use crate::net::early::{Unwanted, refuses};
use crate::net::pool::{Origin, Pool};
use crate::net::socket::{INPUT_FIRST, is_late, not_yet};
use crate::net::stream::Stream;

/// Connections for other requests, boxed because they are moved for each. ureq keeps none itself, because
/// it looks at them with its pool locked and takes the one that was idle longest.
pub(crate) type IdleConnections = Pool<Box<Connection>>;

/// An agent whose connections are made here.
pub(crate) fn agent(config: Config, dialer: Dialer, pool: Arc<IdleConnections>) -> Agent {
    Agent::with_parts(config, OwnConnections { dialer, pool, generation: generation() }, NamesLater)
}

/// Gives ureq a connection for each request: an idle one, or a new one.
struct OwnConnections {
    dialer: Dialer,
    pool: Arc<IdleConnections>,
    /// The process that they are for.
    generation: u64,
}

impl Connector<()> for OwnConnections {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // Before anybody's callback can make a request of its own.
        let unwanted = Unwanted::of_this_request();
        // ureq takes no other URL.
        let Some(origin) = Origin::of(details.uri) else { return Ok(None) };
        let idle = std::iter::from_fn(|| self.pool.take(&origin)).find_map(|mut connection| {
            // Not one that the server closed meanwhile, or over which it said something unasked.
            connection.stream.is_quiet().then_some(connection)
        });
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.open(details).map_err(|why| ureq::Error::Other(Box::new(why)))?,
        };
        if self.generation != generation() {
            // In a log callback, on the way here: the request is the parent's to send.
            let forked = Error::new(Status::Closed, "the process forked during the call");
            return Err(ureq::Error::Other(Box::new(NotConnected(forked))));
        }
        connection.unwanted = unwanted;
        let pool = self.pool.clone();
        let pooled =
            PooledConnection { connection: Some(connection), origin, pool, is_whole: false };
        Ok(Some(Box::new(pooled)))
    }
}

impl OwnConnections {
    fn open(&self, details: &ConnectionDetails) -> Result<Box<Connection>, NotConnected> {
        let on_socket = |stream: &Arc<TcpStream>| {
            let interrupt: Weak<dyn ShutdownHandle> = Arc::<TcpStream>::downgrade(stream);
            (details.register_shutdown)(interrupt)
                .map_err(|_| io::Error::from(io::ErrorKind::NotConnected))
        };
        let wanted = Wanted {
            uri: details.uri,
            https: details.needs_tls(),
            within: *details.timeout.after,
            on_socket: &on_socket,
        };
        let stream = self.dialer.open(&wanted).map_err(NotConnected)?;
        Ok(Box::new(Connection::new(stream, wanted.https)))
    }
}

impl fmt::Debug for OwnConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnConnections").finish_non_exhaustive()
    }
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

/// What ureq sends a request over.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    buffers: OutputHeldBack,
    tls: bool,
    /// The request was refused before it was sent: the rest of it goes nowhere.
    is_refused: bool,
    /// There is input that ureq was not told of.
    has_heard: bool,
    /// Who reads the body that is sent.
    unwanted: Option<Unwanted>,
}

impl Connection {
    fn new(stream: Box<dyn Stream>, tls: bool) -> Connection {
        let buffers = OutputHeldBack { buffers: LazyBuffers::new(MOST_HEAD + 1, OUTPUT), held: 0 };
        let (is_refused, has_heard) = (false, false);
        Connection { stream, buffers, tls, is_refused, has_heard, unwanted: None }
    }

    /// Writes what is held back.
    fn send(&mut self, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let held = std::mem::take(&mut self.buffers.held);
        if held == 0 || self.is_refused {
            return Ok(());
        }
        let was_taken = self.has_heard && refuses(self.buffers.input()) == Some(false);
        let socket = self.stream.socket();
        socket.until = moment(timeout);
        socket.heeds_input = !was_taken;
        let written = self.write(held);
        self.stream.socket().heeds_input = false;
        written.map_err(|why| broken(why, timeout))
    }

    /// Writes so much of the output, or until an answer refuses it.
    fn write(&mut self, held: usize) -> io::Result<()> {
        let mut sent = 0;
        loop {
            let rest = &self.buffers.buffers.output()[sent..held];
            let step = if rest.is_empty() {
                self.stream.flush().map(|()| 0)
            } else {
                self.stream.write(rest)
            };
            match step {
                Ok(_) if sent == held => return Ok(()),
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(amount) => sent += amount,
                Err(why) => self.hear(why)?,
            }
            if self.is_refused {
                return Ok(());
            }
        }
    }

    /// Reads what came while no more could be written, because there was input or the connection is
    /// broken: what the server said before that is its answer.
    fn hear(&mut self, why: io::Error) -> io::Result<()> {
        if is_late(&why) {
            return Err(why);
        }
        // Or ureq, over a connection that was used before, would read it and not ask for it: only then
        // does the rest of the request go out.
        self.buffers.input_consume(0);
        let can_write = why.kind() == INPUT_FIRST;
        let mut end = (!can_write).then_some(why);
        loop {
            let input = self.buffers.buffers.input_append_buf();
            if input.is_empty() {
                end = Some(io::ErrorKind::InvalidData.into());
                break;
            }
            match self.stream.read_now(input) {
                Ok(0) => {
                    end = end.or(Some(io::ErrorKind::UnexpectedEof.into()));
                    break;
                }
                Ok(amount) => {
                    self.buffers.buffers.input_appended(amount);
                    self.has_heard = true;
                }
                Err(nothing) if nothing.kind() == io::ErrorKind::WouldBlock => break,
                // It may be an alert, which says more than that the connection was closed.
                Err(why) => {
                    end = Some(why);
                    break;
                }
            }
        }
        // Who has said its last word may read on.
        let reads_on = |end: &io::Error| can_write && end.kind() == io::ErrorKind::UnexpectedEof;
        match (refuses(self.buffers.input()), end) {
            (Some(false), end) if end.as_ref().is_none_or(reads_on) => {
                self.stream.socket().heeds_input = false;
            }
            // The latter is its word, though it did not take all.
            (Some(true), _) | (Some(false), Some(_)) => {
                self.is_refused = true;
                self.unwanted.iter().for_each(Unwanted::set);
            }
            (None | Some(false), None) => {}
            (None, Some(why)) => return Err(why),
        }
        Ok(())
    }
}

impl Transport for Connection {
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
        if std::mem::take(&mut self.has_heard) {
            return Ok(true);
        }
        self.stream.socket().until = moment(timeout);
        let input = self.buffers.buffers.input_append_buf();
        let read = if self.is_refused {
            // TLS would write first what is left of a request that nobody reads any more.
            read_alone(&mut *self.stream, input)
        } else {
            self.stream.read(input)
        };
        let amount = read.map_err(|why| broken(why, timeout))?;
        self.buffers.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.buffers.held == 0 && !self.is_refused
    }

    fn is_tls(&self) -> bool {
        self.tls
    }
}

/// A connection for one request: it goes to the pool afterwards if ureq finds that its answer was whole.
struct PooledConnection {
    connection: Option<Box<Connection>>,
    origin: Origin,
    pool: Arc<IdleConnections>,
    is_whole: bool,
}

impl PooledConnection {
    fn connection(&mut self) -> &mut Connection {
        // Taken away by drop() alone.
        self.connection.as_mut().expect("it has a connection until it ends")
    }
}

impl Transport for PooledConnection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.connection().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.connection().await_input(timeout)
    }

    /// Asked once an answer was read to its end and more requests may follow it.
    fn is_open(&mut self) -> bool {
        self.is_whole = self.connection().is_open();
        self.is_whole
    }

    fn is_tls(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.tls)
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.is_whole) {
            self.pool.give(&self.origin, connection);
        }
    }
}

impl fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledConnection")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Reads, and writes nothing.
fn read_alone(stream: &mut dyn Stream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read_now(buffer) {
            Err(why) if not_yet(&why) => stream.socket().wait_to_read()?,
            read => return read,
        }
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
struct OutputHeldBack {
    buffers: LazyBuffers,
    held: usize,
}

/// Tokens and the client secret went through them.
impl Drop for OutputHeldBack {
    fn drop(&mut self) {
        let unread = self.buffers.input().len();
        self.buffers.input_consume(unread);
        // With nothing unread, this is all of it.
        self.buffers.input_append_buf().zeroize();
        self.buffers.output().zeroize();
    }
}

impl Buffers for OutputHeldBack {
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
