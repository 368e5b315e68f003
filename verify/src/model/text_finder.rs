//! The model that says where text stands: PP-OCR's detector.

use image::{RgbImage, imageops, imageops::FilterType};
use models::installed::ModelFile;
use ort::{session::Session, value::TensorRef};

use super::{ModelError, Runtime, runtime::Arithmetic};

/// The long side of the page as the model sees it, pixels. Letters of 3 mm on an A4 page are then 16 pixels high.
const LONG_SIDE: u32 = 1600;
/// The model takes sides that are multiples of this.
const MULTIPLE: u32 = 32;

/// Finds text. `&mut` because a session runs one input at a time.
#[derive(Debug)]
pub struct TextFinder {
    name: String,
    session: Session,
}

/// How likely text stands in each pixel of a page, row-major, 0..=1.
#[derive(Debug, Clone)]
pub struct TextMap {
    /// Width, pixels of the map.
    pub width: usize,
    /// Height, pixels of the map.
    pub height: usize,
    /// The probabilities.
    pub values: Vec<f32>,
    /// Pixels of the page for each pixel of the map, across and down.
    pub back: (f32, f32),
}

impl TextFinder {
    /// Loads the model.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub fn open(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Ok(Self {
            name: model.name.clone(),
            session: runtime.session(&model.name, &model.path, Arithmetic::Exact)?,
        })
    }

    /// Says where text stands on a page.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn find(&mut self, page: &RgbImage) -> Result<TextMap, ModelError> {
        let (width, height) = scaled(page.dimensions());
        let small = imageops::resize(page, width, height, FilterType::Triangle);
        let planes = planes(&small);
        let (columns, rows) = (to_usize(width), to_usize(height));
        let output = |what| ModelError::Output { model: self.name.clone(), what };
        let fail = |source| ModelError::Run { model: self.name.clone(), source };
        let input = TensorRef::from_array_view(([1, 3, rows, columns], planes.as_slice())).map_err(fail)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(fail)?;
        let map = outputs.values().next().ok_or_else(|| output("there is none"))?;
        let (_, values) = map.try_extract_tensor::<f32>().map_err(fail)?;
        if values.len() != rows * columns {
            return Err(output("it is not as large as the page"));
        }
        let back = (to_f32(page.width()) / to_f32(width), to_f32(page.height()) / to_f32(height));
        Ok(TextMap { width: columns, height: rows, values: values.to_vec(), back })
    }
}

/// The size at which a page is looked at: not larger than [`LONG_SIDE`], in whole [`MULTIPLE`]s.
fn scaled((width, height): (u32, u32)) -> (u32, u32) {
    let long = u64::from(width.max(height).max(1));
    let most = long.min(u64::from(LONG_SIDE));
    let side = |side: u32| {
        let scaled = u64::from(side) * most / long;
        let wanted = u32::try_from(scaled).unwrap_or(LONG_SIDE) + MULTIPLE / 2;
        (wanted / MULTIPLE * MULTIPLE).max(MULTIPLE)
    };
    (side(width), side(height))
}

/// Blue-green-red planes, -1..=1.
pub(super) fn planes(picture: &RgbImage) -> Vec<f32> {
    [2, 1, 0]
        .iter()
        .flat_map(|channel| picture.iter().skip(*channel).step_by(3))
        .map(|value| f32::from(*value) / 127.5 - 1.0)
        .collect()
}

fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "sides of a page are far below 2^24")]
fn to_f32(n: u32) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_looked_at_in_sides_the_model_takes() {
        assert_eq!(scaled((2480, 3508)), (1120, 1600));
        assert_eq!(scaled((800, 600)), (800, 608));
        assert_eq!(scaled((10, 4)), (32, 32));
    }
}
