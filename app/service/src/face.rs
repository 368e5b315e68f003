//! What the other modules need of faces: the engine's answers as the API words them, and its refusals as problems.

use std::sync::Arc;

use api::delivery::Finding;
use api::{Flaw, ProblemCode};
use sha2::{Digest as _, Sha256};
use verify::engine::EngineError;
use verify::standard::{self, Limit, Mark, RuleSet, Unit, Value};
use verify::{Engine, Refusal, Thresholds};

use crate::{Error, Refusal as _, Result};

/// The rule set of that name.
///
/// # Errors
///
/// `bad-field` when there is none.
pub fn rules(name: &str) -> Result<Arc<RuleSet>> {
    let built_in = RuleSet::built_in(name).or_failed("read the photo rules")?;
    built_in.map(Arc::new).ok_or_else(|| Error::bad_field("rule_set", Flaw::Unknown))
}

/// By what photos are looked at, in one line: the model, and the digest of the rules.
///
/// # Errors
///
/// When the rules can't be written down.
pub(crate) fn seen_by(engine: &Engine, rules: &RuleSet) -> Result<String> {
    let rules = serde_json::to_vec(rules).or_failed("write down the photo rules")?;
    Ok(format!("{} and {}", engine.model(), hex::encode(Sha256::digest(rules))))
}

/// An engine's error as a problem for the asker, or as a failure.
#[must_use]
pub fn problem(error: EngineError) -> Error {
    let refused = match &error {
        EngineError::Busy => Some((ProblemCode::Busy, vec![])),
        EngineError::Refused(Refusal::NoFace) => Some((ProblemCode::NoFace, vec![])),
        EngineError::Refused(Refusal::SeveralFaces { count }) => {
            Some((ProblemCode::SeveralFaces, vec![("count", count.to_string())]))
        }
        EngineError::Refused(refusal) => {
            Some((ProblemCode::BadPhoto, vec![("reason", refusal.code().to_owned())]))
        }
        EngineError::Lost | EngineError::Model(_) => None,
    };
    match refused {
        None => Error::failed("look at a photo", error),
        Some((code, params)) => match params.into_iter().next() {
            Some(param) => Error::refused(code, [param]),
            None => Error::refused(code, []),
        },
    }
}

/// What a rule found, as the API words it.
#[must_use]
pub fn finding(found: &standard::Finding) -> Finding {
    Finding {
        code: found.code.clone(),
        severity: crate::word(&found.severity),
        status: crate::word(&found.status),
        measured: found.measured.as_ref().map(value),
        limit: found.limit.as_ref().map(limit),
        places: found.marks.iter().flat_map(places).collect(),
    }
}

/// The verdict's word in the API.
#[must_use]
pub fn verdict(verdict: verify::Verdict) -> api::face::Verdict {
    match verdict {
        verify::Verdict::Match => api::face::Verdict::Match,
        verify::Verdict::Unsure => api::face::Verdict::Unsure,
        verify::Verdict::NoMatch => api::face::Verdict::NoMatch,
    }
}

/// The thresholds of the calibration in force, if one was adopted.
///
/// # Errors
///
/// When it can't be read, or its thresholds make no sense.
pub fn thresholds(
    office: &crate::Office,
) -> Result<Option<(archive::db::office::calibration::Calibration, Thresholds)>> {
    let Some(row) = office.office.read(archive::db::office::calibration::in_force)? else { return Ok(None) };
    let similarity = |cosine| verify::Similarity::new(cosine).or_failed("read a calibration");
    let model = verify::ModelId::new(row.model.clone());
    let thresholds =
        Thresholds::new(row.version.clone(), model, similarity(row.accept)?, similarity(row.reject)?)
            .or_failed("read a calibration")?;
    Ok(Some((row, thresholds)))
}

fn value(value: &Value) -> String {
    match value {
        Value::Number { number, unit: of } => with_unit(*number, *of),
        Value::Size { width, height } => format!("{width}×{height} px"),
        Value::Colour { hex } => hex.clone(),
        Value::Word { word } => word.clone(),
    }
}

