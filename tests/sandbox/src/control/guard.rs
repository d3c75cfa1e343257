//! Who may drive the sandbox: programs of this machine, and its own page. No page of another site,
//! whatever name it makes a browser know the sandbox by.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::control::misuse::Misuse;

/// The names of the loopback address, as a browser or a program writes them.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
/// What a browser says of a request that no other site made.
const OWN: [&str; 2] = ["same-origin", "none"];

/// For each answer, because a browser may show any of them as a page.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Middleware that refuses others before anything of theirs is read.
pub(crate) async fn guard(State(port): State<u16>, request: Request, next: Next) -> Response {
    let mut response = match check(request.headers(), port) {
        Ok(()) => next.run(request).await,
        Err(misuse) => misuse.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(headers: &HeaderMap, port: u16) -> Result<(), Misuse> {
    let refuse = |reason: String| Err(Misuse::new(StatusCode::FORBIDDEN, reason));
    let host = match text(headers, HOST).as_slice() {
        [host] if NAMES.iter().any(|name| *host == format!("{name}:{port}")) => *host,
        _ => {
            let places = NAMES.map(|name| format!("{name}:{port}")).join(", ");
            return refuse(format!("the header Host must be one of {places}"));
        }
    };
    if text(headers, ORIGIN).into_iter().any(|origin| origin != format!("http://{host}")) {
        return refuse(format!("only a page of http://{host} may ask, and this is none"));
    }
    let site = HeaderName::from_static("sec-fetch-site");
    if text(headers, site).into_iter().any(|site| !OWN.contains(&site)) {
        let reason = "a page of another site may not ask: open the address by typing it";
        return refuse(reason.to_owned());
    }
    Ok(())
}

/// All values of a header; what is no text is as wrong as any other.
fn text(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?")).collect()
}
