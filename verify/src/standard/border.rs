//! Bars along a photo's edges: a black edge left by a scan or a crop, or a frame somebody drew.
//!
//! A bar is a run of rows (or columns) from an edge that are all of one colour and end all at once, over nearly the whole
//! width. A plain background is of one colour, too, but where the head or the shoulders begin it ends piecemeal.

use image::RgbImage;

use crate::geometry::Rect;

/// A bar takes at most this share of a side.
const DEEPEST: f32 = 0.15;
/// Values of one colour lie this close to their mean, for nine in ten pixels.
const ONE_COLOUR: i32 = 24;
/// Across the end of a bar a channel changes by more than this, for eight in ten pixels.
const STEP: u8 = 24;

/// One edge of a photo.
#[derive(Debug, Clone, Copy)]
enum Edge {
    Top,
    Bottom,
    Left,
    Right,
}

/// The bars of a photo.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Border {
    /// The thickness of the thickest one, pixels. 0: there is none.
    pub(super) thickness: u32,
    /// Where they are.
    pub(super) bars: Vec<Rect>,
}

impl Border {
    /// Looks at all four edges.
    pub(super) fn of(photo: &RgbImage) -> Self {
        let mut border = Self { thickness: 0, bars: Vec::new() };
        for edge in [Edge::Top, Edge::Bottom, Edge::Left, Edge::Right] {
            let thickness = edge.bar(photo);
            if thickness > 0 {
                border.thickness = border.thickness.max(thickness);
                border.bars.push(edge.rect(photo, thickness));
            }
        }
        border
    }
}

impl Edge {
    /// How far the photo reaches from this edge inwards, and along it.
    fn sides(self, photo: &RgbImage) -> (u32, u32) {
        match self {
            Self::Top | Self::Bottom => (photo.height(), photo.width()),
            Self::Left | Self::Right => (photo.width(), photo.height()),
        }
    }

    /// The pixels of the line `depth` pixels from this edge; none outside the photo.
    fn line(self, photo: &RgbImage, depth: u32) -> impl Iterator<Item = [u8; 3]> {
        let (deep, long) = self.sides(photo);
        let (depth, deep, long) = (depth as usize, deep as usize, long as usize);
        let inwards = match self {
            Self::Top | Self::Left => depth,
            Self::Bottom | Self::Right => deep.wrapping_sub(depth + 1),
        };
        let (first, step) = match self {
            Self::Top | Self::Bottom => (inwards.saturating_mul(long), 1),
            Self::Left | Self::Right => (inwards, deep),
        };
        let pixels = photo.as_raw().as_chunks::<3>().0;
        let pixels = if inwards < deep { pixels.get(first..) } else { None };
        pixels.unwrap_or_default().iter().step_by(step.max(1)).take(long).copied()
    }

    /// The thickness of the bar along this edge, pixels.
    fn bar(self, photo: &RgbImage) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a side")]
        #[expect(clippy::cast_precision_loss, reason = "sides of a photo are far below 2^24")]
        let deepest = (self.sides(photo).0 as f32 * DEEPEST) as u32;
        let Some(colour) = mean(self.line(photo, 0)) else { return 0 };
        let bar = (0..deepest).take_while(|depth| is_of(self.line(photo, *depth), colour)).count();
        let bar = u32::try_from(bar).unwrap_or(0);
        if bar == 0 || bar == deepest {
            return 0;
        }
        // The line in between may be a mixture of both.
        let (inside, outside) = (self.line(photo, bar + 1), self.line(photo, bar - 1));
        let changed =
            inside.zip(outside).filter(|(a, b)| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > STEP));
        let needed = usize::try_from(self.sides(photo).1).unwrap_or(usize::MAX) / 10 * 8;
        if changed.count() >= needed { bar } else { 0 }
    }

    #[expect(clippy::cast_precision_loss, reason = "sides of a photo are far below 2^24")]
    fn rect(self, photo: &RgbImage, thickness: u32) -> Rect {
        let (width, height, thick) = (photo.width() as f32, photo.height() as f32, thickness as f32);
        match self {
            Self::Top => Rect { x: 0.0, y: 0.0, width, height: thick },
            Self::Bottom => Rect { x: 0.0, y: height - thick, width, height: thick },
            Self::Left => Rect { x: 0.0, y: 0.0, width: thick, height },
            Self::Right => Rect { x: width - thick, y: 0.0, width: thick, height },
        }
    }
}

/// The mean colour of a line. None if it has no pixels.
fn mean(line: impl Iterator<Item = [u8; 3]>) -> Option<[i32; 3]> {
    let (mut count, mut sum) = (0i32, [0i32; 3]);
    for pixel in line {
        count += 1;
        for (sum, value) in sum.iter_mut().zip(pixel) {
            *sum += i32::from(value);
        }
    }
    (count > 0).then(|| sum.map(|sum| sum / count))
}

/// Whether nine in ten pixels of a line have a colour.
fn is_of(line: impl Iterator<Item = [u8; 3]>, colour: [i32; 3]) -> bool {
    let (mut count, mut like) = (0usize, 0usize);
    for pixel in line {
        count += 1;
        let is = pixel.iter().zip(colour).all(|(value, mean)| (i32::from(*value) - mean).abs() <= ONE_COLOUR);
        like += usize::from(is);
    }
    count > 0 && like * 10 >= count * 9
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn bar(photo: &mut RgbImage, edge: Edge, thickness: u32, colour: [u8; 3]) {
        let rect = edge.rect(photo, thickness);
        for (x, y, pixel) in photo.enumerate_pixels_mut() {
            let at = crate::geometry::Point { x: x as f32 + 0.5, y: y as f32 + 0.5 };
            if rect.covers(at) {
                pixel.0 = colour;
            }
        }
    }

    #[test]
    fn a_bar_is_measured_along_every_edge_and_in_any_colour() {
        for (edge, thickness, colour) in [
            (Edge::Top, 1, [0, 0, 0]),
            (Edge::Bottom, 12, [10, 8, 8]),
            (Edge::Left, 5, [255, 255, 255]),
            (Edge::Right, 30, [0, 0, 0]),
        ] {
            let mut photo = crate::draw::portrait(1, 0).pixels;
            bar(&mut photo, edge, thickness, colour);
            let border = Border::of(&photo);
            assert_eq!(border.thickness, thickness, "{edge:?}");
            assert_eq!(border.bars, [edge.rect(&photo, thickness)]);
        }
    }

    #[test]
    fn a_plain_background_and_dark_clothes_are_no_bar() {
        let plain = RgbImage::from_pixel(480, 640, Rgb([100, 197, 255]));
        assert_eq!(Border::of(&plain).thickness, 0);
        for person in 0..20 {
            let mut photo = crate::draw::portrait(person, 0).pixels;
            assert_eq!(Border::of(&photo).thickness, 0, "person {person}");
            // A coat as wide as the photo, its shoulders sloping.
            for (x, y, pixel) in photo.enumerate_pixels_mut() {
                if y > 600 - x.abs_diff(240) / 8 + x.abs_diff(240) / 4 {
                    pixel.0 = [20, 20, 24];
                }
            }
            assert_eq!(Border::of(&photo).thickness, 0, "person {person} in a coat");
        }
    }
}
