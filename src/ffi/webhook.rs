//! Signatures of webhooks.

use std::ffi::c_char;

use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::status;
use crate::ffi::pointer::{array, text};
use crate::protocol::webhook::verify_webhook;

/// Checks that the body of a webhook was signed with the client secret. Call it before anything
/// else is done with the body.
///
/// `secret`: the client secret of the app install. While it is replaced, the old and the new one
/// with a line feed between them: either will do. One line feed at the end is no part of it. `body`:
/// the `len` bytes as they came; JSON that was read and written again has another signature. NULL is
/// allowed where `len` is 0. `signature`: the header x-liveperson-signature, "" if there was none:
/// "sha1=" or "sha256=" in any letter case, then base64 or hexadecimal; several with commas between
/// them, of which one must match. `err`: may be NULL. Any thread may call this. The time of a
/// comparison tells nothing about the signature that was expected.
///
/// LPC_SIGNATURE if it does not match or is none; the message says which, and repeats nothing of
/// what was received. LPC_INVALID_ARGUMENT for an empty secret, with which anybody could sign.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_webhook_verify(
    secret: *const c_char,
    body: *const u8,
    len: usize,
    signature: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let secret = text(secret, "secret")?;
        let secrets: Vec<&str> = secret.strip_suffix('\n').unwrap_or(secret).split('\n').collect();
        verify_webhook(&secrets, array(body, len, "body")?, text(signature, "signature")?)
    })
}
