//! Opening what was received: unpacked, every checksum compared, the signature checked, the files told apart.
//!
//! ```text
//! data/photos/<token>.jpg      the photo for registration
//! data/originals/<token>.<ext> the original, if there is one
//! data/captures.csv            when, with what and by whom
//! ```
//!
//! A parcel that is broken is refused as a whole; what is wrong with single photos is found later.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bag::{
    Algorithm, Bag, Depth, Report, SafePath, SignatureError, Signer, Trust, UnpackError, validate,
    validate_unpacked,
};
use fs_err as fs;
use sha2::{Digest as _, Sha256};

use super::captures::{Captures, MAX_CAPTURES_BYTES};
use super::quarantine::Received;

pub use bag::Limits;

/// A vendor's parcel: whole, unchanged since it was signed, and signed by this vendor.
#[derive(Debug)]
pub struct Parcel {
    /// The bag's folder.
    pub dir: PathBuf,
    /// SHA-256 of its `tagmanifest-sha256.txt`, lower-case hex: what the vendor signed and the receipt names.
    pub digest: String,
    /// Who signed it.
    pub signer: Signer,
    /// The photos by name, and after them whatever else lies in the payload.
    pub photos: Vec<PhotoFile>,
    /// The list of captures.
    pub captures: Captures,
}

/// One file of the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoFile {
    /// What its name says it is a photo of: the name without its ending; nothing if it lies where no photo belongs.
    pub token: Option<String>,
    /// Its name, as the list of captures has it.
    pub name: String,
    /// Its path below `data/`.
    pub path: SafePath,
    /// The path of its original below `data/`, if that came too.
    pub original: Option<SafePath>,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its bytes.
    pub bytes: u64,
}

/// Why a parcel is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Stable codes, the gravest first: `PACKAGE-…`, `BAG-…`, `SIGNATURE-…`, `CAPTURES-…`.
    pub codes: Vec<String>,
    /// The files it was found in, as the vendor named them; the first ten.
    pub files: Vec<String>,
    /// What was found, in English.
    pub detail: String,
}

/// Why a parcel was not opened.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// It is broken. Only the vendor can help.
    #[error("the parcel is refused: {} ({})", .0.codes.join(", "), .0.detail)]
    Broken(Broken),
    /// The disk said no.
    #[error("could not unpack the parcel")]
    Io(#[from] io::Error),
    /// Checking the signature failed.
    #[error("could not check the parcel's signature")]
    Check(#[source] SignatureError),
}

/// The code of a list of captures that can't be read.
pub const BROKEN_CAPTURES: &str = "CAPTURES-UNREADABLE";
/// The code of a signature by somebody else than the vendor who delivered.
pub const BROKEN_SIGNATURE: &str = "SIGNATURE-FOREIGN";

const PHOTOS: &str = "photos/";
const ORIGINALS: &str = "originals/";
const CAPTURES: &str = "captures.csv";

/// Of a broken parcel, at most so many files are named.
const MOST_NAMED: usize = 10;

impl Broken {
    fn because(code: &str, detail: impl ToString) -> ParcelError {
        let (codes, files) = (vec![code.to_owned()], Vec::new());
        ParcelError::Broken(Self { codes, files, detail: detail.to_string() })
    }

    fn of_report(report: &Report) -> ParcelError {
        let mut codes: Vec<String> = Vec::new();
        for finding in report.errors() {
            let code = format!("BAG-{}", finding.code.to_ascii_uppercase());
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let first: Vec<_> = report
            .errors()
            .take(MOST_NAMED)
            .map(|finding| format!("{}: {}", finding.path, finding.text))
            .collect();
        let mut files: Vec<String> = Vec::new();
        for path in report.errors().map(|finding| finding.path.to_string()).filter(|path| !path.is_empty()) {
            if files.len() < MOST_NAMED && !files.contains(&path) {
                files.push(path);
            }
        }
        ParcelError::Broken(Self { codes, files, detail: first.join("; ") })
    }
}

impl Parcel {
    /// Unpacks what was received beside its stream and opens it. What an interrupted check unpacked is removed first.
    ///
    /// `fingerprint` is the SHA-256 of the delivering vendor's certificate, lower-case hex.
    ///
    /// # Errors
    ///
    /// If the parcel is broken (nothing is left of what was unpacked) or the disk says no.
    pub fn unpack(
        received: &Received,
        limits: Limits,
        trust: &Trust,
        fingerprint: &str,
    ) -> Result<Self, ParcelError> {
        let place = received.clear_bag()?;
        fs::create_dir(&place)?;
        let opened = Self::unpack_into(&place, received, limits, trust, fingerprint);
        if opened.is_err() {
            fs::remove_dir_all(&place)?;
        }
        opened
    }

    fn unpack_into(
        place: &Path,
        received: &Received,
        limits: Limits,
        trust: &Trust,
        fingerprint: &str,
    ) -> Result<Self, ParcelError> {
        let stream = io::BufReader::with_capacity(1 << 20, received.stream()?.into_file());
        let unpacked = bag::unpack(stream, place, limits).map_err(broken_package)?;
        let report = validate_unpacked(&unpacked);
        if !report.is_valid() {
            return Err(Broken::of_report(&report));
        }
        Self::open(&unpacked.dir, trust, fingerprint)
    }

    /// Opens a parcel that was unpacked before, reading every byte of it again.
    ///
    /// # Errors
    ///
    /// If it is broken, or the disk says no.
    pub fn reopen(place: &Path, trust: &Trust, fingerprint: &str) -> Result<Self, ParcelError> {
        let dir = only_folder(place)?;
        let report = validate(&dir, Depth::Valid);
        if !report.is_valid() {
            return Err(Broken::of_report(&report));
        }
        Self::open(&dir, trust, fingerprint)
    }

    /// The bag is valid; whose is it and what is in it?
    fn open(dir: &Path, trust: &Trust, fingerprint: &str) -> Result<Self, ParcelError> {
        let signer = bag::verify_signature(dir, trust).map_err(broken_signature)?;
        if signer.fingerprint != fingerprint {
            return Err(Broken::because(
                BROKEN_SIGNATURE,
                "signed with another certificate than the vendor's",
            ));
        }
        let bag = Bag::open(dir).map_err(|error| Broken::because("BAG-UNREADABLE", error))?;
        let digest = hex::encode(Sha256::digest(fs::read(dir.join("tagmanifest-sha256.txt"))?));
        let captures = read_captures(&dir.join("data").join(CAPTURES))?;
        let photos = tell_apart(&bag)?;
        Ok(Self { dir: dir.to_owned(), digest, signer, photos, captures })
    }

    /// Where a file of the payload lies.
    #[must_use]
    pub fn file(&self, path: &SafePath) -> PathBuf {
        path.under(&self.dir.join("data"))
    }
}

/// The bag's folder in the place where it was unpacked, for reading files of a parcel that was opened before.
///
/// # Errors
///
/// If there is not exactly one folder.
pub(crate) fn only_folder(place: &Path) -> io::Result<PathBuf> {
    let mut folders = fs::read_dir(place)?;
    match (folders.next().transpose()?, folders.next()) {
        (Some(folder), None) => Ok(folder.path()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "there is no unpacked parcel")),
    }
}

fn read_captures(path: &Path) -> Result<Captures, ParcelError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Broken::because("CAPTURES-MISSING", "data/captures.csv is missing"));
        }
        Err(error) => return Err(error.into()),
        // Looked at before it is read: a list of any size must not fill the memory.
        Ok(found) if found.len() > MAX_CAPTURES_BYTES as u64 => {
            return Err(Broken::because(BROKEN_CAPTURES, "data/captures.csv is too large"));
        }
        Ok(_) => {}
    }
    Captures::read(&fs::read(path)?).map_err(|error| Broken::because(BROKEN_CAPTURES, error))
}

