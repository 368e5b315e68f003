//! How each condition is looked at. Pure functions from what was said to a [`Guard`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ledger::SignedCheckpoint;

use super::CLOCK_SKEW;
use crate::{
    guard::{Guard, GuardCode},
    message::{Drill, Inventory, Location, LocationKind, Possession, Safety, Sighting},
    policy::Policy,
    possession::Held,
};

/// How old a replica's verification may be.
const VERIFIED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn inventory(body: &Inventory) -> Vec<Guard> {
    let mut ids = BTreeSet::new();
    let twice = body.locations.iter().filter(|location| !ids.insert(&location.id)).count();
    let empty: Vec<_> = body.locations.iter().flat_map(empty_fields).collect();
    let complete = !body.locations.is_empty() && twice == 0 && empty.is_empty();
    let detail = format!("places={} twice={twice} empty={}", body.locations.len(), empty.join(","));
    let declared = !body.no_other_location.trim().is_empty();
    vec![
        Guard::new(GuardCode::InventoryComplete, complete, detail),
        Guard::new(GuardCode::InventoryDeclared, declared, format!("declared={}", yes(declared))),
    ]
}

fn empty_fields(location: &Location) -> Vec<String> {
    let mut fields = vec![("owner", &location.owner), ("encryption", &location.encryption)];
    fields.extend([("snapshots", &location.snapshots), ("retention", &location.retention)]);
    if is_device(location.kind) {
        fields.extend([("make", &location.make), ("model", &location.model), ("serial", &location.serial)]);
        fields.extend([("hidden_areas", &location.hidden_areas), ("file_system", &location.file_system)]);
    }
    let empty = fields.into_iter().filter(|(_, value)| value.trim().is_empty());
    empty.map(|(name, _)| format!("{}.{name}", location.id)).collect()
}

/// Whether a place is a thing that somebody can stand in front of.
const fn is_device(kind: LocationKind) -> bool {
    matches!(kind, LocationKind::Disk | LocationKind::Nas | LocationKind::Usb | LocationKind::Phone)
}

pub(super) fn sighted(locations: &[Location], sightings: &[Sighting]) -> Guard {
    let devices = locations.iter().filter(|location| is_device(location.kind));
    let unseen: Vec<_> = devices
        .filter(|device| !sightings.iter().any(|sighting| sighting.location == device.id))
        .map(|device| device.id.as_str())
        .collect();
    Guard::new(GuardCode::DevicesSighted, unseen.is_empty(), format!("unseen={}", unseen.join(",")))
}

pub(super) fn safety(safety: &Safety, at: Timestamp) -> Vec<Guard> {
    let recent = |verified: Timestamp| {
        let age = at.duration_since(verified);
        age <= VERIFIED_WITHIN && age >= -CLOCK_SKEW
    };
    let media: BTreeSet<_> = safety
        .replicas
        .iter()
        .filter(|replica| recent(replica.verified_at) && !replica.medium.trim().is_empty())
        .map(|replica| replica.medium.trim())
        .collect();
    vec![
        Guard::new(
            GuardCode::ArchiveReplicas,
            media.len() >= 2,
            format!("replicas={} media_verified_in_24h={}", safety.replicas.len(), media.len()),
        ),
        Guard::new(
            GuardCode::ArchiveDefects,
            safety.open_defects == 0,
            format!("open={}", safety.open_defects),
        ),
        Guard::new(GuardCode::ArchiveHolds, safety.holds.is_empty(), format!("holds={}", safety.holds.len())),
    ]
}

/// Whether an unmet guard of the school's own safety is written into the certificate instead of stopping the case: the
/// officers may go on with fewer copies than they should have, and the certificate is PARTIAL for it.
pub(super) fn only_warns(guard: &Guard) -> bool {
    guard.code == GuardCode::ArchiveReplicas
}

pub(super) fn drill(drill: &Drill, objects: u64, bytes: u64) -> Guard {
    let met = drill.differing == 0 && drill.objects >= objects && drill.bytes >= bytes;
    let detail = format!(
        "objects={}/{objects} bytes={}/{bytes} differing={}",
        drill.objects, drill.bytes, drill.differing
    );
    Guard::new(GuardCode::ArchiveDrill, met, detail)
}

pub(super) fn checkpoint(policy: &Policy, text: &str, seen: u64) -> Guard {
    let signed = text.parse::<SignedCheckpoint>().ok();
    let size =
        signed.and_then(|signed| policy.ledger().verify_log(&signed).ok().map(|checkpoint| checkpoint.size));
    let met = size.is_some_and(|size| size <= seen);
    let size = size.map_or_else(|| "unsigned".to_owned(), |size| size.to_string());
    Guard::new(GuardCode::ArchiveCheckpoint, met, format!("size={size} seen={seen}"))
}

pub(super) fn possession_complete(possession: &Possession, count: u64) -> Guard {
    let held = || possession.locations.iter().map(|location| &location.held);
    let met = Held::cover(held(), count);
    let places: Vec<_> = held().map(|held| held.count().to_string()).collect();
    Guard::new(GuardCode::PossessionComplete, met, format!("held={} of={count}", places.join(",")))
}

pub(super) fn possession_extras(possession: &Possession) -> Guard {
    let extras = || possession.locations.iter().flat_map(|location| &location.extras);
    let unexplained = extras().filter(|extra| extra.explanation.trim().is_empty()).count();
    let files: u64 = extras().map(|extra| extra.files).fold(0, u64::saturating_add);
    Guard::new(
        GuardCode::PossessionExtras,
        unexplained == 0,
        format!("files={files} unexplained={unexplained}"),
    )
}

pub(super) const fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
