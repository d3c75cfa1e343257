//! Whatever a service answers: over real connections, to real calls.
//!
//! The first byte of an input says which call is made; the answers follow, with 0x1e between them, as
//! `oracle::server` has them.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lpconnector::{
    AttachOptions, Attachment, Client, Config, Consumer, Conversation, Error, OpenOptions, Response,
};
use oracle::memory::bounded;
use oracle::secrets::{self, Watch};
use oracle::server::{Server, status_and_body};
use serde_json::value::RawValue;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// `response.max.bytes`.
const MOST: usize = 64 * 1024;

/// What a token holds in the seeds: no error may say it.
const TOKEN_MARK: &str = "dG9rM24";

fuzz_target!(|input: &[u8]| {
    let Some((call, answers)) = input.split_first() else { return };
    let answers: Vec<&[u8]> = answers.split(|byte| *byte == 0x1e).take(8).collect();
    SERVER.answer_with(answers.iter().copied());
    let mut config = config();
    let watch = Watch::over(&mut config);
    let outcome = bounded(16 * MOST + (4 << 20), || made(*call, &mut config));
    // The first answer to who asks for a token is the token's alone.
    let only_a_token = matches!(call % 8, 1 | 2) && answers.len() == 1;
    let watch = match answers[0].starts_with(b"200") && only_a_token {
        true => watch.and_for(TOKEN_MARK),
        false => watch,
    };
    watch.check_log();
    match outcome {
        Ok(Some(response)) => holds(&response, &watch, call % 8 == 0, &answers),
        Ok(None) => {}
        Err(error) => {
            assert!(error.body().len() <= MOST);
            watch.check_error(&error);
        }
    }
});

fn config() -> Config {
    let mut config = Config::new();
    let base = format!("http://{}", SERVER.authority);
    let most = MOST.to_string();
    for (key, value) in [
        ("account.id", secrets::ACCOUNT),
        ("allow.plaintext", "true"),
        ("call.timeout.ms", "5000"),
        ("domain.allowed.suffixes", "127.0.0.1"),
        ("domain.api.url", &base),
        ("domain.idp", &base),
        ("domain.messaging", &base),
        ("domain.sentinel", &base),
        ("domain.storage", &base),
        ("proxy.url", "none"),
        ("response.max.bytes", &most),
        ("retry.backoff.ms", "0"),
        ("retry.max.attempts", "2"),
        ("rate.limit.max.wait.ms", "0"),
        ("tls.ca.file", secrets::CA_FILE),
    ] {
        config.set(key, value).unwrap();
    }
    config
}

/// Makes the call; what gives no response gives `None`.
fn made(call: u8, config: &mut Config) -> Result<Option<Response>, Error> {
    let set = |config: &mut Config, key, value: &str| config.set(key, value).unwrap();
    match call % 8 {
        0 => conversation(config).send_text("Hi").map(Some),
        1 => {
            // The IDP, with an AppJWT that is given.
            set(config, "app.jwt", &secrets::app_jwt());
            Client::new(config)?.consumer("fuzz")?.jws().map(|_| None)
        }
        2 | 3 => {
            // Sentinel first, and its keys where the signature is checked.
            set(config, "client.id", "app");
            set(config, "client.secret", secrets::CLIENT_SECRET);
            set(config, "token.api.version", "2");
            set(config, "token.verify", if call % 8 == 3 { "true" } else { "false" });
            Client::new(config)?.consumer("fuzz")?.open(&OpenOptions::new()).map(|_| None)
        }
        4 => {
            // Discovery.
            set(config, "domain.messaging", "");
            set(config, "domain.storage", "");
            consumer(config).send_json(br#"{"kind":"req"}"#).map(Some)
        }
        5 => consumer(config).batch_json(br#"[{"id":"1"},{"id":"2"}]"#).map(Some),
        6 => conversation(config)
            .send_file(&Attachment::from_bytes(b"%PDF-1.4 short", "PDF"))
            .map(Some),
        _ => {
            let directory = tempfile::tempdir().unwrap();
            let place = directory.path().join("file");
            let outcome = conversation(config).download_file("/v1/x", &place).map(|()| None);
            whole_or_nothing(directory.path(), &place, outcome.is_ok());
            outcome
        }
    }
}

fn consumer(config: &mut Config) -> Consumer {
    config.set("app.jwt", &secrets::app_jwt()).unwrap();
    let client = Client::new(config).unwrap();
    client.consumer_from_jws(&secrets::consumer_jws()).unwrap()
}

fn conversation(config: &mut Config) -> Conversation {
    consumer(config).attach("8602832d", &AttachOptions::new()).unwrap()
}

/// A file that came down is there as a whole, and nothing else is.
fn whole_or_nothing(directory: &Path, place: &Path, came: bool) {
    let there = std::fs::read_dir(directory).unwrap().count();
    assert_eq!(there, usize::from(came));
    assert_eq!(place.exists(), came);
}

fn holds(response: &Response, watch: &Watch, is_one_request: bool, answers: &[&[u8]]) {
    assert!(response.raw().len() <= MOST && response.attempts() >= 1);
    if !response.body().is_empty() {
        serde_json::from_str::<&RawValue>(response.body()).unwrap();
    }
    watch.check(&String::from_utf8_lossy(response.raw()));
    watch.check(&format!("{response:?}"));
    let Some((status, body)) = status_and_body(answers[0]) else { return };
    let is_plain = !body.windows(2).any(|two| two == b"{{");
    if is_one_request && response.attempts() == 1 && is_plain {
        assert_eq!(response.http_status(), status);
        assert_eq!(response.raw(), body);
    }
}
