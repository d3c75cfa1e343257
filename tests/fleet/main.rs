//! A fleet of connectors on one store in NATS: its nodes and its brokers are killed again and again, nodes are
//! suspended, and the service fails.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod balancer;
mod brokers;
mod findings;
mod node;
mod nodes;
mod story;
mod supply;

#[path = "../store/nats_server.rs"]
mod nats_server;
#[path = "../connector/random.rs"]
mod random;
