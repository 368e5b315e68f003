//! The certificate: one file that anybody can check with nothing but the policy's fingerprint.
//!
//! It holds the outcome, the statement, the policy, every envelope, the ledger's proof for every envelope, and a checkpoint that
//! witnesses cosigned. The school seals all of it with one signature, and the file must be the canonical encoding to the
//! byte: whoever changes any one byte is found out.
//!
//! The outcome is not believed but computed: the checker runs the state machine over the transcript. CERTIFIED means that every
//! condition in [`GuardCode::ALL`] holds; anything less is PARTIAL and lists what doesn't.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use ledger::{
    Checkpoint, Hash, Leaf, ProofError, SignedCheckpoint, from_base64,
    json::{JsonError, canonical},
    leaf_hash, to_base64, verify_consistency, verify_inclusion,
};
use serde::{Deserialize, Serialize};

use crate::{
    bytes::{Salt, SessionId},
    envelope::{Envelope, EnvelopeSignature, pae},
    guard::{Guard, GuardCode},
    keys::{Role, Signer, SignerError},
    level::Level,
    policy::Policy,
    session::Session,
    state::{Phase, Refusal, State},
    statement::{Basis, Claim, Statement},
};

/// The type under which the seal signs.
pub const CERTIFICATE_TYPE: &str = "application/vnd.wdh.certificate.v1+json";

/// The kind of the ledger leaves that stand for envelopes.
pub const LEAF_KIND: &str = "deletion.message";

/// How a deletion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Every condition holds.
    Certified,
    /// Some don't; they are listed.
    Partial,
}

/// The certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    format: Format,
    session: SessionId,
    outcome: Outcome,
    level: Level,
    unmet: Vec<Guard>,
    statement: Statement,
    policy: Policy,
    transcript: Vec<Envelope>,
    ledger: LedgerPart,
    seal: EnvelopeSignature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "WDH/1 certificate")]
    V1,
}

/// What the seal covers: all of the certificate but the seal.
#[derive(Serialize)]
struct Sealed<'a> {
    format: Format,
    session: SessionId,
    outcome: Outcome,
    level: Level,
    unmet: &'a [Guard],
    statement: &'a Statement,
    policy: &'a Policy,
    transcript: &'a [Envelope],
    ledger: &'a LedgerPart,
}

/// What the ledger says about the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerPart {
    /// The checkpoint that covers everything, with its cosignatures.
    pub checkpoint: String,
    /// For each envelope, in order, its leaf and where it stands.
    pub entries: Vec<LedgerEntry>,
    /// That each smaller checkpoint mentioned in a message is a beginning of this one.
    pub seen: Vec<SeenCheckpoint>,
}

/// One envelope's place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// The event that the leaf commits to.
    pub event: LedgerEvent,
    /// The salt of the commitment.
    pub salt: Salt,
    /// Which leaf it is.
    pub index: u64,
    /// The inclusion proof.
    pub proof: Vec<Hash>,
}

/// The event that a leaf commits to when an envelope is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEvent {
    /// The event's id.
    pub id: String,
    /// Always [`LEAF_KIND`].
    pub kind: String,
    /// When it was logged.
    pub at: String,
    /// Who logged it, by id.
    pub actor: String,
    /// The deletion's session.
    pub subject: String,
    /// The envelope.
    pub detail: EnvelopeDetail,
}

/// Which envelope was logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeDetail {
    /// The envelope's hash.
    pub envelope: Hash,
}

/// A smaller checkpoint and the proof that the ledger only grew since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenCheckpoint {
    /// Its size.
    pub size: u64,
    /// The consistency proof.
    pub proof: Vec<Hash>,
}

/// What the checker trusts to begin with.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// This policy; the certificate's must be the same.
    Policy(&'a Policy),
    /// The certificate's own policy, if it has this fingerprint, as printed in the contract's annex.
    Fingerprint(Hash),
}

