//! JSON that others wrote, read without trusting it: members and items are picked out of the text,
//! whatever stands beside them, and nothing is copied before it is asked for.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The levels of arrays and objects in a text that is JSON.
pub(crate) fn nesting(json: &str) -> usize {
    let (mut level, mut most) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                level += 1;
                most = most.max(level);
            }
            b']' | b'}' if !quoted => level = level.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The members with these names, as they were written. All are `None` where there is no object. Of
/// a member that comes twice the last counts.
pub(crate) fn members<'a, const N: usize>(
    json: Option<&'a RawValue>,
    names: [&str; N],
) -> [Option<&'a RawValue>; N] {
    struct Pick<'n, const N: usize>([&'n str; N]);

    impl<'de, const N: usize> Visitor<'de> for Pick<'_, N> {
        type Value = [Option<&'de RawValue>; N];

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            let mut found = [None; N];
            while let Some(place) = object.next_key_seed(Place(&self.0))? {
                match place {
                    Some(place) => found[place] = Some(object.next_value()?),
                    None => {
                        object.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(found)
        }
    }

    json.and_then(|json| json.deserialize_map(Pick(names)).ok()).unwrap_or([None; N])
}

/// Reads a member's name as its place among those that are wanted.
struct Place<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        // As bytes: a name may hold half of a surrogate pair, which is no text.
        input.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| wanted.as_bytes() == name))
    }
}

/// Gives all members of an object with their names, as they were written; none where there is no
/// object.
pub(crate) fn each_member<'a>(json: &'a RawValue, take: impl FnMut(Cow<'a, str>, &'a RawValue)) {
    struct Give<F>(F);
    struct Name;

    impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue)> Visitor<'de> for Give<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
            while let Some(name) = object.next_key_seed(Name)? {
                self.0(name, object.next_value()?);
            }
            Ok(())
        }
    }

    impl<'de> DeserializeSeed<'de> for Name {
        type Value = Cow<'de, str>;

        fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
            // As bytes: see `Place`.
            input.deserialize_bytes(self)
        }
    }

    impl<'de> Visitor<'de> for Name {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a name")
        }

        fn visit_borrowed_bytes<E>(self, name: &'de [u8]) -> Result<Self::Value, E> {
            Ok(String::from_utf8_lossy(name))
        }

        fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
            Ok(Cow::Owned(String::from_utf8_lossy(name).into_owned()))
        }
    }

    // It fails for what is no object, and for no other reason.
    let _ = json.deserialize_map(Give(take));
}

/// Gives the items of an array, as they were written; where there is none, what stands in its place
/// is the only one, and null is none.
pub(crate) fn each_item<'a>(json: Option<&'a RawValue>, mut take: impl FnMut(&'a RawValue)) {
    struct Give<F>(F);

    impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Give<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
            while let Some(item) = array.next_element()? {
                self.0(item);
            }
            Ok(())
        }
    }

    match json {
        None => {}
        // It fails for what is no array, and for no other reason.
        Some(json) if is_array(json) => drop(json.deserialize_seq(Give(take))),
        Some(json) if json.get() == "null" => {}
        Some(json) => take(json),
    }
}

/// All that [`each_item`] gives. `Err` where they are more than there is `room` for, which is reduced
/// by their number.
pub(crate) fn items<'a>(
    json: Option<&'a RawValue>,
    room: &mut usize,
) -> Result<Vec<&'a RawValue>, TooMany> {
    let (mut items, mut too_many) = (Vec::new(), false);
    each_item(json, |item| match room.checked_sub(1) {
        Some(left) => {
            *room = left;
            items.push(item);
        }
        None => too_many = true,
    });
    if too_many { Err(TooMany) } else { Ok(items) }
}

/// There are more items than there is room for.
#[derive(Debug)]
pub(crate) struct TooMany;

pub(crate) fn is_object(json: &RawValue) -> bool {
    json.get().starts_with('{')
}

pub(crate) fn is_array(json: &RawValue) -> bool {
    json.get().starts_with('[')
}

pub(crate) fn is_string(json: &RawValue) -> bool {
    json.get().starts_with('"')
}

/// A string, or a number as it was written; empty for all else. Half of a surrogate pair, which is
/// no character, becomes U+FFFD.
pub(crate) fn text(json: Option<&RawValue>) -> String {
    struct Characters;

    impl Visitor<'_> for Characters {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(match String::from_utf8_lossy(bytes) {
                Cow::Borrowed(text) => text.to_owned(),
                Cow::Owned(_) => without_halves(bytes),
            })
        }
    }

    let Some(json) = json else { return String::new() };
    match json.get().as_bytes().first() {
        Some(b'"') => json.deserialize_bytes(Characters).unwrap_or_default(),
        Some(b'-' | b'0'..=b'9') => json.get().to_owned(),
        _ => String::new(),
    }
}

/// As [`text`], but none for all else, and where half of a surrogate pair is in it.
pub(crate) fn exact_text(json: &RawValue) -> Option<String> {
    match json.get().as_bytes().first()? {
        b'"' => serde_json::from_str(json.get()).ok(),
        b'-' | b'0'..=b'9' => Some(json.get().to_owned()),
        _ => None,
    }
}

/// The text of bytes in which halves of surrogate pairs stand, three bytes each.
fn without_halves(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(end) => return text + end,
            Err(bad) => {
                let (good, half) = rest.split_at(bad.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                text.push('\u{fffd}');
                rest = half.get(3..).unwrap_or_default();
            }
        }
    }
}

