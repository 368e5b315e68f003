//! A4 pages filled from top to bottom: headings, paragraphs, facts, tables, photos, signatures; pages break by themselves.

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
/// A4 as it stands, mm.
const STANDING: (f32, f32) = (210.0, 297.0);
/// A4 as it lies, mm.
const LYING: (f32, f32) = (297.0, 210.0);
const MARGIN: f32 = 20.0;
const LINE: f32 = 5.6;
const BODY: f32 = 10.5;
const SMALL: f32 = 8.5;
/// From line to line of small text.
const SMALL_LINE: f32 = 4.4;
/// Between the rows of a table.
const ROW_GAP: f32 = 1.8;
/// A place to sign.
const PLACE: f32 = 22.0;
/// Photos side by side: how many at most, how wide at most, how far apart.
const ACROSS: usize = 5;
const WIDEST: f32 = 42.0;
const APART: f32 = 5.0;

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

/// A page and what is on it.
struct Page {
    /// Width and height.
    size: (f32, f32),
    marks: Vec<Mark>,
}

impl Page {
    fn new(size: (f32, f32)) -> Self {
        Self { size, marks: Vec::new() }
    }
}

/// A photo among others.
pub(crate) struct Framed {
    /// Its bytes and its size in pixels, or the words that stand in the frame instead.
    pub(crate) photo: Result<(Vec<u8>, (u16, u16)), String>,
    /// What stands below it.
    pub(crate) lines: Vec<String>,
}

