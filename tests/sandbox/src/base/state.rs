//! What outlives a sandbox: rows in a file of SQLite, in a directory of their own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::base::lock::lock;

const FILE: &str = "sandbox.db";
/// Of another version nothing is known.
const VERSION: i64 = 1;
/// For a sandbox that was killed and is not quite gone.
const PATIENCE: Duration = Duration::from_millis(200);

/// Where a row stands: the account, or none for what belongs to all; what it is; and which one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) part: &'static str,
    pub(crate) key: String,
}

/// A row as it was read.
pub(crate) struct Row {
    pub(crate) account: String,
    pub(crate) part: String,
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
}

/// A directory that one sandbox has at a time.
pub(crate) struct State {
    directory: PathBuf,
    connection: Mutex<Open>,
}

struct Open {
    connection: Connection,
    /// What the disk did not take. It goes with what comes next.
    unwritten: BTreeMap<Place, Option<Vec<u8>>>,
}

impl State {
    /// Opens or makes it, and keeps other sandboxes out.
    pub(crate) fn open(directory: &Path) -> io::Result<State> {
        let shown = directory.display();
        let wrong = |reason: String| io::Error::other(format!("the state in {shown}: {reason}"));
        make(directory).map_err(|error| wrong(error.to_string()))?;
        let path = directory.join(FILE);
        private_file(&path).map_err(|error| wrong(error.to_string()))?;
        let open = || {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(PATIENCE)?;
            // Held until the process ends, whatever ends it.
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            // A kill loses nothing; for a loss of power each request would have to wait for the disk.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
            Ok(connection)
        };
        let connection: Connection = open().map_err(|error: rusqlite::Error| {
            wrong(match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    "another sandbox uses it".to_owned()
                }
                Some(ErrorCode::NotADatabase) => format!("{FILE} is no file of a sandbox"),
                _ => error.to_string(),
            })
        })?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|error| wrong(error.to_string()))?;
        if version == 0 {
            let made = format!(
                "BEGIN;
                 CREATE TABLE kept (account TEXT, part TEXT, key TEXT, value BLOB NOT NULL,
                                    UNIQUE (account, part, key));
                 PRAGMA user_version = {VERSION};
                 COMMIT"
            );
            connection.execute_batch(&made).map_err(|error| wrong(error.to_string()))?;
        } else if version != VERSION {
            return Err(wrong("it was written by another version of lpc-sandbox".to_owned()));
        }
        let open = Open { connection, unwritten: BTreeMap::new() };
        Ok(State { directory: directory.to_owned(), connection: Mutex::new(open) })
    }

    /// Where the files lie that others need.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// All rows of accounts, in the order in which each first was there.
    pub(crate) fn rows(&self) -> io::Result<Vec<Row>> {
        let open = lock(&self.connection);
        let read = || {
            let query = "SELECT account, part, key, value FROM kept WHERE account <> '' \
                         ORDER BY rowid";
            let mut statement = open.connection.prepare(query)?;
            let rows = statement.query_map([], |row| {
                let [account, part, key] = [row.get(0)?, row.get(1)?, row.get(2)?];
                Ok(Row { account, part, key, value: row.get(3)? })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(io::Error::other)
    }

    /// What belongs to no account, by its name.
    pub(crate) fn common(&self, name: &str) -> io::Result<Option<String>> {
        let query = "SELECT value FROM kept WHERE account = '' AND part = 'common' AND key = ?1";
        lock(&self.connection)
            .connection
            .query_row(query, [name], |row| row.get::<_, Vec<u8>>(0))
            .optional()
            .map(|value| value.map(|value| String::from_utf8_lossy(&value).into_owned()))
            .map_err(io::Error::other)
    }

    pub(crate) fn set_common(&self, name: &str, value: &str) -> io::Result<()> {
        let place = Place { account: String::new(), part: "common", key: name.to_owned() };
        self.write([(place, Some(value.as_bytes().to_vec()))])
    }

    /// Writes rows, all or none of them; None: the row goes. What cannot be written is kept for the
    /// next time.
    pub(crate) fn write(
        &self,
        rows: impl IntoIterator<Item = (Place, Option<Vec<u8>>)>,
    ) -> io::Result<()> {
        let mut open = lock(&self.connection);
        let Open { connection, unwritten } = &mut *open;
        unwritten.extend(rows);
        if unwritten.is_empty() {
            return Ok(());
        }
        commit(connection, unwritten).map_err(io::Error::other)?;
        unwritten.clear();
        Ok(())
    }
}

fn commit(
    connection: &mut Connection,
    rows: &BTreeMap<Place, Option<Vec<u8>>>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (Place { account, part, key }, value) in rows {
        match value {
            Some(value) => transaction
                .prepare_cached(
                    "INSERT INTO kept VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT DO UPDATE SET value = excluded.value",
                )?
                .execute(params![account, part, key, value])?,
            None => transaction
                .prepare_cached("DELETE FROM kept WHERE account = ?1 AND part = ?2 AND key = ?3")?
                .execute(params![account, part, key])?,
        };
    }
    transaction.commit()
}

/// The client secret and the keys lie there: nobody else may look.
fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // One that is there is somebody's: its rights stay, and the files in it are private by themselves.
    builder.create(directory)
}

/// What SQLite puts beside the file gets the rights of the file.
fn private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}
