//! The school's side of a witnessed deletion: what is due, the messages, the recomputed proof, the certificate.
//!
//! Rules that hold here:
//!
//! * No database and no network: facts, readers and officers' keys are handed in; envelopes are handed out.
//! * A [`Case`] is pure data. [`Case::to_bytes`] is written and synced after every change and before anything is handed out.
//! * Every message becomes a ledger leaf. [`Case::unlogged`] gives the leaves, [`Case::logged`] takes their places; the leaf
//!   is decided when the message is accepted, so appending it again after a crash is recognised by the ledger.
//!
//! For each message of the school: draft it ([`Case::seal`] and so on), show what [`Case::weigh`] says of it, have the officers sign
//! ([`Envelope::sign`], or [`Envelope::add`] with a signature made on their own device), then [`Case::say`] it.

mod possession;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use handshake::{
    bytes::{BootId, Nonce, Salt, SessionId},
    certificate::{AssembleError, Certificate, LedgerEntry, LedgerEvent, LedgerPart, SeenCheckpoint},
    envelope::Envelope,
    guard::Guard,
    keys::{Party, Role, Signer},
    message::{
        Abort, Absence, Authorise, Body, CertificateBody, Challenge, Invite, LocationAbsence, LocationNonce,
        LocationVerdict, Person, Ready, Resume, Revoke, Safety, Seal, Suspend, Verify,
    },
    objects::{Object, ObjectList, ObjectListError},
    policy::Policy,
    sas::normalise,
    session::{Accepted, Stamp},
    side::{DraftError, JournalError, Side},
    state::{CEREMONY, Phase, Refusal, State},
    statement::Statement,
    vendor::check_list,
};
use ids::EventId;
use jiff::Timestamp;
use ledger::json::{JsonError, canonical, from_canonical};
use serde::{Deserialize, Serialize};

use crate::log::{Log, ReadError};

pub use possession::{PossessionError, recompute};

/// One deletion, as the school sees it.
#[derive(Debug, Clone)]
pub struct Case {
    side: Side,
    objects: ObjectList,
    leaves: Vec<CaseLeaf>,
}

/// The ledger leaf of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseLeaf {
    event: LedgerEvent,
    salt: Salt,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
}

/// What is kept of a case.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    v: u8,
    journal: serde_json::Value,
    objects: ObjectList,
    leaves: Vec<CaseLeaf>,
}

/// What the school does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// Ask the vendor: [`Case::invite`].
    Invite,
    /// Wait for the vendor.
    Vendor,
    /// Show that the archive is safe: [`Case::seal`].
    Seal,
    /// Draw nonces, or new ones: [`Case::challenge`].
    Challenge,
    /// Compute the proof from the own copies: [`Case::check`].
    Check,
    /// Agree to the plan: [`Case::ready`].
    Ready,
    /// Begin the exchange of codes, or begin it anew: [`Case::commit`].
    Commit,
    /// Show the number: [`Case::reveal`].
    Reveal,
    /// Type the code heard and authorise: [`Case::authorise`]. From there no way back.
    Authorise,
    /// Judge the vendor's report: [`Case::verify`].
    Verify,
    /// Say what is absent: [`Case::absence`].
    Absence,
    /// Write the statement: [`Case::certificate`].
    Certificate,
    /// Have witnesses cosign the ledger, then put the certificate together: [`Case::assemble`].
    Assemble,
    /// Go on after a pause: [`Case::resume`].
    Resume,
    /// Nothing.
    Nothing,
}

/// Why a case can't be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file is not a case.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The list of objects is bad.
    #[error(transparent)]
    Objects(#[from] ObjectListError),
    /// The journal is bad.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The parts don't belong together.
    #[error("the parts of the case don't belong together")]
    Mixed,
    /// It is of a version that is not known here.
    #[error("a case of version {0}")]
    Version(u8),
}

impl CaseError {
    /// Whether its bytes seem to be as they were written, but under other rules than these: by another version.
    #[must_use]
    pub const fn is_of_other_rules(&self) -> bool {
        match self {
            Self::Version(_) | Self::Journal(JournalError::Kind) => true,
            Self::Journal(JournalError::Broken(refusal)) => {
                !matches!(refusal, Refusal::Envelope(_) | Refusal::Chain { .. } | Refusal::Fork { .. })
            }
            Self::Json(_) | Self::Objects(_) | Self::Journal(JournalError::Json(_)) | Self::Mixed => false,
        }
    }
}