/// A document being filled.
pub(crate) struct Sheet<'a> {
    ruler: Ruler<'a>,
    fonts: &'a Fonts,
    language: Language,
    title: String,
    /// What stands at the foot of every page, before its number.
    foot: String,
    at: Timestamp,
    pages: Vec<Page>,
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
            foot: title.to_owned(),
            at,
            pages: vec![Page::new(STANDING)],
            y: MARGIN + 4.0,
            beside: None,
            missing: None,
        }
    }

    /// Says at the foot of every page, after the title, what the pages of one paper have in common.
    pub(crate) fn foot(&mut self, text: &str) {
        self.foot = format!("{} · {text}", self.title);
    }

    /// A heading. It keeps its place for the first rows of a table, so that none stands alone.
    pub(crate) fn heading(&mut self, text: &str) {
        self.room(27.0);
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

    /// A sentence in a frame, for what nobody may overlook.
    pub(crate) fn notice(&mut self, text: &str) {
        const INSIDE: f32 = 4.0;
        let (left, right) = (MARGIN, self.right());
        let lines = self.broken(text, BODY, right - left - 2.0 * INSIDE);
        #[expect(clippy::cast_precision_loss, reason = "lines of one sentence")]
        let height = lines.len() as f32 * LINE + 5.0;
        self.room(height + 4.0);
        let top = self.y - 4.0;
        self.frame(left, top, right - left, height, INK);
        self.y = top + 2.5 + 4.0;
        for line in lines {
            self.text(left + INSIDE, BODY, INK, &line);
            self.y += LINE;
        }
        self.y = top + height + 7.0;
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
        self.lined(head, shares, rows, false);
    }

    /// A table of figures: all but its first column end at the right.
    pub(crate) fn figures(&mut self, head: &[&str], shares: &[f32], rows: &[Vec<String>]) {
        self.lined(head, shares, rows, true);
    }

    /// The head stands on every page the table reaches. A row moves to the next page as a whole, unless it is longer than
    /// a page.
    fn lined(&mut self, head: &[&str], shares: &[f32], rows: &[Vec<String>], figures: bool) {
        let whole: f32 = shares.iter().sum::<f32>().max(0.001);
        let width = self.size().0 - 2.0 * MARGIN;
        let widths: Vec<f32> = shares.iter().map(|share| share / whole * width).collect();
        let head: Vec<String> = head.iter().map(|text| (*text).to_owned()).collect();
        let head = self.cells(&head, &widths);
        let rows: Vec<_> = rows.iter().map(|row| self.cells(row, &widths)).collect();
        self.room(tall(&head) + rows.first().map(|row| tall(row).min(40.0)).unwrap_or_default());
        self.row(&head, &widths, SOFT, figures);
        for mut row in rows {
            let page = self.size().1 - 2.0 * MARGIN - tall(&head);
            if tall(&row) <= page && !self.fits(tall(&row)) {
                self.turn();
                self.row(&head, &widths, SOFT, figures);
            }
            while !self.fits(tall(&row)) {
                let lines = self.lines_left();
                let rest: Vec<Vec<String>> =
                    row.iter_mut().map(|cell| cell.split_off(lines.min(cell.len()))).collect();
                self.row(&row, &widths, INK, figures);
                self.turn();
                self.row(&head, &widths, SOFT, figures);
                row = rest;
            }
            self.row(&row, &widths, INK, figures);
        }
        self.y += 2.0;
    }

    fn cells(&self, cells: &[String], widths: &[f32]) -> Vec<Vec<String>> {
        cells.iter().zip(widths).map(|(cell, width)| self.broken(cell, SMALL, width - 2.0)).collect()
    }

    /// How many lines a row can still have on this page.
    fn lines_left(&self) -> usize {
        let left = self.size().1 - MARGIN - self.y - ROW_GAP;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lines of a page")]
        let lines = (left / SMALL_LINE).max(1.0) as usize;
        lines
    }

    fn row(&mut self, cells: &[Vec<String>], widths: &[f32], colour: (u8, u8, u8), figures: bool) {
        let top = self.y;
        let mut x = MARGIN;
        for (number, (cell, width)) in cells.iter().zip(widths).enumerate() {
            self.y = top;
            for line in cell {
                let from_left = match figures && number > 0 {
                    true => width - 2.0 - self.ruler.width(line, SMALL) / MM,
                    false => 0.0,
                };
                self.text(x + from_left, SMALL, colour, line);
                self.y += SMALL_LINE;
            }
            x += width;
        }
        self.y = top + tall(cells);
        let line = self.y - ROW_GAP - 2.6;
        self.hairline(MARGIN, line, self.size().0 - MARGIN, line);
    }

    /// Places to sign, two in a row.
    pub(crate) fn signatures(&mut self, places: &[&str]) {
        let half = self.size().0 / 2.0;
        #[expect(clippy::cast_precision_loss, reason = "a few people")]
        let rows = places.len().div_ceil(2) as f32;
        self.room(rows * PLACE + 4.0);
        for pair in places.chunks(2) {
            self.y += PLACE - 6.0;
            for (place, x) in pair.iter().zip([MARGIN, half + 5.0]) {
                let end = x + half - MARGIN - 5.0;
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
        let (x, y) = (self.size().0 - MARGIN - width, MARGIN - 4.0);
        self.mark(Mark::Photo { x, y, width, height, jpeg });
        self.beside = Some((x, y + height));
    }

    /// Photos side by side, each in a frame of the same size and as it is: neither cut nor stretched.
    pub(crate) fn side_by_side(&mut self, photos: &[Framed]) {
        let across = photos.len().clamp(1, ACROSS);
        #[expect(clippy::cast_precision_loss, reason = "at most five")]
        let gaps = APART * (across as f32 - 1.0);
        #[expect(clippy::cast_precision_loss, reason = "at most five")]
        let width = ((self.size().0 - 2.0 * MARGIN - gaps) / across as f32).min(WIDEST);
        for row in photos.chunks(across) {
            self.framed(row, width);
        }
    }

    fn framed(&mut self, photos: &[Framed], width: f32) {
        let height = width * 4.0 / 3.0;
        let lines: Vec<Vec<String>> = photos
            .iter()
            .map(|photo| photo.lines.iter().flat_map(|line| self.broken(line, SMALL, width)).collect())
            .collect();
        let below = tall(&lines);
        self.room(height + 4.0 + below);
        let top = self.y - 4.0;
        let mut x = MARGIN;
        for (photo, lines) in photos.iter().zip(&lines) {
            self.frame(x, top, width, height, HAIR);
            match &photo.photo {
                Ok((jpeg, pixels)) => self.fitted((x, top), (width, height), *pixels, jpeg.clone()),
                Err(words) => {
                    self.y = top + height / 2.0;
                    for line in self.broken(words, SMALL, width - 6.0) {
                        self.text(x + 3.0, SMALL, SOFT, &line);
                        self.y += SMALL_LINE;
                    }
                }
            }
            self.y = top + height + 5.0;
            for line in lines {
                self.text(x, SMALL, INK, line);
                self.y += SMALL_LINE;
            }
            x += width + APART;
        }
        self.y = top + height + 5.0 + below;
    }

    /// A photo in the middle of a frame, as large as the frame allows.
    fn fitted(&mut self, (x, y): (f32, f32), frame: (f32, f32), pixels: (u16, u16), jpeg: Vec<u8>) {
        let (wide, high) = (f32::from(pixels.0.max(1)), f32::from(pixels.1.max(1)));
        let scale = (frame.0 / wide).min(frame.1 / high);
        let (width, height) = (wide * scale, high * scale);
        let (x, y) = (x + (frame.0 - width) / 2.0, y + (frame.1 - height) / 2.0);
        self.mark(Mark::Photo { x, y, width, height, jpeg });
    }

    fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, colour: (u8, u8, u8)) {
        let (to_x, to_y) = (x + width, y + height);
        for (x, y, to_x, to_y) in
            [(x, y, to_x, y), (x, to_y, to_x, to_y), (x, y, x, to_y), (to_x, y, to_x, to_y)]
        {
            self.mark(Mark::Line { x, y, to_x, to_y, colour });
        }
    }

    /// How far to the right a line may reach here.
    fn right(&self) -> f32 {
        match self.beside {
            Some((left, bottom)) if self.pages.len() == 1 && self.y < bottom + LINE => left - LINE,
            _ => self.size().0 - MARGIN,
        }
    }

    /// A hairline, for cutting.
    pub(crate) fn hairline(&mut self, x: f32, y: f32, to_x: f32, to_y: f32) {
        self.mark(Mark::Line { x, y, to_x, to_y, colour: HAIR });
    }

    /// Begins a new page, which lies or stands as the one before.
    pub(crate) fn turn(&mut self) {
        self.begin(self.size());
    }

    /// Begins a new page that lies, for wide tables.
    pub(crate) fn lie(&mut self) {
        self.begin(LYING);
    }

    /// Begins a new page that stands.
    pub(crate) fn stand(&mut self) {
        self.begin(STANDING);
    }

    fn begin(&mut self, size: (f32, f32)) {
        self.pages.push(Page::new(size));
        self.y = MARGIN + 4.0;
    }

    /// Width and height of this page.
    fn size(&self) -> (f32, f32) {
        self.pages.last().map_or(STANDING, |page| page.size)
    }

    fn fits(&self, height: f32) -> bool {
        self.y + height <= self.size().1 - MARGIN
    }

    /// Begins a new page if less than this is left, mm.
    pub(crate) fn room(&mut self, height: f32) {
        if !self.fits(height) {
            self.turn();
        }
    }

    fn text(&mut self, x: f32, size: f32, colour: (u8, u8, u8), text: &str) {
        self.missing = self.missing.or_else(|| self.ruler.missing(text));
        self.mark(Mark::Text { x, y: self.y, size, text: text.to_owned(), colour });
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.marks.push(mark);
        }
    }

    /// Breaks text into lines at most `width` millimetres wide: where it says so, between Chinese characters, and between
    /// words.
    pub(crate) fn broken(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        text.split('\n').flat_map(|line| self.broken_line(line, size, width)).collect()
    }

    fn broken_line(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        // No font can draw what a remark may bring along, such as a tab.
        let text = text.replace(char::is_control, " ");
        let mut lines = vec![String::new()];
        for piece in pieces(&text) {
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
        for (number, Page { size: (width, height), marks }) in self.pages.iter().enumerate() {
            let size =
                PageSettings::from_wh(width * MM, height * MM).ok_or(PaperError::Page(*width, *height))?;
            let mut page = document.start_page_with(size);
            let mut surface = page.surface();
            for mark in marks {
                draw(&mut surface, self.fonts, mark)?;
            }
            let foot = format!("{} · {}/{count}", self.foot, number + 1);
            let foot = Mark::Text { x: MARGIN, y: height - 10.0, size: SMALL, text: foot, colour: SOFT };
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

/// How high a row of cells is.
fn tall(cells: &[Vec<String>]) -> f32 {
    let tallest = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
    #[expect(clippy::cast_precision_loss, reason = "lines of one table cell")]
    let lines = tallest as f32;
    lines * SMALL_LINE + ROW_GAP
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
