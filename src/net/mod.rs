//! HTTP and connections, from a request to bytes on a socket.
//!
//! It uses the ground floor alone, and takes settings of its own. It knows neither LivePerson nor the
//! table of options.

mod connector;
mod dialer;
mod early;
pub(crate) mod names;
mod no_proxy;
mod pool;
pub(crate) mod proxy;
mod race;
mod socket;
mod stream;
pub(crate) mod streamed;
mod system_roots;
pub(crate) mod tls;
pub(crate) mod transport;
mod tunnel;
pub(crate) mod url;
#[cfg(feature = "probe")]
pub(crate) mod witness;
