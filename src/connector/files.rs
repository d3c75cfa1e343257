//! The file of an action, copied when it is submitted, so that the path may go.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::base::error::Error;
use crate::store::change::KeptFile;

/// Reads a file and its preview.
pub(crate) fn copy(path: &str, preview: Option<&str>) -> Result<KeptFile, Error> {
    Ok(KeptFile { bytes: read(path)?, preview: preview.map(read).transpose()? })
}

/// No service takes longer ones, and no store should.
const MOST_BYTES: u64 = 64 << 20;

fn read(path: &str) -> Result<Arc<[u8]>, Error> {
    let path = Path::new(path);
    let unreadable = |why: std::io::Error| {
        Error::of_file(path, &why, format!("cannot read the file '{}': {why}", path.display()))
    };
    // Asked before it is opened: opening a pipe waits for who writes into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a regular file")));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        let why = format!("the file '{}' has more than {MOST_BYTES} bytes", path.display());
        return Err(Error::invalid(why));
    }
    if bytes.is_empty() {
        return Err(Error::invalid(format!("the file '{}' is empty", path.display())));
    }
    Ok(bytes.into())
}