/// A whole number, however it is written: `7`, `"7"`, `7.0` or `7e0`. `None` for all else.
pub(crate) fn number(json: Option<&RawValue>) -> Option<i64> {
    /// Beyond, a floating point number has no room for a fraction.
    const MOST: f64 = 2_251_799_813_685_248.0;

    if let Ok(whole) = json?.get().parse() {
        return Some(whole);
    }
    let text = text(json);
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let float: f64 = text.parse().ok()?;
    (float.fract() == 0.0 && float.abs() <= MOST).then_some(float as i64)
}

/// As [`number`], from 0 on: counts and times.
pub(crate) fn count(json: Option<&RawValue>) -> Option<i64> {
    number(json).filter(|number| *number >= 0)
}

/// `true` or `false`, as a word or a text.
pub(crate) fn flag(json: Option<&RawValue>) -> Option<bool> {
    match json?.get() {
        "true" | "\"true\"" => Some(true),
        "false" | "\"false\"" => Some(false),
        _ => None,
    }
}

/// Whatever it is, as it was written; empty where it is absent or null.
pub(crate) fn written(json: Option<&RawValue>) -> String {
    json.map(RawValue::get).filter(|json| *json != "null").unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Option<&RawValue> {
        Some(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        for (json, levels) in [
            ("1", 0),
            ("[]", 1),
            (r#"[{"a":[]},[[]]]"#, 3),
            (r#"["[[[[", "\"[[[[", "\\", []]"#, 2),
            ("]]][", 1),
        ] {
            assert_eq!(nesting(json), levels, "{json}");
        }
    }

    #[test]
    fn members_are_picked_whatever_stands_beside_them() {
        let json = raw(r#" {"a": 1, "\ud800": [1e999], "\u0062" : {"a":2} , "a":3} "#);
        let [b, a, c] = members(json, ["b", "a", "c"]).map(|json| json.map(RawValue::get));
        assert_eq!((b, a, c), (Some(r#"{"a":2}"#), Some("3"), None));
        for other in ["[]", "null", "1", "\"a\""] {
            assert!(members(raw(other), ["a"])[0].is_none(), "{other}");
        }
        assert!(members(None, ["a"])[0].is_none());
    }

    #[test]
    fn items_are_counted_across_arrays() {
        let mut room = 4;
        assert_eq!(items(raw("[1, [2] ,3]"), &mut room).unwrap()[1].get(), "[2]");
        for none in ["null", "[]"] {
            assert!(items(raw(none), &mut room).unwrap().is_empty(), "{none}");
        }
        assert_eq!(room, 1);
        assert_eq!(items(raw("{}"), &mut room).unwrap()[0].get(), "{}", "a single one");
        assert!(items(raw("{}"), &mut room).is_err());
        assert!(items(raw("[1,2]"), &mut room).is_err());
        assert_eq!(room, 0);
    }

    #[test]
    fn text_is_read_from_strings_and_numbers() {
        for (json, read) in [
            (r#""a\n\u00e9\ud83d\ude00""#, "a\né😀"),
            (r#""""#, ""),
            (r#""\u0000""#, "\0"),
            (r#""a\ud83dé\udc00""#, "a\u{fffd}é\u{fffd}"),
            ("-1", "-1"),
            ("1e999", "1e999"),
            ("true", ""),
            ("null", ""),
            ("[1]", ""),
            ("{}", ""),
        ] {
            assert_eq!(text(raw(json)), read, "{json}");
        }
        assert_eq!(text(None), "");
    }

    #[test]
    fn numbers_are_whole_however_they_are_written() {
        let most = i64::MAX.to_string();
        for (json, read) in
            [("7", 7), ("\"7\"", 7), ("7.0", 7), ("7e2", 700), ("-1", -1), (&most, i64::MAX)]
        {
            assert_eq!(number(raw(json)), Some(read), "{json}");
        }
        for none in [
            "1.5",
            "1e99",
            "9223372036854775808",
            "9007199254740993.0",
            "\"x\"",
            "null",
            "[]",
            "\"\"",
            "true",
        ] {
            assert_eq!(number(raw(none)), None, "{none}");
        }
        assert_eq!((count(raw("-1")), count(raw("0"))), (None, Some(0)));
        let flags = ["true", "\"false\"", "1", "null"].map(|json| flag(raw(json)));
        assert_eq!(flags, [Some(true), Some(false), None, None]);
    }

    #[test]
    fn each_member_is_given_in_its_order() {
        let pairs = |json| {
            let mut pairs = Vec::new();
            let json: &RawValue = serde_json::from_str(json).unwrap();
            each_member(json, |name, value| pairs.push((name.into_owned(), value.get())));
            pairs
        };
        let all = pairs(r#"{"a":1,"\u0062":[2],"\ud800":null,"a":{}}"#);
        let [a, b, half, again] = &all[..] else { panic!("{all:?}") };
        assert_eq!((a, b), (&("a".into(), "1"), &("b".into(), "[2]")));
        assert!(half.0.contains('\u{fffd}') && half.1 == "null");
        assert_eq!(again, &("a".into(), "{}"));
        assert!(pairs("[]").is_empty());
    }

    #[test]
    fn a_text_that_is_none_is_no_exact_one() {
        for (json, read) in [
            (r#""a\n\u00e9""#, Some("a\né")),
            (r#""""#, Some("")),
            ("-1e999", Some("-1e999")),
            (r#""\ud800""#, None),
            ("true", None),
            ("null", None),
            ("[\"a\"]", None),
        ] {
            assert_eq!(exact_text(raw(json).unwrap()).as_deref(), read, "{json}");
        }
    }
}
