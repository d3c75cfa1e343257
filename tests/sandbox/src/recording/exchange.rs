//! The lines of a recording.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What another version may write differently.
pub(crate) const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Heading {
    pub(crate) recording: u32,
    /// The program that wrote it.
    pub(crate) by: String,
    /// Whether the consumers' texts are there, or stand-ins.
    pub(crate) texts_kept: bool,
}

/// Each of the others: a request with its answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// When it began, after the recording did, in microseconds: by it they are in order.
    pub(crate) at_us: u64,
    pub(crate) took_us: u64,
    /// Whose request it is.
    pub(crate) from: Side,
    /// The service that was asked: its host.
    pub(crate) host: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Payload::is_none")]
    pub(crate) body: Payload,
    /// None: there was none.
    pub(crate) answer: Option<Answered>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Client,
    /// A notification.
    Service,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Payload::is_none")]
    pub(crate) body: Payload,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Payload {
    #[default]
    None,
    Json(Value),
    Form(Vec<(String, String)>),
    Text(String),
    /// So many bytes of a file, which are not written down.
    Bytes(usize),
}

impl Payload {
    fn is_none(&self) -> bool {
        *self == Payload::None
    }
}

impl Exchange {
    /// What was asked, in a line.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
