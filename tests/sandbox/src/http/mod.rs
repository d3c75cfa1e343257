//! How requests come in and answers go out: listeners, requests read to their end, canned and
//! broken answers, lines of the log. Uses the protocol for what is in a request; knows no account.

pub(crate) mod answer;
pub(crate) mod cors;
pub(crate) mod line;
pub(crate) mod request;
pub(crate) mod routing;
pub(crate) mod server;
