//! Calibration: thresholds found on the school's own people, adopted by a person.
//!
//! Everybody on a campaign's roster who has two photos or more and whose face may be compared is used. Templates live
//! only while the job runs, and lie sealed in its journal.

use api::face::{Calibration, NewCalibration, OperatingPoint};
use api::ids::{CalibrationId, CampaignId, PersonId};
use api::job::{Job, JobKind};
use api::{Flaw, ProblemCode, Right};
use archive::db::catalog;
use archive::db::office::{calibration as rows, campaign, roster};
use archive::dossier::{Holdings, Photo};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use verify::calibrate::{
    AtRate, CalibrateError, IdentifiedPair, Interval, Targets, calibrate, pairs_needed, shares_at_or_above,
};
use verify::{Similarity, Template};

use crate::job::{Ctx, enqueue};
use crate::law::journal::Journal;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, face};

/// More people than this tell nothing new and take long; the first of the roster are used.
const MOST_PEOPLE: usize = 2000;

/// Pairs of different people at or above the reject threshold, as a multiple of those at the accept threshold.
const UNSURE_SHARE: f64 = 50.0;

/// Never more than this share of different people is called unsure.
const MOST_UNSURE: f64 = 0.05;

/// Rounds of the bootstrap, and its seed.
const ROUNDS: u32 = 200;
const SEED: u64 = 1;

/// Bins of the histograms over -1..=1.
const BINS: usize = 80;

/// Asks for a calibration.
///
/// # Errors
///
/// Without the right; `bad-field` for a rate that makes no sense; `not-found` without the campaign.
pub fn start(office: &Office, actor: &Actor, request: &NewCalibration) -> Result<Job> {
    actor.may(Right::Calibrate)?;
    if !(request.target_fmr > 0.0 && request.target_fmr <= 0.01) {
        return Err(Error::bad_field("target_fmr", Flaw::Rate));
    }
    let there = office.office.read(|conn| campaign::get(conn, request.campaign))?;
    there.ok_or_else(|| Error::not_found(CampaignId::KIND, request.campaign))?;
    enqueue(office, actor, JobKind::Calibrate, Some(request.campaign.to_string()), request)
}

/// Lists all calibrations, newest first.
///
/// # Errors
///
/// Without the right to calibrate or compare.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<Calibration>> {
    actor.may_any(&[Right::Calibrate, Right::Compare])?;
    office.office.read(rows::list)?.iter().map(to_api).collect()
}

/// Returns one calibration.
///
/// # Errors
///
/// Without the right, or `not-found`.
pub fn get(office: &Office, actor: &Actor, id: CalibrationId) -> Result<Calibration> {
    actor.may_any(&[Right::Calibrate, Right::Compare])?;
    let row = office.office.read(|conn| rows::get(conn, id))?;
    to_api(&row.ok_or_else(|| Error::not_found(CalibrationId::KIND, id))?)
}

/// Puts a calibration in force.
///
/// # Errors
///
/// Without the right, or `not-found`.
pub fn adopt(office: &Office, actor: &Actor, id: CalibrationId) -> Result<Calibration> {
    actor.may(Right::Calibrate)?;
    office.office.write(|tx| -> Result<()> {
        let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(CalibrationId::KIND, id))?;
        let now = Timestamp::now();
        rows::adopt(tx, id, now)?;
        let detail = json!({ "version": row.version, "accept": row.accept.to_string(), "reject": row.reject.to_string() });
        event::queue(tx, actor, "calibration.adopted", id, &now.to_string(), &detail)?;
        audit::record_in(tx, actor, "calibration.adopt", Some(&id.to_string()), true)
    })?;
    get(office, actor, id)
}

/// The job's body.
///
/// # Errors
///
/// `too-few-for-calibration` when the rate wanted can't be measured with the people there are.
pub fn run(ctx: &Ctx<'_>) -> Result<()> {
    let request: NewCalibration = ctx.params()?;
    let id = CalibrationId::from_uuid(ctx.id().uuid());
    let office = ctx.office();
    // An earlier run of this job did everything and was stopped before it could say so.
    if let Some(row) = office.office.read(|conn| rows::get(conn, id))? {
        tell(ctx, &to_api(&row)?);
        return Ok(());
    }
    let people = templates(ctx, request.campaign)?;
    ctx.progress("calibrating", 0, 0);
    let mut steps = |done, of| {
        ctx.progress("calibrating", done, of);
        ctx.go_on()
    };
    let report = report(id, request.target_fmr, &people, &mut steps)?;
    let row = rows::Calibration {
        id,
        version: report.version.clone(),
        campaign: request.campaign,
        model: report.model.clone(),
        created: report.created,
        adopted: None,
        accept: report.accept,
        reject: report.reject,
        report: serde_json::to_string(&report).or_failed("write a calibration")?,
    };
    let actor = ctx.actor()?;
    office.office.write(|tx| -> Result<()> {
        rows::insert(tx, &row)?;
        let detail = json!({ "version": row.version, "model": row.model, "people": report.people });
        event::queue(tx, &actor, "calibration.made", id, "", &detail)
    })?;
    tell(ctx, &report);
    Ok(())
}

