//! Messages: the fields they all have, and the body of each kind.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::{
    bytes::{Nonce, SessionId},
    keys::{Party, Role},
    level::Level,
    objects::LocationId,
    possession::Held,
    state::Phase,
    statement::Statement,
};

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

/// M1. The school asks for the deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The contract's number.
    pub contract: String,
    /// The laws and clauses that demand the deletion.
    pub legal_basis: Vec<String>,
    /// What the delivery is, as the school names it.
    pub delivery: String,
    /// When the school accepted the delivery; none if it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// `R_obj`, the root over the objects to delete.
    pub object_root: Hash,
    /// How many objects.
    pub object_count: u64,
    /// How many bytes they have together.
    pub byte_count: u64,
    /// The fingerprint of the policy both sides use.
    pub policy: Hash,
    /// The level wanted for each kind of place. Kinds not named need AL0.
    pub required: BTreeMap<LocationKind, Level>,
}

/// M2. The vendor lists every place where copies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The places.
    pub locations: Vec<Location>,
    /// The declaration, in the vendor's words, that there is no other place.
    pub no_other_location: String,
}

/// What kind of thing a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    /// A disk in a computer.
    Disk,
    /// Network storage.
    Nas,
    /// A cloud service.
    Cloud,
    /// A backup of any kind.
    Backup,
    /// Prints and papers.
    Paper,
    /// A stick or a card.
    Usb,
    /// A phone or a camera.
    Phone,
}

/// One place where the vendor keeps copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Its id within this deletion.
    pub id: LocationId,
    /// What kind of thing it is.
    pub kind: LocationKind,
    /// Who owns it.
    pub owner: String,
    /// Its maker.
    pub make: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// Its world-wide name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wwn: Option<String>,
    /// Its size in bytes, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// What is known of hidden areas (HPA, DCO, namespaces).
    pub hidden_areas: String,
    /// Its file system.
    pub file_system: String,
    /// How it is encrypted.
    pub encryption: String,
    /// Whether snapshots exist.
    pub snapshots: String,
    /// How long copies stay there by themselves.
    pub retention: String,
    /// Others who can reach it.
    pub sub_processors: Vec<String>,
    /// What was made from the photos there: thumbnails, retouched versions, crops, embeddings, caches, logs, print queues.
    pub derivatives: Vec<String>,
}

/// M3. The school shows that its own copies are safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The ledger's checkpoint, as signed.
    pub archive_checkpoint: String,
    /// What the guards look at.
    pub safety: Safety,
    /// The root of the fixity report.
    pub fixity_root: Hash,
    /// The restore drill.
    pub drill: Drill,
    /// Objects of the delivery that are not to be deleted, and why.
    pub excluded: Vec<Exclusion>,
    /// Which places an officer has seen.
    pub sightings: Vec<Sighting>,
}

/// What must hold before anything may be erased, as of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safety {
    /// The school's copies.
    pub replicas: Vec<Replica>,
    /// Defects of the delivery that are still open.
    pub open_defects: u64,
    /// Legal holds on objects of the delivery.
    pub holds: Vec<String>,
}

/// One of the school's copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// Which copy.
    pub id: String,
    /// What it lies on. Two copies on the same medium count once.
    pub medium: String,
    /// When every byte of it was last verified.
    pub verified_at: Timestamp,
}

/// A restore that was tried and compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// When.
    pub at: Timestamp,
    /// How many of the objects were restored.
    pub objects: u64,
    /// How many bytes of them were compared.
    pub bytes: u64,
    /// How many differed.
    pub differing: u64,
    /// The hash of the report.
    pub report: Hash,
}

/// An object that is not to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// A commitment to the object, not the object.
    pub commitment: Hash,
    /// Why.
    pub reason: String,
}

/// An officer has stood before a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// Which place.
    pub location: LocationId,
    /// The hash of the photo taken of it.
    pub photo: Hash,
}

/// M4. The school asks for proof of possession of every object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// One fresh nonce for each place.
    pub nonces: Vec<LocationNonce>,
    /// Where in the ledger the inventory stands; below the size the school names in the same message.
    pub inventory_index: u64,
}

/// The nonce of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationNonce {
    /// The place.
    pub location: LocationId,
    /// Its nonce.
    pub nonce: Nonce,
}

/// M5. The vendor's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Possession {
    /// One answer for each place.
    pub locations: Vec<LocationPossession>,
}

/// What one place holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationPossession {
    /// The place.
    pub location: LocationId,
    /// The root over the MACs of the objects held there.
    pub root: Hash,
    /// Which objects are held there.
    pub held: Held,
    /// How many files hold them (an object may lie there more than once).
    pub files: u64,
    /// Other files there, by kind.
    pub extras: Vec<Extra>,
    /// How the bytes were read.
    pub read_path: String,
}