/// What a checked certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which deletion.
    pub session: SessionId,
    /// How it ended.
    pub outcome: Outcome,
    /// The lowest level of all places.
    pub level: Level,
    /// Where the conversation stood when the certificate was sealed.
    pub phase: Phase,
    /// The conditions that don't hold.
    pub unmet: Vec<Guard>,
    /// What is proven.
    pub proven: Vec<Claim>,
    /// What is declared only.
    pub declared: Vec<Claim>,
    /// The statement in full.
    pub statement: Statement,
    /// The fingerprint of the policy.
    pub policy: Hash,
    /// The size of the ledger at the checkpoint.
    pub ledger_size: u64,
    /// The witnesses that cosigned, with their times in seconds since 1970.
    pub witnesses: BTreeMap<String, u64>,
    /// When the first and the last message were sent.
    pub between: (Timestamp, Timestamp),
    /// SHA-256 of the file.
    pub sha256: Hash,
}

/// Why a certificate is not good.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file is not exactly the canonical encoding of a certificate.
    #[error("the file is not a certificate, or was changed: {0}")]
    Form(#[from] JsonError),
    /// The school's seal doesn't fit.
    #[error("the school's seal doesn't fit: the file was changed or is not the school's")]
    Seal,
    /// The certificate speaks for another contract than the one trusted.
    #[error("the certificate's policy is not the one you trust")]
    Policy,
    /// The messages are not a conversation that could have happened.
    #[error("message {seq} is not valid: {source}")]
    Transcript {
        /// Which message.
        seq: u64,
        /// Why not.
        source: Refusal,
    },
    /// The conversation didn't come far enough for a certificate.
    #[error("the deletion has not come to a certificate")]
    Unfinished,
    /// The ledger part can't be read or is not signed by the ledger.
    #[error("the ledger's checkpoint is not valid")]
    Checkpoint,
    /// A message is not in the ledger where it should be.
    #[error("message {seq} is not in the ledger")]
    NotLogged {
        /// Which message.
        seq: u64,
    },
    /// The ledger shown to one side is not the ledger of the certificate.
    #[error("the ledger was rewritten: the checkpoint of size {size} is no beginning of it")]
    Rewritten {
        /// The smaller checkpoint's size.
        size: u64,
    },
    /// Outcome, level, unmet conditions or statement are not what the messages say.
    #[error("the certificate says something else than its messages")]
    Contradiction,
}

/// Why a certificate can't be made.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// What was put together would not stand a check.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The school's key can't be used.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

impl LedgerEvent {
    /// The event for an envelope. `id` and `actor` are ids, `at` is a time.
    #[must_use]
    pub fn new(id: String, at: String, actor: String, session: SessionId, envelope: Hash) -> Self {
        let (kind, subject) = (LEAF_KIND.to_owned(), session.to_string());
        Self { id, kind, at, actor, subject, detail: EnvelopeDetail { envelope } }
    }

    /// The data of the ledger leaf for this event.
    ///
    /// # Errors
    ///
    /// Never for an event made here.
    pub fn leaf(&self, salt: &Salt) -> Result<Vec<u8>, JsonError> {
        Leaf::new(self.kind.clone(), salt.as_bytes(), &canonical(self)?).data()
    }
}

impl Certificate {
    /// Puts the certificate together and seals it with the school's key. Then checks it as anybody would.
    ///
    /// # Errors
    ///
    /// If the deletion has not come to a statement, or the ledger part doesn't fit.
    pub fn assemble(
        session: &Session,
        ledger: LedgerPart,
        school: &dyn Signer,
    ) -> Result<Self, AssembleError> {
        let state = session.state();
        let statement = state.said().certificate.as_ref().ok_or(Fault::Unfinished)?.body.statement.clone();
        let checkpoint: SignedCheckpoint = ledger.checkpoint.parse().map_err(|_| Fault::Checkpoint)?;
        let unmet = unmet(state, &checkpoint);
        let mut certificate = Self {
            format: Format::V1,
            session: state.session(),
            outcome: outcome(&unmet),
            level: statement.level,
            unmet,
            statement,
            policy: state.policy().clone(),
            transcript: session.envelopes().to_vec(),
            ledger,
            seal: EnvelopeSignature { keyid: school.public_key().fingerprint(), sig: String::new() },
        };
        let signature = school.sign(&certificate.sealed_bytes().map_err(Fault::Form)?)?;
        certificate.seal.sig = to_base64(&signature);
        certificate.check(Trust::Policy(state.policy()), Hash::empty())?;
        Ok(certificate)
    }

