//! A connection's socket: breaks without a signal, counts what it reads, and stays in this process.

use std::io::Result;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::base::left_behind::LeftBehind;
use crate::receiver::counters::Counters;

/// A TCP stream that is only written to in ways that raise no SIGPIPE, which would end the program where
/// the other side left: one buffer at a time, because what writes several (`writev`) cannot do
/// without the signal. All else is the defaults, which never come to `writev`.
pub(crate) struct Socket {
    /// Goes before the stream.
    _in_children: LeftBehind,
    stream: TcpStream,
    counters: Arc<Counters>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, counters: Arc<Counters>) -> Socket {
        // A system that refuses is only slower.
        let _ = stream.set_nodelay(true);
        Socket { _in_children: LeftBehind::new(&stream), stream, counters }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let bytes = (buffer.filled().len() - before) as u64;
        self.counters.bytes_received.fetch_add(bytes, Relaxed);
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
