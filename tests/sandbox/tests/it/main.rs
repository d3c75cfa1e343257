//! Drives the sandbox over real HTTP, as a client does.

mod canned;
mod clients;
mod control;
mod conversation;
mod domain;
mod driver;
mod errors;
mod program;
mod send;
mod sequence;
mod tls;
mod token;
