//! The files of the console, part of the program.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal, $file:literal, $kind:expr;)*) => {
        &[$(($path, $kind, include_str!(concat!("page/", $file)))),*]
    };
}

/// Path, content type and content.
const FILES: &[(&str, &str, &str)] = files! {
    "/", "index.html", HTML;
    "/console/console.css", "console.css", CSS;
    "/console/rich.css", "rich.css", CSS;
    "/console/icon.svg", "icon.svg", PICTURE;
    "/console/main.js", "main.js", SCRIPT;
    "/console/api.js", "api.js", SCRIPT;
    "/console/dom.js", "dom.js", SCRIPT;
    "/console/state.js", "state.js", SCRIPT;
    "/console/list.js", "list.js", SCRIPT;
    "/console/timeline.js", "timeline.js", SCRIPT;
    "/console/rich.js", "rich.js", SCRIPT;
    "/console/notifications.js", "notifications.js", SCRIPT;
    "/console/agent.js", "agent.js", SCRIPT;
    "/console/gallery.js", "gallery.js", SCRIPT;
    "/console/facts.js", "facts.js", SCRIPT;
    "/console/faults.js", "faults.js", SCRIPT;
    "/console/requests.js", "requests.js", SCRIPT;
    "/console/curl.js", "curl.js", SCRIPT;
};

/// The page with all it needs; no request of it goes anywhere else.
pub(crate) fn console<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.iter().fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(async || ([(CONTENT_TYPE, *kind)], *content)))
    })
}
