//! One side of a deletion, with everything it keeps on disk: the conversation, a message under way, the number it hides.
//!
//! The journal is pure data. Whoever holds a [`Side`] writes [`Side::to_bytes`] to disk and syncs it after every change and
//! before anything is sent; then a crash at any moment loses nothing that the other side has seen.
//!
//! Numbers count only for the start of the program that drew or saw them. After a restart they are burnt: the school asks
//! with new nonces or commits anew, the vendor sends `resume` and is asked anew.

use std::sync::Arc;

use jiff::Timestamp;
use ledger::json::{JsonError, canonical, from_canonical};
use serde::{Deserialize, Serialize};

use crate::{
    bytes::{BootId, Nonce, SessionId},
    envelope::{Envelope, EnvelopeError},
    guard::Guard,
    keys::Party,
    message::{Body, Commit, Reveal},
    policy::Policy,
    sas::commit_to,
    session::{Accepted, Session, Stamp},
    state::{Phase, Refusal, State},
};

/// The journal's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    v: u8,
    party: Party,
    session: SessionId,
    policy: Policy,
    boot: BootId,
    envelopes: Vec<Envelope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Envelope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Nonce>,
    burnt: bool,
}

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Not a journal.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Another version, or the other side's.
    #[error("a journal of another kind")]
    Kind,
    /// The envelopes are not a conversation that could have happened.
    #[error("the journal's envelopes don't fit together")]
    Broken(#[from] Refusal),
}

/// Why a message can't be drafted.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The message can't be written.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// After a restart this side must begin anew with fresh numbers.
    #[error("the program was restarted; its numbers are burnt")]
    Burnt,
    /// Another message is still under way.
    #[error("another message is still under way")]
    Pending,
}

/// One side of a deletion.
#[derive(Debug, Clone)]
pub struct Side {
    party: Party,
    boot: BootId,
    session: Session,
    pending: Option<Envelope>,
    secret: Option<Nonce>,
    burnt: bool,
}

impl Side {
    /// A side of a deletion of which nothing was said yet. `boot` is drawn once at each start of the program.
    #[must_use]
    pub fn new(party: Party, session: SessionId, policy: Arc<Policy>, boot: BootId) -> Self {
        Self {
            party,
            boot,
            session: Session::new(session, policy),
            pending: None,
            secret: None,
            burnt: false,
        }
    }

    /// Reads a journal. Every signature and rule is checked again; if the program was restarted, open numbers are burnt.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the other side's.
    pub fn load(bytes: &[u8], party: Party, boot: BootId) -> Result<Self, JournalError> {
        let journal: Journal = from_canonical(bytes)?;
        if journal.v != 1 || journal.party != party {
            return Err(JournalError::Kind);
        }
        let session = Session::replay(journal.session, Arc::new(journal.policy), journal.envelopes)?;
        let restarted = journal.boot != boot;
        let open = matches!(session.state().phase(), Phase::Challenged | Phase::Authorising);
        Ok(Self {
            party,
            boot,
            session,
            pending: journal.pending,
            secret: journal.secret.filter(|_| !restarted),
            burnt: journal.burnt || (restarted && open),
        })
    }

