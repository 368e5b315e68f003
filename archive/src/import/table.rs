//! Tables as such: rows under headings, whatever file they come from.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use fs_err::File;
use jiff::{ToSpan, civil::Date};

use super::{Column, Format, ImportError, Limit, Place, Problem, ProblemKind, Severity, csv, dbf, xlsx};

/// How many rows at the top of a sheet are searched for headings; titles often stand above them.
const HEADER_ROWS: usize = 10;
/// Whole numbers of this size and above have more digits than a spreadsheet keeps.
const LOST_DIGITS: f64 = 1e15;

/// The most bytes of one row of a text, or between two tags of a workbook. A cell has 32,767 characters at most.
pub(super) const PIECE: u64 = 4 << 20;

/// How large a table may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLimits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes a workbook unpacks to.
    pub unpacked_bytes: u64,
    /// Rows of all sheets together, headings included.
    pub rows: u64,
    /// Columns of a sheet.
    pub columns: u64,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, unpacked_bytes: 256 << 20, rows: 200_000, columns: 256 }
    }
}

impl TableLimits {
    /// The error for going over one of the limits.
    pub(super) const fn exceeded(self, limit: Limit) -> ImportError {
        let max = match limit {
            Limit::Bytes => self.bytes,
            Limit::UnpackedBytes => self.unpacked_bytes,
            Limit::PieceBytes => PIECE,
            Limit::Rows => self.rows,
            Limit::Columns | Limit::Entries | Limit::Depth => self.columns,
        };
        ImportError::TooLarge { limit, max }
    }
}

/// One cell as the file has it.
#[derive(Clone, PartialEq, Default)]
pub(super) enum Cell {
    #[default]
    Empty,
    Text(String),
    Number(f64),
    Date(Date),
    Error,
}

/// What a cell says when a text is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CellFault {
    LostDigits,
    Error,
}

impl Cell {
    /// The cell as a trimmed text; `None` if nothing is in it.
    pub(super) fn text(&self) -> Result<Option<String>, CellFault> {
        match self {
            Self::Empty => Ok(None),
            Self::Text(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Self::Number(number) if number.abs() >= LOST_DIGITS => Err(CellFault::LostDigits),
            Self::Number(number) => Ok(Some(number.to_string())),
            Self::Date(date) => Ok(Some(date.strftime("%Y%m%d").to_string())),
            Self::Error => Err(CellFault::Error),
        }
    }

    /// The cell as a date, if it is one in any of the usual spellings.
    pub(super) fn date(&self) -> Option<Date> {
        match self {
            Self::Date(date) => Some(*date),
            Self::Number(days) if (10_000.0..80_000.0).contains(days) => spreadsheet_day(*days),
            other => parse_date(&other.text().ok()??),
        }
        .filter(|date| (1900..2200).contains(&date.year()))
    }

    fn is_blank(&self) -> bool {
        matches!(self.text(), Ok(None))
    }
}

/// The date of a spreadsheet's day number, counted from 1899-12-30.
pub(super) fn spreadsheet_day(days: f64) -> Option<Date> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fraction is the time of day, which nobody wants here"
    )]
    let days = days.floor() as i64;
    let span = 0.days().try_days(days).ok()?;
    jiff::civil::date(1899, 12, 30).checked_add(span).ok()
}

/// Reads 20260701, 2026-07-01, 2026/7/1, 2026.7.1, 2026年7月1日, and the same without a day, which means the first.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let text = crate::person::fold(text.split([' ', 'T']).next()?);
    let text = text.as_str();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let day = if text.len() == 6 { "01" } else { text.get(6..8)? };
        return if matches!(text.len(), 6 | 8) {
            date_of(text.get(..4)?, text.get(4..6)?, day)
        } else {
            None
        };
    }
    let mut parts = text.split(['-', '/', '·', '年', '月', '日']).filter(|part| !part.is_empty());
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next().unwrap_or("1"));
    if parts.next().is_some() || year.len() != 4 { None } else { date_of(year, month, day) }
}

