//! The job: everybody's photos compared with each other and with everybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use api::cohort::{NewCohort, Outcome};
use api::ids::{CampaignId, CohortId, PersonId};
use api::law::Bar;
use archive::db::Transaction;
use archive::db::office::calibration::Calibration;
use archive::db::office::{campaign, cohort as rows, cohort_alike, cohort_case, cohort_other};
use serde_json::json;
use verify::{Engine, Gallery, Thresholds};

use super::alike::{self, Alike, Standard};
use super::evidence::without_figures;
use super::look::{Look, Person};
use super::{others, sample};
use crate::job::Ctx;
use crate::law::gate::{self, Listed, Permit};
use crate::law::journal::Journal;
use crate::{Actor, Error, Refusal as _, Result, audit, dossier, event, face, word};

/// The job's body. What it finds is kept all at once at its end, so that an interrupted run leaves nothing.
///
/// # Errors
///
/// `no-ground`, `no-calibration`, `calibration-of-another-model` as at the start; `not-found`.
pub fn run(ctx: &Ctx<'_>) -> Result<()> {
    let request: NewCohort = ctx.params()?;
    let (campaign, id): (CampaignId, _) = (ctx.subject()?, CohortId::from_uuid(ctx.id().uuid()));
    if ctx.done_before("cohort.compared", &id.to_string())? {
        return Ok(());
    }
    let office = ctx.office();
    let engine = office.engine()?;
    let (calibration, thresholds) = super::ready(office, campaign)?;
    let kept = office.office.read(|conn| campaign::get(conn, campaign))?;
    let rule_set = kept.ok_or_else(|| Error::not_found(CampaignId::KIND, campaign))?.rule_set;
    let rules = face::rules(&rule_set)?;
    let look = Look { office, rules: &rules, thresholds: &thresholds, judges: true };
    let mut people = people(ctx, "embedding", campaign, gate::of_roster(office, campaign)?, &engine, &look)?;
    let look = Look { judges: false, ..look };
    let others = strangers(ctx, &request.other_campaigns, &people, &engine, &look)?;
    ctx.progress("comparing", 0, 0);
    ctx.go_on()?;
    let (standard, found) = look_alikes(&people, &others, &thresholds, &calibration)?;
    let in_doubt: BTreeSet<PersonId> = found.iter().map(|alike| alike.person).collect();
    for person in people.iter_mut().filter(|person| in_doubt.contains(&person.id)) {
        person.evidence.doubt();
    }
    ctx.progress("storing", 0, 0);
    ctx.go_on()?;
    let actor = ctx.actor()?;
    let cohort = rows::Cohort {
        id,
        campaign,
        at: dossier::now(),
        by: actor.account.clone(),
        calibration: calibration.id,
        model: engine.model().to_string(),
        accept: calibration.accept,
        reject: calibration.reject,
        rule_set,
        alike: standard.threshold.cosine(),
        alike_by_chance: standard.by_chance,
        sample_percent: request.sample_percent,
        photos: people.iter().flat_map(|person| &person.looked).filter(|one| one.template.is_some()).count()
            as u64,
        pairs: people.iter().map(|person| person.evidence.pairs.len() as u64).sum(),
        others: in_numbers(&request.other_campaigns, &others),
        superseded_by: None,
        signed: false,
    };
    let counts = office.office.write(|tx| keep(tx, ctx, &actor, &cohort, &people, &others, &found))?;
    counts.iter().for_each(|(name, count)| ctx.result(name, *count));
    Ok(())
}

/// Everybody who is listed, with the pairs of their own photos. What was seen is kept under the key of their campaign.
fn people(
    ctx: &Ctx<'_>,
    phase: &'static str,
    campaign: CampaignId,
    listed: Vec<Listed>,
    engine: &Engine,
    look: &Look<'_>,
) -> Result<Vec<Person>> {
    let journal = Journal::open(ctx.office(), campaign, ctx.id(), &face::seen_by(engine, look.rules)?)?;
    let (total, done) = (listed.len() as u64, AtomicU64::new(0));
    let answers = engine.batch(listed, |engine, listed| -> Result<Person> {
        ctx.go_on()?;
        let person = look.at(engine, &journal, listed)?;
        ctx.progress(phase, 1 + done.fetch_add(1, Ordering::Relaxed), total);
        Ok(person)
    });
    answers.into_iter().collect()
}