/// A limit as text with its unit: `≥ 25 px`.
pub(crate) fn limit(limit: &Limit) -> String {
    match limit {
        Limit::Range { min: Some(min), max: Some(max), unit } if min == max => with_unit(*max, *unit),
        Limit::Range { min: Some(min), max: Some(max), unit } => {
            format!("{}–{}", number(*min, *unit), with_unit(*max, *unit))
        }
        Limit::Range { min: Some(min), max: None, unit } => format!("≥ {}", with_unit(*min, *unit)),
        Limit::Range { min: None, max: Some(max), unit } => format!("≤ {}", with_unit(*max, *unit)),
        Limit::Range { min: None, max: None, .. } => String::new(),
        Limit::Size { width, height } => format!("{width}×{height} px"),
        Limit::Colours { near, within } => format!("{} ± {within} ΔE", near.join(", ")),
        Limit::Words { words } => words.join(", "),
    }
}

fn number(number: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{:.1}", number * 100.0),
        Unit::Pixels | Unit::Dpi | Unit::Count => format!("{number:.0}"),
        Unit::Kilobytes | Unit::Degrees | Unit::DeltaE | Unit::Index => format!("{number:.1}"),
    }
}

fn with_unit(of: f64, unit: Unit) -> String {
    let word = match unit {
        Unit::Pixels => " px",
        Unit::Dpi => " dpi",
        Unit::Kilobytes => " KB",
        Unit::Degrees => "°",
        Unit::DeltaE => " ΔE",
        Unit::Share => " %",
        Unit::Count | Unit::Index => "",
    };
    format!("{}{word}", number(of, unit))
}

/// Where a mark lies: x, y, width, height in pixels. A line across has neither width nor height, a band across no width.
fn places(mark: &Mark) -> Vec<[f32; 4]> {
    match mark {
        Mark::HeadTop { y } | Mark::EyeLine { y } => vec![[0.0, *y, 0.0, 0.0]],
        Mark::Face { rect } | Mark::Area { rect } => vec![[rect.x, rect.y, rect.width, rect.height]],
        Mark::Eyes { right, left } => {
            let side = right.distance(*left) * 0.3;
            [right, left].map(|eye| [eye.x - side / 2.0, eye.y - side / 2.0, side, side]).to_vec()
        }
        Mark::Band { from, to } => vec![[0.0, *from, 0.0, to - from]],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_finding_is_kept() {
        let found = standard::Finding {
            code: "IMG-09".to_owned(),
            reason: None,
            measure: "eye_line".to_owned(),
            severity: standard::Severity::Block,
            status: standard::Status::Failed,
            measured: None,
            limit: None,
            marks: vec![Mark::EyeLine { y: 190.0 }, Mark::Band { from: 200.0, to: 300.0 }],
        };
        let places = finding(&found).places;
        assert_eq!(places, [[0.0, 190.0, 0.0, 0.0], [0.0, 200.0, 0.0, 100.0]]);
        // What was kept when a finding had one place is still read.
        let kept = r#"{"code":"IMG-09","severity":"block","status":"failed","place":[0.0,190.0,0.0,0.0]}"#;
        assert_eq!(serde_json::from_str::<Finding>(kept).unwrap().places, [[0.0, 190.0, 0.0, 0.0]]);
        let none = r#"{"code":"IMG-12","severity":"warn","status":"not_measurable","place":null}"#;
        assert!(serde_json::from_str::<Finding>(none).unwrap().places.is_empty());
    }

    #[test]
    fn figures_carry_their_unit_and_no_false_precision() {
        let range = Limit::Range { min: Some(50.0), max: Some(110.0), unit: Unit::Pixels };
        assert_eq!(limit(&range), "50–110 px");
        assert_eq!(value(&Value::Number { number: 0.123, unit: Unit::Share }), "12.3 %");
    }
}
