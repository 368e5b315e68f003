//! What the archive holds, for writing: the OCFL root and the catalog that follows it.

use std::collections::BTreeMap;

use bag::{Algorithm, Checksum, crew};
use ids::{PersonId, PhotoId, ScanId};
use jiff::Timestamp;

use super::{
    Change, Dossier, Photo, Premis, Reading, Scan,
    change::{Draft, NoFacts},
};
use crate::{
    db::{
        Store,
        catalog::{
            diploma, intent, membership, object, object::ObjectKind, person, photo, scan, to_index, to_note,
            version,
        },
    },
    ocfl::{
        CommitError, Object, ObjectId, OpenError, PutError, ReadError, Root, SafePath, Source, User, Version,
    },
};

pub(super) const DOSSIER: &str = "dossier.json";
pub(super) const PREMIS: &str = "premis.json";
const DELIVERY: &str = "delivery.json";
const CERTIFICATE: &str = "certificate.json";
const COHORT: &str = "cohort.json";

/// Why something was not kept or not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody was said to be the person of a new dossier.
    #[error("there is no dossier of {0}, and the change does not say who that is")]
    NoDossier(PersonId),
    /// Somebody has changed the dossier meanwhile.
    #[error("the dossier of {person} is at version {found}, not at {expected}")]
    Stale {
        /// The person.
        person: PersonId,
        /// The version the change starts from.
        expected: u32,
        /// The newest version.
        found: u32,
    },
    /// A document in an object is not what it should be.
    #[error("{file} of object {object} can't be understood")]
    Document {
        /// The object.
        object: ObjectId,
        /// The document.
        file: &'static str,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The storage root could not be opened for writing.
    #[error("the archive could not be opened for writing")]
    Open(#[from] OpenError),
    /// An object could not be read.
    #[error("an archived object could not be read")]
    Read(#[from] ReadError),
    /// A version could not be staged. Nothing was kept.
    #[error("a new version could not be prepared; nothing was kept")]
    Put(#[from] PutError),
    /// The batch could not be committed.
    #[error("the new versions could not be kept")]
    Commit(#[from] CommitError),
    /// Rows could not be read or written. Versions that were kept are noted at the next start.
    #[error("the catalog could not be read or written")]
    Rows(#[from] crate::db::Error),
}

/// What became of one person's changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The person.
    pub person: PersonId,
    /// The newest version.
    pub version: u32,
    /// Whether it was made just now; if not, everything was there already.
    pub changed: bool,
    /// The photos asked for, kept now or before.
    pub photos: Vec<PhotoId>,
    /// The scans asked for, kept now or before.
    pub scans: Vec<ScanId>,
}

/// The object that holds a person's dossier.
#[must_use]
pub fn object_of(person: PersonId) -> ObjectId {
    person.uuid().into()
}

/// The archive's objects and the catalog of them.
#[derive(Debug, Clone, Copy)]
pub struct Holdings<'a> {
    root: &'a Root,
    catalog: &'a Store,
}

impl<'a> Holdings<'a> {
    /// Puts root and catalog together.
    #[must_use]
    pub const fn new(root: &'a Root, catalog: &'a Store) -> Self {
        Self { root, catalog }
    }

    pub(super) const fn parts(self) -> (&'a Root, &'a Store) {
        (self.root, self.catalog)
    }

    /// Notes what a crash kept in the files but not in the rows. Returns how many objects that were.
    ///
    /// To be called once at the start, before anything is written. An object that can't be understood is left for the
    /// next time, and for the check of every byte, to find; it keeps nobody else from starting.
    ///
    /// # Errors
    ///
    /// If a row can't be read or written; it can be called again.
    pub fn settle(self) -> Result<usize, Error> {
        let open = self.catalog.read(intent::all)?;
        self.catalog.write(|tx| {
            let mut settled = 0;
            for (id, object) in open {
                match self.note(tx, &object) {
                    Ok(()) => {
                        intent::remove(tx, id)?;
                        settled += 1;
                    }
                    Err(Error::Rows(error)) => return Err(error.into()),
                    Err(error) => tracing::error!(object, error = %error, "Could not look up what was kept of {object}."),
                }
            }
            Ok(settled)
        })
    }

    /// Notes an object as its files are now, if there are any.
    fn note(self, tx: &crate::db::Transaction<'_>, object: &str) -> Result<(), Error> {
        let Ok(id) = object.parse() else { return Ok(()) };
        match self.root.object(id)? {
            Some(object) => record(tx, &object).map(drop),
            None => Ok(()),
        }
    }

    /// The dossier of a person as its files say, with its newest version; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If its files can't be read or understood.
    pub fn dossier(self, person: PersonId) -> Result<Option<(Dossier, u32)>, Error> {
        let Some(object) = self.root.object(object_of(person))? else { return Ok(None) };
        Ok(read_dossier(&object)?.map(|dossier| (dossier, object.head().get())))
    }

    /// The bytes of a kept photo.
    ///
    /// # Errors
    ///
    /// If they can't be read.
    pub fn photo(self, person: PersonId, photo: &Photo) -> Result<Option<Vec<u8>>, Error> {
        let Some(object) = self.root.object(object_of(person))? else { return Ok(None) };
        Ok(Some(object.read(&path(&photo.file, object.id())?)?))
    }

    /// The bytes of a kept scan.
    ///
    /// # Errors
    ///
    /// If they can't be read.
    pub fn scan(self, person: PersonId, scan: &Scan) -> Result<Option<Vec<u8>>, Error> {
        let Some(object) = self.root.object(object_of(person))? else { return Ok(None) };
        Ok(Some(object.read(&path(&scan.file, object.id())?)?))
    }

    /// Keeps changes, all of them or none. Several changes of one person become one version.
    ///
    /// When this returns, files and rows are durable. A crash before leaves either nothing, or files that
    /// [`settle`](Self::settle) notes. What is there already is found and not kept again.
    ///
    /// # Errors
    ///
    /// [`Error`] says what; unless it is [`CommitError::Unfinished`] or [`Error::Rows`], nothing was kept.
    pub fn keep(self, changes: Vec<Change>, by: &User, at: Timestamp) -> Result<Vec<Kept>, Error> {
        let mut batch = self.root.batch()?;
        let mut drafts: BTreeMap<PersonId, (Draft, Option<Object>)> = BTreeMap::new();
        for change in changes {
            self.draft(&mut drafts, change, by, at)?;
        }
        let (mut kept, mut versions) = (Vec::new(), Vec::new());
        for (person, (draft, object)) in drafts {
            let version = object.as_ref().map_or(0, |object| object.head().get());
            let changed = draft.changed;
            kept.push(Kept {
                person,
                version: version + u32::from(changed),
                changed,
                photos: draft.photos.clone(),
                scans: draft.scans.clone(),
            });
            if changed {
                versions.push(version_of(person, draft, by, at)?);
            }
        }
        batch.put_all(versions)?;
        let objects = kept.iter().filter(|kept| kept.changed).map(|kept| object_of(kept.person)).collect();
        self.commit(batch, objects)?;
        Ok(kept)
    }

    /// Adds one change to the drafts.
    fn draft(
        self,
        drafts: &mut BTreeMap<PersonId, (Draft, Option<Object>)>,
        change: Change,
        by: &User,
        at: Timestamp,
    ) -> Result<(), Error> {
        let person = change.person;
        if let Some((draft, _)) = drafts.get_mut(&person) {
            draft.apply(change, at, &by.name);
            return Ok(());
        }
        let object = self.root.object(object_of(person))?;
        check_version(person, change.from_version, object.as_ref())?;
        let archived = object.as_ref().map(read_dossier).transpose()?.flatten();
        let mut draft = match (archived, &object) {
            (Some(dossier), Some(object)) => Draft::of(dossier, read_premis(object)?),
            _ => Draft::new(&change, at, &by.name).map_err(|NoFacts| Error::NoDossier(person))?,
        };
        draft.apply(change, at, &by.name);
        drafts.insert(person, (draft, object));
        Ok(())
    }

    /// Keeps files in an object that is no dossier: a delivery's, a deletion's or a cohort's. Its other files stay. The same
    /// files again make no new version. Returns the version.
    ///
    /// # Errors
    ///
    /// As [`keep`](Self::keep).
    pub fn keep_object(
        self,
        id: ObjectId,
        files: Vec<(SafePath, Source)>,
        message: &str,
        by: &User,
        at: Timestamp,
    ) -> Result<u32, Error> {
        let mut batch = self.root.batch()?;
        let object = self.root.object(id)?;
        let head = object.as_ref().map_or(0, |object| object.head().get());
        if let Some(object) = &object
            && files.iter().all(|(path, source)| holds(object, path, source))
        {
            return Ok(head);
        }
        let version = Version::new(id, message, by.clone(), at).keep_others();
        let version = files.into_iter().fold(version, |version, (path, source)| version.file(path, source));
        batch.put(version)?;
        self.commit(batch, vec![id])?;
        Ok(head + 1)
    }

    /// Intent, files, rows: in this order, each durable before the next.
    pub(super) fn commit(self, batch: crate::ocfl::Batch<'_>, objects: Vec<ObjectId>) -> Result<(), Error> {
        if objects.is_empty() {
            return Ok(());
        }
        let intents: Vec<i64> = self.catalog.write(|tx| {
            objects.iter().map(|&object| intent::insert(tx, object)).collect::<Result<_, crate::db::Error>>()
        })?;
        #[cfg(test)]
        super::tests::fault("before commit");
        batch.commit()?;
        #[cfg(test)]
        super::tests::fault("after commit");
        self.catalog.write(|tx| {
            // Read while nobody else can write rows, so that no older state is noted after a newer one.
            let noted = crew::in_order(crew::cores(), &objects, |&id| match self.root.object(id)? {
                Some(object) => Noted::read(&object).map(Some),
                None => Ok(None),
            })?;
            noted.iter().flatten().try_for_each(|noted| noted.write(tx).map(drop))?;
            intents.iter().try_for_each(|&id| intent::remove(tx, id))?;
            Ok(())
        })
    }
}

fn check_version(person: PersonId, expected: Option<u32>, object: Option<&Object>) -> Result<(), Error> {
    let found = object.map_or(0, |object| object.head().get());
    match expected {
        Some(expected) if expected != found => Err(Error::Stale { person, expected, found }),
        _ => Ok(()),
    }
}

/// Whether an object's newest version holds these bytes at this path.
fn holds(object: &Object, path: &SafePath, source: &Source) -> bool {
    let Some(held) = object.digest(path) else { return false };
    match source {
        Source::Bytes(bytes) => Checksum::of(Algorithm::Sha512, bytes) == *held,
        Source::Digested(bytes) => bytes.sha512() == held,
        // Whoever rewrites what is held has its bytes already.
        Source::Same { sha512, .. } => sha512 == held,
        Source::Copy(file) | Source::Move(file) => fs_err::File::open(file)
            .and_then(|file| bag::hash_reader(file, &[Algorithm::Sha512]))
            .is_ok_and(|hashed| hashed.sums.get(&Algorithm::Sha512) == Some(held)),
        Source::Keep => true,
    }
}

fn version_of(person: PersonId, draft: Draft, by: &User, at: Timestamp) -> Result<Version, Error> {
    let id = object_of(person);
    let message = draft.messages.join("; ");
    let document = to_json(id, DOSSIER, &draft.dossier)?;
    let log = to_json(id, PREMIS, &draft.premis)?;
    let mut version = Version::new(id, message, by.clone(), at)
        .keep_others()
        .file(path(DOSSIER, id)?, Source::Bytes(document))
        .file(path(PREMIS, id)?, Source::Bytes(log));
    for (file, source) in draft.files {
        version = version.file(path(&file, id)?, source);
    }
    Ok(version)
}

fn to_json(object: ObjectId, file: &'static str, value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| Error::Document {
        object,
        file,
        source: Box::new(error),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn path(text: &str, object: ObjectId) -> Result<SafePath, Error> {
    SafePath::new(text).map_err(|error| Error::Document { object, file: DOSSIER, source: Box::new(error) })
}

/// The dossier in an object's newest version; `None` if the object is about something else.
pub(super) fn read_dossier(object: &Object) -> Result<Option<Dossier>, Error> {
    read_json(object, DOSSIER)
}

fn read_premis(object: &Object) -> Result<Premis, Error> {
    Ok(read_json(object, PREMIS)?.unwrap_or_default())
}

fn read_json<T: serde::de::DeserializeOwned>(
    object: &Object,
    file: &'static str,
) -> Result<Option<T>, Error> {
    let path = path(file, object.id())?;
    if object.digest(&path).is_none() {
        return Ok(None);
    }
    serde_json::from_slice(&object.read(&path)?).map(Some).map_err(|error| Error::Document {
        object: object.id(),
        file,
        source: Box::new(error),
    })
}

/// Everything the catalog says of an object's newest state, read from its files: no row is needed for it.
pub(super) struct Noted {
    object: object::Object,
    versions: Vec<version::Version>,
    dossier: Option<Dossier>,
    /// What was read on its scans, in their order.
    readings: Vec<Option<Reading>>,
}

impl Noted {
    /// Reads it.
    pub(super) fn read(object: &Object) -> Result<Self, Error> {
        let dossier = read_dossier(object)?;
        let kind = match &dossier {
            Some(_) => ObjectKind::Dossier,
            None => kind_of(object),
        };
        let (files, bytes) = measure(object);
        let versions = object.versions().map(|(number, info)| version::Version {
            number: number.get(),
            created: info.created,
            by: info.user.name.clone(),
            by_address: info.user.address.clone(),
            message: info.message.clone(),
        });
        let versions = versions.collect();
        let scans = dossier.iter().flat_map(|dossier| &dossier.diplomas).flat_map(|diploma| &diploma.scans);
        let readings = scans.map(|kept| kept.reading.as_deref().and_then(|file| read_reading(object, file)));
        let readings = readings.collect();
        let object = object::Object { id: object.id(), kind, head: object.head().get(), files, bytes };
        Ok(Self { object, versions, dossier, readings })
    }

    /// Writes every row that follows from it.
    pub(super) fn write(&self, tx: &crate::db::Transaction<'_>) -> Result<ObjectKind, crate::db::Error> {
        object::upsert(tx, &self.object)?;
        for row in &self.versions {
            if version::insert(tx, self.object.id, row)? {
                to_note::insert(tx, self.object.id, row.number)?;
            }
        }
        if let Some(dossier) = &self.dossier {
            person::upsert(tx, dossier.person, &dossier.facts)?;
            membership::replace(tx, dossier.person, &dossier.campaigns)?;
            photo::replace(tx, dossier.person, &dossier.photos)?;
            diploma::replace(tx, dossier.person, &dossier.diplomas)?;
            self.write_scans(tx, dossier)?;
            to_index::insert(tx, dossier.person)?;
        }
        Ok(self.object.kind)
    }

    fn write_scans(
        &self,
        tx: &crate::db::Transaction<'_>,
        dossier: &Dossier,
    ) -> Result<(), crate::db::Error> {
        scan::forget(tx, dossier.person)?;
        let mut readings = self.readings.iter();
        for diploma in &dossier.diplomas {
            for (position, kept) in (0..).zip(&diploma.scans) {
                let reading = readings.next().and_then(Option::as_ref);
                scan::insert(tx, dossier.person, diploma, position, kept, reading)?;
            }
        }
        Ok(())
    }
}

/// Notes an object's newest state: every row that follows from its files.
pub(super) fn record(tx: &crate::db::Transaction<'_>, object: &Object) -> Result<ObjectKind, Error> {
    Ok(Noted::read(object)?.write(tx)?)
}

/// What was read on a scan. What can't be understood is as if there were nothing yet: it can be made again.
fn read_reading(object: &Object, file: &str) -> Option<Reading> {
    let bytes = object.read(&SafePath::new(file).ok()?).ok()?;
    serde_json::from_slice(&bytes)
        .inspect_err(
            |_| tracing::warn!(object = %object.id(), "A reading in {} can't be understood.", object.id()),
        )
        .ok()
}

pub(super) fn kind_of(object: &Object) -> ObjectKind {
    let has = |file: &str| SafePath::new(file).is_ok_and(|path| object.digest(&path).is_some());
    if has(DELIVERY) {
        ObjectKind::Delivery
    } else if has(CERTIFICATE) {
        ObjectKind::Deletion
    } else if has(COHORT) {
        ObjectKind::Cohort
    } else {
        ObjectKind::Other
    }
}

/// How many files of content an object has, and their bytes. What can't be looked at is the check's business.
fn measure(object: &Object) -> (u64, u64) {
    let mut open: Vec<_> = object
        .versions()
        .map(|(number, _)| object.folder().join(number.to_string()).join("content"))
        .collect();
    let (mut files, mut bytes) = (0, 0);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => {
                    files += 1;
                    bytes += metadata.len();
                }
                Err(_) => {}
            }
        }
    }
    (files, bytes)
}
