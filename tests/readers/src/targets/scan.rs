//! Scans of diplomas: PDF, TIFF, JPEG, as they are kept; and their pages, as they are read and shown.

use std::path::Path;

use archive::dossier::{NewScan, ScanError};
use sha2::{Digest as _, Sha256};
use verify::image::{Limits, page as pixels};

use crate::Verdict;

pub(super) fn run(bytes: &[u8]) -> Verdict {
    judge(NewScan::from_bytes(bytes.to_vec(), "outside"), Some(bytes))
}

pub(super) fn read(path: &Path) -> Verdict {
    judge(NewScan::from_file(path, "outside"), None)
}

fn judge(scan: Result<NewScan, ScanError>, bytes: Option<&[u8]>) -> Verdict {
    let scan = match scan {
        Ok(scan) => scan,
        Err(error) => return Verdict::refused(error.code(), &error),
    };
    assert!(!scan.is_empty() && scan.len() <= NewScan::MAX_BYTES);
    if let Some(bytes) = bytes {
        assert_eq!((scan.len(), scan.sha256()), (bytes.len() as u64, &*hex::encode(Sha256::digest(bytes))));
    }
    Verdict::Taken
}

/// The first pages, as long as there are some.
pub(super) fn page(bytes: &[u8]) -> Verdict {
    let limits = Limits::page();
    let mut taken = false;
    for index in 0..4 {
        match pixels(bytes, index, limits) {
            Ok(pixels) => {
                let (width, height) = pixels.dimensions();
                assert!(u64::from(width) * u64::from(height) <= limits.max_pixels && width > 0 && height > 0);
                taken = true;
            }
            Err(error) if taken => {
                return Verdict::InPart { code: format!("{error:?}"), why: error.to_string() };
            }
            Err(error) => return Verdict::refused(format!("{error:?}"), error),
        }
    }
    Verdict::Taken
}
