//! The certificate register: one row per diploma, with the rules for its number.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Column, ImportError, Place, Problem, ProblemKind, Severity, TableLimits,
    key::{Keys, normal_number},
    roster::{RowReader, keep},
    table::{self, Row},
};
use crate::person::{CertificateNumber, Level, Sex, StudyYears};

/// What a school's certificate numbers must look like.
#[derive(Debug, Clone, Default)]
pub struct DiplomaRules {
    /// The school's code in the national list, five digits. Without it the code is not checked.
    pub school_code: Option<String>,
    /// Codes the school had under earlier names: other codes block, these only warn.
    pub former_school_codes: Vec<String>,
}

/// One diploma as the register has it.
///
/// `{:?}` shows none of its facts.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Diploma {
    /// 证书编号, half width. Empty for 肄业, which has none.
    pub certificate_number: String,
    /// 姓名, as the register writes it.
    pub name: String,
    /// 学号.
    pub student_number: Option<String>,
    /// 考生号.
    pub candidate_number: Option<String>,
    /// 证件号.
    pub id_number: Option<String>,
    /// 性别.
    pub sex: Option<Sex>,
    /// 出生日期.
    pub birth_date: Option<Date>,
    /// 专业名称.
    pub major: Option<String>,
    /// 层次, as the register writes it.
    pub level: Option<String>,
    /// 学制.
    pub years: Option<StudyYears>,
    /// 入学日期.
    pub entry_date: Option<Date>,
    /// 毕业日期.
    pub graduation_date: Option<Date>,
    /// 发证日期.
    pub issue_date: Option<Date>,
    /// 校长姓名.
    pub president: Option<String>,
    /// 学习形式.
    pub study_form: Option<String>,
    /// 毕结业: 毕业, 结业 or 肄业.
    pub outcome: Option<String>,
}

impl fmt::Debug for Diploma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diploma")
            .field("has_number", &!self.certificate_number.is_empty())
            .finish_non_exhaustive()
    }
}

/// One row of the register.
#[derive(Debug, Clone)]
pub struct DiplomaRow {
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The row as the spreadsheet numbers it.
    pub row: u32,
    /// What the row says.
    pub diploma: Diploma,
    /// Whether a problem keeps this row out.
    pub blocked: bool,
}

/// What a register says, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Diplomas {
    /// Every row under headings, the faulty ones included.
    pub rows: Vec<DiplomaRow>,
    /// What is wrong; problems of the file as a whole come first, gaps in the numbers last. Of those of the rows the first
    /// ten thousand; [`DiplomaRow::blocked`] knows of every row.
    pub problems: Vec<Problem>,
    /// The columns that were read.
    pub columns: Vec<Column>,
}

impl Diplomas {
    /// Whether any problem keeps a row or the whole register out.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Block)
    }

    /// The diplomas nothing speaks against.
    pub fn sound(&self) -> impl Iterator<Item = &Diploma> {
        self.rows.iter().filter(|row| !row.blocked).map(|row| &row.diploma)
    }
}

/// Reads the certificate register at `path`: .xlsx, .csv or .dbf.
///
/// # Errors
///
/// [`ImportError`] if the file can't be read as a table at all. Wrong rows are no error but [`Diplomas::problems`].
pub fn read_diplomas(
    path: &Path,
    limits: TableLimits,
    rules: &DiplomaRules,
) -> Result<Diplomas, ImportError> {
    let mut register = Diplomas::default();
    let mut keys = Keys::default();
    let mut serials = Serials::default();
    let headings = table::read(path, limits, &mut |row| {
        let (taken, found) = diploma_row(&row, rules, &mut keys, &mut serials);
        register.rows.push(taken);
        keep(&mut register.problems, found);
    })?;
    let mut problems = headings.problems;
    problems.extend(missing_columns(&headings.columns));
    problems.append(&mut register.problems);
    problems.extend(serials.gaps());
    Ok(Diplomas { problems, columns: headings.columns, ..register })
}

fn missing_columns(columns: &[Column]) -> impl Iterator<Item = Problem> {
    let missing: Vec<Column> = [Column::CertificateNumber, Column::Name]
        .into_iter()
        .filter(|column| !columns.contains(column))
        .collect();
    missing.into_iter().map(|column| Problem {
        place: Place { column: Some(column), ..Place::default() },
        severity: Severity::Block,
        kind: ProblemKind::MissingColumn,
    })
}

