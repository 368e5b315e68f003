//! Where the ledger lives on disk: append, checkpoint, read, prove, examine.
//!
//! The directory is a C2SP tlog-tiles log and can be served as static files:
//!
//! ```text
//! checkpoint            the signed tree head; replaced as a whole
//! tile/0/…, tile/1/…    hashes, 256 to a file
//! tile/entries/…        the leaves, 256 to a file
//! acknowledged          how many leaves their senders have on record
//! lock                  held by the one program that may append
//! ```
//!
//! Leaves hold salted commitments ([`Event::leaf`]), never personal data.
//!
//! **Crash.** Leaves and hashes are on disk, synced, before the checkpoint that covers them; the checkpoint is replaced in one
//! step. Whatever a crash leaves beyond the checkpoint is not part of the log and is overwritten by the next batch. A sender that
//! doesn't know whether its batch arrived sends it again: leaves already in the log and not yet acknowledged are recognised.

mod disk;
mod event;
mod fsck;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io,
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;
use ledger::{
    Checkpoint, CheckpointError, EntryPath, Hash, KeyName, MAX_ENTRY, MemoryTree, NoteSignature, NoteSigner,
    OfflineProof, SignedCheckpoint, Tile, TileSource, Tiles, VerifierKey, decode_bundle, encode_bundle,
    leaf_hash, new_tiles,
};

use self::disk::Step;
pub use self::{
    event::Event,
    fsck::{Finding, fsck},
};

const CHECKPOINT: &str = "checkpoint";
const ACKNOWLEDGED: &str = "acknowledged";
const LOCK: &str = "lock";

/// The ledger, open for appending. Only one program can have it open.
#[derive(Debug)]
pub struct Log {
    dir: PathBuf,
    signer: NoteSigner,
    checkpoint: SignedCheckpoint,
    acknowledged: u64,
    /// Leaves not yet acknowledged, by their hash.
    tail: HashMap<Hash, u64>,
    _lock: File,
}

