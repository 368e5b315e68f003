//! The state machine: what may be said when, what must hold, and what follows.
//!
//! [`step`] is pure. Both sides run it over the same envelopes and so agree on where they are; a checker runs it over the
//! transcript in the certificate and finds the same guards as the school did.
//!
//! Before the point of no return a guard that doesn't hold refuses the message, but for those that only warn (too few copies, no
//! full drill, an unseen device, an absent witness): nothing was erased, so it can be put right and
//! said again. After it nothing is refused for being bad news: the guard is noted as not met and the certificate says PARTIAL.

mod after;
mod before;
mod ceremony;
mod guards;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::{
    bytes::SessionId,
    envelope::{EnvelopeError, Verified},
    guard::{Guard, GuardCode},
    keys::Party,
    message::{
        Absence, Authorise, Body, CertificateBody, Challenge, Checked, Confirm, Countersign, Erased,
        Inventory, Invite, Location, Message, Plan, Possession, Progress, Ready, Seal, Verify,
    },
    objects::LocationId,
    policy::Policy,
};

pub use after::traces;
pub use ceremony::Ceremony;

/// How far clocks may be apart.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);

/// How long the spoken codes may take, from the first commitment to the authorisation.
pub const CEREMONY: SignedDuration = SignedDuration::from_mins(5);

/// Where a deletion stands.
///
/// ```text
/// draft ─M1→ invited ─M2→ enrolled ─M3→ sealed ─M4→ challenged ─M5→ answered ─checked→ possessed
///                                          ▲────────── not equal ──────────┘             │M6 plan
///                                                                                        ▼
/// authorised ◄─M7 authorise─ authorising ◄─M7 commit─ ready ◄───────M6 ready────────── planned
///     │ the point of no return
///     ├─M8→ erasing ─M9→ erased ─M10→ verified ─M11→ absent ─M12→ issued ─M12 countersign→ cosigned
///     │         ▲           └──M10, traces→ disputed ─M11→ absent                             │M13
///     │         └─ M8, M9, from erased on ─────┘                                              ▼
///     └──M11, the vendor is silent→ absent                                                 revoked
///
/// resume: challenged, answered → sealed; authorising → ready; suspended → where it was
/// abort: before authorised only
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing was said yet.
    Draft,
    /// The school has asked; the vendor lists its places.
    Invited,
    /// The places are known; the school seals.
    Enrolled,
    /// The school's copies are safe; it challenges.
    Sealed,
    /// The nonces are out; the vendor proves.
    Challenged,
    /// The proof is in; the school checks it.
    Answered,
    /// The proof is good; the vendor plans.
    Possessed,
    /// The plan is in; the school agrees.
    Planned,
    /// Everybody is present.
    Ready,
    /// The codes are being exchanged.
    Authorising,
    /// The vendor must erase. No way back.
    Authorised,
    /// The vendor is erasing.
    Erasing,
    /// The vendor reports that it is done; the school verifies.
    Erased,
    /// No traces; the school says so.
    Verified,
    /// Traces were found; the vendor erases again, or the school says what is not proven.
    Disputed,
    /// Said place by place; the school writes the certificate.
    Absent,
    /// The certificate is written; the vendor countersigns.
    Issued,
    /// Both sides have signed; witnesses cosign the ledger.
    Cosigned,
    /// A pause.
    Suspended,
    /// Given up before anything was erased.
    Aborted,
    /// A copy was found after all.
    Revoked,
}

impl Phase {
    /// Whether the point of no return lies behind. For a pause this says nothing: ask [`State::is_past_return`].
    #[must_use]
    pub const fn is_past_return(self) -> bool {
        matches!(
            self,
            Self::Authorised
                | Self::Erasing
                | Self::Erased
                | Self::Verified
                | Self::Disputed
                | Self::Absent
                | Self::Issued
                | Self::Cosigned
                | Self::Revoked
        )
    }
}

