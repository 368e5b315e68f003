//! How a delivery goes on, and who may let it.
//!
//! ```text
//! receiving → received → checking → checked ⇄ proposed → accepting → accepted
//!     └──────────┴───────────┴─────────┴──────────┴─────► rejected
//! ```

use ids::UserId;

pub use crate::db::office::delivery::{Decision, DeliveryState as State};

/// How a checked delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Nothing is extra, missing, wrong or late.
    pub complete: bool,
    /// Photos that could be taken.
    pub good: u64,
    /// Photos of which nobody has said yet whose face they show.
    pub unsettled: u64,
}

/// What one person proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    decision: Decision,
    reason: String,
    by: UserId,
}

/// What two people want. Only [`Proposal::confirm`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: UserId,
    /// Who confirmed it.
    pub confirmed_by: UserId,
}

/// Why a proposal can't stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// All of a delivery is accepted only when nothing is extra, missing, wrong or late.
    #[error("a delivery with something extra, missing, wrong or late can't be accepted as a whole")]
    Incomplete,
    /// Of some photos nobody has said yet whose face they show.
    #[error("{0} photos with a doubtful face must be looked at by a person first")]
    Unsettled(u64),
    /// There is nothing that could be accepted.
    #[error("no photo of this delivery can be accepted")]
    NothingGood,
    /// A reason is needed unless all is accepted.
    #[error("a reason is needed")]
    NoReason,
    /// One person tried to be both hands.
    #[error("another person than the one who proposed must confirm")]
    SamePerson,
}

impl State {
    /// Whether a delivery in this state may go on to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use State as S;
        matches!(
            (self, next),
            (S::Receiving, S::Received)
                | (S::Received, S::Checking)
                // A check may be run again as long as nobody has decided.
                | (S::Checked, S::Checking)
                | (S::Checking, S::Checked | S::Rejected)
                | (S::Checked, S::Proposed)
                | (S::Proposed, S::Checked | S::Accepting | S::Rejected)
                | (S::Accepting, S::Accepted)
        )
    }
}

impl Proposal {
    /// Proposes what to do with a delivery that stands as `standing` says.
    ///
    /// # Errors
    ///
    /// If the delivery is not good enough for that, or the reason is missing.
    pub fn new(
        decision: Decision,
        reason: &str,
        by: UserId,
        standing: Standing,
    ) -> Result<Self, ProposalError> {
        match decision {
            Decision::Accept if !standing.complete => return Err(ProposalError::Incomplete),
            Decision::Accept | Decision::AcceptPart if standing.unsettled > 0 => {
                return Err(ProposalError::Unsettled(standing.unsettled));
            }
            Decision::Accept | Decision::AcceptPart if standing.good == 0 => {
                return Err(ProposalError::NothingGood);
            }
            Decision::AcceptPart | Decision::Reject if reason.trim().is_empty() => {
                return Err(ProposalError::NoReason);
            }
            Decision::Accept | Decision::AcceptPart | Decision::Reject => {}
        }
        Ok(Self { decision, reason: reason.trim().to_owned(), by })
    }

    /// The proposal as it was kept.
    #[must_use]
    pub const fn kept(decision: Decision, reason: String, by: UserId) -> Self {
        Self { decision, reason, by }
    }

    /// Confirms it.
    ///
    /// # Errors
    ///
    /// If the one who confirms is the one who proposed.
    pub fn confirm(self, by: UserId) -> Result<Approved, ProposalError> {
        if by == self.by {
            return Err(ProposalError::SamePerson);
        }
        Ok(Approved { decision: self.decision, reason: self.reason, proposed_by: self.by, confirmed_by: by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(complete: bool, good: u64) -> Standing {
        Standing { complete, good, unsettled: 0 }
    }

    #[test]
    fn a_doubtful_face_is_settled_before_anything_is_accepted() {
        let (by, doubtful) = (UserId::new(), Standing { unsettled: 2, ..standing(true, 9) });
        assert_eq!(Proposal::new(Decision::Accept, "", by, doubtful), Err(ProposalError::Unsettled(2)));
        assert_eq!(Proposal::new(Decision::AcceptPart, "x", by, doubtful), Err(ProposalError::Unsettled(2)));
        assert!(Proposal::new(Decision::Reject, "all of it again", by, doubtful).is_ok());
    }

    #[test]
    fn nobody_confirms_what_he_proposed() {
        let (registrar, it) = (UserId::new(), UserId::new());
        let proposal = Proposal::new(Decision::Accept, "", registrar, standing(true, 3)).unwrap();
        assert_eq!(proposal.clone().confirm(registrar), Err(ProposalError::SamePerson));
        assert_eq!(proposal.confirm(it).unwrap().confirmed_by, it);
    }

    #[test]
    fn an_incomplete_delivery_is_accepted_in_part_only_and_with_a_reason() {
        let by = UserId::new();
        assert_eq!(
            Proposal::new(Decision::Accept, "", by, standing(false, 3)),
            Err(ProposalError::Incomplete)
        );
        assert_eq!(
            Proposal::new(Decision::AcceptPart, " ", by, standing(false, 3)),
            Err(ProposalError::NoReason)
        );
        assert_eq!(
            Proposal::new(Decision::AcceptPart, "x", by, standing(false, 0)),
            Err(ProposalError::NothingGood)
        );
        assert!(Proposal::new(Decision::AcceptPart, "two retakes", by, standing(false, 3)).is_ok());
        assert!(Proposal::new(Decision::Reject, "wrong campaign", by, standing(false, 0)).is_ok());
    }

    #[test]
    fn nothing_is_accepted_unchecked_and_an_end_is_an_end() {
        for from in State::ALL.iter().copied() {
            assert_eq!(from.may_become(State::Accepted), from == State::Accepting, "{from:?}");
            assert!(!State::Accepted.may_become(from) && !State::Rejected.may_become(from));
        }
        assert!(!State::Received.may_become(State::Accepting));
        assert!(!State::Checked.may_become(State::Accepting));
    }
}
