//! What an operation wrote, in its order: bytes, names, and what was made durable when.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use nix::unistd::Pid;

use crate::call::{Call, Kind};
use crate::said::Said;

/// A file or folder, whatever its names.
pub type Node = usize;

/// The folder at the top, below which everything is recorded.
pub const TOP: Node = 0;

/// A name in a folder.
pub type Name = (Node, OsString);

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A name for a file, new or one more.
    Name(Name, Node),
    /// A new folder.
    MakeDir(Name, Node),
    /// Another name; what had that name has none any more.
    Rename(Name, Name),
    /// A name less.
    Unlink(Name),
    /// A folder less.
    RemoveDir(Name, Node),
    /// Bytes of a file, from a place on.
    Write(Node, u64, Vec<u8>),
    /// How many bytes a file has.
    Resize(Node, u64),
    /// A file's bytes, or a folder's names, are durable.
    Sync(Node),
    /// Everything is durable.
    SyncAll,
    /// The driver said something.
    Said(Said),
}

/// What was there before, and what happened then.
#[derive(Debug, Default)]
pub struct Journal {
    /// Every name there was.
    pub names: BTreeMap<Name, Node>,
    /// Where the bytes of each file lay, seen from the top.
    pub files: BTreeMap<Node, PathBuf>,
    /// What happened.
    pub steps: Vec<Step>,
    /// How many files and folders there ever were.
    nodes: usize,
}

impl Journal {
    /// How many steps there were when the n-th word had been said, counted from 1.
    ///
    /// # Errors
    ///
    /// When so many were not said.
    pub fn after_word(&self, number: u64) -> Result<usize> {
        let mut words = self.steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Said(_)));
        let word = usize::try_from(number)?.checked_sub(1).and_then(|before| words.nth(before));
        Ok(1 + word.with_context(|| format!("it does not say {number} words"))?.0)
    }
}

/// Writes a journal while things happen.
#[derive(Debug)]
pub struct Recorder {
    top: PathBuf,
    journal: Journal,
    inodes: HashMap<u64, Node>,
}

/// What must be looked at before a call is done.
#[derive(Debug, Default)]
pub struct Before {
    /// Whether there is something of the name.
    exists: bool,
    /// The folder or file that the name has.
    node: Option<Node>,
}

impl Recorder {
    /// Looks at everything below a folder.
    ///
    /// # Errors
    ///
    /// When it can't be read, or holds anything but files and folders.
    pub fn begin(top: &Path) -> Result<Self> {
        let mut recorder = Self { top: top.to_owned(), journal: Journal::default(), inodes: HashMap::new() };
        let node = recorder.fresh(top)?;
        ensure!(node == TOP, "the top comes first");
        recorder.look_into(top, node)?;
        Ok(recorder)
    }

