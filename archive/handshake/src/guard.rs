//! Guards: what must hold, by name, with what was found.

use serde::{Deserialize, Serialize};

/// One condition and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Which condition.
    pub code: GuardCode,
    /// Whether it holds.
    pub met: bool,
    /// What was found, as `name=value` pairs. The reader's language comes from the code.
    pub detail: String,
}

impl Guard {
    pub(crate) fn new(code: GuardCode, met: bool, detail: impl Into<String>) -> Self {
        Self { code, met, detail: detail.into() }
    }
}

macro_rules! guard_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The conditions. A certificate says CERTIFIED only if every one of them holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum GuardCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl GuardCode {
            /// All conditions, in the order in which they are looked at.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The condition's stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

guard_codes! {
    /// M1: the school has accepted the delivery.
    DeliveryAccepted = "delivery.accepted";
    /// M2: there is at least one place, each described, none twice.
    InventoryComplete = "inventory.complete";
    /// M2: the vendor declares that there is no other place.
    InventoryDeclared = "inventory.declared";
    /// M3: an officer has seen every device.
    DevicesSighted = "devices.sighted";
    /// M3: the seal names a checkpoint that the ledger signed.
    ArchiveCheckpoint = "archive.checkpoint";
    /// M3: at least two copies on different media, verified within the last 24 hours.
    ArchiveReplicas = "archive.replicas";
    /// M3: every byte was restored and compared.
    ArchiveDrill = "archive.drill";
    /// M3: no open defects.
    ArchiveDefects = "archive.defects";
    /// M3: no legal holds.
    ArchiveHolds = "archive.holds";
    /// M4: one unused nonce for each place.
    ChallengeFresh = "challenge.fresh";
    /// M4: the inventory stood in the ledger before the nonces were drawn.
    ChallengeAfterInventory = "challenge.after_inventory";
    /// M5: the vendor's roots equal the school's.
    PossessionEqual = "possession.equal";
    /// M5: the places together hold every object.
    PossessionComplete = "possession.complete";
    /// M5: every other file is explained.
    PossessionExtras = "possession.extras";
    /// M6: every place has a plan.
    PlanComplete = "plan.complete";
    /// M6: both officers are present.
    PresenceOfficers = "presence.officers";
    /// M6: enough witnesses for the quorum are present.
    PresenceWitnesses = "presence.witnesses";
    /// M7: both codes were heard and typed right.
    AuthoriseCodes = "authorise.codes";
    /// M7: the clocks of both sides agree within two minutes.
    AuthoriseClocks = "authorise.clocks";
    /// M7: the facts of the seal still held.
    AuthoriseRechecked = "authorise.rechecked";
    /// M9: every place was reported erased.
    ErasedComplete = "erased.complete";
    /// M9: without errors.
    ErasedErrors = "erased.errors";
    /// M10: every place was verified and no trace found.
    VerifiedClean = "verified.clean";
    /// M11: absent from every place.
    AbsenceComplete = "absence.complete";
    /// M11: at the level that was wanted.
    AbsenceLevel = "absence.level";
    /// M12: the vendor has countersigned.
    VendorCountersigned = "vendor.countersigned";
    /// M12: enough witnesses have cosigned a checkpoint over all messages.
    WitnessQuorum = "witness.quorum";
}
