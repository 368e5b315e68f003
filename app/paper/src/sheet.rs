//! A4 pages filled from top to bottom: headings, paragraphs, facts, tables, signatures; pages break by themselves.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::Document;
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::TextDirection;

use crate::font::{Fonts, Ruler};
use crate::{Language, PaperError};

/// Points per millimetre.
const MM: f32 = 72.0 / 25.4;
const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 297.0;
const MARGIN: f32 = 20.0;
const LINE: f32 = 5.6;
const BODY: f32 = 10.5;
const SMALL: f32 = 8.5;

const INK: (u8, u8, u8) = (28, 32, 34);
const SOFT: (u8, u8, u8) = (95, 103, 106);
const HAIR: (u8, u8, u8) = (190, 196, 198);

/// One thing on a page, in millimetres from the upper left corner.
enum Mark {
    Text { x: f32, y: f32, size: f32, text: String, colour: (u8, u8, u8) },
    Line { x: f32, y: f32, to_x: f32, to_y: f32, colour: (u8, u8, u8) },
    Block { x: f32, y: f32, width: f32, height: f32 },
    Photo { x: f32, y: f32, width: f32, height: f32, jpeg: Vec<u8> },
}

/// A document being filled.
pub(crate) struct Sheet<'a> {
    ruler: Ruler<'a>,
    fonts: &'a Fonts,
    language: Language,
    title: String,
    at: Timestamp,
    pages: Vec<Vec<Mark>>,
    y: f32,
    /// Where a photo begins from the left, and how far down the first page it reaches.
    beside: Option<(f32, f32)>,
    missing: Option<char>,
}

impl<'a> Sheet<'a> {
    /// An empty document with its title set as its first line.
    pub(crate) fn new(fonts: &'a Fonts, language: Language, title: &str, at: Timestamp) -> Self {
        let mut sheet = Self::blank(fonts, language, title, at);
        sheet.text(MARGIN, 20.0, INK, title);
        sheet.y += 12.0;
        sheet
    }

    /// An empty document with nothing on its first page.
    pub(crate) fn blank(fonts: &'a Fonts, language: Language, title: &str, at: Timestamp) -> Self {
        Self {
            ruler: fonts.ruler(),
            fonts,
            language,
            title: title.to_owned(),
            at,
            pages: vec![Vec::new()],
            y: MARGIN + 4.0,
            beside: None,
            missing: None,
        }
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) {
        self.room(16.0);
        self.y += 5.0;
        self.text(MARGIN, 13.0, INK, text);
        self.y += 7.0;
    }

    /// A paragraph, broken into lines.
    pub(crate) fn paragraph(&mut self, text: &str) {
        for line in self.broken(text, BODY, self.right() - MARGIN) {
            self.room(LINE);
            self.text(MARGIN, BODY, INK, &line);
            self.y += LINE;
        }
        self.y += 1.5;
    }