/// Why a message is refused. The state stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The envelope is malformed or not signed as it must be.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Another deletion, another version of the protocol, or other terms.
    #[error("the message belongs to another deletion, version or policy")]
    Foreign,
    /// It doesn't continue the chain: somebody was faster, or one side has lost something.
    #[error("the message doesn't continue the conversation at number {expected}")]
    Chain {
        /// The number expected next.
        expected: u64,
    },
    /// It contradicts an envelope already accepted under the same number.
    #[error("message {seq} was already accepted with other content")]
    Fork {
        /// The number.
        seq: u64,
    },
    /// This kind of message is not allowed now, or not from this side.
    #[error("such a message is not allowed in phase {phase:?}")]
    NotNow {
        /// Where the deletion stands.
        phase: Phase,
    },
    /// What is given up for good can't be given up again: the erasure was authorised.
    #[error("after the authorisation there is no way back")]
    PastReturn,
    /// It comes too late.
    #[error("the message comes too late")]
    Expired,
    /// The clocks are too far apart, or one went back.
    #[error("the clocks of the two sides are more than two minutes apart")]
    Clock,
    /// What it says about the ledger contradicts what was said before.
    #[error("the ledger was seen with another content or a smaller size before")]
    Ledger,
    /// Conditions don't hold.
    #[error("{} condition(s) not met", .0.len())]
    Guards(Vec<Guard>),
    /// A number doesn't fit its commitment, or was used before.
    #[error("a number that was burnt or not committed to")]
    Burnt,
    /// The typed code is wrong.
    #[error("the code is not the one that was read aloud")]
    Code,
    /// It speaks of places that don't exist, or not of all places.
    #[error("the message doesn't speak of exactly the places of the inventory")]
    Places,
    /// It claims more than the messages before bear out, or contradicts them.
    #[error("the message claims more than was shown")]
    Overclaim,
}

/// A message that was accepted, kept with its place in the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T> {
    /// Its number.
    pub seq: u64,
    /// The hash of its envelope.
    pub envelope: Hash,
    /// When it was sent.
    pub at: Timestamp,
    /// Until when it could be answered.
    pub expires: Timestamp,
    /// What it says.
    pub body: T,
}

/// What was said so far, the newest of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is named after the message it keeps")]
pub struct Said {
    pub invite: Option<Kept<Invite>>,
    pub inventory: Option<Kept<Inventory>>,
    pub seal: Option<Kept<Seal>>,
    pub challenge: Option<Kept<Challenge>>,
    pub possession: Option<Kept<Possession>>,
    pub checked: Option<Kept<Checked>>,
    pub plan: Option<Kept<Plan>>,
    pub ready: Option<Kept<Ready>>,
    pub confirm: Option<Kept<Confirm>>,
    pub authorise: Option<Kept<Authorise>>,
    pub progress: Option<Kept<Progress>>,
    pub erased: Option<Kept<Erased>>,
    pub verify: Option<Kept<Verify>>,
    pub absence: Option<Kept<Absence>>,
    pub certificate: Option<Kept<CertificateBody>>,
    pub countersign: Option<Kept<Countersign>>,
}

/// Where a deletion stands and what was said.
#[derive(Debug, Clone)]
pub struct State {
    policy: Arc<Policy>,
    session: SessionId,
    phase: Phase,
    paused_in: Option<Phase>,
    next_seq: u64,
    prev: Option<Hash>,
    last_at: Option<Timestamp>,
    ceremony: Option<Ceremony>,
    said: Said,
    guards: BTreeMap<GuardCode, Guard>,
    burnt: BTreeSet<Hash>,
    seen: BTreeMap<u64, Hash>,
    seen_by: BTreeMap<Party, u64>,
}

