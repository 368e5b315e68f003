//! The model that finds faces, YuNet, at the scale the photo needs: coarsely first, closely at the face that counts, and
//! finely where a face could not be seen otherwise or nobody may be overlooked.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef,
};
use image::RgbImage;
use models::installed::ModelFile;
use ort::{
    session::{Session, SessionOutputs},
    value::TensorRef,
};

use super::{ModelError, Runtime, runtime::Arithmetic};
use crate::{
    align::{self, Similitude},
    geometry::{Detection, Landmarks, Point, Rect},
    window,
};

/// The long side of the photo at a first look, pixels: enough for faces from 15 to 95 in 100 of the frame.
const COARSE: u32 = 240;
/// The long side of the photo where small faces matter, pixels.
const FINE: u32 = 640;
/// A face that was seen coarsely with this score needs no finer look.
const SURE: f32 = 0.8;
/// The side of the window of a close look, pixels, and of the face in it: the size at which the model places landmarks best.
const CLOSE: Close = Close { window: 224, face: 144.0 };
/// A face that is told to be tilted by more than this against the window is turned and looked at again, degrees; and how
/// often at most. Less tilted faces are matched as well as they are.
const TILTED: f32 = 8.0;
const TURNS: usize = 3;
/// Eyes that are told to be off level by more than this are measured by turning the face back, degrees, until what is left is no
/// more than the other.
const OFF_LEVEL: f32 = 3.5;
const LEVEL: f32 = 1.0;
/// The model takes sides that are multiples of this.
const MULTIPLE: u32 = 32;
/// Sizes of the cells it looks at.
const STRIDES: [u32; 3] = [8, 16, 32];
/// Below this score a detection is noise.
const MIN_SCORE: f32 = 0.5;
/// Of two boxes that share more than this, the surer stays.
const SAME_FACE: f32 = 0.3;
/// Boxes that share more than this tell of the same landmarks.
const SAME_LANDMARKS: f32 = 0.5;
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
        let session = runtime.session(&model.name, &model.path, Arithmetic::Exact)?;
        Ok(Self { name: model.name.clone(), session, resizer: Resizer::new() })
    }

    /// The model's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Finds the faces of an upright photo that fill 15 in 100 of it or more. Smaller ones may be missed.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn faces(&mut self, photo: &RgbImage) -> Result<Vec<Detection>, ModelError> {
        let coarse = self.coarsely(photo)?;
        if coarse.iter().any(Self::is_sure) { Ok(coarse) } else { self.finely(photo, coarse) }
    }

    /// Finds the faces of an upright photo at a first look: surely those that fill 15 in 100 of it or more.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn coarsely(&mut self, photo: &RgbImage) -> Result<Vec<Detection>, ModelError> {
        self.seen(photo, &Grid::whole(photo, COARSE))
    }

    /// Finds every face of an upright photo, small ones in the background too, `coarse` being what was seen at a first look.
    /// A face that was seen surely is the same here.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn finely(&mut self, photo: &RgbImage, coarse: Vec<Detection>) -> Result<Vec<Detection>, ModelError> {
        let fine = self.seen(photo, &Grid::whole(photo, FINE))?;
        let (mut sure, mut others): (Vec<_>, Vec<_>) = coarse.into_iter().partition(Self::is_sure);
        others.extend(fine);
        others.sort_by(|a, b| b.score.total_cmp(&a.score));
        sure.extend(others);
        Ok(apart(&sure))
    }

    /// Whether a face that was seen coarsely needs no finer look.
    pub fn is_sure(face: &Detection) -> bool {
        face.score >= SURE
    }

    /// Looks at one face closely: the same face, its landmarks more exact.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn closely(&mut self, photo: &RgbImage, face: &Detection) -> Result<Detection, ModelError> {
        let Some(grid) = Grid::close(photo, &face.face) else { return Ok(*face) };
        let mut told = self.look(photo, &grid)?;
        told.push(*face);
        let seen = Detection { landmarks: agreed(face, &told), ..*face };
        self.turned_back(photo, seen, align::tilt, (TILTED, TILTED))
    }

    /// How far the eyes of a face that was looked at closely are off level: degrees, clockwise in the photo positive.
    ///
    /// Of a small tilt the model tells about half, so the face is turned back sooner and further than for its template. Its
    /// landmarks stay as they are: a face matches as well by these.
    ///
    /// # Errors
    ///
    /// If the model fails.
    pub fn eye_tilt(&mut self, photo: &RgbImage, face: &Detection) -> Result<f32, ModelError> {
        let roll = |landmarks: &Landmarks| Some(landmarks.roll());
        Ok(self.turned_back(photo, *face, roll, (OFF_LEVEL, LEVEL))?.landmarks.roll())
    }

    /// A face that is tilted by more than `from` is turned back by as much as was told, and looked at again, until no more than
    /// `rest` is left: the model takes a tilted face for one that is tilted less, and what it tells of the rest is nearer to the
    /// truth.
    fn turned_back(
        &mut self,
        photo: &RgbImage,
        mut seen: Detection,
        tilt: impl Fn(&Landmarks) -> Option<f32>,
        (from, rest): (f32, f32),
    ) -> Result<Detection, ModelError> {
        let (mut turned_by, mut most) = (0.0, from);
        for _ in 0..TURNS {
            let Some(tilt) = tilt(&seen.landmarks).filter(|tilt| (tilt - turned_by).abs() > most) else {
                break;
            };
            (turned_by, most) = (tilt, rest);
            let told = self.look(photo, &Grid::turned(&seen.face, tilt))?;
            seen.landmarks = agreed(&seen, &told);
        }
        Ok(seen)
    }

    /// Each face once, surest first, its landmarks what all candidates for it agree on.
    fn seen(&mut self, photo: &RgbImage, grid: &Grid) -> Result<Vec<Detection>, ModelError> {
        let mut candidates = self.look(photo, grid)?;
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(MAX_CANDIDATES);
        let mut faces = apart(&candidates);
        for face in &mut faces {
            face.landmarks = agreed(face, &candidates);
        }
        Ok(faces)
    }

    /// Every candidate, many for one face.
    fn look(&mut self, photo: &RgbImage, grid: &Grid) -> Result<Vec<Detection>, ModelError> {
        let planes = match &grid.turned {
            None => self.scaled_planes(photo, grid)?,
            Some(way) => {
                let window = window::cut(photo, way, grid.width);
                planes(window.as_raw(), grid)
            }
        };
        let name = &self.name;
        let fail = |source| ModelError::Run { model: name.clone(), source };
        let shape = [1, 3, to_usize(grid.padded_height), to_usize(grid.padded_width)];
        let input = TensorRef::from_array_view((shape, planes.as_slice())).map_err(fail)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(fail)?;
        let mut found = Vec::new();
        for stride in STRIDES {
            found.extend(read_stride(name, &outputs, stride, grid)?);
        }
        Ok(found)
    }

    /// What the grid takes of the photo, at its scale and place, blue-green-red planes, 0..=255, black where it is padded.
    fn scaled_planes(&mut self, photo: &RgbImage, grid: &Grid) -> Result<Vec<f32>, ModelError> {
        let unexpected = |what| ModelError::Output { model: self.name.clone(), what };
        let source = ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3)
            .map_err(|_| unexpected("the photo has no pixels"))?;
        let mut scaled = Image::new(grid.width, grid.height, PixelType::U8x3);
        let part = grid.part;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).crop(
            part.x.into(),
            part.y.into(),
            part.width.into(),
            part.height.into(),
        );
        self.resizer
            .resize(&source, &mut scaled, &options)
            .map_err(|_| unexpected("the photo cannot be scaled"))?;
        Ok(planes(scaled.buffer(), grid))
    }
}

