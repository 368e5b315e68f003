//! Writing the bag.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bag::{Algorithm, Bag, Checksum, SafePath, WriteError, Writer};
use fs_err as fs;
use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::entry::Entry;
use super::{COUNT, OBJECTS, readme, table, viewer};
use crate::dossier::Dossier;
use crate::ocfl::{Object, ObjectId, OpenError, ReadError, Root};

const INVENTORY: &str = "inventory.json";
const DOSSIER: &str = "dossier.json";
const VERIFY: &str = include_str!("verify.py");

/// What an export says about itself.
#[derive(Debug, Clone)]
pub struct About {
    /// The school's name.
    pub school: String,
    /// What the copies are for.
    pub purpose: String,
    /// Who approved that they leave.
    pub approved_by: String,
    /// The program and its version.
    pub software: String,
    /// What tells exports apart.
    pub id: Uuid,
    /// The day it is made.
    pub date: Date,
}

/// What an export holds, before it is put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Objects in the bag.
    pub objects: u64,
    /// Dossiers among them.
    pub dossiers: u64,
    /// Files of the objects.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Objects that were asked for and are damaged or can't be read.
    pub left_out: Vec<ObjectId>,
    /// SHA-256, hex, of the lines `ID SHA512-OF-INVENTORY\n` in the order of the ids: fixes every byte of every object.
    pub seal: String,
}

