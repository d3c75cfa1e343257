//! What passes between a client and a service, written into a file without its secrets; and such a
//! file, played. Uses base, http and webhooks; knows no account and no conversation.

pub(crate) mod cleaner;
pub(crate) mod exchange;
pub(crate) mod fitting;
pub(crate) mod gate;
pub(crate) mod known;
pub(crate) mod player;
pub(crate) mod recorder;
pub(crate) mod replay;
pub(crate) mod secret;
pub(crate) mod tape;
pub(crate) mod upstream;
pub(crate) mod words;
