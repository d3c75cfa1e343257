//! Notifications in a file, from before the service is told that they arrived until the program
//! acknowledges them; and what it takes to know after a restart what came before.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, ffi};

use crate::base::error::{Error, Status};
use crate::protocol::notification::Notification;
use crate::receiver::dialogs::DialogKey;
use crate::receiver::disk_room::free_bytes;
use crate::receiver::file_id::{FileId, file_id};
use crate::receiver::fingerprint::{Fingerprint, can_be_told_apart};
use crate::receiver::item::Item;
use crate::receiver::open_stores::OpenStore;
use crate::receiver::resequencer::Stopped;
use crate::receiver::store_schema::{self, Unusable};

/// How many pages of the file are given back at a time: an instant's work.
const PAGES_GIVEN_BACK: u64 = 4096;

/// SQLite's page. What is changed of one is written beside the file first.
const PAGE: u64 = 4096;

/// How many pages each change touches beside those of the notification: of each table, its inner ones,
/// and what counts pages.
const PAGES_TOUCHED: u64 = 8;

/// The SQLite file of one receiver.
pub(crate) struct Store {
    connection: Connection,
    /// Goes after the connection.
    _counted: OpenStore,
    path: PathBuf,
    /// What was written and is not in the file yet.
    beside: PathBuf,
    /// Which files these were when they were opened.
    files: [Option<FileId>; 2],
    shown: String,
    keeps: Keeps,
    /// How many bytes the longest notification has that may be in it.
    longest: u64,
    /// The disk failed: what was written since the last checkpoint may not be on it.
    doubtful: bool,
}

/// How much is kept beside the notifications.
#[derive(Clone, Copy)]
pub(crate) struct Keeps {
    /// Fingerprints of so many notifications.
    pub duplicates: usize,
    /// Where so many dialogs go on; None: nobody asks.
    pub dialogs: Option<usize>,
}

/// What an earlier process left.
pub(crate) struct Left {
    /// In the order in which they came, with their ids.
    pub notifications: Vec<(u64, Notification)>,
    /// Of the others that came last, the oldest first.
    pub fingerprints: Vec<Fingerprint>,
    pub dialogs: Vec<Stopped>,
    /// Above all that were used.
    pub next_id: u64,
    /// What cannot be read, and why; it was put aside.
    pub unreadable: Vec<String>,
}

/// Something to write.
pub(crate) enum Change {
    Put(Item),
    /// The program dealt with it, and its dialogs go on there.
    Remove {
        id: u64,
        dialogs: Vec<(DialogKey, i64)>,
    },
}

impl Store {
    /// Opens or makes the file, and keeps others from it: two receivers with one file would give
    /// everything out twice.
    pub(crate) fn open(path: &Path, keeps: Keeps) -> Result<Store, Error> {
        let shown = path.display().to_string();
        let counted = OpenStore::new().ok_or_else(|| {
            let message = format!(
                "the file '{shown}' of option 'receiver.store' cannot be used in this process, which \
                 was forked from one that had such a file open"
            );
            Error::new(Status::Io, message)
        })?;
        let connection = store_schema::open(path).map_err(|why| match why {
            Unusable::Failed(why) => failed(&shown, &why),
            Unusable::Newer => {
                let message =
                    format!("the file '{shown}' of option 'receiver.store' is of a newer version");
                Error::new(Status::Io, message)
            }
        })?;
        let longest = "SELECT ifnull(max(length(CAST(body AS BLOB))), 0) FROM notification";
        let longest: rusqlite::Result<i64> = connection.query_row(longest, [], |row| row.get(0));
        let longest = longest.map_err(|why| failed(&shown, &why))? as u64;
        let path = path.to_owned();
        // SQLite puts it where links end.
        let mut beside = path.canonicalize().unwrap_or_else(|_| path.clone()).into_os_string();
        beside.push("-wal");
        let beside = PathBuf::from(beside);
        let files = [file_id(&path), file_id(&beside)];
        let _counted = counted;
        let doubtful = false;
        Ok(Store { connection, _counted, path, beside, files, shown, keeps, longest, doubtful })
    }

