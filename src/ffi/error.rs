//! Status codes and the error handle.

use std::ffi::{CString, c_char};

use crate::base::error::{Error, Status};
use crate::ffi::pointer::{c_string, free, give_bytes, put_length, read};

/// The outcome of a call: LPC_OK or one of the codes below. The numbers never change.
pub type lpc_status = i32;

/// The call did what it says.
pub const LPC_OK: lpc_status = 0;
/// An argument is not what the call takes: NULL where none is allowed, text that is not UTF-8,
/// an unknown member of a JSON text. Nothing was sent.
pub const LPC_INVALID_ARGUMENT: lpc_status = 1;
/// A configuration option is unknown, malformed or missing. Nothing was sent.
pub const LPC_CONFIG: lpc_status = 2;
/// No connection: the name did not resolve, or the host refused, is unreachable, or reset.
pub const LPC_CONNECT: lpc_status = 3;
/// The TLS handshake or a certificate check failed.
pub const LPC_TLS: lpc_status = 4;
/// A deadline passed.
pub const LPC_TIMEOUT: lpc_status = 5;
/// The service answered 401; see lpc_error_service_code().
pub const LPC_UNAUTHORIZED: lpc_status = 6;
/// The service answered with another 4xx, or refused a request inside an answer.
pub const LPC_REJECTED: lpc_status = 7;
/// The service answered 429; see lpc_error_retry_after_ms().
pub const LPC_RATE_LIMITED: lpc_status = 8;
/// The service answered with a 5xx.
pub const LPC_SERVER: lpc_status = 9;
/// An answer is not what the protocol allows.
pub const LPC_PROTOCOL: lpc_status = 10;
/// The client, receiver or connector was shut down, or the conversation was closed: by this handle, or the service
/// says so, whatever the HTTP status it says it with.
pub const LPC_CLOSED: lpc_status = 11;
/// A local file could not be read or written.
pub const LPC_IO: lpc_status = 12;
/// A webhook's signature does not match.
pub const LPC_SIGNATURE: lpc_status = 13;
/// Nothing arrived in time.
pub const LPC_EMPTY: lpc_status = 14;
/// The consumer has an open conversation; the service refuses a second one. Its id comes with the
/// consumer's next notification.
pub const LPC_ALREADY_OPEN: lpc_status = 15;
/// A queue of the library's has no room.
pub const LPC_FULL: lpc_status = 16;
/// A defect of this library; the error says where.
pub const LPC_INTERNAL: lpc_status = 99;

/// Why a call failed. Made by the call that failed, freed by the caller with lpc_error_free().
/// Belongs to one thread at a time. It outlives the handles of the call that made it.
pub struct lpc_error {
    error: Error,
    message: CString,
    title: CString,
    details: CString,
    request_id: CString,
}

impl lpc_error {
    pub(super) fn new(error: Error) -> lpc_error {
        lpc_error {
            message: c_string(error.message()),
            title: c_string(error.title()),
            details: c_string(error.details()),
            request_id: c_string(error.request_id()),
            error,
        }
    }
}

/// The name of a status, for example "LPC_TIMEOUT"; "LPC_UNKNOWN" for a number that is none.
///
/// The string is static: it is valid for ever and never freed. Any thread may call this.
#[unsafe(no_mangle)]
pub extern "C" fn lpc_status_name(status: lpc_status) -> *const c_char {
    let name = match status {
        LPC_OK => c"LPC_OK",
        LPC_INVALID_ARGUMENT => c"LPC_INVALID_ARGUMENT",
        LPC_CONFIG => c"LPC_CONFIG",
        LPC_CONNECT => c"LPC_CONNECT",
        LPC_TLS => c"LPC_TLS",
        LPC_TIMEOUT => c"LPC_TIMEOUT",
        LPC_UNAUTHORIZED => c"LPC_UNAUTHORIZED",
        LPC_REJECTED => c"LPC_REJECTED",
        LPC_RATE_LIMITED => c"LPC_RATE_LIMITED",
        LPC_SERVER => c"LPC_SERVER",
        LPC_PROTOCOL => c"LPC_PROTOCOL",
        LPC_CLOSED => c"LPC_CLOSED",
        LPC_IO => c"LPC_IO",
        LPC_SIGNATURE => c"LPC_SIGNATURE",
        LPC_EMPTY => c"LPC_EMPTY",
        LPC_ALREADY_OPEN => c"LPC_ALREADY_OPEN",
        LPC_FULL => c"LPC_FULL",
        LPC_INTERNAL => c"LPC_INTERNAL",
        _ => c"LPC_UNKNOWN",
    };
    name.as_ptr()
}

