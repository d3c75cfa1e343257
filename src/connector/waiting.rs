//! An action that waits to be sent. There may be a million of them, so it is small.

use crate::base::error::Error;
use crate::connector::action::Action;
use crate::connector::lines::Waits;

/// An action in the line of its consumer.
pub(crate) struct Waiting {
    pub id: u64,
    pub submitted_ms: i64,
    /// The key and the JSON, one after the other.
    text: Box<str>,
    /// How long the key is; NONE where there is none.
    key_len: u16,
    /// How many requests were made for it.
    pub attempts: u16,
    /// How often it was put off in a row.
    pub pauses: u8,
    /// The store says that it may have gone out.
    pub is_begun: bool,
    /// It may have gone out, and nobody knows.
    pub is_unsure: bool,
    /// Nothing of it is in the store.
    pub is_fleeting: bool,
    /// It was refused with a token of the consumer, and another one was obtained.
    pub has_new_token: bool,
    /// The service did not know the consumer's conversation, and another one was opened for it.
    pub has_new_conversation: bool,
    /// Why the last attempt failed.
    pub last: Option<Error>,
}

/// The longest key.
pub(crate) const LONGEST_KEY: usize = 512;

const NONE: u16 = u16::MAX;

impl Waiting {
    pub(crate) fn new(id: u64, key: Option<&str>, json: &str, submitted_ms: i64) -> Waiting {
        // A longer one was never submitted.
        let key = key.filter(|key| key.len() <= LONGEST_KEY);
        let text = [key.unwrap_or_default(), json].concat().into_boxed_str();
        let key_len = key.map_or(NONE, |key| key.len() as u16);
        Waiting {
            id,
            submitted_ms,
            text,
            key_len,
            attempts: 0,
            pauses: 0,
            is_begun: false,
            is_unsure: false,
            is_fleeting: false,
            has_new_token: false,
            has_new_conversation: false,
            last: None,
        }
    }

    /// An earlier process, or another one, began it: of a message nobody knows whether it went out, and all else
    /// may go out twice. Gives whether somebody may still tell.
    pub(crate) fn was_begun(&mut self) -> bool {
        self.is_begun = true;
        self.is_unsure = Action::read(self.json()).is_ok_and(|action| action.deed.is_message());
        self.is_unsure
    }

    /// The program's own id of it.
    pub(crate) fn key(&self) -> Option<&str> {
        (self.key_len != NONE).then(|| self.text.split_at(self.key_len.into()).0)
    }

    pub(crate) fn json(&self) -> &str {
        match self.key_len {
            NONE => &self.text,
            len => self.text.split_at(len.into()).1,
        }
    }

    /// Whether the program may have given it an id of its own.
    pub(crate) fn may_have_own_id(&self) -> bool {
        self.json().contains("ExternalId")
    }

    /// By which the service's own word about it is known: the program's, or one of ours.
    pub(crate) fn external_id(&self, connector: &str) -> String {
        let own = Action::read(self.json()).ok().and_then(|action| action.metadata);
        own.and_then(|it| it.first_external_id()).unwrap_or_else(|| external_id(connector, self.id))
    }
}

/// One of ours.
pub(crate) fn external_id(connector: &str, id: u64) -> String {
    format!("lpc-{connector}-{id}")
}

impl Waits for Waiting {
    fn id(&self) -> u64 {
        self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_action_are_apart() {
        for (key, json) in [(Some("k"), "{}"), (Some(""), "{}"), (None, r#"{"text":"a"}"#)] {
            let waiting = Waiting::new(7, key, json, 0);
            assert_eq!((waiting.key(), waiting.json()), (key, json));
        }
        let strange = ["a", &"é".repeat(LONGEST_KEY)].concat();
        let waiting = Waiting::new(7, Some(&strange), "{}", 0);
        assert_eq!((waiting.key(), waiting.json()), (None, "{}"));
        assert!(size_of::<Waiting>() <= 56, "{}", size_of::<Waiting>());
    }

    #[test]
    fn the_programs_own_external_id_comes_first() {
        let own = r#"{"text":"a","metadata":[{"type":"x"},{"type":"ExternalId","id":"mine"}]}"#;
        assert_eq!(Waiting::new(7, None, own, 0).external_id("c"), "mine");
        assert_eq!(Waiting::new(7, None, r#"{"text":"a"}"#, 0).external_id("c"), "lpc-c-7");
    }
}
