//! The gate: preparation may make a model faster, never different, and a detector finds what is plainly there.

use image::{Rgb, RgbImage};
use models::Installed;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{Detector, Embedder, ModelError, Runtime};
use crate::{align::SIDE, draw, geometry::Detection, template::ModelId};

/// How far the folded and the rewritten graph must agree, as the cosine of their outputs.
const AGREEMENT: f32 = 0.99999;

/// How sure the detector must be of a drawn portrait, 0..=1.
const SURE: f32 = 0.8;

/// How far from where it was drawn a landmark may be found, as a share of the distance between the eyes. The detector
/// learnt from photos; in drawings it is off by up to a quarter.
const OFF: f32 = 0.35;

/// Checks that the detector finds drawn portraits, each once, and their landmarks where they were drawn.
///
/// # Errors
///
/// [`ModelError::Misses`] if it does not; or if it fails.
pub fn check_detector(detector: &mut Detector) -> Result<(), ModelError> {
    for person in 0..2 {
        let drawn = draw::portrait(person, 0);
        let coarse = detector.coarsely(&drawn.pixels)?;
        let found = detector.finely(&drawn.pixels, coarse)?;
        let sure: Vec<_> = found.iter().filter(|face| face.score >= SURE).collect();
        let reach = OFF * drawn.landmarks.eye_distance();
        let in_place = |face: &Detection| {
            let pairs = face.landmarks.as_points().into_iter().zip(drawn.landmarks.as_points());
            pairs.into_iter().all(|(found, drawn)| found.distance(drawn) <= reach)
        };
        if !matches!(sure.as_slice(), [face] if in_place(face)) {
            return Err(ModelError::Misses { model: detector.name().to_owned() });
        }
    }
    Ok(())
}

/// Checks that the embedder as prepared computes what its folded original computes, on seeded noise and drawn faces.
///
/// The file as shipped cannot be the reference: it does not run.
///
/// # Errors
///
/// [`ModelError::Disagrees`] if it does not; or if either cannot be loaded or run.
pub fn check_embedder(runtime: &Runtime, installed: &Installed) -> Result<(), ModelError> {
    let Some(reference) = installed.embedder_reference() else { return Ok(()) };
    let model = installed.embedder();
    // Both templates get one id, because here they must be comparable.
    let id = ModelId::of(model);
    let mut prepared = Embedder::open_at(runtime, &model.path, &model.name, id.clone())?;
    let mut folded = Embedder::open_at(runtime, reference, &model.name, id)?;
    for face in probes() {
        let (left, right) = (prepared.embed(&face)?, folded.embed(&face)?);
        let cosine = left.compare(&right).map_or(-1.0, |similarity| similarity.cosine());
        if cosine < AGREEMENT {
            return Err(ModelError::Disagrees { model: model.name.clone(), cosine });
        }
    }
    Ok(())
}

fn probes() -> Vec<RgbImage> {
    let mut rng = StdRng::seed_from_u64(1);
    let noise = (0..2).map(|_| RgbImage::from_fn(SIDE, SIDE, |_, _| Rgb(rng.random()))).collect::<Vec<_>>();
    noise.into_iter().chain((0..2).map(|person| draw::face(person, 0))).collect()
}
