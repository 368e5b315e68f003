//! What is kept about one person.

use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};

use crate::diploma::Scan;
use crate::ids::{DeliveryId, DiplomaId, PersonId, PhotoId};

/// Which photo of a person it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhotoKind {
    /// 录取照片
    Admission,
    /// 学籍照片
    Enrolment,
    /// 学历照片, 480×640
    Graduation,
    /// 原始电子图片, for prints
    Original,
    /// 身份证照片
    IdCard,
}

/// A person's dossier. `GET /persons/{id}`; needs a purpose
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dossier {
    /// The person.
    pub person: PersonId,
    /// The facts of the roster; numbers are masked until revealed.
    pub facts: PersonFacts,
    /// Photos, oldest first; superseded ones included.
    pub photos: Vec<Photo>,
    /// Diplomas.
    pub diplomas: Vec<Diploma>,
    /// Versions of the archived object, newest first.
    pub versions: Vec<Version>,
    /// What is known of its bytes.
    pub fixity: Fixity,
    /// Legal holds on it, newest first, lifted ones too.
    pub holds: Vec<crate::hold::Hold>,
    /// Who opened it, newest first (the last 50).
    pub uses: Vec<Use>,
}

/// The facts of one person, as text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonFacts {
    /// 姓名
    pub name: String,
    /// 曾用名
    pub former_names: Vec<String>,
    /// 性别: `男`, `女` or empty
    pub sex: String,
    /// 出生日期
    pub birth_date: Option<Date>,
    /// 民族
    pub ethnicity: String,
    /// 考生号
    pub candidate_number: String,
    /// 学号
    pub student_number: String,
    /// 证件号
    pub id_number: String,
    /// 学院
    pub college: String,
    /// 专业
    pub major: String,
    /// 层次
    pub level: String,
    /// 学制, years
    pub years: String,
    /// 班级
    pub class: String,
    /// 入学日期
    pub entry_date: Option<Date>,
    /// 预计毕业日期
    pub expected_graduation: Option<Date>,
    /// 备注
    pub note: String,
}

impl std::fmt::Debug for PersonFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonFacts(withheld)")
    }
}

/// One kept photo. Its pixels: `GET /photos/{id}/image?size=thumb|full`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photo {
    /// Its id.
    pub id: PhotoId,
    /// Which photo it is.
    pub kind: PhotoKind,
    /// When it was kept.
    pub kept: Timestamp,
    /// When it was taken, if known.
    pub captured: Option<Timestamp>,
    /// The delivery it came with, if it did.
    pub delivery: Option<DeliveryId>,
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// Bytes.
    pub bytes: u64,
    /// SHA-512 of the bytes.
    pub sha512: String,
    /// The photo that took its place, if it was corrected.
    pub superseded_by: Option<PhotoId>,
}

/// One entry of the certificate register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diploma {
    /// Its id.
    pub id: DiplomaId,
    /// 证书编号
    pub number: String,
    /// 毕业 or 结业
    pub outcome: String,
    /// 专业
    pub major: String,
    /// 层次
    pub level: String,
    /// 发证日期
    pub issued: Option<Date>,
    /// 校(院)长
    pub president: String,
    /// Scans of the paper, oldest first.
    #[serde(default)]
    pub scans: Vec<Scan>,
}

/// One version of the archived object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it: the account's name.
    pub by: String,
    /// What changed and why.
    pub message: String,
    /// Its leaf in the ledger, once integrated.
    pub leaf: Option<u64>,
}

/// What is known of an object's bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fixity {
    /// Last time every byte was read and compared.
    pub checked: Option<Timestamp>,
    /// Whether all agreed then; nothing if never read.
    pub intact: Option<bool>,
    /// Whether a version has come since, whose bytes nobody has read again.
    pub newer: bool,
}

/// One use of a record, or several that follow each other closely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Use {
    /// When the first was.
    pub first: Timestamp,
    /// When the last was.
    pub at: Timestamp,
    /// How many there were.
    pub count: u64,
    /// Who, by name; the account's word where nobody's name is known.
    pub by: String,
    /// By which account.
    pub account: String,
    /// What: `dossier.read`, `numbers.reveal`, `photo.read`.
    pub action: String,
    /// Why.
    pub purpose: String,
    /// Of what: a person's id as a rule.
    pub subject: String,
}

/// Corrects facts of a person. `POST /persons/{id}/corrections`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Correction {
    /// The facts as they should be.
    pub facts: PersonFacts,
    /// Why: kept in the version's message.
    pub reason: String,
    /// The version this correction starts from.
    pub from_version: u32,
}