    /// Writes the journal.
    ///
    /// # Errors
    ///
    /// Never for a side made here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JsonError> {
        canonical(&Journal {
            v: 1,
            party: self.party,
            session: self.state().session(),
            policy: self.state().policy().clone(),
            boot: self.boot,
            envelopes: self.session.envelopes().to_vec(),
            pending: self.pending.clone(),
            secret: self.secret,
            burnt: self.burnt,
        })
    }

    /// Where the deletion stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.session.state()
    }

    /// All envelopes accepted, in order.
    #[must_use]
    pub fn envelopes(&self) -> &[Envelope] {
        self.session.envelopes()
    }

    /// The message that is under way and must be sent again until the other side has answered for it.
    #[must_use]
    pub const fn pending(&self) -> Option<&Envelope> {
        self.pending.as_ref()
    }

    /// Whether the program was restarted while numbers were open.
    #[must_use]
    pub const fn is_burnt(&self) -> bool {
        self.burnt
    }

    /// Writes this side's next message, unsigned.
    ///
    /// # Errors
    ///
    /// If another message is under way, or a restart has burnt what this message would build on.
    pub fn draft(&self, body: Body, stamp: &Stamp) -> Result<Envelope, DraftError> {
        if self.pending.is_some() {
            return Err(DraftError::Pending);
        }
        if self.burnt && !self.mends(self.party, &body) && !matches!(body, Body::Abort(_) | Body::Suspend(_))
        {
            return Err(DraftError::Burnt);
        }
        Ok(self.session.draft(self.party, body, stamp)?)
    }

    /// Writes the commitment to `nonce`, which the caller drew at random. The number is kept until it is shown.
    ///
    /// # Errors
    ///
    /// As [`Side::draft`].
    pub fn draft_commit(&mut self, nonce: Nonce, stamp: &Stamp) -> Result<Envelope, DraftError> {
        let commitment = commit_to(self.party, &nonce);
        let envelope = self.draft(Body::Commit(Commit { commitment }), stamp)?;
        self.secret = Some(nonce);
        Ok(envelope)
    }

    /// Writes the message that shows the number committed to.
    ///
    /// # Errors
    ///
    /// As [`Side::draft`]; [`DraftError::Burnt`] if there is no number.
    pub fn draft_reveal(&self, stamp: &Stamp) -> Result<Envelope, DraftError> {
        let nonce = self.secret.ok_or(DraftError::Burnt)?;
        self.draft(Body::Reveal(Reveal { nonce }), stamp)
    }

    /// Weighs this side's message before anybody signs it: returns the conditions as they would stand after it.
    ///
    /// # Errors
    ///
    /// Why it would be refused even with all signatures.
    pub fn weigh(&self, envelope: &Envelope) -> Result<Vec<Guard>, Refusal> {
        self.session.weigh(envelope)
    }

    /// The conversation.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Takes this side's own signed message as said. For the side that keeps the conversation, the school.
    ///
    /// # Errors
    ///
    /// If it is refused; nothing has changed then.
    pub fn say(&mut self, envelope: Envelope) -> Result<Accepted, Refusal> {
        let accepted = self.session.accept(envelope)?;
        self.after_last();
        Ok(accepted)
    }

    /// Keeps this side's own signed message as under way. For the side that sends, the vendor.
    ///
    /// # Errors
    ///
    /// If it would be refused; nothing has changed then.
    pub fn hold(&mut self, envelope: Envelope) -> Result<(), Refusal> {
        self.session.accepts(&envelope)?;
        self.pending = Some(envelope);
        Ok(())
    }

    /// The other side has taken the message under way: it is said.
    ///
    /// # Errors
    ///
    /// If it no longer continues the conversation.
    pub fn arrived(&mut self) -> Result<(), Refusal> {
        if let Some(envelope) = self.pending.take() {
            self.say(envelope)?;
        }
        Ok(())
    }

    /// The other side has refused the message under way: it was never said.
    pub fn withdraw(&mut self) {
        self.pending = None;
    }

    /// Takes an envelope from the other side as it arrives at `now`.
    ///
    /// An envelope of our own that comes back counts as arrived; one that takes the place of ours withdraws ours.
    ///
    /// # Errors
    ///
    /// If it is refused; nothing has changed then.
    pub fn receive(&mut self, envelope: Envelope, now: Timestamp) -> Result<Accepted, Refusal> {
        if self.pending.as_ref() == Some(&envelope) {
            self.arrived()?;
            return Ok(Accepted::Duplicate);
        }
        let message = envelope.claimed()?;
        if message.sender == self.party {
            // Only what we already have: somebody must not put words into our mouth.
            let known = usize::try_from(message.seq).ok().and_then(|seq| self.envelopes().get(seq));
            return if known == Some(&envelope) {
                Ok(Accepted::Duplicate)
            } else {
                Err(Refusal::Fork { seq: message.seq })
            };
        }
        // The vendor may catch up on what the school says; it just won't answer with numbers of its own that are gone.
        let answers = self.party == Party::School && builds_on_numbers(&message.body);
        if self.burnt && answers && !self.mends(message.sender, &message.body) {
            return Err(Refusal::Burnt);
        }
        let accepted = self.session.receive(message.sender, envelope, now)?;
        if accepted == Accepted::New {
            self.pending = None;
            self.after_last();
        }
        Ok(accepted)
    }

    /// Whether a message begins anew, so that what was burnt no longer matters.
    const fn mends(&self, sender: Party, body: &Body) -> bool {
        match body {
            Body::Resume(_) | Body::Challenge(_) => true,
            Body::Commit(_) => matches!(sender, Party::School),
            _ => false,
        }
    }

    fn after_last(&mut self) {
        let phase = self.state().phase();
        let last = self.envelopes().last().and_then(|envelope| envelope.claimed().ok());
        let over = !matches!(phase, Phase::Challenged | Phase::Authorising);
        if over || last.is_some_and(|message| self.mends(message.sender, &message.body)) {
            self.burnt = false;
        }
        if phase != Phase::Authorising {
            self.secret = None;
        }
    }
}

/// Whether a message means anything only together with numbers drawn before it.
const fn builds_on_numbers(body: &Body) -> bool {
    matches!(
        body,
        Body::Possession(_) | Body::Commit(_) | Body::Reveal(_) | Body::Confirm(_) | Body::Authorise(_)
    )
}
