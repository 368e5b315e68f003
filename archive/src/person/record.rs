//! The facts of one roster row.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{IdNumber, IdNumberError, Sex};

/// The kind of document an identity number belongs to (ZJLX).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// 居民身份证. What a number is when nothing else is said.
    #[default]
    ResidentCard,
    /// 港澳居民来往内地通行证, 港澳台居民居住证 and 台湾居民来往大陆通行证.
    HongKongMacaoTaiwan,
    /// 护照.
    Passport,
    /// 军官证, 士兵证 and the like.
    Military,
    /// Another document.
    Other,
}

impl DocumentKind {
    /// Reads what rosters write in the column 证件类型.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let text = super::fold(text);
        let has = |words: &[&str]| words.iter().any(|word| text.as_str().contains(word));
        match text.as_str() {
            "" | "1" | "01" => Self::ResidentCard,
            _ if has(&["港澳", "台湾", "台胞", "通行证"]) => Self::HongKongMacaoTaiwan,
            _ if has(&["身份证"]) => Self::ResidentCard,
            _ if has(&["护照"]) => Self::Passport,
            _ if has(&["军官", "士兵", "军人", "文职"]) => Self::Military,
            _ => Self::Other,
        }
    }
}

/// A length of study (学制) in years, exact to a tenth: 2, 2.5, 3, 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StudyYears {
    tenths: u8,
}

/// A text that is no length of study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a length of study is a number of years from 0.5 to 10, such as 3 or 2.5")]
pub struct StudyYearsError;

impl StudyYears {
    /// The length in years.
    #[must_use]
    pub fn years(self) -> f32 {
        f32::from(self.tenths) / 10.0
    }
}

impl FromStr for StudyYears {
    type Err = StudyYearsError;

    /// Reads `3`, `3.0`, `2.5`, `3年`, `三年`.
    fn from_str(text: &str) -> Result<Self, StudyYearsError> {
        let text = super::fold(text);
        let text = text.as_str().trim_end_matches('制').trim_end_matches('年');
        let chinese = ["一", "二", "三", "四", "五", "六", "七", "八"].iter().position(|&word| word == text);
        if let Some(tenths) = chinese.and_then(|place| u8::try_from((place + 1) * 10).ok()) {
            return Ok(Self { tenths });
        }
        // Folding has made a middle dot of the decimal point.
        let (whole, part) = text.split_once('·').unwrap_or((text, "0"));
        let whole: u8 = whole.parse().ok().filter(|&years| years <= 10).ok_or(StudyYearsError)?;
        let part: u8 = part.trim_end_matches('0').parse().or(if part.trim_matches('0').is_empty() {
            Ok(0)
        } else {
            Err(StudyYearsError)
        })?;
        let tenths = whole * 10 + part;
        if part < 10 && (5..=100).contains(&tenths) { Ok(Self { tenths }) } else { Err(StudyYearsError) }
    }
}

impl fmt::Display for StudyYears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tenths / 10, self.tenths % 10) {
            (years, 0) => write!(f, "{years}"),
            (years, part) => write!(f, "{years}.{part}"),
        }
    }
}

impl Serialize for StudyYears {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StudyYears {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The facts of one roster row. Only the name must be there; what a roster does not say is `None` or empty.
///
/// `{:?}` shows which facts are there, and none of them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonRecord {
    /// 姓名, as the roster writes it.
    pub name: String,
    /// 曾用名, each separately.
    pub former_names: Vec<String>,
    /// 考生号: the number of the entrance examination; admission photos are named by it.
    pub candidate_number: Option<String>,
    /// 学号.
    pub student_number: Option<String>,
    /// 性别.
    pub sex: Option<Sex>,
    /// 出生日期.
    pub birth_date: Option<Date>,
    /// 证件号, upper case and half width. See [`resident_id`](Self::resident_id).
    pub id_number: Option<String>,
    /// 证件类型.
    pub id_type: DocumentKind,
    /// 民族, as the roster writes it.
    pub ethnicity: Option<String>,
    /// 学院 (FY).
    pub college: Option<String>,
    /// 专业名称.
    pub major: Option<String>,
    /// 专业代码.
    pub major_code: Option<String>,
    /// 层次, as the roster writes it; [`Level::from_text`](super::Level::from_text) reads it.
    pub level: Option<String>,
    /// 学制.
    pub years: Option<StudyYears>,
    /// 班级 (BH).
    pub class: Option<String>,
    /// 入学日期.
    pub entry_date: Option<Date>,
    /// 预计毕业日期.
    pub expected_graduation: Option<Date>,
    /// 备注. In the national platform's download it carries the mark of the photo comparison.
    pub note: Option<String>,
}

impl PersonRecord {
    /// The identity number as a resident card's number, if it is meant to be one.
    #[must_use]
    pub fn resident_id(&self) -> Option<Result<IdNumber, IdNumberError>> {
        match self.id_type {
            DocumentKind::ResidentCard => self.id_number.as_deref().map(str::parse),
            _ => None,
        }
    }

    /// The year a person belongs to in the finding aid: the year of expected graduation.
    #[must_use]
    pub fn graduation_year(&self) -> Option<i16> {
        self.expected_graduation.map(Date::year)
    }
}

impl fmt::Debug for PersonRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonRecord")
            .field("has_student_number", &self.student_number.is_some())
            .field("has_candidate_number", &self.candidate_number.is_some())
            .field("has_id_number", &self.id_number.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_study_are_read_in_every_spelling() {
        for (text, written) in [
            ("3", "3"),
            ("3.0", "3"),
            ("2.5", "2.5"),
            ("2.50", "2.5"),
            ("三年", "3"),
            ("5年制", "5"),
            ("３", "3"),
        ] {
            assert_eq!(text.parse::<StudyYears>().unwrap().to_string(), written, "{text}");
        }
        for text in ["", "0", "11", "3.25", "很长", "-1"] {
            assert!(text.parse::<StudyYears>().is_err(), "{text}");
        }
    }

    #[test]
    fn documents_are_told_apart() {
        assert_eq!(DocumentKind::from_text("居民身份证"), DocumentKind::ResidentCard);
        assert_eq!(DocumentKind::from_text("台湾居民来往大陆通行证"), DocumentKind::HongKongMacaoTaiwan);
        assert_eq!(DocumentKind::from_text("护照"), DocumentKind::Passport);
    }

    #[test]
    fn debug_shows_no_fact() {
        let record = PersonRecord {
            name: "张三丰".to_owned(),
            student_number: Some("2023010512".to_owned()),
            ..Default::default()
        };
        let shown = format!("{record:?}");
        assert!(!shown.contains('张') && !shown.contains("2023"));
    }

    #[test]
    fn a_record_survives_json() {
        let record =
            PersonRecord { name: "张三".to_owned(), years: "2.5".parse().ok(), ..Default::default() };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<PersonRecord>(&text).unwrap(), record);
    }
}
