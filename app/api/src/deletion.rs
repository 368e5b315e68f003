//! Deletion cases: the school's view of the handshake.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Role;
use crate::ids::{CaseId, DeliveryId, VendorId};

/// Opens a deletion case for an accepted delivery. `POST /deletions`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCase {
    /// The delivery whose copies the vendor must delete.
    pub delivery: DeliveryId,
}

/// A deletion case. `GET /deletions/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The vendor.
    pub vendor: VendorId,
    /// The vendor's name.
    pub vendor_name: String,
    /// The handshake's state: `DRAFT`, `INVITED`, … `CERTIFIED`, `PARTIAL`.
    pub state: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// How many objects it covers.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What has happened, oldest first.
    pub timeline: Vec<CaseEvent>,
    /// Where the vendor says it keeps copies, beside what was measured.
    pub locations: Vec<Location>,
    /// The conditions, met or not.
    pub guards: Vec<Guard>,
    /// What must happen next.
    pub next: Option<NextStep>,
    /// The message that waits for signatures, like `M3.seal`; several steps are signed by both officers.
    pub signing: Option<String>,
    /// The offices whose signature it still lacks.
    pub awaits: Vec<Role>,
    /// The ceremony, while it runs.
    pub ceremony: Option<Ceremony>,
    /// Whether there is a certificate at `/deletions/{id}/certificate`.
    pub certificate: bool,
    /// Why what was said in it can't be read, if it can't: `case-damaged` or `case-of-other-rules`. Then nothing is known
    /// but what stands beside it, `objects` is 0, and asking for the case alone is refused with `case-unreadable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// One message of the handshake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseEvent {
    /// Its number in the session.
    pub seq: u64,
    /// `M1` … `M13`.
    pub message: String,
    /// `school` or `vendor`.
    pub sender: String,
    /// When.
    pub at: Timestamp,
    /// The state after it.
    pub state: String,
    /// Its leaf in the ledger, once integrated.
    pub leaf: Option<u64>,
}

/// One place where the vendor keeps copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// Its id in the case.
    pub id: String,
    /// `disk`, `nas`, `cloud`, `backup`, `paper`, `usb`, `phone`.
    pub kind: String,
    /// What the vendor declared: make, model, serial number.
    pub declared: String,
    /// `AL0` … `AL4`.
    pub assurance: Option<String>,
    /// Objects proven to be there before.
    pub possessed: Option<u64>,
    /// Objects found there afterwards.
    pub remaining: Option<u64>,
    /// What is not known about it.
    pub residue: Option<String>,
}

/// A condition of the handshake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Guard {
    /// Stable code: `replicas`, `restore-drill`, `witness-quorum`, …
    pub code: String,
    /// Whether it is met.
    pub met: bool,
    /// What was seen, in English, for the certificate.
    pub detail: String,
}

/// What must happen next in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The vendor's agent must answer.
    AwaitVendor,
    /// A registrar must sign the invitation.
    SignInvite,
    /// Both officers must sign the seal.
    SignSeal,
    /// Both officers must sign readiness.
    SignReady,
    /// The code is read aloud and the vendor's code typed.
    Ceremony,
    /// Both officers must sign the certificate.
    SignCertificate,
}

/// The ceremony of the spoken code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ceremony {
    /// The code officer 1 reads aloud, eight characters; nothing until both sides are committed.
    pub code: Option<String>,
    /// Whether the vendor typed it rightly.
    pub vendor_typed: bool,
    /// Whether officer 2 typed the vendor's code rightly.
    pub school_typed: bool,
    /// When the window closes.
    pub closes: Option<Timestamp>,
}

/// An officer signs the step that waits. `POST /deletions/{id}/signature`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignStep {
    /// The officer's password: it opens the officer's key for this one signature.
    pub password: String,
}

/// Officer 2 types the code the vendor reads aloud. `POST /deletions/{id}/code`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypeCode {
    /// The code.
    pub code: String,
}
