//! Rosters and certificate registers: .xlsx, .csv, .dbf.

use std::{
    io::{Cursor, Write as _},
    path::Path,
};

use archive::import::{
    DiplomaRules, Diplomas, ImportError, Problem, Roster, Severity, TableLimits, read_diplomas, read_roster,
};
use zip::write::SimpleFileOptions;

use crate::{Verdict, sections};

pub(super) fn roster(path: &Path) -> Verdict {
    let limits = TableLimits::default();
    let Roster { rows, problems, columns } = match read_roster(path, limits) {
        Ok(roster) => roster,
        Err(error) => return refused(&error),
    };
    assert!(!columns.is_empty() && rows.len() as u64 <= limits.rows);
    for row in &rows {
        assert!(row.row >= 1, "rows are counted from 1");
        let record = &row.record;
        let unknown = record.student_number.is_none() && record.candidate_number.is_none();
        assert!(
            row.blocked || !(unknown || record.name.is_empty()),
            "a row without a name or number is taken"
        );
        let again = serde_json::from_slice(&serde_json::to_vec(record).unwrap()).unwrap();
        assert!(*record == again, "a record read again after being written is another");
    }
    in_part(&problems)
}

pub(super) fn register(path: &Path) -> Verdict {
    let limits = TableLimits::default();
    let rules = DiplomaRules { school_code: Some("10581".to_owned()), ..DiplomaRules::default() };
    let Diplomas { rows, problems, columns, .. } = match read_diplomas(path, limits, &rules) {
        Ok(register) => register,
        Err(error) => return refused(&error),
    };
    assert!(!columns.is_empty() && rows.len() as u64 <= limits.rows);
    for row in &rows {
        let again = serde_json::from_slice(&serde_json::to_vec(&row.diploma).unwrap()).unwrap();
        assert!(row.diploma == again, "a diploma read again after being written is another");
    }
    in_part(&problems)
}

/// A workbook whose parts are the sections of the bytes.
pub(super) fn workbook(bytes: &[u8]) -> Verdict {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in sections::split(bytes) {
        if zip
            .start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .is_ok()
        {
            zip.write_all(&part).unwrap();
        }
    }
    super::on_file(&zip.finish().unwrap().into_inner(), roster)
}

fn refused(error: &ImportError) -> Verdict {
    assert!(!matches!(error, ImportError::Io(_)), "the disk said no: {error:?}");
    Verdict::refused(error.code(), error)
}

fn in_part(problems: &[Problem]) -> Verdict {
    for problem in problems {
        assert!(!problem.code().is_empty() && !problem.to_string().is_empty());
    }
    match problems.iter().find(|problem| problem.severity == Severity::Block) {
        Some(problem) => Verdict::InPart { code: problem.code().to_owned(), why: problem.to_string() },
        None => Verdict::Taken,
    }
}
