//! Separate consent (单独同意) to having one's face compared: recorded, and withdrawn at any time.

use std::collections::BTreeMap;

use api::ids::{CampaignId, PersonId};
use api::law::{
    Act, Agreed, Bar, Consent, ConsentRecord, ConsentRefused, ConsentRow, ConsentsRecorded, Means,
    NewConsents, Withdrawal,
};
use api::{Flaw, Page, ProblemCode, Right, Slice, school};
use archive::db::office::{consent as rows, notice, opening};
use archive::person::{NameMask, PersonRecord, mask_name};
use jiff::Timestamp;
use serde_json::json;

use super::gate::{Standing, without_guardian};
use super::guardian;
use crate::staff::Staff;
use crate::{
    Actor, Error, Office, Refusal as _, Result, audit, campaign, cohort, compare, dossier, event, from_word,
    word,
};

/// The most that are recorded at once.
const MOST: usize = 5000;

/// The note in the comparisons of whoever withdraws.
const WITHDRAWN: &str = "consent withdrawn";

/// Records that people agreed. What can't be recorded of one keeps nobody else's from being so.
///
/// # Errors
///
/// Without the right `record_consents`; `not-found`; `no-ground` without a notice, or once comparing has ended;
/// `bad-field` for a version that is none or is out of date, for a day before it was published or yet to come, and for
/// more people than 5000.
pub fn record(office: &Office, actor: &Actor, id: CampaignId, new: &NewConsents) -> Result<ConsentsRecorded> {
    actor.may(Right::RecordConsents)?;
    campaign::find(office, id)?;
    if new.people.len() > MOST {
        return Err(Error::bad_field("people", Flaw::TooManyPeople { max: MOST }));
    }
    let people = campaign::people(office, id)?;
    let by_number: BTreeMap<&str, PersonId> = people
        .iter()
        .filter_map(|(person, facts)| Some((facts.student_number.as_deref()?, *person)))
        .collect();
    let facts: BTreeMap<PersonId, &PersonRecord> =
        people.iter().map(|(person, facts)| (*person, facts)).collect();
    let whose = |agreed: &Agreed| {
        let number = agreed.student_number.as_deref().map(str::trim);
        agreed.person.or_else(|| by_number.get(number?).copied()).filter(|person| facts.contains_key(person))
    };
    office.office.write(|tx| -> Result<ConsentsRecorded> {
        day_is_right(tx, id, new)?;
        let mut recorded = ConsentsRecorded::default();
        for (place, agreed) in (0..).zip(&new.people) {
            let person = whose(agreed).ok_or(Bar::NoCampaign);
            let fit = person.and_then(|person| {
                let facts = facts.get(&person).copied();
                let missing = without_guardian(facts, new.given).filter(|_| agreed.guardian.is_none());
                missing.map_or(Ok(person), Err)
            });
            let fit = match fit {
                Ok(person) if is_older_than_withdrawal(tx, id, person, new)? => Err(Bar::ConsentWithdrawn),
                fit => fit,
            };
            match fit {
                Err(reason) => recorded.refused.push(ConsentRefused { place, reason }),
                Ok(person) => {
                    keep(office, actor, tx, (id, person), new, agreed)?;
                    recorded.recorded += 1;
                }
            }
        }
        audit::record_in(tx, actor, "consent.record", Some(&id.to_string()), true)?;
        Ok(recorded)
    })
}

