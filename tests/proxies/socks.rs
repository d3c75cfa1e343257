//! SOCKS5 proxies: microsocks.

use std::process::Command;

use lpconnector::Status;

use crate::process::Server;
use crate::scene::Scene;
use crate::through::{converse, fails, hides, works};

const NAME: &str = "connector";
const PASSWORD: &str = "p@ss: w/ö%rd";
/// As it may stand in a URL.
const ENCODED: &str = "p%40ss%3A%20w%2F%C3%B6%25rd";

fn microsocks(more: &[&str]) -> Server {
    Server::start(|port, _| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]).args(more);
        command
    })
}

fn guarded() -> Server {
    microsocks(&["-u", NAME, "-P", PASSWORD])
}

#[test]
#[ignore = "needs microsocks: make test-proxies"]
fn one_without_credentials() {
    let proxy = microsocks(&[]);
    for scheme in ["socks5", "socks5h"] {
        works(&[("proxy.url", &format!("{scheme}://{}", proxy.address()))]);
        // Those that are given and not asked for do no harm.
        works(&[("proxy.url", &format!("{scheme}://me:secret@{}", proxy.address()))]);
    }
}

#[test]
#[ignore = "needs microsocks: make test-proxies"]
fn one_with_credentials() {
    let proxy = guarded();
    works(&[("proxy.url", &format!("socks5://{NAME}:{ENCODED}@{}", proxy.address()))]);
}

#[test]
#[ignore = "needs microsocks: make test-proxies"]
fn wrong_credentials() {
    let proxy = guarded();
    for credentials in ["connector:opensesame@", "someone:opensesame@", ""] {
        let url = format!("socks5://{credentials}{}", proxy.address());
        let error = fails(&[("proxy.url", &url)]);
        assert_eq!(error.status(), Status::Connect, "{error}");
        assert!(error.message().contains("credentials"), "{error}");
        assert!(error.message().contains("through the proxy"), "{error}");
        hides(&error, &["opensesame", PASSWORD, ENCODED]);
    }
}

#[test]
#[ignore = "needs microsocks: make test-proxies"]
fn names_are_looked_up_here_or_there() {
    for (scheme, asked) in [("socks5", "127.0.0.1"), ("socks5h", "localhost")] {
        let proxy = microsocks(&[]);
        let plain = Scene::over_tls(&[]);
        let port = plain.sandbox.url().rsplit(':').next().unwrap();
        let scene = Scene::over_tls(&[
            ("proxy.url", &format!("{scheme}://{}", proxy.address())),
            ("domain.api.url", &format!("https://localhost:{port}")),
        ]);
        converse(&scene.client).unwrap();
        let output = proxy.output();
        assert!(output.contains(&format!("connected to {asked}:{port}")), "{scheme}: {output}");
    }
}

#[test]
#[ignore = "needs microsocks: make test-proxies"]
fn a_target_that_refuses() {
    let proxy = microsocks(&[]);
    let error = fails(&[
        ("proxy.url", &format!("socks5://{}", proxy.address())),
        ("domain.api.url", "https://127.0.0.1:1"),
    ]);
    assert_eq!(error.status(), Status::Connect, "{error}");
    assert!(error.message().contains("the host refused the connection"), "{error}");
}
