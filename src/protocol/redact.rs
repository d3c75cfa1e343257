//! Answers cleaned of the secrets that a server echoed.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};
use zeroize::Zeroizing;

/// What is shorter is no secret, and could stand in any answer by chance.
const SHORTEST: usize = 8;

/// What stands in the place of a secret: shorter than any, so that no answer grows.
const HIDDEN: &[u8] = b"***";

/// What a server said without the secrets that it may have echoed. It need not be JSON, nor whole;
/// all other bytes stay, and no more memory is taken than the answer has once more.
pub(crate) fn redact(mut said: Vec<u8>, secrets: &[&[u8]]) -> Vec<u8> {
    let secrets = || secrets.iter().copied().filter(|secret| secret.len() >= SHORTEST);
    for secret in secrets() {
        // Mostly its beginning is not there, and a long text is dear to search for.
        if memmem::find(&said, &secret[..SHORTEST]).is_some() {
            hide(&mut said, 0, &memmem::Finder::new(secret));
        }
    }
    // In JSON, a secret can be written with escapes: \/ or \u0041.
    if memchr(b'\\', &said).is_none() || secrets().next().is_none() {
        return said;
    }
    let secrets: Vec<_> = secrets().map(as_in_json).collect();
    let finders: Vec<_> = secrets.iter().map(|secret| memmem::Finder::new(&**secret)).collect();
    redact_escaped(said, &finders)
}

/// Hides secrets that are written with escapes: what stands between two quotes and has any is looked
/// at without those that it need not have, and stays without them where a secret is in it.
fn redact_escaped(said: Vec<u8>, secrets: &[memmem::Finder]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(said.len());
    let (mut done, mut found) = (0, false);
    for_each_escaped(&said, |string| {
        clean.extend_from_slice(&said[done..string.start]);
        done = string.end;
        let begin = clean.len();
        unescape(&said[string.clone()], &mut clean);
        let hidden = secrets.iter().filter(|secret| hide(&mut clean, begin, secret)).count();
        if hidden == 0 {
            clean.truncate(begin);
            clean.extend_from_slice(&said[string]);
        }
        found |= hidden > 0;
    });
    if !found {
        return said;
    }
    clean.extend_from_slice(&said[done..]);
    clean
}

/// Puts `***` in the place of a secret wherever it stands behind `begin`; says whether it did.
fn hide(said: &mut Vec<u8>, begin: usize, secret: &memmem::Finder) -> bool {
    let length = secret.needle().len();
    let (mut read, mut written) = (begin, begin);
    while said.len() - read >= length {
        let Some(before) = secret.find(&said[read..]) else { break };
        said.copy_within(read..read + before, written);
        written += before;
        said[written..written + HIDDEN.len()].copy_from_slice(HIDDEN);
        written += HIDDEN.len();
        read += before + length;
    }
    if read == begin {
        return false;
    }
    said.copy_within(read.., written);
    said.truncate(said.len() - (read - written));
    true
}

/// Gives the places between quotes in which there is a backslash: the strings of JSON that have
/// escapes, and in any other text whatever may be one.
fn for_each_escaped(said: &[u8], mut take: impl FnMut(Range<usize>)) {
    let (mut begin, mut at, mut escaped) = (0, 0, false);
    while let Some(next) = memchr2(b'"', b'\\', &said[at..]) {
        at += next;
        if said[at] == b'\\' {
            escaped = true;
            // What stands behind it is no quote and no backslash of its own.
            at = said.len().min(at + 2);
        } else {
            if escaped {
                take(begin..at);
            }
            at += 1;
            (begin, escaped) = (at, false);
        }
    }
    if escaped {
        take(begin..said.len());
    }
}

