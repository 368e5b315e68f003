//! The model that finds faces: YuNet at two scales.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef,
};
use image::RgbImage;
use models::installed::ModelFile;
use ort::{
    session::{Session, SessionOutputs},
    value::TensorRef,
};

use super::{ModelError, Runtime};
use crate::geometry::{Detection, Landmarks, Point, Rect};

/// The long side of the photo at each scale, pixels. Together they see faces from 15 to 95 in 100 of the frame.
const LONG_SIDES: [u32; 2] = [320, 640];
/// The model takes sides that are multiples of this.
const MULTIPLE: u32 = 32;
/// Sizes of the cells it looks at.
const STRIDES: [u32; 3] = [8, 16, 32];
/// Below this score a detection is noise.
const MIN_SCORE: f32 = 0.5;
/// Of two boxes that share more than this, the surer stays.
const SAME_FACE: f32 = 0.3;
/// The most detections that are looked at in one photo.
const MAX_CANDIDATES: usize = 2000;

/// Finds faces. `&mut` because a session runs one input at a time.
#[derive(Debug)]
pub struct Detector {
    name: String,
    session: Session,
    resizer: Resizer,
}

impl Detector {
    /// Loads the model.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub fn open(runtime: &Runtime, model: &ModelFile) -> Result<Self, ModelError> {
        let session = runtime.session(&model.name, &model.path)?;
        Ok(Self { name: model.name.clone(), session, resizer: Resizer::new() })
    }

    /// The model's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Finds the faces of an upright photo, surest first.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn detect(&mut self, photo: &RgbImage) -> Result<Vec<Detection>, ModelError> {
        let mut candidates = Vec::new();
        for long_side in LONG_SIDES {
            candidates.extend(self.detect_at(photo, long_side)?);
        }
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(MAX_CANDIDATES);
        Ok(surest(candidates))
    }

    fn detect_at(&mut self, photo: &RgbImage, long_side: u32) -> Result<Vec<Detection>, ModelError> {
        let grid = Grid::of(photo, long_side);
        let planes = self.scaled_planes(photo, &grid)?;
        let name = &self.name;
        let fail = |source| ModelError::Run { model: name.clone(), source };
        let shape = [1, 3, to_usize(grid.padded_height), to_usize(grid.padded_width)];
        let input = TensorRef::from_array_view((shape, planes.as_slice())).map_err(fail)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(fail)?;
        let mut found = Vec::new();
        for stride in STRIDES {
            found.extend(read_stride(name, &outputs, stride, &grid)?);
        }
        Ok(found)
    }

    /// The photo at the grid's scale, blue-green-red planes, 0..=255, black where it is padded.
    fn scaled_planes(&mut self, photo: &RgbImage, grid: &Grid) -> Result<Vec<f32>, ModelError> {
        let unexpected = |what| ModelError::Output { model: self.name.clone(), what };
        let source = ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3)
            .map_err(|_| unexpected("the photo has no pixels"))?;
        let mut scaled = Image::new(grid.width, grid.height, PixelType::U8x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        self.resizer
            .resize(&source, &mut scaled, &options)
            .map_err(|_| unexpected("the photo cannot be scaled"))?;
        let (row, plane) = (to_usize(grid.padded_width), to_usize(grid.padded_width * grid.padded_height));
        let mut planes = vec![0f32; 3 * plane];
        for (channel, plane) in planes.chunks_exact_mut(plane).enumerate() {
            let rows = scaled.buffer().chunks_exact(3 * to_usize(grid.width));
            for (to, from) in plane.chunks_exact_mut(row).zip(rows) {
                // The model wants blue first; the photo has red first.
                for (to, from) in to.iter_mut().zip(from.iter().skip(2 - channel).step_by(3)) {
                    *to = f32::from(*from);
                }
            }
        }
        Ok(planes)
    }
}

/// A scaled and padded photo.
struct Grid {
    width: u32,
    height: u32,
    padded_width: u32,
    padded_height: u32,
    /// Photo pixels for each scaled pixel, across and down.
    back: (f32, f32),
}