/// Why a bag was not written. Nothing is left in its place.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The place is taken.
    #[error("{} is not an empty folder", .0.display())]
    NotEmpty(PathBuf),
    /// The place can't be used.
    #[error("could not use {}", path.display())]
    Place {
        /// The place.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The archive could not be kept still while an object was copied.
    #[error("the archive could not be opened")]
    Archive(#[from] OpenError),
    /// An object was intact and can't be copied.
    #[error("object {object} could not be copied")]
    Object {
        /// The object.
        object: ObjectId,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file did not have the bytes its inventory names when it was copied.
    #[error("{path} of object {object} differs from its digest")]
    Differs {
        /// The object.
        object: ObjectId,
        /// The file, seen from the object.
        path: String,
    },
    /// The bag could not be written.
    #[error("could not write the bag")]
    Write(#[from] WriteError),
    /// An aid could not be made.
    #[error("could not write {0}")]
    Aid(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A bag of dossiers being written. Dropping it before [`Export::finish`] leaves the place as it was.
#[derive(Debug)]
#[must_use = "an export that is not finished vanishes"]
pub struct Export {
    writer: Writer,
    way: MadeWay,
    about: About,
    entries: Vec<Entry>,
    inventories: BTreeMap<ObjectId, Checksum>,
    left_out: Vec<ObjectId>,
    files: u64,
    bytes: u64,
}

/// The part of an inventory that says where bytes lie.
#[derive(Deserialize)]
struct Inventory {
    manifest: BTreeMap<Checksum, Vec<SafePath>>,
}

impl Export {
    /// Begins a bag that will be the folder `to`, which must be empty or missing; its parent must be there.
    ///
    /// # Errors
    ///
    /// [`ExportError::NotEmpty`], or when nothing can be written there.
    pub fn begin(to: &Path, about: About) -> Result<Self, ExportError> {
        let way = MadeWay::to(to)?;
        let writer = Writer::create(to)?.with_sha512();
        let (entries, inventories, left_out) = Default::default();
        Ok(Self { writer, way, about, entries, inventories, left_out, files: 0, bytes: 0 })
    }

    /// Adds an object with all its versions. Returns whether it was intact; if not, it is left out.
    ///
    /// Every byte is read and judged first; nobody can write the archive meanwhile.
    ///
    /// # Errors
    ///
    /// When the bag can't be written, or the object changed although nobody could write.
    pub fn add(&mut self, root: &Root, id: ObjectId) -> Result<bool, ExportError> {
        let _still = root.batch()?;
        let Some((object, dossier)) = intact(root, id) else {
            self.left_out.push(id);
            return Ok(false);
        };
        let place = format!("{OBJECTS}/{}", id.uuid());
        let mut manifest = manifest(&object).map_err(|source| ExportError::Object { object: id, source })?;
        let stored = manifest.iter().map(|(path, sum)| (sum.as_str().to_owned(), format!("{place}/{path}")));
        let stored: BTreeMap<String, String> = stored.collect();
        let files = files_below(object.folder())
            .map_err(|error| ExportError::Object { object: id, source: error.into() })?;
        for file in files {
            let source = object.folder().join(&file);
            let target = SafePath::new(format!("{place}/{file}"));
            let target = target.map_err(|error| ExportError::Object { object: id, source: error.into() })?;
            let hashed = self.writer.add_file(&target, &source)?;
            self.files += 1;
            self.bytes += hashed.len;
            let copied = hashed.sum(Algorithm::Sha512);
            let differs = || ExportError::Differs { object: id, path: file.clone() };
            if file == INVENTORY {
                self.inventories.insert(id, copied.ok_or_else(differs)?.clone());
            }
            if manifest.remove(&file).is_some_and(|wanted| copied != Some(&wanted)) {
                return Err(differs());
            }
        }
        if let Some((path, _)) = manifest.pop_first() {
            return Err(ExportError::Differs { object: id, path });
        }
        if let Some(dossier) = dossier {
            self.entries.push(Entry::of(&dossier, object.head().get(), &stored));
        }
        Ok(true)
    }

    /// What is in it so far.
    #[must_use]
    pub fn content(&self) -> Content {
        let mut seal = Sha256::new();
        for (id, inventory) in &self.inventories {
            seal.update(format!("{id} {inventory}\n"));
        }
        Content {
            objects: self.inventories.len() as u64,
            dossiers: self.entries.len() as u64,
            files: self.files,
            bytes: self.bytes,
            left_out: self.left_out.clone(),
            seal: hex::encode(seal.finalize()),
        }
    }

    /// The objects that are in it.
    pub fn objects(&self) -> impl Iterator<Item = ObjectId> {
        self.inventories.keys().copied()
    }

    /// Writes the aids and what the bag says about itself, and puts it in its place, whole and durable.
    ///
    /// # Errors
    ///
    /// When it can't be written. Nothing is left then.
    pub fn finish(mut self) -> Result<Bag, ExportError> {
        let content = self.content();
        self.entries.sort_by(|a, b| {
            (&a.class, &a.student_number, &a.person).cmp(&(&b.class, &b.student_number, &b.person))
        });
        let aid = |name: &'static str| move |error| ExportError::Aid(name, error);
        let index = table::write(&self.entries).map_err(|error| aid("index.csv")(error.into()))?;
        let page = viewer::write(&self.about, &self.entries);
        let page = page.map_err(|error| aid("viewer/index.html")(error.into()))?;
        let readme = readme::write(&self.about, &content);
        let aids = [
            ("index.csv", index),
            ("viewer/index.html", page.into_bytes()),
            ("README.txt", readme.into_bytes()),
            ("verify.py", VERIFY.into()),
        ];
        for (name, bytes) in aids {
            let path = SafePath::new(name).map_err(|error| aid(name)(error.into()))?;
            self.writer.add(&path, bytes.as_slice())?;
        }
        let Self { mut writer, mut way, about, .. } = self;
        let labels = [
            ("Source-Organization", about.school),
            ("External-Identifier", about.id.urn().to_string()),
            (
                "External-Description",
                "学生照片与证书档案 Dossiers of students: photos and diplomas".to_owned(),
            ),
            ("Bag-Software-Agent", about.software),
            ("Xuecang-Purpose", about.purpose),
            ("Xuecang-Approved-By", about.approved_by),
            (COUNT, content.objects.to_string()),
            ("Xuecang-Dossiers", content.dossiers.to_string()),
            ("Xuecang-Left-Out", content.left_out.len().to_string()),
            ("Xuecang-Seal", content.seal),
        ];
        for (label, value) in labels {
            writer.info(label, &value)?;
        }
        let bag = writer.finish(about.date)?;
        way.arrived();
        Ok(bag)
    }
}

/// An object every byte of which is right, with its dossier if it is one.
fn intact(root: &Root, id: ObjectId) -> Option<(Object, Option<Dossier>)> {
    let object = root.object(id).ok().flatten()?;
    if !object.check().is_valid() {
        return None;
    }
    let path = SafePath::new(DOSSIER).ok()?;
    match object.read(&path) {
        Ok(bytes) => Some((object, Some(serde_json::from_slice(&bytes).ok()?))),
        Err(ReadError::NoFile { .. }) => Some((object, None)),
        Err(_) => None,
    }
}

/// Where an object's content lies, with the SHA-512 of each file.
fn manifest(object: &Object) -> Result<BTreeMap<String, Checksum>, Box<dyn std::error::Error + Send + Sync>> {
    let inventory: Inventory = serde_json::from_slice(&fs::read(object.folder().join(INVENTORY))?)?;
    let entries = inventory.manifest.into_iter();
    Ok(entries
        .flat_map(|(sum, paths)| paths.into_iter().map(move |path| (path.as_str().to_owned(), sum.clone())))
        .collect())
}

/// Every file below a folder, `/` between the parts of its name, in order.
fn files_below(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut open = vec![String::new()];
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|_| io::ErrorKind::InvalidData)?;
            let name = if inner.is_empty() { name } else { format!("{inner}/{name}") };
            let kind = entry.file_type()?;
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => open.push(name),
                (_, true) => files.push(name),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// An empty folder moved out of the way, and put back unless something took its place.
#[derive(Debug)]
struct MadeWay(Option<PathBuf>);

impl MadeWay {
    fn to(place: &Path) -> Result<Self, ExportError> {
        let failed = |source| ExportError::Place { path: place.to_owned(), source };
        match fs::symlink_metadata(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(None)),
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.is_dir() => return Err(ExportError::NotEmpty(place.to_owned())),
            Ok(_) => {}
        }
        match fs::remove_dir(place) {
            Ok(()) => Ok(Self(Some(place.to_owned()))),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                Err(ExportError::NotEmpty(place.to_owned()))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn arrived(&mut self) {
        self.0 = None;
    }
}

impl Drop for MadeWay {
    fn drop(&mut self) {
        if let Some(place) = &self.0 {
            // An empty folder less is no loss.
            let _as_before = fs::create_dir(place);
        }
    }
}