    /// The file.
    ///
    /// # Errors
    ///
    /// Never for a certificate made or read here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JsonError> {
        canonical(self)
    }

    /// The statement. Trust it only after [`verify_certificate`].
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// How the deletion ended. Trust it only after [`verify_certificate`].
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn sealed_bytes(&self) -> Result<Vec<u8>, JsonError> {
        let sealed = canonical(&Sealed {
            format: self.format,
            session: self.session,
            outcome: self.outcome,
            level: self.level,
            unmet: &self.unmet,
            statement: &self.statement,
            policy: &self.policy,
            transcript: &self.transcript,
            ledger: &self.ledger,
        })?;
        Ok(pae(CERTIFICATE_TYPE, &sealed))
    }

    fn check(&self, trust: Trust<'_>, sha256: Hash) -> Result<Report, Fault> {
        self.check_policy(trust)?;
        self.check_seal()?;
        let session = self.replay()?;
        let state = session.state();
        let statement = &state.said().certificate.as_ref().ok_or(Fault::Unfinished)?.body.statement;
        if !matches!(state.phase(), Phase::Issued | Phase::Cosigned) {
            return Err(Fault::Unfinished);
        }
        let signed: SignedCheckpoint = self.ledger.checkpoint.parse().map_err(|_| Fault::Checkpoint)?;
        let checkpoint = self.policy.ledger().verify_log(&signed).map_err(|_| Fault::Checkpoint)?;
        self.check_logged(state, checkpoint)?;
        self.check_seen(state, checkpoint)?;
        let unmet = unmet(state, &signed);
        let same = self.outcome == outcome(&unmet)
            && self.unmet == unmet
            && self.level == statement.level
            && self.statement == *statement;
        if !same {
            return Err(Fault::Contradiction);
        }
        let (proven, declared) =
            statement.claims.iter().cloned().partition(|claim: &Claim| claim.basis == Basis::Proven);
        Ok(Report {
            session: self.session,
            outcome: self.outcome,
            level: self.level.min(Level::HIGHEST_NOW),
            phase: state.phase(),
            unmet,
            proven,
            declared,
            statement: self.statement.clone(),
            policy: self.policy.fingerprint(),
            ledger_size: checkpoint.size,
            witnesses: self.policy.ledger().witnessed_by(&signed),
            between: self.between()?,
            sha256,
        })
    }

    fn check_policy(&self, trust: Trust<'_>) -> Result<(), Fault> {
        let trusted = match trust {
            Trust::Policy(policy) => policy.fingerprint(),
            Trust::Fingerprint(fingerprint) => fingerprint,
        };
        if self.policy.fingerprint() == trusted { Ok(()) } else { Err(Fault::Policy) }
    }

    fn check_seal(&self) -> Result<(), Fault> {
        let key = self.policy.key(Role::School);
        let signature =
            from_base64(&self.seal.sig).and_then(|bytes| bytes.try_into().ok()).ok_or(Fault::Seal)?;
        let good = self.seal.keyid == key.fingerprint() && key.verify(&self.sealed_bytes()?, &signature);
        if good { Ok(()) } else { Err(Fault::Seal) }
    }

    fn replay(&self) -> Result<Session, Fault> {
        let mut session = Session::new(self.session, Arc::new(self.policy.clone()));
        for (seq, envelope) in (0..).zip(&self.transcript) {
            session.accept(envelope.clone()).map_err(|source| Fault::Transcript { seq, source })?;
        }
        if session.envelopes().len() == self.transcript.len() {
            Ok(session)
        } else {
            Err(Fault::Contradiction)
        }
    }

    /// Every envelope stands in the ledger, in the order of the conversation, and the challenge told the truth about where the
    /// inventory stood.
    fn check_logged(&self, state: &State, checkpoint: &Checkpoint) -> Result<(), Fault> {
        if self.ledger.entries.len() != self.transcript.len() {
            return Err(Fault::Contradiction);
        }
        let mut last = None;
        for ((seq, envelope), entry) in (0..).zip(&self.transcript).zip(&self.ledger.entries) {
            let fault = Fault::NotLogged { seq };
            let fits = entry.event.kind == LEAF_KIND
                && entry.event.subject == self.session.to_string()
                && envelope.hash().is_ok_and(|hash| hash == entry.event.detail.envelope)
                && last.is_none_or(|last| last < entry.index)
                && entry.is_in(checkpoint).is_ok();
            if !fits {
                return Err(fault);
            }
            last = Some(entry.index);
        }
        let inventory = state.said().inventory.as_ref().map(|inventory| inventory.seq);
        let entry = inventory.and_then(|seq| self.ledger.entries.get(usize::try_from(seq).ok()?));
        let named = state.said().challenge.as_ref().map(|challenge| challenge.body.inventory_index);
        if entry.map(|entry| entry.index) == named { Ok(()) } else { Err(Fault::Contradiction) }
    }

    /// Every checkpoint that either side has seen is a beginning of the final one.
    fn check_seen(&self, state: &State, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let sizes = || state.checkpoints_seen().iter().filter(|(size, _)| **size > 0);
        if !sizes().map(|(size, _)| *size).eq(self.ledger.seen.iter().map(|seen| seen.size)) {
            return Err(Fault::Contradiction);
        }
        for ((size, root), seen) in sizes().zip(&self.ledger.seen) {
            verify_consistency(*size, checkpoint.size, root, &checkpoint.root, &seen.proof)
                .map_err(|_| Fault::Rewritten { size: *size })?;
        }
        Ok(())
    }

    fn between(&self) -> Result<(Timestamp, Timestamp), Fault> {
        let at = |envelope: Option<&Envelope>| {
            envelope.and_then(|envelope| envelope.claimed().ok()).map(|m| m.t_wall)
        };
        at(self.transcript.first()).zip(at(self.transcript.last())).ok_or(Fault::Unfinished)
    }
}

