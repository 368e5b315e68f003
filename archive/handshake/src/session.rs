//! One deletion as one side sees it: the envelopes so far, and the state that follows from them.

use std::sync::Arc;

use jiff::Timestamp;
use ledger::Hash;

use crate::{
    bytes::SessionId,
    envelope::{Envelope, EnvelopeError},
    guard::Guard,
    keys::Party,
    message::{Algorithms, Body, Message},
    policy::Policy,
    state::{CLOCK_SKEW, Refusal, State, step},
};

/// The sender's clocks, and the newest checkpoint it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The clock on the wall.
    pub at: Timestamp,
    /// Milliseconds since the program started.
    pub mono_ms: u64,
    /// The checkpoint's size.
    pub log_size: u64,
    /// Its root.
    pub log_root: Hash,
}

/// What became of an envelope that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It was new and moved the deletion on.
    New,
    /// It was there already, byte for byte; the sender may not have heard so.
    Duplicate,
}

/// The conversation of one deletion.
#[derive(Debug, Clone)]
pub struct Session {
    state: State,
    envelopes: Vec<Envelope>,
}

impl Session {
    /// A deletion of which nothing was said yet.
    #[must_use]
    pub fn new(session: SessionId, policy: Arc<Policy>) -> Self {
        Self { state: State::new(session, policy), envelopes: Vec::new() }
    }

    /// Runs through envelopes that were kept. Every signature and every rule is checked again.
    ///
    /// # Errors
    ///
    /// If they are not a conversation that could have happened.
    pub fn replay(
        session: SessionId,
        policy: Arc<Policy>,
        envelopes: Vec<Envelope>,
    ) -> Result<Self, Refusal> {
        let mut replayed = Self::new(session, policy);
        for envelope in envelopes {
            replayed.accept(envelope)?;
        }
        Ok(replayed)
    }

    /// Where it stands and what was said.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// All envelopes, in order; number `n` is message `n`.
    #[must_use]
    pub fn envelopes(&self) -> &[Envelope] {
        &self.envelopes
    }

    /// Writes the next message, unsigned. Nothing changes until it is accepted.
    ///
    /// # Errors
    ///
    /// If the message has no canonical JSON.
    pub fn draft(&self, sender: Party, body: Body, stamp: &Stamp) -> Result<Envelope, EnvelopeError> {
        let bytes = match &body {
            Body::Invite(invite) => invite.byte_count,
            _ => self.state.byte_count(),
        };
        let within = body.answer_within(bytes);
        Envelope::unsigned(&Message {
            v: 1,
            session: self.state.session(),
            seq: self.state.next_seq(),
            prev: self.state.prev(),
            state: self.state.phase(),
            sender,
            t_wall: stamp.at,
            t_mono: stamp.mono_ms,
            log_size_seen: stamp.log_size,
            log_root_seen: stamp.log_root,
            alg: Algorithms::Ed25519Sha256,
            expires: stamp.at.saturating_add(within).unwrap_or(stamp.at),
            body,
        })
    }

    /// Weighs a message that is not signed yet: returns the conditions as they would stand after it.
    ///
    /// # Errors
    ///
    /// Why it would be refused even with all signatures.
    pub fn weigh(&self, envelope: &Envelope) -> Result<Vec<Guard>, Refusal> {
        let after = step(&self.state, &envelope.unchecked()?)?;
        Ok(after.guards().cloned().collect())
    }

    /// Whether the envelope would be accepted now.
    ///
    /// # Errors
    ///
    /// Why it would be refused.
    pub fn accepts(&self, envelope: &Envelope) -> Result<(), Refusal> {
        step(&self.state, &envelope.open(self.state.policy())?).map(drop)
    }

    /// Takes an envelope of either side.
    ///
    /// # Errors
    ///
    /// If it is refused; nothing has changed then.
    pub fn accept(&mut self, envelope: Envelope) -> Result<Accepted, Refusal> {
        let seq = envelope.claimed()?.seq;
        if let Some(known) = usize::try_from(seq).ok().and_then(|seq| self.envelopes.get(seq)) {
            return if *known == envelope { Ok(Accepted::Duplicate) } else { Err(Refusal::Fork { seq }) };
        }
        self.state = step(&self.state, &envelope.open(self.state.policy())?)?;
        self.envelopes.push(envelope);
        Ok(Accepted::New)
    }

    /// Takes an envelope of the other side as it arrives at `now`.
    ///
    /// While codes are exchanged, clocks must agree. The school looks at its own clock, since the vendor sends directly; the
    /// vendor asks for messages and may hear of them later, but what it sends must not lie before what it answers.
    ///
    /// # Errors
    ///
    /// If it is refused; nothing has changed then.
    pub fn receive(&mut self, from: Party, envelope: Envelope, now: Timestamp) -> Result<Accepted, Refusal> {
        let message = envelope.claimed()?;
        if message.sender != from {
            return Err(Refusal::NotNow { phase: self.state.phase() });
        }
        let known = message.seq < self.state.next_seq();
        let live =
            matches!(message.body, Body::Commit(_) | Body::Reveal(_) | Body::Confirm(_) | Body::Authorise(_));
        if from == Party::Vendor && live && !known && now.duration_since(message.t_wall).abs() > CLOCK_SKEW {
            return Err(Refusal::Clock);
        }
        self.accept(envelope)
    }
}
