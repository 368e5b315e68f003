//! Tapes, bags and OCFL objects with names that lead elsewhere, and lists that never end.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{Case, file};
use crate::{
    seeds::{self, header},
    targets::small,
};

const fn tape(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "tape", write, code }
}

const fn bag(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "bag", write, code }
}

const fn object(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "inventory", write, code }
}

pub(super) const CASES: &[Case] = &[
    tape("tar: ../", |dir| entry(dir, "top/../../up", b'0', b"x"), "unsafe"),
    tape("tar: an absolute path", |dir| entry(dir, "/etc/up", b'0', b"x"), "unsafe"),
    tape("tar: a drive letter", |dir| entry(dir, "C:/up", b'0', b"x"), "unsafe"),
    tape("tar: a backslash", |dir| entry(dir, "top\\..\\up", b'0', b"x"), "unsafe"),
    tape("tar: NUL", |dir| entry(dir, "top/NUL", b'0', b"x"), "unsafe"),
    tape("tar: com1.txt", |dir| entry(dir, "top/com1.txt", b'0', b"x"), "unsafe"),
    tape("tar: a dot at the end", |dir| entry(dir, "top/a.", b'0', b"x"), "unsafe"),
    tape("tar: a blank at the end", |dir| entry(dir, "top/a ", b'0', b"x"), "unsafe"),
    tape("tar: a NUL byte in a long name", |dir| long_name(dir, b"top/a\0b"), "unsafe"),
    tape("tar: a name in GBK", |dir| long_name(dir, b"top/\xd5\xc5\xc8\xfd.jpg"), "unsafe"),
    tape("tar: a name of 900 MiB", |dir| entry(dir, "././@LongLink", b'L', &[]), "malformed"),
    tape("tar: a link", |dir| entry(dir, "top/link", b'2', b""), "special"),
    tape("tar: a hard link", |dir| entry(dir, "top/hard", b'1', b""), "special"),
    tape("tar: a device", |dir| entry(dir, "top/device", b'3', b""), "special"),
    tape("tar: a pipe", |dir| entry(dir, "top/pipe", b'6', b""), "special"),
    tape("tar: says 8 GiB", |dir| entry(dir, "top/a", b'0', b"lie"), "too-large"),
    tape("tar: one name twice", twice, "twice"),
    bag(
        "bag: a manifest of a million lines for one file",
        |dir| manifest(dir, "data/photos/one.jpg", 1),
        "listed-twice",
    ),
    bag("bag: a manifest of a million lines that are none", |dir| manifest(dir, "", 0), "manifest-line"),
    bag("bag: a manifest that climbs", |dir| manifest(dir, "data/../../../etc/passwd", 2), "path-unsafe"),
    bag("bag: a link in its payload", linked, "special-file"),
    bag("bag: bag-info of a million lines", bag_info, "info-line"),
    bag("bag: names that differ in case", colliding, "payload-unlisted"),
    object(
        "ocfl: a million arrays in each other",
        |dir| inventory(dir, |text| "[".repeat(1_000_000) + text),
        "E033",
    ),
    object(
        "ocfl: an inventory that climbs",
        |dir| inventory(dir, |text| text.replace("v1/content/photo", "v1/content/../../..")),
        "E099",
    ),
    object(
        "ocfl: an inventory of 80,000 files that nothing uses",
        |dir| inventory(dir, |text| many(text, 80_000)),
        "E107",
    ),
    object("ocfl: an inventory of 60 MiB", |dir| inventory(dir, |text| many(text, 400_000)), "unreadable"),
    object("ocfl: a link for its content", linked_object, "E090"),
];

/// A tape of one entry; one without the bytes that it says it has.
fn entry(dir: &Path, name: &str, kind: u8, bytes: &[u8]) -> io::Result<PathBuf> {
    let len = match (kind, bytes) {
        (b'L', _) => 900 << 20,
        (_, b"lie") => (8 << 30) - 1,
        _ => bytes.len() as u64,
    };
    let mut tape = header(name, kind, len);
    tape.extend(bytes);
    tape.resize(tape.len().next_multiple_of(512) + 1024, 0);
    file(dir, "a.tar", &tape)
}

fn long_name(dir: &Path, name: &[u8]) -> io::Result<PathBuf> {
    let mut tape = header("././@LongLink", b'L', name.len() as u64);
    tape.extend(name);
    tape.resize(1024, 0);
    tape.extend(header("top/a", b'0', 0));
    tape.resize(tape.len() + 1024, 0);
    file(dir, "a.tar", &tape)
}

fn twice(dir: &Path) -> io::Result<PathBuf> {
    let mut tape = [header("top/a", b'0', 0), header("top/a", b'0', 0)].concat();
    tape.resize(tape.len() + 1024, 0);
    file(dir, "a.tar", &tape)
}

/// A bag whose manifest has a million lines, each with another checksum; without a name a line is none.
fn manifest(dir: &Path, name: &str, from: u64) -> io::Result<PathBuf> {
    let place = dir.join("bag");
    small(&place);
    let mut out = io::BufWriter::new(fs_err::File::create(place.join("manifest-sha256.txt"))?);
    for n in 0..1_000_000 {
        match name {
            "" => writeln!(out, "this is line {n} and no checksum")?,
            name => writeln!(out, "{:064x}  {name}", n * from)?,
        }
    }
    out.into_inner()?.sync_all()?;
    fs_err::remove_file(place.join("tagmanifest-sha256.txt"))?;
    Ok(place)
}

fn linked(dir: &Path) -> io::Result<PathBuf> {
    let place = dir.join("bag");
    small(&place);
    symlink("/etc/passwd", place.join("data/photos/three.jpg"))?;
    Ok(place)
}

fn bag_info(dir: &Path) -> io::Result<PathBuf> {
    let place = dir.join("bag");
    small(&place);
    let mut text = String::new();
    (0..1_000_000).for_each(|n| writeln!(text, "line {n} without what divides").unwrap());
    file(&place, "bag-info.txt", text.as_bytes())?;
    Ok(place)
}

fn colliding(dir: &Path) -> io::Result<PathBuf> {
    let place = dir.join("bag");
    small(&place);
    file(&place, "data/photos/ONE.jpg", b"another")?;
    Ok(place)
}

/// A sound object whose inventory is another text.
fn inventory(dir: &Path, change: fn(&str) -> String) -> io::Result<PathBuf> {
    let place = whole_object(dir)?;
    let text = fs_err::read_to_string(place.join("inventory.json"))?;
    file(&place, "inventory.json", change(&text).as_bytes())?;
    Ok(place)
}

fn whole_object(dir: &Path) -> io::Result<PathBuf> {
    let place = dir.join("object");
    fs_err::create_dir(&place)?;
    let seeds = seeds::inventories();
    let (_, whole) = seeds.iter().find(|(name, _)| name == "whole").unwrap();
    crate::sections::put(&crate::sections::split(whole), &place);
    Ok(place)
}

fn many(text: &str, files_in_all: usize) -> String {
    let mut files = String::new();
    (0..files_in_all).for_each(|n| write!(files, "\"{n:0128x}\": [\"v1/content/{n}\"], ").unwrap());
    text.replacen("\"manifest\": {", &format!("\"manifest\": {{ {files}"), 1)
}

fn linked_object(dir: &Path) -> io::Result<PathBuf> {
    let place = whole_object(dir)?;
    fs_err::remove_file(place.join("v1/content/photo/a.jpg"))?;
    symlink("/etc/passwd", place.join("v1/content/photo/a.jpg"))?;
    Ok(place)
}
