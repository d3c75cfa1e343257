//! The tables of the store's file, and the files of earlier versions.

use std::path::Path;
use std::time::Duration;

#[cfg(windows)]
use rusqlite::OpenFlags;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::base::jitter::jitter;

/// The `user_version` of what is written now; files from before it was counted have 0.
const VERSION: i64 = 2;

/// Why a file cannot be used.
pub(crate) enum Unusable {
    Failed(rusqlite::Error),
    Newer,
    /// It belongs to this option.
    Anothers(String),
    /// It belongs to a connector of this account.
    OfAccount(String),
}

impl From<rusqlite::Error> for Unusable {
    fn from(why: rusqlite::Error) -> Unusable {
        Unusable::Failed(why)
    }
}

/// Of two that open a file at the same moment each may be in the other's way: both let go, so often, and
/// for up to twice as long each time.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(1);

/// Whose file it is. What one keeps means nothing to the other, which would drop it.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub option: &'static str,
    /// None: those of several accounts may lie there.
    pub account: Option<&'a str>,
}

/// Opens or makes the file for its owner, and keeps others from it.
pub(crate) fn open(path: &Path, owner: Owner) -> Result<Connection, Unusable> {
    make_private(path);
    for again in 1..TRIES {
        match try_to_open(path, owner) {
            Err(Unusable::Failed(why)) if is_busy(&why) => {
                std::thread::sleep(jitter(PAUSE * (1 << again)));
            }
            outcome => return outcome,
        }
    }
    try_to_open(path, owner)
}

