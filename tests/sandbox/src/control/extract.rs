//! What the handlers of the control API take from a request: path and body.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::control::misuse::Misuse;
use crate::http::request::Received;

/// The longest body that is taken: room enough for any canned answer.
pub(crate) const MAX_BODY: usize = 64 * 1024 * 1024;

/// Refuses a body of which a part is missing.
pub(crate) fn check_length(received: &Received) -> Result<(), Misuse> {
    if received.too_large {
        let reason = format!("the body is longer than {MAX_BODY} bytes");
        return Err(Misuse::new(StatusCode::PAYLOAD_TOO_LARGE, reason));
    }
    Ok(())
}

/// What the path names: [`Path`] with errors of the control API.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Misuse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Misuse> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Named(parameters)),
            Err(rejection) => Err(Misuse::new(rejection.status(), rejection.body_text())),
        }
    }
}

/// The body as an object; none at all counts as an empty one. Handlers that need nothing of it
/// extract it too: what makes no sense is refused.
pub(crate) struct Object(pub(crate) Map<String, Value>);

impl<S: Sync> FromRequestParts<S> for Object {
    type Rejection = Misuse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Object, Misuse> {
        let Ok(received) = Received::from_request_parts(parts, state).await;
        check_length(&received)?;
        if received.body.is_empty() {
            return Ok(Object(Map::new()));
        }
        serde_json::from_slice(&received.body)
            .map(Object)
            .map_err(|error| Misuse::bad(format!("the body is no JSON object: {error}")))
    }
}
