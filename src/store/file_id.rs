//! Which file it is that has a name.

use std::path::Path;

/// The disk, and the file's number there.
pub(crate) type FileId = (u64, u64);

/// The file that has this name now; None where there is none, or the system does not say.
#[cfg(unix)]
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
pub(crate) fn file_id(_: &Path) -> Option<FileId> {
    None
}

/// How many names that file has; 0 where there is none, or the system does not say.
#[cfg(unix)]
pub(crate) fn names_of(path: &Path) -> u64 {
    let file = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    file.map_or(0, |file| std::os::unix::fs::MetadataExt::nlink(&file))
}

#[cfg(not(unix))]
pub(crate) fn names_of(_: &Path) -> u64 {
    0
}
