//! Files of a conversation.

use std::ffi::{c_char, c_void};
use std::path::Path;

use crate::base::error::Error;
use crate::ffi::conversation::{lpc_conversation, send};
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::status;
use crate::ffi::pointer::{array, optional_text, text};
use crate::ffi::response::lpc_response;
use crate::handles::attachment::Attachment;

/// Called while a file goes up or comes down, with the bytes done and the bytes in all (0: unknown),
/// on the thread that sends or fetches the file. Where an attempt fails and another follows, `done` falls
/// back and the count begins again. It must not free the conversation, must not throw, and
/// not leave by longjmp() or pthread_exit(). It may make any other call of the library.
pub type lpc_progress_fn =
    Option<unsafe extern "C" fn(user_data: *mut c_void, done: u64, total: u64)>;

/// Sends a file: asks for a place in the storage, puts the file there, and publishes it. Other sends
/// of the conversation may go out while the file is on its way. The file is never held in memory as
/// a whole.
///
/// `path`: name of the file, UTF-8; the ending of the name is its type. `options_json`: NULL, or a
/// JSON object of these members, all optional: "caption": text beside the file. "previewPath": name
/// of a small JPEG, PNG or GIF to show in its place. "metadata": as metadata_json of
/// lpc_conversation_send_event(). The rest is as for lpc_conversation_send_text().
///
/// LPC_IO if a file cannot be read. LPC_INVALID_ARGUMENT also for an unknown member of the options,
/// with the nearest name; for a file above the option file.max.bytes, a preview above
/// file.preview.max.bytes (as base64), and for a file that is JPG, JPEG, PNG, GIF or PDF by name and
/// not by content. Other types are sent; whether they are taken depends on the account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_file(
    conversation: *mut lpc_conversation,
    path: *const c_char,
    options_json: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        let file = Attachment::from_path(text(path, "path")?);
        conversation.send_file(&with_options(file, options_json)?)
    })
}

/// As lpc_conversation_send_file(), for a file in memory.
///
/// `data`: the file, `len` bytes, unchanged during the call. `file_type`: for example "PNG".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_send_file_bytes(
    conversation: *mut lpc_conversation,
    data: *const u8,
    len: usize,
    file_type: *const c_char,
    options_json: *const c_char,
    response: *mut *mut lpc_response,
    err: *mut *mut lpc_error,
) -> lpc_status {
    send(conversation, response, err, |conversation| {
        let data = array(data, len, "data")?;
        let file = Attachment::from_bytes(data, text(file_type, "file_type")?);
        conversation.send_file(&with_options(file, options_json)?)
    })
}

fn with_options(file: Attachment, options_json: *const c_char) -> Result<Attachment, Error> {
    match optional_text(options_json, "options_json")? {
        Some(json) => file.with_options(json),
        None => Ok(file),
    }
}

/// Fetches a file that was sent in the conversation. It is written beside its place and then
/// renamed, so that nobody ever sees half of it.
///
/// `relative_path`: from the file's event: event.message.relativePath in lpc_event_json(). `to_path`:
/// where it goes, UTF-8. A regular file there is
/// replaced and its mode kept; behind a symbolic link it is the file that the link leads to. A new file has
/// the mode that the umask leaves. Where this fails, the old file stays as it was. `err`: may be NULL. Any
/// thread may call this.
///
/// LPC_IO if the file cannot be written; before any request if there is something else than a regular
/// file (a directory, a pipe, a device, a link to nothing), or no such directory. LPC_PROTOCOL if it is
/// longer than the option response.max.bytes. Otherwise as for lpc_conversation_send_text().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_download_file(
    conversation: *mut lpc_conversation,
    relative_path: *const c_char,
    to_path: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let conversation = lpc_conversation::of(conversation)?;
        let relative_path = text(relative_path, "relative_path")?;
        conversation.download_file(relative_path, Path::new(text(to_path, "to_path")?))
    })
}

/// What C gave us to call, and with what.
struct Callback {
    call: unsafe extern "C" fn(*mut c_void, u64, u64),
    user_data: *mut c_void,
}

// SAFETY: the caller promises that function and data may be used on any thread that sends or
// fetches files of the conversation.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Callback {
    fn run(&self, done: u64, total: u64) {
        // SAFETY: the caller promises that both are valid until replaced or the handle is freed.
        unsafe { (self.call)(self.user_data, done, total) };
    }
}

/// Calls `fn` while files of this conversation go up or come down; NULL stops that.
///
/// `user_data`: handed to `fn` as it is. Both must stay valid until they are replaced or the
/// conversation is freed, and no call is under way any more; and be fit for every thread that sends
/// or fetches files of the conversation. `err`: may be NULL. Any thread may call this.
///
/// LPC_INVALID_ARGUMENT if the conversation is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_conversation_set_progress_callback(
    conversation: *mut lpc_conversation,
    r#fn: lpc_progress_fn,
    user_data: *mut c_void,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let conversation = lpc_conversation::of(conversation)?;
        match r#fn {
            Some(call) => {
                let callback = Callback { call, user_data };
                conversation
                    .set_progress(Some(Box::new(move |done, total| callback.run(done, total))));
            }
            None => conversation.set_progress(None),
        }
        Ok(())
    })
}
