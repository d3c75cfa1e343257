//! Proxies that refuse, and those that are not used. tests/proxies has the real ones.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use lpconnector::{Client, Config, Error, Status};

use crate::scene::Scene;

/// Records what it is asked to connect to, and answers each time the same.
struct Recorder {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn start(answer: &'static [u8]) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let record = asked.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut lines = Vec::new();
                while lines.last().is_none_or(|line: &String| line.len() > 2) {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap() == 0 {
                        break;
                    }
                    lines.push(line);
                }
                if let Some(first) = lines.first() {
                    record.lock().unwrap().push(first.trim().to_owned());
                    let _ = stream.get_mut().write_all(answer);
                }
            }
        });
        Recorder { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// What a client says that has four attempts and the proxy's refusal; and how often it asked.
fn refused(answer: &'static [u8], credentials: &str) -> (Error, usize) {
    let proxy = Recorder::start(answer);
    let url = format!("http://{credentials}{}", proxy.address);
    let scene = Scene::over_tls(&[
        ("proxy.url", &url),
        ("retry.max.attempts", "4"),
        ("retry.backoff.ms", "1"),
    ]);
    let error = scene.open().unwrap_err();
    assert_eq!(error.status(), Status::Connect, "{error}");
    assert!(!error.maybe_delivered() && scene.requests().is_empty());
    (error, proxy.asked())
}

#[test]
fn one_that_wants_other_credentials_is_asked_once() {
    const ANSWER: &[u8] = b"HTTP/1.1 407 Proxy Authentication Required\r\n\
        Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    for (credentials, says) in [
        ("me:s3cr3t@", "other credentials than those of proxy.url"),
        ("", "wants credentials, and proxy.url"),
    ] {
        let (error, asked) = refused(ANSWER, credentials);
        assert_eq!((error.attempts(), asked), (1, 1), "{error}");
        assert!(!error.is_retryable());
        assert!(error.message().contains(says) && error.message().contains("407"), "{error}");
        let shown = format!("{error} {error:?}");
        // Nor as they went out.
        assert!(!shown.contains("s3cr3t") && !shown.contains("bWU6czNjcjN0"), "{shown}");
    }
}

