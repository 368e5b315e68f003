//! The model that reads one line of text: PP-OCR's recogniser.

use image::RgbImage;
use models::installed::ModelFile;
use ort::{session::Session, value::TensorRef};

use super::{ModelError, Runtime, runtime::Arithmetic, text_finder::planes};
use crate::reader::{Alphabet, Said};

/// Reads lines. `&mut` because a session runs one input at a time.
#[derive(Debug)]
pub struct TextReader {
    name: String,
    session: Session,
    alphabet: Alphabet,
}

impl TextReader {
    /// The height of the lines it reads, pixels.
    pub const HEIGHT: u32 = 48;

    /// Loads the model, and the characters it knows out of its metadata.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded or does not say which characters it knows.
    pub fn open(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        let session = runtime.session(&model.name, &model.path, Arithmetic::Exact)?;
        let characters = session.metadata().ok().and_then(|metadata| metadata.custom("character"));
        let output = |what| ModelError::Output { model: model.name.clone(), what };
        let characters = characters.ok_or_else(|| output("it names no characters"))?;
        Ok(Self { name: model.name.clone(), session, alphabet: Alphabet::new(&characters) })
    }

    /// Reads one line, [`HEIGHT`](Self::HEIGHT) pixels high.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn read(&mut self, line: &RgbImage) -> Result<Said, ModelError> {
        let output = |what| ModelError::Output { model: self.name.clone(), what };
        let fail = |source| ModelError::Run { model: self.name.clone(), source };
        let side = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let planes = planes(line);
        let shape = [1, 3, side(line.height()), side(line.width())];
        let input = TensorRef::from_array_view((shape, planes.as_slice())).map_err(fail)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(fail)?;
        let steps = outputs.values().next().ok_or_else(|| output("there is none"))?;
        let (shape, values) = steps.try_extract_tensor::<f32>().map_err(fail)?;
        let classes = shape.last().and_then(|classes| usize::try_from(*classes).ok()).unwrap_or_default();
        if classes != self.alphabet.classes() {
            return Err(output("it knows other characters than it names"));
        }
        Ok(self.alphabet.spell(values))
    }
}
