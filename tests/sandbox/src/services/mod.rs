//! The services by their names in the Domain API, and the way of a request through them: checked,
//! recorded, answered, logged. Knows nothing of the control API.

pub(crate) mod domain;
pub(crate) mod idp;
pub(crate) mod messaging;
pub(crate) mod opening;
pub(crate) mod properties;
pub(crate) mod router;
pub(crate) mod send;
pub(crate) mod sentinel;
pub(crate) mod swift;