impl State {
    /// A deletion of which nothing was said yet.
    #[must_use]
    pub fn new(session: SessionId, policy: Arc<Policy>) -> Self {
        Self {
            policy,
            session,
            phase: Phase::Draft,
            paused_in: None,
            next_seq: 0,
            prev: None,
            last_at: None,
            ceremony: None,
            said: Said::default(),
            guards: BTreeMap::new(),
            burnt: BTreeSet::new(),
            seen: BTreeMap::new(),
            seen_by: BTreeMap::new(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Where it stood before the pause, if there is one.
    #[must_use]
    pub const fn paused_in(&self) -> Option<Phase> {
        self.paused_in
    }

    /// Whether the erasure was authorised.
    #[must_use]
    pub fn is_past_return(&self) -> bool {
        self.paused_in.unwrap_or(self.phase).is_past_return()
    }

    /// Which deletion.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Whose keys count.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The number of the next message.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The hash of the last envelope.
    #[must_use]
    pub const fn prev(&self) -> Option<Hash> {
        self.prev
    }

    /// What was said so far.
    #[must_use]
    pub const fn said(&self) -> &Said {
        &self.said
    }

    /// The exchange of codes, if it has begun.
    #[must_use]
    pub const fn ceremony(&self) -> Option<&Ceremony> {
        self.ceremony.as_ref()
    }

    /// The conditions looked at so far.
    pub fn guards(&self) -> impl Iterator<Item = &Guard> {
        self.guards.values()
    }

    /// Every checkpoint that a message mentioned: size and root.
    #[must_use]
    pub const fn checkpoints_seen(&self) -> &BTreeMap<u64, Hash> {
        &self.seen
    }

    /// The conditions that don't hold, those not yet looked at among them.
    #[must_use]
    pub fn unmet(&self) -> Vec<Guard> {
        let of = |code: &GuardCode| {
            let guard = self.guards.get(code).cloned();
            guard.unwrap_or_else(|| Guard::new(*code, false, "reached=no"))
        };
        GuardCode::ALL.iter().map(of).filter(|guard| !guard.met).collect()
    }

    /// The places of the inventory.
    #[must_use]
    pub fn locations(&self) -> &[Location] {
        self.said.inventory.as_ref().map_or(&[], |inventory| &inventory.body.locations)
    }

    /// How many objects are to be deleted.
    #[must_use]
    pub fn object_count(&self) -> u64 {
        self.said.invite.as_ref().map_or(0, |invite| invite.body.object_count)
    }

    /// How many bytes they have.
    #[must_use]
    pub fn byte_count(&self) -> u64 {
        self.said.invite.as_ref().map_or(0, |invite| invite.body.byte_count)
    }

    fn location(&self, id: &LocationId) -> Result<&Location, Refusal> {
        self.locations().iter().find(|location| location.id == *id).ok_or(Refusal::Places)
    }

    /// Refuses unless `named` are exactly the places of the inventory, each once.
    fn exactly_all<'a>(&self, named: impl IntoIterator<Item = &'a LocationId>) -> Result<(), Refusal> {
        if self.some_of(named)? == self.locations().len() { Ok(()) } else { Err(Refusal::Places) }
    }

    /// Refuses unless `named` are places of the inventory, none twice. Returns how many there are.
    fn some_of<'a>(&self, named: impl IntoIterator<Item = &'a LocationId>) -> Result<usize, Refusal> {
        let mut seen = BTreeSet::new();
        for id in named {
            self.location(id)?;
            if !seen.insert(id) {
                return Err(Refusal::Places);
            }
        }
        Ok(seen.len())
    }

    /// Notes guards. Refuses if one doesn't hold.
    fn require(&mut self, guards: Vec<Guard>) -> Result<(), Refusal> {
        let (met, unmet): (Vec<_>, Vec<_>) = guards.into_iter().partition(|guard| guard.met);
        if !unmet.is_empty() {
            return Err(Refusal::Guards(unmet));
        }
        self.note(met);
        Ok(())
    }

    /// Notes guards, met or not.
    fn note(&mut self, guards: Vec<Guard>) {
        self.guards.extend(guards.into_iter().map(|guard| (guard.code, guard)));
    }

    /// Burns a number so that it never counts again.
    fn burn(&mut self, number: Hash) -> Result<(), Refusal> {
        if self.burnt.insert(number) { Ok(()) } else { Err(Refusal::Burnt) }
    }

    fn in_phase(&self, allowed: &[Phase]) -> Result<(), Refusal> {
        if allowed.contains(&self.phase) { Ok(()) } else { Err(Refusal::NotNow { phase: self.phase }) }
    }
}

/// Takes one message: returns the state after it, or why it is refused.
///
/// # Errors
///
/// If the message doesn't continue the conversation, may not be said now, or says what can't be.
pub fn step(state: &State, verified: &Verified) -> Result<State, Refusal> {
    let message = verified.message();
    check_common(state, message)?;
    let mut next = state.clone();
    next.take(verified)?;
    next.next_seq = message.seq.saturating_add(1);
    next.prev = Some(verified.envelope_hash());
    next.last_at = Some(message.t_wall);
    next.seen.insert(message.log_size_seen, message.log_root_seen);
    next.seen_by.insert(message.sender, message.log_size_seen);
    Ok(next)
}

/// What every message must fulfil.
fn check_common(state: &State, message: &Message) -> Result<(), Refusal> {
    if message.v != 1 || message.session != state.session {
        return Err(Refusal::Foreign);
    }
    if message.seq != state.next_seq || message.prev != state.prev {
        return Err(Refusal::Chain { expected: state.next_seq });
    }
    let right_sender = message.body.sender().is_none_or(|sender| sender == message.sender);
    if message.state != state.phase || !right_sender {
        return Err(Refusal::NotNow { phase: state.phase });
    }
    let earliest = state.last_at.and_then(|last| last.checked_sub(CLOCK_SKEW).ok());
    if earliest.is_some_and(|earliest| message.t_wall < earliest) || message.expires < message.t_wall {
        return Err(Refusal::Clock);
    }
    check_ledger(state, message)
}

/// One side's view of the ledger never shrinks, and one size has one root.
fn check_ledger(state: &State, message: &Message) -> Result<(), Refusal> {
    let (size, root) = (message.log_size_seen, message.log_root_seen);
    let shrinks = state.seen_by.get(&message.sender).is_some_and(|before| size < *before);
    let differs = state.seen.get(&size).is_some_and(|before| root != *before);
    if shrinks || differs || (size == 0 && root != Hash::empty()) { Err(Refusal::Ledger) } else { Ok(()) }
}

impl State {
    fn take(&mut self, verified: &Verified) -> Result<(), Refusal> {
        let message = verified.message();
        match &message.body {
            Body::Invite(body) => self.invite(verified, body),
            Body::Inventory(body) => self.inventory(verified, body),
            Body::Seal(body) => self.seal(verified, body),
            Body::Challenge(body) => self.challenge(verified, body),
            Body::Possession(body) => self.possession(verified, body),
            Body::Checked(body) => self.checked(verified, body),
            Body::Plan(body) => self.plan(verified, body),
            Body::Ready(body) => self.ready(verified, body),
            Body::Commit(body) => self.commit(verified, body),
            Body::Reveal(body) => self.reveal(verified, body),
            Body::Confirm(body) => self.confirm(verified, body),
            Body::Authorise(body) => self.authorise(verified, body),
            Body::Progress(body) => self.progress(verified, body),
            Body::Erased(body) => self.erased(verified, body),
            Body::Verify(body) => self.verify(verified, body),
            Body::Absence(body) => self.absence(verified, body),
            Body::Certificate(body) => self.certificate(verified, body),
            Body::Countersign(body) => self.countersign(verified, body),
            Body::Revoke(_) => self.revoke(),
            Body::Suspend(_) => self.suspend(),
            Body::Resume(_) => self.resume(),
            Body::Abort(_) => self.abort(),
        }
    }