/// Why a message can't be drafted.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The message can't be written, or the program was restarted and must begin anew.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The list of objects is bad.
    #[error(transparent)]
    Objects(#[from] ObjectListError),
    /// The vendor's inventory is not in the ledger yet.
    #[error("the vendor's inventory is not yet in the ledger")]
    NotLogged,
    /// The conversation has not come so far.
    #[error("the deletion has not come so far")]
    TooEarly,
    /// The proof can't be computed.
    #[error(transparent)]
    Possession(#[from] PossessionError),
}

/// Why the certificate can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// A message is not in the ledger yet.
    #[error("message {seq} is not yet in the ledger")]
    NotLogged {
        /// Which message.
        seq: usize,
    },
    /// The ledger can't be read.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// It would not stand a check, or the school's key can't be used.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
}

/// What the invitation says besides the objects.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The contract's number.
    pub contract: String,
    /// The laws and clauses that demand the deletion.
    pub legal_basis: Vec<String>,
    /// The delivery's id.
    pub delivery: String,
    /// When it was accepted; none if it has not been, and then the invitation is refused.
    pub accepted_at: Option<Timestamp>,
    /// The level wanted for each kind of place.
    pub required: std::collections::BTreeMap<handshake::message::LocationKind, handshake::level::Level>,
}

impl Case {
    /// Opens a case for these objects. Nothing is said yet. `boot` is drawn once at each start of the program.
    ///
    /// # Errors
    ///
    /// If there are no objects, or two have the same id.
    pub fn open(policy: Arc<Policy>, objects: Vec<Object>, boot: BootId) -> Result<Self, CaseError> {
        let session = SessionId::from_bytes(rand::random());
        let objects = ObjectList::new(session, objects)?;
        Ok(Self { side: Side::new(Party::School, session, policy, boot), objects, leaves: Vec::new() })
    }

