//! An error as JSON, for who keeps it beyond the process: read again, it is equal.
//!
//! It holds what the error does, and so no secret.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::base::delivery::Delivery;
use crate::base::error::{Error, ServiceSays, Status};

/// What is written. Members may be added and stay away; their names and meanings stay.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// Its number, which never changes.
    status: i32,
    message: String,
    http_status: u16,
    service_code: i32,
    title: String,
    details: String,
    request_id: String,
    attempts: u32,
    maybe_delivered: bool,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// In base64: it may be no text.
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<KeptFile>,
}

#[derive(Serialize, Deserialize)]
struct KeptFile {
    /// Its name may be no text, either.
    path: OsString,
    os_error: Option<i32>,
}

impl Error {
    /// The error as a JSON object.
    pub(crate) fn to_json(&self) -> String {
        let file = |path: &Path| KeptFile { path: path.into(), os_error: self.os_error() };
        let kept = Kept {
            status: self.status() as i32,
            message: self.message().to_owned(),
            http_status: self.http_status(),
            service_code: self.service_code(),
            title: self.title().to_owned(),
            details: self.details().to_owned(),
            request_id: self.request_id().to_owned(),
            attempts: self.attempts(),
            maybe_delivered: self.maybe_delivered(),
            retryable: self.is_retryable(),
            retry_after_ms: self.retry_after_ms(),
            body: STANDARD.encode(self.body()),
            file: self.path().map(file),
        };
        // Texts, numbers and flags always serialise.
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// The error that was kept as this JSON.
    ///
    /// # Errors
    /// [`Status::Io`] for anything else.
    pub(crate) fn from_json(json: &str) -> Result<Error, Error> {
        let unreadable = |why: &str| Error::new(Status::Io, format!("no error was kept: {why}"));
        let kept: Kept = serde_json::from_str(json).map_err(|why| unreadable(&why.to_string()))?;
        let mut statuses = Status::ALL.into_iter();
        let status = statuses
            .find(|status| *status as i32 == kept.status)
            .ok_or_else(|| unreadable(&format!("there is no status {}", kept.status)))?;
        let body = STANDARD.decode(&kept.body);
        let body = body.map_err(|why| unreadable(&format!("body: {why}")))?;

        let error = match kept.file {
            Some(file) => {
                let why = file.os_error.map(io::Error::from_raw_os_error);
                let why = why.unwrap_or_else(|| io::Error::other(""));
                Error::of_file(Path::new(&file.path), &why, kept.message)
            }
            None => Error::new(status, kept.message),
        };
        let says = ServiceSays {
            http_status: kept.http_status,
            service_code: kept.service_code,
            title: kept.title,
            details: kept.details,
            retry_after_ms: kept.retry_after_ms,
            body,
        };
        let delivery = Delivery {
            attempts: kept.attempts,
            maybe_delivered: kept.maybe_delivered,
            ..Delivery::default()
        };
        let error = error.with_service(says).with_delivery(&delivery);
        let error = error.with_request_id(&kept.request_id);
        Ok(match (error.is_retryable(), kept.retryable) {
            (true, false) => error.and_lasting(),
            (false, true) => error.and_passing(),
            _ => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Error {
        let says = ServiceSays {
            http_status: 400,
            service_code: -40102,
            title: "Bad \"request\"".into(),
            details: "ü\n\u{0}".into(),
            retry_after_ms: Some(0),
            body: vec![0, 0xff, b'{'],
        };
        let delivery = Delivery { attempts: 3, maybe_delivered: true, ..Delivery::of("r-1") };
        Error::new(Status::Rejected, "no").with_service(says).with_delivery(&delivery)
    }

    #[test]
    fn an_error_comes_back_equal() {
        let missing = io::Error::from_raw_os_error(2);
        #[cfg(unix)]
        let odd: OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![b'/', 0xff]);
        #[cfg(not(unix))]
        let odd = OsString::from("/odd");
        let mut errors = vec![
            full(),
            Error::new(Status::Connect, "the proxy refused").and_lasting(),
            Error::new(Status::Io, "the disk is full").and_passing(),
            Error::new(Status::Timeout, "").with_request_id("r-2").and_maybe_delivered(),
            Error::of_file(Path::new(&odd), &missing, "gone"),
            Error::of_file(Path::new("a"), &io::Error::other("no"), "gone"),
        ];
        errors.extend(Status::ALL.map(|status| Error::new(status, status.name())));
        for error in errors {
            let read = Error::from_json(&error.to_json()).unwrap();
            assert!(read == error, "{error:?}\n{read:?}");
            assert_eq!(read.is_retryable(), error.is_retryable());
        }
    }

    #[test]
    fn what_lies_on_a_disk_keeps_its_names() {
        let json = concat!(
            r#"{"status":7,"message":"no","http_status":400,"service_code":-40102,"#,
            r#""title":"Bad \"request\"","details":"ü\n\u0000","request_id":"r-1","attempts":3,"#,
            r#""maybe_delivered":true,"retryable":false,"retry_after_ms":0,"body":"AP97"}"#
        );
        assert_eq!(full().to_json(), json);
        let newer = json.replacen('{', r#"{"new":[1],"#, 1);
        assert!(Error::from_json(&newer).unwrap() == full());
    }

    #[test]
    fn what_is_no_error_is_refused() {
        for (bad, says) in [
            ("", "EOF"),
            ("[]", "there is no status 0"),
            ("7", "invalid type"),
            ("{}", "there is no status 0"),
            (r#"{"status":98}"#, "there is no status 98"),
            (r#"{"status":7,"body":"?"}"#, "body: "),
            (r#"{"status":7,"http_status":70000}"#, "70000"),
        ] {
            let refused = Error::from_json(bad).unwrap_err();
            assert_eq!(refused.status(), Status::Io);
            assert!(refused.message().contains(says), "{refused}");
        }
    }
}
