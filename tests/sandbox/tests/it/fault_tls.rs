//! Fault proxies in front of TLS.

use std::time::Duration;

use lpc_sandbox::{Account, Fault, FaultProxy, Sandbox};
use ureq::Agent;

use crate::driver::{Reply, call};
use crate::fault::until;
use crate::tls::{sandbox, trusting};

/// A client of a sandbox with a proxy in front, which has made its first request: with TLS 1.3 the
/// handshake is not over before that.
struct Scene {
    sandbox: Sandbox,
    proxy: FaultProxy,
    account: Account,
    agent: Agent,
}

impl Scene {
    fn new() -> Scene {
        let sandbox = sandbox();
        let proxy = sandbox.fault_proxy().expect("the proxy starts");
        let account = sandbox.new_account();
        let agent = trusting(&sandbox);
        let scene = Scene { sandbox, proxy, account, agent };
        scene.asks(1);
        scene
    }

    fn ask(&self) -> Result<Reply, ureq::Error> {
        let path = format!("/api/account/{}/service/idp/baseURI.json?version=1.0", self.account.id);
        call(&self.agent, "GET", &format!("https://{}{path}", self.proxy.address()), &[], &[])
    }

    /// Asks, is answered, and that was so many requests.
    fn asks(&self, requests: usize) {
        assert_eq!(self.ask().expect("an answer").json()["baseURI"], self.proxy.address());
        assert_eq!(self.requests(), requests);
    }

    /// Fails, and that was so many requests.
    fn fails(&self, requests: usize) {
        assert!(self.ask().is_err());
        assert_eq!(self.requests(), requests);
    }

    fn requests(&self) -> usize {
        self.sandbox.requests(&self.account.id).len()
    }
}

#[test]
fn a_reset_comes_before_or_after_the_request_takes_effect() {
    let scene = Scene::new();
    scene.proxy.next(Fault::ResetUnread);
    scene.fails(1);
    scene.asks(2);
    scene.proxy.next(Fault::ResetRead);
    scene.fails(3);
    assert_eq!(scene.proxy.accepted(), 2);
}

#[test]
fn an_answer_is_cut_or_drips() {
    let scene = Scene::new();
    scene.proxy.next(Fault::Cut(20));
    scene.fails(2);
    scene.asks(3);
    scene.proxy.next(Fault::Drip { pause: Duration::from_micros(1) });
    scene.asks(4);
    scene.proxy.next(Fault::Cut(1_000_000));
    scene.asks(5);
    assert_eq!(scene.proxy.accepted(), 2, "the connection stays");
}

#[test]
fn an_answer_is_withheld() {
    let scene = Scene::new();
    scene.proxy.next(Fault::Stall);
    std::thread::scope(|threads| {
        let client = threads.spawn(|| scene.ask().is_err());
        until(|| scene.requests() == 2);
        scene.proxy.close_idle();
        assert!(client.join().expect("the client ends"));
    });
}

#[test]
fn a_handshake_fails() {
    let scene = Scene::new();
    scene.proxy.close_idle();
    scene.proxy.next(Fault::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()));
    let client = trusting(&scene.sandbox);
    let url = format!("https://{}/", scene.proxy.address());
    assert!(call(&client, "GET", &url, &[], &[]).is_err());
    scene.proxy.next(Fault::ResetRead);
    assert!(call(&client, "GET", &url, &[], &[]).is_err());
    assert_eq!(call(&client, "GET", &url, &[], &[]).expect("an answer").status, 404);
}

#[test]
fn what_needs_to_know_http_waits() {
    let scene = Scene::new();
    scene.proxy.next(Fault::CutHead);
    scene.proxy.next(Fault::ResetUnread);
    scene.asks(2);
    scene.asks(3);
}
