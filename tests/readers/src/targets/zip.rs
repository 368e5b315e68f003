//! Zips of photos and of scans, and folders of them.

use std::{io::Read as _, path::Path};

use archive::import::{PhotoFile, PhotoLimits, PhotoProblem, photos as open};

use crate::Verdict;

pub(super) fn photos(path: &Path) -> Verdict {
    read(path, PhotoLimits::default())
}

pub(super) fn scans(path: &Path) -> Verdict {
    read(path, PhotoLimits::scans())
}

fn read(path: &Path, limits: PhotoLimits) -> Verdict {
    let mut photos = match open(path, limits) {
        Ok(photos) => photos,
        Err(error) => return Verdict::refused(error.code(), &error),
    };
    let entries = photos.entries() as u64;
    assert!(entries <= limits.entries);
    let (mut seen, mut taken, mut problem) = (0, 0_u64, None::<PhotoProblem>);
    while let Some(next) = photos.next() {
        let found = match next {
            Ok(mut photo) => one(&mut photo, limits),
            Err(found) => Err(found),
        };
        seen += 1;
        assert!(seen <= entries, "more comes out than went in");
        match found {
            Ok(()) => taken += 1,
            Err(found) => problem = problem.filter(|first| !first.kind.is_harmless()).or(Some(found)),
        }
    }
    match problem {
        None => Verdict::Taken,
        Some(problem) if taken > 0 => {
            Verdict::InPart { code: problem.code().to_owned(), why: problem.to_string() }
        }
        Some(problem) => Verdict::refused(problem.code(), &problem),
    }
}

/// Reads one to its end. Its name leads nowhere on any system.
fn one(photo: &mut PhotoFile<'_>, limits: PhotoLimits) -> Result<(), PhotoProblem> {
    let name = &photo.name;
    assert!(!name.is_empty() && !name.chars().any(char::is_control) && !name.contains(':'));
    assert!(!name.starts_with(['/', '\\']) && name.split(['/', '\\']).all(|part| part != ".."));
    assert!(photo.size > 0 && photo.size <= limits.photo_bytes);
    let mut buffer = vec![0; 64 << 10];
    let mut given = 0;
    loop {
        match photo.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => given += read as u64,
            Err(error) => return Err(PhotoFile::problem(&error).expect_problem(&error)),
        }
        assert!(given <= photo.size, "more bytes than were announced");
    }
    assert_eq!(given, photo.size);
    Ok(())
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
