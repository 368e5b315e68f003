//! Erasing: overwrite, sync, remove, sync the folder; one file after the other, each step on record before the next.
//!
//! - Nothing is erased without [`Authorised`], which only a conversation gives in which both codes matched.
//! - Only files of the manifest are touched: objects of the case and declared derivatives, as they were proven. A file
//!   whose bytes have changed since is left alone and counted as an error.
//! - After a crash the same command goes on: what was begun is overwritten again, what is gone is not looked for.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};
use handshake::state::State;
use jiff::Timestamp;
use ledger::Hash;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};

use crate::inventory::{FoundFile, Place, What, digest};

/// The school has authorised the erasure, and both codes were heard.
#[derive(Debug)]
pub struct Authorised(());

impl Authorised {
    /// Whether the conversation has come to the authorisation.
    #[must_use]
    pub fn by(state: &State) -> Option<Self> {
        let said = state.said();
        (state.is_past_return() && said.confirm.is_some() && said.authorise.is_some()).then_some(Self(()))
    }
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// It is about to be overwritten: from here on its bytes no longer tell what it was.
    Begun,
    /// It is overwritten and removed, durably.
    Gone,
    /// It was left, or could not be erased.
    Failed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    file: usize,
    step: Step,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Why an erasure can't go on at all. What goes wrong with a single file is counted instead.
#[derive(Debug, thiserror::Error)]
#[error("could not use the record of the erasure, {}", path.display())]
pub struct EraseError {
    path: PathBuf,
    source: io::Error,
}

/// An erasure under way.
#[derive(Debug)]
pub struct Erasure<'a> {
    files: Vec<(usize, &'a FoundFile)>,
    folders: BTreeMap<&'a str, &'a Path>,
    log: PathBuf,
    record: fs::File,
    state: BTreeMap<usize, Step>,
    tried: usize,
    begun: Option<Timestamp>,
    ended: Option<Timestamp>,
}

/// How far one place is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that are gone.
    pub gone: u64,
    /// Bytes of the files that are gone.
    pub bytes: u64,
    /// Bytes of all files to be erased.
    pub total: u64,
    /// Files that could not be erased, or were left.
    pub failed: u64,
}

