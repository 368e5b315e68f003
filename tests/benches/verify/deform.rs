//! Closes eyes, opens and closes mouths and nods heads in photos, by moving their pixels.
//!
//! Lids, lips and heads are moved as far as is said, about where the models see them in the photo as it is. What lies between
//! is stretched: the skin over an eye comes down to its lower lid, the chin makes room below an open mouth, and a head turns
//! as a bowl with a nose on it would. Seen at the size of a photo on a card these look like the thing itself; they are not.

use image::{Rgb, RgbImage};
use verify::expression::{Eye, Mouth};
use verify::geometry::{Detection, Landmarks, Point};

use super::findings::{sample, to_byte, to_f32};

/// The eye model's square is so many times as wide as the eye.
const SQUARE: f32 = 1.6;
/// The colour inside an open mouth.
const INSIDE: [f32; 3] = [52.0, 22.0, 20.0];

/// A place in a face as it is held: along the line of its eyes, and down from there, about a point.
struct Frame {
    origin: Point,
    sine: f32,
    cosine: f32,
}

impl Frame {
    fn new(origin: Point, landmarks: &Landmarks) -> Self {
        let (sine, cosine) = landmarks.roll().to_radians().sin_cos();
        Self { origin, sine, cosine }
    }

    fn within(&self, at: Point) -> (f32, f32) {
        let (x, y) = (at.x - self.origin.x, at.y - self.origin.y);
        (self.cosine * x + self.sine * y, self.cosine * y - self.sine * x)
    }

    fn out(&self, along: f32, down: f32) -> Point {
        Point {
            x: self.origin.x + self.cosine * along - self.sine * down,
            y: self.origin.y + self.sine * along + self.cosine * down,
        }
    }
}

/// The photo, each of its pixels from where `from` says; and of another colour where it says so.
fn moved(photo: &RgbImage, frame: &Frame, from: impl Fn(f32, f32) -> From) -> RgbImage {
    RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
        let (along, down) = frame.within(Point { x: to_f32(x), y: to_f32(y) });
        match from(along, down) {
            From::Here => *photo.get_pixel(x, y),
            From::There { along, down, light } => {
                let colour = sample(photo, frame.out(along, down));
                Rgb(colour.map(|value| to_byte(value * light)))
            }
            From::Nowhere(colour) => Rgb(colour.map(to_byte)),
        }
    })
}

/// Where a pixel comes from.
enum From {
    Here,
    There { along: f32, down: f32, light: f32 },
    Nowhere([f32; 3]),
}

/// How far a lid or a lip is from the line between the corners, at a place along it: an arc.
fn arc(along: f32, width: f32) -> f32 {
    let share = 2.0 * along / width;
    (1.0 - share * share).max(0.0)
}

/// Closes an eye: the skin above is drawn down to the lower lid, where the lashes are.
pub(super) fn close_eye(photo: &RgbImage, landmarks: &Landmarks, eye: &Eye) -> RgbImage {
    let width = eye.place.width.abs() / SQUARE;
    let frame = Frame::new(eye.place.centre(), landmarks);
    // The opening, and a little more: no white is to be left.
    let (reach, lid) = (1.15 * width, 0.65 * eye.gap.clamp(0.2, 0.5) * width);
    let brow = -0.75 * width;
    moved(photo, &frame, |along, down| {
        let lid = lid * arc(along, reach);
        if lid <= 0.0 || down < brow || down > lid {
            return From::Here;
        }
        // What lies between the brow and the upper lid's edge is stretched over all the rest.
        let from = brow + (down - brow) * (-lid - brow) / (lid - brow);
        let lashes = (1.0 - (lid - down).abs() / (0.06 * width)).clamp(0.0, 1.0);
        From::There { along, down: from, light: 1.0 - 0.6 * lashes }
    })
}

/// Opens a mouth: what is below the line of the lips goes down by `gap` of the mouth's width, in its middle.
pub(super) fn open_mouth(photo: &RgbImage, landmarks: &Landmarks, mouth: &Mouth, gap: f32) -> RgbImage {
    let frame = Frame::new(mouth.place.centre(), landmarks);
    let width = mouth.place.width;
    let chin = 0.9 * width;
    moved(photo, &frame, |along, down| {
        let open = gap * width * arc(along, width);
        if open <= 0.0 || down <= 0.0 || down > chin {
            From::Here
        } else if down < open {
            From::Nowhere(INSIDE)
        } else {
            From::There { along, down: (down - open) * chin / (chin - open), light: 1.0 }
        }
    })
}

/// Closes a mouth as far as it is seen to be open: upper and lower lip meet in the middle.
pub(super) fn close_mouth(photo: &RgbImage, landmarks: &Landmarks, mouth: &Mouth) -> RgbImage {
    let frame = Frame::new(mouth.place.centre(), landmarks);
    let width = mouth.place.width;
    let (nose, chin) = (0.4 * width, 0.9 * width);
    moved(photo, &frame, |along, down| {
        let half = 0.5 * mouth.gap * width * arc(along, 1.1 * width);
        let reach = if down < 0.0 { nose } else { chin };
        if half <= 0.0 || down.abs() > reach {
            return From::Here;
        }
        let from = half + down.abs() * (reach - half) / reach;
        From::There { along, down: from.copysign(down), light: 1.0 }
    })
}

/// Nods a head by so many degrees, upwards if they are positive.
pub(super) fn nod(photo: &RgbImage, face: &Detection, degrees: f32) -> RgbImage {
    let frame = Frame::new(face.face.centre(), &face.landmarks);
    let (across, down_to) = (0.75 * face.face.width, 0.75 * face.face.height);
    let (depth, tip) = (0.5 * face.face.width, 0.14 * face.face.width);
    let nose = frame.within(face.landmarks.nose);
    // How far in front of the bowl's rim the face is.
    let height = |along: f32, down: f32| {
        let bowl = 1.0 - (along / across).powi(2) - (down / down_to).powi(2);
        let (dx, dy) = ((along - nose.0) / tip, (down - nose.1) / tip);
        depth * bowl.max(0.0) + tip * (-(dx * dx + dy * dy)).exp()
    };
    let (sine, cosine) = degrees.to_radians().sin_cos();
    moved(photo, &frame, |along, down| {
        // A place goes to down · cos − height · sin, turned about the front of the bowl: solved by repetition.
        let mut from = down;
        for _ in 0..16 {
            from = (down + (height(along, from) - depth) * sine) / cosine;
        }
        From::There { along, down: from, light: 1.0 }
    })
}
