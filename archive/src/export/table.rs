//! `index.csv`: who is in the bag.

use super::entry::{Entry, title};
use crate::dossier::PhotoKind;

/// What makes spreadsheets read UTF-8 as UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

const HEAD: [&str; 8] = [
    "人员编号 person",
    "姓名 name",
    "学号 student number",
    "考生号 candidate number",
    "班级 class",
    "专业 major",
    "学院 college",
    "证书编号 certificate numbers",
];

/// The table: a heading and one row per dossier, RFC 4180. Several numbers in one cell are parted by `;`.
pub(super) fn write(entries: &[Entry]) -> csv::Result<Vec<u8>> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(MARK.to_vec());
    table.write_record(HEAD.into_iter().chain(PhotoKind::ALL.iter().map(|kind| title(*kind))))?;
    for entry in entries {
        let numbers: Vec<_> = entry.diplomas.iter().map(|diploma| diploma.number.as_str()).collect();
        let numbers = numbers.into_iter().filter(|number| !number.is_empty()).collect::<Vec<_>>().join(";");
        let facts = [
            &entry.person,
            &entry.name,
            &entry.student_number,
            &entry.candidate_number,
            &entry.class,
            &entry.major,
            &entry.college,
            &numbers,
        ];
        let photos = PhotoKind::ALL.iter().map(|kind| entry.current(*kind).to_owned());
        table.write_record(facts.into_iter().map(|cell| harmless(cell)).chain(photos))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// The text, with an apostrophe before what a spreadsheet would take for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
