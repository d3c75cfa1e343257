//! Answers cleaned of the secrets that a server echoed.

use std::ops::Range;

use memchr::{memchr2, memmem};
use zeroize::Zeroizing;

/// What is shorter is no secret, and could stand in any answer by chance.
const SHORTEST: usize = 8;

/// What stands in the place of a secret: shorter than any, so that no answer grows.
const HIDDEN: &[u8] = b"***";

/// What a server said without the secrets that it may have echoed, as they are or with the escapes of
/// JSON and of URLs, however often one in the other. It need not be JSON, nor whole; all other bytes stay.
pub(crate) fn redact(mut said: Vec<u8>, secrets: &[&[u8]]) -> Vec<u8> {
    let mut places = Vec::new();
    for secret in secrets {
        each_place(&said, secret, |place| places.push(place));
    }
    if memchr2(b'\\', b'%', &said).is_some() {
        places.extend(escaped_places(&said, secrets));
    }
    hide(&mut said, merged(places));
    said
}

/// Gives the places of a secret in a text, those that overlap as one.
fn each_place(text: &[u8], secret: &[u8], mut give: impl FnMut(Range<usize>)) {
    // Mostly its beginning is not there, and a long one is dear to search for.
    if secret.len() < SHORTEST || memmem::find(text, &secret[..SHORTEST]).is_none() {
        return;
    }
    let finder = memmem::Finder::new(secret);
    let mut place = 0..0;
    let mut from = 0;
    while let Some(at) = finder.find(&text[from..]).map(|at| from + at) {
        if at >= place.end {
            give(std::mem::replace(&mut place, at..at));
        }
        place.end = at + secret.len();
        from = at + 1;
    }
    give(place);
}

/// The places of secrets that are written with escapes.
fn escaped_places(said: &[u8], secrets: &[&[u8]]) -> Vec<Range<usize>> {
    let mut plain = Plain(Zeroizing::new(Vec::with_capacity(said.len())));
    said.iter().for_each(|byte| plain.push(*byte));
    let mut places = Vec::new();
    for secret in secrets {
        let mut written = Plain(Zeroizing::new(Vec::with_capacity(secret.len())));
        secret.iter().for_each(|byte| written.push(*byte));
        each_place(&plain.0, &written.0, |place| places.push(place));
    }
    let places = merged(places);
    if places.is_empty() {
        return places;
    }
    // Read once more, to see where these places are in what was said.
    let mut bounds: Vec<usize> = places.into_iter().flat_map(|it| [it.start, it.end]).collect();
    let in_plain = bounds.clone();
    plain.0.clear();
    let mut next = 0;
    for (at, byte) in said.iter().enumerate() {
        let length = plain.0.len();
        // What was read may have become less: an escape ended.
        while next > 0 && in_plain[next - 1] >= length {
            next -= 1;
        }
        while next < bounds.len() && in_plain[next] <= length {
            if in_plain[next] == length {
                bounds[next] = at;
            }
            next += 1;
        }
        plain.push(*byte);
    }
    let end = plain.0.len();
    for (bound, _) in bounds.iter_mut().zip(in_plain).filter(|(_, in_plain)| *in_plain == end) {
        *bound = said.len();
    }
    bounds.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect()
}

/// A text without its escapes. It serves to be searched: several backslashes are one in it, and a
/// secret that has what looks like an escape is searched for without it, too.
struct Plain(Zeroizing<Vec<u8>>);

