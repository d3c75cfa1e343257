//! Sockets that wait for the network until a deadline.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::base::fork::generation;
use crate::base::interrupt;
use crate::base::stats::Counters;

/// A socket that never blocks but until its deadline.
pub(crate) struct Socket {
    /// Shared with those who may interrupt it: a shutdown from another thread.
    pub stream: Arc<TcpStream>,
    pub until: Instant,
    /// Whether writing that would have to wait fails with [`INPUT_FIRST`] where there is something to
    /// read.
    pub heeds_input: bool,
    counters: Arc<Counters>,
    /// The process that made it.
    generation: u64,
}

/// Not [`io::ErrorKind::WouldBlock`], after which TLS would wait for input itself.
pub(crate) const INPUT_FIRST: io::ErrorKind = io::ErrorKind::ResourceBusy;

impl Socket {
    /// Of a socket that does not block.
    pub(crate) fn new(stream: Arc<TcpStream>, until: Instant, counters: Arc<Counters>) -> Socket {
        Socket { stream, until, heeds_input: false, counters, generation: generation() }
    }

    /// What it is ready for, of this.
    fn wait(&self, readiness: PollFlags) -> io::Result<PollFlags> {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            // What does not fit is centuries.
            let left = Timespec::try_from(interrupt::slice(left)).ok();
            let mut polled = [PollFd::new(&*self.stream, readiness)];
            match poll(&mut polled, left.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {
                    interrupt::ask().map_err(|why| io::Error::other(why.message().to_owned()))?;
                }
                Ok(_) => return Ok(polled[0].revents()),
                Err(why) => return Err(why.into()),
            }
        }
    }

    /// Reads what is there already; [`io::ErrorKind::WouldBlock`] where nothing is.
    pub(crate) fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = (&*self.stream).read(buffer)?;
        self.counters.bytes_received.fetch_add(amount as u64, Relaxed);
        Ok(amount)
    }

    /// Waits until there is something to read.
    pub(crate) fn wait_to_read(&self) -> io::Result<()> {
        self.wait(PollFlags::IN).map(drop)
    }

    /// Waits until more can be written.
    fn wait_to_write(&self) -> io::Result<()> {
        if !self.heeds_input {
            return self.wait(PollFlags::OUT).map(drop);
        }
        let ready = self.wait(PollFlags::IN | PollFlags::OUT)?;
        if ready.contains(PollFlags::IN) { Err(INPUT_FIRST.into()) } else { Ok(()) }
    }
}

/// Not only closed: a child after a `fork()` holds the socket, too, and the server would wait.
impl Drop for Socket {
    fn drop(&mut self) {
        if self.generation != generation() {
            // A child's copy, of a call that was under way: the connection is the parent's.
            return;
        }
        // One that is not connected, or no longer, needs none.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

pub(crate) fn not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // First, because an answer is hardly ever there already.
            self.wait_to_read()?;
            match self.read_now(buffer) {
                Err(why) if not_yet(&why) => {}
                read => return read,
            }
        }
    }
}

impl Write for Socket {
    // Not several pieces at once: the standard library would use a call that can raise SIGPIPE.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&*self.stream).write(bytes) {
                Err(why) if not_yet(&why) => self.wait_to_write()?,
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

/// Whether our own deadline passed, and not one of the system's.
pub(crate) fn is_late(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}
