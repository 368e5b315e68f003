//! The vendor's side: what the agent at the vendor needs, and nothing of the school's.
//!
//! A [`Vendor`] is pure data. The agent does the reading, erasing and sending, in this order for each message:
//! build it, sign it, [`Vendor::hold`] it, write [`Vendor::to_bytes`] to disk and sync, send it, and when the school has taken it
//! [`Vendor::arrived`]. [`Vendor::turn`] says what is next, after a restart as well.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use ledger::{Hash, json::JsonError};

use crate::{
    bytes::{BootId, Nonce, SessionId},
    envelope::Envelope,
    keys::Party,
    message::{
        Body, Confirm, Countersign, Erased, Extra, Inventory, LocationErased, LocationPlan,
        LocationPossession, LocationProgress, Person, Plan, Possession, Progress, Resume, Suspend,
    },
    objects::{LocationId, ObjectList, ObjectListError},
    policy::Policy,
    possession::{ObjectMac, PossessionRoot},
    sas::normalise,
    session::{Accepted, Stamp},
    side::{DraftError, JournalError, Side},
    state::{Phase, Refusal, State},
};

/// The vendor's side of one deletion.
#[derive(Debug, Clone)]
pub struct Vendor(Side);

/// What the agent does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Send the message under way (again).
    Send,
    /// Ask the school for new envelopes.
    Wait,
    /// List the places and have the legal signatory sign: [`Vendor::inventory`].
    Inventory,
    /// Read every file and prove it: [`Vendor::prover`], [`Vendor::possession`].
    Prove,
    /// Plan the erasure: [`Vendor::plan`].
    Plan,
    /// Draw a number and commit to it: [`Vendor::commit`].
    Commit,
    /// Show the number: [`Vendor::reveal`].
    Reveal,
    /// Read the own code aloud, type the code heard: [`Vendor::own_code`], [`Vendor::confirm`].
    Confirm,
    /// Erase, and report: [`Vendor::progress`], [`Vendor::erased`].
    Erase,
    /// Read the statement and countersign it: [`Vendor::countersign`].
    Countersign,
    /// The program was restarted or paused: [`Vendor::resume`].
    Resume,
    /// Nothing more to do.
    Done,
}

/// The proof of one place while it is made.
#[derive(Debug, Clone)]
pub struct Prover<'a> {
    list: &'a ObjectList,
    location: LocationId,
    nonce: Nonce,
    files: u64,
    macs: BTreeMap<u64, Hash>,
}

/// Why a proof can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The school has not asked for it, or the place is unknown.
    #[error("the school has not asked for a proof of this place")]
    NotAsked,
    /// The list has no such object.
    #[error("the list has no object number {0}")]
    NoSuchObject(u64),
    /// Two files that should be the same object have different bytes.
    #[error("two files of object number {0} have different bytes")]
    Differs(u64),
}

impl Vendor {
    /// Joins a deletion. Compare the policy's fingerprint with the one printed in the contract first.
    #[must_use]
    pub fn join(session: SessionId, policy: Arc<Policy>, boot: BootId) -> Self {
        Self(Side::new(Party::Vendor, session, policy, boot))
    }

    /// Reads the journal.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the school's.
    pub fn load(bytes: &[u8], boot: BootId) -> Result<Self, JournalError> {
        Side::load(bytes, Party::Vendor, boot).map(Self)
    }

