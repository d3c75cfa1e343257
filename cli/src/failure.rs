//! Why a command ends before it is done.

use std::io;

use lpconnector::Error;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::{Output, say};

/// Why a command ends before it is done.
pub(crate) enum Failure {
    /// The library says why.
    Of(Box<Error>),
    /// The library says why, and we say more.
    Refused(Box<Error>, String),
    /// What was asked for makes no sense.
    Usage(String),
    /// Something of this machine cannot be read or written.
    Here(String),
    /// Who read the standard output has gone: nobody wants more.
    NobodyReads,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Of(Box::new(error))
    }
}

impl Failure {
    /// What was not written.
    pub(crate) fn of_output(why: &io::Error) -> Failure {
        match why.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::Here(format!("cannot write to the standard output: {why}")),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Of(error) | Failure::Refused(error, _) => Exit::of(error),
            Failure::Usage(_) => Exit::Usage,
            Failure::Here(_) => Exit::Refused,
            Failure::NobodyReads => Exit::Done,
        }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Failure::Of(error) => error.message(),
            Failure::Refused(_, message) | Failure::Usage(message) | Failure::Here(message) => {
                message
            }
            Failure::NobodyReads => "",
        }
    }

    fn json(&self) -> Value {
        match self {
            Failure::Of(error) | Failure::Refused(error, _) => {
                let mut json = of_error(error);
                json["message"] = self.message().into();
                json
            }
            _ => json!({ "message": self.message() }),
        }
    }

    /// Says it, and how the program ends.
    pub(crate) fn tell(&self, output: &Output) -> Exit {
        let exit = self.exit();
        match self {
            Failure::NobodyReads => {}
            // Nothing is left to say it with but the code, where this fails, too.
            _ if output.json => drop(output.line("", &json!({ "error": self.json() }))),
            _ => {
                let may_be_there = if exit == Exit::Unknown {
                    ". It may have arrived: look before you send it again"
                } else {
                    ""
                };
                say(&format!("{}{may_be_there}", self.message()));
            }
        }
        exit
    }
}

/// An error, for programs. Its raw body stays out: that may hold what consumers wrote.
pub(crate) fn of_error(error: &Error) -> Value {
    json!({
        "status": error.status().name(),
        "message": error.message(),
        "http_status": error.http_status(),
        "service_code": error.service_code(),
        "request_id": error.request_id(),
        "attempts": error.attempts(),
        "is_retryable": error.is_retryable(),
        "maybe_delivered": error.maybe_delivered(),
        "retry_after_ms": error.retry_after_ms(),
    })
}
