//! Opening a zip whose directory comes from a stranger.
//!
//! The library keeps every entry of the directory in memory before anybody can ask how many there are. So the end of the
//! directory (PKWARE APPNOTE §4.3.16) is looked at first, and while the library reads, it gets no more bytes than that
//! directory has: should it turn to another one, hidden elsewhere in the file, it ends there.

use std::{
    cell::Cell,
    io::{self, BufReader, Read, Seek, SeekFrom},
    rc::Rc,
};

use zip::ZipArchive;

/// The end of a directory is no further from the end of its file, bytes.
const TAIL: u64 = (1 << 16) + 22 + 20 + 56;
/// What the library may read besides the directory: the tail, some headers, buffers.
const BESIDES: u64 = 1 << 20;

/// A zip that is read from `R`.
pub(super) type Zip<R> = ZipArchive<BufReader<Rationed<R>>>;

/// Why a zip was not opened.
#[derive(Debug)]
pub(super) enum Refused {
    /// The disk said no.
    Io(io::Error),
    /// It has more entries than are allowed.
    TooMany,
    /// Its directory can't be read.
    Broken,
}

/// A file of which only so many bytes may be read until that is lifted.
#[derive(Debug)]
pub(super) struct Rationed<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(u64::try_from(read).unwrap_or(u64::MAX));
        self.left.set(left.ok_or(io::ErrorKind::InvalidData)?);
        Ok(read)
    }
}

impl<R: Seek> Seek for Rationed<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Opens a zip of at most `most` entries.
pub(super) fn open<R: Read + Seek>(mut file: R, most: u64) -> Result<Zip<R>, Refused> {
    let length = file.seek(SeekFrom::End(0)).map_err(Refused::Io)?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(Refused::Io)?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL).read_to_end(&mut tail).map_err(Refused::Io)?;
    let end = End::in_tail(&tail).ok_or(Refused::Broken)?;
    if end.entries > most {
        return Err(Refused::TooMany);
    }
    let ration = end.bytes.min(length).saturating_add(BESIDES);
    let left = Rc::new(Cell::new(ration));
    let rationed = Rationed { inner: file, left: Rc::clone(&left) };
    let archive = ZipArchive::new(BufReader::new(rationed)).map_err(|_| Refused::Broken)?;
    left.set(u64::MAX);
    if u64::try_from(archive.len()).unwrap_or(u64::MAX) > most {
        return Err(Refused::TooMany);
    }
    Ok(archive)
}

/// What the end of a directory says: how many entries, and how many bytes they are.
struct End {
    entries: u64,
    bytes: u64,
}

impl End {
    /// The last end in the tail of a file.
    fn in_tail(tail: &[u8]) -> Option<Self> {
        let at = tail.windows(4).rposition(|word| word == b"PK\x05\x06")?;
        let record = tail.get(at..at + 22)?;
        let end = Self { entries: number(record, 10, 2)?, bytes: number(record, 12, 4)? };
        // All ones: the numbers stand in the record of ZIP64 (§4.3.14).
        if end.entries < 0xffff && end.bytes < 0xffff_ffff {
            return Some(end);
        }
        let large = tail.get(..at)?.windows(4).rposition(|word| word == b"PK\x06\x06");
        let record = large.and_then(|at| tail.get(at..at + 56));
        Some(match record {
            Some(record) => Self { entries: number(record, 32, 8)?, bytes: number(record, 40, 8)? },
            None => end,
        })
    }
}

/// A number of up to eight bytes, the little end first.
fn number(record: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let digits = record.get(at..at + bytes)?;
    Some(digits.iter().rev().fold(0, |number, digit| (number << 8) | u64::from(*digit)))
}
