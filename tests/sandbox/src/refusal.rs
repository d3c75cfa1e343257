//! What a service says no with: the error shape of the Send API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refused request, or a refused item of a batch.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    title: &'static str,
    details: String,
    error_code: Option<u32>,
    /// Whether its code is a name, and its body the details alone, as `msg`.
    plain: bool,
}

impl Refusal {
    /// A request that is wrong in itself; the service documents no errorCode for it.
    pub(crate) fn invalid(title: &'static str, details: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            title,
            details: details.into(),
            error_code: None,
            plain: false,
        }
    }

    /// A refusal without errorCode and with a status of its own.
    pub(crate) fn status(
        status: StatusCode,
        title: &'static str,
        details: impl Into<String>,
    ) -> Refusal {
        Refusal { status, title, details: details.into(), error_code: None, plain: false }
    }

    pub(crate) fn unknown_path() -> Refusal {
        Refusal::status(StatusCode::NOT_FOUND, "Not found", "No service has this path")
    }

    pub(crate) fn too_large(max_body: usize) -> Refusal {
        Refusal::status(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Payload too large",
            format!("The body is longer than {max_body} bytes"),
        )
    }

    pub(crate) fn missing_brand() -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            title: "Missing parameter",
            details: "brandId is missing from the body of cm.ConsumerRequestConversation"
                .to_owned(),
            error_code: Some(40001),
            plain: false,
        }
    }

    /// The consumer has a conversation, and a second one is not opened.
    pub(crate) fn already_open(consumer_id: &str) -> Refusal {
        let details = format!("Failed to open: User {consumer_id} already has open conversation");
        Refusal { plain: true, ..Refusal::invalid("Conversation open", details) }
    }

    /// The refusal of a message whose conversation was refused by this one.
    pub(crate) fn of_its_message(&self) -> Refusal {
        let details = "The conversation of this message was not opened";
        Refusal { plain: self.plain, ..Refusal::invalid("No conversation", details) }
    }

    pub(crate) fn missing_claim(claim: &str) -> Refusal {
        Refusal::unauthorized(
            40001,
            "Missing parameter",
            format!("The AppJWT has no claim {claim}"),
        )
    }

    pub(crate) fn invalid_app_jwt(details: impl Into<String>) -> Refusal {
        Refusal::unauthorized(40102, "Invalid AppJWT", details)
    }

    pub(crate) fn invalid_consumer_jws(details: impl Into<String>) -> Refusal {
        Refusal::unauthorized(40103, "Invalid ConsumerJWS", details)
    }

    pub(crate) fn missing_consumer_jws() -> Refusal {
        Refusal::unauthorized(
            40104,
            "ConsumerJWS is missing",
            "The header X-LP-ON-BEHALF is missing or empty",
        )
    }

    pub(crate) fn missing_app_jwt() -> Refusal {
        Refusal::unauthorized(
            40105,
            "AppJWT is missing",
            "The header Authorization is missing or empty",
        )
    }

    fn unauthorized(error_code: u32, title: &'static str, details: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::UNAUTHORIZED,
            title,
            details: details.into(),
            error_code: Some(error_code),
            plain: false,
        }
    }

    /// The code of an item of a batch.
    pub(crate) fn code(&self) -> Value {
        if self.plain { "BAD_REQUEST".into() } else { self.status.as_u16().into() }
    }

    /// The body of the error, alone.
    pub(crate) fn body(&self) -> Value {
        if self.plain {
            return json!({"msg": self.details});
        }
        let mut body = json!({"title": self.title, "details": self.details});
        if let Some(error_code) = self.error_code {
            body["errorCode"] = json!(error_code);
        }
        body
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({
            "kind": "resp",
            "code": self.status.as_u16(),
            "type": ".ReqBody$ErrorResp",
            "body": self.body(),
        });
        (self.status, Json(error)).into_response()
    }
}
