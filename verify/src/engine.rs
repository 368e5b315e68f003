//! The whole chain behind one door: bytes in, findings and template out.
//!
//! Decode within limits, turn upright, find faces, judge by a rule set, align, make the template. All of it happens on
//! the pool's threads; a caller only waits.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use ::image::{RgbImage, imageops};
use models::Installed;
use serde::{Deserialize, Serialize};

use crate::{
    align, detail,
    expression::Expression,
    gathering::Gathering,
    geometry::Detection,
    image::{self, Facts, Limits, Photo},
    model::{
        Detector, Embedder, ExpressionReader, ModelError, Runtime, SEVERAL, check_detector, check_embedder,
    },
    pool::{Pending, Pool, PoolError},
    refusal::Refusal,
    standard::{self, Evidence, FacePolicy, Finding, RuleSet, Surroundings},
    template::{ModelId, Template},
};

/// JPEG quality of the aligned crop.
const CROP_QUALITY: u8 = 92;

/// Jobs that may wait for each worker.
const WAITING_PER_WORKER: usize = 8;

/// Why the engine could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A model could not be loaded.
    #[error("could not load the models")]
    Model(#[from] ModelError),
    /// Threads could not be started.
    #[error("could not start the threads that verify photos")]
    Threads(#[source] std::io::Error),
}

/// Why there is no answer about a photo.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The photo was looked at and cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Every worker is busy and the queue is full.
    #[error("too many photos are being checked at once; try again in a moment")]
    Busy,
    /// The work failed unexpectedly. The engine lives on.
    #[error("checking this photo failed unexpectedly")]
    Lost,
    /// A model failed.
    #[error("a model failed on this photo")]
    Model(#[from] ModelError),
}

impl EngineError {
    /// A word for it that never changes: the refusal's own, or `busy`, or `failed`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Busy => "busy",
            Self::Lost | Self::Model(_) => "failed",
        }
    }

    /// The refusal, if the photo is at fault.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Busy | Self::Lost | Self::Model(_) => None,
        }
    }
}

impl From<PoolError> for EngineError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy => Self::Busy,
            PoolError::Lost => Self::Lost,
        }
    }
}

/// Everything found out about one photo.
#[derive(Debug)]
pub struct Analysis {
    /// What may be stored and shown.
    pub summary: Summary,
    /// The one face, or why there is not exactly one.
    pub face: Result<Face, Refusal>,
}

impl Analysis {
    /// Whether no rule of grade `block` failed.
    pub fn acceptable(&self) -> bool {
        !self.summary.findings.iter().any(Finding::blocks)
    }
}

/// What may be stored and shown about a photo: no pixels, no template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Width of the upright photo, pixels.
    pub width: u32,
    /// Height of the upright photo, pixels.
    pub height: u32,
    /// What the file says about itself.
    pub facts: Facts,
    /// The faces that count under the rule set, largest first.
    pub faces: Vec<Detection>,
    /// Faces that were seen and do not count under the rule set's policy.
    pub overlooked: usize,
    /// The rule set's id.
    pub rule_set: String,
    /// The rule set's version.
    pub rule_set_version: String,
    /// What each rule found.
    pub findings: Vec<Finding>,
    /// The model that made the template.
    pub model: ModelId,
}

/// What the rules say about a photo whose face is not measured: no template was made of it.
#[derive(Debug)]
pub struct Judgement {
    /// What may be stored and shown.
    pub summary: Summary,
    /// Why there is not exactly one face, if there is not.
    pub refusal: Option<Refusal>,
}

/// The one face of a photo.
#[derive(Debug, Clone)]
pub struct Face {
    /// Its template.
    pub template: Template,
    /// The aligned face, 112 × 112, as JPEG: for reviewers, to be dropped with the comparison.
    pub crop: Vec<u8>,
}

/// What the engine is finding out. Whoever drops it does not want to know any more.
#[derive(Debug)]
#[must_use = "the answer is what it was begun for"]
pub struct Coming<T>(Pending<Result<T, EngineError>>);

impl<T> Coming<T> {
    /// Waits for it.
    ///
    /// # Errors
    ///
    /// As whatever was begun.
    pub fn wait(self) -> Result<T, EngineError> {
        self.0.wait()?
    }
}

/// Everything a worker owns.
struct Worker {
    detector: Detector,
    embedder: Embedder,
    expression: ExpressionReader,
}