fn date_of(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A row under known headings.
pub(super) struct Row {
    pub(super) sheet: Option<String>,
    pub(super) number: u32,
    cells: BTreeMap<Column, Cell>,
}

impl Row {
    /// The cell of a column; an empty one if the table has no such column.
    pub(super) fn cell(&self, column: Column) -> &Cell {
        self.cells.get(&column).unwrap_or(&Cell::Empty)
    }

    /// A problem in this row.
    pub(super) fn problem(&self, column: Option<Column>, severity: Severity, kind: ProblemKind) -> Problem {
        Problem { place: Place { sheet: self.sheet.clone(), row: Some(self.number), column }, severity, kind }
    }
}

/// The columns and the sheet-level problems of a table.
#[derive(Default)]
pub(super) struct Headings {
    pub(super) columns: Vec<Column>,
    pub(super) problems: Vec<Problem>,
}

/// Finds the headings of each sheet and hands on the rows under them.
pub(super) struct RowSink<'a> {
    limits: TableLimits,
    rows: u64,
    sheet: Option<String>,
    /// Rows seen on this sheet.
    seen: usize,
    /// For each column of the file, what it means; `None` until the headings are found.
    meanings: Option<Vec<Option<Column>>>,
    headings: Headings,
    /// Rows handed on.
    handed_on: u64,
    on_row: &'a mut dyn FnMut(Row),
}

impl<'a> RowSink<'a> {
    fn new(limits: TableLimits, on_row: &'a mut dyn FnMut(Row)) -> Self {
        Self {
            limits,
            rows: 0,
            sheet: None,
            seen: 0,
            meanings: None,
            headings: Headings::default(),
            handed_on: 0,
            on_row,
        }
    }

    /// Begins a sheet. A file without sheets is one sheet without a name.
    pub(super) fn begin(&mut self, sheet: Option<String>) {
        self.end();
        self.sheet = sheet;
    }

    /// Ends a sheet; one with rows but no headings is a problem.
    fn end(&mut self) {
        if self.seen > 0 && self.meanings.is_none() {
            let place = Place { sheet: self.sheet.clone(), ..Place::default() };
            self.headings.problems.push(Problem {
                place,
                severity: Severity::Warn,
                kind: ProblemKind::SheetIgnored,
            });
        }
        self.seen = 0;
        self.meanings = None;
    }

    /// Takes the next row.
    pub(super) fn take(&mut self, number: u32, cells: Vec<Cell>) -> Result<(), ImportError> {
        if cells.iter().all(Cell::is_blank) {
            return Ok(());
        }
        self.rows += 1;
        if self.rows > self.limits.rows {
            return Err(self.limits.exceeded(Limit::Rows));
        }
        self.seen += 1;
        match &self.meanings {
            Some(meanings) => {
                let cells = meanings
                    .iter()
                    .zip(cells)
                    .filter_map(|(column, cell)| Some(((*column)?, cell)))
                    .collect();
                self.handed_on += 1;
                (self.on_row)(Row { sheet: self.sheet.clone(), number, cells });
            }
            None if self.seen <= HEADER_ROWS => self.look_for_headings(number, &cells),
            None => {}
        }
        Ok(())
    }

    /// Takes the row as headings if it names the person or the certificate and something else.
    fn look_for_headings(&mut self, number: u32, cells: &[Cell]) {
        let headings: Vec<String> =
            cells.iter().map(|cell| cell.text().ok().flatten().unwrap_or_default()).collect();
        let known: Vec<Column> =
            headings.iter().filter_map(|heading| Column::from_heading(heading)).collect();
        if known.len() < 2 || !known.iter().any(|c| matches!(c, Column::Name | Column::CertificateNumber)) {
            return;
        }
        let mut meanings: Vec<Option<Column>> = Vec::new();
        for heading in headings {
            let column = Column::from_heading(&heading);
            let again = column.is_some_and(|column| meanings.contains(&Some(column)));
            let kind = match column {
                None if heading.is_empty() => None,
                None => Some(ProblemKind::UnknownColumn { heading }),
                Some(_) if again => Some(ProblemKind::DuplicateColumn { heading }),
                Some(_) => None,
            };
            let place = Place { sheet: self.sheet.clone(), row: Some(number), column };
            self.headings.problems.extend(kind.map(|kind| Problem { place, severity: Severity::Warn, kind }));
            meanings.push(column.filter(|_| !again));
        }
        for column in meanings.iter().flatten() {
            if !self.headings.columns.contains(column) {
                self.headings.columns.push(*column);
            }
        }
        self.meanings = Some(meanings);
    }

