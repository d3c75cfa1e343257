//! Paths of any length.

use std::path::{Path, PathBuf};

/// The same file, by a path that may have more than the 260 characters that Windows allows by itself. The
/// standard library opens files so; for those that others open or rename it must be asked for.
#[cfg(windows)]
pub(crate) fn any_length(path: &Path) -> PathBuf {
    use std::ffi::OsString;
    use std::path::{Component, Prefix, absolute};

    let Ok(whole) = absolute(path) else {
        // Whoever uses it is told why.
        return path.to_owned();
    };
    let mut parts = whole.components();
    let Some(Component::Prefix(prefix)) = parts.next() else {
        return whole;
    };
    let mut long = OsString::from(r"\\?\");
    match prefix.kind() {
        Prefix::Disk(_) => long.push(prefix.as_os_str()),
        Prefix::UNC(server, share) => {
            for part in ["UNC".as_ref(), r"\".as_ref(), server, r"\".as_ref(), share] {
                long.push(part);
            }
        }
        // It is one already, or no file on a disk.
        _ => return whole,
    }
    long.push(parts.as_path());
    long.into()
}

#[cfg(not(windows))]
pub(crate) fn any_length(path: &Path) -> PathBuf {
    path.to_owned()
}
