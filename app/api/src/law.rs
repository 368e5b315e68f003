//! The legal ground on which a campaign compares faces: notice, impact assessment, separate consent, and their end.
//!
//! What must be told and weighed: 个人信息保护法 (PIPL) arts. 17, 29–31, 55–56; 人脸识别技术应用安全管理办法 (2025)
//! arts. 5–9.

use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{CampaignId, PersonId, UploadId};

/// What people are told before their faces are compared. Each part: 2 to 2000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeText {
    /// Who compares, and how to reach them.
    pub contact: String,
    /// What for.
    pub purpose: String,
    /// How.
    pub method: String,
    /// What kinds of personal data are used.
    pub kinds: String,
    /// How long face data is kept.
    pub retention: String,
    /// Why it is necessary, and what it means for the person.
    pub necessity: String,
    /// How to exercise one's rights: to refuse, to withdraw, to be checked by a person instead.
    pub rights: String,
}

impl NoticeText {
    /// The parts by the names of their fields.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &str); 7] {
        [
            ("contact", &self.contact),
            ("purpose", &self.purpose),
            ("method", &self.method),
            ("kinds", &self.kinds),
            ("retention", &self.retention),
            ("necessity", &self.necessity),
            ("rights", &self.rights),
        ]
    }

    /// Whether whoever agreed to `self` has to be asked again when `newer` takes its place: purpose, method, kinds of
    /// data or the time of keeping are not the same (PIPL art. 14). A new telephone number asks nobody again.
    #[must_use]
    pub fn asks_again(&self, newer: &Self) -> bool {
        (&self.purpose, &self.method, &self.kinds, &self.retention)
            != (&newer.purpose, &newer.method, &newer.kinds, &newer.retention)
    }
}

/// One version of a campaign's notice. `POST /campaigns/{id}/notices` publishes a further one
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notice {
    /// Which version it is, from 1.
    pub version: u32,
    /// What it says.
    #[serde(flatten)]
    pub text: NoticeText,
    /// SHA-256 of the text as canonical JSON (RFC 8785), hex.
    pub sha256: String,
    /// Who published it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What an impact assessment weighs, when it is written here. Each part: 2 to 4000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssessmentText {
    /// Whether purpose and method are lawful, legitimate and necessary.
    pub necessity: String,
    /// What it means for people, and whether what is done about it works.
    pub impact: String,
    /// What could leak, be changed, lost or misused, and what harm that would do.
    pub risk: String,
    /// Whether the measures taken are lawful, work, and fit the risk.
    pub measures: String,
}

impl AssessmentText {
    /// The parts by the names of their fields.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("necessity", &self.necessity),
            ("impact", &self.impact),
            ("risk", &self.risk),
            ("measures", &self.measures),
        ]
    }
}

/// Puts an impact assessment in: written here, or a document that was written elsewhere, or both.
/// `POST /campaigns/{id}/assessments`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewAssessment {
    /// What is written here.
    pub text: Option<AssessmentText>,
    /// A PDF that was uploaded.
    pub document: Option<UploadId>,
}

/// An impact assessment of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assessment {
    /// Which of the campaign's it is, from 1.
    pub number: u32,
    /// The version of the notice that it weighs.
    pub notice: u32,
    /// What is written here.
    pub text: Option<AssessmentText>,
    /// Whether there is a document. `GET /campaigns/{id}/assessments/{number}/document`
    pub has_document: bool,
    /// SHA-256 of what is signed, hex; stands in the ledger.
    pub digest: String,
    /// Who put it in.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Who signed it, once somebody has.
    pub signed: Option<Signed>,
    /// Whether it can open the campaign: it is signed, and the notice still says what it weighs.
    pub holds: bool,
}

/// A signature under an assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signed {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Their Ed25519 public key, base64.
    pub public_key: String,
    /// The signature of the text `xuecang.assessment/1 ` with the digest behind it, base64.
    pub signature: String,
}

/// Signs an assessment with the account's own key, which its password opens.
/// `POST /campaigns/{id}/assessments/{number}/signature`
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignAssessment {
    /// The password of whoever signs.
    pub password: String,
}

