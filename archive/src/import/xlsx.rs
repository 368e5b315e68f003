//! Excel workbooks (.xlsx), cell by cell, so that a workbook claiming a million columns costs nothing.

use std::io::{BufReader, Read, Seek, SeekFrom, copy, sink};

use calamine::{DataRef, Reader as _, SheetType, Xlsx, XlsxError};
use fs_err::File;

use super::{
    Format, ImportError, Limit, TableLimits,
    table::{Cell, RowSink, spreadsheet_day},
};

/// More parts than any workbook of a school has.
const MAX_PARTS: usize = 10_000;

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
    let mut archive =
        zip::ZipArchive::new(BufReader::new(&mut *file)).map_err(|_| broken("its zip directory"))?;
    if archive.len() > MAX_PARTS {
        return Err(broken("too many parts"));
    }
    let mut left = limits.unpacked_bytes;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| broken("one of its parts"))?;
        let size = copy(&mut part.take(left + 1), &mut sink()).map_err(|_| broken("one of its parts"))?;
        left = left.checked_sub(size).ok_or_else(|| limits.exceeded(Limit::UnpackedBytes))?;
    }
    file.seek(SeekFrom::Start(0)).map_err(ImportError::Io)?;
    Ok(())
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
