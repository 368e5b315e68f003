//! What a closed store was: its length, when it was last written, and the digest of its bytes.
//!
//! SQLite sees a page that is not one of its own, but not a value that has changed inside a page. So whoever closes a store
//! takes an imprint of it, and whoever opens it compares. Rot changes bytes and no times: a file that was put back from a
//! backup, or left open by a crash, has another time or a log beside it, and the imprint says nothing of it. Whoever writes
//! forgets the imprint first, because a clock that ticks every few milliseconds gives two writes one time.

use std::{
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use bag::{Algorithm, Checksum, hash_reader};
use fs_err as fs;
use serde::{Deserialize, Serialize};

/// A store's imprint, as it lies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Imprint {
    bytes: u64,
    /// Nanoseconds since 1970.
    written: u128,
    sha512: Checksum,
}

/// What an imprint says of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It is what it was when it was closed.
    Same,
    /// Its bytes have changed, and nobody wrote them.
    Rotten,
    /// It has no imprint, or was written since.
    Unknown,
}

/// Takes the imprint of the closed store at `store`. One that is still open elsewhere gets none.
///
/// # Errors
///
/// When it can't be read, or its imprint not be written.
pub fn take(store: &Path) -> io::Result<()> {
    let place = beside(store, "-imprint");
    if is_open(store) || read(&place)?.is_some_and(|known| Some(known.written) == written(store).ok()) {
        return Ok(());
    }
    let before = written(store)?;
    let imprint = Imprint::of(store)?;
    if imprint.written != before || is_open(store) {
        // Somebody wrote while it was read: theirs is the imprint to take.
        return Ok(());
    }
    let text = serde_json::to_vec(&imprint)?;
    let partial = tempfile::NamedTempFile::new_in(store.parent().unwrap_or(Path::new(".")))?;
    fs::write(partial.path(), text)?;
    partial.persist(place)?;
    Ok(())
}

/// Forgets the imprint of the store at `store`, which is about to be written.
///
/// # Errors
///
/// When it can't be removed.
pub(super) fn forget(store: &Path) -> io::Result<()> {
    match fs::remove_file(beside(store, "-imprint")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Compares the store at `store` with its imprint.
///
/// # Errors
///
/// When it can't be read.
pub fn compare(store: &Path) -> io::Result<Since> {
    let Some(known) = read(&beside(store, "-imprint"))?.filter(|_| !is_open(store)) else {
        return Ok(Since::Unknown);
    };
    // A file that is shorter or longer with the time of before was not written by anybody either.
    if written(store)? != known.written {
        return Ok(Since::Unknown);
    }
    Ok(if Imprint::of(store)? == known { Since::Same } else { Since::Rotten })
}

fn read(place: &Path) -> io::Result<Option<Imprint>> {
    match fs::read(place) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Imprint {
    fn of(store: &Path) -> io::Result<Self> {
        let hashed = hash_reader(fs::File::open(store)?, &[Algorithm::Sha512])?;
        let sha512 = hashed.sum(Algorithm::Sha512).cloned().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { bytes: hashed.len, written: written(store)?, sha512 })
    }
}

fn written(store: &Path) -> io::Result<u128> {
    let time = fs::metadata(store)?.modified()?;
    Ok(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos())
}

/// Whether a process has it open, or died with it open: then its log lies beside it.
fn is_open(store: &Path) -> bool {
    beside(store, "-wal").exists()
}

fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::db::{Store, office};
    use crate::fixity::sample::{Dice, PageRot};

    /// An office of some hundred rows in several tables and indexes, closed, with its imprint.
    fn closed(dir: &Path) -> PathBuf {
        let path = dir.join("office.db");
        let store = Store::open(&path, &office::MIGRATIONS).unwrap();
        store
            .write(|tx| -> rusqlite::Result<()> {
                for n in 0..400 {
                    office::setting::set(tx, &format!("key {n}"), &format!("value {n} ").repeat(20))?;
                }
                Ok(())
            })
            .unwrap();
        drop(store);
        take(&path).unwrap();
        path
    }

    fn wanted() -> usize {
        std::env::var("XUECANG_CORRUPTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
    }

    #[test]
    fn of_a_sample_of_damaged_pages_every_one_is_seen_and_none_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = closed(dir.path());
        let (whole, time) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
        let restore = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        };
        let mut dice = Dice(2027);
        let mut seen = std::collections::BTreeMap::<String, [usize; 2]>::new();
        for round in 0..wanted() {
            let rot = PageRot::ALL[round % PageRot::ALL.len()];
            let mut bytes = whole.clone();
            while bytes == whole {
                rot.strike(&mut bytes, &mut dice);
            }
            restore(&bytes);
            assert_eq!(compare(&path).unwrap(), Since::Rotten, "round {round}: {rot:?} is not seen");
            let [struck, by_sqlite] = seen.entry(format!("{rot:?}")).or_default();
            *struck += 1;
            let faults = Store::open(&path, &office::MIGRATIONS).map(|store| store.faults());
            *by_sqlite += usize::from(faults.map_or(true, |faults| !faults.is_empty()));
            for ending in ["-wal", "-shm"] {
                drop(fs::remove_file(beside(&path, ending)));
            }
        }
        println!("struck, and seen by SQLite alone: {seen:?}");
        restore(&whole);
        assert_eq!(compare(&path).unwrap(), Since::Same);
        assert_eq!(seen.len(), PageRot::ALL.len().min(wanted()));
    }

    #[test]
    fn a_store_that_is_open_or_was_written_since_is_not_called_rotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = closed(dir.path());
        let store = Store::open(&path, &office::MIGRATIONS).unwrap();
        store.write(|tx| office::setting::set(tx, "another", "value")).unwrap();
        assert_eq!(compare(&path).unwrap(), Since::Unknown, "it is open");
        take(&path).unwrap();
        drop(store);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(compare(&path).unwrap(), Since::Unknown, "what was taken while it was open says nothing");
        take(&path).unwrap();
        assert_eq!(compare(&path).unwrap(), Since::Same);
    }

    /// A file system's clock ticks every few milliseconds: what is written twice within one tick has one time.
    #[test]
    fn a_store_that_was_written_again_at_the_same_time_is_not_called_rotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = closed(dir.path());
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let store = Store::open(&path, &office::MIGRATIONS).unwrap();
        store.write(|tx| office::setting::set(tx, "another", "value")).unwrap();
        drop(store);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        assert_eq!(compare(&path).unwrap(), Since::Unknown, "nobody took an imprint of this");
        take(&path).unwrap();
        assert_eq!(compare(&path).unwrap(), Since::Same);
    }
}
