//! What is to be done in each child, right after a fork.

use std::ffi::c_int;

/// Has the C library call a function in each child that its own fork() makes, before anything else there. The
/// function may do only what is allowed at that moment: it takes no lock and no memory.
#[allow(unsafe_code)]
pub(crate) fn in_each_child(function: extern "C" fn()) {
    unsafe extern "C" {
        fn pthread_atfork(
            prepare: Option<extern "C" fn()>,
            parent: Option<extern "C" fn()>,
            child: Option<extern "C" fn()>,
        ) -> c_int;
    }
    // SAFETY: whoever asks knows what is allowed there. Without memory for it nothing changes.
    let _ = unsafe { pthread_atfork(None, None, Some(function)) };
}
