//! A text that must not be in a recording, in any form.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::base::hex::hex;

/// What is shorter is found everywhere.
const SHORTEST: usize = 6;

/// The forms in which a text could stand somewhere: as it is, as JSON, in a URL, in base64 wherever
/// it begins, in hexadecimal digits.
pub(crate) struct Forms(Vec<String>);

impl Forms {
    pub(crate) fn new(text: &str) -> Forms {
        let mut forms = Vec::new();
        if text.len() >= SHORTEST {
            forms.push(text.to_owned());
            let quoted = serde_json::Value::from(text).to_string();
            forms.push(quoted[1..quoted.len() - 1].to_owned());
            forms.push(form_urlencoded::byte_serialize(text.as_bytes()).collect());
            let digits = hex(text.as_bytes());
            forms.push(digits.to_ascii_uppercase());
            forms.push(digits);
            for before in 0..3 {
                forms.extend(encoded(text, before));
            }
            forms.sort();
            forms.dedup();
        }
        Forms(forms)
    }

    pub(crate) fn are_in(&self, line: &str) -> bool {
        self.0.iter().any(|form| line.contains(form))
    }
}

/// The characters of base64 that this text alone decides, behind so many other bytes.
fn encoded(text: &str, before: usize) -> [String; 2] {
    let bytes = [&[0; 3][..before], text.as_bytes()].concat();
    let whole = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|encoded| encoded[whole.clone()].to_owned())
}

/// Whether something in it looks like a token, whosever it is.
pub(crate) fn holds_token(line: &str) -> bool {
    line.match_indices("eyJ").any(|(place, _)| {
        let mut parts = line[place..].split('.');
        let is_encoded = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let header = parts.next().unwrap_or_default();
        let claims = parts.next().unwrap_or_default();
        let length = claims.bytes().take_while(|byte| is_encoded(*byte)).count();
        header.bytes().all(is_encoded) && header.len() > 10 && length > 10
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::{Forms, holds_token};
    use crate::base::hex::hex;

    #[test]
    fn a_secret_is_found_in_all_its_forms() {
        let secret = "s€cret+/&\"=? value";
        let forms = Forms::new(secret);
        for before in ["", "a", "ab", "abc", "client:"] {
            for behind in ["", "x", "xy", ":password"] {
                let whole = format!("{before}{secret}{behind}");
                let url: String = form_urlencoded::byte_serialize(whole.as_bytes()).collect();
                for line in [
                    STANDARD.encode(&whole),
                    URL_SAFE.encode(&whole),
                    serde_json::json!({"a": whole}).to_string(),
                    hex(whole.as_bytes()),
                    url,
                    whole,
                ] {
                    assert!(forms.are_in(&line), "{line}");
                }
            }
        }
        assert!(!forms.are_in("another secret value"));
        assert!(!Forms::new("v").are_in("everywhere"));
    }

    #[test]
    fn a_token_is_seen_by_its_looks() {
        assert!(holds_token(r#"{"a":"x eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.c2ln"}"#));
        assert!(!holds_token("eyJ alone. And more than ten characters"));
    }
}
