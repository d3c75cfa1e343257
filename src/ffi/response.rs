//! The response handle.

use std::ffi::{CString, c_char};

use serde::Serialize;

use crate::base::error::{Error, Status};
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::make_if_wanted;
use crate::ffi::pointer::{c_string, free, give_bytes, put_length, read};
use crate::protocol::response::Response;

/// The service's answer to a request that it accepted, or what lpc_client_stats(), lpc_receiver_stats()
/// and lpc_connector_stats() tell. Belongs to one thread at a time. It outlives the handles of the call that gave it.
pub struct lpc_response {
    response: Response,
    request_id: CString,
    code: CString,
}

impl lpc_response {
    pub(super) fn new(response: Response) -> lpc_response {
        lpc_response {
            request_id: c_string(response.request_id()),
            code: c_string(response.code()),
            response,
        }
    }

    /// What no service answered: numbers, as text for Prometheus and as JSON.
    pub(super) fn of_stats(text: String, stats: &impl Serialize) -> Result<lpc_response, Error> {
        let json = serde_json::to_string(stats)
            .map_err(|why| Error::new(Status::Internal, format!("no JSON of the stats: {why}")))?;
        Ok(lpc_response::new(Response::told(text, json)))
    }
}

/// What all sends have in common: a response, which may not be wanted.
pub(super) fn respond(
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
    send: impl FnOnce() -> Result<Response, Error>,
) -> lpc_status {
    make_if_wanted(response, err, || send().map(lpc_response::new))
}

/// The id of the request that this answers; for a batch, that of its first request. Borrowed:
/// valid until the response is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_request_id(response: *const lpc_response) -> *const c_char {
    read(response, std::ptr::null(), |r| r.request_id.as_ptr())
}

/// The HTTP status, any of 200 to 299; for a close that was done although its answer was lost, that of
/// the refusal which says so; 0 from lpc_client_stats(), and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_http_status(response: *const lpc_response) -> i32 {
    read(response, 0, |r| i32::from(r.response.http_status()))
}

/// The code as the service wrote it, mostly "OK". Borrowed: valid until the response is freed.
/// NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_code(response: *const lpc_response) -> *const c_char {
    read(response, std::ptr::null(), |r| r.code.as_ptr())
}

/// body.sequence of the answer, handed on as it came; -1 if absent, for a batch, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_sequence(response: *const lpc_response) -> i64 {
    read(response, -1, |r| r.response.sequence().unwrap_or(-1))
}

/// The JSON of the answer's body, `*len` bytes, not NUL-terminated; `len` may be NULL. For a batch
/// it is the whole array of answers, from lpc_client_stats() text for Prometheus. Borrowed: valid
/// until the response is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_body(
    response: *const lpc_response,
    len: *mut usize,
) -> *const u8 {
    put_length(len, 0);
    read(response, std::ptr::null(), |r| give_bytes(r.response.body().as_bytes(), len))
}

/// The whole answer as it came, `*len` bytes, not NUL-terminated; `len` may be NULL. Borrowed:
/// valid until the response is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_raw(
    response: *const lpc_response,
    len: *mut usize,
) -> *const u8 {
    put_length(len, 0);
    read(response, std::ptr::null(), |r| give_bytes(r.response.raw(), len))
}

/// How often the request was sent until this answer came; 0 from lpc_client_stats(), and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_attempts(response: *const lpc_response) -> u32 {
    read(response, 0, |r| r.response.attempts())
}

/// Frees a response, and every string borrowed from it. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_response_free(response: *mut lpc_response) {
    free(response);
}
