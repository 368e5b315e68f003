//! Slips with a capture token as QR code, which the school hands to its students: three across, seven down.

use api::Timestamp;
use qrcode::{EcLevel, QrCode};

use crate::sheet::Sheet;
use crate::{Fonts, Language, PaperError};

/// One student's slip.
#[derive(Debug, Clone)]
pub struct Slip {
    /// The capture token.
    pub token: String,
    /// Lines for the student: masked name, class. The vendor's list has none.
    pub lines: Vec<String>,
}

const ACROSS: usize = 3;
const DOWN: usize = 7;
const WIDTH: f32 = 63.0;
const HEIGHT: f32 = 38.0;
const LEFT: f32 = 10.5;
const TOP: f32 = 12.0;
const CODE: f32 = 27.0;
/// Of the lines beside the code, pt.
const SIZE: f32 = 9.0;

/// Sheets of slips, to be cut along the hairlines.
///
/// # Errors
///
/// When a character has no glyph, a token is too long for a QR code, or the PDF can't be written.
pub fn slips(
    fonts: &Fonts,
    language: Language,
    title: &str,
    slips: &[Slip],
    at: Timestamp,
) -> Result<Vec<u8>, PaperError> {
    let mut sheet = Sheet::blank(fonts, language, title, at);
    for (page, group) in slips.chunks(ACROSS * DOWN).enumerate() {
        if page > 0 {
            sheet.turn();
        }
        for (number, slip) in group.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "at most seven")]
            let (x, y) = (LEFT + (number % ACROSS) as f32 * WIDTH, TOP + (number / ACROSS) as f32 * HEIGHT);
            draw(&mut sheet, slip, x, y)?;
        }
    }
    sheet.finish()
}

fn draw(sheet: &mut Sheet<'_>, slip: &Slip, x: f32, y: f32) -> Result<(), PaperError> {
    sheet.hairline(x, y, x + WIDTH, y);
    sheet.hairline(x, y, x, y + HEIGHT);
    sheet.hairline(x + WIDTH, y, x + WIDTH, y + HEIGHT);
    sheet.hairline(x, y + HEIGHT, x + WIDTH, y + HEIGHT);
    let code = QrCode::with_error_correction_level(slip.token.as_bytes(), EcLevel::M)?;
    let modules = code.width();
    #[expect(clippy::cast_precision_loss, reason = "a QR code has at most 177 modules")]
    let module = CODE / modules as f32;
    for row in 0..modules {
        for column in 0..modules {
            if code[(column, row)] == qrcode::Color::Dark {
                #[expect(clippy::cast_precision_loss, reason = "a QR code has at most 177 modules")]
                sheet.block(x + 3.0 + column as f32 * module, y + 3.0 + row as f32 * module, module, module);
            }
        }
    }
    // A long name of a class takes two lines, so that nothing reaches into the next slip.
    let room = WIDTH - CODE - 8.0;
    let lines: Vec<String> = slip.lines.iter().flat_map(|line| sheet.broken(line, SIZE, room)).collect();
    let mut line_at = y + 7.0;
    for line in &lines {
        sheet.place(x + CODE + 6.0, line_at, SIZE, line);
        line_at += if lines.len() > 4 { 4.6 } else { 6.0 };
    }
    sheet.place(x + 3.0, y + HEIGHT - 3.0, 7.0, &slip.token);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_rare_names_are_a_pdf() {
        let Ok(fonts) = Fonts::installed() else {
            println!("skipped: fonts-noto-cjk is not installed");
            return;
        };
        let slip = |name: &str| Slip {
            token: "XC0123456789ABCDEFGHJKMNPQRS".to_owned(),
            lines: vec![name.to_owned(), "舞台艺术设计与制作2401班".to_owned()],
        };
        let many: Vec<Slip> =
            ["王䶮", "李㛃", "张𠮷祥"].iter().cycle().take(30).map(|name| slip(name)).collect();
        let pdf = slips(&fonts, Language::Chinese, "采集码", &many, Timestamp::UNIX_EPOCH).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        if let Some(path) = std::env::var_os("XUECANG_ARTEFACTS") {
            std::fs::write(std::path::Path::new(&path).join("slips.pdf"), pdf).unwrap();
        }
    }

    #[test]
    fn a_character_without_glyph_is_named() {
        let Ok(fonts) = Fonts::installed() else {
            println!("skipped: fonts-noto-cjk is not installed");
            return;
        };
        let slip = Slip { token: "XC".to_owned(), lines: vec!["\u{E000}".to_owned()] };
        let error = slips(&fonts, Language::Chinese, "采集码", &[slip], Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, PaperError::NoGlyph { code: 0xE000 }));
    }
}
