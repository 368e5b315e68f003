//! A bag as one tar stream.

use std::{fs::File, io::Read, path::Path};

use bag::{
    Algorithm, Limits, SafePath, UnpackError, Unpacked, hash_reader, serialise, unpack, validate_unpacked,
};

use crate::Verdict;

const LIMITS: Limits = Limits { files: 300_000, bytes: 16 << 20, path_len: 1024 };

pub(super) fn run(bytes: &[u8]) -> Verdict {
    judge(bytes)
}

pub(super) fn read(path: &Path) -> Verdict {
    judge(File::open(path).unwrap())
}

fn judge(from: impl Read) -> Verdict {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("into");
    fs_err::create_dir(&place).unwrap();
    let outcome = unpack(from, &place, LIMITS);
    assert_eq!(names(dir.path()), ["into"], "nothing is written beside the place");
    let unpacked = match outcome {
        Ok(unpacked) => unpacked,
        Err(error) => {
            assert!(names(&place).is_empty(), "nothing is left of what was refused: {error:?}");
            return refused(&error);
        }
    };
    for (path, hashed) in &unpacked.files {
        let file = File::open(path.under(&unpacked.dir)).unwrap();
        assert_eq!(hash_reader(file, &[Algorithm::Sha256, Algorithm::Sha512]).unwrap(), *hashed);
    }
    round_trip(&unpacked, &dir.path().join("again"));
    let report = validate_unpacked(&unpacked);
    match report.errors().next() {
        None => Verdict::Taken,
        Some(finding) => Verdict::refused(finding.code.clone(), format!("{} {}", finding.path, finding.text)),
    }
}

/// What was unpacked is packed and unpacked again: the same files, and the same bytes the second time.
fn round_trip(unpacked: &Unpacked, place: &Path) {
    let packed = serialise(&unpacked.dir, &unpacked.top, Vec::new()).unwrap();
    fs_err::create_dir(place).unwrap();
    let again = unpack(&packed[..], place, Limits { path_len: 8192, bytes: u64::MAX, ..LIMITS }).unwrap();
    assert_eq!((&again.top, &again.files), (&unpacked.top, &unpacked.files));
    assert!(serialise(&again.dir, &again.top, Vec::new()).unwrap() == packed, "same bag, same bytes");
}

fn refused(error: &UnpackError) -> Verdict {
    let code = match error {
        UnpackError::Unsafe { .. } => "unsafe",
        UnpackError::Special { .. } => "special",
        UnpackError::OutsideTop(_) => "outside-top",
        UnpackError::Twice(_) => "twice",
        UnpackError::TooMany(_) => "too-many",
        UnpackError::TooLarge(_) => "too-large",
        UnpackError::NameTooLong(_) => "name-too-long",
        UnpackError::Malformed(_) => "malformed",
        UnpackError::Empty => "empty",
        UnpackError::Io(_) | UnpackError::NotEmpty(_) => "",
    };
    Verdict::refused(code, error)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// A name for the top folder.
pub(super) fn top() -> SafePath {
    SafePath::new("parcel").unwrap()
}
