//! A 2xx answer as it came, before anybody knows whether it accepts or refuses.

use crate::base::delivery::Delivery;
use crate::base::error::{Error, ServiceSays, Status};
use crate::protocol::json::nesting;

/// A 2xx answer, not yet read.
pub(crate) struct Answer {
    pub http_status: u16,
    pub body: Vec<u8>,
    /// That of the request; of a batch, its first one.
    pub delivery: Delivery,
}

impl Answer {
    /// Its text. Parts of it are handed on as they are, and whoever reads those need not fear for its
    /// stack.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        const MOST_LEVELS: usize = 100;

        let text = std::str::from_utf8(&self.body).map_err(|_| self.unreadable("is not UTF-8"))?;
        // Where there are no more brackets than levels, nobody needs to look closer.
        let brackets = memchr::memchr2_iter(b'[', b'{', text.as_bytes()).count();
        if brackets > MOST_LEVELS && nesting(text) > MOST_LEVELS {
            return Err(self.unreadable("is nested more than 100 levels deep"));
        }
        Ok(text)
    }

    /// The error where it is none that the protocol allows: the request may well have taken effect.
    pub(crate) fn unreadable(&self, what: &str) -> Error {
        let says = ServiceSays {
            http_status: self.http_status,
            body: self.body.clone(),
            ..ServiceSays::default()
        };
        Error::new(Status::Protocol, format!("the service's answer {what}"))
            .with_service(says)
            .with_delivery(&self.delivery)
            .and_maybe_delivered()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_nested_100_levels_deep_at_most() {
        let read = |body: String| {
            let delivery = Delivery { attempts: 1, ..Delivery::of("7") };
            let answer = Answer { http_status: 200, body: body.into_bytes(), delivery };
            answer.text().map(|_| ())
        };
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(100)).is_ok());
        let error = read(nested(101)).unwrap_err();
        assert_eq!(error.message(), "the service's answer is nested more than 100 levels deep");
        assert!(error.maybe_delivered() && error.request_id() == "7");
        assert!(read(format!("[{}[]]", "[],".repeat(200))).is_ok(), "many, beside each other");
    }
}
