//! How a face is held: where the head turns, whether the eyes are open and the mouth is closed.

use crate::geometry::Rect;

/// How one face is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expression {
    /// How the head is turned.
    pub pose: HeadPose,
    /// The person's right eye, then the left one. None where too little of an eye is in the photo.
    pub eyes: Option<[Eye; 2]>,
    /// The mouth.
    pub mouth: Mouth,
}

/// How a head is turned, degrees. What the model is off by on frontal faces has been taken away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadPose {
    /// Sideways; positive towards the left of the photo.
    pub yaw: f32,
    /// Up and down; positive upwards.
    pub pitch: f32,
    /// In the plane of the photo; positive clockwise.
    pub roll: f32,
}

/// One eye.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// Where it is.
    pub place: Rect,
    /// How likely it is open, 0..=1.
    pub open: f32,
    /// How far its lids are apart, as a share of its width.
    pub gap: f32,
}

/// The mouth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mouth {
    /// Where it is.
    pub place: Rect,
    /// The gap between the lips, as a share of the width between its inner corners.
    pub gap: f32,
}