#[test]
fn one_that_refuses_is_asked_once_and_one_that_fails_again() {
    for (answer, asks) in [
        (&b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"[..], 1),
        (b"HTTP/1.1 405 Method Not Allowed\r\n\r\n", 1),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 4),
        (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", 4),
    ] {
        let (error, asked) = refused(answer, "");
        assert_eq!((error.attempts() as usize, asked), (asks, asks), "{error}");
        assert_eq!(error.is_retryable(), asks > 1, "{error}");
    }
}

/// `NO_PROXY`, a host, and whether it is spoken to without a proxy.
const EXCEPTIONS: [(&str, &str, bool); 51] = [
    ("", "www.example.test", false),
    ("example.test", "example.test", true),
    ("example.test", "www.example.test", true),
    ("example.test", "a.www.example.test", true),
    ("example.test", "notexample.test", false),
    ("example.test", "example.test.invalid", false),
    (".example.test", "example.test", true),
    (".example.test", "www.example.test", true),
    (".example.test", "notexample.test", false),
    ("example.test.", "www.example.test", true),
    ("example.test", "www.example.test.", true),
    ("*.example.test", "www.example.test", false),
    ("*example.test", "example.test", false),
    ("EXAMPLE.Test", "www.example.test", true),
    ("example.test", "WWW.Example.TEST", true),
    ("example.test:1", "example.test", false),
    ("example.test:443", "example.test", false),
    ("127.0.0.1:1", "127.0.0.1", false),
    ("*", "www.example.test", true),
    ("*", "127.0.0.1", true),
    ("*", "[::1]", true),
    ("*,a.test", "www.example.test", false),
    (" *", "www.example.test", false),
    ("a.test,b.test", "b.test", true),
    ("a.test, b.test", "b.test", true),
    ("a.test b.test", "b.test", true),
    ("a.test\tb.test", "b.test", true),
    ("  a.test  ,  b.test  ", "a.test", true),
    (",,a.test,,", "a.test", true),
    ("a.test;b.test", "b.test", false),
    ("test", "www.example.test", true),
    ("localhost", "localhost", true),
    ("localhost", "127.0.0.1", false),
    ("127.0.0.1", "127.0.0.1", true),
    ("127.0.0.1", "127.0.0.2", false),
    ("127.0.0", "127.0.0.1", false),
    (".0.0.1", "127.0.0.1", false),
    ("127.0.0.0/8", "127.9.9.9", true),
    ("127.0.0.0/16", "127.9.9.9", false),
    ("127.0.0.0/16", "127.0.9.9", true),
    ("127.0.0.5/31", "127.0.0.4", true),
    ("127.0.0.5/32", "127.0.0.4", false),
    ("127.0.0.5/32", "127.0.0.5", true),
    ("127.0.0.0/33", "127.0.0.0", false),
    ("0.0.0.0/0", "127.0.0.1", false),
    ("a.test/8", "a.test", false),
    ("::1", "[::1]", true),
    ("[::1]", "[::1]", false),
    ("::2", "[::1]", false),
    ("1::/16", "[::1]", false),
    ("::/129", "[::1]", false),
];

/// No test of its own: what the tests below run in other processes.
#[test]
#[ignore = "run by another test"]
fn a_request() {
    if std::env::var_os("LPC_ACCOUNT_ID").is_some() {
        let mut config = Config::new();
        config.load_env().unwrap();
        Client::new(&config).unwrap().consumer("x").unwrap().jws().unwrap_err();
    }
}

/// Whether a program with this environment asks the proxy.
fn asks(proxy: &Recorder, mut program: Command, environment: &[(&str, &str)]) -> bool {
    let before = proxy.asked();
    program.env_clear().envs(environment.iter().copied());
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Whether it gets anywhere says nothing.
    program.status().unwrap();
    proxy.asked() > before
}

fn library_asks(proxy: &Recorder, host: &str, environment: &[(&str, &str)]) -> bool {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--ignored", "--exact", "proxies::a_request"]);
    // Nobody listens there, and no such name is ever known.
    let url = format!("https://{host}:1");
    let client = [
        ("LPC_ACCOUNT_ID", "x"),
        ("LPC_APP_JWT", "a.b.c"),
        ("LPC_DOMAIN_API_URL", url.as_str()),
        ("LPC_CONNECT_TIMEOUT_MS", "5000"),
        ("LPC_RETRY_MAX_ATTEMPTS", "1"),
    ];
    asks(proxy, program, &[&client[..], environment].concat())
}

#[test]
#[allow(clippy::print_stderr)] // What was not checked is said.
fn exceptions_are_those_of_curl() {
    const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let proxy = Recorder::start(FORBIDDEN);
    let url = format!("http://{}", proxy.address);
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok();
    for (list, host, excepted) in EXCEPTIONS {
        let environment = [("HTTPS_PROXY", url.as_str()), ("NO_PROXY", list)];
        assert_eq!(!library_asks(&proxy, host, &environment), excepted, "{list:?} {host}");
        if has_curl {
            let mut curl = Command::new("curl");
            // Without a proxy: to nobody.
            curl.args(["-q", "-s", "--connect-to", "::127.0.0.1:1", &format!("https://{host}:1")]);
            let is_asked = asks(&proxy, curl, &environment);
            assert_eq!(!is_asked, excepted, "curl: {list:?} {host}");
        }
    }
    // The variables in lower case come first, and empty ones do not count.
    let other = "http://127.0.0.1:1";
    let cases: [(&[(&str, &str)], bool); 6] = [
        (&[("https_proxy", &url), ("HTTPS_PROXY", other)], true),
        (&[("https_proxy", other), ("HTTPS_PROXY", &url)], false),
        (&[("https_proxy", ""), ("HTTPS_PROXY", &url)], true),
        (&[("https_proxy", &url), ("no_proxy", "a.test"), ("NO_PROXY", "b.test")], false),
        (&[("https_proxy", &url), ("no_proxy", "b.test"), ("NO_PROXY", "a.test")], true),
        (&[("https_proxy", &url), ("no_proxy", ""), ("NO_PROXY", "a.test")], false),
    ];
    for (environment, asked) in cases {
        assert_eq!(library_asks(&proxy, "a.test", environment), asked, "{environment:?}");
        if has_curl {
            let mut curl = Command::new("curl");
            curl.args(["-q", "-s", "--connect-to", "::127.0.0.1:1", "https://a.test:1"]);
            assert_eq!(asks(&proxy, curl, environment), asked, "curl: {environment:?}");
        }
    }
    if !has_curl {
        let mut out = std::io::stderr();
        writeln!(out, "NOT CHECKED: exceptions as curl reads them (not installed: curl)").unwrap();
    }
}
