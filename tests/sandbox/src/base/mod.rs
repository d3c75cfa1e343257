//! What needs nothing of the rest: options, the log, locks and sockets, keys and tokens, TLS, what
//! outlives a sandbox. Knows no service, no account and no request.

pub(crate) mod clock;
pub(crate) mod forged;
pub(crate) mod hex;
pub(crate) mod key;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod noted;
pub(crate) mod options;
pub(crate) mod pem;
pub(crate) mod socket;
pub(crate) mod state;
pub(crate) mod tls;
pub(crate) mod token;
