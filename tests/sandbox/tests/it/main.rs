//! Drives the sandbox over real HTTP, as a client does.

mod agent;
mod agent_control;
mod canned;
mod clients;
mod clock;
mod control;
mod conversation;
mod domain;
mod driver;
mod endpoint;
mod envelope;
mod errors;
mod fault;
mod fault_control;
mod fault_tls;
mod key;
mod one_open;
mod program;
mod properties;
mod rich;
mod send;
mod sequence;
mod storage;
mod tls;
mod token;
mod webhook;
