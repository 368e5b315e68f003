//! Files made to do harm: to fill memory or disk, to take for ever, to climb out of their folder, to be somebody else's file.
//!
//! Each is written to a place, read by one reader in a process of its own, and must be refused by name, within [`MEMORY`].

mod bags;
mod pictures;
mod tables;
mod zips;

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

/// The most memory that reading any of them may take, KiB.
pub const MEMORY: u64 = 256 << 10;
/// How long reading one may take, in a program built for release, ms.
pub const PATIENCE: u64 = 2000;

/// One of them.
#[derive(Clone, Copy)]
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// The reader that gets it.
    pub reader: &'static str,
    /// Writes it into a folder and says where it lies.
    pub write: fn(&Path) -> io::Result<PathBuf>,
    /// The code it must be refused with.
    pub code: &'static str,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Told {
    /// `refused`, `in part` or `taken`.
    pub verdict: String,
    /// The refusal's code.
    pub code: String,
    /// The refusal's sentence.
    pub why: String,
    /// The most memory that was held, KiB.
    pub peak_kib: u64,
    /// How long it took, ms.
    pub ms: u64,
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    [zips::CASES, pictures::CASES, tables::CASES, bags::CASES].concat()
}

impl Case {
    /// Writes it into a new folder and has it read by the program at `readers`, in a process of its own.
    ///
    /// # Errors
    ///
    /// When it can't be written, or the process did not come to a verdict.
    pub fn read_apart(&self, readers: &Path) -> io::Result<Told> {
        let dir = tempfile::tempdir()?;
        let place = (self.write)(dir.path())?;
        let output = Command::new(readers).arg(self.reader).arg(place).output()?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            io::Error::other(format!("{}: no verdict ({}): {told}", self.name, output.status))
        })
    }
}

/// Writes a file of these bytes.
fn file(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let place = dir.join(name);
    fs_err::write(&place, bytes)?;
    Ok(place)
}

/// Many mebibytes of zeros, deflated; `zlib` says whether with a header and a sum.
fn zeros(mebibytes: usize) -> io::Result<Vec<u8>> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..mebibytes {
        io::Write::write_all(&mut packed, &[0; 1 << 20])?;
    }
    packed.finish()
}
