//! Repair: what is damaged in the archive or gone from it comes back from a replica that holds it whole.

use std::collections::{BTreeMap, BTreeSet};

use api::health;
use archive::db::catalog::{self, object::ObjectKind};
use archive::db::office::{fixity_check, repair as rows, seal};
use archive::fixity::mend::{self, Copy, Mended, Refused, Repair};
use archive::fixity::{Known, Seal};
use archive::ocfl::ObjectId;
use jiff::Timestamp;

use crate::{Actor, Office, Refusal as _, Result, audit, event, replica};

/// The event that tells of a repair.
const REPAIRED: &str = "archive.repaired";

/// Where a repair was done.
const ARCHIVE: &str = "archive";

/// How many repairs are shown.
const SHOWN: u32 = 20;

/// What is known of every object from elsewhere than its own files: the catalog's newest version, and the newest seal.
/// What the catalog has lost is known by its seal.
pub(crate) fn known(office: &Office) -> Result<BTreeMap<ObjectId, Known>> {
    let heads = office.catalog.read(catalog::object::heads)?;
    let seals = office.office.read(seal::newest)?;
    let heads = heads.into_iter().filter_map(|(id, version)| Some((id.parse::<ObjectId>().ok()?, version)));
    let mut known: BTreeMap<ObjectId, Known> =
        heads.map(|(object, version)| (object, Known { object, version, seal: None })).collect();
    for (object, seal) in seals {
        let known = known.entry(object).or_insert(Known { object, version: seal.version, seal: None });
        known.version = known.version.max(seal.version);
        known.seal = Some(seal);
    }
    Ok(known)
}

/// What came of trying to repair some objects.
#[derive(Debug, Default)]
pub struct Mending {
    /// What was done.
    pub repairs: Vec<Repair>,
    /// Objects of which no replica has a good copy: of each replica, why not.
    pub refused: Vec<(ObjectId, Vec<(String, Refused)>)>,
}

impl Mending {
    /// The objects that are whole again.
    #[must_use]
    pub fn repaired(&self) -> BTreeSet<ObjectId> {
        self.repairs.iter().map(|repair| repair.object).collect()
    }
}

/// Tries to repair objects of the archive from the replicas that can be reached. Nothing is asked for twice: an object
/// that is whole by now is left alone.
///
/// # Errors
///
/// When the replicas or the store can't be read, or a repair not be written down; it can be tried again. What keeps one
/// object from being repaired keeps nobody from the others.
pub(crate) fn mend(office: &Office, actor: &Actor, hurt: &[Known]) -> Result<Mending> {
    let mut mending = Mending::default();
    if hurt.is_empty() {
        return Ok(mending);
    }
    settle(office)?;
    let replicas = replica::reachable(office)?;
    let copies: Vec<Copy<'_>> =
        replicas.iter().map(|(row, replica)| Copy { name: &row.name, root: replica.root() }).collect();
    for known in hurt {
        let object = known.object;
        match mend::mend(&office.archive, known, &copies, &office.paths.quarantine) {
            Ok(Mended::Nothing) => {}
            Ok(Mended::Repaired(repair)) => {
                record(office, actor, &repair)?;
                tracing::warn!(object.id = %object, copy = repair.from, "{object} was damaged and came back from {}.", repair.from);
                mending.repairs.push(repair);
            }
            Ok(Mended::NoGoodCopy(why)) => {
                let words: Vec<_> = why.iter().map(|(name, why)| format!("{name}: {}", why.word())).collect();
                let words = words.join(", ");
                tracing::error!(object.id = %object, replicas = words, "{object} is damaged and no replica holds it whole.");
                mending.refused.push((object, why));
            }
            Err(error) => {
                tracing::error!(object.id = %object, cause = ?error, "{object} could not be repaired: {error}.");
                mending.refused.push((object, Vec::new()));
            }
        }
    }
    Ok(mending)
}

/// Writes down repairs that were done before a crash, and clears away what was only begun.
///
/// # Errors
///
/// When the quarantine or the store can't be used; it can be called again.
pub fn settle(office: &Office) -> Result<()> {
    // What can't be looked up is told twice rather than never; telling twice is harmless.
    let is_known = |name: &str| office.office.read(|conn| rows::is_known(conn, name)).unwrap_or(false);
    let left = mend::settle(&office.archive, &office.paths.quarantine, &is_known)
        .or_failed("read the quarantine")?;
    left.iter().try_for_each(|repair| record(office, &Actor::appliance(), repair))
}

/// Writes a repair of the archive down, with a word to the audit trail and the ledger.
fn record(office: &Office, actor: &Actor, repair: &Repair) -> Result<()> {
    let object = repair.object;
    let kind = office.catalog.read(|conn| catalog::object::kind(conn, object))?;
    office.office.write(|tx| -> Result<()> {
        if !rows::insert(tx, ARCHIVE, repair)? {
            return Ok(());
        }
        fixity_check::set_object(tx, object, Timestamp::now(), true)?;
        let subject = subject(kind, object);
        audit::record_in(tx, actor, REPAIRED, Some(&subject), true)?;
        let detail = serde_json::json!({
            "object": object, "version": repair.version, "inventory": repair.inventory, "from": repair.from,
            "kept": repair.name,
        });
        event::queue(tx, actor, REPAIRED, subject, &repair.name, &detail)
    })
}

/// The id by which people know an object.
fn subject(kind: Option<ObjectKind>, object: ObjectId) -> String {
    kind.unwrap_or(ObjectKind::Other).subject(object)
}

/// Seals objects that were found whole at the version that is known, and have no seal of it yet.
pub(crate) fn seal(office: &Office, whole: &[(Known, Seal)]) -> Result<()> {
    let fresh = |(known, seal): &&(Known, Seal)| {
        seal.version == known.version && known.seal.as_ref().is_none_or(|old| old.version < seal.version)
    };
    let fresh: Vec<_> = whole.iter().filter(fresh).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let now = Timestamp::now();
    office.office.write(|tx| -> Result<()> {
        fresh.iter().try_for_each(|(known, new)| Ok(seal::insert(tx, known.object, new, now)?))
    })
}

/// The last repairs, newest first.
pub(crate) fn latest(office: &Office) -> Result<Vec<health::Repair>> {
    let repairs = office.office.read(|conn| rows::latest(conn, SHOWN))?;
    let to_api = |noted: rows::Noted| health::Repair {
        at: noted.repair.at,
        place: noted.place,
        object: noted.repair.object.to_string(),
        version: noted.repair.version,
        from: noted.repair.from,
        wrong: noted.repair.wrong.len() as u64,
        kept: noted.repair.name,
    };
    Ok(repairs.into_iter().map(to_api).collect())
}
