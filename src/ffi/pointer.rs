//! Pointers of C: what comes in is checked, what goes out is written where it is wanted.
//!
//! Only exported functions call these helpers, with pointers that came straight from C: "the
//! contract" below is what those functions demand of their callers (see the parent module).

use std::ffi::{CStr, CString, c_char};

use crate::base::error::Error;
use crate::ffi::panic::guard;

/// A C `bool` from a caller: one that does not know the type may pass any byte, and a Rust `bool`
/// must be 0 or 1. In the header it is a `bool`.
#[repr(transparent)]
pub struct flag(u8);

impl flag {
    pub(super) fn is_set(&self) -> bool {
        self.0 != 0
    }
}

/// Puts a new handle, or NULL, where `out` points; nothing where it is NULL itself.
pub(super) fn put<T>(out: *mut *mut T, value: Option<T>) {
    if !out.is_null() {
        let pointer = value.map_or(std::ptr::null_mut(), |value| Box::into_raw(Box::new(value)));
        // SAFETY: not NULL, so by the contract a place for a pointer.
        unsafe { out.write(pointer) };
    }
}

/// Runs an accessor's body on the handle; gives `otherwise` for NULL and after a panic.
pub(super) fn read<'a, T: 'a, R>(
    handle: *const T,
    otherwise: R,
    body: impl FnOnce(&'a T) -> R,
) -> R {
    // SAFETY: NULL or a live handle by the contract, which outlasts this call.
    let Some(handle) = (unsafe { handle.as_ref() }) else { return otherwise };
    guard(|| body(handle)).unwrap_or(otherwise)
}

/// Takes back a handle that [`put`] gave; NULL is fine.
pub(super) fn free<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: made by `Box::into_raw` in `put`, and by the contract freed only once.
        let handle = unsafe { Box::from_raw(handle) };
        let _ = guard(|| drop(handle));
    }
}

/// The error for a NULL where none is allowed.
pub(super) fn null(name: &str) -> Error {
    Error::invalid(format!("{name} is NULL"))
}

/// The handle behind a pointer that may not be NULL. What may wait takes a clone of what is inside,
/// as the `of` of each handle gives it: another thread may free the handle meanwhile.
pub(super) fn handle<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Error> {
    // SAFETY: NULL or a live handle by the contract, which outlasts this call.
    unsafe { pointer.as_ref() }.ok_or_else(|| null(name))
}

/// As [`handle`], for a handle that belongs to one thread at a time.
pub(super) fn handle_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Error> {
    // SAFETY: NULL or a live handle by the contract, used by no other thread during this call.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

/// The text behind a NUL-terminated string that may not be NULL.
pub(super) fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str, Error> {
    optional_text(pointer, name)?.ok_or_else(|| null(name))
}

/// The text behind a NUL-terminated string, or `None` for NULL.
pub(super) fn optional_text<'a>(
    pointer: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so by the contract NUL-terminated and unchanged during this call.
    let text = unsafe { CStr::from_ptr(pointer) };
    match text.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Error::invalid(format!("{name} is not UTF-8"))),
    }
}

/// The texts behind a string that has commas between them; at the edges of each, spaces are none of it.
#[cfg(feature = "receiver")]
pub(super) fn texts<'a>(pointer: *const c_char, name: &str) -> Result<Vec<&'a str>, Error> {
    let several = text(pointer, name)?.split(',').map(str::trim);
    Ok(several.filter(|one| !one.is_empty()).collect())
}

/// The elements behind a pointer and a count; NULL is allowed for count 0 only.
pub(super) fn array<'a, T>(pointer: *const T, count: usize, name: &str) -> Result<&'a [T], Error> {
    if pointer.is_null() {
        return if count == 0 { Ok(&[]) } else { Err(null(name)) };
    }
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(Error::invalid(format!("the length of {name} is impossible")));
    }
    // SAFETY: not NULL and of a possible length, so by the contract readable during this call.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// Gives borrowed bytes out as a pointer and, if wanted, a length.
pub(super) fn give_bytes(bytes: &[u8], len: *mut usize) -> *const u8 {
    put_length(len, bytes.len());
    bytes.as_ptr()
}

/// Writes a length where one is wanted.
pub(super) fn put_length(len: *mut usize, value: usize) {
    if !len.is_null() {
        // SAFETY: not NULL, so by the contract a place for a length.
        unsafe { len.write(value) };
    }
}

/// A copy for C; a NUL inside, which C could not see behind, becomes U+FFFD.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| {
        // Nothing is left that could fail.
        CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_an_accessor_gives_its_default() {
        assert_eq!(read(&1_u32, 7, |_| panic!()), 7);
    }
}
