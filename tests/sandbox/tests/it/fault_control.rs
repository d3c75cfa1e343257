//! Fault proxies through the control API.

use lpc_sandbox::serde_json::{Value, json};

use crate::control::control;
use crate::driver::{agent, call};
use crate::fault::until;

fn new_proxy() -> (String, String) {
    let reply = control("POST", "/fault-proxies", &Value::Null);
    assert_eq!(reply.status, 201);
    let text = |name: &str| reply.json()[name].as_str().expect("a text").to_owned();
    (format!("/fault-proxies/{}", text("id")), text("address"))
}

#[test]
fn a_proxy_is_made_and_told_what_to_do() {
    let (proxy, address) = new_proxy();
    // A client for each request: none meets the end of a connection that was kept.
    let ask = || {
        let reply = call(&agent(), "GET", &format!("http://{address}/nowhere"), &[], &[]);
        reply.map(|reply| (reply.status, reply.text))
    };
    let tell = |path: &str, body: &Value| {
        let reply = control("POST", &format!("{proxy}/{path}"), body);
        assert_eq!((reply.status, &*reply.text), (200, "{}"), "{body}");
    };
    let fault = |body: Value| tell("faults", &body);
    assert_eq!(ask().expect("an answer").0, 404);
    let view = || control("GET", &proxy, &Value::Null).json();
    until(|| view() == json!({"address": address, "accepted": 1, "open": 0}));

    for name in ["reset_unread", "reset_read", "cut_head", "cut_body"] {
        fault(json!({"fault": name}));
        assert!(ask().is_err(), "{name}");
    }
    fault(json!({"fault": "cut", "bytes": 20}));
    assert!(ask().is_err());
    fault(json!({"fault": "reset"}));
    assert!(ask().is_err());
    fault(json!({"fault": "garbage", "body": "220 ready\r\n"}));
    assert!(ask().is_err());
    let answer = "HTTP/1.1 418 Short\r\nContent-Length: 3\r\n\r\n";
    fault(json!({"fault": "instead", "body": format!("{answer}one"), "then": "close"}));
    assert_eq!(ask().expect("an answer"), (418, "one".to_owned()));
    fault(json!({"fault": "instead", "body": answer, "then": "repeat", "piece": "two"}));
    assert_eq!(ask().expect("an answer"), (418, "two".to_owned()));
    fault(json!({"fault": "drip", "pause_ms": 0}));
    assert_eq!(ask().expect("an answer").0, 404);
    for name in ["half_close", "surplus"] {
        let mut body = json!({"fault": name});
        if name == "surplus" {
            body["body"] = "more".into();
        }
        fault(body);
        assert_eq!(ask().expect("an answer").0, 404, "{name}");
    }

    for body in [
        json!({"fault": "stall"}),
        json!({"fault": "instead", "body": "", "then": "stall"}),
        json!({"fault": "silent"}),
    ] {
        tell("close-idle", &Value::Null);
        let accepted = view()["accepted"].as_u64();
        let requests = |count: u64| view()["accepted"].as_u64() == accepted.map(|was| was + count);
        fault(body);
        std::thread::scope(|threads| {
            let client = agent();
            let url = format!("http://{address}/nowhere");
            let client = threads.spawn(move || call(&client, "GET", &url, &[], &[]).is_err());
            until(|| requests(1));
            // Told to close, it has withheld the answer.
            tell("close-idle", &Value::Null);
            assert!(client.join().expect("the client ends"));
        });
    }

    let kept = agent();
    let url = format!("http://{address}/");
    assert!(call(&kept, "GET", &url, &[], &[]).is_ok());
    until(|| view()["open"] == 1);
    tell("refuse", &Value::Null);
    assert!(call(&kept, "GET", &url, &[], &[]).is_err(), "the kept connection is closed, too");
    until(|| view()["open"] == 0);
    assert!(call(&agent(), "GET", &format!("http://{address}/"), &[], &[]).is_err());
    tell("accept", &Value::Null);
    assert!(call(&agent(), "GET", &format!("http://{address}/"), &[], &[]).is_ok());
    until(|| view()["open"] == 0);
}

#[test]
fn misuse_is_refused() {
    let (proxy, _) = new_proxy();
    let faults = format!("{proxy}/faults");
    let cases = [
        ("GET", "/fault-proxies", Value::Null, 405),
        ("POST", "/fault-proxies", json!({"target": "x"}), 400),
        ("POST", &*proxy, Value::Null, 405),
        ("GET", "/fault-proxies/0", Value::Null, 404),
        ("GET", "/fault-proxies/none", Value::Null, 404),
        ("POST", "/fault-proxies/0/faults", json!({"fault": "stall"}), 404),
        ("POST", "/fault-proxies/0/refuse", Value::Null, 404),
        ("POST", "/fault-proxies/0/accept", Value::Null, 404),
        ("POST", "/fault-proxies/0/close-idle", Value::Null, 404),
        ("POST", &faults, Value::Null, 400),
        ("POST", &faults, json!({"fault": "Stall"}), 400),
        ("POST", &faults, json!({"fault": "stall", "body": "x"}), 400),
        ("POST", &faults, json!({"fault": "drip"}), 400),
        ("POST", &faults, json!({"fault": "drip", "pause_ms": "5"}), 400),
        ("POST", &faults, json!({"fault": "cut", "bytes": -1}), 400),
        ("POST", &faults, json!({"fault": "garbage"}), 400),
        ("POST", &faults, json!({"fault": "surplus", "body": 5}), 400),
        ("POST", &faults, json!({"fault": "instead", "body": "x"}), 400),
        ("POST", &faults, json!({"fault": "instead", "body": "x", "then": "go"}), 400),
        ("POST", &faults, json!({"fault": "instead", "body": "x", "then": "repeat"}), 400),
        (
            "POST",
            &faults,
            json!({"fault": "instead", "body": "x", "then": "close", "piece": "x"}),
            400,
        ),
    ];
    for (method, path, body, status) in cases {
        let reply = control(method, path, &body);
        assert_eq!(reply.status, status, "{method} {path} {body}");
        assert!(reply.json()["error"].is_string(), "{method} {path} {body}");
    }
    let reply = control("POST", &faults, &json!({"fault": "boom"}));
    assert!(reply.text.contains("reset_unread"), "{}", reply.text);
}
