//! Scans on which the register's facts do not all stand.

use api::diploma::{Doubt, Scans};
use api::{Right, Slice};
use archive::db::Connection;
use archive::db::catalog::{diploma, person, scan};
use archive::dossier::{Agreement, Checked, agreement};
use archive::person::mask_number;

use crate::{Actor, Office, Result, audit};

/// How many digits of a certificate number are shown at its beginning and at its end.
const SHOWN: (usize, usize) = (6, 3);

/// Scans in figures, and a part of those that differ from the register or lack something it says.
///
/// # Errors
///
/// Without the right `search`.
pub fn list(office: &Office, actor: &Actor, slice: Slice) -> Result<Scans> {
    audit::recorded(office, actor, "scans.list", None, || {
        actor.may(Right::Search)?;
        office.catalog.read(|conn| {
            let totals = scan::totals(conn)?;
            let found = scan::in_doubt(conn, slice.offset, slice.limit.min(500))?;
            let doubts = found.iter().map(|found| doubt(conn, found)).collect::<Result<Vec<_>>>()?;
            Ok(Scans {
                scans: totals.scans,
                unread: totals.unread,
                not_measurable: totals.not_measurable,
                without: totals.without,
                can_read: office.can_read(),
                in_doubt: totals.in_doubt,
                doubts: doubts.into_iter().flatten().collect(),
            })
        })
    })
}

fn doubt(conn: &Connection, found: &scan::Found) -> Result<Option<Doubt>> {
    let diplomas = diploma::of(conn, found.person)?;
    let diploma = diplomas.into_iter().find(|diploma| diploma.id == found.diploma);
    let (Some(diploma), Some(reading)) = (diploma, &found.reading) else { return Ok(None) };
    let checked = agreement(&diploma.facts, reading);
    let fields = |wanted: Agreement| {
        let those = checked.iter().filter(|checked: &&Checked| checked.agreement == wanted);
        those.map(|checked| checked.field.word().to_owned()).collect()
    };
    Ok(Some(Doubt {
        scan: found.scan.id,
        person: found.person,
        name: person::facts(conn, found.person)?.unwrap_or_default().name,
        number: mask_number(&diploma.facts.number, SHOWN.0, SHOWN.1),
        differs: fields(Agreement::Differs),
        missing: fields(Agreement::NotFound),
    }))
}
