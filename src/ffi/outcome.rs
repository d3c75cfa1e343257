//! How an exported function ends: with a status, what it made in an out pointer, and an error if one
//! is wanted.

use std::ffi::c_char;

use crate::base::error::Error;
use crate::ffi::error::{LPC_OK, lpc_error, lpc_status};
use crate::ffi::panic::guard;
use crate::ffi::pointer::{null, put};

/// Runs a function's body and turns its outcome into a status and, if wanted, an error handle.
pub(super) fn status(
    err: *mut *mut lpc_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> lpc_status {
    let failed = match guard(body) {
        Ok(Ok(())) => {
            put(err, None);
            return LPC_OK;
        }
        Ok(Err(error)) => error,
        Err(defect) => defect,
    };
    let status = failed.status() as lpc_status;
    put(err, Some(lpc_error::new(failed)));
    status
}

/// As [`status`], for a body that makes a handle: it goes to `out`, or NULL does.
///
/// `name` is the name of the out pointer, which may not be NULL.
pub(super) fn make<T>(
    out: *mut *mut T,
    name: &str,
    err: *mut *mut lpc_error,
    body: impl FnOnce() -> Result<T, Error>,
) -> lpc_status {
    make_if_wanted(out, err, || if out.is_null() { Err(null(name)) } else { body() })
}

/// As [`make`], where the caller may not want the handle and gives NULL.
pub(super) fn make_if_wanted<T>(
    out: *mut *mut T,
    err: *mut *mut lpc_error,
    body: impl FnOnce() -> Result<T, Error>,
) -> lpc_status {
    status(err, || {
        put(out, None);
        put(out, Some(body()?));
        Ok(())
    })
}

/// As [`make`], for text that is borrowed from a handle.
pub(super) fn give_text(
    out: *mut *const c_char,
    name: &str,
    err: *mut *mut lpc_error,
    body: impl FnOnce() -> Result<*const c_char, Error>,
) -> lpc_status {
    let give = |text| {
        if !out.is_null() {
            // SAFETY: not NULL, so by the contract a place for a pointer.
            unsafe { out.write(text) };
        }
    };
    give(std::ptr::null());
    status(err, || {
        if out.is_null() {
            return Err(null(name));
        }
        give(body()?);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr;

    use super::*;
    use crate::ffi::error::{LPC_INTERNAL, lpc_error_free, lpc_error_message, lpc_error_status};

    #[test]
    fn a_panic_becomes_an_error_that_says_where_and_not_what() {
        let mut err = ptr::null_mut();
        let status = status(&mut err, || panic!("secret of the caller"));
        assert_eq!(status, LPC_INTERNAL);
        // SAFETY: the error is live until it is freed at the end, and its message is a string.
        unsafe {
            assert_eq!(lpc_error_status(err), LPC_INTERNAL);
            let message = CStr::from_ptr(lpc_error_message(err)).to_str().unwrap();
            assert!(message.contains("src/ffi/outcome.rs:"), "{message}");
            assert!(!message.contains("secret"), "{message}");
            lpc_error_free(err);
        }
    }

    #[test]
    fn a_panic_after_the_out_pointer_was_cleared_leaves_it_null() {
        let mut out: *mut u32 = ptr::dangling_mut();
        let status = make(&mut out, "out", ptr::null_mut(), || panic!());
        assert_eq!(status, LPC_INTERNAL);
        assert!(out.is_null());
    }
}