/// Why a ledger can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory can't be read or written.
    #[error("could not open the ledger")]
    Io(#[from] io::Error),
    /// Another program has it open.
    #[error("another program has the ledger open")]
    Locked,
    /// There are tiles but no checkpoint: something was removed.
    #[error("the ledger's checkpoint is missing")]
    NoCheckpoint,
    /// The checkpoint is not signed by this key for this origin.
    #[error("the ledger's checkpoint is not valid")]
    Checkpoint(#[from] CheckpointError),
    /// The leaves at the end can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why something can't be read from the ledger, or proven.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file can't be read.
    #[error("could not read {path} of the ledger")]
    Io {
        /// Which file, within the ledger.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file doesn't hold what it should.
    #[error("{path} of the ledger is damaged")]
    Damaged {
        /// Which file, within the ledger.
        path: String,
    },
    /// The ledger has no such leaf, or not so many.
    #[error("{index} lies outside a ledger of {size} leaves")]
    Outside {
        /// What was asked for.
        index: u64,
        /// How many leaves there are.
        size: u64,
    },
}

/// Why leaves can't be appended. The ledger is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A leaf is longer than 65535 bytes.
    #[error("a leaf of {0} bytes is too long for the ledger")]
    TooLong(usize),
    /// The end of the ledger can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something can't be written. What was written lies beyond the checkpoint and is not part of the log.
    #[error("could not write to the ledger")]
    Write(#[from] io::Error),
    /// The checkpoint can't be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Why a witness's cosignature is not kept.
#[derive(Debug, thiserror::Error)]
pub enum CosignError {
    /// The witness signed something else, or an older checkpoint; it must look again.
    #[error("not a cosignature of the newest checkpoint by this witness")]
    NotThisOne,
    /// It can't be written.
    #[error("could not keep the cosignature")]
    Write(#[from] io::Error),
}

impl Log {
    /// Opens the ledger in `dir`, or begins an empty one if there is nothing.
    ///
    /// # Errors
    ///
    /// If another program has it open, or its checkpoint is missing or not signed by `key` for `origin`.
    pub fn open(dir: impl Into<PathBuf>, origin: KeyName, key: SigningKey) -> Result<Self, OpenError> {
        let (dir, signer) = (dir.into(), NoteSigner::log(origin.clone(), key));
        fs_err::create_dir_all(&dir)?;
        let lock = lock(&dir.join(LOCK))?;
        let path = dir.join(CHECKPOINT);
        if !path.exists() {
            if dir.join("tile").exists() {
                return Err(OpenError::NoCheckpoint);
            }
            let empty = Checkpoint { origin, size: 0, root: Hash::empty() }.sign(&signer)?;
            Step::replace(CHECKPOINT, empty.to_string().into_bytes()).run(&dir)?;
        }
        let checkpoint: SignedCheckpoint = fs_err::read_to_string(&path)?.parse()?;
        checkpoint.verify(&signer.verifier_key())?;
        let mut log = Self { dir, signer, checkpoint, acknowledged: 0, tail: HashMap::new(), _lock: lock };
        log.acknowledged = log.read_acknowledged()?;
        for index in log.acknowledged..log.size() {
            let hash = log.leaf_hash(index)?;
            log.tail.insert(hash, index);
        }
        Ok(log)
    }

    /// How many leaves the ledger has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.claimed().size
    }

    /// The root over all leaves.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.checkpoint.claimed().root
    }

    /// The newest checkpoint, with the cosignatures it has so far.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The key that others check the ledger with.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        self.signer.verifier_key()
    }

    /// Appends leaves and signs a checkpoint over them. Returns where each leaf stands, in the order of the batch.
    ///
    /// A leaf that is already there and not yet acknowledged is not appended again: its old place is returned.
    ///
    /// # Errors
    ///
    /// If a leaf is too long or something can't be read or written. The ledger is as before then, and the same batch can be
    /// sent again.
    pub fn append(&mut self, batch: &[Vec<u8>]) -> Result<Vec<u64>, AppendError> {
        let mut fresh: Vec<&[u8]> = Vec::new();
        let mut added = HashMap::new();
        let mut places = Vec::with_capacity(batch.len());
        for data in batch {
            if data.len() > MAX_ENTRY {
                return Err(AppendError::TooLong(data.len()));
            }
            let hash = leaf_hash(data);
            let known = self.tail.get(&hash).or_else(|| added.get(&hash)).copied();
            places.push(known.unwrap_or_else(|| {
                let index = self.size() + fresh.len() as u64;
                fresh.push(data);
                added.insert(hash, index);
                index
            }));
        }
        if !fresh.is_empty() {
            let (steps, checkpoint) = self.steps(&fresh)?;
            let written = steps.iter().try_for_each(|step| step.run(&self.dir));
            // A failure after the checkpoint was replaced doesn't take the leaves out again.
            if written.is_ok() || self.on_disk().as_ref() == Some(&checkpoint) {
                self.checkpoint = checkpoint;
                self.tail.extend(added);
            }
            written?;
        }
        Ok(places)
    }

    fn on_disk(&self) -> Option<SignedCheckpoint> {
        fs_err::read_to_string(self.dir.join(CHECKPOINT)).ok()?.parse().ok()
    }

    /// Notes that the senders of all leaves below `size` have them on record and will not send them again.
    ///
    /// # Errors
    ///
    /// If it can't be written. Then nothing changes.
    pub fn acknowledge(&mut self, size: u64) -> io::Result<()> {
        let size = size.min(self.size());
        if size > self.acknowledged {
            Step::replace(ACKNOWLEDGED, format!("{size}\n").into_bytes()).run(&self.dir)?;
            self.acknowledged = size;
            self.tail.retain(|_, index| *index >= size);
        }
        Ok(())
    }

    /// Keeps a witness's cosignature of the newest checkpoint.
    ///
    /// # Errors
    ///
    /// If it is not one, or can't be written.
    pub fn add_cosignature(
        &mut self,
        witness: &VerifierKey,
        signature: NoteSignature,
    ) -> Result<(), CosignError> {
        if self.checkpoint.cosignature(witness).is_some() {
            return Ok(());
        }
        let mut cosigned = self.checkpoint.clone();
        cosigned.add(signature);
        if cosigned.cosignature(witness).is_none() {
            return Err(CosignError::NotThisOne);
        }
        Step::replace(CHECKPOINT, cosigned.to_string().into_bytes()).run(&self.dir)?;
        self.checkpoint = cosigned;
        Ok(())
    }

    /// Returns the data of a leaf.
    ///
    /// # Errors
    ///
    /// If there is no such leaf, or it can't be read.
    pub fn leaf(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let size = self.size();
        let path = EntryPath::holding(index, size).ok_or(ReadError::Outside { index, size })?;
        let at = usize::from(index.to_le_bytes()[0]);
        self.bundle(path)?.into_iter().nth(at).ok_or(ReadError::Damaged { path: path.to_string() })
    }

    /// Returns the bytes of the file of a tile, exactly as others fetch it.
    ///
    /// # Errors
    ///
    /// If the ledger has no such tile, or it can't be read.
    pub fn tile_bytes(&self, tile: Tile) -> Result<Vec<u8>, ReadError> {
        Ok(Tile::encode(&self.tile(tile)?))
    }

    /// Returns the entries of a bundle.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn bundle(&self, path: EntryPath) -> Result<Vec<Vec<u8>>, ReadError> {
        let text = path.to_string();
        let entries = decode_bundle(&read(&self.dir, &text)?).ok();
        entries
            .filter(|entries| entries.len() == usize::from(path.width()))
            .ok_or(ReadError::Damaged { path: text })
    }

    /// Proves that leaf `index` is in the ledger as of the newest checkpoint. The proof stands alone.
    ///
    /// # Errors
    ///
    /// If there is no such leaf, or a tile can't be read.
    pub fn proof(&self, index: u64) -> Result<OfflineProof, ReadError> {
        let hashes = self.inclusion_proof(index, self.size())?;
        Ok(OfflineProof { extra: None, index, hashes, checkpoint: self.checkpoint.clone() })
    }

    /// Proves that leaf `index` is among the first `size` leaves.
    ///
    /// # Errors
    ///
    /// If there are not so many leaves, or a tile can't be read.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        self.within(size)?;
        ledger::inclusion_proof(&Tiles::new(self, size), index, size).map_err(tree_error)
    }

    /// Proves that the first `old` leaves are a beginning of the first `new` leaves.
    ///
    /// # Errors
    ///
    /// If there are not so many leaves, or a tile can't be read.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, ReadError> {
        self.within(new)?;
        ledger::consistency_proof(&Tiles::new(self, new), old, new).map_err(tree_error)
    }

    /// The root over the first `size` leaves.
    ///
    /// # Errors
    ///
    /// If there are not so many leaves, or a tile can't be read.
    pub fn root_at(&self, size: u64) -> Result<Hash, ReadError> {
        self.within(size)?;
        ledger::root(&Tiles::new(self, size), size).map_err(tree_error)
    }

    const fn within(&self, size: u64) -> Result<(), ReadError> {
        if size > self.size() { Err(ReadError::Outside { index: size, size: self.size() }) } else { Ok(()) }
    }

    fn leaf_hash(&self, index: u64) -> Result<Hash, ReadError> {
        self.leaf(index).map(|data| leaf_hash(&data))
    }

    fn read_acknowledged(&self) -> Result<u64, OpenError> {
        let path = self.dir.join(ACKNOWLEDGED);
        let text = if path.exists() { fs_err::read_to_string(path)? } else { "0\n".to_owned() };
        let damaged = ReadError::Damaged { path: ACKNOWLEDGED.to_owned() };
        // An acknowledgement beyond the checkpoint can't be: the ledger was put back to an older state.
        Ok(text.trim_end().parse().ok().filter(|acknowledged| *acknowledged <= self.size()).ok_or(damaged)?)
    }

    /// What has to be written to append `fresh`, in order: bundles and tiles, then the checkpoint, then what is no longer needed.
    fn steps(&self, fresh: &[&[u8]]) -> Result<(Vec<Step>, SignedCheckpoint), AppendError> {
        let (old, new) = (self.size(), self.size() + fresh.len() as u64);
        let mut steps = self.bundle_steps(fresh, old, new)?;
        let grown = self.grow(fresh, old, new)?;
        for (tile, hashes) in &grown.tiles {
            steps.push(Step::write(tile.to_string(), Tile::encode(hashes)));
        }
        steps.push(Step::SyncDirs);
        let root = ledger::root(&Tiles::new(&grown, new), new).map_err(tree_error)?;
        let checkpoint = Checkpoint { origin: self.checkpoint.claimed().origin.clone(), size: new, root }
            .sign(&self.signer)?;
        steps.push(Step::replace(CHECKPOINT, checkpoint.to_string().into_bytes()));
        steps.extend(new_tiles(old, new).into_iter().filter(|tile| tile.is_full()).flat_map(outgrown));
        Ok((steps, checkpoint))
    }

    fn bundle_steps(&self, fresh: &[&[u8]], old: u64, new: u64) -> Result<Vec<Step>, AppendError> {
        let mut entries = match old.checked_sub(1).and_then(|last| EntryPath::holding(last, old)) {
            Some(path) if path.width() < ledger::TILE_WIDTH => self.bundle(path)?,
            _ => Vec::new(),
        };
        entries.extend(fresh.iter().map(|data| data.to_vec()));
        let first = old / u64::from(ledger::TILE_WIDTH);
        let mut steps = Vec::new();
        for (n, chunk) in (0..).zip(entries.chunks(usize::from(ledger::TILE_WIDTH))) {
            let path = EntryPath::holding((first + n) * u64::from(ledger::TILE_WIDTH), new);
            let bytes = encode_bundle(chunk.iter().map(Vec::as_slice))
                .map_err(|_| AppendError::TooLong(MAX_ENTRY))?;
            steps.extend(path.map(|path| Step::write(path.to_string(), bytes)));
        }
        Ok(steps)
    }

    /// The tiles that `fresh` makes new or wider.
    fn grow<'a>(&'a self, fresh: &[&[u8]], old: u64, new: u64) -> Result<Grown<'a>, ReadError> {
        let mut grown = Grown { log: self, tiles: BTreeMap::new() };
        for tile in new_tiles(old, new) {
            let level = u32::from(tile.level());
            let first = tile.index() * u64::from(ledger::TILE_WIDTH);
            let before = (old >> (8 * level)).saturating_sub(first);
            let mut hashes =
                match u16::try_from(before).ok().and_then(|w| Tile::new(tile.level(), tile.index(), w)) {
                    Some(before) => self.tile(before)?,
                    None => Vec::new(),
                };
            for n in first + hashes.len() as u64..first + u64::from(tile.width()) {
                hashes.push(
                    match tile.level().checked_sub(1) {
                        None => usize::try_from(n - old)
                            .ok()
                            .and_then(|n| fresh.get(n))
                            .map(|data| leaf_hash(data)),
                        Some(below) => Tile::new(below, n, ledger::TILE_WIDTH)
                            .and_then(|below| grown.tiles.get(&below))
                            .map(|hashes| hashes.iter().copied().collect::<MemoryTree>().root()),
                    }
                    .ok_or_else(|| ReadError::Damaged { path: tile.to_string() })?,
                );
            }
            grown.tiles.insert(tile, hashes);
        }
        Ok(grown)
    }
}

