//! A campaign's people compared at once: each one's photos with each other, and everybody's with everybody else's.
//!
//! - The machine proposes. What it doubts goes to two people who don't see each other's word, and to a third when they
//!   differ; what it can't or may not compare, one person looks at; of what is clear, a sample drawn by chance.
//! - Three people sign, one after another: who looked, the head of the department, the school. What the school has signed
//!   changes no more.
//! - Nobody is compared whom the law's gate does not let through. Templates live only while the job runs.
//! - Only people of the campaign are compared with each other: nobody else has agreed to it.

mod alike;
mod evidence;
mod paper;
mod run;
mod sample;
mod sign;
mod table;
#[cfg(test)]
mod tests;
mod word;

use std::collections::BTreeMap;

use api::cohort::{Case, CaseRow, Cohort, CohortState, Counts, LookAlike, NewCohort, Sample, Wanted, Word};
use api::ids::{CampaignId, CohortId, PersonId};
use api::job::{Job, JobKind};
use api::{Page, ProblemCode, Right, Slice};
use archive::db::Connection;
use archive::db::catalog::{person, photo};
use archive::db::office::cohort_case::{Case as Kept, Disposition, Outcome};
use archive::db::office::{calibration, cohort as rows, cohort_alike, cohort_case, cohort_word};
use archive::person::PersonRecord;
use verify::Thresholds;

use crate::law::gate;
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, campaign, dossier, face, from_word, job};

pub use paper::{Listed, PersonPaper, SchoolPaper, person_paper, school_paper};
pub use run::run;
pub use sign::sign;
pub use table::table;
pub(crate) use word::withdrawn;
pub use word::{reopen, say};

/// How many per cent of the clear cases a person looks at.
const SAMPLE: std::ops::RangeInclusive<u8> = 5..=10;

/// Asks for everybody on a campaign's roster to be compared.
///
/// # Errors
///
/// Without the right `compare`; `bad-field` for a sample that is too small or too large; `not-found`; `no-ground`;
/// `no-calibration` and `calibration-of-another-model`.
pub fn start(office: &Office, actor: &Actor, id: CampaignId, request: NewCohort) -> Result<Job> {
    actor.may(Right::Compare)?;
    campaign::find(office, id)?;
    if !SAMPLE.contains(&request.sample_percent) {
        return Err(Error::bad_field("sample_percent", "5 to 10"));
    }
    ready(office, id)?;
    job::enqueue(office, actor, JobKind::CompareCohort, Some(id.to_string()), &request)
}

/// The calibration in force, if the campaign may compare and the calibration is of the engine's model.
fn ready(office: &Office, id: CampaignId) -> Result<(calibration::Calibration, Thresholds)> {
    if let Some(bar) = gate::campaign_bar(office, id)? {
        return Err(Error::refused(ProblemCode::NoGround, [("reason", crate::word(&bar))]));
    }
    let found = face::thresholds(office)?.ok_or_else(|| Error::refused(ProblemCode::NoCalibration, []))?;
    if found.1.model() != office.engine()?.model() {
        return Err(Error::refused(ProblemCode::CalibrationOfAnotherModel, []));
    }
    Ok(found)
}

/// The cohorts of a campaign, newest first.
///
/// # Errors
///
/// Without the right `read_cohorts`; `not-found`.
pub fn list(office: &Office, actor: &Actor, id: CampaignId) -> Result<Vec<Cohort>> {
    actor.may(Right::ReadCohorts)?;
    campaign::find(office, id)?;
    let found = office.office.read(|conn| rows::of_campaign(conn, id))?;
    found.into_iter().map(|row| to_api(office, actor, row)).collect()
}

/// Returns one cohort.
///
/// # Errors
///
/// Without the right `read_cohorts`; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: CohortId) -> Result<Cohort> {
    actor.may(Right::ReadCohorts)?;
    let row = office.office.read(|conn| find(conn, id))?;
    to_api(office, actor, row)
}

