//! What C programs cannot provoke from outside: a defect inside the boundary.

use std::ffi::CStr;
use std::ptr;

use super::boundary;
use super::error::{LPC_INTERNAL, lpc_error_free, lpc_error_message, lpc_error_status};

#[test]
fn a_panic_becomes_an_error_that_says_where_and_not_what() {
    let mut err = ptr::null_mut();
    let status = boundary::status(&mut err, || panic!("secret of the caller"));
    assert_eq!(status, LPC_INTERNAL);
    // SAFETY: the error is live until it is freed at the end, and its message is a string.
    unsafe {
        assert_eq!(lpc_error_status(err), LPC_INTERNAL);
        let message = CStr::from_ptr(lpc_error_message(err)).to_str().unwrap();
        assert!(message.contains("src/ffi/tests.rs:"), "{message}");
        assert!(!message.contains("secret"), "{message}");
        lpc_error_free(err);
    }
}

#[test]
fn a_panic_after_the_out_pointer_was_cleared_leaves_it_null() {
    let mut out: *mut u32 = ptr::dangling_mut();
    let status = boundary::make(&mut out, "out", ptr::null_mut(), || panic!());
    assert_eq!(status, LPC_INTERNAL);
    assert!(out.is_null());
}

#[test]
fn a_panic_in_an_accessor_gives_its_default() {
    assert_eq!(boundary::read(&1_u32, 7, |_| panic!()), 7);
}
