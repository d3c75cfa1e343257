//! The paths of the control API.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};

use crate::cloud::shared::Shared;
use crate::control::account;
use crate::control::agent;
use crate::control::answers;
use crate::control::conditions;
use crate::control::conversations;
use crate::control::extract::MAX_BODY;
use crate::control::faults;
use crate::control::files;
use crate::control::guard::guard;
use crate::control::misuse::Misuse;
use crate::control::requests;
use crate::control::stream;
use crate::control::survey;
use crate::control::tokens;
use crate::control::webhook;
use crate::http::routing::{only, read};

/// All that the control API takes, at this port, and what `besides` serves.
pub(crate) fn control_api(shared: Arc<Shared>, port: u16, besides: Router<Arc<Shared>>) -> Router {
    let takes = |method: &'static str, methods: MethodRouter<Arc<Shared>>| {
        only(methods, move |uri: Uri| async move {
            let reason = format!("{} takes {method}", uri.path());
            Misuse::new(StatusCode::METHOD_NOT_ALLOWED, reason)
        })
    };
    besides
        .route("/accounts", takes("GET or POST", get(account::all).post(account::add)))
        .route("/accounts/{id}/agent", takes("PUT", put(agent::set)))
        .route("/accounts/{id}/answers", takes("POST", post(answers::queue)))
        .route("/accounts/{id}/client-secret", takes("PUT", put(tokens::client_secret)))
        .route("/accounts/{id}/clock", takes("POST", post(account::clock)))
        .route("/accounts/{id}/conversations", takes("GET", get(conversations::all)))
        .route("/accounts/{id}/conversations/{cid}/agent", takes("POST", post(agent::act)))
        .route(
            "/accounts/{id}/conversations/{cid}/close",
            takes("POST", post(conversations::close)),
        )
        .route(
            "/accounts/{id}/conversations/{cid}/survey",
            takes("POST", post(conversations::open_survey)),
        )
        .route("/accounts/{id}/deliveries", takes("GET", get(webhook::deliveries)))
        .route("/accounts/{id}/events", takes("GET", get(stream::open)))
        .route("/accounts/{id}/expire-storage-urls", takes("POST", post(files::expire_urls)))
        .route("/accounts/{id}/files", takes("GET or POST", get(files::get).post(files::put)))
        .route("/accounts/{id}/notify", takes("POST", post(webhook::notify)))
        .route("/accounts/{id}/pending", takes("GET", get(webhook::pending)))
        .route("/accounts/{id}/rate-limits", takes("PUT", put(conditions::rate_limits)))
        .route("/accounts/{id}/requests", takes("GET", get(requests::of_account)))
        .route("/accounts/{id}/revoke-tokens", takes("POST", post(tokens::revoke_tokens)))
        .route("/accounts/{id}/rotate-key", takes("POST", post(tokens::rotate_key)))
        .route("/accounts/{id}/sign", takes("POST", post(webhook::sign)))
        .route("/accounts/{id}/survey", takes("PUT", put(survey::set)))
        .route("/accounts/{id}/token-lifetime", takes("POST", post(tokens::token_lifetime)))
        .route("/accounts/{id}/tokens", takes("POST", post(tokens::issue_token)))
        .route(
            "/accounts/{id}/webhook",
            takes("PUT or DELETE", put(webhook::set).delete(webhook::remove)),
        )
        .route("/accounts/{id}/webhook/duplicate", takes("POST", post(webhook::duplicate_next)))
        .route("/accounts/{id}/webhook/reorder", takes("POST", post(webhook::reorder_next)))
        .route(
            "/accounts/{id}/webhooks/{type}",
            takes("PUT or DELETE", put(webhook::set_for).delete(webhook::remove_for)),
        )
        .route("/fault-proxies", takes("POST", post(faults::new_proxy)))
        .route("/fault-proxies/{id}", takes("GET", get(faults::view)))
        .route("/fault-proxies/{id}/accept", takes("POST", post(faults::accept)))
        .route("/fault-proxies/{id}/close-idle", takes("POST", post(faults::close_idle)))
        .route("/fault-proxies/{id}/faults", takes("POST", post(faults::queue)))
        .route("/fault-proxies/{id}/refuse", takes("POST", post(faults::refuse)))
        .route("/key-requests", takes("GET", get(requests::for_keys)))
        .route("/latency", takes("PUT", put(conditions::latency)))
        .route(
            "/outage",
            takes(
                "GET, POST or DELETE",
                get(conditions::view_outage)
                    .post(conditions::begin_outage)
                    .delete(conditions::end_outage),
            ),
        )
        .route("/public-key", takes("GET", get(tokens::public_key)))
        .fallback(async |uri: Uri| {
            Misuse::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path()))
        })
        .layer(from_fn_with_state(MAX_BODY, read))
        .layer(from_fn_with_state(port, guard))
        .with_state(shared)
}
