//! TODO

pub(crate) mod deadline;
pub(crate) mod error;
pub(crate) mod log;
pub(crate) mod process;
pub(crate) mod request_id;
pub(crate) mod secret;
pub(crate) mod stats;
pub(crate) mod turn;
