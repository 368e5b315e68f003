//! Scans as the API words them.

use api::diploma::{Check, Reading, Scan};
use archive::db::catalog::scan::Found;
use archive::dossier::{Checked, DiplomaFacts, agreement};

/// A scan with what was read on it, held against what the register says now.
pub(crate) fn to_api(found: &Found, facts: &DiplomaFacts) -> Scan {
    let scan = &found.scan;
    Scan {
        id: scan.id,
        kept: scan.kept,
        media_type: scan.media_type.word().to_owned(),
        bytes: scan.bytes,
        sha256: scan.sha256.clone(),
        pages: scan.pages,
        width: scan.width,
        height: scan.height,
        reading: found.reading.as_ref().map(|reading| {
            let measurable = reading.is_measurable();
            let lines = reading.pages.iter().map(|page| page.lines.len()).sum::<usize>();
            let checks = if measurable { agreement(facts, reading) } else { Vec::new() };
            Reading {
                at: reading.at,
                models: reading.models.iter().map(|model| model.name.clone()).collect(),
                measurable,
                pages: reading.pages.iter().map(|page| [page.width, page.height]).collect(),
                lines: u32::try_from(lines).unwrap_or(u32::MAX),
                checks: checks.into_iter().map(check).collect(),
            }
        }),
    }
}

fn check(checked: Checked) -> Check {
    Check {
        field: checked.field.word().to_owned(),
        expected: checked.expected,
        outcome: checked.agreement.word().to_owned(),
        found: checked.found,
        page: checked.place.map(|(page, _)| page),
        place: checked.place.map(|(_, place)| place),
    }
}
