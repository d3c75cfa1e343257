//! What a C program does beside its calls.
#![allow(clippy::undocumented_unsafe_blocks)] // Each is a call as the header allows it.

use std::cell::Cell;
use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lpconnector::ffi::error::*;

/// A place for errors.
pub struct Caller(Cell<*mut lpc_error>);

impl Default for Caller {
    fn default() -> Caller {
        Caller(Cell::new(null_mut()))
    }
}

impl Caller {
    pub fn err(&self) -> *mut *mut lpc_error {
        self.0.as_ptr()
    }

    /// Reads all of the error of the call before, and frees it.
    pub fn refused(&self, status: lpc_status, says: &str) {
        let error = self.0.replace(null_mut());
        assert!(!error.is_null(), "{says}");
        unsafe {
            let message = text_at(lpc_error_message(error));
            assert_eq!(lpc_error_status(error), status, "{message}");
            assert!(message.contains(says), "{message}");
            let mut length = 1;
            let body = lpc_error_body(error, &mut length);
            assert!(bytes_at(body, length).is_empty());
            for text in
                [lpc_error_title(error), lpc_error_details(error), lpc_error_request_id(error)]
            {
                text_at(text);
            }
            assert_eq!((lpc_error_http_status(error), lpc_error_service_code(error)), (0, 0));
            assert_eq!(lpc_error_retry_after_ms(error), -1);
            lpc_error_free(error);
        }
    }
}

pub unsafe fn text_at<'a>(text: *const c_char) -> &'a str {
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}

pub unsafe fn bytes_at<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    unsafe { std::slice::from_raw_parts(bytes, length) }
}

/// A ConsumerJWS that nobody signed.
pub fn consumer_jws() -> String {
    let claims = r#"{"account_id":"le1","ext_consumer_id":"c","lp_consumer_id":"lp-1"}"#;
    let [head, claims] = [r#"{"alg":"RS256"}"#, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{head}.{claims}.c2ln")
}