    /// Names and values, one pair a line.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        const NAME: f32 = 42.0;
        for (name, value) in facts {
            let lines = self.broken(value, BODY, self.right() - MARGIN - NAME);
            self.room(LINE);
            self.text(MARGIN, BODY, SOFT, name);
            for line in lines {
                self.room(LINE);
                self.text(MARGIN + NAME, BODY, INK, &line);
                self.y += LINE;
            }
        }
        self.y += 1.5;
    }

    /// A table; `shares` divide the width.
    pub(crate) fn table(&mut self, head: &[&str], shares: &[f32], rows: &[Vec<String>]) {
        let head: Vec<String> = head.iter().map(|text| (*text).to_owned()).collect();
        self.row(&head, shares, SOFT);
        for row in rows {
            self.row(row, shares, INK);
        }
        self.y += 2.0;
    }

    fn row(&mut self, cells: &[String], shares: &[f32], colour: (u8, u8, u8)) {
        let whole: f32 = shares.iter().sum::<f32>().max(0.001);
        let widths: Vec<f32> = shares.iter().map(|share| share / whole * (WIDTH - 2.0 * MARGIN)).collect();
        let lines: Vec<Vec<String>> =
            cells.iter().zip(&widths).map(|(cell, width)| self.broken(cell, SMALL, width - 2.0)).collect();
        let tallest = lines.iter().map(Vec::len).max().unwrap_or(1).max(1);
        #[expect(clippy::cast_precision_loss, reason = "lines of one table cell")]
        let height = tallest as f32 * 4.4;
        self.room(height + 1.8);
        let top = self.y;
        let mut x = MARGIN;
        for (cell, width) in lines.iter().zip(&widths) {
            self.y = top;
            for line in cell {
                self.text(x, SMALL, colour, line);
                self.y += 4.4;
            }
            x += width;
        }
        self.y = top + height;
        self.mark(Mark::Line {
            x: MARGIN,
            y: self.y - 2.6,
            to_x: WIDTH - MARGIN,
            to_y: self.y - 2.6,
            colour: HAIR,
        });
        self.y += 1.8;
    }

    /// Places to sign, two in a row.
    pub(crate) fn signatures(&mut self, places: &[&str]) {
        for pair in places.chunks(2) {
            self.room(26.0);
            self.y += 16.0;
            for (place, x) in pair.iter().zip([MARGIN, WIDTH / 2.0 + 5.0]) {
                let end = x + WIDTH / 2.0 - MARGIN - 5.0;
                self.mark(Mark::Line { x, y: self.y - 5.0, to_x: end, to_y: self.y - 5.0, colour: INK });
                self.text(x, SMALL, SOFT, place);
            }
            self.y += 6.0;
        }
    }

    /// Text at a place of its own, for slips and labels.
    pub(crate) fn place(&mut self, x: f32, y: f32, size: f32, text: &str) {
        let kept = std::mem::replace(&mut self.y, y);
        self.text(x, size, INK, text);
        self.y = kept;
    }

    /// A filled rectangle, for QR codes.
    pub(crate) fn block(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.mark(Mark::Block { x, y, width, height });
    }

    /// A photo, JPEG, in the upper right corner of the page. What follows stands to its left for as long as it is narrow.
    pub(crate) fn photo(&mut self, (width, height): (f32, f32), jpeg: Vec<u8>) {
        let (x, y) = (WIDTH - MARGIN - width, MARGIN - 4.0);
        self.mark(Mark::Photo { x, y, width, height, jpeg });
        self.beside = Some((x, y + height));
    }

    /// How far to the right a line may reach here.
    fn right(&self) -> f32 {
        match self.beside {
            Some((left, bottom)) if self.pages.len() == 1 && self.y < bottom + LINE => left - LINE,
            _ => WIDTH - MARGIN,
        }
    }

    /// A hairline, for cutting.
    pub(crate) fn hairline(&mut self, x: f32, y: f32, to_x: f32, to_y: f32) {
        self.mark(Mark::Line { x, y, to_x, to_y, colour: HAIR });
    }

    /// Begins a new page.
    pub(crate) fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN + 4.0;
    }

    fn room(&mut self, height: f32) {
        if self.y + height > HEIGHT - MARGIN {
            self.turn();
        }
    }

    fn text(&mut self, x: f32, size: f32, colour: (u8, u8, u8), text: &str) {
        self.missing = self.missing.or_else(|| self.ruler.missing(text));
        self.mark(Mark::Text { x, y: self.y, size, text: text.to_owned(), colour });
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Breaks text into lines at most `width` millimetres wide: between Chinese characters, and between words.
    pub(crate) fn broken(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for piece in pieces(text) {
            let Some(line) = lines.last_mut() else { break };
            let together = self.ruler.width(&format!("{line}{}", piece.trim_end()), size) / MM;
            if together <= width || line.is_empty() {
                line.push_str(piece);
            } else {
                lines.push(piece.to_owned());
            }
        }
        lines.into_iter().flat_map(|line| self.cut(&line, size, width)).collect()
    }

    /// Cuts a line that is one long word, such as a digest.
    fn cut(&self, line: &str, size: f32, width: f32) -> Vec<String> {
        let mut parts = vec![String::new()];
        for character in line.trim_end().chars() {
            let Some(part) = parts.last_mut() else { break };
            if !part.is_empty() && self.ruler.width(&format!("{part}{character}"), size) / MM > width {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push(character);
            }
        }
        parts
    }

    /// Writes the PDF.
    ///
    /// # Errors
    ///
    /// When a character has no glyph or the PDF can't be written.
    pub(crate) fn finish(self) -> Result<Vec<u8>, PaperError> {
        if let Some(character) = self.missing {
            return Err(PaperError::NoGlyph { code: character.into() });
        }
        let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish();
        let configuration = configuration.map_err(|error| PaperError::Write(format!("{error:?}")))?;
        let mut document = Document::new_with(krilla::SerializeSettings {
            configuration,
            ..krilla::SerializeSettings::default()
        });
        let count = self.pages.len();
        for (number, marks) in self.pages.iter().enumerate() {
            let size =
                PageSettings::from_wh(WIDTH * MM, HEIGHT * MM).ok_or(PaperError::Page(WIDTH, HEIGHT))?;
            let mut page = document.start_page_with(size);
            let mut surface = page.surface();
            for mark in marks {
                draw(&mut surface, self.fonts, mark)?;
            }
            let foot = format!("{} · {}/{count}", self.title, number + 1);
            let foot = Mark::Text { x: MARGIN, y: HEIGHT - 10.0, size: SMALL, text: foot, colour: SOFT };
            draw(&mut surface, self.fonts, &foot)?;
            surface.finish();
            page.finish();
        }
        document.set_metadata(metadata(&self.title, self.language, self.at));
        document.finish().map_err(|error| PaperError::Write(format!("{error:?}")))
    }
}

