//! Diplomas: their scans, what was read on them, their numbers, and proofs of them.

use serde::{Deserialize, Serialize};

use crate::ids::{DiplomaId, PersonId, ProofId, ScanId, UploadId};
use crate::{Date, Timestamp};

/// One scan of a diploma. Its bytes: `GET /scans/{id}/file`; a page as a picture: `GET /scans/{id}/pages/{number}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scan {
    /// Its id.
    pub id: ScanId,
    /// When it was kept.
    pub kept: Timestamp,
    /// `application/pdf`, `image/tiff` or `image/jpeg`.
    pub media_type: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// Pages.
    pub pages: u32,
    /// Width of the first page's picture, px; 0 if it holds none.
    pub width: u32,
    /// Height of the first page's picture, px; 0 if it holds none.
    pub height: u32,
    /// What a machine read on it, once it has.
    pub reading: Option<Reading>,
}

/// What a machine read on a scan, held against the register. A machine misreads: a person decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reading {
    /// When it was read.
    pub at: Timestamp,
    /// The models that read it.
    pub models: Vec<String>,
    /// Whether it holds a picture that can be read at all. A PDF without one is not measurable.
    pub measurable: bool,
    /// The sizes of its pages' pictures, px; 0 × 0 for a page without one.
    pub pages: Vec<[u32; 2]>,
    /// Lines of text that were read.
    pub lines: u32,
    /// The register's facts, each held against the scan.
    pub checks: Vec<Check>,
}

/// One fact of the register, held against a scan.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Which: `name`, `number`, `major`, …
    pub field: String,
    /// What the register says.
    pub expected: String,
    /// `agrees`, `differs` or `not_found`.
    pub outcome: String,
    /// What stands on the scan in its place.
    pub found: Option<String>,
    /// The page on which that stands, from 1.
    pub page: Option<u32>,
    /// Where on the page: left, top, width, height, px.
    pub place: Option<[f32; 4]>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("field", &self.field)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// Adds an uploaded scan to a diploma. `POST /persons/{id}/scans`; needs a purpose
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttachScan {
    /// The uploaded file: PDF, TIFF or JPEG.
    pub upload: UploadId,
    /// The diploma.
    pub diploma: DiplomaId,
    /// Why it is added; stands in the version.
    pub reason: String,
}

/// Scans in figures, and those in doubt. `GET /scans`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scans {
    /// How many there are.
    pub scans: u64,
    /// How many nobody has read yet.
    pub unread: u64,
    /// How many hold nothing that can be read.
    pub not_measurable: u64,
    /// Diplomas with a number of which there is no scan.
    pub without: u64,
    /// Whether the models that read are installed here.
    pub can_read: bool,
    /// How many differ from the register, or lack something it says.
    pub in_doubt: u64,
    /// A part of those, those with most differences first.
    pub doubts: Vec<Doubt>,
}

/// A scan on which the register's facts do not all stand. What they are is shown in the dossier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Doubt {
    /// The scan.
    pub scan: ScanId,
    /// Whose diploma it is.
    pub person: PersonId,
    /// The person's name.
    pub name: String,
    /// The certificate number, masked.
    pub number: String,
    /// The fields that differ.
    pub differs: Vec<String>,
    /// The fields that were not found.
    pub missing: Vec<String>,
}

/// The register's numbers, looked through. `GET /diplomas/numbers`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Numbers {
    /// How many numbers there are.
    pub numbers: u64,
    /// How many serial numbers are missing in all series.
    pub missing: u64,
    /// Each series, in order.
    pub series: Vec<Series>,
    /// Numbers that several diplomas have.
    pub duplicates: Vec<Duplicate>,
    /// Numbers that are none by the rules.
    pub malformed: Vec<Malformed>,
}

/// Numbers that differ in nothing but their serial number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// Digits 1–12: school, kind of schooling, year, level.
    pub prefix: String,
    /// The year of graduation.
    pub year: i16,
    /// The level: `college`, `bachelor`, …
    pub level: String,
    /// The lowest number.
    pub first: String,
    /// The highest number.
    pub last: String,
    /// How many there are.
    pub count: u64,
    /// How many are missing between the lowest and the highest.
    pub missing: u64,
    /// The missing numbers, run by run.
    pub gaps: Vec<Gap>,
    /// The batches in it.
    pub batches: Vec<Batch>,
}

/// A run of numbers that nobody has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
    /// How many.
    pub count: u64,
}

/// Those of a series who graduated on one day: the spring's batch, the autumn's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Batch {
    /// The day, if the register says it.
    pub graduated: Option<Date>,
    /// The lowest number.
    pub first: String,
    /// The highest number.
    pub last: String,
    /// How many there are.
    pub count: u64,
}

/// A number that several diplomas have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Duplicate {
    /// The number.
    pub number: String,
    /// Whose diplomas they are.
    pub people: Vec<PersonId>,
}

/// A number that is none by the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Malformed {
    /// The number as the register has it.
    pub number: String,
    /// What is wrong, a stable code.
    pub code: String,
    /// Whose diploma it is.
    pub person: PersonId,
}

/// Issues a printed proof of a diploma. `POST /persons/{id}/proofs`; needs a purpose
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewProof {
    /// The diploma.
    pub diploma: DiplomaId,
}

/// Looks an issued proof up. `POST /proofs/look-up`; needs a purpose
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookUp {
    /// The code on the paper, as it is typed.
    pub code: String,
}

/// An issued proof: what the paper says. The paper itself: `GET /proofs/{id}/paper?lang=zh|en`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof {
    /// Its id.
    pub id: ProofId,
    /// The code by which the school finds it again.
    pub code: String,
    /// Whose diploma it proves.
    pub person: PersonId,
    /// When it was issued.
    pub issued: Timestamp,
    /// Who issued it: the person's name.
    pub by: String,
    /// What for.
    pub purpose: String,
    /// The version of the dossier it was made from.
    pub version: u32,
    /// Whether it shows the graduation photo.
    pub has_photo: bool,
    /// Whether the register says the same today.
    pub current: bool,
    /// What it says.
    pub said: Said,
}

/// What a proof says: the register's entry at the time.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Said {
    /// 学校
    pub school: String,
    /// 证书编号
    pub number: String,
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: String,
    /// 出生日期
    pub birth_date: Option<Date>,
    /// 入学日期
    pub entry_date: Option<Date>,
    /// 毕业日期
    pub graduation_date: Option<Date>,
    /// 发证日期
    pub issued: Option<Date>,
    /// 专业
    pub major: String,
    /// 层次
    pub level: String,
    /// 学制, years
    pub years: String,
    /// 学习形式
    pub study_form: String,
    /// 毕业 or 结业
    pub outcome: String,
    /// 校(院)长
    pub president: String,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said(withheld)")
    }
}
