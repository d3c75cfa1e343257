//! How requests come in and answers go out: listeners, requests read to their end, canned and
//! broken answers, lines of the log. Uses the base, and the protocol to say what is in a request;
//! knows no account, and nothing of what is answered.

pub(crate) mod answer;
pub(crate) mod conditions;
pub(crate) mod cors;
pub(crate) mod hangup;
pub(crate) mod line;
pub(crate) mod places;
pub(crate) mod request;
pub(crate) mod routing;
pub(crate) mod server;