/// The verification engine. Cheap to clone; all clones share one pool.
#[derive(Debug, Clone)]
pub struct Engine {
    pool: Arc<Pool<Worker>>,
    gathering: Arc<Gathering<Waiting>>,
    model: ModelId,
    limits: Limits,
    mirrored: bool,
}

impl Engine {
    /// Loads the models, once for each of `workers` threads (at least one), and checks that preparation has not
    /// changed what the embedder computes, and that the detector finds what is plainly there.
    ///
    /// # Errors
    ///
    /// If a model cannot be loaded, fails its check, or threads cannot be started.
    pub fn open(installed: &Installed, workers: usize) -> Result<Self, OpenError> {
        let runtime = Runtime::load(installed.runtime())?;
        let together = check_embedder(&runtime, installed)?;
        let workers = (0..workers.max(1))
            .map(|_| {
                let mut detector = Detector::open(&runtime, installed.detector())?;
                check_detector(&mut detector)?;
                let embedder = Embedder::open(&runtime, installed.embedder(), together)?;
                let expression = ExpressionReader::new(&runtime, installed.features());
                Ok(Worker { detector, embedder, expression })
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        let waiting = workers.len() * WAITING_PER_WORKER;
        let pool = Pool::start(workers, waiting).map_err(OpenError::Threads)?;
        Ok(Self {
            pool: Arc::new(pool),
            gathering: Arc::new(Gathering::of(if together { SEVERAL } else { 1 })),
            model: ModelId::of(installed.embedder()),
            limits: Limits::default(),
            mirrored: false,
        })
    }

    /// The same engine with other limits on what it decodes.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same engine, whose templates are the mean of a face's and of its mirror image's. Off unless asked for: it takes
    /// the embedder's time twice, and its templates are another model's ([`ModelId::mirrored`]), with a calibration of
    /// its own.
    #[must_use]
    pub fn with_mirror_averaging(self) -> Self {
        if self.mirrored {
            return self;
        }
        Self { model: self.model.mirrored(), mirrored: true, ..self }
    }

    /// The model that makes its templates.
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// How many photos it works on at once.
    pub fn workers(&self) -> usize {
        self.pool.workers()
    }

    /// Finds out everything about a photo.
    ///
    /// # Errors
    ///
    /// [`EngineError::Refused`] if it cannot be decoded (a photo with no face or several is analysed all the same, see
    /// [`Analysis::face`]); [`EngineError::Busy`] at once if the queue is full.
    pub async fn analyse(&self, bytes: Vec<u8>, rules: &Arc<RuleSet>) -> Result<Analysis, EngineError> {
        self.pool.run(self.analysis(bytes, rules)).await?
    }

    /// Like [`analyse`](Self::analyse), for callers that are not async.
    ///
    /// # Errors
    ///
    /// As [`analyse`](Self::analyse).
    pub fn analyse_blocking(&self, bytes: Vec<u8>, rules: &Arc<RuleSet>) -> Result<Analysis, EngineError> {
        self.begin_analysis(bytes, rules)?.wait()
    }

    /// Begins [`analyse_blocking`](Self::analyse_blocking): the caller has other photos looked at meanwhile.
    ///
    /// # Errors
    ///
    /// [`EngineError::Busy`] at once if the queue is full.
    pub fn begin_analysis(
        &self,
        bytes: Vec<u8>,
        rules: &Arc<RuleSet>,
    ) -> Result<Coming<Analysis>, EngineError> {
        Ok(Coming(self.pool.begin(self.analysis(bytes, rules))?))
    }

    /// Like [`analyse_blocking`](Self::analyse_blocking), but waits for a place in the queue, and for other faces to be
    /// embedded with: for batches.
    ///
    /// # Errors
    ///
    /// As [`analyse`](Self::analyse), never [`EngineError::Busy`].
    pub fn analyse_patiently(&self, bytes: Vec<u8>, rules: &Arc<RuleSet>) -> Result<Analysis, EngineError> {
        let (limits, rules, model) = (self.limits, Arc::clone(rules), self.model.clone());
        let (summary, face) = self.together(move |worker| worker.look(&bytes, limits, &rules, model))?;
        Ok(Analysis { summary, face: face.map(|(aligned, template)| Face::of(&aligned, template)) })
    }

    /// Judges a photo by the rules and makes no template: for faces that may not be compared. Waits for a place in the
    /// queue.
    ///
    /// # Errors
    ///
    /// As [`analyse_patiently`](Self::analyse_patiently).
    pub fn judge_patiently(&self, bytes: Vec<u8>, rules: &Arc<RuleSet>) -> Result<Judgement, EngineError> {
        let (limits, rules, model) = (self.limits, Arc::clone(rules), self.model.clone());
        self.pool.run_patiently(move |worker: &mut Worker| {
            let photo = image::decode(&bytes, limits)?;
            let summary = worker.judge(&photo, &rules, model)?;
            let refusal = match FacePolicy::only_of(&summary.faces) {
                Ok(face) => align(&photo, &face).err(),
                Err(refusal) => Some(refusal),
            };
            Ok(Judgement { summary, refusal })
        })?
    }

    /// Makes the template of the one face in a photo.
    ///
    /// # Errors
    ///
    /// [`EngineError::Refused`] if it cannot be decoded or does not show exactly one face that counts under `policy`;
    /// [`EngineError::Busy`] at once if the queue is full.
    pub async fn template(&self, bytes: Vec<u8>, policy: &FacePolicy) -> Result<Template, EngineError> {
        self.pool.run(self.embedding(bytes, policy)).await?
    }

    /// Like [`template`](Self::template), for callers that are not async.
    ///
    /// # Errors
    ///
    /// As [`template`](Self::template).
    pub fn template_blocking(&self, bytes: Vec<u8>, policy: &FacePolicy) -> Result<Template, EngineError> {
        self.begin_template(bytes, policy)?.wait()
    }

    /// Begins [`template_blocking`](Self::template_blocking): the caller has other photos looked at meanwhile.
    ///
    /// # Errors
    ///
    /// [`EngineError::Busy`] at once if the queue is full.
    pub fn begin_template(
        &self,
        bytes: Vec<u8>,
        policy: &FacePolicy,
    ) -> Result<Coming<Template>, EngineError> {
        Ok(Coming(self.pool.begin(self.embedding(bytes, policy))?))
    }

    /// Like [`template_blocking`](Self::template_blocking), but waits for a place in the queue, and for other faces to be
    /// embedded with: for batches.
    ///
    /// # Errors
    ///
    /// As [`template`](Self::template), never [`EngineError::Busy`].
    pub fn template_patiently(&self, bytes: Vec<u8>, policy: &FacePolicy) -> Result<Template, EngineError> {
        let (limits, policy) = (self.limits, *policy);
        let ((), face) = self.together(move |worker| Ok(((), worker.aligned(&bytes, limits, &policy)?)))?;
        Ok(face?.1)
    }

    /// Has something else done by the next free worker that takes a processor's time or much memory, so that it is never done
    /// by more threads at once than there are workers.
    ///
    /// # Errors
    ///
    /// [`EngineError::Lost`] if it failed unexpectedly.
    pub fn lend<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        Ok(self.pool.run_patiently(|_| work())?)
    }

    /// Calls `job` for every item, on threads enough that the workers find several faces to embed together, and returns
    /// the answers in order.
    ///
    /// A job should read its photo and call one of the `…_patiently` functions; what else takes time or memory it should have
    /// done by [`lend`](Self::lend). So no more photos are decoded at once than there are workers.
    pub fn batch<T: Send, O: Send>(&self, items: Vec<T>, job: impl Fn(&Self, T) -> O + Sync) -> Vec<O> {
        let items: Vec<Mutex<(Option<T>, Option<O>)>> =
            items.into_iter().map(|item| Mutex::new((Some(item), None))).collect();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..self.workers() * SEVERAL {
                scope.spawn(|| {
                    while let Some(place) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let item = place.lock().unwrap_or_else(PoisonError::into_inner).0.take();
                        let answer = item.map(|item| job(self, item));
                        place.lock().unwrap_or_else(PoisonError::into_inner).1 = answer;
                    }
                });
            }
        });
        items
            .into_iter()
            .filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner).1)
            .collect()
    }

    fn analysis(
        &self,
        bytes: Vec<u8>,
        rules: &Arc<RuleSet>,
    ) -> impl FnOnce(&mut Worker) -> Result<Analysis, EngineError> + Send + 'static {
        let (limits, rules, making) = (self.limits, Arc::clone(rules), self.making());
        move |worker| worker.analyse(&bytes, limits, &rules, &making)
    }

    fn embedding(
        &self,
        bytes: Vec<u8>,
        policy: &FacePolicy,
    ) -> impl FnOnce(&mut Worker) -> Result<Template, EngineError> + Send + 'static {
        let (limits, policy, making) = (self.limits, *policy, self.making());
        move |worker| {
            let aligned = worker.aligned(&bytes, limits, &policy)??;
            Ok(worker.template(&aligned, &making)?)
        }
    }

    /// Looks at a photo on the next free worker, and has the face that is found embedded together with others that are
    /// being looked for. Returns what `look` does, with the face's template.
    fn together<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Worker) -> Looked<T, RgbImage> + Send + 'static,
    ) -> Looked<T, (RgbImage, Template)> {
        let coming = self.gathering.come();
        let looked = self.pool.run_patiently(look).map_err(EngineError::from).flatten();
        let (reply, answer) = sync_channel(1);
        let (looked, waiting) = match looked {
            Ok((seen, Ok(aligned))) => {
                let waiting = Waiting { aligned, making: self.making(), reply };
                (Ok((seen, Ok(()))), Some(waiting))
            }
            Ok((seen, Err(refusal))) => (Ok((seen, Err(refusal))), None),
            Err(error) => (Err(error), None),
        };
        let due = coming.arrive(waiting);
        if !due.is_empty() {
            self.pool.run_patiently(move |worker| worker.answer(due))?;
        }
        let (seen, face) = looked?;
        let face = match face {
            Ok(()) => Ok(answer.recv().map_err(|_| EngineError::Lost)??),
            Err(refusal) => Err(refusal),
        };
        Ok((seen, face))
    }

    fn making(&self) -> Making {
        Making { model: self.model.clone(), mirrored: self.mirrored }
    }
}

