//! The models that say how a face is held: head pose, 68 points, open eyes.
//!
//! They are loaded when a finding first needs them. Where they are not installed there is no answer, and no error.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::RgbImage;
use models::installed::{Features, ModelFile};
use ort::{session::Session, value::TensorRef};

use super::{ModelError, Runtime, runtime::Arithmetic};
use crate::{
    expression::{Expression, Eye, HeadPose, Mouth},
    geometry::{Point, Rect},
    image::luma,
};

/// Sides of what the models look at, pixels.
const POSE_SIDE: u32 = 224;
const POINTS_SIDE: u32 = 64;
const EYE_SIDE: u32 = 24;

/// The face's box is this much larger on each side when the pose is looked at.
const POSE_MARGIN: f32 = 0.25;
/// The mean and the deviation of ImageNet, by which the pose model was trained.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
/// Pose comes in bins of three degrees from here.
const FIRST_BIN: f32 = -99.0;
const BIN: f32 = 3.0;

/// What the pose model says of frontal faces, degrees. `cargo xtask bench verify --only findings` measures what is left of
/// it on the development split of Labeled Faces in the Wild. Yaw and roll: half the sum of what it says of a face and of
/// its mirror image, median; of 40 people's faces 0.03 and 0.00 are left, half of them within 0.7. Pitch has no mirror: the
/// median over 73 faces that look ahead, which scatter by 8, so that it is known to a degree or two.
const BIAS: HeadPose = HeadPose { yaw: -1.5, pitch: -6.0, roll: -1.5 };

/// The eye model looks at a square of so many times the width of an eye.
const EYE_REACH: f32 = 1.6;
/// Where each eye begins among the 68 points: six points from the outer or inner corner around.
const EYES: [usize; 2] = [36, 42];
/// Where the inner line of the lips begins: corner, three above, corner, three below.
const LIPS: usize = 60;
/// Less of a face than this, pixels, is not looked at.
const LEAST: f32 = 8.0;

/// The three models of one worker.
#[derive(Debug)]
pub struct ExpressionReader {
    runtime: Runtime,
    files: Option<Features>,
    open: Option<Sessions>,
}

#[derive(Debug)]
struct Sessions {
    pose: Model,
    points: Model,
    eye: Model,
    resizer: Resizer,
}

#[derive(Debug)]
struct Model {
    name: String,
    session: Session,
}

impl ExpressionReader {
    /// Remembers where the models are. None: there is never an answer.
    pub fn new(runtime: &Runtime, files: Option<&Features>) -> Self {
        Self { runtime: runtime.clone(), files: files.cloned(), open: None }
    }

    /// Looks at a face. None if the models are not installed, or too little of the face is in the photo.
    ///
    /// # Errors
    ///
    /// If a model cannot be loaded or fails.
    pub fn look(&mut self, photo: &RgbImage, face: &Rect) -> Result<Option<Expression>, ModelError> {
        let Some(files) = &self.files else { return Ok(None) };
        if self.open.is_none() {
            self.open = Some(Sessions::open(&self.runtime, files)?);
        }
        self.open.as_mut().map_or(Ok(None), |sessions| sessions.look(photo, face))
    }
}

impl Sessions {
    fn open(runtime: &Runtime, files: &Features) -> Result<Self, ModelError> {
        let open = |file: &ModelFile, arithmetic| {
            let session = runtime.session(&file.name, &file.path, arithmetic)?;
            Ok::<_, ModelError>(Model { name: file.name.clone(), session })
        };
        Ok(Self {
            pose: open(&files.pose, Arithmetic::Quick)?,
            points: open(&files.points, Arithmetic::Exact)?,
            eye: open(&files.eye, Arithmetic::Exact)?,
            resizer: Resizer::new(),
        })
    }

    fn look(&mut self, photo: &RgbImage, face: &Rect) -> Result<Option<Expression>, ModelError> {
        let Some(pose) = self.pose(photo, face)? else { return Ok(None) };
        let Some(points) = self.points(photo, face)? else { return Ok(None) };
        let mouth = mouth(&points);
        let [right, left] = EYES.map(|first| self.eye(photo, &points, first));
        let eyes = right?.zip(left?).map(|(right, left)| [right, left]);
        Ok(mouth.map(|mouth| Expression { pose, eyes, mouth }))
    }