/// Writes the inside of a string without the escapes that it need not have: `\/`, and `\u0041` for a
/// character that JSON takes as it is. The others stay; no secret has the characters they stand for,
/// but quote and backslash, for which see [`as_in_json`].
fn unescape(mut string: &[u8], into: &mut Vec<u8>) {
    while let Some(at) = memchr(b'\\', string) {
        into.extend_from_slice(&string[..at]);
        string = &string[at..];
        let length = match (string.get(1), unicode(string)) {
            (Some(b'/'), _) => {
                into.push(b'/');
                2
            }
            (_, Some((character @ ('"' | '\\'), length))) => {
                into.extend([b'\\', character as u8]);
                length
            }
            (_, Some((character, length))) if !character.is_ascii_control() => {
                into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                length
            }
            _ => {
                let length = string.len().min(2);
                into.extend_from_slice(&string[..length]);
                length
            }
        };
        string = &string[length..];
    }
    into.extend_from_slice(string);
}

/// The character of an escape such as `\u0041`, or of two that are a surrogate pair, and how long
/// that is written; none for half of a pair, which is no character.
fn unicode(escape: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u16> {
        let digits = escape.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        digits
            .iter()
            .try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)? as u16))
    };
    let units = [unit(0)?, unit(6).unwrap_or(0)];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, 6 * character.len_utf16()))
}