    fn finish(mut self) -> Result<Headings, ImportError> {
        self.end();
        match (self.handed_on, self.headings.columns.is_empty()) {
            (1.., _) => Ok(self.headings),
            (0, true) if self.rows > 0 => Err(ImportError::NoHeader { searched: HEADER_ROWS }),
            (0, _) => Err(ImportError::Empty),
        }
    }
}

/// Reads every row under headings of the table at `path`.
pub(super) fn read(
    path: &Path,
    limits: TableLimits,
    on_row: &mut dyn FnMut(Row),
) -> Result<Headings, ImportError> {
    let mut file = File::open(path).map_err(ImportError::Io)?;
    let format = recognise(&mut file, limits)?;
    let mut sink = RowSink::new(limits, on_row);
    match format {
        Format::Xlsx => guarded(format, || xlsx::read(file, limits, &mut sink))?,
        Format::Dbf => guarded(format, || dbf::read(file, limits, &mut sink))?,
        Format::Csv | Format::Zip | Format::Folder => csv::read(file, limits, &mut sink)?,
    }
    sink.finish()
}

/// Runs a reader written by others. Should it panic on a crafted file, the file is malformed and the server lives.
fn guarded(format: Format, read: impl FnOnce() -> Result<(), ImportError>) -> Result<(), ImportError> {
    let crashed = |_| Err(ImportError::Malformed { format, detail: "the reader gave up".to_owned() });
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(crashed)
}

/// Tells from the first bytes what a file is.
fn recognise(file: &mut File, limits: TableLimits) -> Result<Format, ImportError> {
    let metadata = file.metadata().map_err(ImportError::Io)?;
    if !metadata.is_file() {
        return Err(ImportError::UnknownFormat);
    }
    if metadata.len() > limits.bytes {
        return Err(limits.exceeded(Limit::Bytes));
    }
    let mut head = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut head).map_err(ImportError::Io)?;
    file.seek(SeekFrom::Start(0)).map_err(ImportError::Io)?;
    match head.as_slice() {
        [] => Err(ImportError::Empty),
        [b'P', b'K', 3, 4, ..] => Ok(Format::Xlsx),
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => Err(compound_file(file)),
        head if dbf::looks_like(head) => Ok(Format::Dbf),
        head if csv::looks_like(head) => Ok(Format::Csv),
        _ => Err(ImportError::UnknownFormat),
    }
}

/// What a compound file (MS-CFB) is: a workbook under a password names a stream `EncryptedPackage`; others are old .xls.
fn compound_file(file: &mut File) -> ImportError {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = Vec::new();
    match file.read_to_end(&mut bytes) {
        Err(error) => ImportError::Io(error),
        Ok(_) if bytes.windows(name.len()).any(|window| window == name) => ImportError::Encrypted,
        Ok(_) => ImportError::LegacyWorkbook,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_are_read_in_every_usual_spelling() {
        for text in [
            "20260701",
            "2026-07-01",
            "2026/7/1",
            "2026.7.1",
            "2026年7月1日",
            "202607",
            "2026年7月",
            "2026-07-01 00:00:00",
            "２０２６０７０１",
        ] {
            assert_eq!(parse_date(text), Some(date(2026, 7, 1)), "{text}");
        }
        for text in ["", "20260231", "7/1/2026", "2026", "毕业", "2026-7-1-3"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(Cell::Number(46204.0).date(), Some(date(2026, 7, 1)));
        assert_eq!(Cell::Number(20_260_701.0).date(), Some(date(2026, 7, 1)));
    }

    #[test]
    fn numbers_keep_their_digits_or_say_that_they_lost_them() {
        assert!(Cell::Number(2_023_010_512.0).text() == Ok(Some("2023010512".to_owned())));
        assert!(Cell::Number(2.5).text() == Ok(Some("2.5".to_owned())));
        assert!(Cell::Number(530_102_200_402_291_230.0).text() == Err(CellFault::LostDigits));
    }
}
