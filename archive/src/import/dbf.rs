//! dBASE and FoxPro tables. Their language byte is often 0 or wrong, so the text is always read as GBK (GB 18030).

use std::io::BufReader;

use dbase::{FieldValue, ReaderBuilder, encoding::EncodingRs};
use encoding_rs::GB18030;
use fs_err::File;
use jiff::civil::Date;

use super::{
    Format, ImportError, Limit, TableLimits,
    table::{Cell, RowSink},
};

/// Length of the header and of one field descriptor, in bytes.
const PREFIX: usize = 32;

/// Whether these first bytes are a table's header: a known version byte, a date, and lengths that fit together.
pub(super) fn looks_like(head: &[u8]) -> bool {
    let byte = |at: usize| head.get(at).copied().unwrap_or_default();
    let word = |at: usize| usize::from(u16::from_le_bytes([byte(at), byte(at + 1)]));
    let version =
        matches!(byte(0), 0x02 | 0x03 | 0x30 | 0x31 | 0x32 | 0x43 | 0x63 | 0x83 | 0x8B | 0xCB | 0xF5 | 0xFB);
    let date = byte(2) <= 12 && byte(3) <= 31;
    version && date && head.len() > PREFIX && word(8) > PREFIX && word(10) >= 1
}

/// Reads every record that is not marked as deleted.
pub(super) fn read(file: File, limits: TableLimits, rows: &mut RowSink<'_>) -> Result<(), ImportError> {
    let length = file.metadata().map_err(ImportError::Io)?.len();
    let mut reader = ReaderBuilder::new()
        .with_encoding(EncodingRs::from(GB18030))
        .build(BufReader::new(file))
        .map_err(|_| malformed("its header"))?;
    let names: Vec<String> = reader.fields().iter().map(|field| field.name().to_owned()).collect();
    if u64::try_from(names.len()).unwrap_or(u64::MAX) > limits.columns {
        return Err(limits.exceeded(Limit::Columns));
    }
    let header = reader.header();
    let records = u64::from(header.num_records) * u64::from(header.size_of_record);
    if records + u64::from(header.offset_to_first_record) > length {
        return Err(malformed("it is cut off"));
    }
    rows.begin(None);
    rows.take(1, names.iter().cloned().map(Cell::Text).collect())?;
    for (index, record) in reader.iter_records().enumerate() {
        let record = record.map_err(|_| malformed("a record"))?;
        let cells = names.iter().map(|name| record.get(name).map_or(Cell::Empty, cell_of)).collect();
        rows.take(u32::try_from(index).unwrap_or(u32::MAX).saturating_add(2), cells)?;
    }
    Ok(())
}

fn malformed(detail: &str) -> ImportError {
    ImportError::Malformed { format: Format::Dbf, detail: detail.to_owned() }
}

fn cell_of(value: &FieldValue) -> Cell {
    match value {
        FieldValue::Character(text) => text.clone().map_or(Cell::Empty, Cell::Text),
        FieldValue::Memo(text) => Cell::Text(text.clone()),
        FieldValue::Numeric(number) => number.map_or(Cell::Empty, Cell::Number),
        FieldValue::Float(number) => number.map_or(Cell::Empty, |number| Cell::Number(number.into())),
        FieldValue::Double(number) | FieldValue::Currency(number) => Cell::Number(*number),
        FieldValue::Integer(number) => Cell::Number((*number).into()),
        FieldValue::Logical(value) => value.map_or(Cell::Empty, |value| Cell::Text(value.to_string())),
        FieldValue::Date(date) => date.map_or(Cell::Empty, date_cell),
        FieldValue::DateTime(moment) => date_cell(moment.date()),
    }
}

fn date_cell(date: dbase::Date) -> Cell {
    let parts = (i16::try_from(date.year()), i8::try_from(date.month()), i8::try_from(date.day()));
    match parts {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).map_or(Cell::Error, Cell::Date),
        _ => Cell::Error,
    }
}
