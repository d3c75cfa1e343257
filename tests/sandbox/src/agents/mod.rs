//! What an agent can do, and the scripts it follows, as a test writes them. Values alone, in the
//! words of model and protocol: nothing is done here.

pub(crate) mod action;
pub(crate) mod agent;
pub(crate) mod attendance;
pub(crate) mod script;
pub(crate) mod step;
