//! A parcel as one stream of bytes, always the same, so that it can be continued anywhere without being kept a second time.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use bag::{PackError, SafePath};
use sha2::{Digest as _, Sha256};

/// The stream's length and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Bytes.
    pub len: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// A parcel's folder, to be streamed.
#[derive(Debug, Clone)]
pub struct Tape {
    dir: PathBuf,
    top: SafePath,
}

/// The rest of the stream from some byte on. Reading it costs a thread and a megabyte, whatever the parcel's size.
#[derive(Debug)]
pub struct Rest {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
}

/// Bytes that travel at once.
const CHUNK: usize = 256 << 10;

impl Tape {
    /// The tape of the bag in `dir`.
    ///
    /// # Errors
    ///
    /// If the name of the folder is unsafe on some system.
    pub fn of(dir: &Path) -> Result<Self, PackError> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self { dir: dir.to_owned(), top: SafePath::new(name)? })
    }

    /// Reads the whole stream once, for its length and digest.
    ///
    /// # Errors
    ///
    /// If the bag can't be read.
    pub fn measure(&self) -> Result<Measured, PackError> {
        let meter = bag::serialise(&self.dir, &self.top, Meter { len: 0, digest: Sha256::new() })?;
        Ok(Measured { len: meter.len, sha256: meter.digest.finalize().into() })
    }

    /// The stream from byte `offset` on.
    #[must_use]
    pub fn from(&self, offset: u64) -> Rest {
        let (sender, chunks) = sync_channel(4);
        let tape = self.clone();
        thread::spawn(move || {
            let writer = Chunks { sender, skip: offset, buffer: Vec::with_capacity(CHUNK) };
            match bag::serialise(&tape.dir, &tape.top, writer) {
                // The reader may be gone: then nobody misses the rest.
                Ok(mut writer) => drop(writer.flush()),
                Err(error) => tracing::debug!(%error, "A stream ended early."),
            }
        });
        Rest { chunks, chunk: io::Cursor::default() }
    }
}

struct Meter {
    len: u64,
    digest: Sha256,
}

impl Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len() as u64;
        self.digest.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes a stream on in chunks, leaving out its beginning.
struct Chunks {
    sender: SyncSender<io::Result<Vec<u8>>>,
    skip: u64,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= skipped as u64;
        self.buffer.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.sender.send(Ok(chunk)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.chunks.recv() {
                Ok(chunk) => self.chunk = io::Cursor::new(chunk?),
                Err(_) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bag::Writer;

    use super::*;

    fn parcel(len: usize) -> (tempfile::TempDir, Tape) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path().join("parcel")).unwrap();
        let bytes: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
        writer.add(&SafePath::new("photos/a.jpg").unwrap(), &bytes[..]).unwrap();
        writer.finish("2026-09-01".parse().unwrap()).unwrap();
        let tape = Tape::of(&dir.path().join("parcel")).unwrap();
        (dir, tape)
    }

    #[test]
    fn the_stream_can_be_continued_at_any_byte() {
        let (_dir, tape) = parcel(700_000);
        let measured = tape.measure().unwrap();
        let mut whole = Vec::new();
        tape.from(0).read_to_end(&mut whole).unwrap();
        assert_eq!(whole.len() as u64, measured.len);
        assert_eq!(<[u8; 32]>::from(Sha256::digest(&whole)), measured.sha256);
        for offset in [1, 511, 512, 262_144, 300_001, measured.len - 1, measured.len] {
            let mut rest = Vec::new();
            tape.from(offset).read_to_end(&mut rest).unwrap();
            assert_eq!(rest, whole[usize::try_from(offset).unwrap()..], "from byte {offset}");
        }
    }

    #[test]
    fn a_reader_that_leaves_does_not_hold_up_the_writer() {
        let (_dir, tape) = parcel(5_000_000);
        let mut rest = tape.from(0);
        rest.read_exact(&mut [0; 10]).unwrap();
        drop(rest);
    }
}
