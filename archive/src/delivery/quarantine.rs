//! Where bytes from outside stay until they are accepted: one folder per delivery, and nothing of it anywhere else.
//!
//! ```text
//! INCOMING/<delivery>/upload.tar   the stream as it comes
//! INCOMING/<delivery>/offset       how many bytes of it are on the disk for good, in decimal
//! INCOMING/<delivery>/bag/         the stream unpacked, while it is checked and until it is decided
//! ```
//!
//! Bytes are synced before the offset that counts them is. After a crash the stream is cut back to the offset, so what
//! the sender is told to continue from is what the disk holds.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use ids::DeliveryId;
use sha2::{Digest, Sha256};

/// The folder that holds everything not yet accepted.
#[derive(Debug, Clone)]
pub struct Quarantine {
    root: PathBuf,
}

/// A delivery whose bytes are coming in.
#[derive(Debug)]
pub struct Receiving {
    dir: PathBuf,
    file: fs::File,
    total: u64,
    written: u64,
    durable: u64,
    hash: Sha256,
}

/// A delivery whose bytes are all here and are those that were announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    dir: PathBuf,
}

/// Why bytes could not be received.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The sender continues at another place than where the disk is.
    #[error("the upload continues at byte {durable}, not at byte {given}")]
    Offset {
        /// Where the disk is.
        durable: u64,
        /// Where the sender wanted to continue.
        given: u64,
    },
    /// More bytes than announced.
    #[error("more than the announced {total} bytes")]
    TooMany {
        /// How many were announced.
        total: u64,
    },
    /// Bytes are still missing.
    #[error("{durable} of {total} bytes are here")]
    Unfinished {
        /// How many are here.
        durable: u64,
        /// How many were announced.
        total: u64,
    },
    /// All bytes are here, but they are not those that were announced.
    #[error("the bytes received have the SHA-256 {found}, not the announced one")]
    Digest {
        /// What they have.
        found: String,
    },
    /// No bytes of this delivery are here.
    #[error("nothing of delivery {0} is in quarantine")]
    Gone(DeliveryId),
    /// The disk said no. What is durable stays so.
    #[error("could not write to the quarantine of delivery {delivery}")]
    Io {
        /// The delivery.
        delivery: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl QuarantineError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
    }
}

const UPLOAD: &str = "upload.tar";
const OFFSET: &str = "offset";
const BAG: &str = "bag";

impl Quarantine {
    /// The quarantine in the folder `root`, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// If it can't be made.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// The folder of one delivery, whether it is there or not.
    #[must_use]
    pub fn dir(&self, delivery: DeliveryId) -> PathBuf {
        self.root.join(delivery.to_string())
    }

    /// The folder into which the delivery is unpacked.
    #[must_use]
    pub fn bag(&self, delivery: DeliveryId) -> PathBuf {
        self.dir(delivery).join(BAG)
    }

    /// A file of the unpacked delivery's payload, by its path below `data/`.
    ///
    /// # Errors
    ///
    /// If nothing is unpacked here.
    pub fn file(&self, delivery: DeliveryId, path: &bag::SafePath) -> io::Result<PathBuf> {
        let dir = super::parcel::only_folder(&self.bag(delivery))?;
        Ok(path.under(&dir.join("data")))
    }

    /// When something was last added to or removed from the delivery's folder. Nothing if it isn't here.
    #[must_use]
    pub fn touched(&self, delivery: DeliveryId) -> Option<std::time::SystemTime> {
        fs::metadata(self.dir(delivery)).and_then(|dir| dir.modified()).ok()
    }

