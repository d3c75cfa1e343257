//! What the exit codes mean.

use lpconnector::{Error, Status};

/// The codes; docs/lpc.md has the same table.
pub(crate) const TABLE: &str = "\
Exit codes:
  0  done
  1  it failed, and the same may work later: no connection, a timeout, 429, 5xx
  2  wrong arguments or settings, or a file that cannot be read
  3  refused, by the service or a webhook, or impossible here: the same again brings the same
  4  a message may have arrived although no answer came: look before you send it again";

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    TryAgain = 1,
    Usage = 2,
    Refused = 3,
    Unknown = 4,
}

impl Exit {
    pub(crate) fn of(error: &Error) -> Exit {
        match error.status() {
            Status::InvalidArgument | Status::Config | Status::Io => Exit::Usage,
            _ if error.maybe_delivered() => Exit::Unknown,
            _ if error.is_retryable() => Exit::TryAgain,
            _ => Exit::Refused,
        }
    }

    /// What a webhook's answer means.
    pub(crate) fn of_http(status: u16) -> Exit {
        match status {
            200..=299 => Exit::Done,
            429 | 500..=599 => Exit::TryAgain,
            _ => Exit::Refused,
        }
    }

    /// The same where 200 and 201 alone would do.
    pub(crate) fn refusing(status: u16) -> Exit {
        match Exit::of_http(status) {
            Exit::Done => Exit::Refused,
            exit => exit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_same_table() {
        let page = include_str!("../../docs/lpc.md");
        let rows: Vec<_> = TABLE.lines().filter_map(|line| line.trim().split_once("  ")).collect();
        assert_eq!(rows.len(), 5);
        for (code, means) in rows {
            assert!(page.contains(&format!("| {code} | {means} |")), "{code}");
        }
    }
}
