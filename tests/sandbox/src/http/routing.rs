//! What the routers of the services and of the control API have in common.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};

use crate::http::answer::Break;
use crate::http::request::{Connection, Received};

/// Middleware that reads the whole request, whatever it asks for, and hands on a [`Received`].
pub(crate) async fn read(
    State(max_body): State<usize>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match Received::read(&parts, body, max_body, connection).await {
        Ok(received) => {
            parts.extensions.insert(received);
            next.run(Request::from_parts(parts, Body::empty())).await
        }
        // The client left.
        Err(_) => Break::Close.into_response(),
    }
}

/// These methods and no others: `refuse` answers the rest.
pub(crate) fn only<H, T, S>(methods: MethodRouter<S>, refuse: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    S: Clone + Send + Sync + 'static,
    T: 'static,
{
    // Left to itself, axum would answer HEAD with the handler of GET. After `any` it adds no header
    // Allow of its own, least of all to a canned answer.
    any(refuse.clone()).head(refuse).merge(methods)
}
