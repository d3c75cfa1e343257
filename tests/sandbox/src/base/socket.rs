//! Ports that are ours before anybody listens there.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// Binds a port without listening there.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that have ended hold the port for a while. On Windows they do not, and it would
    // mean something else.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    Ok(socket)
}
