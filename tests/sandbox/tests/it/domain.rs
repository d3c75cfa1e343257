//! Domain API.

use crate::driver::{Driver, call};

fn ask(driver: &Driver<'_>, path: &str) -> crate::driver::Reply {
    call(&driver.agent, "GET", &driver.url(path), &[], &[]).expect("an answer")
}

#[test]
fn one_service_is_where_the_request_went() {
    let driver = Driver::new();
    let reply = ask(&driver, "/api/account/{account}/service/sentinel/baseURI.json?version=1.0");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["service"], "sentinel");
    assert_eq!(reply.json()["account"], driver.account.id.as_str());
    let authority = driver.sandbox.url().strip_prefix("http://").expect("plain HTTP");
    assert_eq!(reply.json()["baseURI"], authority);
}

#[test]
fn the_name_the_client_used_comes_back() {
    let driver = Driver::new();
    let url = driver.url("/api/account/{account}/service/idp/baseURI.json?version=1.0");
    let reply = call(&driver.agent, "GET", &url, &[("Host", "localhost:4711")], &[]);
    assert_eq!(reply.expect("an answer").json()["baseURI"], "localhost:4711");
}

#[test]
fn all_services() {
    let driver = Driver::new();
    let reply = ask(&driver, "/api/account/{account}/service/baseURI.json?version=1.0");
    assert_eq!(reply.status, 200);
    let reply = reply.json();
    let uris = reply["baseURIs"].as_array().expect("a list");
    for service in
        ["asyncMessagingEnt", "sentinel", "idp", "swift", "swiftDomain", "messagingRestApiDomain"]
    {
        assert!(uris.iter().any(|uri| uri["service"] == service), "{service} is missing");
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let driver = Driver::new();
    let cases = [
        ("/api/account/{account}/service/sentinel/baseURI.json", 400),
        ("/api/account/{account}/service/sentinel/baseURI.json?version=2.0", 400),
        ("/api/account/{account}/service/Sentinel/baseURI.json?version=1.0", 400),
        ("/api/account/nobody/service/sentinel/baseURI.json?version=1.0", 401),
        ("/api/account/{account}/service/sentinel/baseURI.xml?version=1.0", 404),
        ("/elsewhere", 404),
        ("/api/account/{account}/consumer", 405),
    ];
    for (path, status) in cases {
        let reply = ask(&driver, path);
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.json()["code"], status, "{path}");
    }
}
