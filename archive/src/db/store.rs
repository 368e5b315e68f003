//! One database file: a single writer and a few readers.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, ffi};
use rusqlite_migration::Migrations;

use super::imprint;

/// How many idle readers are kept open.
const IDLE_READERS: usize = 8;

/// How long a statement waits for another process's lock (a backup, `sqlite3` on the console).
const BUSY: Duration = Duration::from_secs(5);

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be opened as a database.
    #[error("could not open the database {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rusqlite::Error,
    },
    /// The schema could not be brought up to date. The file is as it was.
    #[error("could not bring the schema of {} up to date", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: rusqlite_migration::Error,
    },
}

/// A database file, opened: writes are in turn, reads beside them (WAL).
///
/// A write that returned is on disk (`synchronous = FULL`). A store that was closed is one file, with nothing beside it.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    /// Whether the imprint of what it was before is forgotten.
    has_written: AtomicBool,
    // Closed last: only who may write can fold the log into the file.
    writer: Mutex<Connection>,
}

impl Store {
    /// Opens the file, creating it if needed, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// When the file can't be opened or is of a newer version than this program.
    pub fn open(path: impl Into<PathBuf>, migrations: &Migrations<'_>) -> Result<Self, OpenError> {
        let path = path.into();
        let opened =
            connect(&path, OpenFlags::default() | OpenFlags::SQLITE_OPEN_CREATE).and_then(|writer| {
                writer.pragma_update(None, "journal_mode", "wal")?;
                writer.pragma_update(None, "synchronous", "full")?;
                if migrations.pending_migrations(&writer) != Ok(0) {
                    forget_imprint(&path)?;
                }
                Ok(writer)
            });
        match opened {
            Err(source) => Err(OpenError::Open { path, source }),
            Ok(mut writer) => match migrations.to_latest(&mut writer) {
                Err(source) => Err(OpenError::Migrate { path, source }),
                Ok(()) => Ok(Self {
                    path,
                    readers: Mutex::new(Vec::new()),
                    has_written: AtomicBool::new(false),
                    writer: Mutex::new(writer),
                }),
            },
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads. All statements of `read` see the same state.
    ///
    /// # Errors
    ///
    /// What `read` returns, or that no connection could be had.
    pub fn read<T, E>(&self, read: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<rusqlite::Error>,
    {
        let mut conn = match lock(&self.readers).pop() {
            Some(conn) => conn,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?,
        };
        let answer = {
            let snapshot = conn.transaction()?;
            read(&snapshot)
        };
        let mut idle = lock(&self.readers);
        if idle.len() < IDLE_READERS {
            idle.push(conn);
        }
        answer
    }

    /// Writes in one transaction: all of it is on disk when this returns `Ok`, nothing of it otherwise.
    ///
    /// # Errors
    ///
    /// What `write` returns, or why the transaction could not be committed.
    pub fn write<T, E>(&self, write: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<rusqlite::Error>,
    {
        let mut writer = lock(&self.writer);
        if !self.has_written.load(Ordering::Relaxed) {
            forget_imprint(&self.path)?;
            self.has_written.store(true, Ordering::Relaxed);
        }
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = write(&tx)?;
        tx.commit()?;
        Ok(answer)
    }

    /// What SQLite finds wrong with the file: pages that are none, indexes that don't fit their tables, rows that refer to
    /// nothing. The first twenty; none if all is well. Reads the whole file.
    ///
    /// A value that has changed inside a page is not seen here: see [`imprint`](super::imprint).
    pub fn faults(&self) -> Vec<String> {
        let found = self.read(|conn| -> rusqlite::Result<Vec<String>> {
            let mut faults: Vec<String> = conn
                .prepare("PRAGMA integrity_check(20)")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            faults.retain(|fault| fault != "ok");
            let mut loose = conn.prepare("PRAGMA foreign_key_check")?;
            let loose = loose.query_map([], |row| row.get(0))?;
            let loose: Vec<String> = loose.take(20).collect::<Result<_, _>>()?;
            faults.extend(loose.into_iter().map(|table| format!("a row of {table} refers to nothing")));
            Ok(faults)
        });
        // A file too damaged to be examined has said enough.
        found.unwrap_or_else(|error| vec![error.to_string()])
    }

    /// Writes a copy of the whole store to `to`, consistent as of now.
    ///
    /// # Errors
    ///
    /// When `to` exists or can't be written.
    pub fn copy_to(&self, to: &Path) -> rusqlite::Result<()> {
        self.read(|conn| {
            let mut copy = Connection::open_with_flags(
                to,
                OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?;
            rusqlite::backup::Backup::new(conn, &mut copy)?.run_to_completion(1024, Duration::ZERO, None)
        })
    }
}

fn forget_imprint(path: &Path) -> rusqlite::Result<()> {
    imprint::forget(path).map_err(|error| {
        rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_DELETE), Some(error.to_string()))
    })
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// A panic in a closure rolled its transaction back, so what the lock guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rusqlite_migration::M;

    use super::*;

    const STEPS: &[M<'_>] = &[M::up("CREATE TABLE word (text TEXT PRIMARY KEY) STRICT")];

    fn store(dir: &tempfile::TempDir) -> Store {
        Store::open(dir.path().join("words.db"), &Migrations::from_slice(STEPS)).unwrap()
    }

    fn count(store: &Store) -> i64 {
        store.read(|conn| conn.query_row("SELECT count(*) FROM word", [], |row| row.get(0))).unwrap()
    }

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let dir = tempfile::tempdir().unwrap();
        store(&dir).write(|tx| tx.execute("INSERT INTO word VALUES ('a')", [])).unwrap();
        assert_eq!(count(&store(&dir)), 1);
    }

    #[test]
    fn a_closed_store_is_one_file() {
        let dir = tempfile::tempdir().unwrap();
        let open = store(&dir);
        open.write(|tx| tx.execute("INSERT INTO word VALUES ('a')", [])).unwrap();
        assert_eq!(count(&open), 1);
        drop(open);
        let left: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["words.db"]);
    }

    #[test]
    fn a_damaged_page_is_a_fault() {
        let dir = tempfile::tempdir().unwrap();
        let open = store(&dir);
        let words = |tx: &Transaction<'_>| {
            (0..2000).try_for_each(|n| tx.execute("INSERT INTO word VALUES (?1)", [format!("{n}")]).map(drop))
        };
        open.write(words).unwrap();
        assert_eq!(open.faults(), [""; 0]);
        let path = open.path().to_owned();
        drop(open);
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 4096;
        bytes[last..].fill(0);
        std::fs::write(&path, bytes).unwrap();
        assert!(!store(&dir).faults().is_empty());
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        let failed: rusqlite::Result<()> = store.write(|tx| {
            tx.execute("INSERT INTO word VALUES ('a')", [])?;
            Err(rusqlite::Error::QueryReturnedNoRows)
        });
        assert!(failed.is_err());
        assert_eq!(count(&store), 0);
    }

    #[test]
    fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        assert!(store.read(|conn| conn.execute("INSERT INTO word VALUES ('a')", [])).is_err());
    }

    #[test]
    fn a_panic_while_writing_spoils_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.write(|tx| -> rusqlite::Result<()> {
                tx.execute("INSERT INTO word VALUES ('a')", [])?;
                panic!("on purpose");
            })
        }));
        assert!(panicked.is_err());
        store.write(|tx| tx.execute("INSERT INTO word VALUES ('b')", [])).unwrap();
        assert_eq!(count(&store), 1);
    }

    #[test]
    fn a_copy_holds_what_the_store_holds() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        store.write(|tx| tx.execute("INSERT INTO word VALUES ('a')", [])).unwrap();
        let to = dir.path().join("copy.db");
        store.copy_to(&to).unwrap();
        assert_eq!(count(&Store::open(to, &Migrations::from_slice(STEPS)).unwrap()), 1);
    }
}
