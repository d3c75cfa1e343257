//! The SQLite file: what is written, and what it takes to go on after a restart.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, ffi};

use crate::base::any_length::any_length;
use crate::base::error::{Error, Status};
use crate::protocol::notification::Notification;
use crate::store::change::{Change, Fingerprint, KeptFile, Safety, Step};
use crate::store::disk_room::free_bytes;
use crate::store::file_id::{FileId, file_id, names_of};
use crate::store::left::{Left, LeftAction, Stopped};
use crate::store::open_stores::OpenStore;
use crate::store::schema::{self, Owner, Unusable};
use crate::store::system_reason::system_reason;

/// How many pages of the file are given back at a time: an instant's work.
const PAGES_GIVEN_BACK: u64 = 4096;

/// SQLite's page. What is changed of one is written beside the file first.
const PAGE: u64 = 4096;

/// How many pages each change touches beside those of what it holds: of each table, its inner ones,
/// and what counts pages.
const PAGES_TOUCHED: u64 = 8;

/// A file that one process has at a time.
pub(crate) struct Sqlite {
    connection: Connection,
    /// Goes after the connection.
    _counted: OpenStore,
    path: PathBuf,
    /// What was written and is not in the file yet.
    beside: PathBuf,
    /// Which files these were when they were opened.
    files: [Option<FileId>; 2],
    names: Names,
    keeps: Keeps,
    /// How many bytes the longest entry has that may be in it.
    longest: u64,
    /// The disk failed: what was written since the last checkpoint may not be on it.
    doubtful: bool,
}

/// What errors call the file.
struct Names {
    path: PathBuf,
    option: &'static str,
}

/// How much is kept of what was dealt with.
#[derive(Clone, Copy)]
pub(crate) struct Keeps {
    /// Fingerprints of so many notifications.
    pub duplicates: usize,
    /// Where so many dialogs go on; None: nobody asks.
    pub dialogs: Option<usize>,
}