    /// What an earlier process left. What cannot be read is put aside.
    pub(crate) fn left(&self) -> Result<Left, Error> {
        self.read().map_err(|why| failed(&self.shown, &why))
    }

    fn read(&self) -> rusqlite::Result<Left> {
        let connection = &self.connection;
        let mut notifications = Vec::new();
        let mut unreadable = Vec::new();
        // First the ids alone: one row that is broken must not hide those behind it.
        let mut ids = connection.prepare(
            "SELECT id FROM notification WHERE id NOT IN (SELECT id FROM unreadable) ORDER BY id",
        )?;
        let ids: Vec<i64> = ids.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for id in ids {
            match self.notification(id) {
                Ok(notification) => notifications.push((id as u64, notification)),
                Err(why) => {
                    unreadable.push(format!("notification {id}: {why}"));
                    let aside = "INSERT INTO unreadable (id, why) VALUES (?1, ?2)";
                    connection.execute(aside, (id, &why))?;
                }
            }
        }
        let fingerprints = connection
            .prepare(
                "SELECT fingerprint FROM seen WHERE id NOT IN (SELECT id FROM notification)
                 ORDER BY id DESC LIMIT ?1",
            )?
            .query_map([self.keeps.duplicates as i64], |row| {
                Ok(row.get_ref(0)?.as_blob().ok().and_then(|bytes| bytes.try_into().ok()))
            })?
            .filter_map(Result::transpose)
            .collect::<Result<Vec<Fingerprint>, _>>()?;
        let dialogs = connection
            .prepare("SELECT account, dialog, next, used FROM dialog ORDER BY used DESC LIMIT ?1")?
            .query_map([self.keeps.dialogs.unwrap_or(0) as i64], |row| {
                let dialog = (row.get(0)?, row.get(1)?);
                Ok(Stopped { dialog, next: row.get(2)?, used: row.get::<_, i64>(3)? as u64 })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        let last_id: i64 = connection.query_row(
            "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'notification'), 0),
                        ifnull((SELECT max(id) FROM notification), 0),
                        ifnull((SELECT max(id) FROM seen), 0))",
            [],
            |row| row.get(0),
        )?;
        let fingerprints = fingerprints.into_iter().rev().collect();
        Ok(Left {
            notifications,
            fingerprints,
            dialogs,
            next_id: last_id.max(0) as u64 + 1,
            unreadable,
        })
    }

    fn notification(&self, id: i64) -> Result<Notification, String> {
        let mut row = self
            .connection
            .prepare_cached("SELECT body, account FROM notification WHERE id = ?1")
            .map_err(|why| why.to_string())?;
        let read = row.query_row([id], |row| {
            let account = match row.get_ref(1)? {
                ValueRef::Text(account) => Some(String::from_utf8_lossy(account).into_owned()),
                _ => None,
            };
            let body = match row.get_ref(0)? {
                ValueRef::Blob(body) | ValueRef::Text(body) => Some(Notification::signed(body).0),
                _ => None,
            };
            Ok(body.zip(account).map(|(body, account)| body.with_account(account)))
        });
        read.map_err(|why| why.to_string())?.ok_or_else(|| "it is no notification".to_owned())
    }

    /// Writes all of it at once, or where that fails one after the other, what is removed first, as
    /// it makes room; gives what became of each. What was put is on the disk when this returns. For
    /// what was removed the disk is not waited for: the end of the process changes nothing about it,
    /// and where the machine ends, it comes again.
    pub(crate) fn write(&mut self, changes: &[&Change]) -> Vec<Result<(), Error>> {
        let why = match self.commit(changes) {
            Ok(()) => return changes.iter().map(|_| Ok(())).collect(),
            Err(why) => why,
        };
        if let [_] = changes {
            return vec![Err(why)];
        }
        let (removed, put): (Vec<_>, Vec<_>) =
            (0..changes.len()).partition(|at| matches!(changes[*at], Change::Remove { .. }));
        let mut outcomes = vec![Ok(()); changes.len()];
        for at in removed.into_iter().chain(put) {
            outcomes[at] = self.commit(&[changes[at]]);
        }
        outcomes
    }

    fn commit(&mut self, changes: &[&Change]) -> Result<(), Error> {
        let mut outcome = self.try_commit(changes);
        let is_full = |why: &rusqlite::Error| why.sqlite_error_code() == Some(ErrorCode::DiskFull);
        if outcome.as_ref().is_err_and(is_full) {
            // What lies beside the file takes room that can be had.
            outcome = self.checkpoint().and_then(|()| self.try_commit(changes));
        }
        outcome.map_err(|why| {
            self.doubtful |= why.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
            failed(&self.shown, &why)
        })
    }

    fn try_commit(&mut self, changes: &[&Change]) -> rusqlite::Result<()> {
        self.check_files()?;
        if self.doubtful {
            // The system tells of a failed write once, and may have dropped it, with what was written
            // before: all of it goes to the disk again, from where it still is.
            self.checkpoint()?;
            self.doubtful = false;
        }
        let longest = changes.iter().filter_map(|change| length(change)).max();
        if let Some(longest) = longest {
            self.longest = self.longest.max(longest);
            self.check_room(changes)?;
        }
        let how = if longest.is_some() { "FULL" } else { "NORMAL" };
        self.connection.pragma_update(None, "synchronous", how)?;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let outcome = self.transact(changes);
        // Where the commit itself failed, nothing of it may stay.
        if outcome.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        outcome
    }

    /// What somebody removed or replaced still takes all that is written, but nobody finds it again.
    fn check_files(&self) -> rusqlite::Result<()> {
        let files = [&self.path, &self.beside].into_iter().zip(&self.files);
        for (path, opened) in files.filter(|(_, opened)| opened.is_some()) {
            if file_id(path) != *opened {
                let moved = ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED);
                return Err(rusqlite::Error::SqliteFailure(moved, None));
            }
        }
        Ok(())
    }

