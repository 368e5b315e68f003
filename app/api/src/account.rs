//! Accounts, sessions and the audit trail.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::{Right, Role};

/// Signs in. `POST /session`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// The account's name.
    pub account: String,
    /// The password.
    pub password: String,
}

/// Who is signed in. `GET /session`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The account.
    pub user: User,
    /// What the account may do: the union of its roles' rights.
    pub rights: Vec<Right>,
    /// To be sent as `x-csrf-token` with every request that changes something.
    pub csrf: String,
    /// The purpose stated for the current task, if one was.
    pub purpose: Option<String>,
    /// When the session ends unless it is used before.
    pub expires: Timestamp,
}

/// States the purpose for which records will be read. `PUT /session/purpose`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Purpose {
    /// The purpose, 2 to 200 characters. Kept in the audit trail with each read.
    pub text: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with.
    pub account: String,
    /// The person's own name.
    pub name: String,
    /// The offices held.
    pub roles: Vec<Role>,
    /// Whether the account may sign in.
    pub active: bool,
    /// Last time it signed in.
    pub last_seen: Option<Timestamp>,
}

/// Creates an account. `POST /users`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewUser {
    /// The name to sign in with: 2 to 32 lower-case letters, digits, `-`, `_`, `.`.
    pub account: String,
    /// The person's own name.
    pub name: String,
    /// The offices held.
    pub roles: Vec<Role>,
    /// The first password.
    pub password: String,
}

/// Changes an account. `PUT /users/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeUser {
    /// The person's own name.
    pub name: String,
    /// The offices held.
    pub roles: Vec<Role>,
    /// Whether the account may sign in.
    pub active: bool,
}

/// Changes one's own password. `PUT /session/password`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    /// The present one.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// Every action of which the audit trail keeps an entry: the thing it deals with, a point, and what was done or tried.
/// Clients have words for each.
pub const ACTIONS: [&str; 107] = [
    "account.changed",
    "account.created",
    "account.password",
    "account.password-changed",
    "account.password-reset",
    "archive.admit",
    "archive.appraised",
    "archive.checked",
    "archive.drilled",
    "archive.export",
    "archive.rebuild",
    "archive.repaired",
    "assessment.sign",
    "assessment.write",
    "calibration.adopt",
    "campaign.create",
    "cohort.cases",
    "cohort.person_report",
    "cohort.read_case",
    "cohort.reopen",
    "cohort.report",
    "cohort.say",
    "cohort.send_back",
    "cohort.sign",
    "cohort.table",
    "comparing.end",
    "comparing.open",
    "consent.read",
    "consent.record",
    "consent.withdraw",
    "copy.ask",
    "copy.decide",
    "copy.take",
    "deletion.code",
    "deletion.open",
    "deletion.sign",
    "delivery.confirm",
    "delivery.item",
    "delivery.items",
    "delivery.photo",
    "delivery.propose",
    "delivery.report",
    "delivery.settle",
    "diplomas.imported",
    "dossier.correct",
    "dossier.export",
    "dossier.print",
    "dossier.read",
    "face.check_by_hand",
    "face.compare",
    "face.decide",
    "face.doubt",
    "face.read_hand_checks",
    "face.retake",
    "face.review",
    "gate.refuse",
    "hold.lift",
    "hold.place",
    "job.accept_delivery",
    "job.appraise",
    "job.calibrate",
    "job.cancel",
    "job.check_archive",
    "job.check_delivery",
    "job.compare_cohort",
    "job.import_diplomas",
    "job.import_photos",
    "job.import_roster",
    "job.import_scans",
    "job.read_scans",
    "job.rebuild",
    "job.renew_index",
    "job.sync_replica",
    "job.verify_ledger",
    "job.verify_replica",
    "notice.publish",
    "numbers.reveal",
    "person.looked_up",
    "photo.read",
    "photo.thumb",
    "photos.imported",
    "probe.read",
    "proof.issue",
    "proof.look_up",
    "proof.paper",
    "replica.added",
    "replica.removed",
    "replica.repaired",
    "replica.synced",
    "replica.verified",
    "roster.imported",
    "scan.attach",
    "scan.page",
    "scan.read",
    "scans.imported",
    "scans.list",
    "session.close",
    "session.open",
    "session.purpose",
    "tokens.issue",
    "tokens.list",
    "tokens.slips",
    "upload.keep",
    "uses.list",
    "uses.read",
    "vendor.register",
    "vendor.revoke",
];

/// One entry of the audit trail. `GET /audit`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its number, counted from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: the account's id, or nothing for the appliance itself.
    pub actor: Option<UserId>,
    /// The account's name at the time.
    pub account: String,
    /// What was done: `dossier.read`, `session.open`, …
    pub action: String,
    /// To what: an id, or nothing.
    pub subject: Option<String>,
    /// The purpose stated.
    pub purpose: Option<String>,
    /// Whether it was allowed and done.
    pub ok: bool,
}

/// The offices and what each may do. `GET /rights`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RightsTable {
    /// A row per role.
    pub roles: Vec<RoleRights>,
}

/// A role's row in the rights table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleRights {
    /// The role.
    pub role: Role,
    /// Its rights.
    pub rights: Vec<Right>,
}
