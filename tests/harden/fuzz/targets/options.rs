//! Whatever a program sets: options by their text keys, and the JSON of calls.
//!
//! An input is a list with 0x1e between its items: a key (or one byte that stands for a known one), `=`,
//! and a value.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lpconnector::{
    AttachOptions, Attachment, Client, ClientProperties, Config, Error, Event, Metadata,
    OpenOptions, Profile, Status,
};
use oracle::secrets::CA_FILE;

static KEYS: LazyLock<Vec<&str>> = LazyLock::new(|| Config::keys().collect());

/// A value that holds this is a secret.
const MARK: &str = "s3cr3t";

fuzz_target!(|input: &str| {
    let mut config = Config::new();
    for item in input.split('\u{1e}').take(32) {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        match key.as_bytes() {
            [one] => set(&mut config, KEYS[usize::from(*one) % KEYS.len()], value),
            _ => set(&mut config, key, value),
        }
        json(value);
    }
    // A client would read those of the machine that runs this.
    for (file, ours) in
        [("tls.ca.file", CA_FILE), ("tls.client.cert.file", ""), ("tls.client.key.file", "")]
    {
        config.set(file, ours).unwrap();
    }
    if let Err(error) = Client::new(&config) {
        assert_eq!(error.status(), Status::Config, "{error}");
    }
});

fn set(config: &mut Config, key: &str, value: &str) {
    let before = format!("{config:?}");
    match config.set(key, value) {
        Ok(()) => {
            let shown = config.get(key).map(str::to_owned);
            assert!(value.is_empty() || shown.as_deref() == Some(value) || is_secret(key));
            if is_secret(key) {
                assert!(shown.is_none_or(|shown| shown == "***"));
                assert!(
                    !value.contains(MARK)
                        || !format!("{config:?}").contains(MARK)
                        || shows_elsewhere(config)
                );
            }
        }
        Err(error) => {
            assert_eq!(error.status(), Status::Config);
            assert!(error.message().len() < 2000, "{error}");
            assert!(!(is_secret(key) && error.message().contains(MARK)), "{error}");
            assert_eq!(format!("{config:?}"), before, "a value that was refused changed something");
        }
    }
}

fn is_secret(key: &str) -> bool {
    ["client.secret", "app.jwt", "proxy.url", "receiver.secret", "receiver.accounts"].contains(&key)
}

/// An option that is no secret has such a value.
fn shows_elsewhere(config: &Config) -> bool {
    KEYS.iter()
        .filter(|key| !is_secret(key))
        .any(|key| config.get(key).is_some_and(|v| v.contains(MARK)))
}

/// What takes JSON takes it or says what is wrong with it.
fn json(text: &str) {
    let wrong: [Option<Error>; 7] = [
        OpenOptions::from_json(text).err(),
        AttachOptions::from_json(text).err(),
        Profile::from_json(text).err(),
        ClientProperties::from_json(text).err(),
        Event::from_json(text).err(),
        Metadata::from_json(text).err(),
        Attachment::from_bytes(b"%PDF", "PDF").with_options(text).err(),
    ];
    for error in wrong.iter().flatten() {
        assert_eq!(error.status(), Status::InvalidArgument, "{error}");
        assert!(error.message().len() < 2000, "{error}");
    }
}