impl std::fmt::Debug for SignAssessment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignAssessment(withheld)")
    }
}

/// Why faces may not be compared: of a campaign, or of a person in it. A person is then checked by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Bar {
    /// The person is on no roster.
    NoCampaign,
    /// No notice was published.
    NoNotice,
    /// No impact assessment was signed.
    NoAssessment,
    /// The notice says something else than what the signed assessment weighs.
    AssessmentOutdated,
    /// The campaign was not opened for comparing faces.
    NotOpened,
    /// Comparing faces has ended in the campaign.
    ComparingEnded,
    /// The person has not agreed.
    NoConsent,
    /// The person has withdrawn the consent.
    ConsentWithdrawn,
    /// The notice says something else than what the person agreed to.
    NoticeChanged,
    /// The person was under 14, and no guardian has agreed.
    GuardianMissing,
    /// Whether the person was under 14 is not known, and no guardian has agreed.
    AgeUnknown,
}

/// The ground on which a campaign compares faces. `GET /campaigns/{id}/ground`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ground {
    /// The campaign.
    pub campaign: CampaignId,
    /// Why nobody's face may be compared in it; nothing if it is open.
    pub bar: Option<Bar>,
    /// Every version of the notice, newest first.
    pub notices: Vec<Notice>,
    /// Every assessment, newest first.
    pub assessments: Vec<Assessment>,
    /// When it was opened, and by whom.
    pub opened: Option<Act>,
    /// Whether comparing was ended and the destruction has not come to its end: it is to be asked for once more.
    pub is_ending: bool,
    /// How comparing ended.
    pub closed: Option<Closing>,
    /// Who agreed, in people.
    pub consents: ConsentCounts,
}

/// Somebody did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Act {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How many people of a roster agreed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentCounts {
    /// On the roster.
    pub roster: u64,
    /// Agreed, and it stands.
    pub agreed: u64,
    /// Agreed and withdrew.
    pub withdrawn: u64,
    /// Must be asked again: the notice changed, or a guardian or the age is missing.
    pub ask_again: u64,
    /// Never agreed.
    pub none: u64,
}

/// On what somebody agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// On paper, with a signature by hand.
    Paper,
    /// On a screen of the school.
    Screen,
}

/// The guardian of somebody under 14. Kept sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Guardian {
    /// Their name.
    pub name: String,
    /// What they are to the person: 母亲, 父亲, …
    pub relationship: String,
}

impl std::fmt::Debug for Guardian {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guardian(withheld)")
    }
}

/// Somebody who agreed: by id or by student number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Agreed {
    /// The person.
    pub person: Option<PersonId>,
    /// The student number, where the id is not at hand.
    #[serde(default)]
    pub student_number: Option<String>,
    /// The guardian who agreed too: must be there for whoever was under 14 that day.
    #[serde(default)]
    pub guardian: Option<Guardian>,
}

impl std::fmt::Debug for Agreed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agreed").field("person", &self.person).finish_non_exhaustive()
    }
}

/// Records separate consents, up to 5000 at once. `POST /campaigns/{id}/consents`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewConsents {
    /// The version of the notice that was read.
    pub notice: u32,
    /// On what they agreed.
    pub means: Means,
    /// The day on which they agreed.
    pub given: Date,
    /// Who.
    pub people: Vec<Agreed>,
}

/// What became of consents that were put in. What can't be recorded keeps nobody else's from being so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentsRecorded {
    /// How many were recorded.
    pub recorded: u64,
    /// Which were not.
    pub refused: Vec<ConsentRefused>,
}

/// A consent that was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentRefused {
    /// Its place in what was put in, from 0.
    pub place: u32,
    /// Why.
    pub reason: Bar,
}

/// Withdraws a person's consent in a campaign, at once. `POST /campaigns/{id}/withdrawals`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withdrawal {
    /// The person.
    pub person: PersonId,
}

/// A person of a roster and whether their face may be compared. `GET /campaigns/{id}/consents`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentRow {
    /// The person.
    pub person: PersonId,
    /// The name, masked.
    pub name: String,
    /// The student number, masked.
    pub student_number: String,
    /// The class.
    pub class: String,
    /// Why their consent does not let their face be compared; nothing if it does.
    pub bar: Option<Bar>,
    /// What they agreed to last, withdrawn or not.
    pub consent: Option<Consent>,
}