    fn revoke(&mut self) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Absent, Phase::Issued, Phase::Cosigned, Phase::Revoked])?;
        self.phase = Phase::Revoked;
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), Refusal> {
        if matches!(self.phase, Phase::Draft | Phase::Issued | Phase::Cosigned | Phase::Revoked)
            || matches!(self.phase, Phase::Aborted | Phase::Suspended)
        {
            return Err(Refusal::NotNow { phase: self.phase });
        }
        self.paused_in = Some(self.phase);
        self.phase = Phase::Suspended;
        Ok(())
    }

    fn resume(&mut self) -> Result<(), Refusal> {
        let back = match self.paused_in.unwrap_or(self.phase) {
            Phase::Challenged | Phase::Answered => Phase::Sealed,
            Phase::Authorising => Phase::Ready,
            other if self.phase == Phase::Suspended => other,
            other => return Err(Refusal::NotNow { phase: other }),
        };
        self.ceremony = self.ceremony.take().filter(|_| back.is_past_return());
        self.paused_in = None;
        self.phase = back;
        Ok(())
    }

    fn abort(&mut self) -> Result<(), Refusal> {
        if self.is_past_return() {
            return Err(Refusal::PastReturn);
        }
        if matches!(self.phase, Phase::Draft | Phase::Aborted) {
            return Err(Refusal::NotNow { phase: self.phase });
        }
        self.phase = Phase::Aborted;
        Ok(())
    }
}

/// Keeps a message with its place in the conversation.
fn keep<T: Clone>(verified: &Verified, body: &T) -> Option<Kept<T>> {
    let message = verified.message();
    Some(Kept {
        seq: message.seq,
        envelope: verified.envelope_hash(),
        at: message.t_wall,
        expires: message.expires,
        body: body.clone(),
    })
}
