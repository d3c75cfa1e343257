//! Which of a name's addresses takes a connection first (RFC 8305, "Happy Eyeballs"): they are tried a
//! quarter of a second apart, without waiting for those before, so that a dead one costs no more.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::base::interrupt;
use crate::net::socket::Socket;

/// Between the beginnings of two attempts, the first of which neither succeeded nor failed.
pub(crate) const DELAY: Duration = Duration::from_millis(250);

/// Attempts at a time: a name can have more addresses than a process has file descriptors.
const MOST: usize = 16;

/// The first socket that is connected; all others are closed.
///
/// `begin` begins to connect to an address. `lost` is told of each attempt that failed, and of those
/// that a later one overtook.
///
/// # Errors
/// Why the last attempt failed; [`io::ErrorKind::TimedOut`] where some were under way at the end.
pub(crate) fn first_connected(
    addresses: Vec<IpAddr>,
    delay: Duration,
    until: Instant,
    mut begin: impl FnMut(IpAddr) -> io::Result<Socket>,
    mut lost: impl FnMut(IpAddr, &io::Error),
) -> io::Result<Socket> {
    let mut waiting = by_turns(addresses).into_iter().peekable();
    let mut under_way: Vec<(IpAddr, Socket)> = Vec::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut next_at = Instant::now();
    loop {
        let now = Instant::now();
        if now >= until {
            let late = io::Error::from(io::ErrorKind::TimedOut);
            under_way.iter().for_each(|(address, _)| lost(*address, &late));
            return Err(late);
        }
        let has_room = under_way.len() < MOST;
        if under_way.is_empty() || (now >= next_at && has_room) {
            match waiting.next() {
                Some(address) => {
                    let mut begun = begin(address);
                    if begun.as_ref().is_err_and(lacks_descriptors) && !under_way.is_empty() {
                        // The one that waited longest has had its time: this one takes its place.
                        let (slow, _) = under_way.remove(0);
                        let late =
                            io::Error::new(io::ErrorKind::TimedOut, "its descriptor is needed");
                        lost(slow, &late);
                        begun = begin(address);
                    }
                    match begun {
                        Ok(socket) => {
                            under_way.push((address, socket));
                            next_at = now + delay;
                        }
                        Err(why) => {
                            lost(address, &why);
                            failure = why;
                            continue;
                        }
                    }
                }
                None if under_way.is_empty() => return Err(failure),
                None => {}
            }
        }
        let more = has_room && waiting.peek().is_some();
        let Some(index) = decided(&under_way, if more { next_at.min(until) } else { until })?
        else {
            continue;
        };
        let (address, socket) = under_way.remove(index);
        match is_connected(&socket) {
            Ok(()) => {
                let overtaken = io::Error::new(io::ErrorKind::TimedOut, "another one was faster");
                let slower = under_way.iter().take(index);
                slower.for_each(|(address, _)| lost(*address, &overtaken));
                return Ok(socket);
            }
            Err(why) => {
                lost(address, &why);
                failure = why;
                // There is nothing to wait for.
                next_at = now;
            }
        }
    }
}

fn lacks_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error();
    // Of the process, and of all together.
    #[cfg(unix)]
    let lacks = [Errno::MFILE, Errno::NFILE];
    #[cfg(not(unix))]
    let lacks = [Errno::MFILE, Errno::NOBUFS];
    lacks.iter().any(|errno| number == Some(errno.raw_os_error()))
}

/// Both families by turns, beginning with the resolver's first: where one is broken, the address tried
/// second is of the other.
fn by_turns(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::new();
    loop {
        let before = ordered.len();
        ordered.extend(first.next());
        ordered.extend(second.next());
        if ordered.len() == before {
            return ordered;
        }
    }
}

/// The attempt of which it is known what became of it, by then.
fn decided(under_way: &[(IpAddr, Socket)], by: Instant) -> io::Result<Option<usize>> {
    let left = by.saturating_duration_since(Instant::now());
    // What does not fit is centuries.
    let left = Timespec::try_from(interrupt::slice(left)).ok();
    let mut sockets: Vec<_> =
        under_way.iter().map(|(_, it)| PollFd::new(&*it.stream, PollFlags::OUT)).collect();
    match poll(&mut sockets, left.as_ref()) {
        Ok(0) | Err(rustix::io::Errno::INTR) => {
            interrupt::ask().map_err(|why| io::Error::other(why.message().to_owned()))?;
        }
        Ok(_) => {}
        Err(why) => return Err(why.into()),
    }
    Ok(sockets.iter().position(|socket| !socket.revents().is_empty()))
}

