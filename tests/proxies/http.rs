//! HTTP proxies: tinyproxy.

use std::process::Command;

use lpconnector::Status;

use crate::process::Server;
use crate::through::{fails, hides, works};

const NAME: &str = "connector";
const PASSWORD: &str = "open_sesame-1.0";
/// As it may stand in a URL.
const ENCODED: &str = "open%5Fsesame%2d1%2E0";

/// With more lines in its configuration.
pub fn tinyproxy(more: &str) -> Server {
    Server::start(|port, directory| {
        let file = directory.join("tinyproxy.conf");
        let lines =
            format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nLogLevel Connect\n{more}\n");
        std::fs::write(&file, lines).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(file);
        command
    })
}

/// What a tinyproxy was asked to connect to.
pub fn asked(proxy: &Server) -> Vec<String> {
    let output = proxy.output();
    let asked = output.lines().filter_map(|line| line.split_once(": CONNECT "));
    asked.map(|(_, target)| target.split(' ').next().unwrap().to_owned()).collect()
}

fn guarded() -> Server {
    tinyproxy(&format!("BasicAuth {NAME} {PASSWORD}"))
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn one_without_credentials() {
    let proxy = tinyproxy("");
    let port = works(&[("proxy.url", &format!("http://{}", proxy.address()))]);
    assert_eq!(asked(&proxy), [format!("127.0.0.1:{port}")]);
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn one_with_credentials() {
    for password in [PASSWORD, ENCODED] {
        let proxy = guarded();
        let url = format!("http://{NAME}:{password}@{}", proxy.address());
        let port = works(&[("proxy.url", &url)]);
        assert_eq!(asked(&proxy), [format!("127.0.0.1:{port}")]);
    }
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn wrong_credentials() {
    let proxy = guarded();
    for credentials in ["connector:opensesame@", "someone:open_sesame-1.0@", ""] {
        let url = format!("http://{credentials}{}", proxy.address());
        let retries = [("retry.max.attempts", "4"), ("retry.backoff.ms", "1")];
        let error = fails(&[&retries[..], &[("proxy.url", &url)]].concat());
        assert_eq!((error.status(), error.attempts()), (Status::Connect, 1), "{error}");
        let says = |words| error.message().contains(words);
        assert!(says("it wants other credentials") || says("it wants credentials"), "{error}");
        // Its answer to wrong ones is 401, though 407 is what HTTP has for it.
        assert!(says("(407)") || says("(401)"), "{error}");
        assert!(error.message().contains("through the proxy"), "{error}");
        hides(&error, &["opensesame", PASSWORD]);
    }
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn one_that_refuses_the_target() {
    let proxy = tinyproxy("ConnectPort 443");
    let error = fails(&[("proxy.url", &format!("http://{}", proxy.address()))]);
    assert_eq!(error.status(), Status::Connect, "{error}");
    assert!(error.message().contains("refused: it answered 403"), "{error}");
    assert_eq!(asked(&proxy).len(), 1);
}
