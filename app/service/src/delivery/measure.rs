//! One photo, looked at: read within limits, judged by the rules, compared with the person's admission photo.

use std::path::Path;
use std::sync::Arc;

use archive::db::catalog::photo;
use archive::delivery::{Finding, Measures, Severity, Status};
use archive::dossier::{Holdings, NewPhoto, PhotoError, PhotoFacts, PhotoKind};
use fs_err as fs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use verify::{
    Engine, EngineError, Refusal, RuleSet, Template,
    image::{self, Limits},
    standard::{self, Value},
};

use crate::law::journal::Journal;
use crate::{Error, Office, Refusal as _, Result, face};

/// What looking at a photo gave.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Look {
    /// The findings.
    pub(super) findings: Vec<Finding>,
    /// The template of its one face, if that may be compared.
    #[serde(skip)]
    pub(super) template: Option<Template>,
    /// Whether it shows exactly one face.
    pub(super) has_one_face: bool,
    /// What the eye sees first.
    pub(super) measures: Measures,
    /// Width and height, px, if it could be decoded.
    pub(super) size: Option<(u32, u32)>,
    /// What decoding the photo, and its original, found out.
    pub(super) facts: Facts,
}

/// What decoding found out about an item's files, so that the acceptance need not decode them again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    /// About the photo.
    pub(super) photo: Option<PhotoFacts>,
    /// About its original.
    pub(super) original: Option<PhotoFacts>,
}

/// Looks at the photo in `file` of `bytes` bytes. No template is made of a face that may not be compared.
///
/// # Errors
///
/// When the file can't be read or a model fails. What is wrong with the photo is a finding.
pub(super) fn look(
    engine: &Engine,
    rules: &Arc<RuleSet>,
    file: &Path,
    bytes: u64,
    limit: u64,
    may_compare: bool,
) -> Result<Look> {
    if bytes > limit {
        return Ok(Look::refused(Finding::failed("FILE-TOO-LARGE", Severity::Block).with(bytes, limit)));
    }
    let content = fs::read(file).or_failed("read a delivered photo")?;
    // What the file says about itself names what is wrong with it; a decoder only says that it can't.
    if let Err(refusal) = at_sight(&content) {
        return Ok(Look::refused(refused(&refusal)));
    }
    // As the archive decodes what it keeps: what would fail there fails here.
    let whole = content.clone();
    let facts = match facts(engine, || NewPhoto::from_bytes(PhotoKind::Graduation, whole, "")) {
        Ok(Ok(facts)) => facts,
        Ok(Err(error)) => return Ok(Look::refused(undecodable(&error))),
        Err(_) => return Ok(Look::refused(Finding::failed("FILE-UNREADABLE", Severity::Block))),
    };
    let facts = Facts { photo: Some(facts), original: None };
    let seen = if may_compare {
        let analysis = engine.analyse_patiently(content, rules);
        analysis.map(|analysis| match analysis.face {
            Ok(face) => Look::of(&analysis.summary, Ok(Some(face.template)), rules),
            Err(refusal) => Look::of(&analysis.summary, Err(refusal), rules),
        })
    } else {
        let judgement = engine.judge_patiently(content, rules);
        judgement.map(|seen| Look::of(&seen.summary, seen.refusal.map_or(Ok(None), Err), rules))
    };
    match seen {
        Ok(look) => Ok(Look { facts, ..look }),
        Err(EngineError::Refused(refusal)) => Ok(Look::refused(refused(&refusal))),
        // A photo that brings the engine down is not accepted; the engine lives on.
        Err(EngineError::Lost) => Ok(Look::refused(Finding::failed("FILE-UNREADABLE", Severity::Block))),
        Err(error @ (EngineError::Busy | EngineError::Model(_))) => {
            Err(Error::failed("check a photo", error))
        }
    }
}

/// Decodes the original in `file`, unless it is larger than `limit` bytes.
///
/// # Errors
///
/// When the file can't be read.
pub(super) fn look_at_original(
    engine: &Engine,
    file: &Path,
    limit: u64,
) -> Result<std::result::Result<PhotoFacts, Finding>> {
    let bytes = fs::metadata(file).or_failed("read a delivered original")?.len();
    if bytes > limit {
        return Ok(Err(Finding::failed("ORIGINAL-TOO-LARGE", Severity::Block).with(bytes, limit)));
    }
    let file = file.to_owned();
    Ok(match facts(engine, || NewPhoto::from_file(PhotoKind::Original, file, "")) {
        Ok(Ok(facts)) => Ok(facts),
        Ok(Err(PhotoError::Read(error))) => return Err(Error::failed("read a delivered original", error)),
        Ok(Err(_)) | Err(_) => Err(Finding::failed("ORIGINAL-UNREADABLE", Severity::Block)),
    })
}

/// What the archive would note of a photo, decoded by the engine's workers: no more is in memory at once than they are.
fn facts(
    engine: &Engine,
    photo: impl FnOnce() -> std::result::Result<NewPhoto, PhotoError> + Send + 'static,
) -> std::result::Result<std::result::Result<PhotoFacts, PhotoError>, EngineError> {
    engine.lend(move || Ok(photo()?.facts(Timestamp::now())))
}