    /// Reads a case. Every signature and rule is checked again; if the program was restarted, open numbers are burnt.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub fn load(bytes: &[u8], boot: BootId) -> Result<Self, CaseError> {
        let file: CaseFile = from_canonical(bytes)?;
        if file.v != 1 {
            return Err(CaseError::Version(file.v));
        }
        let side = Side::load(&canonical(&file.journal)?, Party::School, boot)?;
        let fits = file.leaves.len() == side.envelopes().len()
            && file.objects.session() == side.state().session()
            && (side.state().phase() == Phase::Draft || check_list(side.state(), &file.objects).is_ok());
        if fits {
            Ok(Self { side, objects: file.objects, leaves: file.leaves })
        } else {
            Err(CaseError::Mixed)
        }
    }

    /// Writes the case.
    ///
    /// # Errors
    ///
    /// Never for a case made here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CaseError> {
        let journal = from_canonical(&self.side.to_bytes()?)?;
        let (objects, leaves) = (self.objects.clone(), self.leaves.clone());
        Ok(canonical(&CaseFile { v: 1, journal, objects, leaves })?)
    }

    /// Where the deletion stands and what was said.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.side.state()
    }

    /// What is to be deleted. [`ObjectList::to_bytes`] is what the vendor gets.
    #[must_use]
    pub const fn objects(&self) -> &ObjectList {
        &self.objects
    }

    /// The envelopes from number `from` on, for the vendor.
    #[must_use]
    pub fn envelopes(&self, from: usize) -> &[Envelope] {
        self.side.envelopes().get(from..).unwrap_or(&[])
    }

    /// What the school does next. A challenge or an exchange of codes that the vendor let expire is begun anew.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Due {
        let state = self.state();
        let challenge = state.said().challenge.as_ref();
        let unanswered = self.side.is_burnt() || challenge.is_some_and(|challenge| now > challenge.expires);
        let began = state.ceremony().map(handshake::state::Ceremony::began);
        let unfinished =
            self.side.is_burnt() || began.is_some_and(|began| now.duration_since(began) > CEREMONY);
        match state.phase() {
            Phase::Draft => Due::Invite,
            Phase::Enrolled => Due::Seal,
            Phase::Sealed => Due::Challenge,
            Phase::Challenged if unanswered => Due::Challenge,
            Phase::Answered => Due::Check,
            Phase::Planned => Due::Ready,
            Phase::Ready => Due::Commit,
            Phase::Authorising if unfinished => Due::Commit,
            Phase::Authorising => match state.ceremony() {
                Some(ceremony) if ceremony.vendor_committed() && !ceremony.school_revealed() => Due::Reveal,
                _ if state.said().confirm.is_some() => Due::Authorise,
                _ => Due::Vendor,
            },
            Phase::Erased => Due::Verify,
            Phase::Verified => Due::Absence,
            Phase::Absent => Due::Certificate,
            Phase::Cosigned => Due::Assemble,
            Phase::Suspended => Due::Resume,
            Phase::Aborted | Phase::Revoked => Due::Nothing,
            Phase::Invited
            | Phase::Challenged
            | Phase::Possessed
            | Phase::Authorised
            | Phase::Erasing
            | Phase::Disputed
            | Phase::Issued => Due::Vendor,
        }
    }

    /// Takes an envelope from the vendor. The same one again is harmless.
    ///
    /// # Errors
    ///
    /// If it is refused; nothing has changed then.
    pub fn receive(&mut self, envelope: Envelope, now: Timestamp) -> Result<Accepted, Refusal> {
        let accepted = self.side.receive(envelope, now)?;
        self.commit_leaves(now)?;
        Ok(accepted)
    }

    /// Says a signed message of the school's.
    ///
    /// # Errors
    ///
    /// If it is refused; nothing has changed then.
    pub fn say(&mut self, envelope: Envelope, now: Timestamp) -> Result<Accepted, Refusal> {
        let accepted = self.side.say(envelope)?;
        self.commit_leaves(now)?;
        Ok(accepted)
    }

    /// Weighs a message before anybody signs it: returns the conditions as they would stand after it.
    ///
    /// # Errors
    ///
    /// Why it would be refused even with all signatures; [`Refusal::Guards`] lists conditions that don't hold.
    pub fn weigh(&self, envelope: &Envelope) -> Result<Vec<Guard>, Refusal> {
        self.side.weigh(envelope)
    }

    /// Decides the leaf of each message that has none yet.
    fn commit_leaves(&mut self, now: Timestamp) -> Result<(), Refusal> {
        for envelope in self.side.envelopes().iter().skip(self.leaves.len()) {
            let (id, session) = (EventId::new().to_string(), self.side.state().session());
            let event =
                LedgerEvent::new(id, now.to_string(), "appliance".to_owned(), session, envelope.hash()?);
            self.leaves.push(CaseLeaf { event, salt: Salt::from_bytes(rand::random()), index: None });
        }
        Ok(())
    }

    /// The messages not yet in the ledger: number and leaf, to be given to [`Log::append`] in this order.
    ///
    /// # Errors
    ///
    /// Never for a case made here.
    pub fn unlogged(&self) -> Result<Vec<(usize, Vec<u8>)>, JsonError> {
        let leaves = self.leaves.iter().enumerate().filter(|(_, leaf)| leaf.index.is_none());
        leaves.map(|(seq, leaf)| Ok((seq, leaf.event.leaf(&leaf.salt)?))).collect()
    }

    /// Notes where in the ledger a message stands.
    pub fn logged(&mut self, seq: usize, index: u64) {
        if let Some(leaf) = self.leaves.get_mut(seq) {
            leaf.index = Some(index);
        }
    }

    /// M1. Signed by school and registrar; so each message says who signs it.
    ///
    /// # Errors
    ///
    /// If it can't be drafted; so for all messages below.
    pub fn invite(&self, invitation: Invitation, stamp: &Stamp) -> Result<Envelope, MessageError> {
        self.draft(
            Body::Invite(Invite {
                contract: invitation.contract,
                legal_basis: invitation.legal_basis,
                delivery: invitation.delivery,
                accepted_at: invitation.accepted_at,
                object_root: self.objects.root()?,
                object_count: self.objects.count(),
                byte_count: self.objects.bytes(),
                policy: self.state().policy().fingerprint(),
                required: invitation.required,
            }),
            stamp,
        )
    }

    /// M3. Signed by school, registrar and IT.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn seal(&self, seal: Seal, stamp: &Stamp) -> Result<Envelope, MessageError> {
        self.draft(Body::Seal(seal), stamp)
    }

    /// M4, with fresh nonces. The inventory must be in the ledger before. Signed by school.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn challenge(&self, stamp: &Stamp) -> Result<Envelope, MessageError> {
        let inventory = self.state().said().inventory.as_ref().ok_or(MessageError::TooEarly)?;
        let leaf = usize::try_from(inventory.seq).ok().and_then(|seq| self.leaves.get(seq));
        let inventory_index = leaf.and_then(|leaf| leaf.index).ok_or(MessageError::NotLogged)?;
        let nonce = |location: &handshake::message::Location| LocationNonce {
            location: location.id.clone(),
            nonce: Nonce::from_bytes(rand::random()),
        };
        let nonces = self.state().locations().iter().map(nonce).collect();
        self.draft(Body::Challenge(Challenge { nonces, inventory_index }), stamp)
    }

    /// M5, the school's half: reads every object that the vendor claims to hold, from the school's own copies. Signed by school.
    ///
    /// # Errors
    ///
    /// If an own copy can't be read or is not what it should be; otherwise see [`Case::invite`].
    pub fn check<R: io::Read>(
        &self,
        open: impl FnMut(&Object) -> io::Result<R>,
        stamp: &Stamp,
    ) -> Result<Envelope, MessageError> {
        let said = self.state().said();
        let (Some(challenge), Some(possession)) = (&said.challenge, &said.possession) else {
            return Err(MessageError::TooEarly);
        };
        let checked = recompute(&challenge.body, &possession.body, &self.objects, open)?;
        self.draft(Body::Checked(checked), stamp)
    }

    /// M6. Agrees to the vendor's plan. Signed by school, registrar and IT.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn ready(
        &self,
        officers: Vec<Role>,
        witnesses: Vec<String>,
        stamp: &Stamp,
    ) -> Result<Envelope, MessageError> {
        let plan = self.state().said().plan.as_ref().ok_or(MessageError::TooEarly)?.envelope;
        self.draft(Body::Ready(Ready { plan, officers, witnesses }), stamp)
    }

    /// M7. Begins the exchange of codes with a fresh number. Signed by school.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn commit(&mut self, stamp: &Stamp) -> Result<Envelope, MessageError> {
        Ok(self.side.draft_commit(Nonce::from_bytes(rand::random()), stamp)?)
    }

    /// M7. Shows the number. Signed by school.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn reveal(&self, stamp: &Stamp) -> Result<Envelope, MessageError> {
        Ok(self.side.draft_reveal(stamp)?)
    }

    /// The code that the first officer reads aloud, once both numbers are shown.
    #[must_use]
    pub fn own_code(&self) -> Option<String> {
        Some(self.state().codes()?.code(Party::School))
    }

    /// M7. Authorises the erasure with the code that the second officer heard. Signed by school, registrar and IT.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn authorise(&self, typed: &str, safety: Safety, stamp: &Stamp) -> Result<Envelope, MessageError> {
        self.draft(Body::Authorise(Authorise { code: normalise(typed), safety }), stamp)
    }

    /// M10. Takes over what the vendor's report bears out, place by place. Signed by school and IT.
    ///
    /// `found` are traces that the school found itself; they are added to those the vendor reported.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn verify(
        &self,
        verifier: Person,
        method: &str,
        found: &std::collections::BTreeMap<handshake::objects::LocationId, u64>,
        stamp: &Stamp,
    ) -> Result<Envelope, MessageError> {
        let erased = self.state().said().erased.as_ref().ok_or(MessageError::TooEarly)?;
        let verdict = |report: &handshake::message::LocationErased| {
            let own = found.get(&report.location).copied().unwrap_or(0);
            let level = self.state().borne_out(&report.location).unwrap_or(handshake::level::Level::Al0);
            LocationVerdict {
                location: report.location.clone(),
                level: if own == 0 { level } else { handshake::level::Level::Al0 },
                hits: handshake::state::traces(report).saturating_add(own),
                method: method.to_owned(),
            }
        };
        let locations = erased.body.locations.iter().map(verdict).collect();
        self.draft(Body::Verify(Verify { locations, verifier }), stamp)
    }

    /// M11. Says what follows from the verdicts; also when the vendor has fallen silent. Signed by school, registrar and IT.
    ///
    /// `residue` says in words what may still be left; it is printed for every place.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn absence(&self, residue: &str, stamp: &Stamp) -> Result<Envelope, MessageError> {
        let place = |location: &handshake::message::Location| {
            let verdict = self.state().verdict(&location.id);
            LocationAbsence {
                location: location.id.clone(),
                absent: verdict.is_some_and(|verdict| verdict.hits == 0),
                level: verdict.map_or(handshake::level::Level::Al0, |verdict| verdict.level),
                residue: residue.to_owned(),
            }
        };
        let locations = self.state().locations().iter().map(place).collect();
        self.draft(Body::Absence(Absence { locations }), stamp)
    }

    /// M12. Writes the statement that follows from the messages. Signed by school, registrar and IT.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn certificate(&self, stamp: &Stamp) -> Result<Envelope, MessageError> {
        let statement = Statement::of(self.state()).ok_or(MessageError::TooEarly)?;
        self.draft(Body::Certificate(CertificateBody { statement }), stamp)
    }

    /// M13. A copy was found after all. Signed by school and registrar.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn revoke(
        &self,
        evidence: &str,
        proof: ledger::Hash,
        stamp: &Stamp,
    ) -> Result<Envelope, MessageError> {
        self.draft(Body::Revoke(Revoke { evidence: evidence.to_owned(), proof }), stamp)
    }

    /// Pauses. Signed by school.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn suspend(&self, reason: &str, stamp: &Stamp) -> Result<Envelope, MessageError> {
        self.draft(Body::Suspend(Suspend { reason: reason.to_owned() }), stamp)
    }

    /// Goes on after a pause; open numbers are burnt. Signed by school.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn resume(&self, reason: &str, stamp: &Stamp) -> Result<Envelope, MessageError> {
        self.draft(Body::Resume(Resume { reason: reason.to_owned() }), stamp)
    }

    /// Gives up, before the authorisation. Signed by school.
    ///
    /// # Errors
    ///
    /// See [`Case::invite`].
    pub fn abort(&self, reason: &str, stamp: &Stamp) -> Result<Envelope, MessageError> {
        self.draft(Body::Abort(Abort { reason: reason.to_owned() }), stamp)
    }

    fn draft(&self, body: Body, stamp: &Stamp) -> Result<Envelope, MessageError> {
        Ok(self.side.draft(body, stamp)?)
    }

    /// Puts the certificate together from the ledger as it stands, with the cosignatures it has so far, and seals it.
    ///
    /// It says CERTIFIED only if every condition holds, the witnesses' quorum among them; otherwise PARTIAL. It can be put together
    /// again when more witnesses have cosigned.
    ///
    /// # Errors
    ///
    /// If a message is not in the ledger yet, or the deletion has not come so far.
    pub fn assemble(&self, log: &Log, school: &dyn Signer) -> Result<Certificate, CertifyError> {
        let size = log.size();
        let mut entries = Vec::with_capacity(self.leaves.len());
        for (seq, leaf) in self.leaves.iter().enumerate() {
            let index = leaf.index.ok_or(CertifyError::NotLogged { seq })?;
            let proof = log.inclusion_proof(index, size)?;
            entries.push(LedgerEntry { event: leaf.event.clone(), salt: leaf.salt, index, proof });
        }
        let mut seen = Vec::new();
        for old in self.state().checkpoints_seen().keys().copied().filter(|old| *old > 0) {
            seen.push(SeenCheckpoint { size: old, proof: log.consistency_proof(old, size)? });
        }
        let part = LedgerPart { checkpoint: log.checkpoint().to_string(), entries, seen };
        Ok(Certificate::assemble(self.side.session(), part, school)?)
    }
}

/// The clocks and the ledger's newest checkpoint, for a message written now. `mono_ms` counts from the program's start.
#[must_use]
pub fn stamp(log: &Log, at: Timestamp, mono_ms: u64) -> Stamp {
    Stamp { at, mono_ms, log_size: log.size(), log_root: log.root() }
}