impl Plain {
    /// Takes the next byte. Where it ends an escape, that becomes what it stands for, which may in turn
    /// be the end of another.
    fn push(&mut self, byte: u8) {
        let text = &mut self.0;
        match (byte, text.last()) {
            (b'\\', Some(b'\\')) => return,
            (b'"' | b'/', Some(b'\\')) => drop(text.pop()),
            _ => {}
        }
        text.push(byte);
        if !byte.is_ascii_hexdigit() {
            return;
        }
        if let Some(character) = self.unicode() {
            character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.push(byte));
        } else if let [.., b'%', high, low] = **self.0
            && let Some(byte) = hex(&[high, low])
        {
            let before = self.0.len() - 3;
            self.0.truncate(before);
            self.push(byte as u8);
        }
    }

    /// Takes away the escape at the end, such as `\u0041`, or two that are a surrogate pair, and gives
    /// its character; half of a pair is none, and stays.
    fn unicode(&mut self) -> Option<char> {
        let text = &mut self.0;
        let unit = |from_end: usize| {
            let escape = text.get(text.len().checked_sub(from_end)?..)?;
            hex(escape.strip_prefix(b"\\u")?.get(..4)?)
        };
        let last = unit(6)?;
        let (units, length) = match unit(12) {
            Some(first) if (0xdc00..0xe000).contains(&last) => ([first, last], 12),
            _ => ([last, 0], 6),
        };
        let character = char::decode_utf16(units).next()?.ok()?;
        let before = text.len() - length;
        text.truncate(before);
        Some(character)
    }
}

fn hex(digits: &[u8]) -> Option<u16> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    digits.iter().try_fold(0, |number, it| Some(number << 4 | digit(it)? as u16))
}

/// In order, and those that overlap as one.
fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.retain(|place| !place.is_empty());
    places.sort_unstable_by_key(|place| place.start);
    places.dedup_by(|later, earlier| {
        let overlaps = later.start < earlier.end;
        if overlaps {
            earlier.end = earlier.end.max(later.end);
        }
        overlaps
    });
    places
}

