//! Campaigns: one cohort, its roster, its dates.

use std::collections::BTreeMap;

use api::campaign::{
    Campaign, CampaignCounts, CampaignKind, NewCampaign, PhotoState, RosterRow, RuleSetSummary, RuleSummary,
};
use api::import::ImportFile;
use api::job::{Job, JobKind};
use api::{Flaw, Page, Right, Slice, ids::CampaignId, ids::PersonId};
use archive::db::catalog::{person, photo};
use archive::db::office::{campaign as rows, roster, token, vendor};
use archive::dossier::PhotoKind;
use archive::person::{NameMask, PersonRecord, mask_name};
use jiff::{Timestamp, Zoned};
use verify::standard::RuleSet;

use crate::{Actor, Error, Office, Refusal as _, Result, audit, dossier, event, face, import, job, word};

/// The built-in rule sets, the usual one first.
const RULE_SETS: [&str; 2] = ["jbz-2017-99", "demo-relaxed"];

/// The rights of which any one lets somebody see campaigns.
pub const READERS: [Right; 6] = [
    Right::ManageCampaigns,
    Right::Import,
    Right::ReadDeliveries,
    Right::Compare,
    Right::Calibrate,
    Right::ReadCohorts,
];

/// Creates a campaign.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `bad-field` when a date, the year, the rule set or the vendor is not right.
pub fn create(office: &Office, actor: &Actor, new: NewCampaign) -> Result<Campaign> {
    actor.may(Right::ManageCampaigns)?;
    check(office, &new)?;
    let row = rows::Campaign {
        id: CampaignId::new(),
        name: new.name.trim().to_owned(),
        kind: from_api(new.kind),
        year: new.year,
        capture_from: new.capture_from,
        capture_until: new.capture_until,
        deliver_by: new.deliver_by,
        rule_set: new.rule_set,
        vendor: new.vendor,
        created: Timestamp::now(),
    };
    office.office.write(|tx| -> Result<()> {
        rows::insert(tx, &row)?;
        let detail = serde_json::json!({"kind": row.kind, "year": row.year, "rule_set": row.rule_set});
        event::queue(tx, actor, "campaign.created", row.id, "", &detail)?;
        audit::record_in(tx, actor, "campaign.create", Some(&row.id.to_string()), true)
    })?;
    to_api(office, row)
}

fn check(office: &Office, new: &NewCampaign) -> Result<()> {
    let length = new.name.trim().chars().count();
    if !(1..=100).contains(&length) {
        return Err(Error::bad_field("campaign_name", Flaw::Length { min: 1, max: 100 }));
    }
    if !(1990..=2200).contains(&new.year) {
        return Err(Error::bad_field("year", Flaw::Range { min: 1990, max: 2200 }));
    }
    if new.capture_until < new.capture_from {
        return Err(Error::bad_field("capture_until", Flaw::BeforeCapture));
    }
    if new.deliver_by < new.capture_from {
        return Err(Error::bad_field("deliver_by", Flaw::BeforeCapture));
    }
    rule_set(&new.rule_set)?;
    if let Some(id) = new.vendor {
        let known = office.office.read(|conn| vendor::get(conn, id))?;
        known.ok_or_else(|| Error::bad_field("vendor", Flaw::Unknown))?;
    }
    Ok(())
}

/// The rule set of a name.
///
/// # Errors
///
/// `bad-field` when there is none of that name.
pub fn rule_set(name: &str) -> Result<RuleSet> {
    RuleSet::built_in(name)
        .or_failed("read a built-in rule set")?
        .ok_or_else(|| Error::bad_field("rule_set", Flaw::Unknown))
}

/// Every campaign, newest first.
///
/// # Errors
///
/// Without a right that has to do with campaigns.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<Campaign>> {
    actor.may_any(&READERS)?;
    office.office.read(rows::list)?.into_iter().map(|row| to_api(office, row)).collect()
}

/// A campaign and how far it is.
///
/// # Errors
///
/// As [`list`]; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: CampaignId) -> Result<Campaign> {
    actor.may_any(&READERS)?;
    to_api(office, find(office, id)?)
}

/// The campaign's row.
///
/// # Errors
///
/// `not-found`.
pub fn find(office: &Office, id: CampaignId) -> Result<rows::Campaign> {
    office.office.read(|conn| rows::get(conn, id))?.ok_or_else(|| Error::not_found(CampaignId::KIND, id))
}

/// A part of a campaign's roster, names and numbers masked.
///
/// # Errors
///
/// As [`get`].
pub fn roster(office: &Office, actor: &Actor, id: CampaignId, slice: Slice) -> Result<Page<RosterRow>> {
    actor.may_any(&READERS)?;
    let campaign = find(office, id)?;
    let entries = office.office.read(|conn| roster::entries(conn, id))?;
    let total = entries.len() as u64;
    let overdue = is_overdue(&campaign);
    let part = entries.into_iter().skip(slice.offset as usize).take(slice.limit.min(500) as usize);
    let items = office.catalog.read(|conn| {
        part.map(|entry| {
            let facts = person::facts(conn, entry.person)?.unwrap_or_default();
            let accepted = entry.accepted || has_photo(conn, &campaign, entry.person)?;
            Ok(RosterRow {
                person: entry.person,
                name: mask_name(&facts.name, NameMask::default()),
                student_number: dossier::masked_number(facts.student_number.as_deref()),
                college: facts.college.unwrap_or_default(),
                class: facts.class.unwrap_or_default(),
                token: entry.token,
                photo: match (accepted, entry.delivered, overdue) {
                    (true, ..) => PhotoState::Accepted,
                    (_, true, _) => PhotoState::Delivered,
                    (_, _, true) => PhotoState::Late,
                    _ => PhotoState::Awaited,
                },
            })
        })
        .collect::<Result<_>>()
    })?;
    Ok(Page { items, total })
}

