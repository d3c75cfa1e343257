//! Files that appear whole or not at all.

use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf, is_separator};

use crate::base::any_length::any_length;
use crate::base::error::Error;

/// Writes a file so that nobody ever sees half of it: beside its place first, then renamed. It keeps
/// the mode of the regular file that it replaces, behind symbolic links if there are any. Where there
/// is something else, or no place for a file, `fill` is not called.
pub(crate) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&File) -> Result<(), Error>,
) -> Result<(), Error> {
    let unwritable = |why: io::Error| {
        Error::of_file(path, &why, format!("cannot write the file '{}': {why}", path.display()))
    };
    let (place, old_mode) = place_of(path).map_err(unwritable)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lpconnector-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A new one as any program makes its files: the umask decides.
        let new = || Permissions::from_mode(0o666);
        builder.permissions(old_mode.clone().unwrap_or_else(new));
    }
    let temporary = builder.tempfile_in(directory(&place)).map_err(unwritable)?;
    if let Some(mode) = old_mode {
        // The umask took its part of it.
        temporary.as_file().set_permissions(mode).map_err(unwritable)?;
    }
    fill(temporary.as_file())?;
    temporary.as_file().sync_all().map_err(unwritable)?;
    temporary.persist(&place).map_err(|failed| unwritable(failed.error))?;
    Ok(())
}

fn directory(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a file of this path is, and the mode of what is there already.
fn place_of(path: &Path) -> io::Result<(PathBuf, Option<Permissions>)> {
    let refuse = |why| Err(io::Error::other(why));
    match path.metadata() {
        Ok(old) if !old.is_file() => refuse("it is not a regular file"),
        Ok(old) => {
            let place = if path.is_symlink() { path.canonicalize()? } else { any_length(path) };
            Ok((place, Some(mode(old.permissions()))))
        }
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        Err(_) if path.is_symlink() => refuse("it is a symbolic link to nothing"),
        Err(_) if path.to_string_lossy().ends_with(is_separator) || path.as_os_str().is_empty() => {
            refuse("that is not the name of a file")
        }
        Err(_) => {
            // A folder that is missing: found later, the error would be about the temporary file.
            directory(path).metadata()?;
            Ok((any_length(path), None))
        }
    }
}

/// Who may read, write and run it. What runs as its owner is another matter where others wrote it.
#[cfg(unix)]
fn mode(permissions: Permissions) -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    Permissions::from_mode(permissions.mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(permissions: Permissions) -> Permissions {
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;

    #[test]
    fn a_file_that_failed_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.png");
        std::fs::write(&path, "old").unwrap();
        let failed = write_whole(&path, |mut file| {
            std::io::Write::write_all(&mut file, b"half").unwrap();
            // Beside its place: only there it can be renamed in one step.
            assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
            Err(Error::invalid("x"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let missing = directory.path().join("no/such/a.png");
        let failed = write_whole(&missing, |_| Ok(())).unwrap_err();
        assert_eq!(failed.status(), Status::Io);
        let not_found = Some(rustix::io::Errno::NOENT.raw_os_error());
        assert_eq!(failed.os_error(), not_found, "{failed}");
    }
}
