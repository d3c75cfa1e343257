//! What an account is, who takes part in a conversation and what was said there. Each value keeps
//! its own rules; none knows where it is kept, who is told of it or that there is HTTP.

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
