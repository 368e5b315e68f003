//! The roster: who belongs to a cohort (rules ROS-01 to ROS-04).

use std::path::Path;

use super::{
    Column, ImportError, Place, Problem, ProblemKind, Severity, TableLimits,
    key::{Keys, normal_number},
    table::{self, Cell, CellFault, Row},
};
use crate::person::{DocumentKind, PersonRecord, Sex, name_oddities};

/// Nobody had more.
const MOST_FORMER_NAMES: usize = 16;

/// Problems that are kept: whoever mends a file needs no more of them at once, and a file made of problems fills no memory.
pub(super) const MOST_PROBLEMS: usize = 10_000;

/// What a roster says, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// Every row under headings, the faulty ones included.
    pub rows: Vec<RosterRow>,
    /// What is wrong, in the order of the rows; problems of the file as a whole come first. Of those of the rows the first
    /// ten thousand; [`RosterRow::blocked`] knows of every row.
    pub problems: Vec<Problem>,
    /// The columns that were read.
    pub columns: Vec<Column>,
}

/// One person of the roster.
#[derive(Debug, Clone)]
pub struct RosterRow {
    /// The sheet, in a workbook.
    pub sheet: Option<String>,
    /// The row as the spreadsheet numbers it.
    pub row: u32,
    /// What the row says. Facts that could not be read are missing from it.
    pub record: PersonRecord,
    /// Whether a problem keeps this row out.
    pub blocked: bool,
}

impl Roster {
    /// Whether any problem keeps a row or the whole roster out.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Block)
    }

    /// The records nothing speaks against.
    pub fn sound(&self) -> impl Iterator<Item = &PersonRecord> {
        self.rows.iter().filter(|row| !row.blocked).map(|row| &row.record)
    }
}

/// Reads the roster at `path`: an .xlsx workbook, a .csv in UTF-8 or GBK, or a .dbf.
///
/// # Errors
///
/// [`ImportError`] if the file can't be read as a table at all. Wrong rows are no error but [`Roster::problems`].
pub fn read_roster(path: &Path, limits: TableLimits) -> Result<Roster, ImportError> {
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let mut keys = Keys::default();
    let headings = table::read(path, limits, &mut |row| {
        let (taken, found) = roster_row(&row, &mut keys);
        rows.push(taken);
        keep(&mut problems, found);
    })?;
    let mut all = headings.problems;
    all.extend(missing_columns(&headings.columns));
    all.extend(problems);
    Ok(Roster { rows, problems: all, columns: headings.columns })
}

/// Keeps the first problems, and the first that blocks wherever it stands.
pub(super) fn keep(problems: &mut Vec<Problem>, found: Vec<Problem>) {
    let blocks = |problem: &Problem| problem.severity == Severity::Block;
    let room = MOST_PROBLEMS.saturating_sub(problems.len());
    let mut found = found.into_iter();
    problems.extend(found.by_ref().take(room));
    if let Some(first) = found.find(blocks)
        && problems.len() == MOST_PROBLEMS
        && !problems.iter().any(blocks)
    {
        problems.push(first);
    }
}

/// Columns without which a roster is none.
fn missing_columns(columns: &[Column]) -> Vec<Problem> {
    let has = |column: Column| columns.contains(&column);
    let missing = |column, severity| Problem {
        place: Place { column: Some(column), ..Place::default() },
        severity,
        kind: ProblemKind::MissingColumn,
    };
    let mut problems = Vec::new();
    if !has(Column::Name) {
        problems.push(missing(Column::Name, Severity::Block));
    }
    if !has(Column::StudentNumber) && !has(Column::CandidateNumber) {
        problems.push(missing(Column::StudentNumber, Severity::Block));
    }
    if !has(Column::IdNumber) {
        problems.push(missing(Column::IdNumber, Severity::Warn));
    }
    problems
}

fn roster_row(row: &Row, keys: &mut Keys) -> (RosterRow, Vec<Problem>) {
    let mut reader = RowReader::new(row);
    let record = PersonRecord {
        name: reader.name(),
        former_names: reader.former_names(),
        candidate_number: reader.number(Column::CandidateNumber, keys),
        student_number: reader.number(Column::StudentNumber, keys),
        sex: reader.sex(),
        birth_date: reader.date(Column::BirthDate, Severity::Block),
        id_type: DocumentKind::from_text(&reader.text(Column::IdType).unwrap_or_default()),
        id_number: reader.number(Column::IdNumber, keys),
        ethnicity: reader.text(Column::Ethnicity),
        college: reader.text(Column::College),
        major: reader.text(Column::Major),
        major_code: reader.text(Column::MajorCode),
        level: reader.text(Column::Level),
        years: reader.parsed(Column::Years, ProblemKind::BadYears),
        class: reader.text(Column::Class),
        entry_date: reader.date(Column::EntryDate, Severity::Warn),
        expected_graduation: reader.date(Column::ExpectedGraduation, Severity::Warn),
        note: reader.text(Column::Note),
    };
    reader.check_key(&record);
    reader.check_id(&record);
    reader.check_dates(&record);
    let blocked = reader.problems.iter().any(|problem| problem.severity == Severity::Block);
    (RosterRow { sheet: row.sheet.clone(), row: row.number, record, blocked }, reader.problems)
}

