//! The control API: what a Rust test does through the sandbox, any other program does over HTTP.
//! One file for each thing that is controlled; what they have in common knows none of them. Uses
//! the floors below, but neither services nor requests nor workers.

pub(crate) mod account;
pub(crate) mod agent;
pub(crate) mod answers;
pub(crate) mod conditions;
pub(crate) mod conversations;
pub(crate) mod extract;
pub(crate) mod faults;
pub(crate) mod feed;
pub(crate) mod files;
pub(crate) mod guard;
pub(crate) mod members;
pub(crate) mod misuse;
pub(crate) mod requests;
pub(crate) mod router;
pub(crate) mod site;
pub(crate) mod stream;
pub(crate) mod survey;
pub(crate) mod tokens;
pub(crate) mod webhook;
