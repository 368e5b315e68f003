//! What is around a person: the background, and whoever stands before it.

use image::RgbImage;

use super::{background::Background, foreground::Foreground};
use crate::geometry::Rect;

/// Above this unevenness (95th percentile) there is no telling a head from its background.
const TOO_UNEVEN: f32 = 15.0;
/// What belongs neither to the background nor to the head, at most, as a share of what was looked at: specks of the JPEG, a
/// loose strand of hair. The smallest face a detector knows is larger.
const SPECKS: f32 = 0.0005;

/// What is around a person, looked at once.
pub struct Surroundings {
    /// The background. None if the photo is too small to have one.
    pub(super) background: Option<Background>,
    /// The head before it. None without exactly one face, before an uneven background, or if head and background have one
    /// colour.
    foreground: Option<(Foreground, Rect)>,
}

impl Surroundings {
    /// Looks at a photo, and at the head of the one face in it.
    pub fn of(photo: &RgbImage, face: Option<&Rect>) -> Self {
        let background = Background::of(photo);
        let even = background.filter(|background| background.unevenness <= TOO_UNEVEN);
        let foreground = even
            .zip(face)
            .and_then(|(background, face)| Some((Foreground::of(photo, background.colour, face)?, *face)));
        Self { background, foreground }
    }

    /// Whether nobody else can be behind the person: an even background, and before it, down to the middle of the face, one
    /// head and nothing besides.
    pub fn show_one_figure(&self) -> bool {
        self.foreground.as_ref().is_some_and(|(foreground, _)| foreground.besides() <= SPECKS)
    }

    /// The row of the top of the head, hair included. None if there is no head to be told from a background, or if it
    /// touches the edge.
    pub(super) fn head_top(&self) -> Option<u32> {
        let (foreground, face) = self.foreground.as_ref()?;
        foreground.head_top(face)
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const BLUE: Rgb<u8> = Rgb([100, 197, 255]);
    const DARK: Rgb<u8> = Rgb([40, 30, 30]);
    const FACE: Rect = Rect { x: 150.0, y: 150.0, width: 180.0, height: 220.0 };

    fn fill(
        photo: &mut RgbImage,
        rows: std::ops::Range<u32>,
        columns: std::ops::Range<u32>,
        colour: Rgb<u8>,
    ) {
        rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
            .for_each(|(x, y)| photo.put_pixel(x, y, colour));
    }

    fn person() -> RgbImage {
        let mut photo = RgbImage::from_pixel(480, 640, BLUE);
        fill(&mut photo, 80..400, 140..340, DARK);
        photo
    }

    #[test]
    fn a_head_is_found_where_it_begins() {
        let around = Surroundings::of(&person(), Some(&FACE));
        assert_eq!(around.background.unwrap().colour.hex(), "#64C5FF");
        assert_eq!(around.head_top(), Some(80));
        assert!(around.show_one_figure());
    }

    #[test]
    fn a_gleam_in_the_hair_and_a_speck_above_do_not_move_the_head() {
        let mut photo = person();
        // From row 84 to row 110 the hair gleams in the background's own colour, but no flood gets there.
        fill(&mut photo, 84..110, 146..334, BLUE);
        // A line of text over the head, which hangs together with nothing.
        fill(&mut photo, 40..50, 180..300, Rgb([20, 20, 20]));
        assert_eq!(Surroundings::of(&photo, Some(&FACE)).head_top(), Some(80));
    }

    #[test]
    fn whatever_else_stands_before_the_background_may_be_somebody() {
        let mut photo = person();
        fill(&mut photo, 100..102, 60..62, DARK);
        assert!(Surroundings::of(&photo, Some(&FACE)).show_one_figure(), "a speck is nobody");
        fill(&mut photo, 100..116, 60..72, DARK);
        assert!(!Surroundings::of(&photo, Some(&FACE)).show_one_figure());
        assert!(!Surroundings::of(&person(), None).show_one_figure(), "nobody in particular");
    }

    #[test]
    fn a_person_of_the_background_s_colour_has_no_head_top() {
        let mut photo = RgbImage::from_pixel(480, 640, Rgb([240, 240, 240]));
        fill(&mut photo, 80..400, 140..340, Rgb([236, 232, 228]));
        let around = Surroundings::of(&photo, Some(&FACE));
        assert_eq!((around.head_top(), around.show_one_figure()), (None, false));
    }

    #[test]
    fn before_an_uneven_background_the_head_cannot_be_measured() {
        let photo = RgbImage::from_fn(480, 640, |x, y| {
            let [red, green] = [x * 7, y * 5].map(|n| u8::try_from(n % 256).unwrap());
            Rgb([red, green, 90])
        });
        let around = Surroundings::of(&photo, Some(&FACE));
        assert_eq!((around.head_top(), around.show_one_figure()), (None, false));
    }
}