    /// Nothing is put where its removal would find no room on the disk: that has to be written as well,
    /// before it makes any.
    fn check_room(&self, changes: &[&Change]) -> rusqlite::Result<()> {
        let Some(free) = free_bytes(&self.path) else { return Ok(()) };
        // What lies beside the file, as these will, still has to find room in the file itself.
        let beside = std::fs::metadata(&self.beside).map_or(0, |file| file.len());
        let put: u64 = changes.iter().filter_map(|change| length(change)).map(|it| it + PAGE).sum();
        let touched = PAGES_TOUCHED * PAGE;
        let removal = self.longest + touched;
        if beside + 2 * (put + touched) + 2 * removal <= free {
            return Ok(());
        }
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None))
    }

    fn transact(&self, changes: &[&Change]) -> rusqlite::Result<()> {
        let mut newest = 0;
        for change in changes {
            match change {
                Change::Put(item) => {
                    newest = newest.max(item.id as i64);
                    self.put(item)?;
                }
                Change::Remove { id, dialogs } => self.remove(*id as i64, dialogs)?,
            }
        }
        if newest > 0 {
            let oldest = newest.saturating_sub(self.keeps.duplicates as i64);
            let mut forget = self.connection.prepare_cached("DELETE FROM seen WHERE id <= ?1")?;
            forget.execute([oldest])?;
        }
        self.connection.execute_batch("COMMIT")
    }

    fn put(&self, item: &Item) -> rusqlite::Result<()> {
        let (id, notification) = (item.id as i64, &item.notification);
        self.connection
            .prepare_cached("INSERT INTO notification (id, account, body) VALUES (?1, ?2, ?3)")?
            .execute((id, notification.account_id(), notification.raw()))?;
        if self.keeps.duplicates > 0 && can_be_told_apart(notification) {
            self.connection
                .prepare_cached("INSERT INTO seen (id, fingerprint) VALUES (?1, ?2)")?
                .execute((id, item.fingerprint))?;
        }
        Ok(())
    }

    fn remove(&self, id: i64, dialogs: &[(DialogKey, i64)]) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM notification WHERE id = ?1")?.execute([id])?;
        for ((account, dialog), next) in dialogs.iter().filter(|_| self.keeps.dialogs.is_some()) {
            self.connection
                .prepare_cached(
                    "INSERT INTO dialog (account, dialog, next, used) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE
                     SET next = max(next, excluded.next), used = max(used, excluded.used)",
                )?
                .execute((account, dialog, next, id))?;
        }
        Ok(())
    }

    /// Takes what was acknowledged out of the file for good, and gives its space back. Whether there
    /// is more of it to give back.
    pub(crate) fn tidy(&mut self) -> bool {
        self.try_tidy().unwrap_or_else(|_| {
            self.doubtful = true;
            true
        })
    }

    fn try_tidy(&mut self) -> rusqlite::Result<bool> {
        // First, as it makes room for the rest.
        self.checkpoint()?;
        if let Some(dialogs) = self.keeps.dialogs {
            self.connection.execute(
                "DELETE FROM dialog WHERE used <
                 (SELECT used FROM dialog ORDER BY used DESC LIMIT 1 OFFSET ?1)",
                [dialogs as i64],
            )?;
        }
        // Each moves another page, which is written beside the file, with those that know its place.
        let room = free_bytes(&self.path).map_or(u64::MAX, |free| free / (PAGES_TOUCHED * PAGE));
        let pages = room.clamp(1, PAGES_GIVEN_BACK);
        let mut pages =
            self.connection.prepare_cached(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut given_back = pages.query([])?;
        while given_back.next()?.is_some() {}
        drop(given_back);
        drop(pages);
        self.checkpoint()?;
        let free = self
            .connection
            .pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))?;
        Ok(free > 0)
    }

    /// Writes into the file itself, and on the disk, what lies beside it.
    fn checkpoint(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

/// Of what is put.
fn length(change: &Change) -> Option<u64> {
    match change {
        Change::Put(item) => Some(item.notification.raw().len() as u64),
        Change::Remove { .. } => None,
    }
}

fn failed(shown: &str, why: &rusqlite::Error) -> Error {
    let message = match why.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another receiver uses the file '{shown}' of option 'receiver.store'")
        }
        Some(ErrorCode::ReadOnly) if is_moved(why) => {
            format!("the file '{shown}' of option 'receiver.store' was removed or replaced")
        }
        _ => format!("the file '{shown}' of option 'receiver.store' failed: {why}"),
    };
    Error::new(Status::Io, message)
}

