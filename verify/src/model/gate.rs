//! The gate: preparation may make a model faster, never different, and a detector finds what is plainly there.

use image::{Rgb, RgbImage};
use models::Installed;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{Detector, Embedder, ModelError, Runtime, runtime::Arithmetic};
use crate::{align::SIDE, draw, geometry::Detection, template::ModelId};

/// How far the folded and the rewritten graph must agree, as the cosine of their outputs.
const AGREEMENT: f32 = 0.99999;

/// How far the embedder agrees with itself when it computes as is quickest here. Of 4,991 photos of Labeled Faces in the
/// Wild none agreed less than to 0.9993, on average to 0.9999; noise, which is no face, agrees less.
const ROUNDED: f32 = 0.998;

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

/// Checks that the embedder as prepared computes what its folded original computes, on seeded noise and drawn faces, and
/// much the same when it computes as it will. Returns whether several faces together come out the same to the last bit as
/// each alone: otherwise a photo's template would depend on whose company it was made in.
///
/// The file as shipped cannot be the reference: it does not run.
///
/// # Errors
///
/// [`ModelError::Disagrees`] if it does not; or if either cannot be loaded or run.
pub fn check_embedder(runtime: &Runtime, installed: &Installed) -> Result<bool, ModelError> {
    let model = installed.embedder();
    let mut quick = Embedder::open(runtime, model, true)?;
    let faces = probes();
    let alone = faces.iter().map(|face| quick.embed(face)).collect::<Result<Vec<_>, _>>()?;
    let together = quick.embed_all(&faces.iter().collect::<Vec<_>>())?;
    let same = alone.iter().zip(&together).all(|(one, other)| one.to_bytes() == other.to_bytes());
    let Some(reference) = installed.embedder_reference() else { return Ok(same) };
    // All templates get one id, because here they must be comparable.
    let open = |path| Embedder::open_at(runtime, path, &model.name, ModelId::of(model), Arithmetic::Exact);
    let (mut prepared, mut folded) = (open(&model.path)?, open(reference)?);
    for (face, quick) in faces.iter().zip(alone) {
        let exact = prepared.embed(face)?;
        for (other, wanted) in [(folded.embed(face)?, AGREEMENT), (quick, ROUNDED)] {
            let cosine = exact.compare(&other).map_or(-1.0, |similarity| similarity.cosine());
            if cosine < wanted {
                return Err(ModelError::Disagrees { model: model.name.clone(), cosine, wanted });
            }
        }
    }
    Ok(same)
}

/// As many as the embedder takes together.
fn probes() -> Vec<RgbImage> {
    let mut rng = StdRng::seed_from_u64(1);
    let noise = (0..2).map(|_| RgbImage::from_fn(SIDE, SIDE, |_, _| Rgb(rng.random()))).collect::<Vec<_>>();
    noise.into_iter().chain((0..2).map(|person| draw::face(person, 0))).collect()
}
