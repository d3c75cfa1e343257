//! What the control API says no with.

use std::io;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::protocol::refusal::Refusal;

/// A request that makes no sense, and why.
pub(crate) struct Misuse {
    status: StatusCode,
    reason: String,
}

impl Misuse {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Misuse {
        Misuse { status, reason: reason.into() }
    }

    pub(crate) fn bad(reason: impl Into<String>) -> Misuse {
        Misuse::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(crate) fn no_account(id: &str) -> Misuse {
        Misuse::new(StatusCode::NOT_FOUND, format!("there is no account {id:?}"))
    }

    /// What the system does not let the sandbox do.
    pub(crate) fn failed(error: io::Error) -> Misuse {
        Misuse::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    /// What an agent cannot do with a conversation.
    pub(crate) fn conflict(refusal: Refusal) -> Misuse {
        Misuse::new(StatusCode::CONFLICT, refusal.details())
    }
}

impl IntoResponse for Misuse {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.reason}))).into_response()
    }
}