/// The people on a campaign's roster with their facts, in the roster's order.
///
/// # Errors
///
/// When a store can't be read.
pub fn people(office: &Office, id: CampaignId) -> Result<Vec<(PersonId, PersonRecord)>> {
    let people = office.office.read(|conn| roster::people(conn, id))?;
    office.catalog.read(|conn| {
        let known = people.into_iter().map(|id| Ok((id, person::facts(conn, id)?)));
        let known: Result<Vec<_>> = known.collect();
        Ok(known?.into_iter().filter_map(|(id, facts)| Some((id, facts?))).collect())
    })
}

/// Imports an uploaded roster: the job replaces the campaign's roster, or changes nothing at all.
///
/// # Errors
///
/// Without the right `import`; `not-found`.
pub fn import_roster(office: &Office, actor: &Actor, id: CampaignId, file: ImportFile) -> Result<Job> {
    actor.may(Right::Import)?;
    find(office, id)?;
    crate::upload::find(office, actor, file.upload)?;
    let params = import::Params { upload: file.upload, kind: None };
    job::enqueue(office, actor, JobKind::ImportRoster, Some(id.to_string()), &params)
}

/// The photo rules that campaigns can be held to.
///
/// # Errors
///
/// When a built-in rule set can't be read.
pub fn rule_sets() -> Result<Vec<RuleSetSummary>> {
    RULE_SETS.iter().map(|name| rule_set(name).map(|set| summary(&set))).collect()
}

fn summary(set: &RuleSet) -> RuleSetSummary {
    let rules = set.rules.iter().map(|rule| RuleSummary {
        code: rule.code.clone(),
        severity: word(&rule.severity),
        text: rule.text.clone(),
        limit: rule.check.limit().as_ref().map(face::limit),
    });
    RuleSetSummary {
        name: set.id.clone(),
        version: set.version.clone(),
        title: set.title.clone(),
        source: set.source.clone(),
        rules: rules.collect(),
    }
}

fn to_api(office: &Office, row: rows::Campaign) -> Result<Campaign> {
    let counts = counts(office, &row)?;
    Ok(Campaign {
        id: row.id,
        created: row.created,
        counts,
        facts: NewCampaign {
            name: row.name,
            kind: match row.kind {
                rows::CampaignKind::Enrolment => CampaignKind::Enrolment,
                rows::CampaignKind::Graduation => CampaignKind::Graduation,
            },
            year: row.year,
            capture_from: row.capture_from,
            capture_until: row.capture_until,
            deliver_by: row.deliver_by,
            rule_set: row.rule_set,
            vendor: row.vendor,
        },
    })
}

fn counts(office: &Office, campaign: &rows::Campaign) -> Result<CampaignCounts> {
    let (people, tokens) = office.office.read(|conn| -> Result<_> {
        Ok((roster::people(conn, campaign.id)?, token::count(conn, campaign.id)?))
    })?;
    let kinds = office.catalog.read(photo::current_kinds)?;
    let mut by_person: BTreeMap<PersonId, Vec<PhotoKind>> = BTreeMap::new();
    for (person, kind) in kinds {
        by_person.entry(person).or_default().push(kind);
    }
    let with = |kind: PhotoKind| {
        let has = |person: &&PersonId| by_person.get(*person).is_some_and(|kinds| kinds.contains(&kind));
        people.iter().filter(has).count() as u64
    };
    let roster = people.len() as u64;
    let accepted = with(photo_kind(campaign.kind));
    Ok(CampaignCounts {
        roster,
        admission_photos: with(PhotoKind::Admission),
        tokens,
        accepted,
        late: if is_overdue(campaign) { roster - accepted } else { 0 },
    })
}

/// Which photo a campaign brings in.
#[must_use]
pub const fn photo_kind(kind: rows::CampaignKind) -> PhotoKind {
    match kind {
        rows::CampaignKind::Enrolment => PhotoKind::Enrolment,
        rows::CampaignKind::Graduation => PhotoKind::Graduation,
    }
}

fn has_photo(conn: &archive::db::Connection, campaign: &rows::Campaign, person: PersonId) -> Result<bool> {
    Ok(photo::current(conn, person, photo_kind(campaign.kind))?.is_some())
}

/// Whether the last day on which a delivery is on time has passed, by the clock on the wall.
fn is_overdue(campaign: &rows::Campaign) -> bool {
    Zoned::now().date() > campaign.deliver_by
}

const fn from_api(kind: CampaignKind) -> rows::CampaignKind {
    match kind {
        CampaignKind::Enrolment => rows::CampaignKind::Enrolment,
        CampaignKind::Graduation => rows::CampaignKind::Graduation,
    }
}
