//! What is written on a scan: lines of text, where they stand, and how sure the machine is.
//!
//! A page is decoded within limits, lines are found, each is cut out upright and read. All of it happens on the pool's
//! threads, one page at a time for each. What is read is evidence, never a fact: whoever uses it shows it beside the scan.

mod alphabet;
mod line;
mod regions;

use std::sync::Arc;

use image::RgbImage;
use models::Readers;

pub use alphabet::{Alphabet, Said};
pub use regions::{Region, regions};

use crate::{
    OpenError, PoolError,
    geometry::Rect,
    image::{Limits, PageError, page},
    model::{ModelError, Runtime, TextFinder, TextReader},
    pool::Pool,
};

/// Pages that may wait for each worker.
const WAITING_PER_WORKER: usize = 4;
/// Below this confidence what was read is noise.
const MIN_CONFIDENCE: f32 = 0.5;

/// Why nothing was read on a page.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There are no pixels of the page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A model failed.
    #[error("a model failed on this page")]
    Model(#[from] ModelError),
    /// The work failed unexpectedly. The reader lives on.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// What was read on one page.
#[derive(Debug, Clone)]
pub struct ReadPage {
    /// Width of the upright page, pixels.
    pub width: u32,
    /// Height of the upright page, pixels.
    pub height: u32,
    /// The lines, from top to bottom.
    pub lines: Vec<ReadLine>,
}

/// One line that was read. `{:?}` shows where it stands and not what it says.
#[derive(Clone, PartialEq)]
pub struct ReadLine {
    /// What it says.
    pub text: String,
    /// How sure the model is, 0..=1.
    pub confidence: f32,
    /// The upright rectangle around it, pixels of the upright page.
    pub place: Rect,
}

impl std::fmt::Debug for ReadLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadLine").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Everything a worker owns.
struct Worker {
    finder: TextFinder,
    reader: TextReader,
}

/// Reads scans. Cheap to clone; all clones share one pool.
#[derive(Debug, Clone)]
pub struct Reader {
    pool: Arc<Pool<Worker>>,
    models: Arc<Vec<(String, String)>>,
}

impl Reader {
    /// Loads the models, once for each of `workers` threads (at least one).
    ///
    /// # Errors
    ///
    /// If a model cannot be loaded or threads cannot be started.
    pub fn open(models: &Readers, workers: usize) -> Result<Self, OpenError> {
        let runtime = Runtime::load(models.runtime())?;
        let workers = (0..workers.max(1))
            .map(|_| {
                let finder = TextFinder::open(&runtime, models.finder())?;
                Ok(Worker { finder, reader: TextReader::open(&runtime, models.reader())? })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        let waiting = workers.len() * WAITING_PER_WORKER;
        let pool = Pool::start(workers, waiting).map_err(OpenError::Threads)?;
        let named = [models.finder(), models.reader()];
        let named = named.map(|model| (model.name.clone(), model.digest.to_string()));
        Ok(Self { pool: Arc::new(pool), models: Arc::new(named.to_vec()) })
    }

    /// The models that read: name and SHA-256, in the order in which they work.
    #[must_use]
    pub fn models(&self) -> &[(String, String)] {
        &self.models
    }

    /// Reads page number `index` of a scan, from 0, waiting for a place in the queue.
    ///
    /// # Errors
    ///
    /// [`ReadError::Page`] if there are no pixels of it; otherwise the work failed.
    pub fn read_patiently(&self, scan: Arc<Vec<u8>>, index: u32) -> Result<ReadPage, ReadError> {
        self.pool.run_patiently(move |worker| {
            let picture = page(&scan, index, Limits::page())?;
            drop(scan);
            worker.read(&picture)
        })?
    }
}

impl Worker {
    fn read(&mut self, picture: &RgbImage) -> Result<ReadPage, ReadError> {
        let (width, height) = picture.dimensions();
        let map = self.finder.find(picture)?;
        let mut lines = Vec::new();
        for region in regions(&map) {
            let said = self.reader.read(&line::cut(picture, &region))?;
            if said.confidence >= MIN_CONFIDENCE && !said.text.trim().is_empty() {
                let place = region.bounds(line::to_f32(width), line::to_f32(height));
                lines.push(ReadLine {
                    text: said.text.trim().to_owned(),
                    confidence: said.confidence,
                    place,
                });
            }
        }
        Ok(ReadPage { width, height, lines })
    }
}
