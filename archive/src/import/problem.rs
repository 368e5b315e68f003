//! What is wrong with a row, and where.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::Column;
use crate::person::{CertificateNumberError, IdNumberError, NameOddity};

/// Whether a problem keeps the row out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Somebody should look at it.
    Warn,
    /// The row can't be taken as it is.
    Block,
}

/// Where in a file something stands. A problem of a whole sheet or file has no row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The row as the spreadsheet numbers it: the first row of the file is 1.
    pub row: Option<u32>,
    /// The column.
    pub column: Option<Column>,
}

/// Something wrong with a row, a column or a sheet. Holds no cell contents, so it may be logged and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// Whether it keeps the row out.
    pub severity: Severity,
    /// What it is.
    pub kind: ProblemKind,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A cell that must be filled is empty.
    Missing,
    /// Neither 学号 nor 考生号 is given, so no photo can be matched.
    MissingKey,
    /// A column that must be there is not.
    MissingColumn,
    /// Two columns have the same meaning; the first one counts.
    DuplicateColumn {
        /// The second heading.
        heading: String,
    },
    /// A heading nobody knows; the column is not read.
    UnknownColumn {
        /// The heading.
        heading: String,
    },
    /// A sheet without headings; it is not read.
    SheetIgnored,
    /// The identity number is wrong.
    IdNumber(IdNumberError),
    /// The birth date in the row is not the one in the identity number.
    BirthDateDiffers,
    /// The sex in the row is not the one in the identity number.
    SexDiffers,
    /// The same number stands in an earlier row.
    Duplicate {
        /// The sheet of the earlier row.
        first_sheet: Option<String>,
        /// The earlier row.
        first_row: u32,
    },
    /// Not a date that exists.
    BadDate,
    /// The person would have graduated before entering.
    DatesOutOfOrder,
    /// From entry to graduation is not the length of study, give or take a year.
    DatesDoNotFitYears,
    /// Something odd about the name.
    Name(NameOddity),
    /// More former names than anybody has; none is taken.
    TooManyNames,
    /// Neither 男 nor 女.
    BadSex,
    /// Not a length of study.
    BadYears,
    /// A number with signs that numbers don't have.
    NumberCharacter,
    /// The cell holds a number with more digits than a spreadsheet keeps, so its last digits are lost.
    LostDigits,
    /// The cell holds a spreadsheet error such as `#N/A`.
    CellError,
    /// The certificate number is wrong.
    CertificateNumber(CertificateNumberError),
    /// The certificate number belongs to another school.
    SchoolDiffers,
    /// The certificate number belongs to another year than the graduation date.
    YearDiffers,
    /// The certificate number belongs to another level than the row says.
    LevelDiffers,
    /// Serial numbers are missing between two certificates.
    Gap {
        /// What the numbers have in common: school, kind, year and level.
        series: String,
        /// The first missing serial number.
        from: u32,
        /// The last missing serial number.
        to: u32,
    },
    /// The certificate carries a number although 肄业 certificates have none.
    NumberNotExpected,
}

