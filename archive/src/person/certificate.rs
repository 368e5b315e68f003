//! The number of a diploma (学历证书编号): 18 digits, or 17 before about 2002.
//!
//! `sssss t yyyy ll nnnnnn`: school, kind of schooling, year, level, serial number (five digits in the old form).
//! Source: 浙江省教育厅 2008, as restated by schools; external examinations (自考) use another layout.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The kind of schooling, digit 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchoolType {
    /// 1 普通.
    Regular,
    /// 5 成人.
    Adult,
    /// 6 自考 / 文凭考试.
    SelfTaught,
    /// 7 网络.
    Online,
}

/// The level of a diploma, digits 11–12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 01 博士.
    Doctor,
    /// 02 硕士.
    Master,
    /// 04 第二学士学位.
    SecondBachelor,
    /// 05 本科.
    Bachelor,
    /// 06 专科（高职）.
    College,
}

impl Level {
    /// Reads what registers write in the column 层次: the words or the code.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let text = super::fold(text);
        let text = text.as_str();
        let code = match text.trim_start_matches('0') {
            "1" => Some(Self::Doctor),
            "2" => Some(Self::Master),
            "4" => Some(Self::SecondBachelor),
            "5" => Some(Self::Bachelor),
            "6" => Some(Self::College),
            _ => None,
        };
        let word = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match code {
            Some(level) => Some(level),
            None if word(&["博士"]) => Some(Self::Doctor),
            None if word(&["硕士"]) => Some(Self::Master),
            None if word(&["第二学士", "二学位"]) => Some(Self::SecondBachelor),
            None if word(&["专科", "高职", "大专", "专升本"]) => {
                Some(if word(&["专升本"]) { Self::Bachelor } else { Self::College })
            }
            None if word(&["本科"]) => Some(Self::Bachelor),
            None => None,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Doctor),
            2 => Some(Self::Master),
            4 => Some(Self::SecondBachelor),
            5 => Some(Self::Bachelor),
            6 => Some(Self::College),
            _ => None,
        }
    }
}

/// A well-formed diploma number. Says nothing about whether the diploma exists.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateNumber {
    text: String,
}

/// Why a text is not a diploma number. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateNumberError {
    /// Neither 18 nor 17 characters long.
    #[error("a certificate number has 18 digits (17 before about 2002), this has {0} characters")]
    Length(usize),
    /// Something that is no digit.
    #[error("character {0} of the certificate number is no digit")]
    Character(usize),
    /// Digit 6 is none of 1, 5, 6, 7.
    #[error("digit 6 of the certificate number must be 1, 5, 6 or 7")]
    SchoolType,
    /// Digits 7–10 are no year from 1949 to 2099.
    #[error("digits 7 to 10 of the certificate number are no year")]
    Year,
    /// Digits 11–12 are none of 01, 02, 04, 05, 06.
    #[error("digits 11 and 12 of the certificate number must be 01, 02, 04, 05 or 06")]
    Level,
}

impl CertificateNumberError {
    /// A stable name for this error, for wording it elsewhere.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length(_) => "certificate-number-length",
            Self::Character(_) => "certificate-number-character",
            Self::SchoolType => "certificate-number-school-type",
            Self::Year => "certificate-number-year",
            Self::Level => "certificate-number-level",
        }
    }
}

impl CertificateNumber {
    /// The number itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The school's code in the national list, digits 1–5.
    #[must_use]
    pub fn school_code(&self) -> &str {
        self.part(0, 5)
    }

    /// The kind of schooling, digit 6.
    #[must_use]
    pub fn school_type(&self) -> SchoolType {
        school_type(self.part(5, 6)).unwrap_or(SchoolType::Regular)
    }

    /// The year of graduation, digits 7–10.
    #[must_use]
    pub fn year(&self) -> i16 {
        self.part(6, 10).parse().unwrap_or_default()
    }

    /// The level, digits 11–12.
    #[must_use]
    pub fn level(&self) -> Level {
        level(self.part(10, 12)).unwrap_or(Level::College)
    }

    /// The serial number: the last six digits, five in the old form.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.part(12, self.text.len()).parse().unwrap_or_default()
    }

    /// Everything before the serial number: numbers with the same series are numbered through.
    #[must_use]
    pub fn series(&self) -> &str {
        self.part(0, 12)
    }

    /// Whether this is the 17-digit form used before about 2002.
    #[must_use]
    pub const fn is_old_form(&self) -> bool {
        self.text.len() == 17
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

fn school_type(digit: &str) -> Option<SchoolType> {
    match digit {
        "1" => Some(SchoolType::Regular),
        "5" => Some(SchoolType::Adult),
        "6" => Some(SchoolType::SelfTaught),
        "7" => Some(SchoolType::Online),
        _ => None,
    }
}

fn level(digits: &str) -> Option<Level> {
    Level::from_code(digits.parse().ok()?)
}

impl FromStr for CertificateNumber {
    type Err = CertificateNumberError;

    /// Reads a number; full-width digits and white space are understood.
    fn from_str(text: &str) -> Result<Self, CertificateNumberError> {
        use CertificateNumberError as Error;
        let text = super::fold(text).as_str().to_owned();
        let length = text.chars().count();
        if !matches!(length, 17 | 18) {
            return Err(Error::Length(length));
        }
        if let Some(place) = text.chars().position(|c| !c.is_ascii_digit()) {
            return Err(Error::Character(place + 1));
        }
        let number = Self { text };
        school_type(number.part(5, 6)).ok_or(Error::SchoolType)?;
        if !(1949..2100).contains(&number.year()) {
            return Err(Error::Year);
        }
        level(number.part(10, 12)).ok_or(Error::Level)?;
        Ok(number)
    }
}

impl fmt::Debug for CertificateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateNumber(…)")
    }
}

impl Serialize for CertificateNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for CertificateNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_number_are_read() {
        let number: CertificateNumber = "105811202606000123".parse().unwrap();
        assert_eq!(number.school_code(), "10581");
        assert_eq!(number.school_type(), SchoolType::Regular);
        assert_eq!(number.year(), 2026);
        assert_eq!(number.level(), Level::College);
        assert_eq!(number.serial(), 123);
        assert!(!number.is_old_form());
    }

    #[test]
    fn the_old_form_has_five_serial_digits() {
        let number: CertificateNumber = "10581119990600123".parse().unwrap();
        assert!(number.is_old_form());
        assert_eq!((number.year(), number.serial()), (1999, 123));
    }

    #[test]
    fn each_fault_has_its_own_error() {
        use CertificateNumberError as Error;
        let error = |text: &str| text.parse::<CertificateNumber>().unwrap_err();
        assert_eq!(error("1058112026"), Error::Length(10));
        assert_eq!(error("10581120260600012A"), Error::Character(18));
        assert_eq!(error("105812202606000123"), Error::SchoolType);
        assert_eq!(error("105811189906000123"), Error::Year);
        assert_eq!(error("105811202603000123"), Error::Level);
    }

    #[test]
    fn levels_are_read_as_words_and_as_codes() {
        assert_eq!(Level::from_text("专科（高职）"), Some(Level::College));
        assert_eq!(Level::from_text("高职"), Some(Level::College));
        assert_eq!(Level::from_text("專科"), Some(Level::College));
        assert_eq!(Level::from_text("专升本"), Some(Level::Bachelor));
        assert_eq!(Level::from_text("本科"), Some(Level::Bachelor));
        assert_eq!(Level::from_text("06"), Some(Level::College));
        assert_eq!(Level::from_text("其他"), None);
    }
}