    /// Makes room for a delivery of `total` bytes. Durable when it returns.
    ///
    /// # Errors
    ///
    /// If the delivery is here already or the disk says no; then nothing is left behind.
    pub fn create(&self, delivery: DeliveryId, total: u64) -> Result<Receiving, QuarantineError> {
        let dir = self.dir(delivery);
        let made = (|| -> io::Result<fs::File> {
            fs::create_dir(&dir)?;
            let file =
                fs::OpenOptions::new().read(true).write(true).create_new(true).open(dir.join(UPLOAD))?;
            write_offset(&dir, 0)?;
            sync_dir(&self.root)?;
            Ok(file)
        })();
        match made {
            Ok(file) => Ok(Receiving { dir, file, total, written: 0, durable: 0, hash: Sha256::new() }),
            Err(source) => {
                // A folder that was there before is another upload's: leave it.
                if source.kind() != io::ErrorKind::AlreadyExists {
                    let _ = fs::remove_dir_all(&dir);
                }
                Err(QuarantineError::Io { delivery: delivery.to_string(), source })
            }
        }
    }

    /// Takes up a delivery after a pause or a crash: cuts the stream back to what is durable, and reads it once to go on hashing.
    ///
    /// # Errors
    ///
    /// If nothing of it is here, or the disk says no.
    pub fn resume(&self, delivery: DeliveryId, total: u64) -> Result<Receiving, QuarantineError> {
        let dir = self.dir(delivery);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => QuarantineError::Gone(delivery),
            _ => QuarantineError::Io { delivery: delivery.to_string(), source },
        };
        let durable = read_offset(&dir).map_err(failed)?;
        let mut file =
            fs::OpenOptions::new().read(true).write(true).open(dir.join(UPLOAD)).map_err(failed)?;
        let hash = cut_and_hash(&mut file, durable).map_err(failed)?;
        Ok(Receiving { dir, file, total, written: durable, durable, hash })
    }

    /// How many bytes of the delivery are durable. Nothing if it isn't here.
    ///
    /// # Errors
    ///
    /// If the disk says no.
    pub fn offset(&self, delivery: DeliveryId) -> io::Result<Option<u64>> {
        match read_offset(&self.dir(delivery)) {
            Ok(offset) => Ok(Some(offset)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The stream of a delivery that was received before, if it is still here.
    #[must_use]
    pub fn received(&self, delivery: DeliveryId) -> Option<Received> {
        let dir = self.dir(delivery);
        dir.join(UPLOAD).is_file().then_some(Received { dir })
    }

    /// Drops the stream and keeps what was unpacked from it. Dropping it twice is harmless.
    ///
    /// # Errors
    ///
    /// If the disk says no.
    pub fn drop_stream(&self, delivery: DeliveryId) -> io::Result<()> {
        ignore_missing(fs::remove_file(self.dir(delivery).join(UPLOAD)))
    }

    /// Removes everything of the delivery. Removing it twice is harmless.
    ///
    /// # Errors
    ///
    /// If the disk says no; calling again goes on.
    pub fn remove(&self, delivery: DeliveryId) -> io::Result<()> {
        ignore_missing(fs::remove_dir_all(self.dir(delivery)))?;
        sync_dir(&self.root)
    }

    /// The deliveries of which something is here.
    ///
    /// # Errors
    ///
    /// If the folder can't be read.
    pub fn deliveries(&self) -> io::Result<Vec<DeliveryId>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<DeliveryId>().ok()));
        }
        Ok(found)
    }
}

