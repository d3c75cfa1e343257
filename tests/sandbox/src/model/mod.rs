//! What an account is, who takes part in a conversation and what was said there. Each value keeps
//! its own rules and refuses what breaks them, in the protocol's words; none knows where it is
//! kept, who is told of it or over what it came.

pub(crate) mod account;
pub(crate) mod consumer;
pub(crate) mod conversation;
pub(crate) mod conversation_view;
pub(crate) mod dialog;
pub(crate) mod dialogs;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod new_account;
pub(crate) mod participant;
pub(crate) mod staff;
pub(crate) mod survey;
pub(crate) mod transcript;
pub(crate) mod ttr;
