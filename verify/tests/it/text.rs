//! Text drawn onto pages is read back, where the models that read are installed.

use std::sync::Arc;

use image::{ImageFormat, RgbImage};
use models::Readers;
use verify::Reader;
use verify::reader::ReadPage;

use crate::certificate::{Diploma, Pen, encoded, pdf, written_pdf};

/// The reader. None, and a word about it, if its models are not installed.
fn reader() -> Option<Reader> {
    let place = std::env::var_os("XUECANG_MODELS").map(std::path::PathBuf::from)?;
    match Readers::open(&place) {
        Ok(models) => Some(Reader::open(&models, 1).unwrap()),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

fn diploma() -> Diploma {
    Diploma {
        name: "欧阳小曦".to_owned(),
        number: "105811202706000123".to_owned(),
        major: "舞蹈表演".to_owned(),
        school: "云南示例职业学院".to_owned(),
    }
}

fn read(reader: &Reader, scan: Vec<u8>) -> ReadPage {
    reader.read_patiently(Arc::new(scan), 0).unwrap()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"，,：:。.".contains(*c)).collect()
}

#[test]
fn every_line_of_a_drawn_diploma_is_read_where_it_stands_also_when_it_lies_askew() {
    let (Some(pen), Some(reader)) = (Pen::installed(), reader()) else { return };
    let lines = diploma().lines();
    for turned in [0.0, 1.5, -1.5] {
        let page: RgbImage = pen.page(&lines, turned);
        let found = read(&reader, encoded(&page, ImageFormat::Jpeg));
        assert_eq!((found.width, found.height), page.dimensions());
        let all: String = found.lines.iter().map(|line| squeezed(&line.text)).collect();
        for line in &lines {
            assert!(all.contains(&squeezed(line)), "{turned}°: {line} is not in {all}");
        }
        let number = found.lines.iter().find(|line| line.text.contains("105811202706000123")).unwrap();
        // The seventh line, 110 px below the one before it, from 140 px on.
        let middle = number.place.centre();
        assert!((middle.y - (140.0 + 6.0 * 110.0 + 32.0)).abs() < 60.0, "{number:?}");
        assert!(number.confidence > 0.8 && number.place.width > 400.0);
    }
}

#[test]
fn a_scanned_pdf_reads_like_its_picture_and_a_written_one_is_not_measurable() {
    let (Some(pen), Some(reader)) = (Pen::installed(), reader()) else { return };
    let page = pen.page(&diploma().lines(), 0.0);
    let (scan, picture) = (read(&reader, pdf(&page)), read(&reader, encoded(&page, ImageFormat::Jpeg)));
    let texts = |page: &ReadPage| page.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&scan), texts(&picture));
    let refused = reader.read_patiently(Arc::new(written_pdf()), 0).unwrap_err();
    assert_eq!(refused.to_string(), "the page holds no picture that could be measured");
}