/// A part of a cohort's cases, in the roster's order. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn cases(
    office: &Office,
    actor: &Actor,
    id: CohortId,
    wanted: Wanted,
    slice: Slice,
) -> Result<Page<CaseRow>> {
    audit::recorded(office, actor, "cohort.cases", Some(&id.to_string()), || {
        actor.may(Right::ReadCohorts)?;
        actor.purpose()?;
        let facts = Facts::read(office, id)?;
        let found: Vec<&Kept> =
            facts.cases.iter().filter(|case| facts.is_wanted(case, wanted, actor)).collect();
        let part = found.iter().skip(slice.offset as usize).take(slice.limit.min(500) as usize);
        let items = office
            .catalog
            .read(|conn| part.map(|case| facts.row(conn, case, actor)).collect::<Result<_>>())?;
        Ok(Page { items, total: found.len() as u64 })
    })
}

/// One case with its evidence. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn case(office: &Office, actor: &Actor, id: CohortId, of: PersonId) -> Result<Case> {
    audit::recorded(office, actor, "cohort.read_case", Some(&of.to_string()), || {
        actor.may(Right::ReadCohorts)?;
        actor.purpose()?;
        let facts = Facts::read(office, id)?;
        facts.case(office, actor, of)
    })
}

/// Cases that wait for the actor's word.
pub(crate) const TO_LOOK_AT: &str = "cohort_case_to_look_at";

/// A cohort that waits for the actor's signature.
pub(crate) const TO_SIGN: &str = "cohort_to_sign";

/// What waits for the actor in each open cohort: what kind of thing, how many, since when, and in which campaign.
///
/// # Errors
///
/// When the store can't be read.
pub(crate) fn waiting(
    office: &Office,
    actor: &Actor,
) -> Result<Vec<(&'static str, u64, jiff::Timestamp, CampaignId)>> {
    office.office.read(|conn| {
        let mut found = Vec::new();
        for row in rows::open(conn)? {
            let facts = Facts::read_in(conn, row.id)?;
            let mine = facts.cases.iter().filter(|case| facts.waits_for(case, actor)).count() as u64;
            if mine > 0 {
                found.push((TO_LOOK_AT, mine, row.at, row.campaign));
            }
            let signatures = sign::Signatures::read(conn, &facts)?;
            if facts.waiting() == 0 && signatures.next().is_some_and(|level| signatures.may(actor, level)) {
                found.push((TO_SIGN, 1, signatures.since(row.at), row.campaign));
            }
        }
        Ok(found)
    })
}

fn find(conn: &Connection, id: CohortId) -> Result<rows::Cohort> {
    rows::get(conn, id)?.ok_or_else(|| Error::not_found(CohortId::KIND, id))
}

