//! The console's files: whole, and with nothing from elsewhere. What the page does is tested in a
//! browser.

use std::collections::{BTreeMap, BTreeSet};

use lpc_sandbox::{Options, Sandbox};

use crate::driver::{Reply, agent, call, shared};

fn get(sandbox: &Sandbox, path: &str) -> Reply {
    let url = format!("{}{path}", sandbox.control_url());
    call(&agent(), "GET", &url, &[], b"").expect("an answer")
}

/// What stands between these two, wherever it does.
fn between<'a>(text: &'a str, before: &'a str, after: char) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split(after).next())
}

/// The page and all files that it and its files name, by path.
fn files(sandbox: &Sandbox) -> BTreeMap<String, Reply> {
    let (mut files, mut wanted) = (BTreeMap::new(), BTreeSet::from(["/".to_owned()]));
    while let Some(path) = wanted.pop_first() {
        let reply = get(sandbox, &path);
        assert_eq!(reply.status, 200, "{path}");
        let named = ["src=\"", "href=\"", "from \"", "url(\"", "import(\""]
            .into_iter()
            .flat_map(|before| between(&reply.text, before, '"'))
            .filter(|named| !named.starts_with('#'))
            .map(|named| named.replace("./", "/console/"));
        for named in named {
            assert!(named.starts_with("/console/"), "{path} names {named}");
            if !files.contains_key(&named) && named != path {
                wanted.insert(named);
            }
        }
        files.insert(path, reply);
    }
    files
}

#[test]
fn the_page_is_whole_and_all_of_it_is_here() {
    let sandbox =
        Sandbox::start(Options { console: true, ..Options::default() }).expect("a sandbox");
    let files = files(&sandbox);
    assert!(files.len() > 10, "{:?}", files.keys());
    for (path, reply) in &files {
        let kind = match path.rsplit_once('.') {
            None => "text/html; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some(_) => "image/svg+xml",
        };
        assert_eq!(reply.headers["content-type"], kind, "{path}");
        assert!(reply.headers.contains_key("content-security-policy"), "{path}");
        // What would make code of text, or be refused by the policy.
        for banned in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "style=\"",
            "onclick=\"",
            "<script>",
            "<style>",
        ] {
            assert!(!reply.text.contains(banned), "{path}: {banned}");
        }
    }
    let refused = call(&agent(), "POST", &format!("{}/", sandbox.control_url()), &[], b"");
    assert_eq!(refused.expect("an answer").status, 405);
}

#[test]
fn no_page_is_served_unasked() {
    for path in ["/", "/console/main.js"] {
        assert_eq!(get(shared(), path).status, 404, "{path}");
    }
}

#[test]
fn files_of_others_are_no_pages() {
    let account = shared().new_account().id;
    for (name, kind) in
        [("a.png", Some("image/png")), ("a.html", None), ("a.svg", None), ("a.txt", None)]
    {
        let place = shared().put_file(&account, name, b"<script>".to_vec());
        let reply = get(shared(), &format!("/accounts/{account}/files?path={place}"));
        assert_eq!((reply.status, &*reply.text), (200, "<script>"));
        let kind = kind.unwrap_or("application/octet-stream");
        assert_eq!(reply.headers["content-type"], kind, "{name}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{name}");
        assert_eq!(
            reply.headers.contains_key("content-disposition"),
            !kind.starts_with("image/"),
            "{name}"
        );
    }
}
