//! Who works while requests come and go: agents at their desks, and the courier who takes
//! notifications to their endpoints. Uses the cloud, agents and webhooks; answers no request.

pub(crate) mod courier;
pub(crate) mod desk;
