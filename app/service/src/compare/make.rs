//! Makes a comparison: the probe beside the person's references, under the calibration in force.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use api::face::Comparison;
use api::ids::{ComparisonId, PersonId};
use api::{ProblemCode, Right};
use archive::db::office::{campaign, comparison as rows, roster};
use archive::db::{Transaction, catalog};
use archive::dossier::{Holdings, Photo, PhotoKind};
use fs_err as fs;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use verify::standard::RuleSet;
use verify::{Coming, EngineError, Template};

use super::decide::drop_pixels;
use super::pairs::{Pairs, Reference, is_of_the_face};
use super::{folder, odds, to_api};
use crate::law::{gate, key};
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, face, from_word};

/// The photos a probe is compared with, all that there are.
const REFERENCES: [PhotoKind; 2] = [PhotoKind::Admission, PhotoKind::IdCard];

/// The photo it is compared with when there is none of those.
const OTHERWISE: PhotoKind = PhotoKind::Enrolment;

/// The rules for a probe of a person who is on no roster.
const DEFAULT_RULES: &str = "jbz-2017-99";

/// Compares `probe` with the person's reference photos. The one that is least like it decides. An open comparison of the
/// same person by the same operator gives way to it, and its pixels are dropped.
///
/// # Errors
///
/// Without the right or a purpose; `may-not-compare` when the law bars it; when there is no reference photo or no calibration
/// of the engine's model; when the probe can't be used; `busy` when too many others are being compared.
pub fn make(office: &Office, actor: &Actor, person: PersonId, probe: Vec<u8>) -> Result<Comparison> {
    actor.may(Right::Compare)?;
    actor.purpose()?;
    audit::recorded(office, actor, "face.compare", Some(&person.to_string()), || {
        compare(office, actor, person, probe)
    })
}

fn compare(office: &Office, actor: &Actor, person: PersonId, probe: Vec<u8>) -> Result<Comparison> {
    let permit = gate::may_compare(office, person)?;
    let references = references(office, person)?;
    let (calibration, thresholds) =
        face::thresholds(office)?.ok_or_else(|| Error::refused(ProblemCode::NoCalibration, []))?;
    let rules = rules_of(office, person)?;
    let engine = office.engine()?;
    if thresholds.model() != engine.model() {
        return Err(Error::refused(ProblemCode::CalibrationOfAnotherModel, []));
    }
    // All are looked at beside each other: somebody stands at the desk.
    let seeing = engine.begin_analysis(probe.clone(), &rules).map_err(face::problem)?;
    let knowing = references
        .into_iter()
        .map(|(photo, bytes)| {
            let coming = engine.begin_template(bytes, &rules.faces).map_err(face::problem)?;
            Ok((photo, coming))
        })
        .collect::<Result<Vec<_>>>()?;
    let digest = hex::encode(Sha256::digest(&probe));
    let known =
        knowing.into_iter().map(|(photo, coming)| known(photo, coming)).collect::<Result<Vec<_>>>()?;
    let seen = seeing.wait().map_err(face::problem)?;
    let shown = seen.face.map_err(|refusal| face::problem(refusal.into()))?;
    let pairs = Pairs::of(&known, &shown.template, &thresholds, &seen.summary.findings)?;
    let pairs = pairs.ok_or_else(|| Error::refused(ProblemCode::NoReference, []))?;
    let of_the_face = seen.summary.findings.iter().filter(|found| is_of_the_face(found));
    let findings: Vec<_> = of_the_face.map(face::finding).collect();
    let id = ComparisonId::new();
    let name = format!("{id}.sealed");
    keep(&folder(office), &name, &key::seal_probe(office, permit.campaign, id, &probe)?)?;
    let row = rows::Comparison {
        id,
        person,
        reference: pairs.worst.pair.reference,
        reference_sha256: pairs.worst.sha256.clone(),
        probe_sha256: digest,
        probe: Some(name),
        verdict: pairs.verdict.code().parse().or_failed("read a verdict")?,
        similarity: pairs.similarity.cosine(),
        odds: odds::odds(&calibration.report, pairs.similarity.cosine())?,
        accept: calibration.accept,
        reject: calibration.reject,
        calibration: calibration.id,
        model: engine.model().to_string(),
        findings: serde_json::to_string(&findings).or_failed("write findings")?,
        state: rows::ComparisonState::Open,
        decision: None,
        note: None,
        operator: actor.user,
        decided_by: None,
        decided_by_name: None,
        decided_at: None,
        at: Timestamp::now(),
        superseded_by: None,
        pairs: serde_json::to_string(&pairs.kept).or_failed("write pairs")?,
        held_back: serde_json::to_string(&pairs.held_back).or_failed("write findings")?,
    };
    let dropped = office.office.write(|tx| -> Result<Vec<Option<String>>> {
        let earlier = rows::open_of(tx, person, actor.user)?;
        rows::insert(tx, &row)?;
        permit.note(tx, id)?;
        let detail =
            json!({ "verdict": row.verdict.word(), "calibration": row.calibration, "model": row.model });
        event::queue(tx, actor, "comparison.made", id, "", &detail)?;
        earlier.iter().map(|earlier| give_way(tx, actor, earlier, id)).collect()
    })?;
    for probe in dropped {
        drop_pixels(office, probe);
    }
    to_api(office, actor, &row, &Staff::of(office)?)
}

