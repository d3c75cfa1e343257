//! swift: the file storage. Who comes with a URL that was signed for it may upload or download.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::base::clock;
use crate::cloud::shared::Shared;
use crate::cloud::storage::Storage;
use crate::http::request::Received;

/// Uploads and downloads.
pub(crate) async fn object(
    State(shared): State<Arc<Shared>>,
    Path((account_id, _)): Path<(String, String)>,
    received: Received,
) -> Response {
    shared
        .accounts
        .with_site(&account_id, |site| serve(&mut site.storage, &received))
        .unwrap_or_else(|| Err(Denied::url()))
        .into_response()
}

/// Answers a request for a file: an upload or a download, as its URL was signed for it.
fn serve(storage: &mut Storage, received: &Received) -> Result<Response, Denied> {
    check(storage, received, clock::now())?;
    // URLs are signed for files that are there or announced, and for these two methods.
    let file = storage.file(&received.path).ok_or_else(Denied::url)?;
    if received.method == Method::PUT.as_str() {
        // A form is longer than the file in it; the storage keeps it as it is.
        let form = received.header("content-type");
        let form = form.is_some_and(|it| it.starts_with("multipart/form-data"));
        if received.too_large || (received.body.len() > file.room && !form) {
            let reason = format!("the URL is for at most {} bytes", file.room);
            return Err(Denied(StatusCode::PAYLOAD_TOO_LARGE, reason));
        }
        file.bytes = Some(received.body.clone());
        return Ok(StatusCode::CREATED.into_response());
    }
    let bytes = file.bytes.clone().ok_or_else(Denied::url)?;
    Ok(([(CONTENT_TYPE, file.content_type.clone().into_owned())], bytes).into_response())
}

/// Says no to a request that has no right to come in.
fn check(storage: &Storage, received: &Received, now: i64) -> Result<(), Denied> {
    for header in ["Authorization", "X-LP-ON-BEHALF"] {
        if received.headers.contains_key(header) {
            let reason = format!("{header} must not go to the storage");
            return Err(Denied(StatusCode::BAD_REQUEST, reason));
        }
    }
    let parameter = |name: &str| received.parameter(name).unwrap_or_default();
    let expires = parameter("temp_url_expires");
    let signature = storage.signature(&received.method, &received.path, &expires);
    let current = expires.parse::<i64>().is_ok_and(|expires| expires > now);
    if current && parameter("temp_url_sig") == signature { Ok(()) } else { Err(Denied::url()) }
}

/// A refused storage request: text, not the messaging error.
struct Denied(StatusCode, String);

impl Denied {
    fn url() -> Denied {
        Denied(StatusCode::UNAUTHORIZED, "the URL is not valid, or no longer".to_owned())
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let Denied(status, reason) = self;
        (status, format!("{status}: {reason}\n")).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};

    use super::check;
    use crate::base::clock;
    use crate::cloud::storage::Storage;
    use crate::http::request::Received;

    #[test]
    fn a_url_is_valid_for_a_minute() {
        let storage = Storage::new();
        let url = storage.url(&Method::GET, "/v1/x", false);
        let text = |name: &str| url["queryParams"][name].as_str().expect("a text").to_owned();
        let (signature, expires) = (text("temp_url_sig"), text("temp_url_expires"));
        let received = Received {
            method: "GET".to_owned(),
            path: "/v1/x".to_owned(),
            query: format!("temp_url_sig={signature}&temp_url_expires={expires}"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            too_large: false,
            connection: 1,
        };
        let expires: i64 = expires.parse().expect("a number");
        assert!((59..=60).contains(&(expires - clock::now())));
        assert!(check(&storage, &received, expires - 1).is_ok());
        assert!(check(&storage, &received, expires).is_err());
    }
}