/// Pixels of the size of the grid's unpadded part as the model takes them: all blue, all green, all red.
fn planes(pixels: &[u8], grid: &Grid) -> Vec<f32> {
    let (row, plane) = (to_usize(grid.padded_width), to_usize(grid.padded_width * grid.padded_height));
    let (top, left) = (to_usize(grid.top), to_usize(grid.left));
    let mut planes = vec![0f32; 3 * plane];
    let (blue, others) = planes.split_at_mut(plane);
    let (green, red) = others.split_at_mut(plane);
    let [blue, green, red] = [blue, green, red].map(|plane| plane.chunks_exact_mut(row).skip(top));
    let from = pixels.chunks_exact(3 * to_usize(grid.width));
    for (((blue, green), red), from) in blue.zip(green).zip(red).zip(from) {
        let [blue, green, red] = [blue, green, red].map(|row| row.iter_mut().skip(left));
        for (((blue, green), red), pixel) in blue.zip(green).zip(red).zip(from.as_chunks::<3>().0) {
            [*red, *green, *blue] = pixel.map(f32::from);
        }
    }
    planes
}

/// How a close look is taken.
struct Close {
    window: u32,
    face: f32,
}

/// A part of a photo, scaled and padded.
struct Grid {
    /// The part, pixels of the photo.
    part: Rect,
    width: u32,
    height: u32,
    /// Where the scaled part lies among the padding.
    left: u32,
    top: u32,
    padded_width: u32,
    padded_height: u32,
    /// Photo pixels for each scaled pixel, across and down.
    back: (f32, f32),
    /// How the photo was turned into the window, if it was.
    turned: Option<Similitude>,
}