fn is_connected(socket: &Socket) -> io::Result<()> {
    if let Some(why) = socket.stream.take_error()? {
        return Err(why);
    }
    // A socket that was shut down is ready, too.
    socket.stream.peer_addr().map(drop)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;

    use socket2::{Domain, SockRef, Socket as NewSocket, Type};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    /// Less than the system itself gives an address that says nothing.
    const MINUTE: Duration = Duration::from_secs(60);

    fn host(number: u8) -> IpAddr {
        Ipv4Addr::new(127, 0, 0, number).into()
    }

    /// Takes no connection, so that who connects waits: its queue is full.
    fn deaf(address: SocketAddr) -> (NewSocket, Vec<TcpStream>) {
        let socket = NewSocket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&address.into()).unwrap();
        socket.listen(0).unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            held.push(stream);
        }
        (socket, held)
    }

    /// What becomes of a race on a port: which address won, which were begun and which were lost.
    fn race(
        addresses: &[IpAddr],
        port: u16,
        delay: Duration,
        within: Duration,
    ) -> (io::Result<IpAddr>, Vec<IpAddr>, Vec<IpAddr>) {
        let until = Instant::now() + within;
        let (begun, lost): (RefCell<Vec<IpAddr>>, RefCell<Vec<IpAddr>>) = Default::default();
        let begin = |address| {
            begun.borrow_mut().push(address);
            let socket = NewSocket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            let stream = Arc::new(TcpStream::from(socket));
            let started = SockRef::from(&*stream).connect(&SocketAddr::new(address, port).into());
            let socket = Socket::new(stream, until, Arc::default());
            match started {
                Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => Err(why),
                _ => Ok(socket),
            }
        };
        let lose = |address, _: &io::Error| lost.borrow_mut().push(address);
        let won = first_connected(addresses.to_vec(), delay, until, begin, lose);
        let won = won.and_then(|socket| Ok(socket.stream.peer_addr()?.ip()));
        (won, begun.into_inner(), lost.into_inner())
    }

    #[test]
    fn an_address_that_says_nothing_delays_the_next_one_only() {
        let listener = TcpListener::bind((host(1), 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let _deaf = [2, 3].map(|number| deaf(SocketAddr::new(host(number), port)));
        let dead = [host(2), host(3)];
        let (won, begun, lost) = race(&[dead[0], dead[1], host(1)], port, DELAY, MINUTE);
        assert_eq!((won.unwrap(), DELAY.as_millis()), (host(1), 250));
        assert_eq!((begun, lost), (vec![dead[0], dead[1], host(1)], dead.to_vec()));
        // Nobody but the winner came to be connected, and nobody is left.
        let (first, _) = listener.accept().unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(std::io::Read::read(&mut &first, &mut [0]).unwrap(), 0, "closed by its drop");
        // All that there are together have the time of one.
        let (won, begun, lost) = race(&dead, port, Duration::ZERO, Duration::from_millis(300));
        assert_eq!(won.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!((begun, lost), (dead.to_vec(), dead.to_vec()));
    }

    #[test]
    fn an_address_that_refuses_delays_nobody() {
        let listener = TcpListener::bind((host(1), 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let refusing = [host(4), host(5)];
        let (won, begun, lost) = race(&[refusing[0], refusing[1], host(1)], port, HOUR, HOUR);
        assert_eq!(won.unwrap(), host(1));
        assert_eq!((begun.len(), lost), (3, refusing.to_vec()));
        let (won, _, lost) = race(&refusing, port, HOUR, HOUR);
        assert_eq!(won.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(lost, refusing);
        // Nor where others are still under way: the next one does not wait for its turn.
        let _deaf = deaf(SocketAddr::new(host(6), port));
        let (delay, most) = (Duration::from_secs(3), Duration::from_millis(5500));
        let (won, begun, _) = race(&[host(6), host(4), host(1)], port, delay, most);
        assert_eq!((won.unwrap(), begun.len()), (host(1), 3));
        // The first one that takes it is the only one that is asked.
        let (won, begun, _) = race(&[host(1), host(4)], port, HOUR, HOUR);
        assert_eq!((won.unwrap(), begun), (host(1), vec![host(1)]));
    }

    #[test]
    fn who_takes_the_last_descriptor_makes_way() {
        let listener = TcpListener::bind((host(1), 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let _deaf = deaf(SocketAddr::new(host(2), port));
        let mut last = std::sync::Weak::<TcpStream>::new();
        let until = Instant::now() + HOUR / 100;
        let begin = |address| {
            if last.strong_count() > 0 {
                return Err(rustix::io::Errno::MFILE.into());
            }
            let socket = NewSocket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            let stream = Arc::new(TcpStream::from(socket));
            last = Arc::downgrade(&stream);
            let _ = SockRef::from(&*stream).connect(&SocketAddr::new(address, port).into());
            Ok(Socket::new(stream, until, Arc::default()))
        };
        let mut lost = Vec::new();
        let lose = |address, why: &io::Error| lost.push((address, why.kind()));
        let won = first_connected(vec![host(2), host(1)], DELAY, until, begin, lose).unwrap();
        assert_eq!(won.stream.peer_addr().unwrap().ip(), host(1));
        // As one that is dead: so it is known from then on.
        assert_eq!(lost, [(host(2), io::ErrorKind::TimedOut)]);
    }

    #[test]
    fn families_take_turns_from_the_resolvers_first() {
        let of = |list: &[&str]| -> Vec<IpAddr> {
            list.iter().map(|address| address.parse().unwrap()).collect()
        };
        for (given, tried) in [
            (&["::1", "::2", "::3", "1.1.1.1"][..], &["::1", "1.1.1.1", "::2", "::3"][..]),
            (&["1.1.1.1", "1.1.1.2", "::1"], &["1.1.1.1", "::1", "1.1.1.2"]),
            (&["1.1.1.1"], &["1.1.1.1"]),
            (&[], &[]),
        ] {
            assert_eq!(by_turns(of(given)), of(tried));
        }
    }
}