impl LedgerEntry {
    fn is_in(&self, checkpoint: &Checkpoint) -> Result<(), ProofError> {
        let leaf = self.event.leaf(&self.salt).map_err(|_| ProofError::Root)?;
        verify_inclusion(&leaf_hash(&leaf), self.index, checkpoint.size, &self.proof, &checkpoint.root)
    }
}

fn outcome(unmet: &[Guard]) -> Outcome {
    if unmet.is_empty() { Outcome::Certified } else { Outcome::Partial }
}

/// The conditions that don't hold once the witnesses have spoken.
fn unmet(state: &State, checkpoint: &SignedCheckpoint) -> Vec<Guard> {
    let ledger = state.policy().ledger();
    let names: Vec<_> = ledger.witnessed_by(checkpoint).into_keys().collect();
    let quorum = ledger.needs_witnesses() && ledger.has_quorum(checkpoint);
    let mut unmet = state.unmet();
    unmet.retain(|guard| guard.code != GuardCode::WitnessQuorum);
    if !quorum {
        unmet.push(Guard::new(GuardCode::WitnessQuorum, false, format!("cosigned={}", names.join(","))));
    }
    unmet
}

/// Checks the file of a certificate, strictly: exactly these bytes, every signature, every proof, every rule.
///
/// # Errors
///
/// If anything at all is wrong. A certificate that is PARTIAL but true is no error.
pub fn verify_certificate(bytes: &[u8], trust: Trust<'_>) -> Result<Report, Fault> {
    let certificate: Certificate = serde_json::from_slice(bytes).map_err(JsonError::from)?;
    // The seal first: whatever was changed inside is found out before anything costly is done.
    certificate.check_policy(trust)?;
    certificate.check_seal()?;
    if certificate.to_bytes()? != bytes {
        return Err(Fault::Form(JsonError::NotCanonical));
    }
    certificate.check(trust, Hash::of(bytes))
}
