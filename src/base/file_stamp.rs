//! Whether a file is still the one that was read.

use std::fs::Metadata;
use std::path::Path;

/// What changes with the content of a file, or with the file that has the name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FileStamp(Stamp);

#[cfg(unix)]
type Stamp = [i64; 7];
/// Its size, when it was written, and when it was made.
#[cfg(not(unix))]
type Stamp = (u64, Option<std::time::SystemTime>, Option<std::time::SystemTime>);

impl FileStamp {
    /// None where it cannot be looked at.
    pub(crate) fn of(path: &Path) -> Option<FileStamp> {
        Some(FileStamp(stamp(&std::fs::metadata(path).ok()?)))
    }
}

#[cfg(unix)]
fn stamp(it: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt;

    let (place, size) = ([it.dev() as i64, it.ino() as i64], it.size() as i64);
    let (changed, other) = ([it.mtime(), it.mtime_nsec()], [it.ctime(), it.ctime_nsec()]);
    [place[0], place[1], size, changed[0], changed[1], other[0], other[1]]
}

#[cfg(not(unix))]
fn stamp(it: &Metadata) -> Stamp {
    (it.len(), it.modified().ok(), it.created().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_the_content_and_with_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("a"), directory.path().join("b"));
        assert!(FileStamp::of(&path).is_none());
        std::fs::write(&path, "1").unwrap();
        let first = FileStamp::of(&path);
        assert!(first.is_some() && first == FileStamp::of(&path));
        std::fs::write(&path, "12").unwrap();
        let second = FileStamp::of(&path);
        assert!(second != first);
        std::fs::write(&other, "123").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert!(FileStamp::of(&path) != second);
    }
}
