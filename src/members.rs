//! Options that are JSON objects: one declaration gives the typed builder, what is written on the
//! wire, and the check of what a caller wrote.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::shorten;
use crate::error::Error;

/// Declares a JSON object whose members are all optional.
///
/// Each line is `rust_name: Type = "wireName",` under its documentation. Unknown members and values
/// of another type are refused when it is read from JSON.
macro_rules! members {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty = $wire:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, remote = "Self")]
        #[non_exhaustive]
        pub struct $name {
            $(
                #[serde(rename = $wire, default, skip_serializing_if = "Option::is_none")]
                pub(crate) $field: Option<$type>,
            )*
        }

        impl $name {
            /// No member set.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )*
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                // The derived one: `remote` keeps it out of the trait's way.
                $name::serialize(self, output)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        members: A,
                    ) -> Result<$name, A::Error> {
                        $name::deserialize(serde::de::value::MapAccessDeserializer::new(members))
                    }
                }
                // The derived one would take an array for an object, too.
                input.deserialize_map(Members)
            }
        }
    };
}
pub(crate) use members;

/// Declares a set of names that a member takes.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $wire:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $wire)] $variant,)*
        }
    };
}
pub(crate) use names;

/// Reads a JSON text into its type; the error names the member and what is allowed there.
///
/// `name` is the name of the argument that holds the text.
pub(crate) fn read<T: DeserializeOwned>(json: &str, name: &str) -> Result<T, Error> {
    let input = &mut serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut *input).map_err(|error| {
        let path = error.path().to_string();
        let member = if path == "." { String::new() } else { format!("{}: ", shorten(&path)) };
        Error::invalid(format!("{name}: {member}{}", plain_words(error.inner())))
    })?;
    input.end().map_err(|why| Error::invalid(format!("{name}: {why}")))?;
    Ok(value)
}

/// serde's message in words that are not those of Rust.
fn plain_words(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    for (rust, plain) in [("i64", "a whole number"), ("field", "member"), ("variant", "value")] {
        text = text.replace(&format!(" {rust}"), &format!(" {plain}"));
    }
    shorten_long(&text)
}

/// Room for the longest list of members, not for what a caller put in.
fn shorten_long(text: &str) -> String {
    const MOST: usize = 600;
    text.chars().take(MOST).flat_map(char::escape_debug).collect()
}

/// An id that the service writes as a string in some places and as a number in others.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct TextOrNumber(serde_json::Value);

impl<'de> Deserialize<'de> for TextOrNumber {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(input)?;
        if value.is_string() || value.is_number() {
            return Ok(TextOrNumber(value));
        }
        Err(serde::de::Error::custom("expected a string or a number"))
    }
}

impl From<&str> for TextOrNumber {
    fn from(text: &str) -> Self {
        TextOrNumber(text.into())
    }
}

impl From<String> for TextOrNumber {
    fn from(text: String) -> Self {
        TextOrNumber(text.into())
    }
}

impl From<i64> for TextOrNumber {
    fn from(number: i64) -> Self {
        TextOrNumber(number.into())
    }
}
