//! Texts without what opens something: tokens, the client secret, signatures of file URLs.

/// How much of a token is shown.
const SHOWN: usize = 8;
/// A run of these that begins as a token does, and is longer than this, is one.
const SHORTEST_TOKEN: usize = 20;
/// What stands before a secret, in a form, a query or JSON.
const NAMES: [&str; 2] = ["client_secret", "temp_url_sig"];

/// The text with its secrets cut short.
pub(crate) fn discreet(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(name) = NAMES.iter().find(|name| rest.starts_with(**name)) {
            let gap = rest[name.len()..].find(|it: char| !"\\\":= ".contains(it));
            let gap = gap.unwrap_or(rest.len() - name.len());
            let secret = &rest[name.len() + gap..];
            let length =
                secret.find(|it: char| "&\"\\,} \r\n".contains(it)).unwrap_or(secret.len());
            shown.push_str(&rest[..name.len() + gap]);
            if length > 0 {
                shown.push('…');
            }
            rest = &secret[length..];
        } else if in_token(first) {
            let length = rest.find(|it| !in_token(it)).unwrap_or(rest.len());
            let run = &rest[..length];
            // JSON in base64 begins so, and a token is that.
            if run.starts_with("eyJ") && length > SHORTEST_TOKEN {
                shown.push_str(&run[..SHOWN]);
                shown.push('…');
                rest = &rest[length..];
            } else {
                // A name may stand inside of it.
                let named = NAMES.iter().filter_map(|name| run.find(name)).min();
                let length = named.unwrap_or(length);
                shown.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        } else {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shown
}

fn in_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

#[cfg(test)]
mod tests {
    use super::discreet;

    #[test]
    fn what_opens_something_is_cut_short() {
        let token = "eyJraWQiOiJ4In0.eyJhdWQiOiJ4In0.c2lnbmF0dXJl";
        for (text, shown) in [
            (
                format!(r#"{{"access_token":"{token}","expires_in":3600}}"#),
                r#"{"access_token":"eyJraWQi…","expires_in":3600}"#,
            ),
            (format!("Bearer {token}"), "Bearer eyJraWQi…"),
            (token.to_owned(), "eyJraWQi…"),
            ("a=b&client_secret=s%20x&c=d".to_owned(), "a=b&client_secret=…&c=d"),
            (r#"{"client_secret": "s"}"#.to_owned(), r#"{"client_secret": "…"}"#),
            (
                "/v1/x?temp_url_sig=00ff&temp_url_expires=5".to_owned(),
                "/v1/x?temp_url_sig=…&temp_url_expires=5",
            ),
            (r#"{"temp_url_sig":"00ff"}"#.to_owned(), r#"{"temp_url_sig":"…"}"#),
            (r#"{\"temp_url_sig\":\"00ff\"}"#.to_owned(), r#"{\"temp_url_sig\":\"…\"}"#),
            ("my_client_secret=s".to_owned(), "my_client_secret=…"),
            ("client_secret".to_owned(), "client_secret"),
        ] {
            assert_eq!(discreet(&text), shown);
        }
        // The last one begins in the middle of something else, as in the bytes of a picture.
        for plain in ["", "Hellö eyJ you", "a-b_c.d", "le83821118", "AAeyJhbGciOiJSUzI1NiJ9xyz"] {
            assert_eq!(discreet(plain), plain);
        }
    }
}
