//! Makes a comparison: the probe beside the reference, under the calibration in force.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use api::face::Comparison;
use api::ids::{ComparisonId, PersonId};
use api::{ProblemCode, Right};
use archive::db::catalog;
use archive::db::office::{campaign, comparison as rows, roster};
use archive::dossier::{Holdings, Photo, PhotoKind};
use fs_err as fs;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use verify::standard::RuleSet;

use super::{folder, odds, to_api};
use crate::law::{gate, key};
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, face};

/// The photos a probe is compared with, the first that there is.
const REFERENCES: [PhotoKind; 3] = [PhotoKind::Admission, PhotoKind::IdCard, PhotoKind::Enrolment];

/// The rules for a probe of a person who is on no roster.
const DEFAULT_RULES: &str = "jbz-2017-99";

/// Compares `probe` with the person's reference photo.
///
/// # Errors
///
/// Without the right or a purpose; `may-not-compare` when the law bars it; when there is no reference photo or no
/// calibration; when the probe can't be used; `busy` when too many others are being compared.
pub fn make(office: &Office, actor: &Actor, person: PersonId, probe: Vec<u8>) -> Result<Comparison> {
    actor.may(Right::Compare)?;
    actor.purpose()?;
    audit::recorded(office, actor, "face.compare", Some(&person.to_string()), || {
        compare(office, actor, person, probe)
    })
}

fn compare(office: &Office, actor: &Actor, person: PersonId, probe: Vec<u8>) -> Result<Comparison> {
    let permit = gate::may_compare(office, person)?;
    let (reference, bytes) = reference(office, person)?;
    let (calibration, thresholds) =
        face::thresholds(office)?.ok_or_else(|| Error::refused(ProblemCode::NoCalibration, []))?;
    let rules = rules_of(office, person)?;
    let engine = office.engine()?;
    let known = engine
        .template_blocking(bytes, &rules.faces)
        .map_err(|_| Error::refused(ProblemCode::NoReference, []))?;
    let digest = hex::encode(Sha256::digest(&probe));
    let seen = engine.analyse_blocking(probe.clone(), &rules).map_err(face::problem)?;
    let shown = seen.face.map_err(|refusal| face::problem(refusal.into()))?;
    let similarity = known.compare(&shown.template).or_failed("compare two templates")?;
    let findings: Vec<_> = seen.summary.findings.iter().map(face::finding).collect();
    let id = ComparisonId::new();
    let name = format!("{id}.sealed");
    keep(&folder(office), &name, &key::seal_probe(office, permit.campaign, id, &probe)?)?;
    let row = rows::Comparison {
        id,
        person,
        reference: reference.id,
        reference_sha256: reference.sha256,
        probe_sha256: digest,
        probe: Some(name),
        verdict: thresholds.decide(similarity).code().parse().or_failed("read a verdict")?,
        similarity: similarity.cosine(),
        odds: odds::odds(&calibration.report, similarity.cosine())?,
        accept: calibration.accept,
        reject: calibration.reject,
        calibration: calibration.id,
        model: calibration.model,
        findings: serde_json::to_string(&findings).or_failed("write findings")?,
        state: rows::ComparisonState::Open,
        decision: None,
        note: None,
        operator: actor.user,
        decided_by: None,
        decided_by_name: None,
        decided_at: None,
        at: Timestamp::now(),
    };
    office.office.write(|tx| -> Result<()> {
        rows::insert(tx, &row)?;
        permit.note(tx, id)
    })?;
    to_api(office, &row, &Staff::of(office)?)
}

/// The person's reference photo and its bytes.
fn reference(office: &Office, person: PersonId) -> Result<(Photo, Vec<u8>)> {
    let missing = || Error::refused(ProblemCode::NoReference, []);
    let photo = office.catalog.read(|conn| -> Result<Option<Photo>> {
        if catalog::person::facts(conn, person)?.is_none() {
            return Err(Error::not_found(PersonId::KIND, person));
        }
        for kind in REFERENCES {
            if let Some(photo) = catalog::photo::current(conn, person, kind)? {
                return Ok(Some(photo));
            }
        }
        Ok(None)
    })?;
    let photo = photo.ok_or_else(missing)?;
    let bytes = Holdings::new(&office.archive, &office.catalog).photo(person, &photo);
    Ok((photo, bytes.or_failed("read a reference photo")?.ok_or_else(missing)?))
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