/// The template of a person's admission photo; nothing if there is none or it does not show exactly one face.
///
/// # Errors
///
/// When the archive can't be read, a model fails, or the journal can't be written.
pub(super) fn reference(
    office: &Office,
    engine: &Engine,
    rules: &RuleSet,
    journal: &Journal,
    person: api::ids::PersonId,
) -> Result<Option<Template>> {
    let current = office.catalog.read(|conn| photo::current(conn, person, PhotoKind::Admission))?;
    let Some(current) = current else { return Ok(None) };
    let ((), template) = journal.look(&format!("admission photo {}", current.id), || {
        let holdings = Holdings::new(&office.archive, &office.catalog);
        let Some(content) = holdings.photo(person, &current).or_failed("read an admission photo")? else {
            return Ok(((), None));
        };
        match engine.template_patiently(content, &rules.faces) {
            Ok(template) => Ok(((), Some(template))),
            Err(EngineError::Refused(_) | EngineError::Lost) => Ok(((), None)),
            Err(error @ (EngineError::Busy | EngineError::Model(_))) => {
                Err(Error::failed("look at an admission photo", error))
            }
        }
    })?;
    Ok(template)
}

impl Look {
    fn refused(finding: Finding) -> Self {
        Self { findings: vec![finding], ..Self::default() }
    }

    fn of(
        seen: &verify::engine::Summary,
        face: std::result::Result<Option<Template>, Refusal>,
        rules: &RuleSet,
    ) -> Self {
        let measures = measures(&seen.findings, rules);
        let size = Some((seen.width, seen.height));
        let mut findings: Vec<_> = seen.findings.iter().map(finding).collect();
        let has_one_face = face.is_ok();
        let template = match face {
            Ok(template) => template,
            Err(refusal) => {
                // A rule set may leave counting faces out, and says how many there are, not what is wrong.
                findings.push(refused(&refusal));
                None
            }
        };
        Self { findings, template, has_one_face, measures, size, facts: Facts::default() }
    }
}

/// Whether a file is of a kind and a size that is decoded at all.
fn at_sight(content: &[u8]) -> std::result::Result<(), Refusal> {
    let facts = image::inspect(content)?;
    let (pixels, limit) = (u64::from(facts.width) * u64::from(facts.height), Limits::default().max_pixels);
    if pixels > limit { Err(Refusal::TooManyPixels { pixels, limit }) } else { Ok(()) }
}

/// A refusal of the engine, as deliveries keep it.
fn refused(refusal: &Refusal) -> Finding {
    let code = match refusal {
        Refusal::Empty => "FILE-EMPTY",
        Refusal::TooLarge { .. } => "FILE-TOO-LARGE",
        Refusal::TooManyPixels { .. } => "FILE-TOO-MANY-PIXELS",
        Refusal::NotAnImage => "FILE-NOT-AN-IMAGE",
        Refusal::UnsupportedFormat { .. } => "FILE-FORMAT",
        Refusal::Heic => "FILE-HEIC",
        Refusal::Cmyk => "FILE-CMYK",
        Refusal::Truncated => "FILE-CUT-OFF",
        Refusal::Damaged => "FILE-DAMAGED",
        Refusal::NoFace => "FACE-NO-FACE",
        Refusal::Drawing => "FACE-DRAWING",
        Refusal::SeveralFaces { .. } => "FACE-SEVERAL-FACES",
    };
    let finding = Finding::failed(code, Severity::Block);
    match refusal {
        Refusal::TooLarge { bytes, limit } => finding.with(bytes, limit),
        Refusal::TooManyPixels { pixels, limit } => finding.with(pixels, limit),
        Refusal::UnsupportedFormat { format } => finding.with(format, "jpeg, png, bmp"),
        Refusal::SeveralFaces { count } => finding.with(count, 1),
        _ => finding,
    }
}

fn undecodable(error: &PhotoError) -> Finding {
    let code = match error {
        PhotoError::Format => "FILE-FORMAT",
        PhotoError::CutOff => "FILE-CUT-OFF",
        PhotoError::Decode(_) => "FILE-UNDECODABLE",
        PhotoError::Read(_) => "FILE-UNREADABLE",
    };
    Finding::failed(code, Severity::Block)
}

/// What the four measures of oddness were, as the rules measured them.
fn measures(findings: &[standard::Finding], rules: &RuleSet) -> Measures {
    let value = |measure: &str| findings.iter().find(|found| found.measure == measure)?.measured.as_ref();
    let share = |measure: &str, of: u32| match value(measure) {
        Some(Value::Number { number, .. }) => Some(narrow(number / f64::from(of.max(1)))),
        _ => None,
    };
    let background = match value("background_colour") {
        Some(Value::Colour { hex }) => archive::delivery::lab(hex),
        _ => None,
    };
    let exposure = match value("exposure") {
        Some(Value::Number { number, .. }) => Some(narrow(number * 100.0)),
        _ => None,
    };
    Measures {
        background,
        exposure,
        head: share("face_width", rules.frame.width),
        eyes: share("eye_line", rules.frame.height),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a measure of a photo needs no more than seven digits")]
fn narrow(number: f64) -> f32 {
    number as f32
}

/// A finding of the photo rules, as deliveries keep it.
fn finding(found: &standard::Finding) -> Finding {
    let shown = face::finding(found);
    Finding {
        code: shown.code,
        severity: match found.severity {
            standard::Severity::Info => Severity::Info,
            standard::Severity::Warn => Severity::Warn,
            standard::Severity::Block => Severity::Block,
        },
        status: match found.status {
            standard::Status::Passed => Status::Passed,
            standard::Status::Failed => Status::Failed,
            standard::Status::NotMeasurable => Status::NotMeasurable,
        },
        measured: shown.measured,
        limit: shown.limit,
        places: shown.places,
    }
}
