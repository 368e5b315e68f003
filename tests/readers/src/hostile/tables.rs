//! Workbooks, texts and tables that claim or unpack to more than any school has.

use std::{
    io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{Case, file};
use crate::seeds;

const fn roster(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "roster", write, code }
}

const STRINGS: &str = "xl/sharedStrings.xml";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const OPEN: &str = "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">";
const HEADINGS: &str = "学号,姓名,曾用名\n";

pub(super) const CASES: &[Case] = &[
    roster(
        "xlsx: a billion laughs",
        |dir| workbook(dir, STRINGS, |out| out.write_all(laughs().as_bytes())),
        "file-malformed",
    ),
    roster(
        "xlsx: a part of 2 GiB",
        |dir| workbook(dir, "xl/media/a.bin", |out| blanks(out, 2048)),
        "file-too-large",
    ),
    roster("xlsx: 30 million shared strings", |dir| workbook(dir, STRINGS, strings), "file-too-large"),
    roster("xlsx: a shared string of 400 MiB", |dir| workbook(dir, STRINGS, long), "file-too-large"),
    roster("xlsx: a million columns", |dir| workbook(dir, SHEET, columns), "file-too-large"),
    roster("xlsx: 100,000 parts", parts, "file-malformed"),
    roster("xlsx: styles of 300 MiB", |dir| workbook(dir, "xl/styles.xml", styles), "file-too-large"),
    roster("csv: a line of 1 GiB", |dir| sparse(dir, 1 << 30), "file-too-large"),
    roster("csv: a line of 60 MiB", |dir| line(dir, "a", 60 << 20), "file-too-large"),
    roster("csv: a quote that never ends", |dir| line(dir, "\"a\n", 20 << 20), "file-too-large"),
    roster("csv: thirty million former names", |dir| line(dir, "张、", 9 << 20), "file-too-large"),
    roster("csv: a million rows", |dir| line(dir, "1,张\n", 1_000_000), "file-too-large"),
    roster(
        "csv: 190,000 rows, everything wrong in each",
        |dir| line(dir, ",!!!,?\n", 190_000),
        "missing-key",
    ),
    roster(
        "csv: 190,000 rows of twenty former names",
        |dir| line(dir, &format!("1,张三,{}\n", "甲、".repeat(20)), 190_000),
        "too-many-names",
    ),
    roster(
        "dbf: says two billion records",
        |dir| file(dir, "a.dbf", &table("lying-count.dbf")),
        "file-malformed",
    ),
    roster(
        "dbf: a header shorter than its fields",
        |dir| file(dir, "a.dbf", &table("lying-header.dbf")),
        "file-empty",
    ),
    roster(
        "xls: 60 MiB of an old workbook",
        |dir| file(dir, "a.xls", &[&table("old.xls")[..], &vec![0; 60 << 20]].concat()),
        "file-legacy-xls",
    ),
    Case {
        name: "captures: 500,000 rows, the last one twice",
        reader: "captures",
        write: captures,
        code: "captures",
    },
];

fn table(name: &str) -> Vec<u8> {
    seeds::tables().into_iter().find(|(seed, _)| seed == name).map(|(_, bytes)| bytes).unwrap()
}

/// A sound workbook in which one part is another, or is added.
fn workbook(dir: &Path, name: &str, part: fn(&mut dyn io::Write) -> io::Result<()>) -> io::Result<PathBuf> {
    let mut old = ZipArchive::new(Cursor::new(table("text.xlsx")))?;
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut entry = old.by_index(index)?;
        let called = entry.name()?.into_owned();
        if called != name {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            new.start_file(called, SimpleFileOptions::default())?;
            new.write_all(&bytes)?;
        }
    }
    new.start_file(name, SimpleFileOptions::default())?;
    part(&mut new)?;
    file(dir, "a.xlsx", &new.finish()?.into_inner())
}

fn laughs() -> String {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE sst [<!ENTITY l0 \"haha\">".to_owned();
    for n in 1..12 {
        text += &format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
    }
    format!("{text}]>{OPEN}{}</sst>", "<si><t>&l11;</t></si>".repeat(20))
}

fn again(out: &mut dyn io::Write, text: &str, times: usize) -> io::Result<()> {
    let block = text.repeat(1000);
    (0..times / 1000).try_for_each(|_| out.write_all(block.as_bytes()))
}

fn blanks(out: &mut dyn io::Write, mebibytes: usize) -> io::Result<()> {
    let block = vec![b' '; 1 << 20];
    (0..mebibytes).try_for_each(|_| out.write_all(&block))
}

fn strings(out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(OPEN.as_bytes())?;
    again(out, "<si><t>a</t></si>", 30_000_000)?;
    out.write_all(b"</sst>")
}

fn long(out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "{OPEN}<si><t>")?;
    blanks(out, 400)?;
    out.write_all(b"</t></si></sst>")
}

fn columns(out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\">")?;
    again(out, "<c t=\"inlineStr\"><is><t>a</t></is></c>", 1_000_000)?;
    out.write_all(b"</row></sheetData></worksheet>")
}

fn styles(out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(
        b"<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><cellXfs>",
    )?;
    again(out, "<xf numFmtId=\"14\"/>", 16_000_000)?;
    out.write_all(b"</cellXfs></styleSheet>")
}

fn parts(dir: &Path) -> io::Result<PathBuf> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..100_000 {
        zip.start_file(format!("{n}"), SimpleFileOptions::default())?;
    }
    file(dir, "a.xlsx", &zip.finish()?.into_inner())
}

fn sparse(dir: &Path, len: u64) -> io::Result<PathBuf> {
    let place = file(dir, "a.csv", HEADINGS.as_bytes())?;
    let mut open = fs_err::File::options().write(true).open(&place)?;
    open.set_len(len)?;
    open.seek(SeekFrom::End(-1))?;
    open.write_all(b"\n")?;
    Ok(place)
}

fn line(dir: &Path, text: &str, times: usize) -> io::Result<PathBuf> {
    file(dir, "a.csv", format!("{HEADINGS}{}", text.repeat(times)).as_bytes())
}

fn captures(dir: &Path) -> io::Result<PathBuf> {
    let mut text = "token,file,captured_at,device,operator\n".to_owned();
    for n in 0..500_000 {
        text += &format!("x,{n:x},2026-09-01T00:00Z,,\n");
    }
    text += "x,0,2026-09-01T00:00Z,,\n";
    file(dir, "captures.csv", text.as_bytes())
}
