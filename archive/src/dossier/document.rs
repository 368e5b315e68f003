//! The document in every dossier object: `dossier.json`.

use ids::{CampaignId, DeliveryId, DiplomaId, PersonId, PhotoId, ScanId};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::person::{PersonRecord, Sex, StudyYears};

crate::db::words! {
    /// Which photo of a person it is.
    PhotoKind {
        /// 录取照片
        Admission = "admission",
        /// 学籍照片
        Enrolment = "enrolment",
        /// 学历照片
        Graduation = "graduation",
        /// 原始电子图片, for prints
        Original = "original",
        /// 身份证照片
        IdCard = "id_card",
    }
    /// The format of a scan, as its media type.
    ScanFormat {
        /// A PDF that needs no key.
        Pdf = "application/pdf",
        /// A TIFF of one or more pages.
        Tiff = "image/tiff",
        /// A JPEG.
        Jpeg = "image/jpeg",
    }
}

/// The format of the document; reads only its own word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Format;

impl Format {
    const WORD: &'static str = "xuecang-dossier/1";
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::WORD)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word == Self::WORD { Ok(Self) } else { Err(D::Error::custom("not a dossier of format 1")) }
    }
}

/// Everything that is kept about one person, as it stands in `dossier.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// The document's format.
    pub format: Format,
    /// The person.
    pub person: PersonId,
    /// The facts of the roster, with every correction since.
    pub facts: PersonRecord,
    /// Photos in the order in which they were kept; superseded ones stay.
    pub photos: Vec<Photo>,
    /// Entries of the certificate register.
    pub diplomas: Vec<Diploma>,
    /// Campaigns on whose rosters the person was.
    pub campaigns: Vec<CampaignId>,
}

impl Dossier {
    /// A dossier that says only whose it is.
    #[must_use]
    pub fn new(person: PersonId, facts: PersonRecord) -> Self {
        Self {
            format: Format,
            person,
            facts,
            photos: Vec::new(),
            diplomas: Vec::new(),
            campaigns: Vec::new(),
        }
    }

    /// The photo of a kind that nothing has superseded, the last one kept if there are several.
    #[must_use]
    pub fn current(&self, kind: PhotoKind) -> Option<&Photo> {
        self.photos.iter().rev().find(|photo| photo.kind == kind && photo.superseded_by.is_none())
    }
}

/// One kept photo. Its bytes lie beside the document, exactly as they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Photo {
    /// Its id.
    pub id: PhotoId,
    /// Which photo it is.
    pub kind: PhotoKind,
    /// Where its bytes lie in the object.
    pub file: String,
    /// SHA-512 of its bytes, hex.
    pub sha512: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// When it was taken, if known.
    pub captured: Option<Timestamp>,
    /// When it was kept.
    pub kept: Timestamp,
    /// The delivery it came with.
    pub delivery: Option<DeliveryId>,
    /// The capture token it came under.
    pub token: Option<String>,
    /// Where it came from, in words: the file and how it was matched to the person.
    pub source: String,
    /// The photo that took its place.
    pub superseded_by: Option<PhotoId>,
}

/// One entry of the certificate register.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diploma {
    /// Its id.
    pub id: DiplomaId,
    /// What it says.
    #[serde(flatten)]
    pub facts: DiplomaFacts,
    /// Scans of the paper, in the order in which they were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<Scan>,
}

/// One scan of a diploma. Its bytes lie beside the document, exactly as they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// Its id.
    pub id: ScanId,
    /// Where its bytes lie in the object.
    pub file: String,
    /// Its format.
    pub media_type: ScanFormat,
    /// SHA-512 of its bytes, hex.
    pub sha512: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many pages it has.
    pub pages: u32,
    /// Width of the first page's picture, px; 0 for a PDF whose first page holds none.
    pub width: u32,
    /// Height of the first page's picture, px; 0 for a PDF whose first page holds none.
    pub height: u32,
    /// When it was kept.
    pub kept: Timestamp,
    /// Where it came from, in words: the file and how it was matched to the diploma.
    pub source: String,
    /// Where the newest reading of it lies in the object, once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
}

/// What an entry of the certificate register says: all that stands on the certificate but the photo.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DiplomaFacts {
    /// 证书编号; empty for 肄业, which has none.
    pub number: String,
    /// 毕业, 结业 or 肄业
    pub outcome: Option<String>,
    /// 姓名, as the certificate has it.
    pub name: String,
    /// 性别
    pub sex: Option<Sex>,
    /// 出生日期
    pub birth_date: Option<Date>,
    /// 专业
    pub major: Option<String>,
    /// 层次
    pub level: Option<String>,
    /// 学制
    pub years: Option<StudyYears>,
    /// 学习形式
    pub study_form: Option<String>,
    /// 入学日期
    pub entry_date: Option<Date>,
    /// 毕业日期
    pub graduation_date: Option<Date>,
    /// 发证日期
    pub issued: Option<Date>,
    /// 校(院)长
    pub president: Option<String>,
}

impl From<&crate::import::Diploma> for DiplomaFacts {
    fn from(row: &crate::import::Diploma) -> Self {
        Self {
            number: row.certificate_number.clone(),
            outcome: row.outcome.clone(),
            name: row.name.clone(),
            sex: row.sex,
            birth_date: row.birth_date,
            major: row.major.clone(),
            level: row.level.clone(),
            years: row.years,
            study_form: row.study_form.clone(),
            entry_date: row.entry_date,
            graduation_date: row.graduation_date,
            issued: row.issue_date.or(row.graduation_date),
            president: row.president.clone(),
        }
    }
}

impl std::fmt::Debug for Diploma {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diploma").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DiplomaFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DiplomaFacts(withheld)")
    }
}