fn is_moved(why: &rusqlite::Error) -> bool {
    why.sqlite_error().is_some_and(|it| it.extended_code == ffi::SQLITE_READONLY_DBMOVED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::fingerprint::fingerprint;
    use crate::receiver::test_notifications::text;

    const KEEPS: Keeps = Keeps { duplicates: 3, dialogs: Some(2) };

    fn put(id: u64, message: &str) -> Change {
        let notification = text("c", id as i64, message).with_account("le1");
        Change::Put(Item {
            id,
            fingerprint: fingerprint(&notification),
            notification,
            arrived: std::time::Instant::now(),
        })
    }

    fn remove(id: u64, dialog: &str, next: i64) -> Change {
        let dialog = ("le1".to_owned(), dialog.to_owned());
        Change::Remove { id, dialogs: vec![(dialog, next)] }
    }

    fn write(store: &mut Store, changes: &[Change]) -> Vec<bool> {
        let outcomes = store.write(&changes.iter().collect::<Vec<_>>());
        outcomes.iter().map(Result::is_ok).collect()
    }

    fn texts(left: &Left) -> Vec<(u64, &str)> {
        left.notifications.iter().map(|(id, one)| (*id, one.events()[0].text())).collect()
    }

    #[test]
    fn what_is_put_stays_until_it_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        let mut store = Store::open(&path, KEEPS).unwrap();
        assert_eq!(write(&mut store, &[put(1, "a"), put(2, "b"), put(3, "c")]), [true; 3]);
        assert_eq!(write(&mut store, &[remove(1, "c", 2), remove(1, "c", 1)]), [true; 2]);
        let busy = Store::open(&path, KEEPS).err().unwrap();
        assert_eq!(busy.status(), Status::Io);
        assert!(busy.message().contains("another receiver uses the file"), "{busy}");
        drop(store);

        let mut store = Store::open(&path, KEEPS).unwrap();
        let left = store.left().unwrap();
        assert_eq!(texts(&left), [(2, "b"), (3, "c")]);
        assert_eq!(left.notifications[0].1.account_id(), "le1");
        assert_eq!((left.fingerprints.len(), left.next_id), (1, 4));
        assert_eq!(
            left.dialogs,
            [Stopped { dialog: ("le1".to_owned(), "c".to_owned()), next: 2, used: 1 }]
        );
        assert_eq!(write(&mut store, &[remove(2, "c", 3), remove(3, "d", 1)]), [true; 2]);
        drop(store);
        // An id is never used again: what acknowledges the old one must not remove a new one.
        assert_eq!(Store::open(&path, KEEPS).unwrap().left().unwrap().next_id, 4);
        let nowhere = Store::open(Path::new("/nonexistent/inbox.db"), KEEPS).err().unwrap();
        assert_eq!(nowhere.status(), Status::Io);
        std::fs::write(directory.path().join("no.db"), "no database, but text ".repeat(100))
            .unwrap();
        assert!(Store::open(&directory.path().join("no.db"), KEEPS).is_err());
    }

    #[test]
    fn only_the_last_ones_are_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("inbox.db"), KEEPS).unwrap();
        for id in 1..=5 {
            write(&mut store, &[put(id, "x")]);
            write(&mut store, &[remove(id, &format!("d{id}"), 1)]);
        }
        store.tidy();
        let left = store.left().unwrap();
        let expected = [3, 4, 5].map(|id| fingerprint(&text("c", id, "x").with_account("le1")));
        assert_eq!(left.fingerprints, expected);
        let dialogs: Vec<_> = left.dialogs.iter().map(|it| &it.dialog.1[..]).collect();
        assert_eq!(dialogs, ["d5", "d4"]);
    }

    #[test]
    fn what_cannot_be_written_takes_nothing_else_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("inbox.db"), KEEPS).unwrap();
        write(&mut store, &[put(1, "a")]);
        // The same id fails, as a notification too long for the disk does.
        let changes = [put(2, "b"), put(1, "again"), remove(1, "c", 1)];
        assert_eq!(write(&mut store, &changes), [true, false, true]);
        assert_eq!(write(&mut store, &[put(2, "again"), put(3, "c")]), [false, true]);
        assert_eq!(texts(&store.left().unwrap()), [(2, "b"), (3, "c")]);
    }

    #[test]
    fn what_cannot_be_read_is_put_aside_and_told_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        let mut store = Store::open(&path, KEEPS).unwrap();
        write(&mut store, &[put(1, "a"), put(2, "b"), put(3, "c")]);
        store.connection.execute("UPDATE notification SET body = 7 WHERE id = 2", []).unwrap();
        let left = store.left().unwrap();
        assert_eq!(texts(&left), [(1, "a"), (3, "c")]);
        assert_eq!(left.unreadable, ["notification 2: it is no notification"]);
        let again = store.left().unwrap();
        assert_eq!((texts(&again).len(), again.unreadable.len()), (2, 0));
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
        let mut store = Store::open(&path, KEEPS).unwrap();
        write(&mut store, &[put(2, "y")]);
        let left = store.left().unwrap();
        let accounts: Vec<_> = left.notifications.iter().map(|(_, one)| one.account_id()).collect();
        assert_eq!((accounts, left.next_id), (vec!["", "le1"], 3));
        store.connection.pragma_update(None, "user_version", 99).unwrap();
        drop(store);
        let newer = Store::open(&path, KEEPS).err().unwrap();
        assert!(newer.message().contains("of a newer version"), "{newer}");
    }
}
