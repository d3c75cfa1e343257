//! What the system says of a file that SQLite could not use: SQLite tells only that it could not.

use std::io;
use std::path::Path;

/// Why the system refused the file, if it says so.
#[cfg(unix)]
pub(crate) fn system_reason(file: &Path, why: &rusqlite::Error) -> Option<io::Error> {
    use rusqlite::ErrorCode;
    use rustix::io::Errno;

    let reason = match why.sqlite_error_code()? {
        ErrorCode::DiskFull => Errno::NOSPC,
        ErrorCode::SystemIoFailure => Errno::IO,
        ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => refused(file)?,
        _ => return None,
    };
    Some(reason.into())
}

/// Asked, and not tried: to open and close the file again would end the lock of who has it.
#[cfg(unix)]
fn refused(file: &Path) -> Option<rustix::io::Errno> {
    use rustix::fs::{Access, access};

    if file.is_dir() {
        return Some(rustix::io::Errno::ISDIR);
    }
    // Another file is made beside it.
    let beside = access(file.with_file_name("."), Access::WRITE_OK | Access::EXEC_OK);
    beside.and_then(|()| access(file, Access::READ_OK | Access::WRITE_OK)).err()
}

#[cfg(not(unix))]
pub(crate) fn system_reason(_: &Path, _: &rusqlite::Error) -> Option<io::Error> {
    None
}
