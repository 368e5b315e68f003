//! `captures.csv`: when, with what and by whom each photo was captured, as the vendor lists it.
//!
//! The columns are `token,file,captured_at,device,operator`, found by name; further columns are passed over. The list
//! names tokens only.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The largest list that is read: more than a hundred thousand rows.
pub const MAX_CAPTURES_BYTES: usize = 16 << 20;

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The capture token.
    pub token: String,
    /// The file's name.
    pub file: String,
    /// When.
    pub captured: Timestamp,
    /// With what.
    pub device: String,
    /// By whom, as the vendor numbers its operators.
    pub operator: String,
}

/// The whole list, by file name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    by_file: BTreeMap<String, Capture>,
}

/// Why a list can't be read. Rows are counted from 1, the heading not counted.
#[derive(Debug, thiserror::Error)]
pub enum CapturesError {
    /// Larger than [`MAX_CAPTURES_BYTES`].
    #[error("captures.csv is larger than {MAX_CAPTURES_BYTES} bytes")]
    TooLarge,
    /// A column is missing.
    #[error("captures.csv has no column {0}")]
    NoColumn(&'static str),
    /// A row can't be read.
    #[error("row {row} of captures.csv can't be read")]
    Row {
        /// The row.
        row: usize,
        /// What went wrong.
        source: csv::Error,
    },
    /// A time is not RFC 3339 with an offset.
    #[error("row {row} of captures.csv has no time of the form 2026-09-01T08:30:00+08:00")]
    Time {
        /// The row.
        row: usize,
        /// What went wrong.
        source: jiff::Error,
    },
    /// A file is listed twice.
    #[error("row {row} of captures.csv lists a file for the second time")]
    Twice {
        /// The row.
        row: usize,
    },
}

impl Captures {
    /// Reads the list.
    ///
    /// # Errors
    ///
    /// If it is too large, a column is missing, or any row can't be read: a list that is half understood proves nothing.
    pub fn read(text: &[u8]) -> Result<Self, CapturesError> {
        if text.len() > MAX_CAPTURES_BYTES {
            return Err(CapturesError::TooLarge);
        }
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let columns = Columns::of(reader.headers().map_err(|source| CapturesError::Row { row: 0, source })?)?;
        let mut by_file = BTreeMap::new();
        for (n, record) in reader.records().enumerate() {
            let row = n + 1;
            let record = record.map_err(|source| CapturesError::Row { row, source })?;
            let capture = columns.capture(&record).map_err(|source| CapturesError::Time { row, source })?;
            if by_file.insert(capture.file.clone(), capture).is_some() {
                return Err(CapturesError::Twice { row });
            }
        }
        Ok(Self { by_file })
    }

    /// The row of the photo at `file` under `token`, if the list has one.
    #[must_use]
    pub fn of(&self, file: &str, token: &str) -> Option<&Capture> {
        self.by_file.get(file).filter(|capture| capture.token == token)
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_file.len()
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_file.is_empty()
    }
}

struct Columns {
    token: usize,
    file: usize,
    captured: usize,
    device: usize,
    operator: usize,
}

impl Columns {
    fn of(heading: &csv::StringRecord) -> Result<Self, CapturesError> {
        let place = |name: &'static str| {
            heading
                .iter()
                .position(|column| column.eq_ignore_ascii_case(name))
                .ok_or(CapturesError::NoColumn(name))
        };
        Ok(Self {
            token: place("token")?,
            file: place("file")?,
            captured: place("captured_at")?,
            device: place("device")?,
            operator: place("operator")?,
        })
    }

    fn capture(&self, record: &csv::StringRecord) -> Result<Capture, jiff::Error> {
        let field = |n: usize| record.get(n).unwrap_or_default().to_owned();
        Ok(Capture {
            token: field(self.token),
            file: field(self.file),
            captured: field(self.captured).parse()?,
            device: field(self.device),
            operator: field(self.operator),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "token,file,captured_at,device,operator\nXCA,XCA.jpg,2026-09-01T08:30:00+08:00,Canon,op1\n";

    #[test]
    fn a_row_is_found_by_its_file_and_its_token() {
        let captures = Captures::read(LIST.as_bytes()).unwrap();
        assert_eq!(captures.of("XCA.jpg", "XCA").unwrap().captured, "2026-09-01T00:30:00Z".parse().unwrap());
        assert_eq!(captures.of("XCA.jpg", "XCB"), None);
        assert_eq!(captures.len(), 1);
    }

    #[test]
    fn a_byte_order_mark_and_another_order_of_columns_do_no_harm() {
        let text = "\u{feff}operator,captured_at,token,file,device,note\r\nop1,2026-09-01T00:30:00Z,XCA,XCA.jpg,Canon,x\r\n";
        assert_eq!(Captures::read(text.as_bytes()).unwrap().of("XCA.jpg", "XCA").unwrap().operator, "op1");
    }

    #[test]
    fn what_can_not_be_understood_is_refused_with_its_row() {
        let twice = format!("{LIST}XCA,XCA.jpg,2026-09-01T08:30:00+08:00,Canon,op1\n");
        assert!(matches!(Captures::read(twice.as_bytes()), Err(CapturesError::Twice { row: 2 })));
        let time = LIST.replace("2026-09-01T08:30:00+08:00", "yesterday");
        assert!(matches!(Captures::read(time.as_bytes()), Err(CapturesError::Time { row: 1, .. })));
        assert!(matches!(Captures::read(b"token,file\n"), Err(CapturesError::NoColumn("captured_at"))));
        assert!(matches!(
            Captures::read(b"token,file,captured_at,device,operator\na\n"),
            Err(CapturesError::Row { row: 1, .. })
        ));
        assert!(matches!(Captures::read(b"\xff\xfe\n\xff"), Err(CapturesError::Row { .. })));
    }
}
