//! What tests share: the conformance suites that are not part of the project, and a small bag of our own.

use std::path::{Path, PathBuf};

use crate::{Bag, SafePath, Writer};

/// The folder `fixtures/name` next to the project or where `XUECANG_FIXTURES` says, if there is one.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("XUECANG_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = shared.join("fixtures").join(name);
    if found.is_dir() {
        return Some(found);
    }
    println!("skipped: no {name} in {}", shared.display());
    None
}

pub(crate) fn path(name: &str) -> SafePath {
    SafePath::new(name).unwrap()
}

/// A bag with two photos.
pub(crate) fn small_bag(dir: &Path) -> Bag {
    let mut writer = Writer::create(dir).unwrap().with_sha512();
    writer.info("Source-Organization", "a vendor").unwrap();
    writer.add(&path("photos/one.jpg"), &b"one"[..]).unwrap();
    writer.add(&path("photos/二.jpg"), &b"two!"[..]).unwrap();
    writer.add_tag(&path("delivery.json"), b"{}").unwrap();
    writer.finish(jiff::civil::date(2026, 7, 1)).unwrap()
}

/// Every file and folder below `dir`.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            }
            names.push(name);
        }
    }
    names.sort();
    names
}
