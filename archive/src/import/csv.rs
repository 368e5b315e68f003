//! Comma-, semicolon- or tab-separated text in UTF-8, UTF-16 with a mark, or GBK.

use std::{
    cell::Cell as Shared,
    io::{self, Read},
};

use encoding_rs::{Encoding, GB18030};
use fs_err::File;

use super::{
    Format, ImportError, Limit, TableLimits,
    table::{Cell, PIECE, RowSink},
};

/// Whether these first bytes can be text.
pub(super) fn looks_like(head: &[u8]) -> bool {
    Encoding::for_bom(head).is_some()
        || !head.iter().any(|&b| b == 0 || (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C | 0x1A)))
}

/// Reads every record.
pub(super) fn read(file: File, limits: TableLimits, rows: &mut RowSink<'_>) -> Result<(), ImportError> {
    let mut bytes = Vec::new();
    file.take(limits.bytes + 1).read_to_end(&mut bytes).map_err(ImportError::Io)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.bytes {
        return Err(limits.exceeded(Limit::Bytes));
    }
    let text = decode(bytes)?;
    let left = Shared::new(PIECE);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(Rationed { text: text.as_bytes(), left: &left });
    rows.begin(None);
    let mut record = csv::StringRecord::new();
    loop {
        left.set(PIECE);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) if left.get() == 0 => return Err(limits.exceeded(Limit::PieceBytes)),
            Err(_) => {
                return Err(ImportError::Malformed { format: Format::Csv, detail: "a record".to_owned() });
            }
        }
        if u64::try_from(record.len()).unwrap_or(u64::MAX) > limits.columns {
            return Err(limits.exceeded(Limit::Columns));
        }
        let line = record.position().map_or(0, csv::Position::line);
        let cells = record.iter().map(|text| Cell::Text(without_formula(text).to_owned())).collect();
        rows.take(u32::try_from(line).unwrap_or(u32::MAX), cells)?;
    }
    Ok(())
}

/// A text of which one record may have only so much: a quote that never ends would be the whole file.
struct Rationed<'a> {
    text: &'a [u8],
    left: &'a Shared<u64>,
}

impl Read for Rationed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left.get()).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 && !self.text.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let read = self.text.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left.set(self.left.get().saturating_sub(u64::try_from(read).unwrap_or(u64::MAX)));
        Ok(read)
    }
}

/// The text inside `="…"` or after a leading `'`, with which people keep spreadsheets from eating digits.
fn without_formula(text: &str) -> &str {
    let text = text.trim();
    let quoted = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    quoted.unwrap_or_else(|| text.strip_prefix('\'').unwrap_or(text))
}

/// The text of the bytes: by its mark, or UTF-8 if it is that, or GBK (GB 18030) if it is that.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, ImportError> {
    if let Some((encoding, mark)) = Encoding::for_bom(&bytes) {
        return decode_as(encoding, bytes.get(mark..).unwrap_or_default());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => decode_as(GB18030, error.as_bytes()),
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, ImportError> {
    let bad_line = || {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let before = text.split('\u{FFFD}').next().unwrap_or_default();
        before.matches('\n').count() + 1
    };
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(text.into_owned()),
        None => Err(ImportError::Encoding { line: bad_line() }),
    }
}

/// The separator that the first line with any of them has most of.
fn delimiter(text: &str) -> u8 {
    let count = |line: &str, separator: char| line.matches(separator).count();
    let best = |line: &str| {
        [',', '\t', ';', '，']
            .into_iter()
            .max_by_key(|&separator| count(line, separator))
            .filter(|&s| count(line, s) > 0)
    };
    match text.lines().take(10).find_map(best) {
        Some('\t') => b'\t',
        Some(';') => b';',
        _ => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_told_from_the_bytes() {
        let text = "姓名,学号\n𠮷三,2023\n";
        assert_eq!(decode(text.as_bytes().to_vec()).unwrap(), text);
        assert_eq!(decode(GB18030.encode(text).0.into_owned()).unwrap(), text);
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(utf16).unwrap(), text);
    }

    #[test]
    fn bytes_that_are_no_text_name_their_line() {
        let error = decode(b"a,b\nc,\xFF\xFF\xFF\n".to_vec()).unwrap_err();
        assert!(matches!(error, ImportError::Encoding { line: 2 }), "{error:?}");
    }
}
