//! Photos: as the archive looks at them, and as they are decoded before faces are looked for.

use archive::dossier::{NewPhoto, PhotoKind};
use verify::image::{Limits, decode, decode_for_face, inspect};

use crate::Verdict;

pub(super) fn run(bytes: &[u8]) -> Verdict {
    let kept = NewPhoto::from_bytes(PhotoKind::Admission, bytes.to_vec(), "outside");
    if let Ok(photo) = &kept {
        let (width, height) = photo.size();
        assert!(width > 0 && height > 0);
        assert_eq!(photo.sha256().len(), 64);
    }
    if let Ok(photo) = decode(bytes, Limits::default()) {
        let facts = inspect(bytes).unwrap();
        assert_eq!(facts, photo.facts, "a photo says the same of itself twice");
        let upright = [(facts.width, facts.height), (facts.height, facts.width)];
        assert!(upright.contains(&photo.pixels.dimensions()));
    }
    if let Ok(photo) = decode_for_face(bytes, Limits::default()) {
        let (width, height) = photo.pixels.dimensions();
        assert!(
            width > 0
                && height > 0
                && photo.pixels.as_raw().len() as u64 == 3 * u64::from(width) * u64::from(height)
        );
    }
    match kept {
        Ok(_) => Verdict::Taken,
        Err(error) => Verdict::refused(error.code(), &error),
    }
}