impl Sqlite {
    /// Opens or makes the file that this option names, and keeps others from it: two with one file
    /// would give everything out twice.
    pub(crate) fn open(path: &Path, owner: Owner, keeps: Keeps) -> Result<Sqlite, Error> {
        let option = owner.option;
        let names = Names { path: path.to_owned(), option };
        let shown = path.display();
        let path = any_length(path);
        let counted = OpenStore::new().ok_or_else(|| {
            let message = format!(
                "the file '{shown}' of option '{option}' cannot be used in this process, which was \
                 forked from one that had such a file open"
            );
            Error::new(Status::Io, message)
        })?;
        let many = names_of(&path);
        if many > 1 {
            let message = format!(
                "the file '{shown}' of option '{option}' has {many} names (hard links): what was written \
                 last lies beside one of them, and is not found by another"
            );
            return Err(Error::new(Status::Io, message));
        }
        let connection = schema::open(&path, owner).map_err(|why| match why {
            Unusable::Failed(why) => names.failed(&why),
            Unusable::Newer => {
                    let message =
                    format!("the file '{shown}' of option '{option}' is of a newer version");
                Error::new(Status::Io, message)
            }
            Unusable::Anothers(owner) => {
                    let message =
                    format!("the file '{shown}' of option '{option}' is one of option '{owner}'");
                Error::new(Status::Io, message)
            }
            Unusable::OfAccount(account) => {
                    let message = format!(
                    "the file '{shown}' of option '{option}' belongs to account '{account}', not to \
                     '{}': take another file, or delete that one",
                    owner.account.unwrap_or_default()
                );
                Error::new(Status::Config, message)
            }
        })?;
        let longest = "SELECT max(
            ifnull((SELECT max(length(CAST(body AS BLOB))) FROM notification), 0),
            ifnull((SELECT max(length(CAST(body AS BLOB))) FROM action), 0),
            ifnull((SELECT max(length(bytes)) FROM file), 0))";
        let longest: rusqlite::Result<i64> = connection.query_row(longest, [], |row| row.get(0));
        let longest = longest.map_err(|why| names.failed(&why))? as u64;
        // SQLite puts it where links end.
        let mut beside = path.canonicalize().unwrap_or_else(|_| path.clone()).into_os_string();
        beside.push("-wal");
        let beside = PathBuf::from(beside);
        let files = [file_id(&path), file_id(&beside)];
        let (_counted, doubtful) = (counted, false);
        Ok(Sqlite { connection, _counted, path, beside, files, names, keeps, longest, doubtful })
    }

    /// What an earlier process left. What cannot be read is put aside.
    pub(crate) fn left(&self) -> Result<Left, Error> {
        self.read().map_err(|why| self.names.failed(&why))
    }

    fn read(&self) -> rusqlite::Result<Left> {
        let mut left = Left { name: self.name()?, ..Left::default() };
        left.notifications = self.each("notification", &mut left.unreadable, |row| {
            let account = text(row, "account")?;
            let body = match row.get_ref("body").ok()? {
                ValueRef::Blob(body) | ValueRef::Text(body) => Notification::signed(body).0,
                _ => return None,
            };
            Some((id(row)?, body.with_account(account)))
        })?;
        left.actions = self.each("action", &mut left.unreadable, |row| {
            let key = match row.get_ref("key").ok()? {
                ValueRef::Null => None,
                _ => Some(text(row, "key")?),
            };
            Some(LeftAction {
                id: id(row)?,
                consumer: text(row, "consumer")?,
                key,
                body: text(row, "body")?,
                submitted_ms: row.get("submitted").ok()?,
                begun: row.get("begun").ok()?,
            })
        })?;
        left.updates = self.each("outcome", &mut left.unreadable, |row| {
            Some((id(row)?, text(row, "consumer")?, text(row, "body")?))
        })?;
        let connection = &self.connection;
        left.fingerprints = connection
            .prepare(
                "SELECT fingerprint FROM seen WHERE id NOT IN (SELECT id FROM notification)
                 ORDER BY id DESC LIMIT ?1",
            )?
            .query_map([self.keeps.duplicates as i64], |row| Ok(fingerprint(row)))?
            .filter_map(Result::transpose)
            .collect::<Result<Vec<Fingerprint>, _>>()?;
        left.fingerprints.reverse();
        left.dialogs = connection
            .prepare("SELECT account, dialog, next, used FROM dialog ORDER BY used DESC LIMIT ?1")?
            .query_map([self.keeps.dialogs.unwrap_or(0) as i64], |row| Ok(stopped(row)))?
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, _>>()?;
        left.keys = connection
            .prepare("SELECT id, fingerprint, at FROM key ORDER BY id")?
            .query_map([], |row| {
                let at = row.get("at").ok();
                Ok(id(row).zip(fingerprint(row)).zip(at).map(|((id, it), at)| (id, it, at)))
            })?
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, _>>()?;
        left.consumers = connection
            .prepare("SELECT consumer, body FROM consumer")?
            .query_map([], |row| Ok(text(row, "consumer").zip(text(row, "body"))))?
            .filter_map(Result::transpose)
            .collect::<Result<Vec<_>, _>>()?;
        let last_id: i64 = connection.query_row(
            "SELECT max(ifnull((SELECT max(seq) FROM sqlite_sequence), 0),
                        ifnull((SELECT max(id) FROM notification), 0),
                        ifnull((SELECT max(id) FROM seen), 0))",
            [],
            |row| row.get(0),
        )?;
        left.next_id = last_id.max(0) as u64 + 1;
        Ok(left)
    }

    /// Each row of a table, in the order of the ids. What cannot be read is put aside.
    fn each<T>(
        &self,
        table: &str,
        unreadable: &mut Vec<String>,
        read: impl Fn(&Row) -> Option<T>,
    ) -> rusqlite::Result<Vec<T>> {
        // First the ids alone: one row that is broken must not hide those behind it.
        let ids: Vec<i64> = self
            .connection
            .prepare(&format!(
                "SELECT id FROM {table} WHERE id NOT IN (SELECT id FROM unreadable) ORDER BY id"
            ))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut row = self.connection.prepare(&format!("SELECT * FROM {table} WHERE id = ?1"))?;
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let why = match row.query_row([id], |row| Ok(read(row))) {
                Ok(Some(one)) => {
                    all.push(one);
                    continue;
                }
                Ok(None) => format!("it is no {table}"),
                Err(why) => why.to_string(),
            };
            let aside = "INSERT INTO unreadable (id, why) VALUES (?1, ?2)";
            self.connection.execute(aside, (id, &why))?;
            unreadable.push(format!("{table} {id}: {why}"));
        }
        Ok(all)
    }

    /// The name of what is kept here.
    fn name(&self) -> rusqlite::Result<String> {
        let name = "SELECT value FROM about WHERE name = 'name'";
        let name = self.connection.query_row(name, [], |row| Ok(text(row, "value"))).optional()?;
        Ok(name.flatten().unwrap_or_default())
    }

    /// The file of an action, and its preview.
    pub(crate) fn file(&self, id: u64) -> Result<Option<KeptFile>, Error> {
        let read = |row: &Row| {
            let (bytes, preview): (Vec<u8>, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
            Ok(KeptFile { bytes: bytes.into(), preview: preview.map(Into::into) })
        };
        let mut file = self
            .connection
            .prepare_cached("SELECT bytes, preview FROM file WHERE id = ?1")
            .map_err(|why| self.names.failed(&why))?;
        match file.query_row([id as i64], read) {
            Ok(file) => Ok(Some(file)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(why) => Err(self.names.failed(&why)),
        }
    }

    /// Writes all of it at once, or where that fails one after the other, what makes room first; gives
    /// what became of each. What is new is on the disk when this returns. For what was done the disk is
    /// not waited for: the end of the process changes nothing about it, and where the machine ends, it
    /// comes again.
    pub(crate) fn write(&mut self, changes: &[&Change]) -> Vec<Result<(), Error>> {
        let why = match self.commit(changes) {
            Ok(()) => return changes.iter().map(|_| Ok(())).collect(),
            Err(why) => why,
        };
        if let [_] = changes {
            return vec![Err(why)];
        }
        let (done, others): (Vec<_>, Vec<_>) =
            (0..changes.len()).partition(|at| changes[*at].safety == Safety::Done);
        let mut outcomes = vec![Ok(()); changes.len()];
        for at in done.into_iter().chain(others) {
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
            let error = self.names.failed(&why);
            // A disk may have room again; a file that is gone stays away.
            if is_moved(&why) { error } else { error.and_passing() }
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
        if changes.iter().any(|change| change.safety == Safety::New) {
            let longest = changes.iter().map(|change| change.length().0).max().unwrap_or(0);
            self.longest = self.longest.max(longest);
            self.check_room(changes)?;
        }
        let is_lasting = changes.iter().any(|change| change.safety != Safety::Done);
        let how = if is_lasting { "FULL" } else { "NORMAL" };
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
        let new = changes.iter().filter(|change| change.safety == Safety::New);
        let put: u64 = new.map(|change| change.length().1 + PAGE).sum();
        let touched = PAGES_TOUCHED * PAGE;
        let removal = self.longest + touched;
        if beside + 2 * (put + touched) + 2 * removal <= free {
            return Ok(());
        }
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None))
    }

    fn transact(&self, changes: &[&Change]) -> rusqlite::Result<()> {
        let mut newest = 0;
        for step in changes.iter().flat_map(|change| &change.steps) {
            if let Step::Notification { id, .. } = step {
                newest = newest.max(*id as i64);
            }
            self.take(step)?;
        }
        if newest > 0 {
            let oldest = newest.saturating_sub(self.keeps.duplicates as i64);
            self.run("DELETE FROM seen WHERE id <= ?1", [oldest])?;
        }
        self.connection.execute_batch("COMMIT")
    }

    fn take(&self, step: &Step) -> rusqlite::Result<()> {
        match step {
            // A file is one process's: nobody else knows more, and what comes is put in order there.
            Step::Nothing | Step::Learn { .. } | Step::Place { .. } | Step::Said { .. } => Ok(()),
            Step::Notification { id, notification, fingerprint } => {
                let id = *id as i64;
                let put = "INSERT INTO notification (id, account, body) VALUES (?1, ?2, ?3)";
                self.run(put, (id, notification.account_id(), notification.raw()))?;
                if let Some(fingerprint) = fingerprint.filter(|_| self.keeps.duplicates > 0) {
                    let put = "INSERT INTO seen (id, fingerprint) VALUES (?1, ?2)";
                    self.run(put, (id, fingerprint))?;
                }
                Ok(())
            }
            Step::NotificationDone { id, dialogs } => {
                let id = *id as i64;
                self.run("DELETE FROM notification WHERE id = ?1", [id])?;
                for ((account, dialog), next) in
                    dialogs.iter().filter(|_| self.keeps.dialogs.is_some())
                {
                    let put = "INSERT INTO dialog (account, dialog, next, used)
                        VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
                        SET next = max(next, excluded.next), used = max(used, excluded.used)";
                    self.run(put, (account, dialog, next, id))?;
                }
                Ok(())
            }
            Step::Action { id, consumer, key, body, submitted_ms, begun } => {
                let put = "INSERT INTO action (id, consumer, key, body, submitted, begun)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let key = key.as_deref();
                self.run(put, (*id as i64, &**consumer, key, &**body, submitted_ms, begun))
            }
            Step::ActionBegun { id, begun } => {
                self.run("UPDATE action SET begun = ?2 WHERE id = ?1", (*id as i64, begun))
            }
            Step::ActionDone { id } => {
                self.run("DELETE FROM action WHERE id = ?1", [*id as i64])?;
                self.run("DELETE FROM file WHERE id = ?1", [*id as i64])
            }
            Step::File { id, file: KeptFile { bytes, preview } } => {
                let put = "INSERT INTO file (id, bytes, preview) VALUES (?1, ?2, ?3)";
                self.run(put, (*id as i64, &**bytes, preview.as_deref()))
            }
            Step::Key { id, fingerprint, at_ms } => {
                let put = "INSERT OR REPLACE INTO key (id, fingerprint, at) VALUES (?1, ?2, ?3)";
                self.run(put, (*id as i64, fingerprint, at_ms))
            }
            Step::KeysDone { before } => {
                self.run("DELETE FROM key WHERE id < ?1", [*before as i64])
            }
            Step::Update { id, consumer, body, .. } => {
                let put = "INSERT INTO outcome (id, consumer, body) VALUES (?1, ?2, ?3)";
                self.run(put, (*id as i64, &**consumer, &**body))
            }
            Step::UpdateDone { id } => self.run("DELETE FROM outcome WHERE id = ?1", [*id as i64]),
            Step::Consumer { consumer, body: Some(body) } => {
                let put = "INSERT INTO consumer (consumer, body) VALUES (?1, ?2)
                    ON CONFLICT DO UPDATE SET body = excluded.body";
                self.run(put, (&**consumer, body))
            }
            Step::Consumer { consumer, body: None } => {
                self.run("DELETE FROM consumer WHERE consumer = ?1", [&**consumer])
            }
        }
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(values).map(drop)
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
        // A checkpoint waits for the disk, and what is to be written waits for it: it is one for all, and
        // only where there is no room another one makes some first.
        if self.give_back().is_err() {
            self.checkpoint()?;
            self.give_back()?;
        }
        self.checkpoint()?;
        let free = self
            .connection
            .pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0))?;
        Ok(free > 0)
    }

    /// Drops what nobody asks for any more, and gives back some of the file's space.
    fn give_back(&self) -> rusqlite::Result<()> {
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
        Ok(())
    }

    /// Writes into the file itself, and on the disk, what lies beside it.
    fn checkpoint(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

impl Names {
    fn failed(&self, why: &rusqlite::Error) -> Error {
        let Names { path, option } = self;
        let shown = path.display();
        let reason = system_reason(path, why);
        let message = match why.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                let who = option.trim_end_matches(".store");
                format!("another {who} uses the file '{shown}' of option '{option}'")
            }
            Some(ErrorCode::ReadOnly) if is_moved(why) => {
                format!("the file '{shown}' of option '{option}' was removed or replaced")
            }
            _ => {
                let said = reason.as_ref().map_or_else(|| why.to_string(), ToString::to_string);
                format!("the file '{shown}' of option '{option}' failed: {said}")
            }
        };
        Error::of_file(path, &reason.unwrap_or_else(|| io::Error::other("")), message)
    }
}

