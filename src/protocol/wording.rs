//! What a refusal means, told from the words that the service uses. They are not documented, so they
//! are matched by what they must contain.

#[cfg(any(test, feature = "connector"))]
use crate::base::error::Error;
use crate::base::error::{ServiceSays, Status};

/// How much of a text is looked at for what it means.
const LONGEST_TEXT: usize = 1000;

impl ServiceSays {
    /// What the refusal means, where its text says more than its code.
    pub(crate) fn status(&self, otherwise: Status) -> Status {
        if matches!(otherwise, Status::Unauthorized | Status::RateLimited) {
            return otherwise;
        }
        let says = [&self.title, &self.details].map(|text| {
            let beginning: String = text.chars().take(LONGEST_TEXT).collect();
            without_quotes(&beginning.to_lowercase())
        });
        if says.iter().any(|text| is_already_open(text)) {
            Status::AlreadyOpen
        } else if says.iter().any(|text| is_closed(text)) {
            Status::Closed
        } else {
            otherwise
        }
    }

    /// What a caller can do about it, as the end of a message.
    pub(crate) fn hint(status: Status) -> &'static str {
        match status {
            Status::AlreadyOpen => {
                "; a consumer has one open conversation, a survey that still runs included: attach to it by its id, or end it"
            }
            _ => "",
        }
    }
}

/// Whether a refusal may mean that the service does not know the conversation: its text speaks of one. It
/// may mean something else, too.
#[cfg(any(test, feature = "connector"))]
pub(crate) fn is_about_conversation(refusal: &Error) -> bool {
    let is_gone = matches!(refusal.http_status(), 404 | 410);
    let speaks_of_it = || {
        [refusal.title(), refusal.details()].iter().any(|text| {
            let beginning: String = text.chars().take(LONGEST_TEXT).collect();
            let plain = without_quotes(&beginning.to_lowercase());
            plain.contains("conversation") || plain.contains("dialog")
        })
    };
    refusal.status() == Status::Rejected && (is_gone || speaks_of_it())
}

/// "User … already has open conversation", "an open conversation already exists".
fn is_already_open(says: &str) -> bool {
    clauses(says).iter().any(|words| {
        let place = |from: usize, wanted: &str| {
            let found = words[from..].iter().take(5).position(|word| word.starts_with(wanted));
            found.map(|at| from + at + 1)
        };
        let all = |wanted: [&str; 3]| {
            let first = words.iter().position(|word| *word == wanted[0]).map(|at| at + 1);
            first.and_then(|at| place(at, wanted[1])).and_then(|at| place(at, wanted[2])).is_some()
        };
        all(["already", "open", "conversation"]) || all(["open", "conversation", "exists"])
    })
}

/// "Conversation is close", "Dialog … has been closed", "closed conversation".
fn is_closed(says: &str) -> bool {
    clauses(says).iter().any(|words| {
        words.iter().enumerate().any(|(at, word)| match *word {
            "conversation_closed" | "dialog_closed" => true,
            "conversation" | "dialog" => {
                words[..at].last() == Some(&"closed") || is_followed_by_end(&words[at + 1..])
            }
            _ => false,
        })
    })
}

/// The words of each clause, and ids as they are written.
fn clauses(text: &str) -> Vec<Vec<&str>> {
    let is_part = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let mut clauses = vec![Vec::new()];
    for word in text.split_inclusive(|c: char| !is_part(c)) {
        let (word, end) = match word.char_indices().next_back() {
            Some((at, end)) if !is_part(end) => (&word[..at], Some(end)),
            _ => (word, None),
        };
        let plain = word.trim_end_matches('.');
        // "Conversation id: 7" is one clause, for all its colon.
        let names_id = plain == "id" && end == Some(':');
        if let Some(clause) = clauses.last_mut().filter(|_| !plain.is_empty()) {
            clause.push(plain);
        }
        let ends = end.is_some_and(|end| ";,:!()\n".contains(end)) || plain.len() < word.len();
        if ends && !names_id {
            clauses.push(Vec::new());
        }
    }
    clauses
}

/// Whether the words behind "conversation" say that it is over, and nothing else: its id and
/// auxiliary words may stand between, and what follows begins anew. "Conversation close failed",
/// "dialog type closed_survey", "must be closed", "close to its limit" say something else.
fn is_followed_by_end(words: &[&str]) -> bool {
    const AUXILIARY: [&str; 9] =
        ["is", "was", "has", "been", "already", "now", "currently", "in", "state"];
    const BEGINS_ANEW: [&str; 9] =
        ["and", "or", "but", "so", "for", "since", "because", "state", "stage"];
    const DOERS: [&str; 8] =
        ["the", "a", "an", "agent", "consumer", "manager", "system", "service"];

    let (mut said_is, mut said_not) = (false, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let is_over = match *word {
            "closed" | "resolved" | "ended" => !said_not,
            "close" => said_is && !said_not,
            "open" => said_not,
            _ => false,
        };
        if is_over {
            return match words.next() {
                None => true,
                // Who did it is said only in a whole sentence: "is closed by the agent".
                Some(&"by") => said_is && words.next().is_some_and(|who| DOERS.contains(who)),
                Some(next) => BEGINS_ANEW.contains(next),
            };
        }
        match *word {
            "not" | "longer" => said_not = true,
            "no" | "s" | "with" => {}
            // Whatever the id looks like.
            "id" => drop(words.next()),
            word if AUXILIARY.contains(&word) => said_is = true,
            word if word.contains(|c: char| c.is_ascii_digit() || "-_".contains(c)) => {}
            _ => return false,
        }
    }
    false
}

