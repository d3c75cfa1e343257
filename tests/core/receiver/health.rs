//! Checks of health, by whoever watches over the program.

use std::sync::{Arc, Mutex};

use lpconnector::{LogLevel, Status};

use super::*;

fn ask(post: &Post, line: &str) -> u16 {
    exchange(post.address(), &format!("{line} HTTP/1.1\r\nHost: receiver\r\n\r\n"))
}

#[test]
fn it_is_well_while_something_can_be_taken() {
    let scene = Scene::new();
    let mut config = scene.config(&[("receiver.queue.max", "1")]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    config.set_log(LogLevel::Warn, move |_, line| sink.lock().unwrap().push(line.to_owned()));
    let post = Post { receiver: Receiver::new(&config).unwrap(), scene };
    let both = || ["GET /healthz", "HEAD /healthz?full=1"].map(|line| ask(&post, line));
    assert_eq!(both(), [200; 2]);
    assert_eq!(post.deliver(&text("c", 1, "x")), 200);
    assert_eq!(both(), [503; 2], "the queue is full");
    assert_eq!(text_of(&post.next()), "x");
    assert_eq!(both(), [200; 2]);
    for line in ["POST /healthz", "PUT /healthz", "DELETE /healthz"] {
        let mut stream = connect(post.address());
        write!(stream, "{line} HTTP/1.1\r\nHost: receiver\r\n\r\n").unwrap();
        let head = head(&mut stream).to_lowercase();
        assert!(
            head.starts_with("http/1.1 405") && head.contains("allow: get, head\r\n"),
            "{head}"
        );
    }
    assert_eq!(*lines.lock().unwrap(), [""; 0]);
    assert!(post.receiver.stats().unwrap().refused.is_empty());
    assert_eq!(ask(&post, "GET /health"), 404);
}

#[test]
fn it_lies_elsewhere_or_nowhere() {
    let post = Post::with(&[("receiver.health.path", "/live"), ("receiver.path", "/hook")]);
    assert_eq!(
        ["GET /live", "GET /healthz", "GET /hook"].map(|line| ask(&post, line)),
        [200, 404, 405]
    );
    let off = Post::with(&[("receiver.health.path", "none")]);
    assert_eq!(ask(&off, "GET /healthz"), 404);
    // Set by somebody who never heard of health.
    let hook = Post::with(&[("receiver.path", "/healthz")]);
    assert_eq!(ask(&hook, "GET /healthz"), 405);
    let request = hook.request(&text("c", 1, "x")).replace("POST /", "POST /healthz");
    assert_eq!(exchange(hook.address(), &request), 200);

    let scene = Scene::new();
    for (health, path) in [("/", ""), ("/hook", "/hook"), ("/healthz", "/healthz")] {
        let options = [("receiver.health.path", health), ("receiver.path", path)];
        let error = Receiver::new(&scene.config(&options)).unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert!(error.message().contains("'receiver.health.path' cannot be that of"), "{error}");
    }
    let error = scene.config(&[]).set("receiver.health.path", "healthz").unwrap_err();
    assert!(error.message().contains("it takes a path that begins with /, or none"), "{error}");
}
