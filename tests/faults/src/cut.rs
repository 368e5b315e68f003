//! A disk as it may be after the power failed.
//!
//! What was synced is there: a file's bytes by a sync of that file, names by a sync of their folder, everything by a sync
//! of everything. Of the rest there is an arbitrary part, as a POSIX file system may have carried it out:
//!
//! - of unsynced bytes any pieces of 4 KiB, the last of an append also in part, or as zeros where only the length came
//!   through;
//! - of unsynced names any that do not stand on others that were not carried out: what was done to the same name before,
//!   and the folder that it lies in. A rename is one thing and is there or not; a sync of either folder makes it durable.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use fs_err as fs;
use rand::Rng as _;
use rand::rngs::StdRng;

use crate::copy;
use crate::journal::{Journal, Name, Node, Step, TOP};
use crate::said::Said;

/// What is written to the disk at once, bytes.
const PIECE: u64 = 4096;

/// Whether a file is gone with the power, whatever was written to it: what SQLite keeps in shared memory.
#[must_use]
pub fn is_volatile(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(b"-shm"))
}

/// A moment at which the power fails.
#[derive(Debug)]
pub struct Cut<'a> {
    journal: &'a Journal,
    /// What happened before.
    steps: &'a [Step],
    /// Whether syncs do what they say.
    honest: bool,
}

impl<'a> Cut<'a> {
    /// The moment after so many steps. `honest` is whether syncs do what they say: if not, nothing is ever durable.
    #[must_use]
    pub fn after(journal: &'a Journal, steps: usize, honest: bool) -> Self {
        let steps = journal.steps.get(..steps).unwrap_or(&journal.steps);
        Self { journal, steps, honest }
    }

    /// What had been said.
    #[must_use]
    pub fn said(&self) -> Vec<Said> {
        let said =
            self.steps.iter().filter_map(|step| if let Step::Said(said) = step { Some(said) } else { None });
        said.cloned().collect()
    }

    /// Makes the disk at `to`. `origin` is the folder as it was before anything happened; `keep` is how likely it is that
    /// something unsynced is there, 0..=1.
    ///
    /// # Errors
    ///
    /// When it can't be read or written.
    pub fn make(&self, origin: &Path, to: &Path, keep: f64, dice: &mut StdRng) -> Result<()> {
        let names = self.names(keep, dice);
        copy::remove(to)?;
        let mut inside: BTreeMap<Node, Vec<(&OsStr, Node)>> = BTreeMap::new();
        for ((dir, name), node) in &names {
            inside.entry(*dir).or_default().push((name, *node));
        }
        let folders = self.folders();
        let mut open = vec![(TOP, to.to_owned())];
        while let Some((node, path)) = open.pop() {
            std::fs::DirBuilder::new().mode(0o700).create(&path)?;
            for (name, inner) in inside.get(&node).into_iter().flatten() {
                let path = path.join(name);
                if folders.contains(inner) {
                    open.push((*inner, path));
                } else if !is_volatile(&path) {
                    self.write(*inner, origin, &path, keep, dice)?;
                }
            }
        }
        Ok(())
    }

    /// All nodes that are folders.
    fn folders(&self) -> BTreeSet<Node> {
        let made = self.steps.iter().filter_map(|step| match step {
            Step::MakeDir(_, node) => Some(*node),
            _ => None,
        });
        let there = self.journal.names.values().filter(|node| !self.journal.files.contains_key(node));
        made.chain(there.copied()).chain([TOP]).collect()
    }

    /// Which names there are.
    fn names(&self, keep: f64, dice: &mut StdRng) -> BTreeMap<Name, Node> {
        let deeds = self.deeds();
        let mut carried = vec![false; deeds.len()];
        for (at, deed) in deeds.iter().enumerate() {
            if deed.durable {
                carry(&deeds, at, &mut carried);
            }
        }
        for (at, deed) in deeds.iter().enumerate() {
            let stands = deed.stands_on.iter().all(|earlier| carried.get(*earlier) == Some(&true));
            if let Some(carried) = carried.get_mut(at).filter(|carried| !**carried) {
                *carried = stands && dice.random_bool(keep);
            }
        }
        let mut names = self.journal.names.clone();
        for (deed, _) in deeds.iter().zip(carried).filter(|(_, carried)| *carried) {
            match deed.step {
                Step::Name(name, node) | Step::MakeDir(name, node) => {
                    names.insert(name.clone(), *node);
                }
                Step::Rename(from, to) => {
                    if let Some(node) = names.remove(from) {
                        names.insert(to.clone(), node);
                    }
                }
                Step::Unlink(name) | Step::RemoveDir(name, _) => {
                    names.remove(name);
                }
                _ => {}
            }
        }
        names
    }