impl Grid {
    /// The whole photo.
    fn whole(photo: &RgbImage, long_side: u32) -> Self {
        let (width, height) = photo.dimensions();
        let long = u64::from(width.max(height).max(1));
        let scaled = |side: u32| {
            let side = (u64::from(side) * u64::from(long_side) + long / 2) / long;
            u32::try_from(side).unwrap_or(long_side).clamp(1, long_side)
        };
        let (new_width, new_height) = (scaled(width), scaled(height));
        Self {
            part: Rect { x: 0.0, y: 0.0, width: to_f32(width), height: to_f32(height) },
            width: new_width,
            height: new_height,
            left: 0,
            top: 0,
            padded_width: new_width.next_multiple_of(MULTIPLE),
            padded_height: new_height.next_multiple_of(MULTIPLE),
            back: (to_f32(width) / to_f32(new_width), to_f32(height) / to_f32(new_height)),
            turned: None,
        }
    }

    /// A window around a face. None if the face lies outside the photo.
    fn close(photo: &RgbImage, face: &Rect) -> Option<Self> {
        let Close { window, face: wanted } = CLOSE;
        let back = face.area().sqrt() / wanted;
        let middle = face.centre();
        let half = to_f32(window) / 2.0;
        let (left, right) = clipped(middle.x / back - half, window, to_f32(photo.width()) / back)?;
        let (top, bottom) = clipped(middle.y / back - half, window, to_f32(photo.height()) / back)?;
        let (width, height) = (right - left, bottom - top);
        let corner =
            Point { x: middle.x + (to_f32(left) - half) * back, y: middle.y + (to_f32(top) - half) * back };
        let part =
            Rect { x: corner.x, y: corner.y, width: to_f32(width) * back, height: to_f32(height) * back };
        Some(Self {
            part: within(&part, photo),
            width,
            height,
            left,
            top,
            padded_width: window,
            padded_height: window,
            back: (back, back),
            turned: None,
        })
    }

