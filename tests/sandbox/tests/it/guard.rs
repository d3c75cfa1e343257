//! Who may drive the sandbox: pages of other sites may not, whatever they call it.

use std::io::{Read, Write};
use std::net::TcpStream;

use lpc_sandbox::serde_json::Value;

use crate::control::control;
use crate::driver::shared;

fn authority() -> &'static str {
    shared().control_url().strip_prefix("http://").expect("plain HTTP")
}

/// Sends these lines as they are, and gives back the answer with its head.
fn ask(line: &str, headers: &[String], body: &str) -> String {
    let mut stream = TcpStream::connect(authority()).expect("a connection");
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).expect("a status")
}

#[test]
fn programs_and_the_own_page_are_let_in() {
    let (_, port) = authority().rsplit_once(':').expect("a port");
    let host = |name: &str| format!("Host: {name}:{port}");
    for headers in [
        vec![host("127.0.0.1")],
        vec![host("localhost")],
        vec![host("[::1]")],
        vec![host("127.0.0.1"), format!("Origin: http://127.0.0.1:{port}")],
        vec![host("localhost"), format!("Origin: http://localhost:{port}")],
        vec![host("127.0.0.1"), "Sec-Fetch-Site: same-origin".to_owned()],
        // As when somebody types the address.
        vec![host("127.0.0.1"), "Sec-Fetch-Site: none".to_owned()],
    ] {
        assert_eq!(status(&ask("GET /public-key", &headers, "")), "200", "{headers:?}");
    }
}

#[test]
fn pages_of_other_sites_are_kept_out() {
    let (_, port) = authority().rsplit_once(':').expect("a port");
    let own = format!("Host: 127.0.0.1:{port}");
    let with = |header: &str| vec![own.clone(), header.to_owned()];
    let other_port = port.parse::<u16>().expect("a port") ^ 1;
    let cases = [
        ("a foreign origin", with("Origin: http://evil.example")),
        ("a sandboxed page", with("Origin: null")),
        ("another port", with(&format!("Origin: http://127.0.0.1:{other_port}"))),
        ("another scheme", with(&format!("Origin: https://127.0.0.1:{port}"))),
        ("another name for the same", with(&format!("Origin: http://localhost:{port}"))),
        ("no text", with("Origin: \u{fc}")),
        (
            "two origins",
            [
                with(&format!("Origin: http://127.0.0.1:{port}")),
                with("Origin: http://evil.example")[1..].to_vec(),
            ]
            .concat(),
        ),
        ("a picture elsewhere", with("Sec-Fetch-Site: cross-site")),
        ("a page of another port", with("Sec-Fetch-Site: same-site")),
        ("a rebound name", vec![format!("Host: evil.example:{port}")]),
        (
            "a rebound name with its own origin",
            vec![
                format!("Host: evil.example:{port}"),
                format!("Origin: http://evil.example:{port}"),
            ],
        ),
        ("no port", vec!["Host: 127.0.0.1".to_owned()]),
        ("the port of something else", vec![format!("Host: 127.0.0.1:{other_port}")]),
        ("a longer name", vec![format!("Host: 127.0.0.1.evil.example:{port}")]),
        ("two hosts", vec![own.clone(), own.clone()]),
        ("no host", Vec::new()),
    ];
    for (number, (case, headers)) in cases.iter().enumerate() {
        let answer = ask("GET /accounts", headers, "");
        assert_eq!(status(&answer), "403", "{case}");
        assert!(
            answer.contains(r#"{"error":""#) && !answer.contains(r#""id""#),
            "{case}: {answer}"
        );
        let id = format!("Guarded{number}");
        let body = format!(r#"{{"id":"{id}"}}"#);
        assert_eq!(status(&ask("POST /accounts", headers, &body)), "403", "{case}");
        let accounts = control("GET", "/accounts", &Value::Null).text;
        assert!(!accounts.contains(&format!("{id:?}")), "{case} made an account");
    }
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let host = format!("Host: {}", authority());
    let evil = "Origin: http://evil.example".to_owned();
    for (line, headers) in [
        ("GET /accounts", vec![host.clone()]),
        ("GET /nothing", vec![host.clone()]),
        ("PUT /accounts", vec![host.clone()]),
        ("GET /accounts", vec![host, evil]),
    ] {
        let answer = ask(line, &headers, "");
        let policy = answer
            .lines()
            .find_map(|line| line.strip_prefix("content-security-policy: "))
            .expect("a policy");
        let says = |directive: &str| policy.split("; ").any(|it| it == directive);
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "frame-ancestors 'none'",
            "form-action 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ] {
            assert!(says(directive), "{line}: {directive}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        for header in [
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.contains(header), "{line}: {header}");
        }
        assert!(!answer.to_ascii_lowercase().contains("access-control-allow"), "{line}");
    }
}