/// Whether what is put in fits the notice: nobody agrees to what was not published yet, or says something else by now.
fn day_is_right(tx: &archive::db::Transaction<'_>, id: CampaignId, new: &NewConsents) -> Result<()> {
    let no_ground = |bar: Bar| Error::refused(ProblemCode::NoGround, [("reason", word(&bar))]);
    let standing = Standing::read(tx, id)?;
    if let Some(bar @ (Bar::ComparingEnded | Bar::NoNotice)) = standing.bar {
        return Err(no_ground(bar));
    }
    let notices = notice::of(tx, id)?;
    let read = notices.iter().find(|row| row.version == new.notice);
    let read = read.ok_or_else(|| Error::bad_field("notice", Flaw::Unknown))?;
    if standing.is_outdated(new.notice) {
        return Err(Error::bad_field("notice", Flaw::Outdated));
    }
    if new.given < school::day(read.at) {
        return Err(Error::bad_field("given", Flaw::BeforeNotice));
    }
    if new.given > school::day(Timestamp::now()) {
        return Err(Error::bad_field("given", Flaw::NotYet));
    }
    Ok(())
}

/// A paper signed before somebody withdrew gives nothing back.
fn is_older_than_withdrawal(
    tx: &archive::db::Transaction<'_>,
    id: CampaignId,
    person: PersonId,
    new: &NewConsents,
) -> Result<bool> {
    let last = rows::last(tx, id, person)?;
    Ok(last.and_then(|last| last.withdrawn).is_some_and(|(at, _)| new.given < school::day(at)))
}

fn keep(
    office: &Office,
    actor: &Actor,
    tx: &archive::db::Transaction<'_>,
    (campaign, person): (CampaignId, PersonId),
    new: &NewConsents,
    agreed: &Agreed,
) -> Result<()> {
    let guardian = agreed.guardian.as_ref();
    let row = rows::Consent {
        number: 0,
        campaign,
        person,
        notice: new.notice,
        means: match new.means {
            Means::Paper => rows::Means::Paper,
            Means::Screen => rows::Means::Screen,
        },
        given: new.given,
        guardian: guardian.map(|one| guardian::seal(office, campaign, person, one)).transpose()?,
        recorded: dossier::now(),
        recorded_by: actor.account.clone(),
        withdrawn: None,
    };
    let number = rows::insert(tx, &row)?;
    let detail = json!({
        "campaign": campaign, "notice": row.notice, "means": row.means.word(), "given": row.given,
        "guardian": row.guardian.is_some(),
    });
    event::queue(tx, actor, "consent.recorded", person, &number.to_string(), &detail)
}

/// Withdraws a person's consent. From now on their face is not compared; what waits for a decision is left to a person,
/// and its pixels go.
///
/// # Errors
///
/// Without the right `record_consents`; `not-found`; `wrong-state` when none stands.
pub fn withdraw(
    office: &Office,
    actor: &Actor,
    id: CampaignId,
    request: Withdrawal,
) -> Result<ConsentRecord> {
    actor.may(Right::RecordConsents)?;
    campaign::find(office, id)?;
    let person = request.person;
    let (row, probes) = office.office.write(|tx| -> Result<_> {
        let last = rows::last(tx, id, person)?.ok_or_else(|| Error::not_found(PersonId::KIND, person))?;
        let at = dossier::now();
        if !rows::withdraw(tx, id, person, at, &actor.account)? {
            let params = [
                ("kind", "consent".to_owned()),
                ("id", person.to_string()),
                ("state", "withdrawn".to_owned()),
            ];
            return Err(Error::refused(ProblemCode::WrongState, params));
        }
        let mut probes = Vec::new();
        for (comparison, _) in opening::undecided(tx, id)?.into_iter().filter(|(_, whose)| *whose == person) {
            probes.extend(compare::leave_to_hand(tx, actor, comparison, WITHDRAWN)?);
        }
        cohort::withdrawn(tx, actor, id, person)?;
        let detail = json!({ "campaign": id, "probes": probes.len() });
        event::queue(tx, actor, "consent.withdrawn", person, &last.number.to_string(), &detail)?;
        audit::record_in(tx, actor, "consent.withdraw", Some(&person.to_string()), true)?;
        let withdrawn = Some((at, actor.account.clone()));
        Ok((rows::Consent { withdrawn, ..last }, probes))
    })?;
    for probe in probes {
        compare::drop_pixels(office, Some(probe));
    }
    let staff = Staff::of(office)?;
    Ok(ConsentRecord { consent: to_api(&row, &staff)?, guardian: None })
}

