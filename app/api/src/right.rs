//! Who may do what: eight offices and one auditor's chair, and the rights each carries.

use serde::{Deserialize, Serialize};

/// An office a person holds in the appliance. One person may hold several, within the rules of [`Role::excludes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 教务: keeps the archive, imports rosters, searches, proposes acceptance.
    Registrar,
    /// 招生: compares faces at the desk and reviews doubtful cases.
    Admissions,
    /// 信息: receives deliveries, keeps vendors, confirms deletion.
    It,
    /// 监督: watches captures and witnesses deletion.
    Supervisor,
    /// 校领导: signs for the school what its people have looked at.
    Leader,
    /// 审计: reads everything that is evidence, changes nothing.
    Auditor,
    /// 系统管理员: keeps the machine: health, backup, configuration. Reads no person's record.
    SystemAdmin,
    /// 安全管理员: keeps accounts and rights. Reads no person's record.
    SecurityAdmin,
    /// 审计管理员: reads the audit trail. Changes nothing.
    AuditAdmin,
}

/// One thing a person may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Use the search and see masked results.
    Search,
    /// Open a person's dossier and photos, with a stated purpose.
    ReadDossier,
    /// Show hidden numbers of a person, with a stated purpose.
    RevealNumbers,
    /// Correct facts or photos of a person.
    CorrectDossier,
    /// Place and lift legal holds.
    ManageHolds,
    /// Ask for copies of what a search finds.
    AskCopies,
    /// Decide whether copies asked for by somebody else may leave.
    ApproveCopies,
    /// Import rosters, photos and certificate registers.
    Import,
    /// Create campaigns and issue capture tokens.
    ManageCampaigns,
    /// Record who agreed to have faces compared, and who withdrew.
    RecordConsents,
    /// Sign impact assessments.
    SignAssessments,
    /// See deliveries and their findings.
    ReadDeliveries,
    /// Start the check of a delivery.
    CheckDeliveries,
    /// Propose acceptance or rejection of a delivery, or confirm what another proposed.
    AcceptDeliveries,
    /// Say whose face a doubtful photo of a delivery shows.
    SettleFaces,
    /// Compare faces at the desk and decide.
    Compare,
    /// Review doubtful comparisons.
    ReviewComparisons,
    /// See what the comparison of a campaign's people came to.
    ReadCohorts,
    /// Sign it as the head of a department.
    SignAsDepartment,
    /// Sign it for the school.
    SignAsSchool,
    /// Run and adopt calibrations.
    Calibrate,
    /// Read deletion cases and certificates.
    ReadDeletions,
    /// Open a deletion case and act in it.
    ManageDeletions,
    /// Sign in a deletion case as one of its two officers.
    SignDeletions,
    /// Read the ledger and verify it.
    ReadLedger,
    /// Read the archive's health.
    ReadHealth,
    /// Check the archive's fixity and rebuild what is derived.
    MaintainArchive,
    /// Check the archive by DA/T 70-2018 (四性检测).
    AppraiseArchive,
    /// Register vendors and issue their certificates.
    ManageVendors,
    /// Create accounts and grant offices.
    ManageAccounts,
    /// Read the audit trail.
    ReadAudit,
    /// Read the doctor's findings.
    ReadDoctor,
}

impl Role {
    /// Every role, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::Registrar,
        Self::Admissions,
        Self::It,
        Self::Supervisor,
        Self::Leader,
        Self::Auditor,
        Self::SystemAdmin,
        Self::SecurityAdmin,
        Self::AuditAdmin,
    ];

    /// The rights this role carries.
    #[must_use]
    pub const fn rights(self) -> &'static [Right] {
        use Right as R;
        match self {
            Self::Registrar => &[
                R::Search,
                R::ReadDossier,
                R::RevealNumbers,
                R::CorrectDossier,
                R::ManageHolds,
                R::AskCopies,
                R::ApproveCopies,
                R::Import,
                R::ManageCampaigns,
                R::RecordConsents,
                R::ReadDeliveries,
                R::CheckDeliveries,
                R::AcceptDeliveries,
                R::SettleFaces,
                R::ReadCohorts,
                R::SignAsDepartment,
                R::ReadDeletions,
                R::ManageDeletions,
                R::SignDeletions,
                R::ReadLedger,
                R::ReadHealth,
                R::AppraiseArchive,
            ],
            Self::Admissions => &[
                R::Search,
                R::ReadDossier,
                R::RecordConsents,
                R::ReadDeliveries,
                R::SettleFaces,
                R::Compare,
                R::ReviewComparisons,
                R::ReadCohorts,
                R::Calibrate,
                R::ReadLedger,
            ],
            Self::It => &[
                R::ReadDeliveries,
                R::CheckDeliveries,
                R::AcceptDeliveries,
                R::ReadDeletions,
                R::ManageDeletions,
                R::SignDeletions,
                R::ManageVendors,
                R::ReadLedger,
                R::ReadHealth,
                R::MaintainArchive,
                R::AppraiseArchive,
                R::ReadDoctor,
            ],
            Self::Supervisor => &[
                R::ApproveCopies,
                R::SignAssessments,
                R::ReadDeliveries,
                R::ReadDeletions,
                R::ReadLedger,
                R::ReadHealth,
            ],
            Self::Leader => {
                &[R::SignAssessments, R::ReadCohorts, R::SignAsSchool, R::ReadLedger, R::ReadHealth]
            }
            Self::Auditor => &[
                R::ReadDeliveries,
                R::ReadDeletions,
                R::ReadLedger,
                R::ReadHealth,
                R::ReadAudit,
                R::ReadDoctor,
            ],
            Self::SystemAdmin => {
                &[R::ReadHealth, R::MaintainArchive, R::AppraiseArchive, R::ReadDoctor, R::ReadLedger]
            }
            Self::SecurityAdmin => &[R::ManageAccounts, R::ReadDoctor],
            Self::AuditAdmin => &[R::ReadAudit, R::ReadLedger],
        }
    }

    /// Whether one person may not hold both roles: the three administrators exclude each other, and an auditor
    /// holds no office that acts.
    #[must_use]
    pub fn excludes(self, other: Self) -> bool {
        const ADMINS: [Role; 3] = [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin];
        if self == other {
            return false;
        }
        (ADMINS.contains(&self) && ADMINS.contains(&other)) || self == Self::Auditor || other == Self::Auditor
    }
}
