//! TODO

pub(crate) mod connection;
pub(crate) mod names;
pub(crate) mod pool;
pub(crate) mod proxy;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod url;
