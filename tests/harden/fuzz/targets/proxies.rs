//! Whatever a proxy answers: the first byte says which kind it is, the rest is all that it sends.
#![no_main]

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use lpconnector::{AttachOptions, Client, Config, Conversation, Status};
use oracle::memory::bounded;
use oracle::secrets::{self, Watch};
use oracle::server::{accept, hang_up};

static SAYS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// A conversation through each kind of proxy: by HTTP or SOCKS5, with a password or without.
static THROUGH: LazyLock<[(Conversation, Watch); 4]> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    accept(listener, answer);
    let password = secrets::PROXY_PASSWORD;
    [
        format!("http://{authority}"),
        format!("http://me:{password}@{authority}"),
        format!("socks5://{authority}"),
        format!("socks5://me:{password}@{authority}"),
    ]
    .map(|proxy| through(&proxy))
});

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let says = SAYS.lock().unwrap().clone();
    stream.write_all(&says)?;
    hang_up(stream)
}

fn through(proxy: &str) -> (Conversation, Watch) {
    let mut config = Config::new();
    let base = "https://127.9.9.9:9";
    for (key, value) in [
        ("account.id", secrets::ACCOUNT),
        ("app.jwt", &secrets::app_jwt()),
        // Long beside what a busy machine takes.
        ("call.timeout.ms", "30000"),
        ("connect.timeout.ms", "30000"),
        ("domain.messaging", base),
        ("proxy.url", proxy),
        ("retry.max.attempts", "1"),
    ] {
        config.set(key, value).unwrap();
    }
    let watch = Watch::over(&mut config);
    let client = Client::new(&config).unwrap();
    let consumer = client.consumer_from_jws(&secrets::consumer_jws()).unwrap();
    (consumer.attach("8602832d", &AttachOptions::new()).unwrap(), watch)
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, says)) = input.split_first() else { return };
    *SAYS.lock().unwrap() = says.to_vec();
    let (conversation, watch) = &THROUGH[usize::from(kind % 4)];
    let error = bounded(4 << 20, || conversation.send_text("Hi")).unwrap_err();
    watch.check_error(&error);
    watch.check_log();
    // Behind the proxy nobody has a certificate: no request went out.
    assert!(matches!(error.status(), Status::Connect | Status::Tls), "{error}");
    assert!(!error.maybe_delivered(), "{error}");
});
