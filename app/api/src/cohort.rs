//! A whole campaign's people compared at once, photo with photo: the machine's answers, people's words, three signatures.

use crate::{Right, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dossier::PhotoKind;
use crate::face::Verdict;
use crate::ids::{CalibrationId, CampaignId, CohortId, PersonId, PhotoId};
use crate::law::Bar;

/// Starts the comparison of everybody on a campaign's roster. `POST /campaigns/{id}/cohorts`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCohort {
    /// How many per cent of the clear cases a person looks at all the same: 5 to 10.
    pub sample_percent: u8,
    /// Other campaigns whose people are looked through for look-alikes, too: one face under two names may be years apart.
    /// Only those who agreed there and may be compared there now are.
    #[serde(default)]
    pub other_campaigns: Vec<CampaignId>,
}

/// A campaign whose people a cohort's people can be, or were, compared with. `GET /campaigns/{id}/other-campaigns`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherCampaign {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// How many of its people: those who agreed and are not of the cohort themselves.
    pub people: u64,
}

impl NewCohort {
    /// What the sample may be.
    pub const PERCENTS: std::ops::RangeInclusive<u8> = 5..=10;
}

/// How far a cohort is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CohortState {
    /// Cases wait for people, or it waits for its signatures.
    Open,
    /// Signed three times: nothing of it changes any more.
    Signed,
    /// Compared again before it was signed; the later one counts.
    Superseded,
}

/// What the machine says of a person's photos among themselves, or that it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 一致: all of them show one person, and nobody else's photo is too much like them.
    Match,
    /// 存疑
    Unsure,
    /// 不一致
    NoMatch,
    /// 未比对: a person looks without a machine.
    ByHand,
}

/// What a person says of a case, and what it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// 正常
    Normal,
    /// 存疑
    Doubtful,
    /// 异常
    Abnormal,
}

/// The levels of the sign-off (三级审签), in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 审查人员
    Examiner,
    /// 部门负责人
    Department,
    /// 校领导
    School,
}

impl Level {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Examiner, Self::Department, Self::School];

    /// The right it takes to sign at it.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::Examiner => Right::ReviewComparisons,
            Self::Department => Right::SignAsDepartment,
            Self::School => Right::SignAsSchool,
        }
    }
}

/// A cohort. `GET /cohorts/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cohort {
    /// Its id.
    pub id: CohortId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The campaign's name.
    pub campaign_name: String,
    /// How far it is.
    pub state: CohortState,
    /// When the machine had compared everybody.
    pub at: Timestamp,
    /// Who started it.
    pub by: String,
    /// The model.
    pub model: String,
    /// The calibration the thresholds come from.
    pub calibration: CalibrationId,
    /// Its version.
    pub calibration_version: String,
    /// At or above: match.
    pub accept: f32,
    /// Below: no match.
    pub reject: f32,
    /// The photo rules.
    pub rule_set: String,
    /// Two people's photos at or above are a look-alike in any case.
    pub alike: f32,
    /// How many of all pairs of different people may be so alike by chance, when the calibration can say.
    pub alike_by_chance: Option<f64>,
    /// The other campaigns whose people were looked through for look-alikes, too.
    pub other_campaigns: Vec<OtherCampaign>,
    /// What is what.
    pub counts: Counts,
    /// The sample of the clear cases.
    pub sample: Sample,
    /// The signatures that stand, in their order, and what was sent back, oldest first.
    pub signatures: Vec<Signature>,
    /// Whether the archive holds it: an object of its own, once the school has signed.
    pub archived: bool,
    /// SHA-256 of what is to be signed as it stands, as canonical JSON, hex.
    pub digest: String,
    /// What is to be signed next, if everything before it is.
    pub next: Option<Level>,
    /// Whether whoever asks may sign next.
    pub may_sign: bool,
}

/// How many people are what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counts {
    /// On the roster.
    pub people: u64,
    /// Photos that were compared.
    pub photos: u64,
    /// Pairs of one person's photos that were compared.
    pub pairs: u64,
    /// The machine says match.
    pub matched: u64,
    /// The machine is unsure.
    pub unsure: u64,
    /// The machine says no match.
    pub no_match: u64,
    /// The machine says nothing.
    pub by_hand: u64,
    /// Cases that wait for people.
    pub waiting: u64,
    /// Found normal.
    pub normal: u64,
    /// Found doubtful.
    pub doubtful: u64,
    /// Found abnormal.
    pub abnormal: u64,
}

/// The people's look at a part of the clear cases, drawn by chance: how often the machine's match was wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sample {
    /// How many per cent.
    pub percent: u8,
    /// How many cases that is.
    pub size: u64,
    /// How many were looked at.
    pub looked_at: u64,
    /// In how many a person said otherwise than the machine.
    pub contradicted: u64,
    /// The share of clear cases that are wrong is at most this, with 95 % confidence (Clopper-Pearson); nothing before
    /// one was looked at.
    pub wrong_at_most: Option<f64>,
}

/// One signature, or one sending back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Signature {
    /// The level.
    pub level: Level,
    /// Whether it was sent back instead.
    pub sent_back: bool,
    /// Whether it still stands: nothing has changed since and nobody sent it back.
    pub stands: bool,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// A remark; why, when it was sent back.
    pub note: String,
    /// SHA-256 of what was signed, as canonical JSON, hex.
    pub digest: String,
    /// The signer's Ed25519 key, base64; nothing when it was sent back.
    pub public_key: Option<String>,
    /// The signature of `xuecang.cohort/1 LEVEL DIGEST`, base64.
    pub signature: Option<String>,
}