/// Reads the cells of one row and notes what is wrong with them.
pub(super) struct RowReader<'a> {
    row: &'a Row,
    pub(super) problems: Vec<Problem>,
}

impl<'a> RowReader<'a> {
    pub(super) const fn new(row: &'a Row) -> Self {
        Self { row, problems: Vec::new() }
    }

    /// Notes a problem.
    pub(super) fn note(&mut self, column: impl Into<Option<Column>>, severity: Severity, kind: ProblemKind) {
        self.problems.push(self.row.problem(column.into(), severity, kind));
    }

    /// The trimmed text of a cell; one that lost its contents blocks the row.
    pub(super) fn text(&mut self, column: Column) -> Option<String> {
        match self.row.cell(column).text() {
            Ok(text) => text,
            Err(CellFault::LostDigits) => {
                self.note(column, Severity::Block, ProblemKind::LostDigits);
                None
            }
            Err(CellFault::Error) => {
                self.note(column, Severity::Block, ProblemKind::CellError);
                None
            }
        }
    }

    pub(super) fn name(&mut self) -> String {
        let name = self.text(Column::Name).unwrap_or_default();
        if name.is_empty() {
            self.note(Column::Name, Severity::Block, ProblemKind::Missing);
        }
        for oddity in name_oddities(&name) {
            self.note(Column::Name, Severity::Warn, ProblemKind::Name(oddity));
        }
        name
    }

    fn former_names(&mut self) -> Vec<String> {
        let text = self.text(Column::FormerNames).unwrap_or_default();
        let separators = ['、', ',', '，', ';', '；', '/', '|'];
        let names =
            || text.split(separators).map(str::trim).filter(|name| !matches!(*name, "" | "无" | "-" | "—"));
        if names().nth(MOST_FORMER_NAMES).is_some() {
            self.note(Column::FormerNames, Severity::Block, ProblemKind::TooManyNames);
            return Vec::new();
        }
        names().map(str::to_owned).collect()
    }

    /// A number that must be unique in its column, in its normal spelling.
    pub(super) fn number(&mut self, column: Column, keys: &mut Keys) -> Option<String> {
        let number = normal_number(&self.text(column)?);
        if !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            let severity = if column == Column::IdNumber { Severity::Warn } else { Severity::Block };
            self.note(column, severity, ProblemKind::NumberCharacter);
        }
        if let Some((first_sheet, first_row)) = keys.claim(column, &number, self.row) {
            self.note(column, Severity::Block, ProblemKind::Duplicate { first_sheet, first_row });
        }
        Some(number)
    }

    pub(super) fn date(&mut self, column: Column, severity: Severity) -> Option<jiff::civil::Date> {
        let date = self.row.cell(column).date();
        if date.is_none() && *self.row.cell(column) != Cell::Empty && self.text(column).is_some() {
            self.note(column, severity, ProblemKind::BadDate);
        }
        date
    }

    pub(super) fn sex(&mut self) -> Option<Sex> {
        let text = self.text(Column::Sex)?;
        let sex = Sex::from_text(&text);
        if sex.is_none() {
            self.note(Column::Sex, Severity::Warn, ProblemKind::BadSex);
        }
        sex
    }

    /// A cell that must parse if it is filled.
    pub(super) fn parsed<T: std::str::FromStr>(
        &mut self,
        column: Column,
        otherwise: ProblemKind,
    ) -> Option<T> {
        let parsed = self.text(column)?.parse().ok();
        if parsed.is_none() {
            self.note(column, Severity::Warn, otherwise);
        }
        parsed
    }

    fn check_key(&mut self, record: &PersonRecord) {
        if record.student_number.is_none() && record.candidate_number.is_none() {
            self.note(None, Severity::Block, ProblemKind::MissingKey);
        }
    }

    /// ROS-01: the number is right, and birth date and sex are those inside it.
    fn check_id(&mut self, record: &PersonRecord) {
        match record.resident_id() {
            None => {}
            Some(Err(error)) => self.note(Column::IdNumber, Severity::Block, ProblemKind::IdNumber(error)),
            Some(Ok(id)) => {
                if record.birth_date.is_some_and(|date| date != id.birth_date()) {
                    self.note(Column::BirthDate, Severity::Block, ProblemKind::BirthDateDiffers);
                }
                if record.sex.is_some_and(|sex| sex != id.sex()) {
                    self.note(Column::Sex, Severity::Block, ProblemKind::SexDiffers);
                }
            }
        }
    }

    /// ROS-04: entry before graduation, and the length of study between them, give or take a year.
    fn check_dates(&mut self, record: &PersonRecord) {
        let (Some(entry), Some(graduation)) = (record.entry_date, record.expected_graduation) else { return };
        if graduation <= entry {
            self.note(Column::ExpectedGraduation, Severity::Warn, ProblemKind::DatesOutOfOrder);
            return;
        }
        let Some(years) = record.years else { return };
        let between = f32::from(graduation.year() - entry.year())
            + f32::from(graduation.month() - entry.month()) / 12.0;
        if (between - years.years()).abs() > 1.0 {
            self.note(Column::ExpectedGraduation, Severity::Warn, ProblemKind::DatesDoNotFitYears);
        }
    }
}