/// What looking at a photo gave, and its one face or why there is not exactly one.
type Looked<T, F> = Result<(T, Result<F, Refusal>), EngineError>;

/// Everybody in a photo.
struct Crowd {
    /// How many were seen.
    seen: usize,
    /// Those who count, largest first.
    faces: Vec<Detection>,
    /// What is around them.
    surroundings: Surroundings,
}

/// An aligned face that waits for its template.
struct Waiting {
    aligned: RgbImage,
    making: Making,
    reply: SyncSender<Result<(RgbImage, Template), ModelError>>,
}

/// How a template is made.
struct Making {
    /// What it is called.
    model: ModelId,
    /// Whether the mirror image has its part.
    mirrored: bool,
}

impl Face {
    fn of(aligned: &RgbImage, template: Template) -> Self {
        Self { template, crop: image::encode_jpeg(aligned, CROP_QUALITY, None) }
    }
}

impl Worker {
    /// The template of an aligned face.
    fn template(&mut self, aligned: &RgbImage, making: &Making) -> Result<Template, ModelError> {
        let one = self.embedder.embed(aligned)?;
        if !making.mirrored {
            return Ok(one);
        }
        let other = self.embedder.embed(&imageops::flip_horizontal(aligned))?;
        making.between(&one, &other)
    }