impl Receiving {
    /// How many bytes are on the disk for good: where a sender continues.
    #[must_use]
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// How many bytes were announced.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Whether every announced byte is durable.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.durable == self.total
    }

    /// Checks that a sender who continues at `given` continues where the disk is.
    ///
    /// Bytes of an earlier request that broke off before they were synced are given up.
    ///
    /// # Errors
    ///
    /// If he doesn't, or the disk says no.
    pub fn continue_at(&mut self, given: u64) -> Result<(), QuarantineError> {
        if self.written != self.durable {
            self.hash = cut_and_hash(&mut self.file, self.durable).map_err(|source| self.failed(source))?;
            self.written = self.durable;
        }
        if given == self.durable {
            Ok(())
        } else {
            Err(QuarantineError::Offset { durable: self.durable, given })
        }
    }

    /// Appends bytes. They count only after [`Receiving::sync`].
    ///
    /// # Errors
    ///
    /// If they are more than was announced (none of them is written), or the disk says no.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), QuarantineError> {
        if bytes.len() as u64 > self.total.saturating_sub(self.written) {
            return Err(QuarantineError::TooMany { total: self.total });
        }
        let written = self.file.seek(SeekFrom::Start(self.written)).and_then(|_| self.file.write_all(bytes));
        if let Err(source) = written {
            return Err(self.failed(source));
        }
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Makes what was written durable, then says so in the offset. Returns the offset.
    ///
    /// # Errors
    ///
    /// If the disk says no; the offset is then what it was.
    pub fn sync(&mut self) -> Result<u64, QuarantineError> {
        if self.written != self.durable {
            let synced = self.file.sync_data().and_then(|()| write_offset(&self.dir, self.written));
            synced.map_err(|source| self.failed(source))?;
            self.durable = self.written;
        }
        Ok(self.durable)
    }

    /// Ends receiving: all bytes must be here and be those announced.
    ///
    /// # Errors
    ///
    /// If bytes are missing, the digest is another (the caller removes the delivery then), or the disk says no.
    pub fn finish(&mut self, sha256: &[u8; 32]) -> Result<Received, QuarantineError> {
        self.sync()?;
        if !self.is_whole() {
            return Err(QuarantineError::Unfinished { durable: self.durable, total: self.total });
        }
        let found: [u8; 32] = self.hash.clone().finalize().into();
        if found != *sha256 {
            return Err(QuarantineError::Digest { found: hex::encode(found) });
        }
        Ok(Received { dir: self.dir.clone() })
    }

    fn failed(&self, source: io::Error) -> QuarantineError {
        let delivery = self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        QuarantineError::Io { delivery, source }
    }
}

impl Received {
    /// The stream.
    ///
    /// # Errors
    ///
    /// If it can't be opened.
    pub fn stream(&self) -> io::Result<fs::File> {
        fs::File::open(self.dir.join(UPLOAD))
    }

    /// A folder for unpacking, beside the stream: not there yet, whatever an interrupted check left is removed.
    ///
    /// # Errors
    ///
    /// If what is there can't be removed.
    pub fn clear_bag(&self) -> io::Result<PathBuf> {
        let bag = self.dir.join(BAG);
        ignore_missing(fs::remove_dir_all(&bag))?;
        Ok(bag)
    }
}