fn wrong_state(id: CohortId, state: &str) -> Error {
    let params = [("kind", CohortId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}

/// Everything the office knows of a cohort, read at one moment.
struct Facts {
    cohort: rows::Cohort,
    cases: Vec<Kept>,
    words: BTreeMap<PersonId, Vec<cohort_word::Word>>,
    alike: BTreeMap<PersonId, Vec<cohort_alike::Alike>>,
    staff: Staff,
    /// Whether the first of the three has signed what it is now.
    examined: bool,
}

impl Facts {
    fn read(office: &Office, id: CohortId) -> Result<Self> {
        office.office.read(|conn| Self::read_in(conn, id))
    }

    fn read_in(conn: &Connection, id: CohortId) -> Result<Self> {
        let mut facts = Self {
            cohort: find(conn, id)?,
            cases: cohort_case::of(conn, id)?,
            words: BTreeMap::new(),
            alike: BTreeMap::new(),
            staff: Staff::read(conn)?,
            examined: false,
        };
        for word in cohort_word::of(conn, id)? {
            facts.words.entry(word.person).or_default().push(word);
        }
        for alike in cohort_alike::of(conn, id)? {
            facts.alike.entry(alike.person).or_default().push(alike);
        }
        facts.examined = sign::Signatures::read(conn, &facts)?.any();
        Ok(facts)
    }

    /// The words of a case's round at hand.
    fn of_round<'a>(&'a self, case: &Kept) -> impl Iterator<Item = &'a cohort_word::Word> {
        let round = case.round;
        self.words.get(&case.person).into_iter().flatten().filter(move |word| word.round == round)
    }

    fn has_said(&self, case: &Kept, actor: &Actor) -> bool {
        self.of_round(case).any(|word| word.by == actor.user)
    }

    /// Whether `actor` may say a word on a case now, or another one than before.
    fn may_say(&self, case: &Kept, actor: &Actor) -> bool {
        self.cohort.is_open() && actor.has(Right::ReviewComparisons) && word::waits(case)
    }

    /// Whether a case waits for `actor`'s word.
    fn waits_for(&self, case: &Kept, actor: &Actor) -> bool {
        self.may_say(case, actor) && !self.has_said(case, actor)
    }

    fn waiting(&self) -> u64 {
        self.cases.iter().filter(|case| word::waits(case)).count() as u64
    }

    /// What a case came to. What the machine took for clear and nobody asked about comes to normal when the first of the
    /// three has signed.
    fn disposition(&self, case: &Kept) -> Option<Disposition> {
        let clear = self.examined && !word::waits(case);
        case.disposition.or_else(|| clear.then_some(Disposition::Normal))
    }

    fn is_wanted(&self, case: &Kept, wanted: Wanted, actor: &Actor) -> bool {
        match wanted {
            Wanted::All => true,
            Wanted::Mine => self.waits_for(case, actor),
            Wanted::Waiting => word::waits(case),
            Wanted::Sample => case.sampled,
            Wanted::Match => case.outcome == Outcome::Match,
            Wanted::Unsure => case.outcome == Outcome::Unsure,
            Wanted::NoMatch => case.outcome == Outcome::NoMatch,
            Wanted::ByHand => case.outcome == Outcome::ByHand,
            Wanted::Alike => self.alike.contains_key(&case.person),
            Wanted::Normal => self.disposition(case) == Some(Disposition::Normal),
            Wanted::Doubtful => self.disposition(case) == Some(Disposition::Doubtful),
            Wanted::Abnormal => self.disposition(case) == Some(Disposition::Abnormal),
        }
    }

    fn counts(&self) -> Counts {
        let of = |outcome: Outcome| self.cases.iter().filter(|case| case.outcome == outcome).count() as u64;
        let found = |wanted: Disposition| {
            let found = self.cases.iter().filter(|case| self.disposition(case) == Some(wanted));
            found.count() as u64
        };
        Counts {
            people: self.cases.len() as u64,
            photos: self.cohort.photos,
            pairs: self.cohort.pairs,
            matched: of(Outcome::Match),
            unsure: of(Outcome::Unsure),
            no_match: of(Outcome::NoMatch),
            by_hand: of(Outcome::ByHand),
            waiting: self.waiting(),
            normal: found(Disposition::Normal),
            doubtful: found(Disposition::Doubtful),
            abnormal: found(Disposition::Abnormal),
        }
    }

    /// How the sample came out.
    fn sample(&self) -> Sample {
        let sampled = self.cases.iter().filter(|case| case.sampled);
        let (mut size, mut looked_at, mut contradicted) = (0, 0, 0);
        for case in sampled {
            size += 1;
            if let Some(found) = case.disposition {
                looked_at += 1;
                contradicted += u64::from(found != Disposition::Normal);
            }
        }
        Sample {
            percent: self.cohort.sample_percent,
            size,
            looked_at,
            contradicted,
            wrong_at_most: sample::at_most(contradicted, looked_at),
        }
    }

    fn row(&self, conn: &Connection, case: &Kept, actor: &Actor) -> Result<CaseRow> {
        let facts = person::facts(conn, case.person)?.unwrap_or_default();
        let unknown = || Error::failed("read a case", format!("{} holds an unknown word", case.person));
        let disposition = self.disposition(case);
        Ok(CaseRow {
            person: case.person,
            number: dossier::masked_number(facts.student_number.as_deref()),
            name: facts.name,
            college: facts.college.unwrap_or_default(),
            class: facts.class.unwrap_or_default(),
            outcome: from_word(case.outcome.word()).ok_or_else(unknown)?,
            similarity: case.similarity,
            reasons: serde_json::from_str(&case.reasons).or_failed("read a case")?,
            alike: self.alike.get(&case.person).map_or(0, Vec::len) as u64,
            sampled: case.sampled,
            disposition: disposition.map(|found| from_word(found.word()).ok_or_else(unknown)).transpose()?,
            said: self.of_round(case).count() as u64,
            waits: word::waits(case),
            mine: self.has_said(case, actor),
        })
    }

    fn case(&self, office: &Office, actor: &Actor, of: PersonId) -> Result<Case> {
        let at = self.cases.iter().position(|case| case.person == of);
        let (at, case) = at
            .and_then(|at| Some((at, self.cases.get(at)?)))
            .ok_or_else(|| Error::not_found("case_of_cohort", of))?;
        let (row, look_alikes) = office
            .catalog
            .read(|conn| -> Result<_> { Ok((self.row(conn, case, actor)?, self.look_alikes(conn, of)?)) })?;
        let bar = case.bar.as_deref().map(|bar| from_word(bar).ok_or("it holds an unknown word"));
        let (after, before) = (self.cases.iter().skip(at + 1), self.cases.iter().take(at));
        let mut others = after.chain(before);
        Ok(Case {
            bar: bar.transpose().or_failed("read a case")?,
            photos: serde_json::from_str(&case.photos).or_failed("read a case's photos")?,
            pairs: serde_json::from_str(&case.pairs).or_failed("read a case's pairs")?,
            look_alikes,
            consent: case.consent,
            words: self.words_shown(case)?,
            may_say: self.may_say(case, actor),
            may_reopen: self.cohort.is_open() && actor.has(Right::ReviewComparisons) && !word::waits(case),
            next: others.find(|other| self.waits_for(other, actor)).map(|other| other.person),
            row,
        })
    }

    fn look_alikes(&self, conn: &Connection, of: PersonId) -> Result<Vec<LookAlike>> {
        let mut found = Vec::new();
        for alike in self.alike.get(&of).into_iter().flatten() {
            let facts: PersonRecord = person::facts(conn, alike.other)?.unwrap_or_default();
            let Some((_, other)) = photo::get(conn, alike.other_photo)? else { continue };
            let kind = from_word(other.kind.word()).ok_or("it is of an unknown kind");
            found.push(LookAlike {
                photo: alike.photo,
                person: alike.other,
                number: dossier::masked_number(facts.student_number.as_deref()),
                name: facts.name,
                other: alike.other_photo,
                kind: kind.or_failed("read a photo's kind")?,
                similarity: alike.similarity,
            });
        }
        Ok(found)
    }

    /// The words that may be shown: those of the round at hand only once it is settled.
    fn words_shown(&self, case: &Kept) -> Result<Vec<Word>> {
        let said = self.words.get(&case.person).into_iter().flatten();
        let shown = said.filter(|word| word.round < case.round || case.disposition.is_some());
        shown
            .map(|word| {
                let found = from_word(word.disposition.word()).ok_or("it holds an unknown word");
                Ok(Word {
                    round: word.round,
                    by: self.staff.name(&word.by_name),
                    disposition: found.or_failed("read a word")?,
                    note: word.note.clone(),
                    at: word.at,
                })
            })
            .collect()
    }
}

