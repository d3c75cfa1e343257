//! What a consumer's requests do to an account: one file for each type of request that has
//! something to say. Knows envelopes and the account; knows neither paths nor headers.

pub(crate) mod field;
pub(crate) mod file_url;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod publish;
pub(crate) mod upload_token;