impl<'a> Erasure<'a> {
    /// Begins an erasure, or goes on with one. `log` is its record.
    ///
    /// # Errors
    ///
    /// If the record can't be read or written.
    pub fn open(manifest: &'a [FoundFile], places: &'a [Place], log: PathBuf) -> Result<Self, EraseError> {
        let failed = |source| EraseError { path: log.clone(), source };
        let text = match fs::read_to_string(&log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(failed)?,
        };
        // A line that a crash cut off stands for nothing.
        let lines: Vec<Line> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let mut record =
            fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&log).map_err(failed)?;
        if !text.is_empty() && !text.ends_with('\n') {
            record.write_all(b"\n").map_err(failed)?;
        }
        let erasable = |file: &FoundFile| matches!(file.what, What::Object(_) | What::Derivative(_));
        Ok(Self {
            files: manifest.iter().enumerate().filter(|(_, file)| erasable(file)).collect(),
            folders: places
                .iter()
                .filter_map(|place| Some((place.declared.id.as_str(), place.folder.as_deref()?)))
                .collect(),
            begun: lines.first().map(|line| line.at),
            ended: lines.last().map(|line| line.at),
            state: lines.into_iter().map(|line| (line.file, line.step)).collect(),
            log,
            record,
            tried: 0,
        })
    }

    /// Erases the next file. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// If the record can't be written; nothing more is erased then.
    pub fn next(&mut self, _authorised: &Authorised) -> Result<bool, EraseError> {
        let Some(&(number, file)) = self.files.get(self.tried) else { return Ok(false) };
        self.tried += 1;
        let before = self.state.get(&number).copied();
        if before == Some(Step::Gone) {
            return Ok(true);
        }
        match self.erase(number, file, before == Some(Step::Begun))? {
            Ok(()) => self.note(number, Step::Gone, None)?,
            // What was begun stays begun: its bytes no longer tell what it was, and it must be gone on with.
            Err(reason) if self.state.get(&number) == Some(&Step::Begun) => {
                tracing::error!("A file could not be erased: {reason}.");
            }
            Err(reason) => self.note(number, Step::Failed, Some(reason))?,
        }
        Ok(true)
    }

    fn erase(
        &mut self,
        number: usize,
        file: &FoundFile,
        begun: bool,
    ) -> Result<Result<(), String>, EraseError> {
        if begun && is_gone(&file.path) {
            return Ok(sync_parent(&file.path).map_err(|error| error.to_string()));
        }
        if let Err(reason) = self.may_touch(file, begun) {
            return Ok(Err(reason));
        }
        if !begun {
            self.note(number, Step::Begun, None)?;
        }
        Ok(overwrite(&file.path)
            .and_then(|()| fs::remove_file(&file.path))
            .and_then(|()| sync_parent(&file.path))
            .map_err(|error| error.to_string()))
    }

    /// Looks once more before anything is overwritten: the file lies in its folder, is a file, has one name, and its
    /// bytes are those that were proven.
    fn may_touch(&self, file: &FoundFile, begun: bool) -> Result<(), String> {
        let folder = self.folders.get(file.location.as_str()).ok_or("its place has no folder")?;
        let parent = file.path.parent().ok_or("it lies nowhere")?;
        let real = fs::canonicalize(parent).map_err(|error| error.to_string())?;
        let data = fs::symlink_metadata(&file.path).map_err(|error| error.to_string())?;
        if !real.starts_with(folder) || !data.is_file() || data.nlink() > 1 {
            return Err("it is not a file of its own within the declared folder".to_owned());
        }
        if begun {
            return Ok(());
        }
        let (sha256, _) = digest(&file.path).map_err(|error| error.to_string())?;
        if sha256 == file.sha256 {
            Ok(())
        } else {
            Err("its bytes have changed since they were proven".to_owned())
        }
    }

    fn note(&mut self, file: usize, step: Step, reason: Option<String>) -> Result<(), EraseError> {
        let at = Timestamp::now();
        self.state.insert(file, step);
        self.begun.get_or_insert(at);
        self.ended = Some(at);
        let written = serde_json::to_vec(&Line { file, step, at, reason }).map_err(io::Error::from).and_then(
            |mut line| {
                line.push(b'\n');
                self.record.write_all(&line)?;
                self.record.sync_data()
            },
        );
        written.map_err(|source| EraseError { path: self.log.clone(), source })
    }

    /// How far a place is.
    #[must_use]
    pub fn tally(&self, location: &str) -> Tally {
        let mut tally = Tally::default();
        for (number, file) in self.files.iter().filter(|(_, file)| file.location.as_str() == location) {
            tally.total += file.bytes;
            match self.state.get(number) {
                Some(Step::Gone) => {
                    tally.gone += 1;
                    tally.bytes += file.bytes;
                }
                Some(Step::Failed | Step::Begun) => tally.failed += 1,
                None => {}
            }
        }
        tally
    }

    /// When the first file was begun and the last one ended.
    #[must_use]
    pub fn between(&self) -> (Timestamp, Timestamp) {
        let now = Timestamp::now();
        (self.begun.unwrap_or(now), self.ended.unwrap_or(now))
    }

    /// SHA-256 of the record so far.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn record_hash(&self) -> Result<Hash, EraseError> {
        let bytes = fs::read(&self.log).map_err(|source| EraseError { path: self.log.clone(), source })?;
        Ok(Hash::of(&bytes))
    }
}