    /// Makes the templates of faces that waited, together. If that fails, each is made by itself, so that nobody fails for
    /// another.
    fn answer(&mut self, waiting: Vec<Waiting>) {
        let mirrored = waiting.iter().filter(|one| one.making.mirrored);
        let mirrored: Vec<_> = mirrored.map(|one| imageops::flip_horizontal(&one.aligned)).collect();
        let faces: Vec<_> = waiting.iter().map(|one| &one.aligned).chain(&mirrored).collect();
        let made = self.embedder.embed_all(&faces).ok();
        let mut made = made.map(|mut made| (made.split_off(waiting.len()).into_iter(), made.into_iter()));
        for Waiting { aligned, making, reply } in waiting {
            let together = made.as_mut().and_then(|(mirrored, made)| {
                let other = if making.mirrored { Some(mirrored.next()?) } else { None };
                Some((made.next()?, other))
            });
            let template = match together {
                Some((one, None)) => Ok(one),
                Some((one, Some(other))) => making.between(&one, &other),
                None => self.template(&aligned, &making),
            };
            // Nobody may be waiting for the answer any more; then it is for nobody.
            drop(reply.send(template.map(|template| (aligned, template))));
        }
    }

    fn analyse(
        &mut self,
        bytes: &[u8],
        limits: Limits,
        rules: &RuleSet,
        making: &Making,
    ) -> Result<Analysis, EngineError> {
        let (summary, face) = self.look(bytes, limits, rules, making.model.clone())?;
        let face = match face {
            Ok(aligned) => {
                let template = self.template(&aligned, making)?;
                Ok(Face::of(&aligned, template))
            }
            Err(refusal) => Err(refusal),
        };
        Ok(Analysis { summary, face })
    }

