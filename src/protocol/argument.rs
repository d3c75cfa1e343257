//! Options of ours that a caller gives as one JSON object: their names are checked, with the nearest
//! one in the error; what belongs to the service inside them is not.

use serde_json::value::RawValue;

use crate::base::error::Error;
use crate::base::text::shorten;
use crate::protocol::json::{is_array, is_object, is_string};
use crate::protocol::members::{Json, Members, TextOrNumber};

/// The members of such an argument, all of which are known.
pub(crate) struct Argument<'a> {
    /// What the caller knows it by.
    name: &'a str,
    members: Members,
}

impl<'a> Argument<'a> {
    /// Reads a JSON object whose members may have these names, each once.
    pub(crate) fn read(json: &str, name: &'a str, known: &[&str]) -> Result<Argument<'a>, Error> {
        let members = Members::read(json, name)?;
        for (place, (member, _)) in members.iter().enumerate() {
            if !known.contains(&member) {
                return Err(Error::invalid(format!(
                    "{name}: unknown member '{}'; {}",
                    shorten(member),
                    nearest(member, known)
                )));
            }
            if members.iter().skip(place + 1).any(|(other, _)| other == member) {
                return Err(Error::invalid(format!("{name}: the member '{member}' comes twice")));
            }
        }
        Ok(Argument { name, members })
    }

    /// A text; null is as good as absent, here and below.
    pub(crate) fn text(&self, member: &str) -> Result<Option<String>, Error> {
        let Some(json) = self.members.get(member) else { return Ok(None) };
        if !is_string(json) {
            return Err(self.takes(member, "a string"));
        }
        // What is no text, such as half of a surrogate pair, must not be replaced on its way out.
        serde_json::from_str(json.get())
            .map(Some)
            .map_err(|why| Error::invalid(format!("{}: {member}: {why}", self.name)))
    }

    /// A text or a number, as it was written.
    pub(crate) fn text_or_number(&self, member: &str) -> Result<Option<TextOrNumber>, Error> {
        let Some(json) = self.members.get(member) else { return Ok(None) };
        let value = TextOrNumber::of(json);
        value.map(Some).ok_or_else(|| self.takes(member, "a string or a number"))
    }

    /// An object of the service's.
    pub(crate) fn object(&self, member: &str) -> Result<Option<Members>, Error> {
        let Some(json) = self.members.get(member) else { return Ok(None) };
        if !is_object(json) {
            return Err(self.takes(member, "an object"));
        }
        Members::read(json.get(), &format!("{}: {member}", self.name)).map(Some)
    }

    /// An array of the service's.
    pub(crate) fn array(&self, member: &str) -> Result<Option<Json>, Error> {
        let Some(json) = self.members.get(member) else { return Ok(None) };
        if !is_array(json) {
            return Err(self.takes(member, "an array"));
        }
        Ok(Some(Json(json.to_owned())))
    }

    /// JSON of any kind.
    pub(crate) fn json(&self, member: &str) -> Option<&RawValue> {
        self.members.get(member)
    }

    fn takes(&self, member: &str, what: &str) -> Error {
        Error::invalid(format!("{}: {member}: it takes {what}", self.name))
    }
}

/// What may have been meant, or all that there is.
fn nearest(member: &str, known: &[&str]) -> String {
    // What is much longer than any name was not meant as one, and would take long to compare.
    let closest = known
        .iter()
        .filter(|_| member.len() <= 64)
        .map(|name| (strsim::damerau_levenshtein(member, name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3));
    match closest {
        Some((_, name)) => format!("did you mean '{name}'?"),
        None => format!("allowed: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_refused_with_the_nearest() {
        let known = ["firstMessage", "skillId"];
        for (json, says) in [
            (
                r#"{"first_message":1}"#,
                "x: unknown member 'first_message'; did you mean 'firstMessage'?",
            ),
            (r#"{"skilId":1}"#, "x: unknown member 'skilId'; did you mean 'skillId'?"),
            (r#"{"foo":1}"#, "x: unknown member 'foo'; allowed: firstMessage, skillId"),
            (r#"{"skillId":1,"skillId":2}"#, "x: the member 'skillId' comes twice"),
        ] {
            let error = Argument::read(json, "x", &known).err().expect(json);
            assert_eq!(error.message(), says);
        }
    }

    #[test]
    fn the_type_of_a_member_of_ours_is_checked() {
        let read = |json: &str| Argument::read(json, "x", &["a"]).unwrap();
        assert_eq!(read(r#"{"a":"é\n"}"#).text("a").unwrap().as_deref(), Some("é\n"));
        assert_eq!(read(r#"{"a":null}"#).text("a").unwrap(), None);
        assert_eq!(read("{}").array("a").unwrap(), None);
        let array = read(r#"{"a":["X", 7]}"#).array("a").unwrap().unwrap();
        assert_eq!(array.0.get(), r#"["X", 7]"#);
        assert!(read(r#"{"a":1e400}"#).text_or_number("a").unwrap().is_some());
        for (json, says) in [
            (read(r#"{"a":1}"#).text("a").err(), "x: a: it takes a string"),
            (read(r#"{"a":[]}"#).text_or_number("a").err(), "x: a: it takes a string or a number"),
            (read(r#"{"a":[]}"#).object("a").err(), "x: a: it takes an object"),
            (read(r#"{"a":"X"}"#).array("a").err(), "x: a: it takes an array"),
        ] {
            assert_eq!(json.expect(says).message(), says);
        }
        assert!(read(r#"{"a":"\ud800"}"#).text("a").is_err());
    }
}
