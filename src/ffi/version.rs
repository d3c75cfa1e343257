//! Which library this is.

use std::ffi::{CStr, c_char};

/// The major version: it counts the changes that a program built against an older header cannot
/// take. The shared library is named after it as well (build.rs), and so are its symbols.
const ABI_VERSION: u32 = match u32::from_str_radix(env!("CARGO_PKG_VERSION_MAJOR"), 10) {
    Ok(major) => major,
    Err(_) => panic!("a major version that is a number"), // Checked when this is compiled.
};

const VERSION: &CStr = {
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version without NUL"), // Checked when this is compiled.
    }
};

/// The version of the library in use, for example "0.1.0"; compare LPC_VERSION_MAJOR, _MINOR and
/// _PATCH, which are those of the header.
///
/// The string is static: it is valid for ever and never freed. Any thread may call this.
#[unsafe(no_mangle)]
pub extern "C" fn lpc_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The number of the library's ABI. A program works with a library of the number that it was
/// built with. Any thread may call this.
#[unsafe(no_mangle)]
pub extern "C" fn lpc_abi_version() -> u32 {
    ABI_VERSION
}
