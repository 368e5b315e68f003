//! The model that makes templates.

use std::path::Path;

use image::RgbImage;
use models::installed::ModelFile;
use ort::{session::Session, value::TensorRef};

use super::{ModelError, Runtime, runtime::Arithmetic};
use crate::{
    align::SIDE,
    template::{DIMENSIONS, ModelId, Template},
};

/// How many faces are quicker together than one by one: the weights, many more bytes than a face, are read once for all of
/// them. Whether the same comes out, to the last bit, the gate asks.
pub const SEVERAL: usize = 4;

/// Makes templates. `&mut` because a session runs one input at a time.
#[derive(Debug)]
pub struct Embedder {
    name: String,
    id: ModelId,
    one: Session,
    /// Takes [`SEVERAL`] faces.
    several: Option<Session>,
}

impl Embedder {
    /// Loads the model; `together` if it shall take several faces at a time.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub fn open(runtime: &Runtime, model: &ModelFile, together: bool) -> Result<Self, ModelError> {
        let opened = Self::open_at(runtime, &model.path, &model.name, ModelId::of(model), Arithmetic::Quick)?;
        let several = || runtime.session_for(SEVERAL, &model.name, &model.path, Arithmetic::Quick);
        Ok(Self { several: together.then(several).transpose()?, ..opened })
    }

    /// Loads a model from a path of its own, to compute in its own way: what the gate compares.
    pub(super) fn open_at(
        runtime: &Runtime,
        path: &Path,
        name: &str,
        id: ModelId,
        arithmetic: Arithmetic,
    ) -> Result<Self, ModelError> {
        Ok(Self { name: name.to_owned(), id, one: runtime.session(name, path, arithmetic)?, several: None })
    }

    /// Makes the template of an aligned face of 112 × 112.
    ///
    /// # Errors
    ///
    /// If the face has another size or the model fails.
    pub fn embed(&mut self, face: &RgbImage) -> Result<Template, ModelError> {
        let template = self.run(&[face])?.pop();
        template.ok_or_else(|| self.output("there is no template"))
    }

    /// Makes the templates of aligned faces, several at a time while there are several.
    ///
    /// # Errors
    ///
    /// As [`embed`](Self::embed).
    pub fn embed_all(&mut self, faces: &[&RgbImage]) -> Result<Vec<Template>, ModelError> {
        let none: (&[[&RgbImage; SEVERAL]], _) = (&[], faces);
        let (together, alone) = if self.several.is_some() { faces.as_chunks::<SEVERAL>() } else { none };
        let mut templates = Vec::with_capacity(faces.len());
        for faces in together.iter().map(<[_; SEVERAL]>::as_slice).chain(alone.chunks(1)) {
            templates.extend(self.run(faces)?);
        }
        Ok(templates)
    }

    /// Runs the model on one face or on [`SEVERAL`].
    ///
    /// It takes n × 3 × 112 × 112, RGB, 0..=255, and gives n × 128 numbers.
    fn run(&mut self, faces: &[&RgbImage]) -> Result<Vec<Template>, ModelError> {
        let output = |what| ModelError::Output { model: self.name.clone(), what };
        let mut planes: Vec<f32> = Vec::with_capacity(faces.len() * 3 * (SIDE * SIDE) as usize);
        for face in faces {
            if face.dimensions() != (SIDE, SIDE) {
                return Err(output("an aligned face has 112 × 112 pixels"));
            }
            let pixels = face.as_raw().as_chunks::<3>().0;
            planes.extend(pixels.iter().map(|pixel| f32::from(pixel[0])));
            planes.extend(pixels.iter().map(|pixel| f32::from(pixel[1])));
            planes.extend(pixels.iter().map(|pixel| f32::from(pixel[2])));
        }
        let fail = |source| ModelError::Run { model: self.name.clone(), source };
        let session = match &mut self.several {
            Some(several) if faces.len() == SEVERAL => several,
            _ => &mut self.one,
        };
        let shape = [faces.len(), 3, SIDE as usize, SIDE as usize];
        let input = TensorRef::from_array_view((shape, planes.as_slice())).map_err(fail)?;
        let outputs = session.run(ort::inputs![input]).map_err(fail)?;
        let vectors = outputs.get("fc1").ok_or_else(|| output("there is no output fc1"))?;
        let (_, values) = vectors.try_extract_tensor::<f32>().map_err(fail)?;
        if values.len() != faces.len() * DIMENSIONS {
            return Err(output("it is not 128 numbers for each face"));
        }
        let template = |values| Template::normalised(self.id.clone(), values);
        let templates = values.chunks_exact(DIMENSIONS).map(template).collect::<Result<_, _>>();
        templates.map_err(|_| output("it is no template"))
    }

    fn output(&self, what: &'static str) -> ModelError {
        ModelError::Output { model: self.name.clone(), what }
    }
}
