//! Zips of photos and of scans, and folders of them.

use std::{io::Read as _, path::Path};

use archive::{
    dossier::{NewPhoto, NewScan, PhotoKind},
    import::{PhotoFile, PhotoLimits, PhotoProblem, photos as open},
};

use crate::Verdict;

pub(super) fn photos(path: &Path) -> Verdict {
    read(path, PhotoLimits::default(), |bytes| {
        let kept = NewPhoto::from_bytes(PhotoKind::Admission, bytes, "outside");
        kept.err().map(|error| (error.code(), error.to_string()))
    })
}

pub(super) fn scans(path: &Path) -> Verdict {
    read(path, PhotoLimits::scans(), |bytes| {
        NewScan::from_bytes(bytes, "outside").err().map(|error| (error.code(), error.to_string()))
    })
}

/// Why bytes are not kept: a code and a sentence.
type Unfit = Option<(&'static str, String)>;

/// Reads every entry and looks at what it is, as an import does.
fn read(path: &Path, limits: PhotoLimits, look: fn(Vec<u8>) -> Unfit) -> Verdict {
    let mut photos = match open(path, limits) {
        Ok(photos) => photos,
        Err(error) => return Verdict::refused(error.code(), &error),
    };
    let entries = photos.entries() as u64;
    assert!(entries <= limits.entries);
    let (mut seen, mut taken, mut refused) = (0, false, None);
    while let Some(next) = photos.next() {
        let found = match next {
            Ok(mut photo) => one(&mut photo, limits),
            Err(found) => Err(found),
        };
        seen += 1;
        assert!(seen <= entries, "more comes out than went in");
        let unfit = match found {
            Ok(bytes) => look(bytes),
            Err(problem) => Some((problem.code(), problem.to_string())),
        };
        taken |= unfit.is_none();
        refused = refused.or(unfit);
    }
    match refused {
        None => Verdict::Taken,
        Some((code, why)) if taken => Verdict::InPart { code: code.to_owned(), why },
        Some((code, why)) => Verdict::refused(code, why),
    }
}

/// Reads one to its end. Its name leads nowhere on any system.
fn one(photo: &mut PhotoFile<'_>, limits: PhotoLimits) -> Result<Vec<u8>, PhotoProblem> {
    let name = &photo.name;
    assert!(!name.is_empty() && !name.chars().any(char::is_control) && !name.contains(':'));
    assert!(!name.starts_with(['/', '\\']) && name.split(['/', '\\']).all(|part| part != ".."));
    assert!(photo.size > 0 && photo.size <= limits.photo_bytes);
    let mut buffer = vec![0; 64 << 10];
    let (mut given, mut bytes) = (0, Vec::new());
    loop {
        match photo.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                given += read as u64;
                bytes.extend(&buffer[..read]);
            }
            Err(error) => return Err(PhotoFile::problem(&error).expect_problem(&error)),
        }
        assert!(given <= photo.size, "more bytes than were announced");
    }
    assert_eq!(given, photo.size);
    Ok(bytes)
}

trait ExpectProblem {
    fn expect_problem(self, error: &std::io::Error) -> PhotoProblem;
}

impl ExpectProblem for Option<&PhotoProblem> {
    /// Every failure of a file that lies on a sound disk is a problem of the file.
    fn expect_problem(self, error: &std::io::Error) -> PhotoProblem {
        assert!(self.is_some(), "an error without a problem: {error:?}");
        self.unwrap().clone()
    }
}