    /// Everything that was done to names.
    fn deeds(&self) -> Vec<Deed<'a>> {
        let mut deeds: Vec<Deed<'a>> = Vec::new();
        let mut last: HashMap<&Name, usize> = HashMap::new();
        let mut made: HashMap<Node, usize> = HashMap::new();
        let mut within: HashMap<Node, Vec<usize>> = HashMap::new();
        for step in self.steps {
            let names: Vec<&Name> = match step {
                Step::Name(name, _) | Step::MakeDir(name, _) => vec![name],
                Step::Unlink(name) | Step::RemoveDir(name, _) => vec![name],
                Step::Rename(from, to) => vec![from, to],
                Step::Sync(node) if self.honest => {
                    for deed in within.get(node).into_iter().flatten() {
                        deeds.get_mut(*deed).into_iter().for_each(|deed| deed.durable = true);
                    }
                    continue;
                }
                Step::SyncAll if self.honest => {
                    deeds.iter_mut().for_each(|deed| deed.durable = true);
                    continue;
                }
                _ => continue,
            };
            let at = deeds.len();
            let mut stands_on: Vec<usize> = Vec::new();
            for name in names {
                stands_on.extend(last.insert(name, at));
                stands_on.extend(made.get(&name.0));
                within.entry(name.0).or_default().push(at);
            }
            match step {
                Step::MakeDir(_, node) => {
                    made.insert(*node, at);
                }
                // A folder is empty before it is removed.
                Step::RemoveDir(_, node) => stands_on.extend(within.get(node).into_iter().flatten()),
                _ => {}
            }
            deeds.push(Deed { step, stands_on, durable: false });
        }
        deeds
    }

    /// Writes a file as it may be.
    fn write(&self, node: Node, origin: &Path, to: &Path, keep: f64, dice: &mut StdRng) -> Result<()> {
        let here: Vec<(usize, &Step)> = self
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step, Step::Write(at, ..) | Step::Resize(at, _) if *at == node))
            .collect();
        let base = self.journal.files.get(&node).map(|path| origin.join(path));
        if here.is_empty() {
            return match base {
                Some(base) => Ok(fs::copy(base, to).map(drop)?),
                None => Ok(fs::File::create(to).map(drop)?),
            };
        }
        let syncs = |step: &Step| matches!(step, Step::SyncAll) || *step == Step::Sync(node);
        let synced = self.steps.iter().rposition(syncs).filter(|_| self.honest).unwrap_or_default();
        let mut bytes = base.map(fs::read).transpose()?.unwrap_or_default();
        for (at, step) in here {
            match step {
                Step::Write(_, from, new) if at < synced => put(&mut bytes, *from, new)?,
                Step::Write(_, from, new) => put_some(&mut bytes, *from, new, keep, dice)?,
                Step::Resize(_, len) if at < synced || dice.random_bool(keep) => {
                    bytes.resize(usize::try_from(*len)?, 0);
                }
                _ => {}
            }
        }
        Ok(fs::write(to, bytes)?)
    }
}

/// Something that was done to names.
struct Deed<'a> {
    step: &'a Step,
    /// The deeds without which it can't be there.
    stands_on: Vec<usize>,
    durable: bool,
}

/// Carries a deed out, with all that it stands on.
fn carry(deeds: &[Deed<'_>], at: usize, carried: &mut [bool]) {
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        if let Some(carried) = carried.get_mut(at).filter(|carried| !**carried) {
            *carried = true;
            open.extend(deeds.get(at).into_iter().flat_map(|deed| &deed.stands_on));
        }
    }
}

/// Writes bytes at a place, with zeros before it where there was nothing.
fn put(bytes: &mut Vec<u8>, from: u64, new: &[u8]) -> Result<()> {
    let from = usize::try_from(from)?;
    let end = from + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes.get_mut(from..end).context("just made long enough")?.copy_from_slice(new);
    Ok(())
}

/// Writes some pieces of what was written.
fn put_some(bytes: &mut Vec<u8>, from: u64, new: &[u8], keep: f64, dice: &mut StdRng) -> Result<()> {
    let (mut at, mut rest) = (from, new);
    while !rest.is_empty() {
        let until_next = usize::try_from(PIECE - at % PIECE)?;
        let (piece, more) = rest.split_at(until_next.min(rest.len()));
        let is_new = usize::try_from(at)? + piece.len() > bytes.len();
        match dice.random_bool(keep) {
            true if is_new && dice.random_ratio(1, 4) => {
                put(bytes, at, piece.get(..dice.random_range(0..=piece.len())).unwrap_or_default())?;
            }
            true => put(bytes, at, piece)?,
            // The length came through, and the bytes did not.
            false if is_new && keep > 0.0 && dice.random_ratio(1, 4) => {
                put(bytes, at, &vec![0; piece.len()])?
            }
            false => {}
        }
        (at, rest) = (at + piece.len() as u64, more);
    }
    Ok(())
}
