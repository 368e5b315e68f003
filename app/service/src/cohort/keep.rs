//! A signed cohort in the archive: an object of its own that can be read and checked without this program.
//!
//! ```text
//! statement.json  what the three signed, canonical JSON (RFC 8785): its SHA-256 is the digest
//! cohort.json     that digest, the signatures with their keys, and every case with its evidence and words
//! ```
//!
//! People are named by their ids, as in a delivery's object.

use api::ids::CohortId;
use archive::db::catalog::object;
use archive::db::office::cohort as rows;
use archive::db::office::cohort_case::{Case, Disposition};
use archive::db::office::cohort_signature::Signature;
use archive::dossier::Holdings;
use archive::ocfl::{ObjectId, SafePath, Source};
use serde_json::{Value, json};

use super::facts::Facts;
use super::sign::signed_text;
use crate::{Actor, Office, Refusal as _, Result, dossier, from_word};

/// Keeps every signed cohort that the archive does not hold yet: what a crash or a full disk left.
///
/// # Errors
///
/// When a store can't be read, or the archive can't be written.
pub fn keep_signed(office: &Office) -> Result<()> {
    for id in office.office.read(rows::signed)? {
        if !is_kept(office, id)? {
            keep(office, id)?;
        }
    }
    Ok(())
}

/// Whether the archive holds a cohort.
pub(super) fn is_kept(office: &Office, id: CohortId) -> Result<bool> {
    Ok(office.catalog.read(|conn| object::head(conn, ObjectId::from(id.uuid())))?.is_some())
}

/// Keeps a signed cohort. Done twice, it makes no second version.
///
/// # Errors
///
/// When it can't be read, or the archive can't be written.
pub(super) fn keep(office: &Office, id: CohortId) -> Result<()> {
    let facts = Facts::read(office, id)?;
    let Some(last) = facts.signatures.kept().last() else { return Ok(()) };
    let by = Actor::new(last.by, last.by_name.clone(), String::new(), Vec::new());
    let file = |name: &str, bytes| {
        Ok::<_, crate::Error>((
            SafePath::new(name).or_failed("name a file of a cohort")?,
            Source::Bytes(bytes),
        ))
    };
    let described = serde_json::to_vec_pretty(&described(&facts)?).or_failed("describe a cohort")?;
    let files = vec![file("cohort.json", described)?, file("statement.json", facts.statement()?)?];
    Holdings::new(&office.archive, &office.catalog)
        .keep_object(ObjectId::from(id.uuid()), files, "signed", &dossier::archive_user(office, &by), last.at)
        .or_failed("keep a cohort's object")?;
    dossier::announce(office)
}

/// Everything that is known of it.
fn described(facts: &Facts) -> Result<Value> {
    let cohort = &facts.cohort;
    let sample = facts.sample();
    let signature = |signature: &Signature| {
        let level = from_word(signature.level.word()).ok_or("it holds an unknown word");
        let text = signed_text(level.or_failed("read a signature")?, &signature.digest);
        Ok(json!({
            "level": signature.level.word(), "sent_back": signature.sent_back, "by": signature.by,
            "account": signature.by_name, "at": signature.at, "note": signature.note, "digest": signature.digest,
            "signed_text": text, "public_key": signature.public_key, "signature": signature.signature,
        }))
    };
    Ok(json!({
        "format": "xuecang-cohort/1",
        "cohort": cohort.id,
        "campaign": cohort.campaign,
        "compared": cohort.at,
        "asked_by": cohort.by,
        "model": cohort.model,
        "calibration": cohort.calibration,
        "accept": cohort.accept,
        "reject": cohort.reject,
        "rule_set": cohort.rule_set,
        "look_alike_from": cohort.alike,
        "look_alikes_by_chance": cohort.alike_by_chance,
        "other_campaigns": cohort.others,
        "counts": facts.counts(),
        "sample": sample,
        "digest": facts.signatures.digest,
        "signature_algorithm": "Ed25519 over signed_text, keys and signatures base64",
        "signatures": facts.signatures.kept().iter().map(signature).collect::<Result<Vec<_>>>()?,
        "cases": facts.cases.iter().map(|case| described_case(facts, case)).collect::<Result<Vec<_>>>()?,
    }))
}

fn described_case(facts: &Facts, case: &Case) -> Result<Value> {
    let read = |text: &str| serde_json::from_str::<Value>(text).or_failed("read a case");
    let words = facts.words(case).map(|word| {
        json!({
            "round": word.round, "by": word.by, "account": word.by_name, "disposition": word.disposition.word(),
            "note": word.note, "at": word.at,
        })
    });
    let alike = facts.alike(case).map(|pair| {
        json!({
            "photo": pair.photo, "other": pair.other, "other_photo": pair.other_photo, "similarity": pair.similarity,
            "campaign": pair.campaign,
        })
    });
    Ok(json!({
        "person": case.person,
        "outcome": case.outcome.word(),
        "bar": case.bar,
        "similarity": case.similarity,
        "reasons": read(&case.reasons)?,
        "photos": read(&case.photos)?,
        "pairs": read(&case.pairs)?,
        "look_alikes": alike.collect::<Vec<_>>(),
        "consent": case.consent,
        "sampled": case.sampled,
        "round": case.round,
        "disposition": facts.disposition(case).map(Disposition::word),
        "words": words.collect::<Vec<_>>(),
    }))
}