/// Files that are none of the objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// What they are, as in "thumbnail".
    pub what: String,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Why they are there. Nothing must stay unexplained.
    pub explanation: String,
    /// Whether they are erased along with the objects.
    pub erased_too: bool,
    /// The hash of the attached list of salted hashes and 4 KiB block hashes, if one was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Hash>,
}

/// M5, the school's half: what it computed from its own copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// One root for each place.
    pub locations: Vec<LocationChecked>,
}

/// What the school computed for one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationChecked {
    /// The place.
    pub location: LocationId,
    /// The root over the MACs of the school's own bytes.
    pub root: Hash,
}

/// M6. The vendor's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What happens to each place.
    pub locations: Vec<LocationPlan>,
    /// Who is present for the vendor.
    pub present: Vec<Person>,
}

/// What kind of sanitisation (NIST SP 800-88, IEEE 2883).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sanitisation {
    /// Logical techniques on everything that can be addressed.
    Clear,
    /// Techniques that leave nothing for a laboratory.
    Purge,
    /// The medium can't be used again.
    Destroy,
}

/// What happens to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationPlan {
    /// The place.
    pub location: LocationId,
    /// Which kind of sanitisation.
    pub sanitisation: Sanitisation,
    /// Which technique exactly.
    pub technique: String,
    /// How long it will take, in seconds.
    pub expected_seconds: u64,
    /// Blocks planted so that a scan can show that it finds something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controls: Option<Controls>,
}

/// Blocks planted before the erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// How many were planted.
    pub planted: u64,
    /// How many of them the scan before the erasure found.
    pub found: u64,
}

/// A person who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their title.
    pub title: String,
    /// Where they are.
    pub place: String,
}

/// M6, the school's half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The hash of the envelope with the plan that is agreed to.
    pub plan: Hash,
    /// Which of the policy's officers are present.
    pub officers: Vec<Role>,
    /// Which of the policy's witnesses are present, by their names in the policy.
    pub witnesses: Vec<String>,
}

/// M7. A side binds itself to a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The commitment to the number.
    pub commitment: Hash,
}

/// M7. A side shows its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// The number.
    pub nonce: Nonce,
}

/// M7. The vendor confirms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// The code as the operator typed it, having heard it.
    pub code: String,
    /// Who typed it.
    pub operator: Person,
}

/// M7. The school confirms. From here there is no way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorise {
    /// The reverse code as the second officer typed it, having heard it.
    pub code: String,
    /// The facts of the seal, looked at once more.
    pub safety: Safety,
}

/// M8. How far the erasure is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Place by place.
    pub locations: Vec<LocationProgress>,
}

/// How far the erasure of one place is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationProgress {
    /// The place.
    pub location: LocationId,
    /// Bytes done.
    pub done: u64,
    /// Bytes to do.
    pub total: u64,
    /// Errors so far.
    pub errors: u64,
    /// Retries so far.
    pub retries: u64,
    /// The hash of the tool's log so far.
    pub log: Hash,
}

/// M9. The erasure is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erased {
    /// Place by place.
    pub locations: Vec<LocationErased>,
    /// Keys that were destroyed.
    pub keys_destroyed: Vec<KeyDestruction>,
    /// Who did it.
    pub sanitiser: Person,
}

/// What was done to one place, and what the tool saw afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationErased {
    /// The place.
    pub location: LocationId,
    /// Which kind of sanitisation.
    pub sanitisation: Sanitisation,
    /// Which technique exactly.
    pub technique: String,
    /// The tool.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// How many passes.
    pub passes: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How many files were erased.
    pub files: u64,
    /// What the device itself reports, verbatim.
    pub device_status: String,
    /// What went wrong.
    pub errors: ErasureErrors,
    /// How often something was tried again.
    pub retries: u64,
    /// What is known of hidden areas (HPA, DCO, namespaces).
    pub hidden_areas: String,
    /// Where the medium goes.
    pub destination: String,
    /// Whether the paths are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<PathCheck>,
    /// What a scan of the raw device found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<RawScan>,
}

/// What went wrong in an erasure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasureErrors {
    /// While overwriting.
    pub pass: u64,
    /// While flushing to the device.
    pub sync: u64,
    /// While reading back.
    pub verify: u64,
}

/// A look at the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathCheck {
    /// How many files were looked at.
    pub checked: u64,
    /// How many of the objects were still found.
    pub found: u64,
}

/// A scan of the raw device, below the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawScan {
    /// How large the device is.
    pub device_bytes: u64,
    /// How much of it was read.
    pub scanned_bytes: u64,
    /// 4 KiB blocks of the objects that were found.
    pub block_hits: u64,
    /// Whole objects that were found.
    pub file_hits: u64,
    /// JPEG images that were carved out.
    pub jpegs_carved: u64,
    /// Planted blocks that were still there.
    pub controls_left: u64,
    /// Whether free space was overwritten.
    pub free_space_overwritten: bool,
}

/// A key that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDestruction {
    /// The place it was for.
    pub location: LocationId,
    /// What was destroyed and how.
    pub what: String,
    /// The hash of the key's header before.
    pub before: Hash,
    /// The hash after.
    pub after: Hash,
}

