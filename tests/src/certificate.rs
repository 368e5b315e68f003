//! Scans of diplomas, drawn letter by letter with an installed font, as a scanner would give them.

use std::io::Cursor;
use std::path::Path;

use ab_glyph::{Font as _, FontVec, Glyph, PxScale, ScaleFont as _, point};
use image::{ImageFormat, Rgb, RgbImage};

/// Debian's fonts-noto-cjk, and the number of its simplified Chinese face.
const FONT: (&str, u32) = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2);
/// A landscape A4 page at 150 dpi.
const PAGE: (u32, u32) = (1754, 1240);
/// Height of the letters, px.
const LETTERS: f32 = 44.0;
const LEFT: f32 = 150.0;
const TOP: f32 = 140.0;
const LINE: f32 = 110.0;

/// A pen that writes Chinese.
#[derive(Debug)]
pub struct Pen(FontVec);

impl Pen {
    /// A pen in the installed font. None, and a word about it, where that is not installed.
    #[must_use]
    pub fn installed() -> Option<Self> {
        let bytes = std::fs::read(Path::new(FONT.0)).ok();
        let font = bytes.and_then(|bytes| FontVec::try_from_vec_and_index(bytes, FONT.1).ok());
        if font.is_none() {
            println!("skipped: {} is not installed (Debian: fonts-noto-cjk)", FONT.0);
        }
        font.map(Self)
    }

    /// A page with these lines, turned by so many degrees as papers lie on a scanner.
    #[must_use]
    pub fn page(&self, lines: &[String], turned: f32) -> RgbImage {
        let mut page = RgbImage::from_pixel(PAGE.0, PAGE.1, Rgb([246, 242, 230]));
        let (sin, cos) = turned.to_radians().sin_cos();
        let middle = (to_f32(PAGE.0) / 2.0, to_f32(PAGE.1) / 2.0);
        for (line, y) in lines.iter().zip((0_u16..).map(|n| TOP + f32::from(n) * LINE)) {
            self.line(line, y, &mut |x, y, ink| {
                let (dx, dy) = (x - middle.0, y - middle.1);
                let (x, y) = (middle.0 + dx * cos - dy * sin, middle.1 + dx * sin + dy * cos);
                darken(&mut page, x, y, ink);
            });
        }
        page
    }

    fn line(&self, text: &str, y: f32, dot: &mut dyn FnMut(f32, f32, f32)) {
        let font = self.0.as_scaled(PxScale::from(LETTERS));
        let mut x = LEFT;
        for character in text.chars() {
            let id = font.glyph_id(character);
            let glyph: Glyph =
                id.with_scale_and_position(PxScale::from(LETTERS), point(x, y + font.ascent()));
            if let Some(outline) = self.0.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, ink| dot(corner.x + to_f32(dx), corner.y + to_f32(dy), ink));
            }
            x += font.h_advance(id);
        }
    }
}

fn darken(page: &mut RgbImage, x: f32, y: f32, ink: f32) {
    if x < 0.0 || y < 0.0 {
        return;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "inside the page or refused below"
    )]
    let (x, y) = (x.round() as u32, y.round() as u32);
    if let Some(pixel) = page.get_pixel_mut_checked(x, y) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a byte is a byte"
        )]
        let faded = |value: u8| (f32::from(value) * (1.0 - ink.clamp(0.0, 1.0) * 0.85)) as u8;
        pixel.0 = pixel.0.map(faded);
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on a page")]
fn to_f32(n: u32) -> f32 {
    n as f32
}

/// What stands on a diploma, with what a story may want to be different.
#[derive(Debug, Clone)]
pub struct Diploma {
    /// The name.
    pub name: String,
    /// The certificate number.
    pub number: String,
    /// The major.
    pub major: String,
    /// The school.
    pub school: String,
}

impl Diploma {
    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { name, number, major, school } = self;
        vec![
            "普通高等学校毕业证书".to_owned(),
            format!("学生 {name}，于二〇二四年九月至二〇二七年七月在本校"),
            format!("{major}专业三年制专科学习，修完教学计划规定的"),
            "全部课程，成绩合格，准予毕业。".to_owned(),
            format!("校名：{school}"),
            "校长：杨校长".to_owned(),
            format!("证书编号：{number}"),
            "二〇二七年七月一日".to_owned(),
        ]
    }
}

/// A page as a file of a format.
#[must_use]
pub fn encoded(page: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    // Writing into memory fails for no page that was drawn.
    let _written = page.write_to(&mut bytes, format);
    bytes.into_inner()
}

/// A PDF of one page that is one JPEG, as scanners make them.
#[must_use]
pub fn pdf(page: &RgbImage) -> Vec<u8> {
    let jpeg = encoded(page, ImageFormat::Jpeg);
    let picture = format!(
        "<< /Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceRGB /BitsPerComponent 8 \
         /Filter /DCTDecode /Length {} >>\nstream\n",
        page.width(),
        page.height(),
        jpeg.len()
    );
    with_objects(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 595] /Contents 4 0 R \
          /Resources << /XObject << /Im0 5 0 R >> >> >>"
            .to_vec(),
        b"<< /Length 30 >>\nstream\nq 842 0 0 595 0 0 cm /Im0 Do Q\nendstream".to_vec(),
        [picture.as_bytes(), &jpeg, b"\nendstream"].concat(),
    ])
}

/// A PDF of one page that was written, not scanned: it holds no picture.
#[must_use]
pub fn written_pdf() -> Vec<u8> {
    with_objects(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 595] /Resources << >> >>".to_vec(),
    ])
}

fn with_objects(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes().chain(object.iter().copied()));
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    let count = objects.len() + 1;
    file.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").bytes());
    offsets.iter().for_each(|offset| file.extend(format!("{offset:010} 00000 n \n").bytes()));
    let trailer = format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.extend(trailer.bytes());
    file
}
