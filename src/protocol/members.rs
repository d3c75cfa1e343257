//! JSON objects that belong to the service: typed setters for the members that are known, and every
//! member as it was written, known or not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::base::error::Error;
use crate::base::text::shorten;
use crate::protocol::json::is_object;

/// Members in their order, each as it was written.
#[derive(Clone, Default)]
pub(crate) struct Members(Vec<(Box<str>, Box<RawValue>)>);

impl Members {
    /// Reads a JSON object; `name` is what the error calls it.
    pub(crate) fn read(json: &str, name: &str) -> Result<Members, Error> {
        let any: &RawValue = serde_json::from_str(json).map_err(|why| {
            Error::invalid(format!("{name} is not JSON: {}", shorten(&why.to_string())))
        })?;
        if !is_object(any) {
            return Err(Error::invalid(format!("{name} is not a JSON object")));
        }
        serde_json::from_str(json)
            .map_err(|why| Error::invalid(format!("{name}: {}", shorten(&why.to_string()))))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The member of this name; none where it is null. Of one that comes twice the last counts.
    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        let found = self.iter().filter(|(known, _)| *known == name).last();
        found.map(|(_, value)| value).filter(|value| value.get() != "null")
    }

    /// Takes the member of this name out; none where it is null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let found = self.get(name).map(ToOwned::to_owned);
        self.0.retain(|(known, _)| **known != *name);
        found
    }

    /// Sets a member, in its place where it is there.
    pub(crate) fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        // What our setters take are texts, numbers and such objects, which always serialise.
        let value = to_raw_value(value).unwrap_or_default();
        let Some(place) = self.0.iter().position(|(known, _)| **known == *name) else {
            return self.0.push((name.into(), value));
        };
        // Where it came twice, the other one would win.
        self.0.retain(|(known, _)| **known != *name);
        self.0.insert(place, (name.into(), value));
    }

    /// As [`set`](Members::set), but in front of the others.
    pub(crate) fn set_first(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.0.retain(|(known, _)| **known != *name);
        self.0.insert(0, (name.into(), to_raw_value(value).unwrap_or_default()));
    }

    /// These, with those of `over` in place where it has any.
    pub(crate) fn overlaid(&self, over: &Members) -> Members {
        let mut both = self.clone();
        for (name, value) in over.iter() {
            both.set(name, value);
        }
        both
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Members) -> bool {
        let text = |members: &Members| -> Vec<(Box<str>, Box<str>)> {
            members.iter().map(|(name, value)| (name.into(), value.get().into())).collect()
        };
        text(self) == text(other)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, value.get()))).finish()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let mut map = output.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Members, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = object.next_entry::<String, Box<RawValue>>()? {
                    members.push((name.into(), value));
                }
                Ok(Members(members))
            }
        }
        input.deserialize_map(Object)
    }
}

/// Declares an object of the service's: setters for the members that are known. Each line is
/// `rust_name: Type = "wireName",` under its documentation.
macro_rules! members {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty = $wire:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub(crate) $crate::protocol::members::Members);

        impl $name {
            /// No member set.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    let value: $type = $field.into();
                    self.0.set($wire, &value);
                    self
                }
            )*

            /// Any other member, by its name on the wire: it goes out as it is written here.
            ///
            /// # Errors
            /// [`Status::InvalidArgument`](crate::Status::InvalidArgument) if `json` is not JSON.
            pub fn member(mut self, name: &str, json: &str) -> Result<Self, $crate::base::error::Error> {
                self.0.set(name, &*$crate::protocol::members::any_json(json, name)?);
                Ok(self)
            }
        }
    };
}
pub(crate) use members;

/// JSON of any kind, kept as it was written.
pub(crate) fn any_json(json: &str, name: &str) -> Result<Box<RawValue>, Error> {
    serde_json::from_str(json).map_err(|why| Error::invalid(format!("{name} is not JSON: {why}")))
}

/// Declares names of the service's. The list is open: any other name is one, too.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $wire:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// Another one, by its name on the wire.
            Named(Box<str>),
        }

        impl $name {
            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $wire,)*
                    $name::Named(name) => name,
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                match name {
                    $($wire => $name::$variant,)*
                    other => $name::Named(other.into()),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                output.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use names;

/// Any JSON, as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Json(pub Box<RawValue>);

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.0.get() == other.0.get()
    }
}

/// An id that the service writes as a string in some places and as a number in others.
#[derive(Clone, Debug, PartialEq)]
pub struct TextOrNumber(Json);

impl TextOrNumber {
    /// Takes JSON that is a string or a number.
    pub(crate) fn of(json: &RawValue) -> Option<TextOrNumber> {
        let first = json.get().as_bytes().first();
        let fits = first.is_some_and(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'));
        fits.then(|| TextOrNumber(Json(json.to_owned())))
    }
}

impl Serialize for TextOrNumber {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.0.serialize(output)
    }
}

impl From<&str> for TextOrNumber {
    fn from(text: &str) -> Self {
        // A text always serialises.
        TextOrNumber(Json(to_raw_value(text).unwrap_or_default()))
    }
}

impl From<String> for TextOrNumber {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<i64> for TextOrNumber {
    fn from(number: i64) -> Self {
        // A number always serialises.
        TextOrNumber(Json(to_raw_value(&number).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_as_they_were_written() {
        let json = r#"{"b":12345678901234567890123,"a":{ "x" : 1e400 },"n":null,"":[]}"#;
        let members = Members::read(json, "x").unwrap();
        assert_eq!(serde_json::to_string(&members).unwrap(), json);
        assert_eq!(members.get("b").unwrap().get(), "12345678901234567890123");
        assert!(members.get("n").is_none() && members.get("c").is_none());
        let over = Members::read(r#"{"a":2,"c":3}"#, "x").unwrap();
        assert_eq!(
            serde_json::to_string(&members.overlaid(&over)).unwrap(),
            r#"{"b":12345678901234567890123,"a":2,"n":null,"":[],"c":3}"#
        );
        let twice = Members::read(r#"{"a":1,"b":2,"a":3}"#, "x").unwrap();
        let both = serde_json::to_string(&twice.overlaid(&over)).unwrap();
        assert_eq!(both, r#"{"a":2,"b":2,"c":3}"#);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for (json, says) in [
            ("", "x is not JSON: EOF"),
            ("A photo", "x is not JSON: expected value"),
            ("[]", "x is not a JSON object"),
            ("\"a\"", "x is not a JSON object"),
            ("{} {}", "x is not JSON: trailing"),
            ("{\"a\":}", "x is not JSON: expected value"),
            (r#"{"\ud800":1}"#, "x: "),
        ] {
            let error = Members::read(json, "x").unwrap_err();
            assert!(error.message().starts_with(says), "{error}");
        }
    }
}