/// The job's figures.
fn tell(ctx: &Ctx<'_>, report: &Calibration) {
    ctx.result("people", report.people);
    ctx.result("genuine", report.genuine);
    ctx.result("impostor", report.impostor);
}

/// The templates of everybody with two photos or more that show exactly one face.
fn templates(ctx: &Ctx<'_>, of: CampaignId) -> Result<Vec<Vec<Template>>> {
    let office = ctx.office();
    let rule_set = office.office.read(|conn| campaign::get(conn, of))?.map(|campaign| campaign.rule_set);
    let rules = face::rules(&rule_set.ok_or_else(|| Error::not_found(CampaignId::KIND, of))?)?;
    let engine = office.engine()?;
    let journal = Journal::open(office, of, ctx.id(), &face::seen_by(&engine, &rules)?)?;
    let work = with_two_photos(office, of)?;
    let total = work.len() as u64;
    let done = std::sync::atomic::AtomicU64::new(0);
    let answers = engine.batch(work, |engine, (person, photos)| -> Result<Vec<Template>> {
        ctx.go_on()?;
        let mut found = Vec::new();
        // Whose face may not be compared is no measure for others either.
        if crate::law::gate::bar(office, of, person)?.is_some() {
            return Ok(found);
        }
        for photo in &photos {
            let ((), template) = journal.look(&photo.id.to_string(), || {
                let bytes = Holdings::new(&office.archive, &office.catalog)
                    .photo(person, photo)
                    .or_failed("read a photo")?;
                // A photo without exactly one face calibrates nothing.
                Ok(((), bytes.and_then(|bytes| engine.template_patiently(bytes, &rules.faces).ok())))
            })?;
            found.extend(template);
        }
        ctx.progress("embedding", 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed), total);
        Ok(found)
    });
    let people: Vec<Vec<Template>> = answers.into_iter().collect::<Result<_>>()?;
    Ok(people.into_iter().filter(|templates| templates.len() > 1).collect())
}

/// People of the roster with at least two photos of different bytes, in the roster's order.
fn with_two_photos(office: &Office, of: CampaignId) -> Result<Vec<(PersonId, Vec<Photo>)>> {
    let people = office.office.read(|conn| roster::people(conn, of))?;
    office.catalog.read(|conn| -> Result<_> {
        let mut found = Vec::new();
        for person in people {
            let mut photos = catalog::photo::of(conn, person)?;
            photos.retain(|photo| photo.superseded_by.is_none());
            photos.sort_by(|a, b| a.sha256.cmp(&b.sha256));
            photos.dedup_by(|a, b| a.sha256 == b.sha256);
            if photos.len() > 1 && found.len() < MOST_PEOPLE {
                found.push((person, photos));
            }
        }
        Ok(found)
    })
}

/// Calibrates on people's templates, without an office: each inner list is one person's.
///
/// # Errors
///
/// `too-few-for-calibration` when the rate wanted can't be measured with the people there are.
pub fn on_templates(people: &[Vec<Template>], target_fmr: f64) -> Result<Calibration> {
    report(CalibrationId::new(), target_fmr, people, &mut |_, _| Ok(()))
}

/// All similarities, of one person's photos and of two people's.
struct Pairs {
    genuine: Vec<IdentifiedPair>,
    impostor: Vec<IdentifiedPair>,
}

/// Called now and then with how much is done and of how much; an error ends the work.
type Steps<'a> = &'a mut dyn FnMut(u64, u64) -> Result<()>;

impl Pairs {
    fn of(people: &[Vec<Template>], steps: Steps<'_>) -> Result<Self> {
        let flat: Vec<(u64, &Template)> = (0..)
            .zip(people)
            .flat_map(|(n, templates)| templates.iter().map(move |template| (n, template)))
            .collect();
        let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
        for (at, (left, one)) in flat.iter().enumerate() {
            if at % 64 == 0 {
                // How long the pairs take is not told: it is little beside what follows.
                steps(0, 0)?;
            }
            for (right, other) in flat.iter().skip(at + 1) {
                let similarity = one.compare(other).or_failed("compare two templates")?;
                let pair = IdentifiedPair { similarity, left: *left, right: *right };
                if left == right { genuine.push(pair) } else { impostor.push(pair) }
            }
        }
        Ok(Self { genuine, impostor })
    }
}