/// The people of these campaigns who are not of the cohort, each once.
fn strangers(
    ctx: &Ctx<'_>,
    campaigns: &[CampaignId],
    own: &[Person],
    engine: &Engine,
    look: &Look<'_>,
) -> Result<Vec<Person>> {
    let mut met: BTreeSet<PersonId> = own.iter().map(|person| person.id).collect();
    let mut found = Vec::new();
    for campaign in campaigns {
        let listed = others::people(ctx.office(), *campaign, &met)?;
        met.extend(listed.iter().map(|(person, _)| *person));
        found.extend(people(ctx, "embedding_others", *campaign, listed, engine, look)?);
    }
    Ok(found)
}

/// How many people of each campaign there were.
fn in_numbers(campaigns: &[CampaignId], others: &[Person]) -> Vec<rows::OtherCampaign> {
    let of = |campaign| {
        others
            .iter()
            .filter(move |person| person.permit.as_ref().is_ok_and(|permit| permit.campaign == campaign))
    };
    let campaigns = campaigns.iter().copied();
    campaigns.map(|campaign| rows::OtherCampaign { campaign, people: of(campaign).count() as u64 }).collect()
}

/// How many pairs of photos of different people there are, of which one is of the cohort.
fn pairs_of_strangers(people: &[Person], others: &[Person]) -> u64 {
    let photos = |person: &Person| person.looked.iter().filter(|one| one.template.is_some()).count() as u64;
    let each = people.iter().map(photos);
    let (all, squares) = each.fold((0, 0), |(all, squares), own| (all + own, squares + own * own));
    (all * all - squares) / 2 + all * others.iter().map(photos).sum::<u64>()
}

/// From what on two people's photos are too much alike, and every such pair, seen from everybody of the cohort in it.
fn look_alikes(
    people: &[Person],
    others: &[Person],
    thresholds: &Thresholds,
    calibration: &Calibration,
) -> Result<(Standard, Vec<Alike>)> {
    let mut gallery = Gallery::new(thresholds.model().clone());
    for (at, person) in people.iter().chain(others).enumerate() {
        for one in &person.looked {
            if let Some(template) = &one.template {
                gallery.insert((at, one.photo.id), template).or_failed("gather templates")?;
            }
        }
    }
    let mut pairs = gallery.look_alikes(thresholds.accept());
    // Those of the cohort lie before all others. Nobody asked about two of these.
    pairs.retain(|(hit, other)| hit.key.0 != other.0 && hit.key.0.min(other.0) < people.len());
    let whose = pairs.iter().map(|(hit, other)| ((hit.key.0, other.0), hit.similarity));
    let chance = pairs_of_strangers(people, others);
    let standard = Standard::of(calibration, chance)?.for_people(people.len(), whose);
    let person = |at: usize| people.get(at).or_else(|| others.get(at.checked_sub(people.len())?));
    let mut found = Vec::new();
    for (hit, other) in pairs {
        let ((at, photo), (other, other_photo)) = (hit.key.min(other), hit.key.max(other));
        let (Some(one), Some(two)) = (person(at), person(other)) else { continue };
        let own = (one.evidence.best_own(photo), two.evidence.best_own(other_photo));
        if standard.is_too_much(hit.similarity, thresholds.accept(), own) {
            let similarity = hit.similarity.cosine();
            let campaign = two.permit.as_ref().ok().map(|permit| permit.campaign);
            let campaign = campaign.filter(|_| other >= people.len());
            let seen = Alike { person: one.id, photo, other: two.id, other_photo, similarity, campaign };
            found.push(seen);
            found.extend(seen.from_the_other());
        }
    }
    Ok((standard, alike::most_alike(found)))
}

