//! The file that a recorder writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::base::lock::lock;
use crate::base::log::Logger;
use crate::recording::cleaner::Cleaner;
use crate::recording::exchange::{Exchange, Heading, VERSION};

pub(crate) struct Tape {
    writing: Mutex<Writing>,
    logger: Arc<Logger>,
}

struct Writing {
    file: File,
    /// How much of it is whole lines.
    length: u64,
    cleaner: Cleaner,
    written: usize,
    left_out: usize,
}

impl Tape {
    /// Makes the file; one that is there stays as it is, and is an error.
    pub(crate) fn new(path: &Path, keep_texts: bool, logger: Arc<Logger>) -> io::Result<Tape> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        let heading = Heading {
            recording: VERSION,
            by: concat!("lpc-sandbox ", env!("CARGO_PKG_VERSION")).to_owned(),
            texts_kept: keep_texts,
        };
        let heading = format!("{}\n", serde_json::to_string(&heading)?);
        file.write_all(heading.as_bytes())?;
        let cleaner = Cleaner::new(keep_texts);
        let length = heading.len() as u64;
        let writing = Writing { file, length, cleaner, written: 0, left_out: 0 };
        Ok(Tape { writing: Mutex::new(writing), logger })
    }

    /// Writes an exchange without its secrets; or leaves it out, and says so.
    pub(crate) fn write(&self, exchange: &Exchange) {
        let mut writing = lock(&self.writing);
        let Writing { file, length, cleaner, .. } = &mut *writing;
        let written = cleaner.line(exchange).map_err(str::to_owned).and_then(|mut line| {
            line.push('\n');
            let written = file.write_all(line.as_bytes());
            if written.is_ok() {
                *length += line.len() as u64;
            } else {
                // What a full disk took of it would spoil the next line. Where this fails, too, nothing
                // else can be done.
                let _ = file.set_len(*length);
            }
            written.map_err(|error| error.to_string())
        });
        match written {
            Ok(()) => writing.written += 1,
            Err(why) => {
                writing.left_out += 1;
                let method = &exchange.method;
                self.logger.note(&format!("a {method} to {} is left out: {why}", exchange.host));
            }
        }
    }

    /// How many exchanges were written, and how many left out.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let writing = lock(&self.writing);
        (writing.written, writing.left_out)
    }
}
