//! Bodies that pass without being held in memory: files on their way up and down.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::base::error::{Error, Status};
use crate::net::early::Unwanted;

/// Told how many bytes are done, of how many (0: unknown).
pub(crate) type Progress = dyn Fn(u64, u64) + Send + Sync;

pub(crate) fn unreadable(why: &io::Error) -> Error {
    let message = match why.kind() {
        io::ErrorKind::UnexpectedEof => "the file became shorter while it was read".to_owned(),
        _ => format!("the file cannot be read: {why}"),
    };
    Error::new(Status::Io, message)
}

/// Writes an answer into a file, from the file's beginning.
pub(crate) fn save(
    mut answer: impl Read,
    mut file: &File,
    most: u64,
    fail: impl Fn(ureq::Error) -> Error,
) -> Result<(), Error> {
    let unwritable = |why| Error::new(Status::Io, format!("the file cannot be written: {why}"));
    file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(unwritable)?;
    let mut buffer = [0; 16 * 1024];
    let mut written = 0;
    loop {
        let count = match answer.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(why) => return Err(fail(why.into())),
        };
        written += count as u64;
        if written > most {
            return Err(fail(ureq::Error::BodyExceedsLimit(most)));
        }
        file.write_all(&buffer[..count]).map_err(unwritable)?;
    }
}

/// How much of a file goes up or comes down between two reports of progress.
const CHUNK: usize = 64 * 1024;

/// Counts what is read, tells it, and remembers the failure that ended the reading.
pub(crate) struct Counted<'a, R> {
    source: R,
    done: u64,
    total: u64,
    progress: Option<&'a Progress>,
    /// Once it is set, nothing more is read or told: what is left only fills what was announced.
    pub unwanted: Unwanted,
    pub failure: Option<Error>,
}

impl<'a, R> Counted<'a, R> {
    pub(crate) fn new(source: R, total: u64, progress: Option<&'a Progress>) -> Self {
        let unwanted = Unwanted::default();
        Counted { source, done: 0, total, progress, unwanted, failure: None }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unwanted.is_set() {
            let rest = buffer.len().min((self.total - self.done) as usize);
            buffer[..rest].fill(0);
            self.done += rest as u64;
            return Ok(rest);
        }
        // Whoever watches wants to see more than the end.
        let most = if self.progress.is_some() { CHUNK.min(buffer.len()) } else { buffer.len() };
        let read = match self.source.read(&mut buffer[..most]) {
            // ureq would wait for the rest of what was announced.
            Ok(0) if self.done < self.total => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        match &read {
            Ok(count) => {
                self.done += *count as u64;
                if let Some(progress) = self.progress.filter(|_| *count > 0) {
                    progress(self.done, self.total);
                }
            }
            Err(why) => self.failure = Some(unreadable(why)),
        }
        read
    }
}