/// Whether nothing is at this path any more.
#[must_use]
pub fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Overwrites a file with random bytes and syncs it. Links are not followed.
fn overwrite(path: &Path) -> io::Result<()> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut file = fs::OpenOptions::new().write(true).custom_flags(no_follow).open(path)?;
    let mut left = file.metadata()?.len();
    let (mut chance, mut buffer) = (rand::rng(), vec![0; 256 * 1024]);
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let chunk = buffer.get_mut(..count).unwrap_or_default();
        chance.fill_bytes(chunk);
        file.write_all(chunk)?;
        left -= count as u64;
    }
    file.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}

#[cfg(test)]
mod tests {
    use handshake::objects::LocationId;

    use super::*;

    fn place(folder: &Path) -> Place {
        format!("kind=disk,id=here,path={}", folder.display()).parse().unwrap()
    }

    fn file(folder: &Path, name: &str, bytes: &[u8], what: What) -> FoundFile {
        let path = fs::canonicalize(folder).unwrap().join(name);
        fs::write(&path, bytes).unwrap();
        let location = LocationId::new("here").unwrap();
        FoundFile { location, path, sha256: Hash::of(bytes), bytes: bytes.len() as u64, what }
    }

    fn run(files: &[FoundFile], places: &[Place], log: &Path) -> Tally {
        let mut erasure = Erasure::open(files, places, log.to_owned()).unwrap();
        while erasure.next(&Authorised(())).unwrap() {}
        erasure.tally("here")
    }

    #[test]
    fn objects_and_derivatives_go_and_everything_else_stays() {
        let (dir, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = [
            file(dir.path(), "photo", b"a photo", What::Object(vec![0])),
            file(dir.path(), "thumb", b"a thumbnail", What::Derivative("thumbnails".to_owned())),
            file(dir.path(), "invoice", b"an invoice", What::Stays("accounts".to_owned())),
            file(dir.path(), "odd", b"odd", What::Unexplained),
        ];
        let tally = run(&files, &[place(dir.path())], &home.path().join("log"));
        assert_eq!((tally.gone, tally.failed), (2, 0));
        let left: Vec<bool> = files.iter().map(|file| is_gone(&file.path)).collect();
        assert_eq!(left, [true, true, false, false]);
    }

    #[test]
    fn a_file_that_changed_since_the_proof_is_left_alone() {
        let (dir, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = [file(dir.path(), "photo", b"a photo", What::Object(vec![0]))];
        fs::write(&files[0].path, b"something else").unwrap();
        let tally = run(&files, &[place(dir.path())], &home.path().join("log"));
        assert_eq!((tally.gone, tally.failed), (0, 1));
        assert_eq!(fs::read(&files[0].path).unwrap(), b"something else");
    }

    #[test]
    fn what_a_crash_left_half_overwritten_is_gone_on_with() {
        let (dir, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let log = home.path().join("log");
        let files = [
            file(dir.path(), "one", b"one photo", What::Object(vec![0])),
            file(dir.path(), "two", b"two photo", What::Object(vec![1])),
        ];
        fs::write(&files[0].path, b"half overwritten").unwrap();
        fs::write(&log, "{\"file\":0,\"step\":\"begun\",\"at\":\"2026-07-01T08:00:00Z\"}\n{\"file\":1,\"st")
            .unwrap();
        let places = [place(dir.path())];
        assert_eq!(run(&files, &places, &log).gone, 2);
        assert!(files.iter().all(|file| is_gone(&file.path)));
        assert_eq!(run(&files, &places, &log), Tally { gone: 2, bytes: 18, total: 18, failed: 0 });
    }

    #[test]
    fn a_link_put_in_a_files_place_leads_nowhere() {
        let (dir, home, other) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let outside = other.path().join("outside");
        fs::write(&outside, b"a photo").unwrap();
        let files = [file(dir.path(), "photo", b"a photo", What::Object(vec![0]))];
        fs::remove_file(&files[0].path).unwrap();
        fs_err::os::unix::fs::symlink(&outside, &files[0].path).unwrap();
        assert_eq!(run(&files, &[place(dir.path())], &home.path().join("log")).gone, 0);
        assert_eq!(fs::read(&outside).unwrap(), b"a photo");
    }
}