/// Signs a cohort, or sends it back. `POST /cohorts/{id}/signatures`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignCohort {
    /// The level.
    pub level: Level,
    /// Whether to send it back.
    pub send_back: bool,
    /// A remark; needed to send it back.
    pub note: String,
    /// The digest of what was looked at; another one is refused.
    pub digest: String,
    /// The password of whoever signs; empty to send it back.
    pub password: String,
}

impl std::fmt::Debug for SignCohort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignCohort({:?}, the rest withheld)", self.level)
    }
}

/// Which cases of a cohort are wanted. `GET /cohorts/{id}/cases`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// All.
    All,
    /// Those whoever asks can decide now.
    Mine,
    /// Those that wait for anybody.
    Waiting,
    /// Those of the sample.
    Sample,
    /// Those the machine takes for one person.
    Match,
    /// Those the machine is unsure of.
    Unsure,
    /// Those the machine takes for different people.
    NoMatch,
    /// Those the machine says nothing of.
    ByHand,
    /// Those with a look-alike.
    Alike,
    /// Those that were found normal.
    Normal,
    /// Those that were found doubtful.
    Doubtful,
    /// Those that were found abnormal.
    Abnormal,
}

/// A case, in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseRow {
    /// The person.
    pub person: PersonId,
    /// The person's name.
    pub name: String,
    /// The student number, masked.
    pub number: String,
    /// 学院
    pub college: String,
    /// 班级
    pub class: String,
    /// What the machine says.
    pub outcome: Outcome,
    /// The similarity of the pair that decides.
    pub similarity: Option<f32>,
    /// Why the machine says no more: codes of findings, refusals or bars.
    pub reasons: Vec<String>,
    /// How many other people's photos are too much like this one's.
    pub alike: u64,
    /// Whether it is in the sample.
    pub sampled: bool,
    /// What it comes to, once that is settled.
    pub disposition: Option<Disposition>,
    /// How many have said their word in this round.
    pub said: u64,
    /// Whether it waits for a person.
    pub waits: bool,
    /// Whether whoever asks has said theirs.
    pub mine: bool,
}

/// A case with its evidence. `GET /cohorts/{id}/cases/{person}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Case {
    /// What a list says of it.
    #[serde(flatten)]
    pub row: CaseRow,
    /// Why the person's face was not compared by a machine.
    pub bar: Option<Bar>,
    /// The person's photos.
    pub photos: Vec<CasePhoto>,
    /// Every pair of them.
    pub pairs: Vec<CasePair>,
    /// Other people's photos that are too much like this one's, most alike first.
    pub look_alikes: Vec<LookAlike>,
    /// The number of the consent by which it was compared.
    pub consent: Option<i64>,
    /// What was said: of the round at hand only once it is settled, so that none sees another's word.
    pub words: Vec<Word>,
    /// Whether whoever asks may say a word now, or another one than before.
    pub may_say: bool,
    /// Whether whoever asks may ask for another look.
    pub may_reopen: bool,
    /// The next case whoever asks can decide.
    pub next: Option<PersonId>,
}

/// One photo of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CasePhoto {
    /// The photo.
    pub id: PhotoId,
    /// What it is.
    pub kind: PhotoKind,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Why no template could be made of it: the code of a refusal.
    pub refusal: Option<String>,
    /// The codes of failed findings for which it is no ground for a match.
    pub hinders: Vec<String>,
}

/// Two photos of one person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CasePair {
    /// One.
    pub one: PhotoId,
    /// The other.
    pub other: PhotoId,
    /// Cosine similarity, -1..=1.
    pub similarity: f32,
    /// What the machine would say of this pair alone.
    pub verdict: Verdict,
}

/// Somebody else's photo that is too much like one of this person's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookAlike {
    /// This person's photo.
    pub photo: PhotoId,
    /// The other person.
    pub person: PersonId,
    /// The other person's name.
    pub name: String,
    /// The other person's student number, masked.
    pub number: String,
    /// The other person's photo.
    pub other: PhotoId,
    /// What that one is.
    pub kind: PhotoKind,
    /// Cosine similarity, -1..=1.
    pub similarity: f32,
    /// The name of the other campaign that the other person is of. None: they are of this cohort, too.
    pub campaign: Option<String>,
}

/// What a person said of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Word {
    /// In which round: 1, and one more each time another look was asked for.
    pub round: u32,
    /// Who.
    pub by: String,
    /// What.
    pub disposition: Disposition,
    /// A remark, empty if none.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl Word {
    /// Of what was said of one case, what counts: the words of the last round.
    pub fn of_last_round(words: &[Self]) -> impl Iterator<Item = &Self> {
        let last = words.iter().map(|word| word.round).max();
        words.iter().filter(move |word| Some(word.round) == last)
    }
}

/// Says what a case comes to. `POST /cohorts/{id}/cases/{person}/words`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SayWord {
    /// What.
    pub disposition: Disposition,
    /// A remark; needed for anything but normal.
    pub note: String,
}

/// Asks for another look at a settled case. `POST /cohorts/{id}/cases/{person}/reopening`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reopen {
    /// Why.
    pub reason: String,
}
