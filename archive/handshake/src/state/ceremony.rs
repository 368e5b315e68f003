//! M7: commit, reveal, read aloud, type, confirm.

use jiff::Timestamp;
use ledger::Hash;

use super::{CEREMONY, Phase, Refusal, State, before::in_time, guards, keep};
use crate::{
    bytes::Nonce,
    envelope::Verified,
    guard::{Guard, GuardCode},
    keys::Party,
    message::{Authorise, Commit, Confirm, Reveal},
    sas::{Sas, commit_to},
};

/// How far the exchange of codes has come. Each side's commitment comes before either side's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    began: Timestamp,
    school_commitment: Hash,
    vendor_commitment: Option<(Hash, Hash)>,
    school: Option<Nonce>,
    vendor: Option<Nonce>,
}

impl Ceremony {
    /// Whether the vendor has committed.
    #[must_use]
    pub const fn vendor_committed(&self) -> bool {
        self.vendor_commitment.is_some()
    }

    /// Whether the school has shown its number.
    #[must_use]
    pub const fn school_revealed(&self) -> bool {
        self.school.is_some()
    }

    /// When it began.
    #[must_use]
    pub const fn began(&self) -> Timestamp {
        self.began
    }

    /// The codes, once both numbers are shown.
    #[must_use]
    pub fn codes(&self, object_root: Hash) -> Option<Sas> {
        let (_, transcript) = self.vendor_commitment?;
        Some(Sas { transcript, school: self.school?, vendor: self.vendor?, object_root })
    }
}

impl State {
    /// The codes to be read aloud, once both numbers are shown.
    #[must_use]
    pub fn codes(&self) -> Option<Sas> {
        self.ceremony.as_ref()?.codes(self.said.invite.as_ref()?.body.object_root)
    }

    pub(super) fn commit(&mut self, verified: &Verified, body: &Commit) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Ready, Phase::Authorising])?;
        self.burn(body.commitment)?;
        match verified.message().sender {
            // The school may begin anew at any time; what was shown before is burnt.
            Party::School => {
                in_time(verified, self.said.ready.as_ref())?;
                self.ceremony = Some(Ceremony {
                    began: verified.message().t_wall,
                    school_commitment: body.commitment,
                    vendor_commitment: None,
                    school: None,
                    vendor: None,
                });
                self.said.confirm = None;
                self.phase = Phase::Authorising;
            }
            Party::Vendor => {
                let transcript = verified.envelope_hash();
                let ceremony = self.open_ceremony(verified)?;
                if ceremony.vendor_commitment.is_some() {
                    return Err(Refusal::NotNow { phase: Phase::Authorising });
                }
                ceremony.vendor_commitment = Some((body.commitment, transcript));
            }
        }
        Ok(())
    }

    pub(super) fn reveal(&mut self, verified: &Verified, body: &Reveal) -> Result<(), Refusal> {
        let party = verified.message().sender;
        let ceremony = self.open_ceremony(verified)?;
        let not_now = Refusal::NotNow { phase: Phase::Authorising };
        let (vendor_commitment, _) = ceremony.vendor_commitment.ok_or(not_now)?;
        let not_now = Refusal::NotNow { phase: Phase::Authorising };
        let (commitment, shown) = match party {
            Party::School => (ceremony.school_commitment, &mut ceremony.school),
            Party::Vendor if ceremony.school.is_none() => return Err(not_now),
            Party::Vendor => (vendor_commitment, &mut ceremony.vendor),
        };
        if shown.is_some() {
            return Err(not_now);
        }
        if commit_to(party, &body.nonce) != commitment {
            return Err(Refusal::Burnt);
        }
        *shown = Some(body.nonce);
        Ok(())
    }

    pub(super) fn confirm(&mut self, verified: &Verified, body: &Confirm) -> Result<(), Refusal> {
        self.open_ceremony(verified)?;
        let codes = self.codes().filter(|_| self.said.confirm.is_none());
        let codes = codes.ok_or(Refusal::NotNow { phase: self.phase })?;
        if body.code != codes.code(Party::School) {
            return Err(Refusal::Code);
        }
        self.said.confirm = keep(verified, body);
        Ok(())
    }

    pub(super) fn authorise(&mut self, verified: &Verified, body: &Authorise) -> Result<(), Refusal> {
        let message = verified.message();
        let began = self.open_ceremony(verified)?.began;
        let codes = self.codes().filter(|_| self.said.confirm.is_some());
        let codes = codes.ok_or(Refusal::NotNow { phase: self.phase })?;
        if body.code != codes.code(Party::Vendor) {
            return Err(Refusal::Code);
        }
        let safety = guards::safety(&body.safety, message.t_wall);
        let rechecked = safety.iter().all(|guard| guard.met);
        let unmet: Vec<_> =
            safety.into_iter().filter(|guard| !guard.met && !guards::only_warns(guard)).collect();
        if !unmet.is_empty() {
            return Err(Refusal::Guards(unmet));
        }
        let seconds = message.t_wall.duration_since(began).as_secs();
        self.note(vec![
            Guard::new(GuardCode::AuthoriseCodes, true, "both=yes"),
            Guard::new(GuardCode::AuthoriseClocks, true, format!("seconds={seconds}")),
            Guard::new(
                GuardCode::AuthoriseRechecked,
                rechecked,
                format!("replicas={}", body.safety.replicas.len()),
            ),
        ]);
        self.said.authorise = keep(verified, body);
        self.phase = Phase::Authorised;
        Ok(())
    }

    /// The exchange that is under way and not too old.
    fn open_ceremony(&mut self, verified: &Verified) -> Result<&mut Ceremony, Refusal> {
        self.in_phase(&[Phase::Authorising])?;
        let phase = self.phase;
        let ceremony = self.ceremony.as_mut().ok_or(Refusal::NotNow { phase })?;
        if verified.message().t_wall.duration_since(ceremony.began) > CEREMONY {
            return Err(Refusal::Expired);
        }
        Ok(ceremony)
    }
}
