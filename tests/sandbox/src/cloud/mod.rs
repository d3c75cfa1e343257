//! The state of the service: its accounts with all they hold, the tokens they get, and what follows
//! when something happens in a conversation. May use every floor below; knows neither the paths of
//! the services nor who works on its own.

pub(crate) mod accounts;
pub(crate) mod acting;
pub(crate) mod app_jwt;
pub(crate) mod changes;
pub(crate) mod consumer_jws;
pub(crate) mod exchanges;
pub(crate) mod kept;
pub(crate) mod news;
pub(crate) mod ports;
pub(crate) mod rate_limits;
pub(crate) mod shared;
pub(crate) mod site;
pub(crate) mod storage;
pub(crate) mod traffic;
pub(crate) mod variables;
