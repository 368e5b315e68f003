//! Files as offices hand them in: a workbook, a zip.

use std::io::{Cursor, Write as _};

use anyhow::Result;
use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;

/// A workbook (xlsx) with one sheet: a row of headings, then the rows.
///
/// # Errors
///
/// When it has more rows or columns than a sheet can hold.
pub fn workbook(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, text) in head.iter().enumerate() {
        sheet.write(0, u16::try_from(column)?, *text)?;
    }
    for (row, cells) in rows.enumerate() {
        for (column, text) in cells.iter().enumerate() {
            sheet.write(u32::try_from(row + 1)?, u16::try_from(column)?, text.as_str())?;
        }
    }
    Ok(book.save_to_buffer()?)
}

/// A zip of files by name.
///
/// # Errors
///
/// When it can't be written.
pub fn archive<N: AsRef<str>>(entries: impl IntoIterator<Item = (N, Vec<u8>)>) -> Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name.as_ref(), SimpleFileOptions::default())?;
        zip.write_all(&bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