    fn pose(&mut self, photo: &RgbImage, face: &Rect) -> Result<Option<HeadPose>, ModelError> {
        let around = Rect {
            x: face.x - POSE_MARGIN * face.width,
            y: face.y - POSE_MARGIN * face.height,
            width: face.width * (1.0 + 2.0 * POSE_MARGIN),
            height: face.height * (1.0 + 2.0 * POSE_MARGIN),
        };
        let Some((pixels, _)) = cut(&mut self.resizer, photo, &around, POSE_SIDE) else { return Ok(None) };
        let pixels = pixels.as_chunks::<3>().0;
        let normal = |value: u8, mean: f32, deviation: f32| (f32::from(value) / 255.0 - mean) / deviation;
        let mut planes = Vec::with_capacity(3 * pixels.len());
        planes.extend(pixels.iter().map(|pixel| normal(pixel[0], MEAN[0], DEVIATION[0])));
        planes.extend(pixels.iter().map(|pixel| normal(pixel[1], MEAN[1], DEVIATION[1])));
        planes.extend(pixels.iter().map(|pixel| normal(pixel[2], MEAN[2], DEVIATION[2])));
        let [yaw, pitch, roll] =
            self.pose.run([1, 3, POSE_SIDE, POSE_SIDE], &planes, ["output", "617", "618"])?;
        let [yaw, pitch, roll] = [yaw, pitch, roll].map(|bins| degrees(&bins));
        Ok(Some(HeadPose { yaw: yaw - BIAS.yaw, pitch: pitch - BIAS.pitch, roll: roll - BIAS.roll }))
    }

    fn points(&mut self, photo: &RgbImage, face: &Rect) -> Result<Option<Vec<Point>>, ModelError> {
        let Some((pixels, cut)) = cut(&mut self.resizer, photo, face, POINTS_SIDE) else { return Ok(None) };
        let [places] =
            self.points.run([1, 1, POINTS_SIDE, POINTS_SIDE], &greys(&pixels, 256.0), ["output"])?;
        let places = places.as_chunks::<2>().0.iter();
        let points =
            places.map(|[x, y]| Point { x: cut.x + x * cut.width, y: cut.y + y * cut.height }).collect();
        Ok(Some(points))
    }

    /// The eye whose six points begin at `first`.
    fn eye(&mut self, photo: &RgbImage, points: &[Point], first: usize) -> Result<Option<Eye>, ModelError> {
        let Some((square, gap)) = lids(points, first) else { return Ok(None) };
        let Some((pixels, _)) = cut(&mut self.resizer, photo, &square, EYE_SIDE) else { return Ok(None) };
        let [states] = self.eye.run([1, 1, EYE_SIDE, EYE_SIDE], &greys(&pixels, 255.0), ["output"])?;
        let open = softmax(&states).get(1).copied();
        let open = open.ok_or_else(|| self.eye.unexpected("it says nothing of an open eye"))?;
        Ok(Some(Eye { place: square, open, gap }))
    }
}

impl Model {
    fn unexpected(&self, what: &'static str) -> ModelError {
        ModelError::Output { model: self.name.clone(), what }
    }

    /// Runs the model on its one input and takes outputs by name.
    fn run<const N: usize>(
        &mut self,
        shape: [u32; 4],
        values: &[f32],
        names: [&str; N],
    ) -> Result<[Vec<f32>; N], ModelError> {
        let name = &self.name;
        let fail = |source| ModelError::Run { model: name.clone(), source };
        let shape = shape.map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        let input = TensorRef::from_array_view((shape, values)).map_err(fail)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(fail)?;
        let mut taken = std::array::from_fn(|_| Vec::new());
        for (taken, output) in taken.iter_mut().zip(names) {
            let missing = || ModelError::Output { model: name.clone(), what: "an output is missing" };
            let value = outputs.get(output).ok_or_else(missing)?;
            *taken = value.try_extract_tensor::<f32>().map_err(fail)?.1.to_vec();
        }
        Ok(taken)
    }
}

/// The part of a photo inside a box, scaled to a square, and what of the box is in the photo. None if that is too little.
fn cut(resizer: &mut Resizer, photo: &RgbImage, rect: &Rect, side: u32) -> Option<(Vec<u8>, Rect)> {
    let (width, height) = (to_f32(photo.width()), to_f32(photo.height()));
    let (x, y) = (rect.x.clamp(0.0, width), rect.y.clamp(0.0, height));
    let inside = Rect {
        x,
        y,
        width: (rect.x + rect.width).clamp(0.0, width) - x,
        height: (rect.y + rect.height).clamp(0.0, height) - y,
    };
    if !(inside.width >= LEAST && inside.height >= LEAST) {
        return None;
    }
    let source = ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3).ok()?;
    let mut scaled = Image::new(side, side, PixelType::U8x3);
    let [left, top, across, down] = [inside.x, inside.y, inside.width, inside.height].map(f64::from);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).crop(
        left,
        top,
        across.min(f64::from(photo.width()) - left),
        down.min(f64::from(photo.height()) - top),
    );
    resizer.resize(&source, &mut scaled, &options).ok()?;
    Some((scaled.into_vec(), inside))
}

