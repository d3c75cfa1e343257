//! What a consumer's requests do to an account: one file for each thing that can be asked for in an
//! envelope. Uses the cloud, with what that is made of; knows neither paths nor
//! headers, and not who may ask.

pub(crate) mod field;
pub(crate) mod file_url;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod publish;
pub(crate) mod upload_token;
