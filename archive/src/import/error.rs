//! Why a file could not be read at all.

use std::{collections::BTreeMap, io};

/// What kind of file something is, told from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An Excel workbook (.xlsx).
    Xlsx,
    /// Comma- or tab-separated text.
    Csv,
    /// A dBASE or FoxPro table (.dbf).
    Dbf,
    /// A zip of photos.
    Zip,
    /// A folder of photos.
    Folder,
}

impl Format {
    /// The usual extension.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Dbf => "dbf",
            Self::Zip => "zip",
            Self::Folder => "folder",
        }
    }
}

/// What there may be too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes in the file.
    Bytes,
    /// Bytes the file unpacks to.
    UnpackedBytes,
    /// Bytes of one part of a workbook's texts, or of one row of a text.
    PieceBytes,
    /// Rows.
    Rows,
    /// Columns.
    Columns,
    /// Files in a folder or zip.
    Entries,
    /// Folders inside folders.
    Depth,
}

impl Limit {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::UnpackedBytes => "unpacked-bytes",
            Self::PieceBytes => "piece-bytes",
            Self::Rows => "rows",
            Self::Columns => "columns",
            Self::Entries => "entries",
            Self::Depth => "depth",
        }
    }
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The disk or the system said no.
    #[error("the file could not be read; check that it exists and may be read")]
    Io(#[source] io::Error),
    /// None of the kinds that are understood.
    #[error("the file is neither an .xlsx workbook nor a .csv nor a .dbf table; save it as one of these")]
    UnknownFormat,
    /// A workbook of Excel 97–2003.
    #[error("the file is an old .xls workbook; open it and save it as .xlsx")]
    LegacyWorkbook,
    /// A workbook under a password.
    #[error("the file is protected by a password; save a copy without one")]
    Encrypted,
    /// Damaged, cut off, or not what it says it is.
    #[error("the {} file is damaged ({detail}); ask for it again", format.name())]
    Malformed {
        /// What it seemed to be.
        format: Format,
        /// What the reader stumbled over. Holds no cell contents.
        detail: String,
    },
    /// Text in neither UTF-8 nor GBK.
    #[error("line {line} of the text is neither UTF-8 nor GBK; save the file as UTF-8")]
    Encoding {
        /// The first line that makes no sense, counted from 1.
        line: usize,
    },
    /// Nothing in it.
    #[error("the file holds no rows; choose the file that lists the people")]
    Empty,
    /// No row of headings among the first rows.
    #[error(
        "no row of headings was found in the first {searched} rows; the first row must name the columns, such as 姓名 and 学号"
    )]
    NoHeader {
        /// How many rows were searched on each sheet.
        searched: usize,
    },
    /// More than the limits allow.
    #[error("the file has more than {max} {}; split it", limit.name())]
    TooLarge {
        /// What there is too much of.
        limit: Limit,
        /// How much is allowed.
        max: u64,
    },
    /// Entries of a zip lie on top of each other, as in archives made to fill disks.
    #[error("entries of the zip overlap or share a name; pack the photos again")]
    DishonestZip,
}

impl ImportError {
    /// A stable name for this error, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "file-unreadable",
            Self::UnknownFormat => "file-unknown-format",
            Self::LegacyWorkbook => "file-legacy-xls",
            Self::Encrypted => "file-encrypted",
            Self::Malformed { .. } => "file-malformed",
            Self::Encoding { .. } => "file-encoding",
            Self::Empty => "file-empty",
            Self::NoHeader { .. } => "file-no-header",
            Self::TooLarge { .. } => "file-too-large",
            Self::DishonestZip => "zip-dishonest",
        }
    }

    /// The facts a sentence about this error needs.
    #[must_use]
    pub fn params(&self) -> BTreeMap<&'static str, String> {
        match self {
            Self::Malformed { format, detail } => {
                BTreeMap::from([("format", format.name().to_owned()), ("detail", detail.clone())])
            }
            Self::Encoding { line } => BTreeMap::from([("line", line.to_string())]),
            Self::NoHeader { searched } => BTreeMap::from([("searched", searched.to_string())]),
            Self::TooLarge { limit, max } => {
                BTreeMap::from([("limit", limit.name().to_owned()), ("max", max.to_string())])
            }
            Self::Io(_)
            | Self::UnknownFormat
            | Self::LegacyWorkbook
            | Self::Encrypted
            | Self::Empty
            | Self::DishonestZip => BTreeMap::new(),
        }
    }
}
