//! The proxy of the environment, in processes that have one of their own.

use std::process::Command;

use lpconnector::{Client, Config};

use crate::http::{asked, tinyproxy};
use crate::scene::Scene;
use crate::through::converse;

/// No test of its own: what the test below runs in other processes.
#[test]
#[ignore = "run by another test"]
fn a_conversation() {
    if std::env::var_os("LPC_ACCOUNT_ID").is_some() {
        let mut config = Config::new();
        config.load_env().unwrap();
        converse(&Client::new(&config).unwrap()).unwrap();
    }
}

/// A conversation in a process with this environment and nothing else.
fn converses(environment: &[(&str, &str)]) {
    let scene = Scene::over_tls(&[]);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "environment::a_conversation"]);
    child.env_clear().envs(scene.sandbox.variables(&scene.account));
    // Set, it would count, and not the environment's.
    child.env_remove("LPC_PROXY_URL").envs(environment.iter().copied());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(scene.texts(), ["Hi", "through a proxy"]);
}

#[test]
#[ignore = "needs tinyproxy: make test-proxies"]
fn the_proxy_of_the_environment_and_its_exceptions() {
    let proxy = tinyproxy("");
    let url = format!("http://{}", proxy.address());
    let url = url.as_str();
    let cases: [(&[(&str, &str)], bool); 8] = [
        (&[("HTTPS_PROXY", url)], true),
        (&[("https_proxy", url)], true),
        (&[("HTTPS_PROXY", url), ("NO_PROXY", "127.0.0.1")], false),
        (&[("HTTPS_PROXY", url), ("no_proxy", "example.com, 127.0.0.1")], false),
        (&[("HTTPS_PROXY", url), ("NO_PROXY", "example.com,localhost")], true),
        (&[("HTTPS_PROXY", url), ("NO_PROXY", "")], true),
        (&[("HTTP_PROXY", url), ("ALL_PROXY", url)], false),
        (&[("HTTPS_PROXY", url), ("LPC_PROXY_URL", "none")], false),
    ];
    for (environment, used) in cases {
        let before = asked(&proxy).len();
        converses(environment);
        assert_eq!(asked(&proxy).len() - before, usize::from(used), "{environment:?}");
    }
}
