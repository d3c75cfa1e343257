//! Whatever stands in a configuration file.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lpconnector::{Config, Status};
use oracle::memory::bounded;

static DIRECTORY: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A value that holds this is a secret.
const MARK: &str = "s3cr3t";

fuzz_target!(|content: &[u8]| {
    let path: PathBuf = DIRECTORY.path().join("lpc.conf");
    std::fs::write(&path, content).unwrap();
    let mut config = Config::new();
    let outcome = bounded(64 * 1024 + 8 * content.len(), || config.load_file(&path));
    let Ok(text) = std::str::from_utf8(content) else {
        assert_eq!(outcome.unwrap_err().status(), Status::Io);
        return;
    };
    let (expected, faulty) = line_by_line(text);
    assert_eq!(format!("{config:?}"), format!("{expected:?}"));
    match (outcome, faulty) {
        (Ok(()), None) => {}
        (Err(error), Some((number, line))) => {
            assert_eq!(error.status(), Status::Config);
            assert!(error.message().contains(&format!("lpc.conf, line {number}: ")), "{error}");
            assert!(error.message().len() < 2000, "{error}");
            let (key, value) = line.split_once('=').unwrap_or(("", line));
            let is_secret = !line.contains('=') || key.trim() == "client.secret";
            assert!(
                !(is_secret && value.contains(MARK) && error.message().contains(MARK)),
                "{error}"
            );
        }
        (outcome, faulty) => panic!("{outcome:?}, but {faulty:?}"),
    }
});

/// What the file should set, and the line at which that ends.
fn line_by_line(text: &str) -> (Config, Option<(usize, &str)>) {
    let mut config = Config::new();
    let mut text = text;
    while let Some(rest) = text.strip_prefix('\u{feff}') {
        text = rest;
    }
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_set = line
            .split_once('=')
            .is_some_and(|(key, value)| config.set(key.trim(), value.trim()).is_ok());
        if !is_set {
            return (config, Some((index + 1, line)));
        }
    }
    (config, None)
}