/// A part of a campaign's roster, masked, with who agreed; `barred`: only those who may not be compared, or only the
/// others.
///
/// # Errors
///
/// Without the right `record_consents`, `manage_campaigns` or `compare`; `not-found`.
pub fn list(
    office: &Office,
    actor: &Actor,
    id: CampaignId,
    barred: Option<bool>,
    slice: Slice,
) -> Result<Page<ConsentRow>> {
    actor.may_any(&READERS)?;
    campaign::find(office, id)?;
    let mut found = bars(office, id)?;
    found.retain(|(_, _, bar)| barred.is_none_or(|barred| bar.is_some() == barred));
    let total = found.len() as u64;
    let given = office.office.read(|conn| rows::of_campaign(conn, id))?;
    let staff = Staff::of(office)?;
    let part = found.into_iter().skip(slice.offset as usize).take(slice.limit.min(500) as usize);
    let items = part.map(|(person, facts, bar)| {
        let consent = given.get(&person).map(|row| to_api(row, &staff)).transpose()?;
        Ok(ConsentRow {
            person,
            name: mask_name(&facts.name, NameMask::default()),
            student_number: dossier::masked_number(facts.student_number.as_deref()),
            class: facts.class.unwrap_or_default(),
            bar,
            consent,
        })
    });
    Ok(Page { items: items.collect::<Result<_>>()?, total })
}

/// The rights of which any one lets somebody see who agreed.
pub const READERS: [Right; 3] = [Right::RecordConsents, Right::ManageCampaigns, Right::Compare];

/// Every consent of a person in a campaign, newest first, with the guardians.
///
/// # Errors
///
/// Without the right `record_consents` or a purpose.
pub fn history(
    office: &Office,
    actor: &Actor,
    id: CampaignId,
    person: PersonId,
) -> Result<Vec<ConsentRecord>> {
    audit::recorded(office, actor, "consent.read", Some(&person.to_string()), || {
        actor.may(Right::RecordConsents)?;
        actor.purpose()?;
        campaign::find(office, id)?;
        let (found, staff) = office
            .office
            .read(|conn| -> Result<_> { Ok((rows::history(conn, id, person)?, Staff::read(conn)?)) })?;
        let record = |row: &rows::Consent| {
            let guardian = row.guardian.as_deref();
            let guardian = guardian.map(|sealed| guardian::open(office, id, person, sealed)).transpose()?;
            Ok(ConsentRecord { consent: to_api(row, &staff)?, guardian })
        };
        found.iter().map(record).collect()
    })
}

/// Everybody on a campaign's roster, in its order, and why their own consent bars the way, if it does.
pub(super) fn bars(office: &Office, id: CampaignId) -> Result<Vec<(PersonId, PersonRecord, Option<Bar>)>> {
    let people = campaign::people(office, id)?;
    office.office.read(|conn| {
        let standing = Standing::read(conn, id)?;
        let given = rows::of_campaign(conn, id)?;
        Ok(people
            .into_iter()
            .map(|(person, facts)| {
                let bar = standing.of_consent(given.get(&person), Some(&facts));
                (person, facts, bar)
            })
            .collect())
    })
}

fn to_api(row: &rows::Consent, staff: &Staff) -> Result<Consent> {
    let unknown = "it holds an unknown word";
    Ok(Consent {
        notice: row.notice,
        means: from_word(row.means.word()).ok_or(unknown).or_failed("read a consent")?,
        given: row.given,
        has_guardian: row.guardian.is_some(),
        recorded: Act { by: staff.name(&row.recorded_by), at: row.recorded },
        withdrawn: row.withdrawn.as_ref().map(|(at, by)| Act { by: staff.name(by), at: *at }),
    })
}
