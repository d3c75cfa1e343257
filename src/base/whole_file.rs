//! Files that appear whole or not at all.

use std::fs::File;
use std::path::Path;

use crate::base::error::Error;

/// Writes a file so that nobody ever sees half of it: beside its place first, then renamed.
pub(crate) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&File) -> Result<(), Error>,
) -> Result<(), Error> {
    let unwritable = |why: std::io::Error| {
        Error::of_file(path, &why, format!("cannot write the file '{}': {why}", path.display()))
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lpconnector-");
    #[cfg(unix)]
    {
        // As any program makes its files: the umask decides.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(directory.unwrap_or(Path::new("."))).map_err(unwritable)?;
    fill(temporary.as_file())?;
    temporary.as_file().sync_all().map_err(unwritable)?;
    temporary.persist(path).map_err(|failed| unwritable(failed.error))?;
    Ok(())
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
        assert_eq!(write_whole(&missing, |_| Ok(())).unwrap_err().status(), Status::Io);
    }
}