/// Keeps a cohort with its cases. Whoever withdrew meanwhile is looked at by hand.
fn keep(
    tx: &Transaction<'_>,
    ctx: &Ctx<'_>,
    actor: &Actor,
    cohort: &rows::Cohort,
    people: &[Person],
    others: &[Person],
    found: &[Alike],
) -> Result<BTreeMap<&'static str, u64>> {
    rows::insert(tx, cohort)?;
    let mut taken_back = BTreeMap::new();
    for campaign in cohort.others.iter().map(|other| other.campaign).chain([cohort.campaign]) {
        let permits = people.iter().chain(others).filter_map(|person| person.permit.as_ref().ok());
        taken_back.extend(gate::taken_back(
            tx,
            campaign,
            permits.filter(|permit| permit.campaign == campaign),
        )?);
    }
    for (person, permit) in others.iter().filter_map(|person| Some((person.id, person.permit.as_ref().ok()?)))
    {
        if !taken_back.contains_key(&person) {
            let (campaign, consent) = (permit.campaign, permit.consent());
            cohort_other::insert(tx, cohort.id, &cohort_other::Other { person, campaign, consent })?;
        }
    }
    let is_clear =
        |person: &&Person| person.evidence.outcome == Outcome::Match && !taken_back.contains_key(&person.id);
    let clear: Vec<PersonId> = people.iter().filter(is_clear).map(|person| person.id).collect();
    let sample: BTreeSet<_> = sample::draw(cohort.id, &clear, cohort.sample_percent).into_iter().collect();
    let mut counts = BTreeMap::from([
        ("people", people.len() as u64),
        ("photos", cohort.photos),
        ("others", others.len() as u64),
        ("match", 0),
        ("unsure", 0),
        ("no_match", 0),
        ("by_hand", 0),
    ]);
    for (position, person) in (0..).zip(people) {
        let row = row(person, position, taken_back.get(&person.id).copied(), sample.contains(&person.id))?;
        let name = match row.outcome {
            cohort_case::Outcome::Match => "match",
            cohort_case::Outcome::Unsure => "unsure",
            cohort_case::Outcome::NoMatch => "no_match",
            cohort_case::Outcome::ByHand => "by_hand",
        };
        *counts.entry(name).or_default() += 1;
        cohort_case::insert(tx, cohort.id, &row)?;
    }
    let stand =
        |alike: &&Alike| !taken_back.contains_key(&alike.person) && !taken_back.contains_key(&alike.other);
    for alike in found.iter().filter(stand) {
        cohort_alike::insert(tx, cohort.id, alike)?;
    }
    event::queue(tx, actor, "cohort.compared", cohort.id, &ctx.id().to_string(), &counts)?;
    audit::record_in(tx, actor, "job.compare_cohort", Some(&cohort.campaign.to_string()), true)?;
    Ok(counts)
}

fn row(person: &Person, position: u32, taken_back: Option<Bar>, sampled: bool) -> Result<cohort_case::Case> {
    let bar = taken_back.or(person.permit.err());
    let json = |value: &serde_json::Value| value.to_string();
    let nothing = || "[]".to_owned();
    let evidence = &person.evidence;
    let mut row = cohort_case::Case {
        person: person.id,
        position,
        outcome: word(&evidence.outcome).parse().or_failed("write an outcome")?,
        bar: bar.as_ref().map(word),
        similarity: evidence.similarity,
        reasons: json(&json!(evidence.reasons)),
        photos: json(&json!(evidence.photos)),
        pairs: json(&json!(evidence.pairs)),
        consent: person.permit.as_ref().ok().map(Permit::consent),
        sampled,
        contested: false,
        round: 1,
        disposition: None,
    };
    if bar.is_some() {
        row.outcome = cohort_case::Outcome::ByHand;
        (row.similarity, row.consent) = (None, None);
        (row.reasons, row.pairs) = (nothing(), nothing());
        row.photos = json(&json!(without_figures(&evidence.photos)));
    }
    Ok(row)
}
