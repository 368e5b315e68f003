//! Messages: the fields they all have, and the body of each kind.

mod ceremony;
mod certificate;
mod erasure;
mod inventory;
mod invite;
mod pause;
mod person;
mod plan;
mod possession;
mod rules;
mod seal;
mod verdict;

use jiff::Timestamp;
use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::{bytes::SessionId, keys::Party, state::Phase};

pub use ceremony::{Authorise, Commit, Confirm, Reveal};
pub use certificate::{CertificateBody, Countersign, Revoke};
pub use erasure::{
    Erased, ErasureErrors, KeyDestruction, LocationErased, LocationProgress, PathCheck, Progress, RawScan,
};
pub use inventory::{Inventory, Location, LocationKind};
pub use invite::Invite;
pub use pause::{Abort, Resume, Suspend};
pub use person::Person;
pub use plan::{Controls, LocationPlan, Plan, Ready, Sanitisation};
pub use possession::{
    Challenge, Checked, Extra, LocationChecked, LocationNonce, LocationPossession, Possession,
};
pub use seal::{Drill, Exclusion, Replica, Safety, Seal, Sighting};
pub use verdict::{Absence, LocationAbsence, LocationVerdict, Verify};

/// One message of the conversation. Its canonical JSON is the payload of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The version of the protocol, 1.
    pub v: u8,
    /// Which deletion.
    pub session: SessionId,
    /// Which message of it, from 0. Both sides count together.
    pub seq: u64,
    /// The hash of the envelope before this one; none in the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<Hash>,
    /// The phase the sender is in when sending.
    pub state: Phase,
    /// Whose turn it was.
    pub sender: Party,
    /// The sender's clock.
    pub t_wall: Timestamp,
    /// Milliseconds since the sender's program started.
    pub t_mono: u64,
    /// The size of the newest checkpoint the sender has seen.
    pub log_size_seen: u64,
    /// Its root.
    pub log_root_seen: Hash,
    /// How the message is signed and hashed.
    pub alg: Algorithms,
    /// Until when the other side may answer.
    pub expires: Timestamp,
    /// What it says.
    pub body: Body,
}

/// The algorithms of a message. There is one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithms {
    /// Signatures Ed25519, hashes SHA-256, MACs HMAC-SHA256.
    #[serde(rename = "Ed25519+SHA-256")]
    Ed25519Sha256,
}

/// What a message says. The names begin with the number of the protocol's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[expect(clippy::large_enum_variant, reason = "there is one body at a time; boxes would only be in the way")]
pub enum Body {
    /// The school asks for the deletion.
    #[serde(rename = "M1.invite")]
    Invite(Invite),
    /// The vendor lists every place where copies are.
    #[serde(rename = "M2.inventory")]
    Inventory(Inventory),
    /// The school shows that its own copies are safe.
    #[serde(rename = "M3.seal")]
    Seal(Seal),
    /// The school asks for proof of possession.
    #[serde(rename = "M4.challenge")]
    Challenge(Challenge),
    /// The vendor's proof.
    #[serde(rename = "M5.possession")]
    Possession(Possession),
    /// The school's own computation of the same.
    #[serde(rename = "M5.checked")]
    Checked(Checked),
    /// The vendor's plan for the erasure.
    #[serde(rename = "M6.plan")]
    Plan(Plan),
    /// The school agrees to the plan and says who is present.
    #[serde(rename = "M6.ready")]
    Ready(Ready),
    /// A side binds itself to a number it keeps secret.
    #[serde(rename = "M7.commit")]
    Commit(Commit),
    /// A side shows the number.
    #[serde(rename = "M7.reveal")]
    Reveal(Reveal),
    /// The vendor confirms the code that the school read aloud.
    #[serde(rename = "M7.confirm")]
    Confirm(Confirm),
    /// The school confirms the code that the vendor read aloud. From here there is no way back.
    #[serde(rename = "M7.authorise")]
    Authorise(Authorise),
    /// How far the erasure is.
    #[serde(rename = "M8.progress")]
    Progress(Progress),
    /// The erasure is done.
    #[serde(rename = "M9.erased")]
    Erased(Erased),
    /// The school's verdict on what the vendor reports.
    #[serde(rename = "M10.verify")]
    Verify(Verify),
    /// Whether the objects are absent, place by place.
    #[serde(rename = "M11.absence")]
    Absence(Absence),
    /// What the certificate will say.
    #[serde(rename = "M12.certificate")]
    Certificate(CertificateBody),
    /// The vendor agrees to it.
    #[serde(rename = "M12.countersign")]
    Countersign(Countersign),
    /// A copy was found after all.
    #[serde(rename = "M13.revoke")]
    Revoke(Revoke),
    /// A side must pause.
    #[serde(rename = "suspend")]
    Suspend(Suspend),
    /// A side goes on after a pause or a restart. All numbers drawn before are burnt.
    #[serde(rename = "resume")]
    Resume(Resume),
    /// A side gives up, before anything was erased.
    #[serde(rename = "abort")]
    Abort(Abort),
}
