//! Excel workbooks (.xlsx), cell by cell, so that a workbook claiming a million columns costs nothing.

use std::io::{BufReader, Read, Seek as _, SeekFrom};

use calamine::{DataRef, Reader as _, SheetType, Xlsx, XlsxError};
use fs_err::File;

use super::{
    Format, ImportError, Limit, TableLimits,
    directory::{self, Refused},
    table::{Cell, PIECE, RowSink, spreadsheet_day},
};

/// More parts than any workbook of a school has.
const MAX_PARTS: u64 = 10_000;
/// Where the sheets lie, which are read cell by cell.
const SHEETS: &str = "xl/worksheets/";
/// Where pictures lie, which are not read.
const MEDIA: &str = "xl/media/";
/// Bytes of all other parts together: the reader keeps what is in them.
const MAX_KEPT: u64 = 64 << 20;
/// Begins a text that cells share, and how many there may be.
const SHARED: &[u8] = b"<si";
const MAX_SHARED: u64 = 2_000_000;

/// Reads every worksheet.
pub(super) fn read(mut file: File, limits: TableLimits, rows: &mut RowSink<'_>) -> Result<(), ImportError> {
    check_size(&mut file, limits)?;
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(malformed("its parts"))?;
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    for name in sheets {
        rows.begin(Some(name.clone()));
        read_sheet(&mut workbook, &name, limits, rows)?;
    }
    Ok(())
}

/// Unpacks every part into nothing, counting, so that the real reader never meets a bomb.
fn check_size(file: &mut File, limits: TableLimits) -> Result<(), ImportError> {
    let broken = |detail: &str| ImportError::Malformed { format: Format::Xlsx, detail: detail.to_owned() };
    let mut archive = directory::open(&mut *file, MAX_PARTS).map_err(|refused| match refused {
        Refused::Io(error) => ImportError::Io(error),
        Refused::TooMany => broken("too many parts"),
        Refused::Broken => broken("its zip directory"),
    })?;
    let (mut left, mut kept) = (limits.unpacked_bytes, MAX_KEPT.min(limits.unpacked_bytes));
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| broken("one of its parts"))?;
        let name = part.name().map_err(|_| broken("the name of a part"))?.to_ascii_lowercase();
        let weight = Weight::of(part.take(left.saturating_add(1))).map_err(|_| broken("one of its parts"))?;
        left = left.checked_sub(weight.bytes).ok_or_else(|| limits.exceeded(Limit::UnpackedBytes))?;
        if name.starts_with(MEDIA) {
            continue;
        }
        if !name.starts_with(SHEETS) {
            kept = kept.checked_sub(weight.bytes).ok_or_else(|| limits.exceeded(Limit::UnpackedBytes))?;
        }
        if weight.longest > PIECE || weight.shared > MAX_SHARED {
            return Err(limits.exceeded(Limit::PieceBytes));
        }
    }
    drop(archive);
    file.seek(SeekFrom::Start(0)).map_err(ImportError::Io)?;
    Ok(())
}

/// What a part would cost its reader.
#[derive(Default)]
struct Weight {
    /// How many bytes it has.
    bytes: u64,
    /// The most bytes between two `<`.
    longest: u64,
    /// How many shared texts it begins.
    shared: u64,
}

impl Weight {
    fn of(mut part: impl Read) -> std::io::Result<Self> {
        let mut weight = Self::default();
        let mut buffer = vec![0; 64 << 10];
        // How much of `SHARED` stands at the end of what was read, and how far the last `<` lies back.
        let (mut matched, mut run) = (0, 0_u64);
        loop {
            let read = part.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(weight) };
            weight.bytes += u64::try_from(read).unwrap_or(u64::MAX);
            for byte in bytes {
                matched = match (*byte, matched) {
                    (b'<', _) => 1,
                    (byte, at) if at > 0 && SHARED.get(at) == Some(&byte) => at + 1,
                    // A tag may have a prefix: `<x:si>`.
                    (b':', 0) => 1,
                    _ => 0,
                };
                if matched == SHARED.len() {
                    weight.shared += 1;
                    matched = 0;
                }
                run = if *byte == b'<' { 0 } else { run + 1 };
                weight.longest = weight.longest.max(run);
            }
        }
    }
}

fn read_sheet(
    workbook: &mut Xlsx<BufReader<File>>,
    name: &str,
    limits: TableLimits,
    rows: &mut RowSink<'_>,
) -> Result<(), ImportError> {
    let mut cells = workbook.worksheet_cells_reader(name).map_err(malformed("a sheet"))?;
    let mut row: Option<(u32, Vec<Cell>)> = None;
    while let Some(cell) = cells.next_cell().map_err(malformed("the cells of a sheet"))? {
        let (at_row, at_column) = cell.get_position();
        if u64::from(at_column) >= limits.columns {
            match cell.get_value() {
                DataRef::Empty => continue,
                _ => return Err(limits.exceeded(Limit::Columns)),
            }
        }
        if row.as_ref().is_some_and(|(number, _)| *number != at_row)
            && let Some((number, done)) = row.take()
        {
            rows.take(number.saturating_add(1), done)?;
        }
        let (_, current) = row.get_or_insert_with(|| (at_row, Vec::new()));
        let place = usize::try_from(at_column).unwrap_or(usize::MAX);
        if current.len() <= place {
            current.resize(place + 1, Cell::Empty);
        }
        if let Some(slot) = current.get_mut(place) {
            *slot = cell_of(cell.get_value());
        }
    }
    match row {
        Some((number, done)) => rows.take(number.saturating_add(1), done),
        None => Ok(()),
    }
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        #[expect(
            clippy::cast_precision_loss,
            reason = "numbers too large for it are refused as having lost digits"
        )]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(value) => Cell::Text(value.to_string()),
        DataRef::DateTime(moment) => spreadsheet_day(moment.as_f64()).map_or(Cell::Error, Cell::Date),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::Error(_) => Cell::Error,
    }
}

fn malformed(part: &'static str) -> impl Fn(XlsxError) -> ImportError {
    move |error| match error {
        XlsxError::Password => ImportError::Encrypted,
        _ => ImportError::Malformed { format: Format::Xlsx, detail: part.to_owned() },
    }
}
