//! The ports that a sandbox with a state has again.

use std::io;
use std::net::TcpListener;

use crate::base::state::State;
use crate::http::server;

/// Binds a port of 127.0.0.1 for what `name` says. 0 is the one of an earlier sandbox with this
/// state, or a free one.
pub(crate) fn bind(name: &str, port: u16, state: Option<&State>) -> io::Result<TcpListener> {
    let Some(state) = state else { return server::bind(port) };
    let row = format!("port of the {name}");
    let before = state.common(&row)?.and_then(|before| before.parse().ok());
    let port = if port == 0 { before.unwrap_or(0) } else { port };
    let listener = server::bind(port).map_err(|error| {
        let reason = format!("port {port}, that of the {name}: {error}");
        io::Error::new(error.kind(), reason)
    })?;
    let port = listener.local_addr()?.port();
    if before != Some(port) {
        state.set_common(&row, &port.to_string())?;
    }
    Ok(listener)
}
