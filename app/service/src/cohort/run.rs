//! The job: everybody's photos compared with each other and with everybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::cohort::{CasePhoto, NewCohort, Outcome};
use api::dossier::PhotoKind;
use api::ids::{CampaignId, CohortId, PersonId};
use api::law::Bar;
use archive::db::Transaction;
use archive::db::catalog;
use archive::db::office::calibration::Calibration;
use archive::db::office::{campaign, cohort as rows, cohort_alike, cohort_case};
use archive::dossier::{Holdings, Photo};
use serde_json::json;
use verify::standard::RuleSet;
use verify::{Engine, EngineError, Gallery, Template, Thresholds};

use super::alike::{self, Alike, Standard};
use super::evidence::{Evidence, Looked, without_figures};
use super::sample;
use crate::job::Ctx;
use crate::law::gate::{self, Permit};
use crate::law::journal::Journal;
use crate::{
    Actor, Error, Office, Refusal as _, Result, audit, compare, dossier, event, face, from_word, word,
};

/// The kinds of photo on which a person is captured, and which are held to the rules.
const CAPTURED: [PhotoKind; 2] = [PhotoKind::Enrolment, PhotoKind::Graduation];

/// Somebody of the roster with what was found out.
struct Person {
    id: PersonId,
    permit: std::result::Result<Permit, Bar>,
    evidence: Evidence,
    looked: Vec<Looked>,
}

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
    let mut people = people(ctx, campaign, &engine, &rules, &thresholds)?;
    ctx.progress("comparing", 0, 0);
    ctx.go_on()?;
    let (standard, found) = look_alikes(&people, &thresholds, &calibration)?;
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
        superseded_by: None,
        signed: false,
    };
    let counts = office.office.write(|tx| keep(tx, ctx, &actor, &cohort, &people, &found))?;
    counts.iter().for_each(|(name, count)| ctx.result(name, *count));
    Ok(())
}

/// Everybody on the roster, with the pairs of their own photos.
fn people(
    ctx: &Ctx<'_>,
    campaign: CampaignId,
    engine: &Engine,
    rules: &Arc<RuleSet>,
    thresholds: &Thresholds,
) -> Result<Vec<Person>> {
    let office = ctx.office();
    let journal = Journal::open(office, campaign, ctx.id(), &face::seen_by(engine, rules)?)?;
    let listed = gate::of_roster(office, campaign)?;
    let (total, done) = (listed.len() as u64, AtomicU64::new(0));
    let answers = engine.batch(listed, |engine, (id, permit)| -> Result<Person> {
        ctx.go_on()?;
        let photos = photos_of(office, id)?;
        let looked: Vec<Looked> = match permit {
            Ok(_) => {
                let look = |photo: &Photo| {
                    let seen = journal.look(&photo.id.to_string(), || look(office, engine, rules, id, photo));
                    seen.map(|(photo, template)| Looked { photo, template })
                };
                photos.iter().map(look).collect::<Result<_>>()?
            }
            // Named, for whoever looks without a machine, and not opened.
            Err(_) => photos.iter().map(unseen).collect::<Result<_>>()?,
        };
        let mut evidence = Evidence::of(&looked, thresholds)?;
        if permit.is_err() {
            // Not for want of a photo.
            evidence.reasons.clear();
        }
        ctx.progress("embedding", 1 + done.fetch_add(1, Ordering::Relaxed), total);
        Ok(Person { id, permit, evidence, looked })
    });
    answers.into_iter().collect()
}

/// A person's photos. The same bytes count once, and an original is the photo it became.
fn photos_of(office: &Office, person: PersonId) -> Result<Vec<Photo>> {
    let mut photos = office.catalog.read(|conn| catalog::photo::of(conn, person))?;
    photos
        .retain(|photo| photo.superseded_by.is_none() && photo.kind != archive::dossier::PhotoKind::Original);
    photos.sort_by(|a, b| (a.kind, &a.sha256).cmp(&(b.kind, &b.sha256)));
    photos.dedup_by(|a, b| a.sha256 == b.sha256);
    Ok(photos)
}

/// A photo before it is looked at.
fn unseen(photo: &Photo) -> Result<Looked> {
    let kind = from_word(photo.kind.word()).ok_or("it is of an unknown kind");
    let photo = CasePhoto {
        id: photo.id,
        kind: kind.or_failed("read a photo's kind")?,
        sha256: photo.sha256.clone(),
        refusal: None,
        hinders: Vec::new(),
    };
    Ok(Looked { photo, template: None })
}