/// Sorts the payload into photos, their originals, and what belongs nowhere.
fn tell_apart(bag: &Bag) -> Result<Vec<PhotoFile>, ParcelError> {
    let mut originals = BTreeMap::new();
    let (mut photos, mut strays) = (Vec::new(), Vec::new());
    for (path, sums) in bag.payload() {
        if path.as_str() == CAPTURES {
            continue;
        }
        let sha256 = sums.get(&Algorithm::Sha256).and_then(|sum| ledger::from_hex(sum.as_str()));
        let sha256 =
            sha256.ok_or_else(|| Broken::because("BAG-NO-SHA256", "there is no manifest-sha256.txt"))?;
        let bytes = fs::metadata(bag.payload_file(path))?.len();
        let name = path.as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let file = PhotoFile { token: None, name, path: path.clone(), original: None, sha256, bytes };
        match (stem_in(PHOTOS, path), stem_in(ORIGINALS, path)) {
            (Some(token), _) => photos.push(PhotoFile { token: Some(token), ..file }),
            (None, Some(token)) => {
                if let Some(second) = originals.insert(token, file) {
                    strays.push(second);
                }
            }
            (None, None) => strays.push(file),
        }
    }
    for photo in &mut photos {
        let token = photo.token.as_deref().unwrap_or_default();
        photo.original = originals.remove(token).map(|original| original.path);
    }
    strays.extend(originals.into_values());
    photos.extend(strays);
    Ok(photos)
}

/// The name without its ending of a file directly in `folder`.
fn stem_in(folder: &str, path: &SafePath) -> Option<String> {
    let name = path.as_str().strip_prefix(folder).filter(|name| !name.contains('/'))?;
    Some(name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned())
}

fn broken_package(error: UnpackError) -> ParcelError {
    let code = match &error {
        UnpackError::Unsafe { .. } => "PACKAGE-UNSAFE-NAME",
        UnpackError::Special { .. } => "PACKAGE-SPECIAL-FILE",
        UnpackError::OutsideTop(_) | UnpackError::Twice(_) => "PACKAGE-DISORDER",
        UnpackError::TooMany(_) | UnpackError::TooLarge(_) | UnpackError::NameTooLong(_) => {
            "PACKAGE-TOO-LARGE"
        }
        UnpackError::Malformed(_) | UnpackError::Empty => "PACKAGE-MALFORMED",
        UnpackError::NotEmpty(_) => return ParcelError::Io(io::Error::other(error)),
        UnpackError::Io(source) => return ParcelError::Io(io::Error::new(source.kind(), error)),
    };
    Broken::because(code, error)
}

fn broken_signature(error: SignatureError) -> ParcelError {
    let code = match &error {
        SignatureError::Unsigned => "SIGNATURE-MISSING",
        SignatureError::Malformed(_) => "SIGNATURE-UNREADABLE",
        SignatureError::Changed { .. } => "SIGNATURE-CHANGED",
        SignatureError::Untrusted { .. } => BROKEN_SIGNATURE,
        SignatureError::Expired { .. } => "SIGNATURE-EXPIRED",
        SignatureError::Revoked { .. } => "SIGNATURE-REVOKED",
        SignatureError::Check(_) | SignatureError::Io(_) => return ParcelError::Check(error),
    };
    Broken::because(code, error)
}

#[cfg(test)]
mod tests;
