//! A vendor's delivery, from the first byte to the receipt: received → checked → accepted.
//!
//! - Bytes that come from outside stay in the [`Quarantine`] until two people have accepted them. Whatever is broken,
//!   refused or left half-way leaves no trace outside of it.
//! - The offset told to the sender is never larger than what is on the disk for good.
//! - Checking is a pure function of files, roster, dates and calibration ([`reconcile`]): whoever runs it again gets
//!   the same answer. It never sees the archive, the accounts or the clock.
//! - What is said to the vendor ([`Statement`], findings by token) names capture tokens, never people.

mod captures;
mod finding;
mod oddness;
mod parcel;
mod quarantine;
mod receipt;
mod reconcile;
mod settle;
mod state;
mod tally;

pub use captures::{Capture, Captures, CapturesError, MAX_CAPTURES_BYTES};
pub use finding::{Finding, FindingCount, Group, ItemState, Severity, Status};
pub use oddness::{Measures, Tolerances, lab, oddness, visible_share};
pub use parcel::{BROKEN_CAPTURES, BROKEN_SIGNATURE, Broken, Limits, Parcel, ParcelError, PhotoFile};
pub use quarantine::{Quarantine, QuarantineError, Received, Receiving};
pub use receipt::{Opening, ReceiptError, SignedStatement, Statement, StatementItem, verify_receipt};
pub use reconcile::{Awaited, Dates, Delivered, Face, Judged, Named, Reconciliation, Roster, reconcile};
pub use settle::{Same, can_be_settled, is_unsettled, settle};
pub use state::{Approved, Decision, Proposal, ProposalError, Standing, State};
pub use tally::Tally;