/// Looks at a photo: what is kept of it, and the template of its one face.
fn look(
    office: &Office,
    engine: &Engine,
    rules: &Arc<RuleSet>,
    person: PersonId,
    photo: &Photo,
) -> Result<(CasePhoto, Option<Template>)> {
    let mut kept = unseen(photo)?.photo;
    // A photo that can't be read is a matter of the archive's health; this person is looked at by hand.
    let bytes = Holdings::new(&office.archive, &office.catalog).photo(person, photo);
    let Ok(Some(bytes)) = bytes.inspect_err(|error| {
        tracing::warn!(error = %error, "Could not read {} to compare it.", photo.id);
    }) else {
        kept.refusal = Some("unreadable".to_owned());
        return Ok((kept, None));
    };
    let seen = if CAPTURED.contains(&kept.kind) {
        engine.analyse_patiently(bytes, rules).and_then(|seen| {
            let hindering = seen.summary.findings.iter().filter(|found| compare::hinders(found));
            kept.hinders = hindering.map(|found| found.code.clone()).collect();
            seen.face.map(|face| face.template).map_err(EngineError::from)
        })
    } else {
        engine.template_patiently(bytes, &rules.faces)
    };
    match seen {
        Ok(template) => return Ok((kept, Some(template))),
        Err(EngineError::Refused(refusal)) => kept.refusal = Some(refusal.code().to_owned()),
        Err(EngineError::Lost) => kept.refusal = Some("unreadable".to_owned()),
        Err(error @ (EngineError::Busy | EngineError::Model(_))) => {
            return Err(Error::failed("look at a photo", error));
        }
    }
    Ok((kept, None))
}

/// How many pairs of photos of different people there are.
fn pairs_of_strangers(people: &[Person]) -> u64 {
    let each =
        people.iter().map(|person| person.looked.iter().filter(|one| one.template.is_some()).count() as u64);
    let (all, squares) = each.fold((0, 0), |(all, squares), own| (all + own, squares + own * own));
    (all * all - squares) / 2
}

/// From what on two people's photos are too much alike, and every such pair, seen from both.
fn look_alikes(
    people: &[Person],
    thresholds: &Thresholds,
    calibration: &Calibration,
) -> Result<(Standard, Vec<Alike>)> {
    let mut gallery = Gallery::new(thresholds.model().clone());
    for (at, person) in people.iter().enumerate() {
        for one in &person.looked {
            if let Some(template) = &one.template {
                gallery.insert((at, one.photo.id), template).or_failed("gather templates")?;
            }
        }
    }
    let pairs = gallery.look_alikes(thresholds.accept());
    let strangers = || pairs.iter().filter(|(hit, other)| hit.key.0 != other.0);
    let whose = strangers().map(|(hit, other)| ((hit.key.0, other.0), hit.similarity));
    let standard = Standard::of(calibration, pairs_of_strangers(people))?.for_people(people.len(), whose);
    let mut found = Vec::new();
    for (hit, (other, other_photo)) in strangers() {
        let (at, photo) = hit.key;
        let (other, other_photo) = (*other, *other_photo);
        let (Some(one), Some(two)) = (people.get(at), people.get(other)) else { continue };
        let own = (one.evidence.best_own(photo), two.evidence.best_own(other_photo));
        if standard.is_too_much(hit.similarity, thresholds.accept(), own) {
            let similarity = hit.similarity.cosine();
            let seen = Alike { person: one.id, photo, other: two.id, other_photo, similarity };
            found.extend([seen, seen.from_the_other()]);
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
    found: &[Alike],
) -> Result<BTreeMap<&'static str, u64>> {
    rows::insert(tx, cohort)?;
    let permits = people.iter().filter_map(|person| person.permit.as_ref().ok());
    let taken_back = gate::taken_back(tx, cohort.campaign, permits)?;
    let is_clear =
        |person: &&Person| person.evidence.outcome == Outcome::Match && !taken_back.contains_key(&person.id);
    let clear: Vec<PersonId> = people.iter().filter(is_clear).map(|person| person.id).collect();
    let sample: BTreeSet<_> = sample::draw(cohort.id, &clear, cohort.sample_percent).into_iter().collect();
    let mut counts = BTreeMap::from([
        ("people", people.len() as u64),
        ("photos", cohort.photos),
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