/// An open comparison gives way to the one whose probe was taken after it. Returns the file its pixels are in.
fn give_way(
    tx: &Transaction<'_>,
    actor: &Actor,
    earlier: &rows::Comparison,
    to: ComparisonId,
) -> Result<Option<String>> {
    if !rows::supersede(tx, earlier.id, to)? {
        return Err(Error::refused(ProblemCode::Conflict, []));
    }
    event::queue(tx, actor, "comparison.superseded", earlier.id, "", &json!({ "by": to }))?;
    audit::record_in(tx, actor, "face.retake", Some(&earlier.id.to_string()), true)?;
    Ok(rows::drop_probe(tx, earlier.id)?)
}

/// The person's reference photos and their bytes, at least one.
fn references(office: &Office, person: PersonId) -> Result<Vec<(Photo, Vec<u8>)>> {
    let photos = office.catalog.read(|conn| -> Result<Vec<Photo>> {
        if catalog::person::facts(conn, person)?.is_none() {
            return Err(Error::not_found(PersonId::KIND, person));
        }
        let mut found = Vec::new();
        for kind in REFERENCES {
            found.extend(catalog::photo::current(conn, person, kind)?);
        }
        if found.is_empty() {
            found.extend(catalog::photo::current(conn, person, OTHERWISE)?);
        }
        Ok(found)
    })?;
    let holdings = Holdings::new(&office.archive, &office.catalog);
    let mut with_bytes = Vec::new();
    for photo in photos {
        let bytes = holdings.photo(person, &photo).or_failed("read a reference photo")?;
        with_bytes.extend(bytes.map(|bytes| (photo, bytes)));
    }
    if with_bytes.is_empty() { Err(Error::refused(ProblemCode::NoReference, [])) } else { Ok(with_bytes) }
}

/// A reference photo with its template. One without exactly one face has none.
fn known(photo: Photo, template: Coming<Template>) -> Result<Reference> {
    let kind = from_word(photo.kind.word()).ok_or("it is of an unknown kind");
    let kind = kind.or_failed("read a reference photo")?;
    let template = match template.wait() {
        Ok(template) => Some(template),
        Err(EngineError::Refused(_) | EngineError::Lost) => None,
        Err(error @ (EngineError::Busy | EngineError::Model(_))) => return Err(face::problem(error)),
    };
    Ok(Reference { photo, kind, template })
}

/// The photo rules of the newest campaign whose roster the person is on.
fn rules_of(office: &Office, person: PersonId) -> Result<Arc<RuleSet>> {
    let newest = office.office.read(|conn| -> Result<_> {
        let mut campaigns = Vec::new();
        for id in roster::campaigns_of(conn, person)? {
            campaigns.extend(campaign::get(conn, id)?);
        }
        Ok(campaigns.into_iter().max_by_key(|campaign| campaign.created))
    })?;
    face::rules(newest.as_ref().map_or(DEFAULT_RULES, |campaign| &campaign.rule_set))
}

/// Writes the probe durably, for this account alone.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let path = folder.join(name);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::File::open(folder)?.sync_all()
    };
    write().or_failed("keep a probe")
}
