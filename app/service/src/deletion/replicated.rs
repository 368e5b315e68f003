//! Which replicas hold the objects of a case.

use std::collections::BTreeMap;

use api::ids::PhotoId;
use archive::db::catalog::photo;
use archive::db::office::replica as rows;
use archive::dossier;
use archive::ocfl::ObjectId;
use bag::Checksum;
use handshake::message::Replica;

use super::broken;
use super::working::Working;
use crate::{Refusal as _, Result, replica};

impl Working<'_> {
    /// The replicas that hold every object of the case as the archive holds it now, each with when the one of them was
    /// read back there that was not read for longest. What lies on the archive's own device has no medium of its own.
    pub(super) fn replicas(&self) -> Result<Vec<Replica>> {
        let there = replica::reachable(self.office)?;
        if there.is_empty() {
            return Ok(Vec::new());
        }
        let Some(present) = self.present()? else { return Ok(Vec::new()) };
        let mut replicas = Vec::new();
        for (row, replica) in there {
            let mut oldest = None;
            let mut holds_all = !present.is_empty();
            for (object, (version, inventory)) in &present {
                let held = self.office.office.read(|conn| rows::held_of(conn, row.id, *object))?;
                let held = held
                    .filter(|held| held.intact && held.version == *version && held.inventory == *inventory);
                match held.and_then(|held| held.verified) {
                    Some(at) => oldest = Some(oldest.map_or(at, |oldest: jiff::Timestamp| oldest.min(at))),
                    None => holds_all = false,
                }
            }
            if let (true, Some(verified_at)) = (holds_all, oldest) {
                let medium = replica::medium(self.office, &replica).unwrap_or_default();
                replicas.push(Replica { id: row.id.to_string(), medium, verified_at });
            }
        }
        Ok(replicas)
    }

    /// The dossiers that hold the photos of the case: their present versions and inventories. Nothing if one can't be
    /// found or read: then no copy can be said to be the same.
    fn present(&self) -> Result<Option<BTreeMap<ObjectId, (u32, Checksum)>>> {
        let mut present = BTreeMap::new();
        for object in self.case.objects().objects() {
            let id: PhotoId = object.id.as_str().parse().map_err(broken)?;
            let Some((person, photo)) = self.office.catalog.read(|conn| photo::get(conn, id))? else {
                return Ok(None);
            };
            if photo.sha256 != object.sha256.to_string() || photo.bytes != object.len {
                return Ok(None);
            }
            let dossier = dossier::object_of(person);
            let Some(found) = self.office.archive.object(dossier).or_failed("read a dossier")? else {
                return Ok(None);
            };
            let is_held = found
                .files()
                .iter()
                .any(|(path, sum)| path.as_str() == photo.file && sum.as_str() == photo.sha512);
            if !is_held {
                return Ok(None);
            }
            let inventory = found.inventory_digest().or_failed("read a dossier")?;
            present.insert(dossier, (found.head().get(), inventory));
        }
        Ok(Some(present))
    }
}