/// The text without what it quotes, which may be anybody's: a digit stands for it, as for an id.
fn without_quotes(text: &str) -> String {
    const QUOTES: [(char, char); 6] =
        [('"', '"'), ('“', '”'), ('‘', '’'), ('«', '»'), ('`', '`'), ('\'', '\'')];

    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let behind = &rest[character.len_utf8()..];
        // Inside a word it is an apostrophe.
        let in_word = character == '\'' && plain.ends_with(char::is_alphanumeric);
        let quote = QUOTES.iter().find(|(opens, _)| *opens == character && !in_word);
        match quote.and_then(|(_, closes)| behind.split_once(*closes)) {
            Some((_, after)) => {
                plain.push_str(" 0 ");
                rest = after;
            }
            None => {
                plain.push(character);
                rest = behind;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_about_the_conversation_is() {
        let says = |status, http_status, title: &str, details: &str| {
            let (title, details) = (title.to_owned(), details.to_owned());
            let says = ServiceSays { http_status, title, details, ..ServiceSays::default() };
            is_about_conversation(&Error::new(status, "").with_service(says))
        };
        for (http_status, title, details) in [
            (404, "", ""),
            (410, "Gone", ""),
            (400, "Unknown conversation", "There is no c-1"),
            (400, "", "CONVERSATION_NOT_FOUND"),
            (200, "", "invalid conversationId 'c-1'"),
            (403, "", "No such dialog: d-1"),
        ] {
            assert!(says(Status::Rejected, http_status, title, details), "{title}{details}");
        }
        assert!(!says(Status::Rejected, 400, "Too long", "'my conversation' has 2 words"));
        assert!(!says(Status::Rejected, 413, "", "The text is too long"));
        assert!(!says(Status::Server, 500, "", "no conversation"));
        assert!(!says(Status::Unauthorized, 401, "", "no conversation"));
    }

    #[test]
    fn what_a_text_means_is_told_from_its_words() {
        let status = |details: &str, otherwise| {
            let details = details.to_owned();
            ServiceSays { details, ..ServiceSays::default() }.status(otherwise)
        };
        for text in [
            "Cannot create: User 5f2a already has open conversation c-1, close it first",
            "user already has an open conversation",
            "The consumer already has one OPEN Conversation.",
            "User a already has 1 open conversations",
            "User a already has too many open conversations.",
            "An open conversation already exists",
        ] {
            assert_eq!(status(text, Status::Rejected), Status::AlreadyOpen, "{text}");
        }
        for text in [
            "Bad Request, Conversation is close",
            "Conversation 8602832d-dce1-446b-8445-0d51f5926a42 is closed",
            "Cannot publish into a closed conversation",
            "Dialog d-1 has been closed",
            "the conversation was already resolved",
            "Conversation closed: Conversation c-1 is closed",
            "Conversation 'PwT_YK91Sum3vu5H6T3YnA' is in state CLOSE",
            "Conversation \"c 1\" was closed by the agent",
            "Conversation with id 8602832d is closed",
            "Conversation id: abcdef is closed",
            "Conversation abcdef-abc is closed and takes no messages",
            "This conversation's state is CLOSE",
            "Conversation id abc is in CLOSE state",
            "State of conversation is not OPEN",
            "conversation not open",
            "The conversation is no longer open.",
            "Conversation is closed (id=1)",
            "Conversation c.1 is closed.",
            "CONVERSATION_CLOSED",
            "The dialog is already closed, open conversation first",
        ] {
            for otherwise in [Status::Rejected, Status::Server] {
                assert_eq!(status(text, otherwise), Status::Closed, "{text}");
            }
        }
        for text in [
            "",
            "Unknown conversation",
            "The conversation could not be closed",
            "A dialog must be closed by its owner",
            "Already done",
            "Failed to close conversation",
            "Conversation close failed",
            "Invalid conversationState CLOSE",
            "conversationField: CLOSE is unknown",
            "Unknown conversation; close reason is missing",
            "Dialog type CLOSED_SURVEY is unknown",
            "The conversation is not closed",
            "Conversation 7 already open",
            "Dialog closed cause is missing",
            "Dialog closed by upstream, retry",
            "Dialog closed by field is mandatory",
            "Conversation is close to its limit of messages",
            "The conversation is now close to the limit",
            "Conversation closed reason is invalid",
            "Conversation ended event is unknown",
            "Dialog state closed is not a valid value",
            "Message exceeds limit: 'my conversation was closed'",
            "Message exceeds limit: \"my conversation was closed\"",
            "The conversation could not be opened",
            "‘my conversation is closed’",
            "`my conversation is closed`",
            "«conversation is closed»",
            "Bad text:'my conversation is closed'",
            "Bad text ('my conversation is closed')",
            "'my conversation is closed', says the text",
            "Unknown attribute: dialog is closed by default",
            "User's token already expired; open conversation refused",
            "Field already set. Open conversations only",
        ] {
            assert_eq!(status(text, Status::Rejected), Status::Rejected, "{text}");
        }
        let apart = ServiceSays {
            title: "Unknown conversation".to_owned(),
            details: "Closed connections are not reused".to_owned(),
            ..ServiceSays::default()
        };
        assert_eq!(apart.status(Status::Rejected), Status::Rejected);
        assert_eq!(status("Conversation is close", Status::Unauthorized), Status::Unauthorized);
    }
}