/// M10. The school's verdict on what the vendor reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Place by place.
    pub locations: Vec<LocationVerdict>,
    /// Who verified.
    pub verifier: Person,
}

/// The verdict on one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationVerdict {
    /// The place.
    pub location: LocationId,
    /// The level reached. Never above what the evidence bears.
    pub level: Level,
    /// Traces found, at least as many as the vendor reported.
    pub hits: u64,
    /// How the verdict was reached.
    pub method: String,
}

/// M11. Whether the objects are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// Place by place.
    pub locations: Vec<LocationAbsence>,
}

/// Whether the objects are absent from one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationAbsence {
    /// The place.
    pub location: LocationId,
    /// Whether nothing was found there.
    pub absent: bool,
    /// The level reached.
    pub level: Level,
    /// What may still be left, in words.
    pub residue: String,
}

/// M12. What the certificate will say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateBody {
    /// The statement, exactly as it follows from the messages before.
    pub statement: Statement,
}

/// M12. The vendor agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Countersign {
    /// The hash of the envelope with the statement.
    pub certificate: Hash,
    /// What the vendor wants to add.
    pub remarks: String,
}

/// M13. A copy was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// What was found and where.
    pub evidence: String,
    /// The hash of the proof.
    pub proof: Hash,
}

/// A side must pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// Why.
    pub reason: String,
}

/// A side goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Why: after a pause, or after a restart.
    pub reason: String,
}

/// A side gives up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abort {
    /// Why.
    pub reason: String,
}

impl Message {
    /// Who must sign this message.
    #[must_use]
    pub const fn signers(&self) -> &'static [Role] {
        self.body.signers(self.sender)
    }
}

impl Body {
    /// Who may send it; none if either side may.
    #[must_use]
    pub const fn sender(&self) -> Option<Party> {
        match self {
            Self::Invite(_)
            | Self::Seal(_)
            | Self::Challenge(_)
            | Self::Checked(_)
            | Self::Ready(_)
            | Self::Authorise(_)
            | Self::Verify(_)
            | Self::Absence(_)
            | Self::Certificate(_)
            | Self::Revoke(_) => Some(Party::School),
            Self::Inventory(_)
            | Self::Possession(_)
            | Self::Plan(_)
            | Self::Confirm(_)
            | Self::Progress(_)
            | Self::Erased(_)
            | Self::Countersign(_) => Some(Party::Vendor),
            Self::Commit(_) | Self::Reveal(_) | Self::Suspend(_) | Self::Resume(_) | Self::Abort(_) => None,
        }
    }

    /// Who must sign it when `sender` sends it.
    #[must_use]
    pub const fn signers(&self, sender: Party) -> &'static [Role] {
        match self {
            Self::Invite(_) | Self::Revoke(_) => &[Role::School, Role::Registrar],
            Self::Seal(_) | Self::Ready(_) | Self::Authorise(_) | Self::Absence(_) | Self::Certificate(_) => {
                &[Role::School, Role::Registrar, Role::It]
            }
            Self::Verify(_) => &[Role::School, Role::It],
            Self::Challenge(_) | Self::Checked(_) => &[Role::School],
            Self::Inventory(_) | Self::Plan(_) | Self::Confirm(_) | Self::Countersign(_) => {
                &[Role::Agent, Role::Legal]
            }
            Self::Possession(_) | Self::Progress(_) | Self::Erased(_) => &[Role::Agent],
            Self::Commit(_) | Self::Reveal(_) | Self::Suspend(_) | Self::Resume(_) | Self::Abort(_) => {
                match sender {
                    Party::School => &[Role::School],
                    Party::Vendor => &[Role::Agent],
                }
            }
        }
    }

    /// How long the other side has to answer, for `bytes` bytes of objects.
    #[must_use]
    pub fn answer_within(&self, bytes: u64) -> SignedDuration {
        const DAY: i64 = 24;
        match self {
            Self::Invite(_) => SignedDuration::from_hours(14 * DAY),
            Self::Inventory(_) => SignedDuration::from_hours(7 * DAY),
            // Ten minutes for every 10 GB begun.
            Self::Challenge(_) => SignedDuration::from_mins(
                10 * i64::try_from(bytes / 10_000_000_000 + 1).unwrap_or(i64::MAX / 600),
            ),
            Self::Plan(_) | Self::Ready(_) => SignedDuration::from_hours(48),
            Self::Commit(_) | Self::Reveal(_) | Self::Confirm(_) => SignedDuration::from_mins(5),
            Self::Progress(_) => SignedDuration::from_mins(10),
            Self::Authorise(_) | Self::Erased(_) | Self::Verify(_) => SignedDuration::from_hours(DAY),
            Self::Certificate(_) => SignedDuration::from_hours(72),
            _ => SignedDuration::from_hours(30 * DAY),
        }
    }
}
