//! Taking in objects that left another archive, or this one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fs_err as fs;

use super::Holdings;
use super::holdings::{Error, kind_of, read_dossier, record};
use crate::db::Store;
use crate::db::catalog::object::ObjectKind;
use crate::ocfl::{AdoptError, Object, ObjectId, PutError, SafePath};

/// What became of an object that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is kept now, byte for byte.
    Taken,
    /// The archive holds it already, with the same inventory.
    Held,
    /// The archive holds another state of it. Nothing was changed.
    Differs {
        /// The newest version there is here.
        head: u32,
    },
    /// What the archive holds under its id can't be understood. Nothing was changed.
    Damaged,
    /// It is not a whole OCFL object of that id; the first fault.
    NotValid(String),
    /// It is whole but neither a dossier that agrees with itself and the catalog, nor a record of a delivery or deletion.
    Unfit,
}

/// Ends a trial: everything is undone.
enum Undone {
    Fits,
    Not(Error),
}

impl From<crate::db::Error> for Undone {
    fn from(error: crate::db::Error) -> Self {
        Self::Not(error.into())
    }
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Not(error)
    }
}

impl Holdings<'_> {
    /// Takes in the objects in these folders that are not here yet, all that are fit or none, and notes them.
    ///
    /// Durable when it returns; a crash leaves nothing or what [`settle`](Self::settle) notes. Offering them again is
    /// harmless.
    ///
    /// # Errors
    ///
    /// If the archive or the catalog can't be written. What is wrong with an object is its [`Fate`].
    pub fn admit(self, offered: &[(ObjectId, PathBuf)]) -> Result<Vec<(ObjectId, Fate)>, Error> {
        let (root, catalog) = self.parts();
        let mut batch = root.batch()?;
        let mut ids = BTreeSet::new();
        let mut fates = Vec::new();
        for (id, folder) in offered {
            let fate = match root.object(*id) {
                Ok(Some(here)) => compare(&here, folder),
                Err(_) => Fate::Damaged,
                Ok(None) => match batch.adopt(*id, folder, |object| fits(catalog, object, &mut ids)) {
                    Ok(()) => Fate::Taken,
                    Err(AdoptError::Unfit | AdoptError::Diverges(_)) => Fate::Unfit,
                    Err(AdoptError::NotValid(_, report)) => Fate::NotValid(first(&report)),
                    Err(AdoptError::Put(PutError::Twice(_))) => Fate::Held,
                    Err(AdoptError::Put(error)) => return Err(error.into()),
                },
            };
            fates.push((*id, fate));
        }
        let taken = fates.iter().filter(|(_, fate)| *fate == Fate::Taken).map(|(id, _)| *id).collect();
        self.commit(batch, taken)?;
        Ok(fates)
    }
}

fn compare(here: &Object, folder: &std::path::Path) -> Fate {
    let read = |folder: &std::path::Path| fs::read(folder.join("inventory.json")).ok();
    match (read(here.folder()), read(folder)) {
        (Some(ours), Some(theirs)) if ours == theirs => Fate::Held,
        _ => Fate::Differs { head: here.head().get() },
    }
}

fn first(report: &crate::ocfl::Report) -> String {
    let fault = report.errors().next();
    fault.map_or_else(
        || "another object lies there".to_owned(),
        |fault| format!("{} {} ({})", fault.path, fault.text, fault.code),
    )
}

/// Whether an object says what it should, and its rows would find room in the catalog. `ids` are those of photos and
/// diplomas that came before it in the same batch.
fn fits(catalog: &Store, object: &Object, ids: &mut BTreeSet<String>) -> bool {
    let Ok(dossier) = read_dossier(object) else { return false };
    match &dossier {
        None if matches!(kind_of(object), ObjectKind::Dossier | ObjectKind::Other) => return false,
        Some(dossier) if dossier.person.uuid() != object.id().uuid() => return false,
        _ => {}
    }
    let photos = dossier.iter().flat_map(|dossier| &dossier.photos);
    let whole = photos.clone().all(|photo| {
        let path = SafePath::new(photo.file.as_str());
        path.is_ok_and(|path| object.digest(&path).is_some_and(|sum| sum.as_str() == photo.sha512))
    });
    let named: Vec<String> = photos
        .map(|photo| photo.id.to_string())
        .chain(dossier.iter().flat_map(|dossier| &dossier.diplomas).map(|diploma| diploma.id.to_string()))
        .collect();
    let trial = catalog.write(|tx| -> Result<(), Undone> {
        record(tx, object)?;
        Err(Undone::Fits)
    });
    if let Err(Undone::Not(error)) = &trial {
        tracing::warn!(object = %object.id(), error = %error, "{} finds no room in the catalog: {error}.", object.id());
    }
    let fits = whole && matches!(trial, Err(Undone::Fits)) && named.iter().all(|id| !ids.contains(id));
    if fits {
        ids.extend(named);
    }
    fits
}