fn is_moved(why: &rusqlite::Error) -> bool {
    why.sqlite_error().is_some_and(|it| it.extended_code == ffi::SQLITE_READONLY_DBMOVED)
}

fn id(row: &Row) -> Option<u64> {
    row.get::<_, i64>("id").ok().map(|id| id as u64)
}

fn text(row: &Row, column: &str) -> Option<String> {
    match row.get_ref(column).ok()? {
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }
}

fn stopped(row: &Row) -> Option<Stopped> {
    let dialog = (text(row, "account")?, text(row, "dialog")?);
    let used: i64 = row.get("used").ok()?;
    Some(Stopped { dialog, next: row.get("next").ok()?, used: used as u64 })
}

fn fingerprint(row: &Row) -> Option<Fingerprint> {
    row.get_ref("fingerprint").ok()?.as_blob().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use serde_json::json;

    const KEEPS: Keeps = Keeps { duplicates: 3, dialogs: Some(2) };
    const RECEIVER: Owner = Owner { option: "receiver.store", account: None };

    fn put(id: u64, message: &str) -> Change {
        let event = json!({ "type": "ContentEvent", "message": message });
        let changes = [json!({ "sequence": id, "dialogId": "c", "event": event })];
        let body =
            json!({ "type": "ms.MessagingEventNotification", "body": { "changes": changes } });
        let notification = Notification::parse(body.to_string().as_bytes()).unwrap();
        let notification = Arc::new(notification.with_account("le1"));
        Change::new(vec![Step::Notification {
            id,
            notification,
            fingerprint: Some([id as u8; 32]),
        }])
    }

    fn remove(id: u64, dialog: &str, next: i64) -> Change {
        let dialog = ("le1".to_owned(), dialog.to_owned());
        Change::done(vec![Step::NotificationDone { id, dialogs: vec![(dialog, next)] }])
    }

    fn open(path: &Path) -> Result<Sqlite, Error> {
        Sqlite::open(path, RECEIVER, KEEPS)
    }

    #[test]
    fn a_file_is_one_options() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        write(&mut open(&path).unwrap(), &[put(1, "a")]);
        let connector = Owner { option: "connector.store", account: Some("le1") };
        let anothers = Sqlite::open(&path, connector, KEEPS).err().unwrap();
        assert!(anothers.message().contains("is one of option 'receiver.store'"), "{anothers}");
        assert_eq!(texts(&open(&path).unwrap().left().unwrap()), [(1, "a")]);
    }

    #[test]
    fn a_file_is_one_accounts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("queue.db");
        let of = |account| Owner { option: "connector.store", account };
        // As one that was made before this was said.
        drop(Sqlite::open(&path, of(None), KEEPS).unwrap());
        for _ in 0..2 {
            drop(Sqlite::open(&path, of(Some("le1")), KEEPS).unwrap());
        }
        let refused = Sqlite::open(&path, of(Some("le2")), KEEPS).err().unwrap();
        assert_eq!(refused.status(), Status::Config);
        assert!(refused.message().contains("belongs to account 'le1', not to 'le2'"), "{refused}");
    }

    #[test]
    fn of_two_that_open_it_at_the_same_moment_one_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let [path, killed] = ["queue.db", "killed.db"].map(|name| directory.path().join(name));
        let mut store = open(&path).unwrap();
        write(&mut store, &[put(1, "a")]);
        for _ in 0..12 {
            std::fs::copy(&path, &killed).unwrap();
            let [beside, its] =
                ["queue.db-wal", "killed.db-wal"].map(|name| directory.path().join(name));
            std::fs::copy(beside, its).unwrap();
            let together = std::sync::Barrier::new(2);
            let try_it = || {
                together.wait();
                let opened = open(&killed);
                together.wait();
                opened.is_ok()
            };
            let opened = std::thread::scope(|scope| {
                [scope.spawn(try_it), scope.spawn(try_it)].map(|it| it.join().unwrap())
            });
            assert_ne!(opened[0], opened[1]);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_has_one_name() {
        let directory = tempfile::tempdir().unwrap();
        let [path, link, killed] =
            ["queue.db", "link.db", "killed.db"].map(|name| directory.path().join(name));
        let mut store = open(&path).unwrap();
        write(&mut store, &[put(1, "a")]);
        // As after a kill: what was written last lies beside the file, under its name.
        std::fs::copy(&path, &killed).unwrap();
        std::fs::copy(
            directory.path().join("queue.db-wal"),
            directory.path().join("killed.db-wal"),
        )
        .unwrap();
        std::fs::hard_link(&path, &link).unwrap();
        assert!(open(&link).is_err(), "another one has it");
        std::fs::remove_file(&link).unwrap();
        std::fs::hard_link(&killed, &link).unwrap();
        for name in [&link, &killed] {
            let refused = open(name).map(|store| texts(&store.left().unwrap()).len()).unwrap_err();
            assert!(refused.message().contains("has 2 names"), "{refused}");
        }
        std::fs::remove_file(&link).unwrap();
        assert_eq!(texts(&open(&killed).unwrap().left().unwrap()), [(1, "a")]);
    }

    fn write(store: &mut Sqlite, changes: &[Change]) -> Vec<bool> {
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
        let mut store = open(&path).unwrap();
        assert_eq!(write(&mut store, &[put(1, "a"), put(2, "b"), put(3, "c")]), [true; 3]);
        assert_eq!(write(&mut store, &[remove(1, "c", 2), remove(1, "c", 1)]), [true; 2]);
        let busy = open(&path).err().unwrap();
        assert_eq!(busy.status(), Status::Io);
        assert!(busy.message().contains("another receiver uses the file"), "{busy}");
        drop(store);

        let mut store = open(&path).unwrap();
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
        assert_eq!(open(&path).unwrap().left().unwrap().next_id, 4);
        std::fs::write(directory.path().join("no.db"), "no database, but text ".repeat(100))
            .unwrap();
        assert!(open(&directory.path().join("no.db")).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn what_the_system_says_of_a_file_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        for (path, os_error, says) in [
            (directory.path().join("none/inbox.db"), 2, "No such file or directory"),
            (file.join("inbox.db"), 20, "Not a directory"),
            (directory.path().to_owned(), 21, "Is a directory"),
        ] {
            let error = open(&path).err().unwrap();
            assert_eq!((error.status(), error.is_retryable()), (Status::Io, false));
            assert_eq!((error.path(), error.os_error()), (Some(&*path), Some(os_error)), "{error}");
            assert!(error.message().contains(says), "{error}");
        }
        // What is no store the system has nothing against.
        std::fs::write(&file, "no database, but text ".repeat(100)).unwrap();
        assert_eq!(open(&file).err().unwrap().path(), Some(&*file));
    }

    #[test]
    fn only_the_last_ones_are_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(&directory.path().join("inbox.db")).unwrap();
        for id in 1..=5 {
            write(&mut store, &[put(id, "x")]);
            write(&mut store, &[remove(id, &format!("d{id}"), 1)]);
        }
        let kept = "SELECT count(*) FROM seen";
        let kept = store.connection.query_row(kept, [], |row| row.get::<_, i64>(0));
        assert_eq!(kept.unwrap(), 3);
        store.tidy();
        let left = store.left().unwrap();
        let expected = [3, 4, 5].map(|id| [id; 32]);
        assert_eq!(left.fingerprints, expected);
        let dialogs: Vec<_> = left.dialogs.iter().map(|it| &it.dialog.1[..]).collect();
        assert_eq!(dialogs, ["d5", "d4"]);
    }

    #[test]
    fn space_is_given_back_a_part_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        let mut store = open(&path).unwrap();
        assert!(!store.tidy(), "there is none");
        let part = PAGES_GIVEN_BACK * PAGE;
        let long = "x".repeat(part as usize / 5);
        let ids = 1..=6;
        for id in ids.clone() {
            assert_eq!(write(&mut store, &[put(id, &long)]), [true]);
        }
        store.tidy();
        for id in ids {
            assert_eq!(write(&mut store, &[remove(id, "c", 1)]), [true]);
        }
        assert!(store.tidy(), "there is more");
        let length = || std::fs::metadata(&path).unwrap().len();
        let left = length();
        assert!(!store.tidy(), "that was all");
        assert!(length() < left / 10);
    }

    #[test]
    fn what_cannot_be_written_takes_nothing_else_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(&directory.path().join("inbox.db")).unwrap();
        write(&mut store, &[put(1, "a")]);
        // The same id fails, as a notification too long for the disk does.
        let changes = [put(2, "b"), put(1, "again"), remove(1, "c", 1)];
        assert_eq!(write(&mut store, &changes), [true, false, true]);
        assert_eq!(write(&mut store, &[put(2, "again"), put(3, "c")]), [false, true]);
        assert_eq!(texts(&store.left().unwrap()), [(2, "b"), (3, "c")]);
    }

    fn action(id: u64, body: &str) -> Change {
        let (consumer, body) = ("a".into(), body.into());
        let action = Step::Action { id, consumer, key: None, body, submitted_ms: 0, begun: false };
        Change::new(vec![action])
    }

    #[test]
    fn what_makes_room_goes_first() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(&directory.path().join("queue.db")).unwrap();
        write(&mut store, &[action(1, "x")]);
        let done = Change::done(vec![Step::ActionDone { id: 1 }]);
        // Together they fail: there is one with this id.
        assert_eq!(write(&mut store, &[action(1, "y"), done]), [true; 2]);
        let again = store.write(&[&action(1, "z")]).remove(0).unwrap_err();
        assert!(again.is_retryable(), "{again}");
        assert_eq!(store.left().unwrap().actions[0].body, "y");
    }

    #[test]
    fn an_action_needs_no_key_and_a_file_has_one_name_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let names = ["one.db", "other.db"].map(|name| {
            let path = directory.path().join(name);
            let mut store = open(&path).unwrap();
            write(&mut store, &[action(1, "x")]);
            let name = store.left().unwrap().name;
            drop(store);
            let left = open(&path).unwrap().left().unwrap();
            assert_eq!((left.actions.len(), &left.actions[0].key), (1, &None));
            assert!(left.unreadable.is_empty() && left.name == name);
            name
        });
        assert!(names[0] != names[1] && !names[0].is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_was_removed_or_replaced_is_written_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("queue.db");
        let mut store = open(&path).unwrap();
        for replace in [false, true] {
            std::fs::remove_file(&path).or_else(|_| std::fs::write(&path, "another's")).unwrap();
            assert!(path.exists() == replace);
            let refused = store.write(&[&action(1, "x")]).remove(0).unwrap_err();
            assert!(refused.message().contains("was removed or replaced"), "{refused}");
            assert!(!refused.is_retryable());
        }
    }

    #[test]
    fn what_cannot_be_read_is_put_aside_and_told_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inbox.db");
        let mut store = open(&path).unwrap();
        write(&mut store, &[put(1, "a"), put(2, "b"), put(3, "c")]);
        store.connection.execute("UPDATE notification SET body = 7 WHERE id = 2", []).unwrap();
        let left = store.left().unwrap();
        assert_eq!(texts(&left), [(1, "a"), (3, "c")]);
        assert_eq!(left.unreadable, ["notification 2: it is no notification"]);
        let again = store.left().unwrap();
        assert_eq!((texts(&again).len(), again.unreadable.len()), (2, 0));
    }

    #[test]
    fn what_is_remembered_and_cannot_be_read_keeps_nobody_from_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(&directory.path().join("inbox.db")).unwrap();
        write(&mut store, &[put(1, "a"), put(2, "b"), remove(1, "c", 2)]);
        let broken = "UPDATE about SET value = x'ff' WHERE name = 'name';
             INSERT INTO dialog VALUES ('le1', 'd', 'next', 'used');
             INSERT INTO seen VALUES (7, 'none');
             INSERT INTO key VALUES (8, 'none', 'never');
             INSERT INTO consumer VALUES (x'ff', 7);";
        store.connection.execute_batch(broken).unwrap();
        let left = store.left().unwrap();
        assert_eq!((texts(&left), left.dialogs.len(), &*left.name), (vec![(2, "b")], 1, ""));
        store.connection.execute_batch("DELETE FROM about").unwrap();
        assert_eq!(store.left().unwrap().name, "");
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
        let mut store = open(&path).unwrap();
        write(&mut store, &[put(2, "y")]);
        let left = store.left().unwrap();
        let accounts: Vec<_> = left.notifications.iter().map(|(_, one)| one.account_id()).collect();
        assert_eq!((accounts, left.next_id), (vec!["", "le1"], 3));
        store.connection.pragma_update(None, "user_version", 99).unwrap();
        drop(store);
        let newer = open(&path).err().unwrap();
        assert!(newer.message().contains("of a newer version"), "{newer}");
    }
}