fn metadata(title: &str, language: Language, at: Timestamp) -> Metadata {
    let at = at.to_zoned(TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(title.to_owned())
        .language(language.tag().to_owned())
        .creator("Xuecang".to_owned())
        .creation_date(date)
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) -> Result<(), PaperError> {
    match mark {
        Mark::Text { x, y, size, text, colour } => {
            surface.set_fill(Some(fill(*colour)));
            surface.set_stroke(None);
            let start = Point::from_xy(x * MM, y * MM);
            surface.draw_text(start, fonts.font(), *size, text, false, TextDirection::LeftToRight);
        }
        Mark::Line { x, y, to_x, to_y, colour } => {
            let mut path = PathBuilder::new();
            path.move_to(x * MM, y * MM);
            path.line_to(to_x * MM, to_y * MM);
            surface.set_fill(None);
            let paint = fill(*colour).paint;
            surface.set_stroke(Some(Stroke { paint, width: 0.4, ..Stroke::default() }));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Block { x, y, width, height } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(x * MM, y * MM, width * MM, height * MM) {
                path.push_rect(rect);
            }
            surface.set_fill(Some(fill((0, 0, 0))));
            surface.set_stroke(None);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Photo { x, y, width, height, jpeg } => {
            // PDF/A forbids a viewer to smooth it.
            let photo =
                Image::from_jpeg(krilla::Data::from(jpeg.clone()), false).map_err(PaperError::Photo)?;
            let size = Size::from_wh(width * MM, height * MM).ok_or(PaperError::Page(*width, *height))?;
            surface.push_transform(&Transform::from_translate(x * MM, y * MM));
            surface.draw_image(photo, size);
            surface.pop();
        }
    }
    Ok(())
}

fn fill((red, green, blue): (u8, u8, u8)) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: krilla::paint::FillRule::NonZero,
    }
}

/// Pieces a line may be broken between: a word with its spaces, or one Chinese character.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let breakable = wide(before) || wide(character) || (before == ' ' && character != ' ');
        // Closing punctuation stays with what it closes.
        if at > start && breakable && !"，。、；：？！）》”’·,.;:?!)".contains(character) {
            pieces.extend(text.get(start..at));
            start = at;
        }
        before = character;
    }
    pieces.extend(text.get(start..));
    pieces
}

fn wide(character: char) -> bool {
    ('\u{2E80}'..='\u{9FFF}').contains(&character)
        || character >= '\u{20000}'
        || ('\u{F900}'..='\u{FFEF}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_characters_and_words_but_not_before_a_comma() {
        assert_eq!(pieces("验收，合格 all of it"), ["验", "收，", "合", "格", " ", "all ", "of ", "it"]);
    }
}