fn is_busy(why: &rusqlite::Error) -> bool {
    matches!(why.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn try_to_open(path: &Path, owner: Owner) -> Result<Connection, Unusable> {
    let mut connection = connect(path)?;
    // Who has the file keeps it: waiting would change nothing.
    connection.busy_timeout(Duration::ZERO)?;
    // The lock first: with it SQLite needs no memory that it would share through a further file.
    set(&connection, "locking_mode", "EXCLUSIVE")?;
    // How space is given back counts where nothing was written yet. Where it is so, to say it again
    // would write, for which there may be no room.
    if gives_no_space_back(&connection)? {
        set(&connection, "auto_vacuum", "INCREMENTAL")?;
    }
    for (pragma, value) in [
        // What is deleted is overwritten.
        ("secure_delete", "ON"),
        ("journal_mode", "WAL"),
        // The writer does it, and sees where it fails.
        ("wal_autocheckpoint", "0"),
    ] {
        set(&connection, pragma, value)?;
    }
    let version =
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    match version {
        VERSION => {}
        0 => {
            upgrade_to_1(&mut connection, path)?;
            upgrade_to_2(&mut connection)?;
        }
        1 => upgrade_to_2(&mut connection)?,
        _ => return Err(Unusable::Newer),
    }
    let (option, account) = (said(&connection, "option")?, said(&connection, "account")?);
    let is_new = option.is_none() || (account.is_none() && owner.account.is_some());
    if let Some(other) = option.filter(|option| option != owner.option) {
        return Err(Unusable::Anothers(other));
    }
    if let Some(other) = account.filter(|it| owner.account.is_some_and(|ours| ours != it)) {
        return Err(Unusable::OfAccount(other));
    }
    if is_new {
        // Where there is no room to say it, the next one does.
        let say = "INSERT OR IGNORE INTO about SELECT * FROM
                       (VALUES ('option', ?1), ('account', ?2)) AS it WHERE it.column2 IS NOT NULL";
        let _ = connection.execute(say, (owner.option, owner.account));
    }
    Ok(connection)
}

/// What the file says of its owner.
fn said(connection: &Connection, what: &str) -> rusqlite::Result<Option<String>> {
    let said = "SELECT value FROM about WHERE name = ?1";
    connection.query_row(said, [what], |row| row.get(0)).optional()
}

fn set(connection: &Connection, pragma: &str, value: &str) -> rusqlite::Result<()> {
    match connection.pragma_update_and_check(None, pragma, value, |_| Ok(())) {
        // Not every pragma answers.
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
        outcome => outcome,
    }
}

fn gives_no_space_back(connection: &Connection) -> rusqlite::Result<bool> {
    connection.pragma_query_value(None, "auto_vacuum", |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Makes the tables of a new file, or those that an earlier version did not know.
fn upgrade_to_1(connection: &mut Connection, path: &Path) -> rusqlite::Result<()> {
    let upgrade = connection.transaction()?;
    upgrade.execute_batch(
        "CREATE TABLE IF NOT EXISTS notification (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             body BLOB NOT NULL,
             account TEXT NOT NULL DEFAULT ''
         );
         -- The last ones, so that what comes again is known.
         CREATE TABLE seen (id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL);
         -- Where each dialog goes on, and the last notification that had something of it.
         CREATE TABLE dialog (
             account TEXT NOT NULL,
             dialog TEXT NOT NULL,
             next INTEGER NOT NULL,
             used INTEGER NOT NULL,
             PRIMARY KEY (account, dialog)
         ) WITHOUT ROWID;
         -- What cannot be read stays where it is, and is left alone.
         CREATE TABLE unreadable (id INTEGER PRIMARY KEY, why TEXT NOT NULL);",
    )?;
    if !upgrade.column_exists(None, "notification", "account")? {
        upgrade.execute_batch(
            "ALTER TABLE notification ADD COLUMN account TEXT NOT NULL DEFAULT '';",
        )?;
    }
    upgrade.pragma_update(None, "user_version", 1)?;
    upgrade.commit()?;
    if gives_no_space_back(connection)? {
        // Written anew it gives space back. Where there is no room for that, it goes on as it was.
        let _ = connection.execute_batch("VACUUM;");
        only_for_its_owner(path);
    }
    Ok(())
}

/// Version 1 was for receivers alone: this makes the tables of connectors.
fn upgrade_to_2(connection: &mut Connection) -> rusqlite::Result<()> {
    let upgrade = connection.transaction()?;
    upgrade.execute_batch(
        "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
         -- What a program submitted, until it was done.
         CREATE TABLE action (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             consumer TEXT NOT NULL,
             key TEXT,
             body TEXT NOT NULL,
             submitted INTEGER NOT NULL,
             begun INTEGER NOT NULL
         );
         CREATE TABLE file (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, preview BLOB);
         -- So that what is submitted again is known.
         CREATE TABLE key (
             id INTEGER PRIMARY KEY,
             fingerprint BLOB NOT NULL,
             at INTEGER NOT NULL
         );
         -- What became of actions and conversations, until the program acknowledged it.
         CREATE TABLE outcome (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             consumer TEXT NOT NULL,
             body TEXT NOT NULL
         );
         -- Who talks where.
         CREATE TABLE consumer (consumer TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
         INSERT INTO about (name, value) VALUES ('name', lower(hex(randomblob(8))));
         -- Where something was written, a receiver did.
         INSERT INTO about (name, value)
             SELECT 'option', 'receiver.store' WHERE EXISTS (SELECT 1 FROM sqlite_sequence);",
    )?;
    upgrade.pragma_update(None, "user_version", VERSION)?;
    upgrade.commit()
}

#[cfg(windows)]
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // The usual one has room for 260 characters.
    Connection::open_with_flags_and_vfs(path, OpenFlags::default(), "win32-longpath")
}

#[cfg(not(windows))]
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open(path)
}

/// A new file is nobody else's, and so are those that SQLite puts beside it. One that exists is not
/// opened here: to close it again would end the lock of who has it.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // At the end of a link there may be none yet: only what follows it makes that one.
    let leads_nowhere = path.is_symlink() && !path.exists();
    // Where that fails, SQLite tells why.
    let _ = options.create_new(!leads_nowhere).open(path);
}

/// An earlier version made the file as the umask said.
fn only_for_its_owner(path: &Path) {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        let wal = path.as_os_str().to_owned().into_string().map(|path| path + "-wal");
        for file in [Some(path.to_owned()), wal.ok().map(Into::into)].into_iter().flatten() {
            // One that belongs to somebody else stays as it is.
            let _ = std::fs::set_permissions(file, Clone::clone(&mode));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
