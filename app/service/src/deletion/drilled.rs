//! What the newest restore drill shows of the objects of a case.

use std::collections::BTreeMap;

use api::ids::{PersonId, PhotoId};
use archive::db::catalog::photo;
use archive::db::office::drill as rows;
use archive::dossier;
use archive::ocfl::VersionInfo;
use handshake::message::Drill;
use handshake::objects::Object;
use handshake::session::Stamp;
use ledger::Hash;

use super::broken;
use super::working::Working;
use crate::{Result, delivery};

impl Working<'_> {
    /// The newest drill, with those objects of the case that it restored and compared. One that began before the
    /// delivery was accepted shows none of them; one that found differences anywhere says how many.
    pub(super) fn drill(&self, stamp: &Stamp) -> Result<Drill> {
        let Some(newest) = self.office.office.read(rows::latest)? else {
            return Ok(Drill { at: stamp.at, objects: 0, bytes: 0, differing: 0, report: Hash::empty() });
        };
        let accepted = delivery::row(self.office, self.row.delivery)?.confirmation.map(|signed| signed.at);
        let after = accepted.is_some_and(|accepted| newest.began >= accepted);
        let (objects, bytes) = if after { self.restored(&newest)? } else { (0, 0) };
        Ok(Drill {
            at: newest.ended,
            objects,
            bytes,
            differing: newest.differing,
            report: newest.sha256.parse().map_err(broken)?,
        })
    }

    /// How many objects of the case came back in a drill, and their bytes.
    fn restored(&self, drill: &rows::Drill) -> Result<(u64, u64)> {
        let mut dossiers = BTreeMap::new();
        let (mut objects, mut bytes) = (0, 0_u64);
        for object in self.case.objects().objects() {
            if self.is_restored(drill, object, &mut dossiers)? {
                objects += 1;
                bytes = bytes.saturating_add(object.len);
            }
        }
        Ok((objects, bytes))
    }

    /// Whether the version of the dossier that came back holds the photo, with the very bytes the case is about.
    fn is_restored(
        &self,
        drill: &rows::Drill,
        object: &Object,
        dossiers: &mut BTreeMap<PersonId, Option<VersionInfo>>,
    ) -> Result<bool> {
        let id: PhotoId = object.id.as_str().parse().map_err(broken)?;
        let Some((person, photo)) = self.office.catalog.read(|conn| photo::get(conn, id))? else {
            return Ok(false);
        };
        if photo.sha256 != object.sha256.to_string() || photo.bytes != object.len {
            return Ok(false);
        }
        let version = match dossiers.get(&person) {
            Some(version) => version,
            None => &*dossiers.entry(person).or_insert(self.version_restored(drill, person)?),
        };
        let holds = |version: &VersionInfo| {
            version
                .files()
                .iter()
                .any(|(path, sum)| path.as_str() == photo.file && sum.as_str() == photo.sha512)
        };
        Ok(version.as_ref().is_some_and(holds))
    }

    /// The version of a dossier that came back whole, if the archive still holds it with the very same inventory.
    fn version_restored(&self, drill: &rows::Drill, person: PersonId) -> Result<Option<VersionInfo>> {
        let object = dossier::object_of(person);
        let Some(restored) = self.office.office.read(|conn| rows::restored(conn, drill.number, object))?
        else {
            return Ok(None);
        };
        match self.office.archive.as_written(object, restored.version) {
            Ok(written) => {
                let same = written.filter(|(_, inventory)| *inventory == restored.inventory);
                Ok(same.map(|(version, _)| version))
            }
            Err(error) => {
                tracing::error!(%error, "A dossier that a drill restored can't be read any more: {error}.");
                Ok(None)
            }
        }
    }
}
