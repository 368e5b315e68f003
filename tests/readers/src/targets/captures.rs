//! `captures.csv` of a vendor's parcel.

use archive::delivery::Captures;

use crate::Verdict;

pub(super) fn run(bytes: &[u8]) -> Verdict {
    match Captures::read(bytes) {
        Ok(captures) => {
            assert_eq!(Captures::read(bytes).unwrap(), captures, "read twice, it is the same");
            assert!(captures.len() <= bytes.len());
            Verdict::Taken
        }
        Err(error) => Verdict::refused("captures", error),
    }
}
