//! The model that makes templates.

use std::path::Path;

use image::RgbImage;
use models::installed::ModelFile;
use ort::{session::Session, value::TensorRef};

use super::{ModelError, Runtime, runtime::Arithmetic};
use crate::{
    align::SIDE,
    template::{ModelId, Template},
};

/// Makes templates. `&mut` because a session runs one input at a time.
#[derive(Debug)]
pub struct Embedder {
    name: String,
    id: ModelId,
    session: Session,
}

impl Embedder {
    /// Loads the model.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub fn open(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        Self::open_at(runtime, &model.path, &model.name, ModelId::of(model), Arithmetic::Quick)
    }

    /// Loads a model from a path of its own, to compute in its own way: what the gate compares.
    pub(super) fn open_at(
        runtime: &Runtime,
        path: &Path,
        name: &str,
        id: ModelId,
        arithmetic: Arithmetic,
    ) -> Result<Self, ModelError> {
        Ok(Self { name: name.to_owned(), id, session: runtime.session(name, path, arithmetic)? })
    }

    /// Makes the template of an aligned face of 112 × 112.
    ///
    /// The model takes 1 × 3 × 112 × 112, RGB, 0..=255, and gives 128 numbers.
    ///
    /// # Errors
    ///
    /// If the face has another size or the model fails.
    pub fn embed(&mut self, face: &RgbImage) -> Result<Template, ModelError> {
        let output = |what| ModelError::Output { model: self.name.clone(), what };
        if face.dimensions() != (SIDE, SIDE) {
            return Err(output("an aligned face has 112 × 112 pixels"));
        }
        let pixels = face.as_raw().as_chunks::<3>().0;
        let mut planes: Vec<f32> = Vec::with_capacity(3 * pixels.len());
        planes.extend(pixels.iter().map(|pixel| f32::from(pixel[0])));
        planes.extend(pixels.iter().map(|pixel| f32::from(pixel[1])));
        planes.extend(pixels.iter().map(|pixel| f32::from(pixel[2])));
        let fail = |source| ModelError::Run { model: self.name.clone(), source };
        let input = TensorRef::from_array_view(([1usize, 3, 112, 112], planes.as_slice())).map_err(fail)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(fail)?;
        let vector = outputs.get("fc1").ok_or_else(|| output("there is no output fc1"))?;
        let (_, values) = vector.try_extract_tensor::<f32>().map_err(fail)?;
        Template::normalised(self.id.clone(), values).map_err(|_| output("it is no template"))
    }
}