fn read_offset(dir: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(dir.join(OFFSET))?;
    text.trim_end().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Replaces the offset as a whole, so that a crash leaves the old one or the new one.
fn write_offset(dir: &Path, offset: u64) -> io::Result<()> {
    let next = dir.join("offset.next");
    let mut file = fs::File::create(&next)?;
    writeln!(file, "{offset}")?;
    file.sync_all()?;
    fs::rename(&next, dir.join(OFFSET))?;
    sync_dir(dir)
}

fn cut_and_hash(file: &mut fs::File, len: u64) -> io::Result<Sha256> {
    if file.metadata()?.len() < len {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream is shorter than its offset"));
    }
    file.set_len(len)?;
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    io::copy(&mut file.take(len), &mut hash)?;
    Ok(hash)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quarantine() -> (tempfile::TempDir, Quarantine) {
        let dir = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::open(dir.path().join("incoming")).unwrap();
        (dir, quarantine)
    }

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn what_was_announced_and_came_is_received() {
        let (_dir, quarantine) = quarantine();
        let mut receiving = quarantine.create(DeliveryId::new(), 5).unwrap();
        receiving.write(b"ab").unwrap();
        receiving.write(b"cde").unwrap();
        let received = receiving.finish(&sha256(b"abcde")).unwrap();
        let mut bytes = Vec::new();
        received.stream().unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"abcde");
    }

    #[test]
    fn other_bytes_fewer_bytes_and_more_bytes_are_each_refused_by_name() {
        let (_dir, quarantine) = quarantine();
        let mut receiving = quarantine.create(DeliveryId::new(), 3).unwrap();
        assert!(matches!(receiving.write(b"abcd"), Err(QuarantineError::TooMany { total: 3 })));
        receiving.write(b"ab").unwrap();
        assert!(matches!(
            receiving.finish(&sha256(b"abc")),
            Err(QuarantineError::Unfinished { durable: 2, total: 3 })
        ));
        receiving.write(b"x").unwrap();
        assert!(matches!(receiving.finish(&sha256(b"abc")), Err(QuarantineError::Digest { .. })));
    }

    #[test]
    fn a_sender_continues_where_the_disk_is_and_nowhere_else() {
        let (_dir, quarantine) = quarantine();
        let mut receiving = quarantine.create(DeliveryId::new(), 6).unwrap();
        receiving.write(b"abc").unwrap();
        receiving.sync().unwrap();
        // These break off before they are synced.
        receiving.write(b"xy").unwrap();
        assert!(matches!(receiving.continue_at(5), Err(QuarantineError::Offset { durable: 3, given: 5 })));
        receiving.continue_at(3).unwrap();
        receiving.write(b"def").unwrap();
        receiving.finish(&sha256(b"abcdef")).unwrap();
    }

    #[test]
    fn a_removed_delivery_leaves_nothing() {
        let (_dir, quarantine) = quarantine();
        let id = DeliveryId::new();
        quarantine.create(id, 3).unwrap().write(b"abc").unwrap();
        assert_eq!(quarantine.deliveries().unwrap(), [id]);
        quarantine.remove(id).unwrap();
        quarantine.remove(id).unwrap();
        assert_eq!(fs::read_dir(&quarantine.root).unwrap().count(), 0);
        assert!(matches!(quarantine.resume(id, 3), Err(QuarantineError::Gone(_))));
    }

    #[test]
    fn a_second_upload_under_the_same_id_does_not_touch_the_first() {
        let (_dir, quarantine) = quarantine();
        let id = DeliveryId::new();
        let mut first = quarantine.create(id, 3).unwrap();
        assert!(quarantine.create(id, 9).is_err());
        first.write(b"abc").unwrap();
        first.finish(&sha256(b"abc")).unwrap();
    }

    #[derive(Debug, Clone)]
    enum Op {
        Write(u16),
        Sync,
        /// The machine stops. Of the bytes not synced, this many arrived on the disk, and not as they were sent.
        Crash(u16),
        /// The sender comes again and continues where he is told.
        Continue,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (0u16..2000).prop_map(Op::Write),
            2 => Just(Op::Sync),
            1 => (0u16..3000).prop_map(Op::Crash),
            1 => Just(Op::Continue),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Whenever the machine stops, the offset on the disk counts synced bytes only, and going on from it gives the
        /// bytes that were sent.
        #[test]
        fn the_durable_offset_never_exceeds_the_synced_bytes(ops in proptest::collection::vec(op(), 1..40)) {
            let (_dir, quarantine) = quarantine();
            let id = DeliveryId::new();
            let source: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let mut receiving = quarantine.create(id, source.len() as u64).unwrap();
            let (mut sent, mut synced) = (0, 0);
            for op in ops {
                match op {
                    Op::Write(len) => {
                        let end = (sent + usize::from(len)).min(source.len());
                        receiving.write(&source[sent..end]).unwrap();
                        sent = end;
                    }
                    Op::Sync => {
                        receiving.sync().unwrap();
                        synced = sent;
                    }
                    Op::Crash(arrived) => {
                        drop(receiving);
                        let path = quarantine.dir(id).join(UPLOAD);
                        let mut bytes = fs::read(&path).unwrap();
                        bytes.truncate(synced);
                        bytes.extend(vec![0xEE; usize::from(arrived).min(sent - synced)]);
                        fs::write(&path, bytes).unwrap();
                        receiving = quarantine.resume(id, source.len() as u64).unwrap();
                        sent = synced;
                    }
                    Op::Continue => {
                        receiving.continue_at(synced as u64).unwrap();
                        sent = synced;
                    }
                }
                prop_assert_eq!(quarantine.offset(id).unwrap(), Some(synced as u64));
                prop_assert_eq!(receiving.durable(), synced as u64);
                let on_disk = fs::read(quarantine.dir(id).join(UPLOAD)).unwrap();
                prop_assert_eq!(&on_disk[..synced], &source[..synced]);
            }
            receiving.write(&source[sent..]).unwrap();
            receiving.finish(&sha256(&source)).unwrap();
        }
    }
}