/// Puts `***` in these places.
fn hide(said: &mut Vec<u8>, places: Vec<Range<usize>>) {
    let (mut read, mut written) = (0, 0);
    for place in &places {
        said.copy_within(read..place.start, written);
        written += place.start - read;
        said[written..written + HIDDEN.len()].copy_from_slice(HIDDEN);
        written += HIDDEN.len();
        read = place.end;
    }
    if places.is_empty() {
        return;
    }
    let length = said.len();
    said.copy_within(read.., written);
    // Behind its end would stay what was hidden.
    let end = written + (length - read);
    said[end..].fill(0);
    said.truncate(end);
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
        assert_eq!(redact(escaped, &secrets), br#"{"***":[1,"x\/***"],"b":"\n"}"#);
        let harmless = br#"{ "a": "\/ab" }"#.to_vec();
        assert_eq!(redact(harmless.clone(), &secrets), harmless, "byte for byte");
    }

    #[test]
    fn a_secret_with_escapes_is_hidden_and_nothing_else_changed() {
        for (said, clean) in [
            (r#"{ "x-\u0061-t0ken-" : 1.0 }"#, r#"{ "x-***" : 1.0 }"#),
            (r#"[ [["\n"], [{"b":[ "a-t0\u006Ben-" ]}]] ]"#, r#"[ [["\n"], [{"b":[ "***" ]}]] ]"#),
            (r#"["\ud83d\ude00a-t0ken\u002d\uD83D\uDE00"]"#, r#"["\ud83d\ude00***\uD83D\uDE00"]"#),
            (r#"["\u00e9\n\ta\u002dt0ken-\"é"]"#, r#"["\u00e9\n\t***\"é"]"#),
            (r#"["\\a-t0ken\u002d\\"]"#, r#"["\\***\\"]"#),
            (r#"["\"","a\u002dt0ken-","\""]"#, r#"["\"","***","\""]"#),
            (r#"["a-t0ken\u002da\u002ds3cret a-t0ken\u002d"]"#, r#"["****** ***"]"#),
        ] {
            assert_eq!(redacted(said), clean, "{said}");
        }
        let levels = if cfg!(miri) { 100 } else { 10_000 };
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
    fn an_answer_is_cleaned_where_it_lies() {
        let filled = "1,".repeat(100_000);
        for said in [
            format!(r#"[{filled}"a\u002dt0ken-"]"#),
            format!(r#"["{}a\u002dt0ken-"]"#, r"\u00e9\ud83d\ude00\n\ud83d".repeat(10_000)),
            format!("[{}1]", r#""a\u002dt0ken-","#.repeat(10_000)),
        ] {
            let clean = redact(said.clone().into(), &SECRETS);
            assert!(clean.ends_with(b"]") && clean.len() < said.len());
            // What is cleaned stayed where it was.
            assert_eq!(clean.capacity(), said.len());
        }
    }

    #[test]
    fn of_secrets_that_overlap_no_rest_is_left() {
        let hidden = |said: &str, secrets: &[&str]| {
            let secrets: Vec<_> = secrets.iter().map(|secret| secret.as_bytes()).collect();
            String::from_utf8(redact(said.into(), &secrets)).unwrap()
        };
        for secrets in [["abcdefgh1234", "1234ijklmnop"], ["1234ijklmnop", "abcdefgh1234"]] {
            assert_eq!(hidden("x abcdefgh1234ijklmnop y", &secrets), "x *** y");
            assert_eq!(hidden(r"x abcdefgh12\u00334ijklmnop y", &secrets), "x *** y");
        }
        for secrets in
            [["in-a-secret", "a-secret-in-a-secret-"], ["a-secret-in-a-secret-", "in-a-secret"]]
        {
            assert_eq!(hidden("x a-secret-in-a-secret- in-a-secret", &secrets), "x *** ***");
        }
        assert_eq!(hidden("abababababab.", &["abababab"]), "***.");
        assert_eq!(hidden(&"a".repeat(100_000), &[&"a".repeat(5_000)]), "***");
    }

    /// As JSON writes a text, whatever it need not escape included.
    fn in_json(text: &str) -> String {
        serde_json::to_string(text).unwrap().trim_matches('"').replace('-', r"\u002D")
    }

    fn in_url(text: &str) -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect()
    }

    #[test]
    fn escapes_in_escapes_hide_no_secret() {
        for secret in ["a-t0ken.a-t0ken_", r#"p"a\ss/ w0rd+%41é😀"#] {
            let encoded = in_url(secret);
            let secrets = [secret.as_bytes(), encoded.as_bytes()];
            let lower = |text: &str| text.to_lowercase();
            let mut forms = vec![secret.to_owned(), encoded.clone()];
            for _ in 0..3 {
                let of_last = forms.split_off(forms.len() / 2);
                let more = of_last.iter().flat_map(|form| {
                    let slashes = in_json(form).replace('/', r"\/");
                    [in_json(form), slashes, in_url(form), in_url(form).replace('+', "%20")]
                });
                forms.extend(more.collect::<Vec<_>>());
                forms.extend(of_last);
            }
            // What a URL writes in hexadecimal may be in small letters.
            if secret == lower(secret) {
                forms.extend(
                    forms.clone().iter().filter(|form| form.contains('%')).map(|form| lower(form)),
                );
            }
            for form in forms {
                let said = format!(r#"{{"x":"<{form}>"}}"#);
                let clean = redact(said.clone().into(), &secrets);
                let clean = String::from_utf8(clean).unwrap();
                assert_eq!(clean, r#"{"x":"<***>"}"#, "{secret}: {said}");
            }
        }
    }

    #[test]
    fn an_escape_that_never_ends_costs_no_more_than_its_length() {
        for piece in [r"\", "%", r"\u00", "%2", r"\u005", "%25", r"%5cu0025", r"\ud83d"] {
            let said = piece.repeat(50_000);
            assert_eq!(redact(said.clone().into(), &SECRETS), said.as_bytes(), "{piece}");
            let echoed = format!("{said}|a%2dt0ken-|{said}");
            let clean = redact(echoed.into(), &SECRETS);
            assert_eq!(clean, format!("{said}|***|{said}").as_bytes(), "{piece}");
        }
    }
}
