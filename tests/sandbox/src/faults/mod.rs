//! The proxy that breaks connections. It passes bytes on, and knows HTTP only as far as to tell
//! where a message ends. Uses the base alone; knows no service, no account and no test.

pub(crate) mod bytes;
pub(crate) mod fault;
pub(crate) mod fault_proxies;
pub(crate) mod fault_proxy;
pub(crate) mod framing;
pub(crate) mod link;
pub(crate) mod queue;
pub(crate) mod relay;
