//! A port for a program that receives notifications.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

use crate::base::socket::bind;

/// A port of 127.0.0.1 that nobody else gets until the program listens there.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    /// Bound and not listening. Elsewhere than on Linux it would keep the program away too.
    _reserved: Option<TcpSocket>,
}

impl Receiver {
    pub(crate) fn reserve() -> io::Result<Receiver> {
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = socket.local_addr()?;
        Ok(Receiver { address, _reserved: cfg!(target_os = "linux").then_some(socket) })
    }

    /// The port of an earlier sandbox. Who listens there already may go on.
    pub(crate) fn again(address: SocketAddr) -> Receiver {
        let reserved = if cfg!(target_os = "linux") { bind(address).ok() } else { None };
        Receiver { address, _reserved: reserved }
    }

    /// Where its notifications go.
    pub(crate) fn url(&self, tls: bool) -> String {
        format!("{}://{}/", if tls { "https" } else { "http" }, self.address)
    }
}
