//! One object as it lies on the disk: everything that the items look at, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bag::{Algorithm, Checksum, Finding, Report, SafePath};
use fs_err as fs;
use ids::{CampaignId, DeliveryId, PersonId, UserId, VendorId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::item::Item;
use super::report::Fault;
use crate::db::catalog::object::ObjectKind;
use crate::dossier::{Dossier, Look, Premis};
use crate::ocfl::{Object, ObjectId, Root, validate_object};

pub(super) const DOSSIER: &str = "dossier.json";
pub(super) const PREMIS: &str = "premis.json";
pub(super) const DELIVERY: &str = "delivery.json";
pub(super) const REPORT: &str = "report.json";
pub(super) const RECEIPT: &str = "receipt.json";
pub(super) const CERTIFICATE: &str = "certificate.json";
const COHORT: &str = "cohort.json";
const STATEMENT: &str = "statement.json";
/// Where the photos of a dossier lie.
pub(super) const PHOTOS: &str = "photos/";

/// The bag's own files, as an accepted delivery keeps them.
pub(super) const BAG_FILES: [&str; 4] =
    ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"];

/// A document of an object, as far as it could be read.
#[derive(Debug)]
pub(super) enum Document {
    /// The newest version names no such file.
    Unnamed,
    /// The file is named and can't be read.
    Unread,
    /// It is not JSON.
    Garbled,
    /// It is JSON.
    Json(Value),
}

impl Document {
    pub(super) fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }

    /// The document as what it should be.
    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        self.json().and_then(|value| T::deserialize(value).ok())
    }
}

/// A photo's bytes, looked at.
#[derive(Debug)]
pub(super) enum Seen {
    /// The file is not there.
    Missing,
    /// It is there and can't be read.
    Unread,
    /// It was read to its end.
    Read {
        sha256: String,
        sha512: String,
        bytes: u64,
        /// What it is, or why it can't be seen.
        look: Result<Look, &'static str>,
    },
}

/// What a delivery's own object says of it; what no item needs is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct DeliveryRecord {
    pub(super) format: String,
    pub(super) delivery: DeliveryId,
    pub(super) campaign: CampaignId,
    pub(super) vendor: VendorId,
    pub(super) bag: Option<String>,
    pub(super) proposed: Option<Hand>,
    pub(super) confirmed: Option<Hand>,
    pub(super) accepted: Vec<Accepted>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hand {
    pub(super) by: UserId,
}

#[derive(Debug, Deserialize)]
pub(super) struct Accepted {
    pub(super) token: Option<String>,
    pub(super) person: Option<PersonId>,
    pub(super) sha256: Option<String>,
    pub(super) bytes: Option<u64>,
}

/// The school's receipt as it is archived.
#[derive(Debug, Deserialize)]
pub(super) struct ReceiptRecord {
    pub(super) statement: String,
    pub(super) signature: String,
}

/// One object, read.
#[derive(Debug)]
pub(super) struct Exhibit {
    pub(super) folder: PathBuf,
    /// What OCFL's rules find wrong, every byte read.
    pub(super) report: Report,
    /// The object, if its inventory can be understood.
    pub(super) object: Option<Object>,
    pub(super) kind: ObjectKind,
    pub(super) documents: BTreeMap<&'static str, Document>,
    pub(super) dossier: Option<Dossier>,
    pub(super) premis: Option<Premis>,
    /// The photos of the dossier, in its order.
    pub(super) photos: Vec<Seen>,
    pub(super) delivery: Option<DeliveryRecord>,
    pub(super) receipt: Option<ReceiptRecord>,
    /// Files of content, and their bytes, of all versions.
    pub(super) content: (u64, u64),
    /// All files, and their bytes.
    pub(super) all: (u64, u64),
    /// How long it took to read all of them for their digests.
    pub(super) took: Duration,
}

impl Exhibit {
    /// Reads the object in the folder `place` of `root`.
    pub(super) fn read(root: &Root, place: &str) -> Self {
        let folder = root.path().join(place);
        let began = Instant::now();
        let mut report = validate_object(&folder);
        let took = began.elapsed();
        let object = root.object_in(place);
        match &object {
            Some(object) if root.folder(object.id()) != Path::new(place) => {
                report.error("misplaced", "", "another object belongs in this place");
            }
            None if report.is_valid() => {
                report.error("foreign", "", "the object is not of the kind this archive writes");
            }
            _ => {}
        }
        let kind = object.as_ref().map_or(ObjectKind::Other, kind_of);
        let (all, content) = (measure(&folder), content(&folder));
        let mut exhibit = Self {
            folder,
            report,
            object,
            kind,
            documents: BTreeMap::new(),
            dossier: None,
            premis: None,
            photos: Vec::new(),
            delivery: None,
            receipt: None,
            content,
            all,
            took,
        };
        exhibit.read_documents();
        exhibit
    }

