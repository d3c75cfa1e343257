//! The secrets of the clients here, and what must not show them: errors, responses and lines of the log.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lpconnector::{Config, Error, LogLevel, Status};

pub const ACCOUNT: &str = "le12345678";
// Both are longer than what the fuzzer learns from comparisons: they come from nowhere but a request.
pub const CLIENT_SECRET: &str =
    "rl9hacst6kqilbofup64n11ga3-0f-the-fuzzer-and-longer-than-sixty-four-bytes-it-is";
/// A root that signed nothing: reading those of the system would take most of the time.
pub const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ca.pem");
pub const PROXY_PASSWORD: &str =
    "pa55-0f-the-proxy-and-longer-than-sixty-four-bytes-it-is-as-the-other-secrets-are";

/// An AppJWT that nobody signed.
pub fn app_jwt() -> String {
    token(r#"{"aud":"le12345678","azp":"app","iss":"Sentinel","iat":1700000000,"exp":4000000000}"#)
}

/// A ConsumerJWS that nobody signed.
pub fn consumer_jws() -> String {
    token(r#"{"account_id":"le12345678","ext_consumer_id":"fuzz","lp_consumer_id":"55555555"}"#)
}

fn token(claims: &str) -> String {
    let [header, claims] = [r#"{"alg":"RS256"}"#, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.c2lnbmF0dXJlLW9mLW5vYm9keQ")
}

/// What a client said while it worked.
#[derive(Clone)]
pub struct Watch {
    secrets: Vec<String>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    /// Watches all that this configuration's clients log.
    pub fn over(config: &mut Config) -> Watch {
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = log.clone();
        config.set_log(LogLevel::Trace, move |_, line| {
            lines.lock().unwrap().push(line.to_owned());
        });
        let fixed = [CLIENT_SECRET, PROXY_PASSWORD].map(str::to_owned);
        Watch { secrets: fixed.into_iter().chain([app_jwt(), consumer_jws()]).collect(), log }
    }

    /// The same for one more secret.
    pub fn and_for(&self, secret: &str) -> Watch {
        let mut more = self.clone();
        more.secrets.push(secret.to_owned());
        more
    }

    /// Fails where a secret shows in what was logged since the last time, or a line is not one line.
    pub fn check_log(&self) {
        for line in self.log.lock().unwrap().drain(..) {
            assert!(!line.contains(['\n', '\r']), "not one line: {line:?}");
            self.check(&line);
        }
    }

    /// Fails where an error shows a secret, or is none that may come of what others sent.
    pub fn check_error(&self, error: &Error) {
        assert_ne!(error.status(), Status::Internal, "{error}");
        assert!(error.message().len() < 2000, "{}", error.message().len());
        let body = String::from_utf8_lossy(error.body());
        for text in [error.message(), error.title(), error.details(), error.request_id(), &body] {
            self.check(text);
        }
        self.check(&format!("{error} {error:?}"));
    }

    pub fn check(&self, text: &str) {
        let shown = self.secrets.iter().find(|secret| text.contains(*secret));
        assert!(shown.is_none(), "a secret shows: {text:?}");
    }
}
