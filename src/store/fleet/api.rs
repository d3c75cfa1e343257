//! What JetStream answers, as far as it matters here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::store::fleet::broker::Trouble;

/// What it says no with, where that is no trouble.
pub(super) const NO_STREAM: u64 = 10059;
pub(super) const NO_CONSUMER: u64 = 10014;
pub(super) const NO_MESSAGE: u64 = 10037;
pub(super) const STREAM_NAME_IN_USE: u64 = 10058;
pub(super) const SUBJECTS_OVERLAP: u64 = 10065;
/// What is to be deleted is not there; the other says so, too, among other things.
pub(super) const NO_SEQUENCE: u64 = 10043;
pub(super) const NOT_DELETED: u64 = 10057;

/// A stream, or a consumer: what it was made with.
pub(super) type Settings = Map<String, Value>;

#[derive(Deserialize)]
pub(super) struct StreamInfo {
    pub config: Settings,
    pub created: String,
    pub state: StreamState,
    #[serde(default)]
    cluster: Option<Cluster>,
    /// The time at the server, from 2.10 on.
    #[serde(default)]
    pub ts: String,
}

impl StreamInfo {
    /// Whether servers of a cluster have it, however many.
    pub(super) fn is_clustered(&self) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| !cluster.name.is_empty())
    }

    /// How many servers keep it.
    pub(super) fn replicas(&self) -> u64 {
        self.config.get("num_replicas").and_then(Value::as_u64).unwrap_or(1)
    }
}

/// A server that is alone says only its own name.
#[derive(Deserialize)]
struct Cluster {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
pub(super) struct StreamState {
    pub messages: u64,
    pub bytes: u64,
    pub last_seq: u64,
    /// When the last message came.
    #[serde(default)]
    pub last_ts: String,
}

#[derive(Deserialize)]
pub(super) struct ConsumerInfo {
    pub config: Settings,
    #[serde(default)]
    pub created: String,
    /// The last that was handed out.
    pub delivered: Reached,
    /// All up to it was finished.
    pub ack_floor: Reached,
    /// How many are handed out and not finished.
    pub num_ack_pending: u64,
}

/// How far a consumer is.
#[derive(Deserialize)]
pub(super) struct Reached {
    pub consumer_seq: u64,
    pub stream_seq: u64,
}

#[derive(Deserialize)]
pub(super) struct PublishAck {
    pub seq: u64,
    #[serde(default)]
    pub duplicate: bool,
}

#[derive(Deserialize)]
pub(super) struct MessageGot {
    pub message: StoredMessage,
}

/// Its bytes are in base64.
#[derive(Deserialize)]
pub(super) struct StoredMessage {
    pub seq: u64,
    #[serde(default)]
    pub hdrs: String,
    #[serde(default)]
    pub data: String,
}

impl StoredMessage {
    pub(super) fn body(&self) -> Result<Bytes, Trouble> {
        decoded(&self.data)
    }

    /// Whether it says that what was there before it was removed.
    pub(super) fn is_removal(&self) -> Result<bool, Trouble> {
        let headers = decoded(&self.hdrs)?;
        let headers = String::from_utf8_lossy(&headers);
        let operations = headers.lines().filter_map(|line| line.strip_prefix("KV-Operation:"));
        Ok(operations.map(str::trim).any(|it| matches!(it, "DEL" | "PURGE")))
    }
}

fn decoded(text: &str) -> Result<Bytes, Trouble> {
    let decoded = STANDARD.decode(text);
    decoded.map(Bytes::from).map_err(|_| Trouble::Refused("NATS gave no base64".to_owned()))
}

/// An answer of which only matters that it is none of those below.
#[derive(Deserialize)]
pub(super) struct Done {}

#[derive(Deserialize)]
struct MayFail {
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// Why there is no answer, or none that helps.
#[derive(Debug)]
pub(super) struct Failed {
    /// JetStream's own number; 0: it is not from there.
    pub code: u64,
    pub trouble: Trouble,
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Failed {
        Failed { code: 0, trouble }
    }
}

impl From<Failed> for Trouble {
    fn from(failed: Failed) -> Trouble {
        failed.trouble
    }
}

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Failed> {
    let unreadable = |why| Trouble::Refused(format!("an answer of NATS cannot be read: {why}"));
    let MayFail { error } = serde_json::from_slice(answer).map_err(unreadable)?;
    match error {
        Some(refusal) => Err(Failed { code: refusal.err_code, trouble: refusal.trouble() }),
        None => Ok(serde_json::from_slice(answer).map_err(unreadable)?),
    }
}

impl Refusal {
    fn trouble(self) -> Trouble {
        let Refusal { code, err_code, description } = self;
        let said = format!("NATS says: {description} ({err_code})");
        match err_code {
            // Of an account, of the server's disk or memory, and of a stream.
            10002 | 10023 | 10028 | 10047 | 10077 => Trouble::Full(said),
            10054 => Trouble::TooLong,
            // The last one: another one with the same id is being written.
            10071 | 10164 | 10158 => Trouble::Changed,
            // JetStream is turned off for the account.
            10039 => Trouble::Refused(said),
            // Servers of a cluster that are not there, or not yet.
            10005 => Trouble::Away(said),
            _ if code == 503 || code == 408 => Trouble::Away(said),
            _ => Trouble::Refused(said),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_become_what_can_be_done_about_them() {
        let trouble = |code: u64, err_code: u64| {
            let answer =
                format!(r#"{{"error":{{"code":{code},"err_code":{err_code},"description":"x"}}}}"#);
            let failed = read::<PublishAck>(answer.as_bytes()).err().unwrap();
            assert_eq!(failed.code, err_code);
            failed.trouble
        };
        let said = |number: u64| format!("NATS says: x ({number})");
        assert_eq!(trouble(503, 10008), Trouble::Away(said(10008)));
        assert_eq!(trouble(400, 10005), Trouble::Away(said(10005)));
        assert_eq!(trouble(503, 10077), Trouble::Full(said(10077)));
        assert_eq!(trouble(400, 10071), Trouble::Changed);
        assert_eq!(trouble(409, 10158), Trouble::Changed);
        assert_eq!(trouble(400, 10054), Trouble::TooLong);
        assert_eq!(trouble(503, 10039), Trouble::Refused(said(10039)));
        assert_eq!(trouble(404, NO_STREAM), Trouble::Refused(said(NO_STREAM)));
        let odd = read::<PublishAck>(b"{}").err().unwrap();
        assert!(matches!(odd.trouble, Trouble::Refused(why) if why.contains("cannot be read")));
        assert!(read::<PublishAck>(b"\xff").is_err());
        assert_eq!(read::<PublishAck>(br#"{"stream":"s","seq":7}"#).unwrap().seq, 7);
    }
}