    fn read_documents(&mut self) {
        let names = documents(self.kind);
        self.documents = names.iter().map(|name| (*name, self.document(name))).collect();
        self.dossier = self.documents.get(DOSSIER).and_then(Document::read);
        self.premis = self.documents.get(PREMIS).and_then(Document::read);
        self.delivery = self.documents.get(DELIVERY).and_then(Document::read);
        self.receipt = self.documents.get(RECEIPT).and_then(Document::read);
        let photos = self.dossier.as_ref().map(|dossier| dossier.photos.as_slice()).unwrap_or_default();
        self.photos = photos.iter().map(|photo| self.look(&photo.file)).collect();
    }

    fn document(&self, name: &str) -> Document {
        let (Some(object), Ok(path)) = (&self.object, SafePath::new(name)) else { return Document::Unnamed };
        if object.digest(&path).is_none() {
            return Document::Unnamed;
        }
        match object.read(&path) {
            Err(_) => Document::Unread,
            Ok(bytes) => serde_json::from_slice(&bytes).map_or(Document::Garbled, Document::Json),
        }
    }

    fn look(&self, file: &str) -> Seen {
        let stored = SafePath::new(file).ok().and_then(|path| self.object.as_ref()?.stored_at(&path));
        let Some(stored) = stored.filter(|stored| stored.is_file()) else { return Seen::Missing };
        let Ok(bytes) = fs::read(stored) else { return Seen::Unread };
        Seen::Read {
            sha256: hex::encode(Sha256::digest(&bytes)),
            sha512: Checksum::of(Algorithm::Sha512, &bytes).as_str().to_owned(),
            bytes: bytes.len() as u64,
            look: Look::at(&bytes).map_err(|error| error.code()),
        }
    }

    /// Its id, if the inventory says it.
    pub(super) fn id(&self) -> Option<ObjectId> {
        self.object.as_ref().map(Object::id)
    }

    /// A fault of this object.
    pub(super) fn fault(&self, place: impl Into<String>, code: impl Into<String>) -> Fault {
        Fault { object: self.id(), place: place.into(), code: code.into() }
    }

    /// What OCFL's rules found that bears on an item.
    pub(super) fn found(&self, item: Item) -> impl Iterator<Item = Fault> {
        let missing: BTreeSet<&str> = self
            .report
            .errors()
            .filter(|finding| self.bears_on(finding) == Item::PackageContent)
            .map(|finding| finding.path.as_str())
            .collect();
        // The folder of a file that has vanished is empty because of that.
        let emptied = move |finding: &Finding| {
            let within =
                |path: &&str| path.strip_prefix(&*finding.path).is_some_and(|rest| rest.starts_with('/'));
            finding.code == "E024" && missing.iter().any(within)
        };
        self.report
            .errors()
            .filter(move |finding| self.bears_on(finding) == item && !emptied(finding))
            .map(|finding| self.fault(&finding.path, finding.code.clone()))
    }

    fn bears_on(&self, finding: &Finding) -> Item {
        match &*finding.code {
            "E092" | "E093" if !self.folder.join(&finding.path).exists() => Item::PackageContent,
            "E092" | "E093" | "E060" | "E061" | "E064" | "unreadable" => Item::Fixity,
            "E058" | "E063" => Item::PackageMetadata,
            "E033" => Item::MetadataReadable,
            "E008" | "E009" | "E010" | "E012" | "E013" => Item::Continuity,
            "E001" | "E015" | "E023" | "E024" | "E046" | "E067" | "E090" => Item::Superfluous,
            _ => Item::Structure,
        }
    }

    /// A file of the bag that a delivery came in.
    pub(super) fn bag_file(&self, name: &str) -> Option<PathBuf> {
        let path = SafePath::new(format!("bag/{name}")).ok()?;
        self.object.as_ref()?.stored_at(&path).filter(|file| file.is_file())
    }
}

/// The documents that describe an object of a kind.
pub(super) const fn documents(kind: ObjectKind) -> &'static [&'static str] {
    match kind {
        ObjectKind::Dossier => &[DOSSIER, PREMIS],
        ObjectKind::Delivery => &[DELIVERY, REPORT, RECEIPT],
        ObjectKind::Deletion => &[CERTIFICATE],
        ObjectKind::Cohort => &[COHORT, STATEMENT],
        ObjectKind::Other => &[],
    }
}

fn kind_of(object: &Object) -> ObjectKind {
    let has = |name: &str| SafePath::new(name).is_ok_and(|path| object.digest(&path).is_some());
    let kinds = [
        (DOSSIER, ObjectKind::Dossier),
        (DELIVERY, ObjectKind::Delivery),
        (CERTIFICATE, ObjectKind::Deletion),
        (COHORT, ObjectKind::Cohort),
    ];
    kinds.into_iter().find(|(name, _)| has(name)).map_or(ObjectKind::Other, |(_, kind)| kind)
}

/// Files of content and their bytes: what the catalog counts.
fn content(folder: &Path) -> (u64, u64) {
    let versions =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path().join("content"));
    versions.map(|content| measure(&content)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// Files below a folder and their bytes. What can't be looked at is not counted, and found by OCFL's rules.
fn measure(folder: &Path) -> (u64, u64) {
    let (mut open, mut sum) = (vec![folder.to_owned()], (0, 0));
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => sum = (sum.0 + 1, sum.1 + metadata.len()),
                Err(_) => {}
            }
        }
    }
    sum
}