/// A consent as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Consent {
    /// The version of the notice that was read.
    pub notice: u32,
    /// On what.
    pub means: Means,
    /// The day.
    pub given: Date,
    /// Whether a guardian agreed too.
    pub has_guardian: bool,
    /// Who recorded it, and when.
    pub recorded: Act,
    /// Who recorded that it was withdrawn, and when.
    pub withdrawn: Option<Act>,
}

/// A person's consents in a campaign, newest first, with the guardians. `GET /campaigns/{id}/consents/{person}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentRecord {
    /// The consent.
    #[serde(flatten)]
    pub consent: Consent,
    /// The guardian who agreed too.
    pub guardian: Option<Guardian>,
}

/// Ends comparing faces in a campaign, for good. `POST /campaigns/{id}/comparing/end`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndComparing {
    /// The campaign's name, typed once more: what is destroyed does not come back.
    pub name: String,
}

/// How comparing faces ended in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Closing {
    /// Who ended it, and when.
    #[serde(flatten)]
    pub act: Act,
    /// What was destroyed, and what is only declared.
    pub destroyed: Destroyed,
}

/// What was destroyed when comparing faces ended. The ledger has it word for word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Destroyed {
    /// SHA-256 of the campaign's key, hex: its file was overwritten, read back, removed and looked for again.
    pub key_sha256: String,
    /// Probes whose pixels were removed.
    pub probes: u64,
    /// Comparisons that were left to be decided by hand.
    pub comparisons: u64,
    /// Templates that were on disk: none are ever written.
    pub templates: u64,
    /// What can't be seen from here and is declared only, as stable words: `volume-copies`, `backups`.
    pub declared_only: Vec<String>,
}

/// Says who somebody is, without a machine: the path that is open to everybody. `POST /persons/{id}/hand-checks`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewHandCheck {
    /// What was found.
    pub decision: HandDecision,
    /// By what it was found: 2 to 200 characters.
    pub note: String,
}

/// What a check by hand found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HandDecision {
    /// The same person.
    Same,
    /// Another person.
    Different,
    /// Doubtful: further evidence is needed.
    Doubtful,
}

/// A check by hand. `GET /persons/{id}/hand-checks`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandCheck {
    /// What was found, and by what.
    #[serde(flatten)]
    pub found: NewHandCheck,
    /// By whom, and when.
    #[serde(flatten)]
    pub act: Act,
}

/// How many people's faces are compared in campaigns that are open, beside the number from which the school must file.
/// `GET /faces/count`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaceCount {
    /// People here, each once.
    pub here: u64,
    /// People in the school's other systems, as the configuration says.
    pub elsewhere: u64,
    /// From here on it is time to prepare: 80,000.
    pub attention_at: u64,
    /// From here on the school must file with the provincial 网信部门 within 30 working days: 100,000.
    pub file_at: u64,
}

impl FaceCount {
    /// The number of the 办法, art. 15, and the one at which it is time to prepare.
    pub const FILE_AT: u64 = 100_000;
    /// See [`FILE_AT`](Self::FILE_AT).
    pub const ATTENTION_AT: u64 = 80_000;

    /// People here and elsewhere. Whoever is in both is counted twice: rather too early than too late.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.here.saturating_add(self.elsewhere)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> NoticeText {
        let part = || "一段话".to_owned();
        NoticeText {
            contact: part(),
            purpose: part(),
            method: part(),
            kinds: part(),
            retention: part(),
            necessity: part(),
            rights: part(),
        }
    }

    #[test]
    fn only_what_changes_the_use_of_faces_asks_people_again() {
        let old = text();
        assert!(!old.asks_again(&NoticeText { contact: "新电话".to_owned(), ..text() }));
        assert!(old.asks_again(&NoticeText { purpose: "别的目的".to_owned(), ..text() }));
        assert!(old.asks_again(&NoticeText { retention: "更久".to_owned(), ..text() }));
    }
}
