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
    form: Form,
    /// The id of the request; empty: it is told beside the refusal, or not at all.
    request_id: String,
}

/// The service words its refusals in several ways.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// An object with title and details; the code is a number.
    Error,
    /// An object with the details as its `msg`; the code is a name.
    Message,
    /// This text alone; the code is a name.
    Text(&'static str),
}

/// What is closed is refused in these words.
const CLOSED: &str = "Bad Request, Conversation is close";

impl Refusal {
    /// A request that is wrong in itself; the service documents no errorCode for it.
    pub(crate) fn invalid(title: &'static str, details: impl Into<String>) -> Refusal {
        Refusal::status(StatusCode::BAD_REQUEST, title, details)
    }

    /// A refusal without errorCode and with a status of its own.
    pub(crate) fn status(
        status: StatusCode,
        title: &'static str,
        details: impl Into<String>,
    ) -> Refusal {
        Refusal {
            status,
            title,
            details: details.into(),
            error_code: None,
            form: Form::Error,
            request_id: String::new(),
        }
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
        let details = "brandId is missing from the body of cm.ConsumerRequestConversation";
        Refusal { error_code: Some(40001), ..Refusal::invalid("Missing parameter", details) }
    }

    /// The consumer has a conversation, and a second one is not opened.
    pub(crate) fn already_open(consumer_id: &str) -> Refusal {
        let details = format!("Failed to open: User {consumer_id} already has open conversation");
        Refusal { form: Form::Message, ..Refusal::invalid("Conversation open", details) }
    }

    /// What is to be used or changed is closed: a conversation, or one of its dialogs.
    pub(crate) fn closed(details: String) -> Refusal {
        Refusal { form: Form::Text(CLOSED), ..Refusal::invalid("Closed", details) }
    }

    /// The refusal of a message whose conversation was refused by this one.
    pub(crate) fn of_its_message(&self) -> Refusal {
        let details = "The conversation of this message was not opened";
        Refusal { form: self.form, ..Refusal::invalid("No conversation", details) }
    }

    /// The same, which names the request that it answers.
    pub(crate) fn answering(self, request_id: &str) -> Refusal {
        Refusal { request_id: request_id.to_owned(), ..self }
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
        let refusal = Refusal::status(StatusCode::UNAUTHORIZED, title, details);
        Refusal { error_code: Some(error_code), ..refusal }
    }

    /// What is wrong, for a person.
    pub(crate) fn details(&self) -> &str {
        &self.details
    }

    /// The code of an item of a batch.
    pub(crate) fn code(&self) -> Value {
        match self.form {
            Form::Error => self.status.as_u16().into(),
            Form::Message | Form::Text(_) => "BAD_REQUEST".into(),
        }
    }

    /// The body of the error, alone.
    pub(crate) fn body(&self) -> Value {
        match self.form {
            Form::Message => return json!({"msg": self.details}),
            Form::Text(text) => return text.into(),
            Form::Error => {}
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
        let error = match self.form {
            Form::Error => json!({
                "kind": "resp",
                "code": self.code(),
                "type": ".ReqBody$ErrorResp",
                "body": self.body(),
            }),
            Form::Message | Form::Text(_) => {
                json!({"reqId": self.request_id, "code": self.code(), "body": self.body()})
            }
        };
        (self.status, Json(error)).into_response()
    }
}