fn to_api(office: &Office, actor: &Actor, row: rows::Cohort) -> Result<Cohort> {
    let name = campaign::find(office, row.campaign)?.name;
    let (facts, signatures, version) = office.office.read(|conn| -> Result<_> {
        let version = calibration::get(conn, row.calibration)?.map(|kept| kept.version).unwrap_or_default();
        let facts = Facts::read_in(conn, row.id)?;
        let signatures = sign::Signatures::read(conn, &facts)?;
        Ok((facts, signatures, version))
    })?;
    let next = signatures.next();
    let state = match (&row.superseded_by, row.signed) {
        (_, true) => CohortState::Signed,
        (Some(_), false) => CohortState::Superseded,
        (None, false) => CohortState::Open,
    };
    Ok(Cohort {
        id: row.id,
        campaign: row.campaign,
        campaign_name: name,
        state,
        at: row.at,
        by: facts.staff.name(&row.by),
        model: row.model.clone(),
        calibration: row.calibration,
        calibration_version: version,
        accept: row.accept,
        reject: row.reject,
        rule_set: row.rule_set.clone(),
        alike: row.alike,
        alike_by_chance: row.alike_by_chance,
        counts: facts.counts(),
        sample: facts.sample(),
        may_sign: row.is_open()
            && facts.waiting() == 0
            && next.is_some_and(|level| signatures.may(actor, level)),
        next: next.filter(|_| row.is_open() && facts.waiting() == 0),
        digest: signatures.digest.clone(),
        signatures: signatures.to_api(&facts.staff)?,
    })
}