    /// Writes the journal.
    ///
    /// # Errors
    ///
    /// Never for a side made here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JsonError> {
        self.0.to_bytes()
    }

    /// Where the deletion stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.0.state()
    }

    /// How many envelopes are known: ask the school for those from this number on.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.0.state().next_seq()
    }

    /// What comes next.
    #[must_use]
    pub fn turn(&self) -> Turn {
        if self.0.pending().is_some() {
            return Turn::Send;
        }
        if self.0.is_burnt() {
            return Turn::Resume;
        }
        let state = self.state();
        match state.phase() {
            Phase::Invited => Turn::Inventory,
            Phase::Challenged => Turn::Prove,
            Phase::Possessed => Turn::Plan,
            Phase::Authorising => self.ceremony_turn(),
            Phase::Authorised | Phase::Erasing | Phase::Disputed => Turn::Erase,
            Phase::Issued => Turn::Countersign,
            Phase::Suspended => Turn::Resume,
            Phase::Cosigned | Phase::Aborted | Phase::Revoked => Turn::Done,
            Phase::Draft
            | Phase::Enrolled
            | Phase::Sealed
            | Phase::Answered
            | Phase::Planned
            | Phase::Ready
            | Phase::Erased
            | Phase::Verified
            | Phase::Absent => Turn::Wait,
        }
    }

    fn ceremony_turn(&self) -> Turn {
        let state = self.state();
        let Some(ceremony) = state.ceremony() else { return Turn::Wait };
        if !ceremony.vendor_committed() {
            Turn::Commit
        } else if !ceremony.school_revealed() {
            Turn::Wait
        } else if state.codes().is_none() {
            Turn::Reveal
        } else if state.said().confirm.is_none() {
            Turn::Confirm
        } else {
            Turn::Wait
        }
    }

    /// Takes an envelope that the school handed out.
    ///
    /// # Errors
    ///
    /// If it is refused. The agent stops then and shows why: the school, or somebody in between, doesn't keep the rules.
    pub fn receive(&mut self, envelope: Envelope, now: Timestamp) -> Result<Accepted, Refusal> {
        self.0.receive(envelope, now)
    }

    /// The message under way, to be sent.
    #[must_use]
    pub const fn pending(&self) -> Option<&Envelope> {
        self.0.pending()
    }

    /// Keeps a signed message as under way.
    ///
    /// # Errors
    ///
    /// If the school would refuse it.
    pub fn hold(&mut self, envelope: Envelope) -> Result<(), Refusal> {
        self.0.hold(envelope)
    }

    /// The school has taken the message under way.
    ///
    /// # Errors
    ///
    /// If it no longer continues the conversation.
    pub fn arrived(&mut self) -> Result<(), Refusal> {
        self.0.arrived()
    }

    /// The school has refused the message under way: forget it, and look at [`Vendor::turn`] again after receiving.
    pub fn withdraw(&mut self) {
        self.0.withdraw();
    }

    /// Checks that an object list is the one the invitation speaks of.
    ///
    /// # Errors
    ///
    /// If it is another.
    pub fn check_list(&self, list: &ObjectList) -> Result<(), ObjectListError> {
        check_list(self.state(), list)
    }

    /// M2. To be signed by the agent and by the legal signatory.
    ///
    /// # Errors
    ///
    /// As [`Side::draft`]; so for all messages below.
    pub fn inventory(&self, inventory: Inventory, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Inventory(inventory), stamp)
    }

    /// Begins the proof of one place: feed it every object found there.
    ///
    /// # Errors
    ///
    /// If the school has not asked for this place.
    pub fn prover<'a>(&self, list: &'a ObjectList, location: &LocationId) -> Result<Prover<'a>, ProveError> {
        let challenge =
            self.state().said().challenge.as_ref().filter(|_| self.state().phase() == Phase::Challenged);
        let nonces = challenge.into_iter().flat_map(|challenge| &challenge.body.nonces);
        let nonce =
            nonces.into_iter().find(|nonce| nonce.location == *location).ok_or(ProveError::NotAsked)?;
        Ok(Prover { list, location: location.clone(), nonce: nonce.nonce, files: 0, macs: BTreeMap::new() })
    }

    /// M5. To be signed by the agent.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn possession(
        &self,
        locations: Vec<LocationPossession>,
        stamp: &Stamp,
    ) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Possession(Possession { locations }), stamp)
    }

    /// M6. To be signed by the agent and by the legal signatory.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn plan(
        &self,
        locations: Vec<LocationPlan>,
        present: Vec<Person>,
        stamp: &Stamp,
    ) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Plan(Plan { locations, present }), stamp)
    }

    /// M7. Commits to a number that the caller drew at random. To be signed by the agent.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn commit(&mut self, nonce: Nonce, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft_commit(nonce, stamp)
    }

    /// M7. Shows the number. To be signed by the agent.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`]; [`DraftError::Burnt`] if the number is gone.
    pub fn reveal(&self, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft_reveal(stamp)
    }

    /// The code that the vendor reads aloud, once both numbers are shown.
    #[must_use]
    pub fn own_code(&self) -> Option<String> {
        Some(self.state().codes()?.code(Party::Vendor))
    }

    /// Whether the code typed is the one the school shows. Spaces, dashes and small letters don't matter.
    #[must_use]
    pub fn code_is_right(&self, typed: &str) -> bool {
        self.state().codes().is_some_and(|codes| codes.code(Party::School) == normalise(typed))
    }

    /// M7. Confirms the code heard. To be signed by the agent and by the legal signatory.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn confirm(&self, typed: &str, operator: Person, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Confirm(Confirm { code: normalise(typed), operator }), stamp)
    }

    /// M8. To be signed by the agent. Repeat every 30 seconds or gigabyte.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn progress(&self, locations: Vec<LocationProgress>, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Progress(Progress { locations }), stamp)
    }

    /// M9. To be signed by the agent.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn erased(
        &self,
        locations: Vec<LocationErased>,
        sanitiser: Person,
        stamp: &Stamp,
    ) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Erased(Erased { locations, keys_destroyed: Vec::new(), sanitiser }), stamp)
    }

    /// M12. Agrees to the statement; the remarks are printed. To be signed by the agent and by the legal signatory.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn countersign(&self, remarks: &str, stamp: &Stamp) -> Result<Envelope, DraftError> {
        let certificate =
            self.state().said().certificate.as_ref().map_or_else(Hash::empty, |kept| kept.envelope);
        self.0.draft(Body::Countersign(Countersign { certificate, remarks: remarks.to_owned() }), stamp)
    }

    /// Pauses. To be signed by the agent.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn suspend(&self, reason: &str, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Suspend(Suspend { reason: reason.to_owned() }), stamp)
    }

    /// Goes on after a pause or a restart; open numbers are burnt. To be signed by the agent.
    ///
    /// # Errors
    ///
    /// See [`Vendor::inventory`].
    pub fn resume(&self, reason: &str, stamp: &Stamp) -> Result<Envelope, DraftError> {
        self.0.draft(Body::Resume(Resume { reason: reason.to_owned() }), stamp)
    }
}