/// The status that the failed call returned; LPC_OK for NULL, which is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_status(error: *const lpc_error) -> lpc_status {
    read(error, LPC_OK, |e| e.error.status() as lpc_status)
}

/// One sentence that a person can act on, with no secret in it. Borrowed: valid until the error
/// is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_message(error: *const lpc_error) -> *const c_char {
    read(error, std::ptr::null(), |e| e.message.as_ptr())
}

/// The HTTP status of the answer; 0 if none came, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_http_status(error: *const lpc_error) -> i32 {
    read(error, 0, |e| i32::from(e.error.http_status()))
}

/// The service's own error code, for example 40102 (invalid AppJWT); 0 if it gave none, and for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_service_code(error: *const lpc_error) -> i32 {
    read(error, 0, |e| e.error.service_code())
}

/// The service's title of the error; empty if it gave none. Borrowed: valid until the error is
/// freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_title(error: *const lpc_error) -> *const c_char {
    read(error, std::ptr::null(), |e| e.title.as_ptr())
}

/// The service's details of the error; empty if it gave none. Borrowed: valid until the error is
/// freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_details(error: *const lpc_error) -> *const c_char {
    read(error, std::ptr::null(), |e| e.details.as_ptr())
}

/// The id of the request that failed; empty where it was never tried or the failing request has no
/// id (tokens, discovery). Borrowed: valid until the error is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_request_id(error: *const lpc_error) -> *const c_char {
    read(error, std::ptr::null(), |e| e.request_id.as_ptr())
}

/// How often the failing request was tried, connection failures included; 0 if it never was, and
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_attempts(error: *const lpc_error) -> u32 {
    read(error, 0, |e| e.error.attempts())
}

/// Whether the same call may succeed later: connection failures, but for a proxy that refuses,
/// timeouts, 429 and 5xx; a refusal that broke off before it said why; a queue of the library's that
/// is full, and a store that could not write. Where lpc_error_maybe_delivered() is true too, repeating
/// a message may deliver it twice. false for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_is_retryable(error: *const lpc_error) -> bool {
    read(error, false, |e| e.error.is_retryable())
}

/// Whether the request may have taken effect: it was sent, but no usable answer came. false for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_maybe_delivered(error: *const lpc_error) -> bool {
    read(error, false, |e| e.error.maybe_delivered())
}

/// How long the service asked to wait (Retry-After), in milliseconds; -1 if unknown, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_retry_after_ms(error: *const lpc_error) -> i64 {
    read(error, -1, |e| {
        e.error.retry_after_ms().and_then(|ms| i64::try_from(ms).ok()).unwrap_or(-1)
    })
}

/// The raw answer of the service, `*len` bytes, not NUL-terminated; `len` may be NULL. `*len` is 0
/// if there was no answer. Borrowed: valid until the error is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_body(error: *const lpc_error, len: *mut usize) -> *const u8 {
    put_length(len, 0);
    read(error, std::ptr::null(), |e| give_bytes(e.error.body(), len))
}

/// Frees an error, and every string borrowed from it. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_error_free(error: *mut lpc_error) {
    free(error);
}

// The numbers of the core and of the ABI are one list.
const _: () = {
    assert!(Status::InvalidArgument as lpc_status == LPC_INVALID_ARGUMENT);
    assert!(Status::Config as lpc_status == LPC_CONFIG);
    assert!(Status::Connect as lpc_status == LPC_CONNECT);
    assert!(Status::Tls as lpc_status == LPC_TLS);
    assert!(Status::Timeout as lpc_status == LPC_TIMEOUT);
    assert!(Status::Unauthorized as lpc_status == LPC_UNAUTHORIZED);
    assert!(Status::Rejected as lpc_status == LPC_REJECTED);
    assert!(Status::RateLimited as lpc_status == LPC_RATE_LIMITED);
    assert!(Status::Server as lpc_status == LPC_SERVER);
    assert!(Status::Protocol as lpc_status == LPC_PROTOCOL);
    assert!(Status::Closed as lpc_status == LPC_CLOSED);
    assert!(Status::Io as lpc_status == LPC_IO);
    assert!(Status::Signature as lpc_status == LPC_SIGNATURE);
    assert!(Status::Empty as lpc_status == LPC_EMPTY);
    assert!(Status::AlreadyOpen as lpc_status == LPC_ALREADY_OPEN);
    assert!(Status::Full as lpc_status == LPC_FULL);
    assert!(Status::Internal as lpc_status == LPC_INTERNAL);
};