fn greys(pixels: &[u8], whole: f32) -> Vec<f32> {
    pixels.as_chunks::<3>().0.iter().map(|pixel| f32::from(luma(*pixel)) / whole).collect()
}

/// The mean angle of bins that are more or less likely.
fn degrees(bins: &[f32]) -> f32 {
    let mean: f32 = softmax(bins).iter().zip(0u16..).map(|(share, bin)| share * f32::from(bin)).sum();
    FIRST_BIN + BIN * mean
}

fn softmax(values: &[f32]) -> Vec<f32> {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f32> = values.iter().map(|value| (value - most).exp()).collect();
    let sum: f32 = raised.iter().sum();
    raised.into_iter().map(|value| value / sum).collect()
}

/// The square around the eye whose six points begin here, and how far its lids are apart as a share of its width.
fn lids(points: &[Point], first: usize) -> Option<(Rect, f32)> {
    let [corner, above1, above2, other, below1, below2] = points.get(first..)?.first_chunk()?;
    let width = corner.distance(*other);
    let apart = f32::midpoint(above1.distance(*below2), above2.distance(*below1));
    let middle = above1.halfway(*above2).halfway(below1.halfway(*below2));
    let side = (other.x - corner.x) * EYE_REACH;
    let square = Rect { x: middle.x - side / 2.0, y: middle.y - side / 2.0, width: side, height: side };
    (width >= 1.0).then(|| (square, apart / width))
}

/// What the inner line of the lips says.
fn mouth(points: &[Point]) -> Option<Mouth> {
    let [corner, a1, a2, a3, other, b3, b2, b1] = points.get(LIPS..)?.first_chunk()?;
    let width = corner.distance(*other);
    let gap = (a1.distance(*b1) + a2.distance(*b2) + a3.distance(*b3)) / 3.0;
    let (top, bottom) = (a2.y.min(corner.y), b2.y.max(corner.y));
    let place = Rect { x: corner.x.min(other.x), y: top, width, height: bottom - top };
    (width >= 1.0).then(|| Mouth { place, gap: gap / width })
}

#[expect(clippy::cast_precision_loss, reason = "sides of a photo are far below 2^24")]
fn to_f32(n: u32) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_become_degrees() {
        let mut bins = [0f32; 66];
        bins[33] = 100.0;
        assert!(degrees(&bins).abs() < 1e-3);
        bins[36] = 100.0;
        assert!((degrees(&bins) - 4.5).abs() < 1e-3);
    }

    #[test]
    fn a_gap_between_lips_is_measured_against_their_width() {
        let mut points = vec![Point { x: 0.0, y: 0.0 }; 68];
        let places = [
            (10.0, 50.0),
            (20.0, 48.0),
            (30.0, 46.0),
            (40.0, 48.0),
            (50.0, 50.0),
            (40.0, 52.0),
            (30.0, 54.0),
            (20.0, 52.0),
        ];
        for (point, (x, y)) in points.iter_mut().skip(LIPS).zip(places) {
            *point = Point { x, y };
        }
        let mouth = mouth(&points).unwrap();
        assert!((mouth.gap - 16.0 / 3.0 / 40.0).abs() < 1e-6);
        assert_eq!(mouth.place, Rect { x: 10.0, y: 46.0, width: 40.0, height: 8.0 });
    }

    #[test]
    fn a_face_outside_the_photo_is_not_looked_at() {
        let photo = RgbImage::new(100, 100);
        let far = Rect { x: 97.0, y: 20.0, width: 60.0, height: 60.0 };
        assert!(cut(&mut Resizer::new(), &photo, &far, 24).is_none());
        let edge = Rect { x: 60.0, y: -20.0, width: 60.0, height: 60.0 };
        let (pixels, inside) = cut(&mut Resizer::new(), &photo, &edge, 24).unwrap();
        assert_eq!(pixels.len(), 24 * 24 * 3);
        assert_eq!(inside, Rect { x: 60.0, y: 0.0, width: 40.0, height: 40.0 });
    }
}