/// Checks that an object list is the one the invitation speaks of.
///
/// # Errors
///
/// If it is another.
pub fn check_list(state: &State, list: &ObjectList) -> Result<(), ObjectListError> {
    let invite = state.said().invite.as_ref().map(|invite| &invite.body);
    let root = list.root()?;
    let same = invite.is_some_and(|invite| {
        invite.object_root == root && invite.object_count == list.count() && invite.byte_count == list.bytes()
    });
    if same && list.session() == state.session() { Ok(()) } else { Err(ObjectListError::OtherList) }
}

impl Prover<'_> {
    /// Starts reading a file that holds object number `index` of the list.
    ///
    /// # Errors
    ///
    /// If the list has no such object.
    pub fn begin(&self, index: u64) -> Result<ObjectMac, ProveError> {
        let object = usize::try_from(index).ok().and_then(|index| self.list.objects().get(index));
        let object = object.ok_or(ProveError::NoSuchObject(index))?;
        Ok(ObjectMac::new(&self.nonce, &self.location, &object.id))
    }

    /// Takes a file that was read to its end. An object may lie in several files; their bytes must agree.
    ///
    /// # Errors
    ///
    /// If another file of the same object had other bytes.
    pub fn end(&mut self, index: u64, mac: ObjectMac) -> Result<(), ProveError> {
        let mac = mac.finish();
        if self.macs.insert(index, mac).is_some_and(|before| before != mac) {
            return Err(ProveError::Differs(index));
        }
        self.files += 1;
        Ok(())
    }

    /// The proof of the place.
    #[must_use]
    pub fn finish(self, extras: Vec<Extra>, read_path: &str) -> LocationPossession {
        let mut root = PossessionRoot::default();
        self.macs.into_iter().for_each(|(index, mac)| root.add(index, mac));
        let (root, held) = root.finish();
        let (location, files) = (self.location, self.files);
        LocationPossession { location, root, held, files, extras, read_path: read_path.to_owned() }
    }
}
