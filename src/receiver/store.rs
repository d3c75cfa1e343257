//! Notifications in a file, from before the service is told that they arrived until the program
//! acknowledges them.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};

use crate::base::error::{Error, Status};
use crate::base::lock::lock;

/// The SQLite file of one receiver.
pub(crate) struct Store {
    connection: Mutex<Connection>,
    shown: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredNotification {
    pub id: u64,
    pub account: String,
    pub body: Vec<u8>,
}

impl Store {
    /// Opens or makes the file, and keeps others from it: two receivers with one file would give
    /// everything out twice.
    pub(crate) fn open(path: &Path) -> Result<Store, Error> {
        let shown = path.display().to_string();
        let prepare = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            // Who has the file keeps it: waiting would change nothing.
            connection.busy_timeout(std::time::Duration::ZERO)?;
            connection.execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE;
                 PRAGMA journal_mode = WAL;
                 CREATE TABLE IF NOT EXISTS notification (
                     id INTEGER PRIMARY KEY AUTOINCREMENT,
                     body BLOB NOT NULL,
                     account TEXT NOT NULL DEFAULT ''
                 );",
            )?;
            // An earlier version kept no accounts.
            if !connection.column_exists(None, "notification", "account")? {
                connection.execute_batch(
                    "ALTER TABLE notification ADD COLUMN account TEXT NOT NULL DEFAULT '';",
                )?;
            }
            Ok(connection)
        };
        let connection = prepare().map_err(|why| failed(&shown, &why))?;
        Ok(Store { connection: Mutex::new(connection), shown })
    }

    /// What is kept, in the order in which it came.
    pub(crate) fn all(&self) -> Result<Vec<StoredNotification>, Error> {
        let connection = lock(&self.connection);
        let read = || -> rusqlite::Result<Vec<StoredNotification>> {
            let mut rows =
                connection.prepare("SELECT id, body, account FROM notification ORDER BY id")?;
            let stored = |row: &Row| {
                let id = row.get::<_, i64>(0)? as u64;
                Ok(StoredNotification { id, body: row.get(1)?, account: row.get(2)? })
            };
            rows.query_map([], stored)?.collect()
        };
        read().map_err(|why| failed(&self.shown, &why))
    }

    /// Writes a notification; it is on the disk when this returns.
    pub(crate) fn put(&self, account: &str, body: &[u8]) -> Result<u64, Error> {
        let connection = lock(&self.connection);
        sync(&connection, "FULL").map_err(|why| failed(&self.shown, &why))?;
        connection
            .prepare_cached("INSERT INTO notification (account, body) VALUES (?1, ?2) RETURNING id")
            .and_then(|mut put| put.query_row((account, body), |row| row.get::<_, i64>(0)))
            .map(|id| id as u64)
            .map_err(|why| failed(&self.shown, &why))
    }

    /// Removes a notification, if it is there. The disk is not waited for, which halves the work: the
    /// end of the process changes nothing about it, and where the machine ends before the next
    /// notification is written, this one comes again.
    pub(crate) fn remove(&self, id: u64) -> Result<(), Error> {
        let connection = lock(&self.connection);
        sync(&connection, "NORMAL").map_err(|why| failed(&self.shown, &why))?;
        connection
            .prepare_cached("DELETE FROM notification WHERE id = ?1 RETURNING id")
            .and_then(|mut remove| remove.query_row([id as i64], |_| Ok(())).optional())
            .map(drop)
            .map_err(|why| failed(&self.shown, &why))
    }
}

/// Whether what is written from now on is on the disk once it is written (FULL).
fn sync(connection: &Connection, how: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", how)
}

fn failed(shown: &str, why: &rusqlite::Error) -> Error {
    let message = match why.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another receiver uses the file '{shown}' of option 'receiver.store'")
        }
        _ => format!("the file '{shown}' of option 'receiver.store' failed: {why}"),
    };
    Error::new(Status::Io, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_stays_until_it_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        let store = Store::open(&path).unwrap();
        let ids: Vec<u64> =
            [&b"a"[..], b"\0\xff", b"c"].map(|b| store.put("le1", b).unwrap()).into();
        store.remove(ids[0]).unwrap();
        store.remove(ids[0]).unwrap();
        let busy = Store::open(&path).err().unwrap();
        assert_eq!(busy.status(), Status::Io);
        assert!(busy.message().contains("another receiver uses the file"), "{busy}");
        drop(store);

        let store = Store::open(&path).unwrap();
        let stored = |id, body: &[u8]| StoredNotification {
            id,
            account: "le1".to_owned(),
            body: body.to_vec(),
        };
        assert_eq!(store.all().unwrap(), [stored(ids[1], b"\0\xff"), stored(ids[2], b"c")]);
        for id in &ids {
            store.remove(*id).unwrap();
        }
        // An id is never used again: what acknowledges the old one must not remove a new one.
        assert!(store.put("", b"d").unwrap() > ids[2]);
        let nowhere = Store::open(Path::new("/nonexistent/inbox.db")).err().unwrap();
        assert_eq!(nowhere.status(), Status::Io);
        std::fs::write(directory.path().join("no.db"), "no database, but text ".repeat(100))
            .unwrap();
        assert!(Store::open(&directory.path().join("no.db")).is_err());
    }

    #[test]
    fn a_file_of_a_version_without_accounts_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(
            "CREATE TABLE notification (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
             INSERT INTO notification (body) VALUES (x'78');",
        )
        .unwrap();
        drop(old);
        let store = Store::open(&path).unwrap();
        let id = store.put("le1", b"y").unwrap();
        let accounts: Vec<String> =
            store.all().unwrap().into_iter().map(|stored| stored.account).collect();
        assert_eq!((accounts, id), (vec![String::new(), "le1".to_owned()], 2));
    }
}