fn report(
    id: CalibrationId,
    target_fmr: f64,
    people: &[Vec<Template>],
    steps: Steps<'_>,
) -> Result<Calibration> {
    let created = Timestamp::now();
    let day = created.to_zoned(TimeZone::system()).strftime("%Y%m%d").to_string();
    let version = format!("{day}-{}", id.uuid().simple().to_string().get(..6).unwrap_or_default());
    let too_few = |needed: usize| {
        // n people with two photos make about 2n² pairs of different people.
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of people"
        )]
        let need = ((needed as f64) / 2.0).sqrt().ceil() as u64 + 1;
        let params = [("have", people.len().to_string()), ("need", need.to_string())];
        Error::refused(ProblemCode::TooFewForCalibration, params)
    };
    let Some(model) = people.iter().flatten().next().map(|template| template.model().clone()) else {
        return Err(too_few(pairs_needed(target_fmr)));
    };
    let pairs = Pairs::of(people, steps)?;
    let similarities =
        |pairs: &[IdentifiedPair]| pairs.iter().map(|pair| pair.similarity).collect::<Vec<_>>();
    let (genuine, impostor) = (similarities(&pairs.genuine), similarities(&pairs.impostor));
    let reject_fmr = (target_fmr * UNSURE_SHARE).min(MOST_UNSURE).max(target_fmr);
    let targets = Targets { accept_fmr: target_fmr, reject_fmr };
    let found =
        calibrate(version.clone(), model.clone(), &genuine, &impostor, targets).map_err(
            |error| match error {
                CalibrateError::NotMeasurable { needed, .. } => too_few(needed),
                other => Error::failed("calibrate", other),
            },
        )?;
    Ok(Calibration {
        id,
        version,
        created,
        adopted: false,
        model: model.as_str().to_owned(),
        people: people.len() as u64,
        genuine: genuine.len() as u64,
        impostor: impostor.len() as u64,
        accept: found.accept.threshold.cosine(),
        reject: found.reject.threshold.cosine(),
        operating_points: points(&found.at_rates, &pairs, steps)?,
        det: found.curve.iter().map(|point| (point.false_match_rate, point.false_non_match_rate)).collect(),
        impostor_histogram: histogram(&impostor),
        genuine_histogram: histogram(&genuine),
    })
}

/// Each rate with its threshold, its errors and how sure they are, or that it can't be measured.
fn points(rates: &[AtRate], pairs: &Pairs, steps: Steps<'_>) -> Result<Vec<OperatingPoint>> {
    let mut thresholds: Vec<Similarity> = rates.iter().filter_map(threshold).collect();
    thresholds.sort_by(|a, b| a.cosine().total_cmp(&b.cosine()));
    let mut intervals = |pairs: &[IdentifiedPair], before: u32| -> Result<Vec<Interval>> {
        let mut refused = None;
        let go_on = |round| match steps(u64::from(before + round), u64::from(2 * ROUNDS)) {
            Ok(()) => true,
            Err(error) => {
                refused = Some(error);
                false
            }
        };
        let found = shares_at_or_above(pairs, &thresholds, ROUNDS, SEED, go_on);
        match refused {
            Some(error) => Err(error),
            None => found.or_failed("bootstrap a rate"),
        }
    };
    let (impostor, genuine) = (intervals(&pairs.impostor, 0)?, intervals(&pairs.genuine, ROUNDS)?);
    let place = |wanted: Similarity| thresholds.iter().position(|threshold| *threshold == wanted);
    let point = |rate: &AtRate| {
        let (AtRate::Measured { target, .. }
        | AtRate::NotMeasurable { target, .. }
        | AtRate::Unreachable { target }) = rate;
        let at = threshold(rate).and_then(place);
        let of = |intervals: &[Interval]| at.and_then(|at| intervals.get(at).copied());
        OperatingPoint {
            target_fmr: *target,
            threshold: threshold(rate).map(Similarity::cosine),
            fnmr: match rate {
                AtRate::Measured { point, .. } => Some(point.false_non_match_rate),
                AtRate::NotMeasurable { .. } | AtRate::Unreachable { .. } => None,
            },
            interval: of(&impostor).map(|interval| (interval.low, interval.high)),
            // The share below a threshold is what is left of the share at or above it.
            fnmr_interval: of(&genuine).map(|interval| (1.0 - interval.high, 1.0 - interval.low)),
            needed: Some(pairs_needed(*target) as u64),
        }
    };
    Ok(rates.iter().map(point).collect())
}

fn threshold(rate: &AtRate) -> Option<Similarity> {
    match rate {
        AtRate::Measured { point, .. } => Some(point.threshold),
        AtRate::NotMeasurable { .. } | AtRate::Unreachable { .. } => None,
    }
}

fn histogram(similarities: &[Similarity]) -> Vec<u64> {
    let mut bins = vec![0; BINS];
    for similarity in similarities {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a bin's place"
        )]
        let bin = ((similarity.cosine() + 1.0) / 2.0 * BINS as f32) as usize;
        if let Some(count) = bins.get_mut(bin.min(BINS - 1)) {
            *count += 1;
        }
    }
    bins
}

fn to_api(row: &rows::Calibration) -> Result<Calibration> {
    let report: Calibration = serde_json::from_str(&row.report).or_failed("read a calibration")?;
    Ok(Calibration { adopted: row.adopted.is_some(), ..report })
}