impl Grid {
    fn of(photo: &RgbImage, long_side: u32) -> Self {
        let (width, height) = photo.dimensions();
        let long = u64::from(width.max(height).max(1));
        let scaled = |side: u32| {
            let side = (u64::from(side) * u64::from(long_side) + long / 2) / long;
            u32::try_from(side).unwrap_or(long_side).clamp(1, long_side)
        };
        let (new_width, new_height) = (scaled(width), scaled(height));
        Self {
            width: new_width,
            height: new_height,
            padded_width: new_width.next_multiple_of(MULTIPLE),
            padded_height: new_height.next_multiple_of(MULTIPLE),
            back: (to_f32(width) / to_f32(new_width), to_f32(height) / to_f32(new_height)),
        }
    }
}

/// Reads what one stride found. Per cell, row-major: score = √(cls·obj); box centre (cell + d)·stride, box size
/// e^d·stride; landmark (cell + d)·stride.
fn read_stride(
    model: &str,
    outputs: &SessionOutputs<'_>,
    stride: u32,
    grid: &Grid,
) -> Result<Vec<Detection>, ModelError> {
    let tensor = |kind: &str| {
        let value = outputs.get(format!("{kind}_{stride}"));
        let value = value
            .ok_or_else(|| ModelError::Output { model: model.to_owned(), what: "an output is missing" })?;
        let (_, values) = value
            .try_extract_tensor::<f32>()
            .map_err(|source| ModelError::Run { model: model.to_owned(), source })?;
        Ok(values)
    };
    let (cls, obj, boxes, points) = (tensor("cls")?, tensor("obj")?, tensor("bbox")?, tensor("kps")?);
    let columns = grid.padded_width / stride;
    let rows = cls.iter().zip(obj).zip(boxes.as_chunks::<4>().0).zip(points.as_chunks::<10>().0);
    let found = rows.zip(0u32..).filter_map(|((((cls, obj), shape), points), n)| {
        let score = (cls.clamp(0.0, 1.0) * obj.clamp(0.0, 1.0)).sqrt();
        (score >= MIN_SCORE).then(|| {
            let cell = Cell {
                x: to_f32(n % columns),
                y: to_f32(n / columns),
                stride: to_f32(stride),
                back: grid.back,
            };
            cell.detection(shape, points, score)
        })
    });
    Ok(found.collect())
}

/// One cell of the grid, and how to come back to the photo's pixels.
struct Cell {
    x: f32,
    y: f32,
    stride: f32,
    back: (f32, f32),
}

impl Cell {
    fn detection(&self, [dx, dy, dw, dh]: &[f32; 4], points: &[f32; 10], score: f32) -> Detection {
        let middle = self.place(*dx, *dy);
        let (width, height) = (dw.exp() * self.stride * self.back.0, dh.exp() * self.stride * self.back.1);
        let face = Rect { x: middle.x - width / 2.0, y: middle.y - height / 2.0, width, height };
        let [x1, y1, x2, y2, x3, y3, x4, y4, x5, y5] = points;
        let landmarks = Landmarks {
            right_eye: self.place(*x1, *y1),
            left_eye: self.place(*x2, *y2),
            nose: self.place(*x3, *y3),
            right_mouth: self.place(*x4, *y4),
            left_mouth: self.place(*x5, *y5),
        };
        Detection { face, landmarks, score }
    }

    fn place(&self, dx: f32, dy: f32) -> Point {
        Point { x: (self.x + dx) * self.stride * self.back.0, y: (self.y + dy) * self.stride * self.back.1 }
    }
}

/// Of candidates sorted surest first, keeps each that is not the same face as a surer one.
fn surest(candidates: Vec<Detection>) -> Vec<Detection> {
    let mut kept: Vec<Detection> = Vec::new();
    for candidate in candidates {
        let known = kept.iter().any(|face| face.face.overlap(&candidate.face) > SAME_FACE);
        if !known && candidate.face.area().is_finite() {
            kept.push(candidate);
        }
    }
    kept
}

fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "sides of a photo and numbers of cells are far below 2^24")]
fn to_f32(n: u32) -> f32 {
    n as f32
}