    fn look_into(&mut self, dir: &Path, node: Node) -> Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let inner = match self.inodes.get(&entry.metadata()?.ino()) {
                Some(known) => *known,
                None => self.fresh(&path)?,
            };
            self.journal.names.insert((node, entry.file_name()), inner);
            if kind.is_dir() {
                self.look_into(&path, inner)?;
            } else if kind.is_file() {
                self.journal.files.insert(inner, path.strip_prefix(&self.top)?.to_owned());
            } else {
                bail!("{} is neither file nor folder", path.display());
            }
        }
        Ok(())
    }

    /// The journal, as far as it has come.
    #[must_use]
    pub fn end(self) -> Journal {
        self.journal
    }

    /// The driver said something.
    pub fn hear(&mut self, said: Said) {
        self.journal.steps.push(Step::Said(said));
    }

    /// Looks at what a call is about to change.
    ///
    /// # Errors
    ///
    /// When it can't be found out.
    pub fn before(&self, thread: Pid, call: &Call) -> Result<Before> {
        let node = match (call.kind, call.fd) {
            // What may be made durable is known before: what others write meanwhile need not be.
            (Kind::Sync, Some(fd)) => Some(self.opened(thread, fd)?),
            (Kind::RemoveDir, _) => call.paths.first().map(|path| self.known(path)).transpose()?,
            _ => None,
        };
        let exists = call.paths.first().is_some_and(|path| path.symlink_metadata().is_ok());
        Ok(Before { exists, node })
    }

    /// Notes what a call has done. `result` is what it returned.
    ///
    /// # Errors
    ///
    /// When it did what no power cut can be made of here, or it can't be found out what it did.
    pub fn after(&mut self, thread: Pid, call: &Call, before: &Before, result: i64) -> Result<()> {
        if result < 0 || call.kind == Kind::Map && self.is_harmless(call) {
            return Ok(());
        }
        let path = call.paths.first().cloned().unwrap_or_default();
        let step = match call.kind {
            Kind::Say | Kind::Permit | Kind::Hint => return Ok(()),
            Kind::Write(at) => self.written(thread, call, at, result)?,
            Kind::Resize => {
                let node = match call.fd {
                    Some(fd) => self.opened(thread, fd)?,
                    None => self.known(&path)?,
                };
                let now = call.fd.map_or(path, |fd| format!("/proc/{thread}/fd/{fd}").into());
                Step::Resize(node, fs::metadata(now)?.len())
            }
            Kind::Open if before.exists => {
                let opened = fs::metadata(format!("/proc/{thread}/fd/{result}"))?;
                // Whether it was emptied shows in its length.
                if opened.len() > 0 || opened.is_dir() {
                    return Ok(());
                }
                Step::Resize(self.known(&path)?, 0)
            }
            Kind::Open => {
                let at = self.name(&path)?;
                Step::Name(at, self.fresh(&path)?)
            }
            Kind::OpenUnnamed => {
                self.fresh(Path::new(&format!("/proc/{thread}/fd/{result}")))?;
                return Ok(());
            }
            Kind::MakeDir => {
                let at = self.name(&path)?;
                Step::MakeDir(at, self.fresh(&path)?)
            }
            Kind::Rename => {
                let to = call.paths.get(1).context("it has no new name")?;
                Step::Rename(self.name(&path)?, self.name(to)?)
            }
            Kind::Link => {
                let to = call.paths.get(1).context("it has no new name")?;
                Step::Name(self.name(to)?, self.known(to)?)
            }
            Kind::Unlink => Step::Unlink(self.name(&path)?),
            Kind::RemoveDir => Step::RemoveDir(self.name(&path)?, before.node.context("it was not there")?),
            Kind::Sync => Step::Sync(before.node.context("it was not there")?),
            Kind::SyncAll => Step::SyncAll,
            Kind::Symlink | Kind::Splice | Kind::Map => bail!("{call} is not followed by the journal"),
        };
        self.journal.steps.push(step);
        Ok(())
    }

    /// What SQLite's processes say to each other is made anew at every start.
    fn is_harmless(&self, call: &Call) -> bool {
        call.paths.iter().all(|path| !path.starts_with(&self.top) || crate::cut::is_volatile(path))
    }

    fn written(&self, thread: Pid, call: &Call, at: Option<u64>, result: i64) -> Result<Step> {
        let fd = call.fd.context("it writes to no file")?;
        let len = u64::try_from(result)?;
        let at = match at {
            Some(at) => at,
            None => position(thread, fd)?.checked_sub(len).context("it wrote before the beginning")?,
        };
        let mut bytes = vec![0; usize::try_from(len)?];
        fs::File::open(format!("/proc/{thread}/fd/{fd}"))?.file().read_exact_at(&mut bytes, at)?;
        Ok(Step::Write(self.opened(thread, fd)?, at, bytes))
    }

    /// The file or folder that is open.
    fn opened(&self, thread: Pid, fd: i32) -> Result<Node> {
        self.known(Path::new(&format!("/proc/{thread}/fd/{fd}")))
    }

    fn known(&self, path: &Path) -> Result<Node> {
        let inode = fs::metadata(path)?.ino();
        self.inodes.get(&inode).copied().with_context(|| format!("{} is not known", path.display()))
    }

    /// A file or folder that is new, even if another had its number before.
    fn fresh(&mut self, path: &Path) -> Result<Node> {
        let node = self.journal.nodes;
        self.journal.nodes += 1;
        self.inodes.insert(fs::metadata(path)?.ino(), node);
        Ok(node)
    }

    fn name(&self, path: &Path) -> Result<Name> {
        let (dir, name) = path.parent().zip(path.file_name()).context("it has no name")?;
        Ok((self.known(dir)?, name.to_owned()))
    }
}

/// Where a thread reads or writes an open file next.
fn position(thread: Pid, fd: i32) -> Result<u64> {
    let about = fs::read_to_string(format!("/proc/{thread}/fdinfo/{fd}"))?;
    let at = about.lines().find_map(|line| line.strip_prefix("pos:"));
    Ok(at.context("an open file has no place")?.trim().parse()?)
}