    /// What there is to see in a photo, and its one face, aligned.
    fn look(
        &mut self,
        bytes: &[u8],
        limits: Limits,
        rules: &RuleSet,
        model: ModelId,
    ) -> Looked<Summary, RgbImage> {
        let photo = image::decode(bytes, limits)?;
        let summary = self.judge(&photo, rules, model)?;
        let face = FacePolicy::only_of(&summary.faces).and_then(|face| align(&photo, &face));
        Ok((summary, face))
    }

    /// The one face in a photo that counts, aligned; nothing else is looked at.
    fn aligned(
        &mut self,
        bytes: &[u8],
        limits: Limits,
        policy: &FacePolicy,
    ) -> Result<Result<RgbImage, Refusal>, EngineError> {
        let photo = image::decode_for_face(bytes, limits)?;
        let seen = self.detector.faces(&photo.pixels)?;
        let face = match policy.only(&seen, photo.pixels.dimensions()) {
            Ok(face) => self.detector.closely(&photo.pixels, &face)?,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(align(&photo, &face))
    }

    /// What the rules find in a photo, and whose face counts, looked at closely if there is one.
    fn judge(&mut self, photo: &Photo, rules: &RuleSet, model: ModelId) -> Result<Summary, ModelError> {
        let Crowd { seen, mut faces, surroundings } = self.everybody(photo, rules)?;
        if let [face] = faces.as_mut_slice() {
            *face = self.detector.closely(&photo.pixels, face)?;
        }
        let eye_tilt = match faces.as_slice() {
            [face] if rules.asks_for_level_eyes() => Some(self.detector.eye_tilt(&photo.pixels, face)?),
            _ => None,
        };
        let expression = self.expression(rules, photo, &faces);
        let evidence = Evidence { photo, faces: &faces, surroundings: &surroundings, eye_tilt, expression };
        let findings = standard::findings(rules, &evidence);
        Ok(Summary {
            width: photo.pixels.width(),
            height: photo.pixels.height(),
            facts: photo.facts.clone(),
            overlooked: seen - faces.len(),
            faces,
            rule_set: rules.id.clone(),
            rule_set_version: rules.version.clone(),
            findings,
            model,
        })
    }

    /// Finds everybody in a photo. Whoever is seen surely, alone before an even background, is everybody: it takes no finer
    /// look to know that.
    fn everybody(&mut self, photo: &Photo, rules: &RuleSet) -> Result<Crowd, ModelError> {
        let counting = |seen: &[Detection]| rules.faces.counting(seen, photo.pixels.dimensions());
        let around = |faces: &[Detection]| {
            let only = FacePolicy::only_of(faces).ok();
            Surroundings::of(&photo.pixels, only.map(|face| face.face).as_ref())
        };
        let coarse = self.detector.coarsely(&photo.pixels)?;
        let faces = counting(&coarse);
        let surroundings = around(&faces);
        if faces.iter().all(Detector::is_sure) && surroundings.show_one_figure() {
            return Ok(Crowd { seen: coarse.len(), faces, surroundings });
        }
        let fine = self.detector.finely(&photo.pixels, coarse)?;
        let all = counting(&fine);
        let surroundings = if all == faces { surroundings } else { around(&all) };
        Ok(Crowd { seen: fine.len(), faces: all, surroundings })
    }

    /// How the one face is held, if a rule asks. A model that fails leaves it unknown: nobody waits for it.
    fn expression(&mut self, rules: &RuleSet, photo: &Photo, faces: &[Detection]) -> Option<Expression> {
        let [face] = faces else { return None };
        if !rules.asks_for_expression() {
            return None;
        }
        let seen = self.expression.look(&photo.pixels, &face.face);
        seen.unwrap_or_else(|error| {
            tracing::warn!(%error, "Pose, eyes and mouth of a photo are not measurable: {error}.");
            None
        })
    }
}

impl Making {
    /// The mean of a face's template and its mirror image's.
    fn between(&self, one: &Template, other: &Template) -> Result<Template, ModelError> {
        let opposite = |_| ModelError::Output {
            model: self.model.to_string(),
            what: "a face and its mirror image have opposite templates",
        };
        Template::between(self.model.clone(), one, other).map_err(opposite)
    }
}

/// Cuts a face out as the embedder takes it. A drawing is refused.
fn align(photo: &Photo, face: &Detection) -> Result<RgbImage, Refusal> {
    let aligned = align::face(&photo.pixels, &face.landmarks);
    if detail::is_missing(&aligned) { Err(Refusal::Drawing) } else { Ok(aligned) }
}
