//! OCFL objects: their inventories, as they are judged and as they are read.

use std::path::Path;

use archive::ocfl::{ObjectId, Root, validate};
use bag::{Algorithm, Checksum};

use crate::{Verdict, sections};

/// The object whose inventory comes from outside.
pub(crate) const ID: &str = "urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const INVENTORY: &str = "inventory.json";
const SIDECAR: &str = "inventory.json.sha512";

/// An object whose files are the sections of the bytes. The sidecar of the root inventory is always right, so that what
/// follows it is reached.
pub(super) fn run(bytes: &[u8]) -> Verdict {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::create(dir.path().join("root")).unwrap();
    let id: ObjectId = ID.parse().unwrap();
    let place = root.path().join(root.folder(id));
    fs_err::create_dir_all(&place).unwrap();
    let files = sections::split(bytes);
    if let Some((_, inventory)) = files.iter().find(|(name, _)| name == INVENTORY) {
        let sum = Checksum::of(Algorithm::Sha512, inventory);
        fs_err::write(place.join(SIDECAR), format!("{sum} {INVENTORY}\n")).unwrap();
    }
    sections::put(&files, &place);
    if let Ok(Some(object)) = root.object(id) {
        let valid = validate(&place).is_valid();
        for path in object.files().into_keys() {
            match object.read(path) {
                Ok(bytes) => assert!(
                    !valid || Some(&Checksum::of(Algorithm::Sha512, &bytes)) == object.digest(path),
                    "a valid object gives other bytes than it lists"
                ),
                Err(error) => assert!(!valid, "a valid object can't be read: {error}"),
            }
        }
        assert_eq!(object.check().is_valid(), valid, "an object judges itself as others do");
    }
    read(&place)
}

pub(super) fn read(dir: &Path) -> Verdict {
    let report = validate(dir);
    match report.errors().next() {
        None => Verdict::Taken,
        Some(finding) => Verdict::refused(finding.code.clone(), format!("{} {}", finding.path, finding.text)),
    }
}
