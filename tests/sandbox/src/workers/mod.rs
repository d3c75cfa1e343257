//! Who works while requests come and go: agents at their desks, and the courier who takes
//! notifications to their endpoints. Uses the cloud; no request is answered here.

pub(crate) mod courier;
pub(crate) mod desk;
