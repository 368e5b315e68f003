//! The ledger: the tamper-evident record of what happened.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Every kind of event that the ledger holds: the thing it deals with, a point, and what happened to it. Nothing else is
/// ever queued, and clients have words for each.
pub const EVENT_KINDS: [&str; 68] = [
    "account.changed",
    "account.created",
    "account.password-reset",
    "archive.admitted",
    "archive.appraised",
    "archive.checked",
    "archive.drilled",
    "archive.exported",
    "archive.rebuilt",
    "archive.repaired",
    "assessment.signed",
    "assessment.written",
    "calibration.adopted",
    "calibration.made",
    "campaign.comparing_ended",
    "campaign.comparing_opened",
    "campaign.created",
    "cohort.case_reopened",
    "cohort.case_settled",
    "cohort.compared",
    "cohort.consent_withdrawn",
    "cohort.kept",
    "cohort.sent_back",
    "cohort.signed",
    "cohort.word_said",
    "comparison.decided",
    "comparison.doubted",
    "comparison.made",
    "comparison.reviewed",
    "comparison.superseded",
    "consent.recorded",
    "consent.withdrawn",
    "copy.approved",
    "copy.asked",
    "copy.refused",
    "copy.taken",
    "deletion.certificate",
    "deletion.kept",
    "deletion.message",
    "deletion.opened",
    "delivery.accepted",
    "delivery.checked",
    "delivery.face_settled",
    "delivery.kept",
    "delivery.proposal_refused",
    "delivery.proposed",
    "delivery.received",
    "delivery.rejected",
    "diplomas.imported",
    "dossier.kept",
    "face.checked_by_hand",
    "hold.lifted",
    "hold.placed",
    "notice.published",
    "object.kept",
    "photos.imported",
    "proof.issued",
    "replica.added",
    "replica.removed",
    "replica.repaired",
    "replica.synced",
    "replica.verified",
    "roster.imported",
    "scans.imported",
    "scans.read",
    "tokens.issued",
    "vendor.registered",
    "vendor.revoked",
];

/// The ledger's head. `GET /ledger`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerHead {
    /// Its name.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root hash, base64.
    pub root: String,
    /// The verifier key (C2SP signed-note).
    pub verifier_key: String,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Witnesses that cosigned it, by name.
    pub witnesses: Vec<String>,
    /// Events that wait to be integrated.
    pub pending: u64,
}

/// One leaf with what the appliance knows of it. `GET /ledger/entries`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerEntry {
    /// Its index, from 0.
    pub index: u64,
    /// What happened: `delivery.accepted`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// To what: an id.
    pub subject: String,
    /// Who: a person's name, `console`, `appliance`, or a vendor's id.
    pub actor: String,
    /// The commitment in the leaf.
    pub commitment: String,
}

/// A proof that an entry is in the ledger. `GET /ledger/entries/{index}/proof`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerProof {
    /// The entry.
    pub entry: LedgerEntry,
    /// The leaf's bytes, as text.
    pub leaf: String,
    /// The event whose salted hash the leaf holds, and its salt, canonical JSON.
    pub opening: Option<String>,
    /// The C2SP tlog-proof text.
    pub proof: String,
}