/// A secret as it stands in a string of JSON that has no escape which it need not have.
fn as_in_json(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut json = Zeroizing::new(Vec::with_capacity(2 * secret.len()));
    for byte in secret {
        if matches!(byte, b'"' | b'\\') {
            json.push(b'\\');
        }
        json.push(*byte);
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: [&[u8]; 4] = [b"a-t0ken-", b"a-s3cret", b"ab", b""];

    fn redacted(said: &str) -> String {
        String::from_utf8(redact(said.into(), &SECRETS)).unwrap()
    }

    /// It would take minutes if each string cost as much as the secret is long.
    #[test]
    fn many_strings_cost_no_more_than_their_length() {
        let secret = format!("eyJhbGci{}", "x".repeat(16_000));
        let said = r#""\/eyJhbGci","#.repeat(100_000).into_bytes();
        assert_eq!(redact(said.clone(), &[secret.as_bytes()]), said);
    }

    #[test]
    fn echoed_secrets_are_replaced_and_other_bytes_kept() {
        let secrets = ["a-t0ken-", "a-s3cret", "ab", ""].map(str::as_bytes);
        let said = redact(b"ab a-t0ken- a-t0ken-a-s3cret".to_vec(), &secrets);
        assert_eq!(said, b"ab *** ******");
        assert_eq!(redact(vec![0xff, b'a'], &secrets), [0xff, b'a']);
        assert_eq!(redact(b"\xff a-t0ken- \xff".to_vec(), &secrets), b"\xff *** \xff");
        let alike = b"\xff another-t0ken".to_vec();
        assert_eq!(redact(alike.clone(), &[b"another-t0ken-of-ours"]), alike, "only its beginning");
        let escaped = br#"{"a-t0ken\u002d":[1,"x\/a\u002ds3cret"],"b":"\n"}"#.to_vec();
        assert_eq!(redact(escaped, &secrets), br#"{"***":[1,"x/***"],"b":"\n"}"#);
        let harmless = br#"{ "a": "\/ab" }"#.to_vec();
        assert_eq!(redact(harmless.clone(), &secrets), harmless, "byte for byte");
    }

    #[test]
    fn a_secret_with_escapes_is_hidden_and_nothing_else_changed() {
        for (said, clean) in [
            (r#"{ "x-\u0061-t0ken-" : 1.0 }"#, r#"{ "x-***" : 1.0 }"#),
            (r#"[ [["\n"], [{"b":[ "a-t0\u006Ben-" ]}]] ]"#, r#"[ [["\n"], [{"b":[ "***" ]}]] ]"#),
            (r#"["\ud83d\ude00a-t0ken\u002d\uD83D\uDE00"]"#, r#"["😀***😀"]"#),
            (r#"["\u00e9\n\ta\u002dt0ken-\"é"]"#, r#"["é\n\t***\"é"]"#),
            (r#"["\\a-t0ken\u002d\\"]"#, r#"["\\***\\"]"#),
            (r#"["\"","a\u002dt0ken-","\""]"#, r#"["\"","***","\""]"#),
            (r#"["a-t0ken\u002da\u002ds3cret a-t0ken\u002d"]"#, r#"["****** ***"]"#),
        ] {
            assert_eq!(redacted(said), clean, "{said}");
        }
        let levels = 10_000;
        let deep = |inside| format!("{}\"{inside}\"{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(redacted(&deep(r"a\u002dt0ken-")), deep("***"), "however deep");
    }

    #[test]
    fn what_is_no_whole_json_is_cleaned_all_the_same() {
        for (said, clean) in [
            (r#"{"a":["x","a\u002dt0ken-"#, r#"{"a":["x","***"#),
            (r#"{"a":["x","a\u002dt0ken-\"#, r#"{"a":["x","***\"#),
            (r#"{"a":["x","a\u002dt0ken-\u00"#, r#"{"a":["x","***\u00"#),
            (
                r#"<p class="x">5" a\u002dt0ken- <i title='"'>"#,
                r#"<p class="x">5" *** <i title='"'>"#,
            ),
            (r#"["\ud83da\u002dt0ken-\ude00\udc00"]"#, r#"["\ud83d***\ude00\udc00"]"#),
            (r#"["\x \u+02d \é a\u002dt0ken-"]"#, r#"["\x \u+02d \é ***"]"#),
        ] {
            assert_eq!(redacted(said), clean, "{said}");
        }
        let bytes = b"\"\xff\\\xffa\\u002dt0ken-\xff".to_vec();
        assert_eq!(redact(bytes, &SECRETS), b"\"\xff\\\xff***\xff");
        for whole in [r#""\ud83d\ude00a\u002dt0ken-\\\"\/\u0""#, r#"\\"\"#] {
            for end in 0..=whole.len() {
                redacted(&whole[..end]);
            }
        }
    }

    #[test]
    fn strings_without_a_secret_stay_as_they_were_written() {
        for said in [
            r#"["\u0061\/\u00e9\ud83d\ude00\ud83d\"\\ a-t0ken"]"#,
            r#"["a-t0ken\u005c-"]"#,
            r#"["\\u0061-t0ken-"]"#,
            r#"["a-t0ken","\u002d"]"#,
            r#"["a-t0ken\"-\u002d"]"#,
        ] {
            assert_eq!(redacted(said), said);
        }
        // One that is hidden does not touch its neighbours.
        let beside = r#"["\u0061","a\u002dt0ken-","\/"]"#;
        assert_eq!(redacted(beside), r#"["\u0061","***","\/"]"#);
    }

    #[test]
    fn quotes_and_backslashes_of_a_secret_are_found_in_any_form() {
        let secret: &[u8] = br#"p"a\ss"w0rd"#;
        for said in [r#"["p\"a\\ss\"w0rd"]"#, r#"["p\u0022a\u005css\u0022w0\u0072d"]"#] {
            assert_eq!(redact(said.into(), &[secret]), br#"["***"]"#, "{said}");
        }
    }

    #[test]
    fn an_answer_is_held_at_most_once_more() {
        let filled = "1,".repeat(100_000);
        for said in [
            format!(r#"[{filled}"a\u002dt0ken-"]"#),
            format!(r#"["{}a\u002dt0ken-"]"#, r"\u00e9\ud83d\ude00\n\ud83d".repeat(10_000)),
            format!("[{}1]", r#""a\u002dt0ken-","#.repeat(10_000)),
        ] {
            let clean = redact(said.clone().into(), &SECRETS);
            assert!(clean.ends_with(b"]") && clean.len() < said.len());
            // What is cleaned was written into room made once.
            assert_eq!(clean.capacity(), said.len());
        }
    }
}
