//! Cross-origin requests: a page in a browser uploads and downloads files too.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Middleware that allows everything to every page, and answers the browser that asks beforehand.
pub(crate) async fn allow(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        let mut response = ().into_response();
        for (asked, allowed) in [
            (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
            (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
        ] {
            if let Some(value) = request.headers().get(asked) {
                response.headers_mut().insert(allowed, value.clone());
            }
        }
        response
    } else {
        next.run(request).await
    };
    let everybody = HeaderValue::from_static("*");
    response.headers_mut().entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(everybody);
    response
}