fn diploma_row(
    row: &Row,
    rules: &DiplomaRules,
    keys: &mut Keys,
    serials: &mut Serials,
) -> (DiplomaRow, Vec<Problem>) {
    let mut reader = RowReader::new(row);
    let plain_number = |text: Option<String>| text.map(|text| normal_number(&text));
    let diploma = Diploma {
        certificate_number: reader.number(Column::CertificateNumber, keys).unwrap_or_default(),
        name: reader.name(),
        student_number: plain_number(reader.text(Column::StudentNumber)),
        candidate_number: plain_number(reader.text(Column::CandidateNumber)),
        id_number: plain_number(reader.text(Column::IdNumber)),
        sex: reader.sex(),
        birth_date: reader.date(Column::BirthDate, Severity::Block),
        major: reader.text(Column::Major),
        level: reader.text(Column::Level),
        years: reader.parsed(Column::Years, ProblemKind::BadYears),
        entry_date: reader.date(Column::EntryDate, Severity::Warn),
        graduation_date: reader.date(Column::GraduationDate, Severity::Block),
        issue_date: reader.date(Column::IssueDate, Severity::Warn),
        president: reader.text(Column::President),
        study_form: reader.text(Column::StudyForm),
        outcome: reader.text(Column::Outcome),
    };
    reader.check_number(&diploma, rules, serials);
    if let (Some(entry), Some(graduation)) = (diploma.entry_date, diploma.graduation_date)
        && graduation <= entry
    {
        reader.note(Column::GraduationDate, Severity::Warn, ProblemKind::DatesOutOfOrder);
    }
    let blocked = reader.problems.iter().any(|problem| problem.severity == Severity::Block);
    (DiplomaRow { sheet: row.sheet.clone(), row: row.number, diploma, blocked }, reader.problems)
}

impl RowReader<'_> {
    /// The rules of the number: its form, its school, its year, its level; and none at all for 肄业.
    fn check_number(&mut self, diploma: &Diploma, rules: &DiplomaRules, serials: &mut Serials) {
        const COLUMN: Column = Column::CertificateNumber;
        let unfinished = diploma.outcome.as_deref().is_some_and(|outcome| outcome.contains("肄业"));
        match (diploma.certificate_number.as_str(), unfinished) {
            ("", true) => return,
            ("", false) => return self.note(COLUMN, Severity::Block, ProblemKind::Missing),
            (_, true) => return self.note(COLUMN, Severity::Block, ProblemKind::NumberNotExpected),
            (_, false) => {}
        }
        let number: CertificateNumber = match diploma.certificate_number.parse() {
            Ok(number) => number,
            Err(error) => return self.note(COLUMN, Severity::Block, ProblemKind::CertificateNumber(error)),
        };
        if let Some(severity) = foreign_school(&number, rules) {
            self.note(COLUMN, severity, ProblemKind::SchoolDiffers);
        }
        if diploma.graduation_date.is_some_and(|date| date.year() != number.year()) {
            self.note(COLUMN, Severity::Block, ProblemKind::YearDiffers);
        }
        if diploma.level.as_deref().and_then(Level::from_text).is_some_and(|level| level != number.level()) {
            self.note(COLUMN, Severity::Block, ProblemKind::LevelDiffers);
        }
        serials.add(&number);
    }
}

/// How bad it is that a number has this school code; `None` if it is the school's own.
fn foreign_school(number: &CertificateNumber, rules: &DiplomaRules) -> Option<Severity> {
    let own = rules.school_code.as_deref()?;
    let code = number.school_code();
    match code == own {
        true => None,
        false if rules.former_school_codes.iter().any(|former| former == code) => Some(Severity::Warn),
        false => Some(Severity::Block),
    }
}

/// The serial numbers of each series.
#[derive(Default)]
struct Serials {
    seen: BTreeMap<String, BTreeSet<u32>>,
}

impl Serials {
    fn add(&mut self, number: &CertificateNumber) {
        self.seen.entry(number.series().to_owned()).or_default().insert(number.serial());
    }

    /// What is missing between the lowest and the highest number of each series.
    fn gaps(self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (series, serials) in self.seen {
            for (before, after) in
                serials.iter().zip(serials.iter().skip(1)).filter(|(before, after)| *after - *before > 1)
            {
                let kind = ProblemKind::Gap { series: series.clone(), from: before + 1, to: after - 1 };
                let place = Place { column: Some(Column::CertificateNumber), ..Place::default() };
                problems.push(Problem { place, severity: Severity::Warn, kind });
            }
        }
        problems
    }
}
