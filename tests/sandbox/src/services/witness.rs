//! Keeps what went to and fro for whoever follows the account.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{self, Body};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::cloud::exchanges::Seen;
use crate::cloud::shared::Shared;
use crate::http::answer::Break;
use crate::http::request::Received;
use crate::protocol::route::Route;

/// Middleware that notes a request before it is answered, and the answer before it is sent.
pub(crate) async fn witness(
    State((shared, route)): State<(Arc<Shared>, Route)>,
    path: Result<Path<HashMap<String, String>>, PathRejection>,
    received: Received,
    request: Request,
    next: Next,
) -> Response {
    // Those that belong to no account are followed by nobody.
    let account_id = path.ok().and_then(|Path(mut parameters)| parameters.remove("account"));
    let begin = |account_id: &String| {
        shared.accounts.with_site(account_id, |site| {
            let (revision, now) = (site.changes.next(), site.clock.millis());
            site.exchanges.begin(revision, now, route, &received)
        })
    };
    let number = account_id.as_ref().and_then(begin);
    let (Some(account_id), Some(number)) = (account_id, number) else {
        return next.run(request).await;
    };
    let started = Instant::now();
    let (parts, body) = next.run(request).await.into_parts();
    // It is in memory already; an error would be one of a body that ends early, and there is none.
    let body = body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let broken = parts.extensions.get().map(|it| match it {
        Break::Stall => "stall",
        Break::Close => "reset",
        Break::Cut => "cut",
    });
    let seen = Seen {
        status: parts.status.as_u16(),
        headers: Received::headers_as_text(&parts.headers),
        body: &body,
        millis: started.elapsed().as_millis(),
        broken,
    };
    shared.accounts.with_site(&account_id, |site| {
        let revision = site.changes.next();
        site.exchanges.end(number, revision, seen);
    });
    Response::from_parts(parts, Body::from(body))
}
