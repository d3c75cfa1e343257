//! What bytes go over, a socket or TLS over one; and whether an idle one is fit for another request.

use std::io::{self, Read, Write};

use rustls::{ClientConnection, StreamOwned};

use crate::net::socket::Socket;

/// A socket, or TLS over one.
pub(crate) trait Stream: Read + Write + Send + Sync + 'static {
    fn socket(&mut self) -> &mut Socket;

    /// Whether nothing came that nobody asked for.
    fn is_quiet(&mut self) -> bool;

    /// Reads what is there already; [`io::ErrorKind::WouldBlock`] where nothing is.
    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

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

    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Socket::read_now(self, buffer)
    }
}

/// A stream, read without waiting.
struct Now<'a, S>(&'a mut S);

impl<S: Stream> Read for Now<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(buffer)
    }
}

/// TLS over a stream.
pub(crate) type Secure<S> = StreamOwned<ClientConnection, S>;

impl<S: Stream> Stream for Secure<S> {
    fn socket(&mut self) -> &mut Socket {
        self.sock.socket()
    }

    fn is_quiet(&mut self) -> bool {
        let decrypted = self.conn.process_new_packets();
        decrypted.is_ok_and(|state| state.plaintext_bytes_to_read() == 0) && self.sock.is_quiet()
    }

    /// Not as TLS reads otherwise, which would write first what it could not write before.
    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.conn.reader().read(buffer) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            self.conn.read_tls(&mut Now(&mut self.sock))?;
            self.conn.process_new_packets().map_err(io::Error::other)?;
        }
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

/// What rustls says inside an error of input or output.
pub(crate) fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