impl ProblemKind {
    /// A stable name for this problem, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::MissingKey => "missing-key",
            Self::MissingColumn => "missing-column",
            Self::DuplicateColumn { .. } => "duplicate-column",
            Self::UnknownColumn { .. } => "unknown-column",
            Self::SheetIgnored => "sheet-ignored",
            Self::IdNumber(error) => error.code(),
            Self::BirthDateDiffers => "birth-date-differs",
            Self::SexDiffers => "sex-differs",
            Self::Duplicate { .. } => "duplicate",
            Self::BadDate => "bad-date",
            Self::DatesOutOfOrder => "dates-out-of-order",
            Self::DatesDoNotFitYears => "dates-do-not-fit-years",
            Self::Name(oddity) => oddity.code(),
            Self::TooManyNames => "too-many-names",
            Self::BadSex => "bad-sex",
            Self::BadYears => "bad-years",
            Self::NumberCharacter => "number-character",
            Self::LostDigits => "lost-digits",
            Self::CellError => "cell-error",
            Self::CertificateNumber(error) => error.code(),
            Self::SchoolDiffers => "school-differs",
            Self::YearDiffers => "year-differs",
            Self::LevelDiffers => "level-differs",
            Self::Gap { .. } => "serial-gap",
            Self::NumberNotExpected => "number-not-expected",
        }
    }

    /// What is wrong and what to do, without personal data.
    fn sentence(&self) -> String {
        let text = match self {
            Self::Missing => "is empty; fill it in",
            Self::MissingKey => "has neither 学号 nor 考生号; fill in one of them",
            Self::MissingColumn => "is missing; add the column",
            Self::DuplicateColumn { heading } => {
                return format!("stands twice (again as {heading:?}); remove one");
            }
            Self::UnknownColumn { heading } => {
                return format!(
                    "has the unknown heading {heading:?} and is not read; rename it if it matters"
                );
            }
            Self::SheetIgnored => "has no headings and is not read; name its columns if it matters",
            Self::IdNumber(error) => return format!("is wrong: {error}; compare with the card"),
            Self::BirthDateDiffers => "is not the birth date inside the identity number; correct one of them",
            Self::SexDiffers => "is not the sex inside the identity number; correct one of them",
            Self::Duplicate { first_row, .. } => {
                return format!("already stands in row {first_row}; numbers must be unique");
            }
            Self::BadDate => "is no date that exists; write it as 20260701",
            Self::DatesOutOfOrder => "is not after the entry date; correct one of them",
            Self::DatesDoNotFitYears => "does not fit entry date and length of study; check the three",
            Self::Name(NameOddity::MissingCharacter) => {
                "has a stand-in for a character that an older system lacked; write the right one"
            }
            Self::Name(NameOddity::PrivateUse) => {
                "has a character that other computers can't show; write the standard one"
            }
            Self::Name(NameOddity::TooLong) => "has more than 40 characters; check it",
            Self::Name(NameOddity::UnusualCharacter) => "has a sign that names don't have; check it",
            Self::TooManyNames => "has more names than anybody had; correct the list",
            Self::BadSex => "is neither 男 nor 女; correct it",
            Self::BadYears => "is no length of study; write years, such as 3 or 2.5",
            Self::NumberCharacter => {
                "has signs that numbers don't have; only digits, letters and hyphens may stand there"
            }
            Self::LostDigits => {
                "was stored as a number and lost its last digits; format the column as text and enter it again"
            }
            Self::CellError => "holds a spreadsheet error; correct the formula",
            Self::CertificateNumber(error) => {
                return format!("is wrong: {error}; compare with the certificate");
            }
            Self::SchoolDiffers => "belongs to another school; check the first five digits",
            Self::YearDiffers => "belongs to another year than the graduation date; correct one of them",
            Self::LevelDiffers => "belongs to another level than the row says; correct one of them",
            Self::Gap { series, from, to } => {
                return format!("of series {series} lacks serial numbers {from} to {to}; account for them");
            }
            Self::NumberNotExpected => "must not be there: 肄业 certificates carry no number",
        };
        text.to_owned()
    }
}

impl Problem {
    /// A stable name for this problem, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The facts a sentence about this problem needs: place and particulars, never cell contents.
    #[must_use]
    pub fn params(&self) -> BTreeMap<&'static str, String> {
        let mut params = BTreeMap::new();
        params.extend(self.place.sheet.clone().map(|sheet| ("sheet", sheet)));
        params.extend(self.place.row.map(|row| ("row", row.to_string())));
        params.extend(self.place.column.map(|column| ("column", column.chinese().to_owned())));
        match &self.kind {
            ProblemKind::DuplicateColumn { heading } | ProblemKind::UnknownColumn { heading } => {
                params.insert("heading", heading.clone());
            }
            ProblemKind::Duplicate { first_sheet, first_row } => {
                params.extend(first_sheet.clone().map(|sheet| ("first_sheet", sheet)));
                params.insert("first_row", first_row.to_string());
            }
            ProblemKind::Gap { series, from, to } => {
                params.extend([
                    ("series", series.clone()),
                    ("from", from.to_string()),
                    ("to", to.to_string()),
                ]);
            }
            ProblemKind::IdNumber(IdNumberError::Length(length))
            | ProblemKind::CertificateNumber(CertificateNumberError::Length(length)) => {
                params.insert("length", length.to_string());
            }
            ProblemKind::IdNumber(IdNumberError::Character(at))
            | ProblemKind::CertificateNumber(CertificateNumberError::Character(at)) => {
                params.insert("at", at.to_string());
            }
            _ => {}
        }
        params
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sheet) = &self.place.sheet {
            write!(f, "sheet {sheet:?}, ")?;
        }
        if let Some(row) = self.place.row {
            write!(f, "row {row}, ")?;
        }
        let subject = match (self.place.column, self.place.row) {
            (Some(column), _) => column.chinese(),
            (None, Some(_)) => "the row",
            (None, None) => "a column or sheet",
        };
        write!(f, "{subject} {}", self.kind.sentence())
    }
}
