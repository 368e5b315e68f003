//! What goes onto paper about a cohort, and about one person in it.

use std::collections::BTreeMap;

use api::Right;
use api::cohort::{Case, CaseRow, Cohort, Disposition, Outcome, Word};
use api::ids::{CohortId, PersonId, PhotoId};
use archive::db::catalog::{person, photo};
use archive::dossier::Holdings;
use archive::person::PersonRecord;

use super::facts::Facts;
use crate::{Actor, Error, Office, Result, audit, dossier};

/// The most a photo on paper measures, px: 300 dpi at its size there.
const ON_PAPER: (u32, u32) = (600, 800);

/// The school's report.
#[derive(Debug)]
pub struct SchoolPaper {
    /// The cohort.
    pub cohort: Cohort,
    /// Everybody who was not found normal, or waits for a person.
    pub listed: Vec<Listed>,
    /// How each college came out, in the order of their names.
    pub colleges: BTreeMap<String, Vec<(Outcome, Option<Disposition>)>>,
}

/// Somebody on a list, with whole numbers: it is a paper of the school's own.
#[derive(Debug)]
pub struct Listed {
    /// What the list says.
    pub row: CaseRow,
    /// 学号
    pub number: String,
    /// What people said, as far as it may be shown.
    pub words: Vec<Word>,
}

/// One person's report.
#[derive(Debug)]
pub struct PersonPaper {
    /// The cohort.
    pub cohort: Cohort,
    /// The person.
    pub facts: PersonRecord,
    /// The case.
    pub case: Case,
    /// The case's photos that can be read, upright and small enough for paper, JPEG.
    pub photos: Vec<(PhotoId, Vec<u8>)>,
}

/// What the school's report says. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn school_paper(office: &Office, actor: &Actor, id: CohortId) -> Result<SchoolPaper> {
    audit::recorded(office, actor, "cohort.report", Some(&id.to_string()), || {
        actor.purpose()?;
        let (cohort, everybody) = everybody(office, actor, id)?;
        let mut colleges: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for one in &everybody {
            let came_out = (one.row.outcome, one.row.disposition);
            colleges.entry(one.row.college.clone()).or_default().push(came_out);
        }
        let listed = everybody.into_iter().filter(|one| {
            one.row.waits || one.row.disposition.is_some_and(|found| found != Disposition::Normal)
        });
        Ok(SchoolPaper { cohort, listed: listed.collect(), colleges })
    })
}

/// A cohort with everybody in it, in the roster's order.
///
/// # Errors
///
/// Without the right `read_cohorts`; `not-found`.
pub(super) fn everybody(office: &Office, actor: &Actor, id: CohortId) -> Result<(Cohort, Vec<Listed>)> {
    actor.may(Right::ReadCohorts)?;
    let facts = Facts::read(office, id)?;
    let listed = office.catalog.read(|conn| -> Result<Vec<Listed>> {
        let one = |case| {
            let row = facts.row(conn, case, actor)?;
            let known = person::facts(conn, row.person)?.unwrap_or_default();
            let number = known.student_number.unwrap_or_default();
            Ok(Listed { row, number, words: facts.words_shown(case)? })
        };
        facts.cases.iter().map(one).collect()
    })?;
    Ok((facts.to_api(office, actor)?, listed))
}

/// What one person's report says. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the rights `read_cohorts` and `read_dossier`, or a purpose; `not-found`.
pub fn person_paper(office: &Office, actor: &Actor, id: CohortId, of: PersonId) -> Result<PersonPaper> {
    audit::recorded(office, actor, "cohort.person_report", Some(&of.to_string()), || {
        actor.may(Right::ReadCohorts)?;
        actor.may(Right::ReadDossier)?;
        actor.purpose()?;
        let known = Facts::read(office, id)?;
        let (cohort, case) = (known.to_api(office, actor)?, known.case(office, actor, of)?);
        let (facts, kept) = office.catalog.read(|conn| -> Result<_> {
            let facts = person::facts(conn, of)?.ok_or_else(|| Error::not_found(PersonId::KIND, of))?;
            let mut kept = Vec::new();
            for shown in &case.photos {
                kept.extend(photo::get(conn, shown.id)?.map(|(_, photo)| photo));
            }
            Ok((facts, kept))
        })?;
        let holdings = Holdings::new(&office.archive, &office.catalog);
        let mut photos = Vec::new();
        for photo in kept {
            // What can't be read is an empty frame on the paper; the archive's health says so elsewhere.
            let Ok(Some(bytes)) = holdings.photo(of, &photo) else { continue };
            photos.extend(dossier::reduce(&bytes, ON_PAPER).ok().map(|small| (photo.id, small)));
        }
        Ok(PersonPaper { cohort, facts, case, photos })
    })
}
