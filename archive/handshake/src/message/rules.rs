//! Who may send a message, who must sign it, and how long the other side has to answer.

use jiff::SignedDuration;

use super::{Body, Message};
use crate::keys::{Party, Role};

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