/// The tiles on disk with the new ones over them.
struct Grown<'a> {
    log: &'a Log,
    tiles: BTreeMap<Tile, Vec<Hash>>,
}

impl TileSource for Grown<'_> {
    type Error = ReadError;

    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, ReadError> {
        self.tiles.get(&tile).map_or_else(|| self.log.tile(tile), |hashes| Ok(hashes.clone()))
    }
}

impl TileSource for Log {
    type Error = ReadError;

    /// Reads a tile, also one that was narrower at an earlier size.
    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, ReadError> {
        let now = Tile::at(tile.level(), tile.index(), self.size()).filter(|now| now.width() >= tile.width());
        let now = now.ok_or(ReadError::Outside { index: tile.index(), size: self.size() })?;
        let path = now.to_string();
        let mut hashes = now.decode(&read(&self.dir, &path)?).ok_or(ReadError::Damaged { path })?;
        hashes.truncate(usize::from(tile.width()));
        Ok(hashes)
    }
}

/// Narrower versions of a full tile, and of its bundle.
fn outgrown(tile: Tile) -> Vec<Step> {
    let mut steps = vec![Step::Remove(format!("{tile}.p"))];
    if tile.level() == 0 {
        steps.extend(
            EntryPath::new(tile.index(), ledger::TILE_WIDTH).map(|path| Step::Remove(format!("{path}.p"))),
        );
    }
    steps
}

fn read(dir: &Path, path: &str) -> Result<Vec<u8>, ReadError> {
    std::fs::read(dir.join(path)).map_err(|source| ReadError::Io { path: path.to_owned(), source })
}

fn tree_error(error: ledger::TreeError<ledger::TilesError<ReadError>>) -> ReadError {
    match error {
        ledger::TreeError::Outside { index, size } => ReadError::Outside { index, size },
        ledger::TreeError::Read(ledger::TilesError::Read(error)) => error,
        ledger::TreeError::Read(ledger::TilesError::Width(tile)) => {
            ReadError::Damaged { path: tile.to_string() }
        }
    }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(error) if error == rustix::io::Errno::WOULDBLOCK => Err(OpenError::Locked),
        Err(error) => Err(OpenError::Io(error.into())),
    }
}