    /// A window around a face that is turned back by so many degrees.
    fn turned(face: &Rect, tilt: f32) -> Self {
        let Close { window, face: wanted } = CLOSE;
        let back = face.area().sqrt() / wanted;
        let half = to_f32(window) / 2.0;
        let way = Similitude::upright(face.centre(), tilt, 1.0 / back, Point { x: half, y: half });
        Self {
            part: *face,
            width: window,
            height: window,
            left: 0,
            top: 0,
            padded_width: window,
            padded_height: window,
            back: (back, back),
            turned: Some(way),
        }
    }

    /// Where a scaled and padded point lies in the photo.
    fn undo(&self, x: f32, y: f32) -> Point {
        if let Some(way) = &self.turned {
            return way.back().apply(Point { x, y });
        }
        Point {
            x: self.part.x + (x - to_f32(self.left)) * self.back.0,
            y: self.part.y + (y - to_f32(self.top)) * self.back.1,
        }
    }
}

/// Of a window that begins at `from`, the first and last pixel that lie on what ends at `end`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the window first")]
fn clipped(from: f32, window: u32, end: f32) -> Option<(u32, u32)> {
    let in_window = |place: f32| place.clamp(0.0, to_f32(window)) as u32;
    let (first, last) = (in_window((-from).ceil()), in_window((end - from).floor()));
    (first < last).then_some((first, last))
}

/// What rounding has pushed over the edge of the photo is pulled back.
fn within(part: &Rect, photo: &RgbImage) -> Rect {
    let (x, y) = (part.x.max(0.0), part.y.max(0.0));
    let (width, height) = (to_f32(photo.width()), to_f32(photo.height()));
    Rect { x, y, width: part.width.min(width - x), height: part.height.min(height - y) }
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
            let (x, y) = (to_f32(n % columns), to_f32(n / columns));
            let cell = Cell { x, y, stride: to_f32(stride), grid };
            cell.detection(shape, points, score)
        })
    });
    Ok(found.collect())
}

/// One cell of a grid.
struct Cell<'a> {
    x: f32,
    y: f32,
    stride: f32,
    grid: &'a Grid,
}

impl Cell<'_> {
    fn detection(&self, [dx, dy, dw, dh]: &[f32; 4], points: &[f32; 10], score: f32) -> Detection {
        let middle = self.place(*dx, *dy);
        let (across, down) = self.grid.back;
        let (width, height) = (dw.exp() * self.stride * across, dh.exp() * self.stride * down);
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
        self.grid.undo((self.x + dx) * self.stride, (self.y + dy) * self.stride)
    }
}

/// Of candidates in the order of trust, keeps each that is not the same face as one before.
fn apart(candidates: &[Detection]) -> Vec<Detection> {
    let mut kept: Vec<Detection> = Vec::new();
    for candidate in candidates {
        let known = kept.iter().any(|face| face.face.overlap(&candidate.face) > SAME_FACE);
        if !known && candidate.face.area().is_finite() {
            kept.push(*candidate);
        }
    }
    kept
}

/// Where a face's landmarks are by the mean of everything told of it, the surer the weightier: the model looks from many
/// cells, and errs differently from each.
fn agreed(face: &Detection, told: &[Detection]) -> Landmarks {
    let same = told.iter().filter(|other| other.face.overlap(&face.face) > SAME_LANDMARKS);
    let (mut sums, mut weight) = ([Point { x: 0.0, y: 0.0 }; 5], 0.0);
    for other in same {
        for (sum, point) in sums.iter_mut().zip(other.landmarks.as_points()) {
            *sum = Point { x: sum.x + point.x * other.score, y: sum.y + point.y * other.score };
        }
        weight += other.score;
    }
    if weight <= 0.0 {
        return face.landmarks;
    }
    let [right_eye, left_eye, nose, right_mouth, left_mouth] =
        sums.map(|sum| Point { x: sum.x / weight, y: sum.y / weight });
    Landmarks { right_eye, left_eye, nose, right_mouth, left_mouth }
}

fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "sides of a photo and numbers of cells are far below 2^24")]
fn to_f32(n: u32) -> f32 {
    n as f32
}
