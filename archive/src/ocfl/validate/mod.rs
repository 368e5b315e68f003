//! Judging OCFL 1.0 and 1.1: a whole storage root or one object, ours or anybody's.
//!
//! Codes are those of the specification (`E001` … `E112`, `W001` … `W016`); `unreadable` is ours, for what could not
//! be judged because reading failed. Every byte of content is read; nothing passes unread.
//!
//! What only follows from another error is not told as one more: a file that lies in the wrong place is told once, where it
//! lies, and an inventory that names versions, content directories or paths as they can't be named is not held against the
//! files for what it lists or fails to list. What is left out for that never was the only error.

mod content;
mod inventory;
mod names;
mod object;
mod storage;
mod versions;

use std::path::Path;

use bag::Report;
use fs_err as fs;

/// The versions of the specification that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spec {
    V1_0,
    V1_1,
}

impl Spec {
    const ALL: [Self; 2] = [Self::V1_0, Self::V1_1];

    fn number(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
        }
    }

    /// What a declaration `0=<prefix><number>` of this version ends in.
    fn named(number: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.number() == number)
    }

    fn inventory_type(self) -> String {
        format!("https://ocfl.io/{}/spec/#inventory", self.number())
    }
}

/// Judges the storage root or the object in `dir`, reading every byte of it.
///
/// Whatever goes wrong is a finding, also that something could not be read.
pub fn validate(dir: &Path) -> Report {
    let mut report = Report::new();
    match kind_of(dir) {
        Ok(Kind::Root) => storage::judge(dir, &mut report),
        Ok(Kind::Object) => object::judge(dir, &mut report),
        Err(error) => report.error("unreadable", "", error.to_string()),
    }
    report
}

/// Judges everything of the storage root in `dir` but its objects, and says where these are.
pub(crate) fn validate_frame(dir: &Path) -> (Report, Vec<String>) {
    let mut report = Report::new();
    let objects = storage::frame(dir, &mut report);
    (report, objects)
}

/// Judges the object in `dir`, reading every byte of it, also if nothing in it says that it is one.
pub(crate) fn validate_object(dir: &Path) -> Report {
    let mut report = Report::new();
    object::judge(dir, &mut report);
    report
}

enum Kind {
    Root,
    Object,
}

/// An object says so; anything else that looks like a root or holds no inventory but folders is judged as a root.
fn kind_of(dir: &Path) -> std::io::Result<Kind> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string());
    }
    let any = |wanted: fn(&str) -> bool| names.iter().any(|name| wanted(name));
    if any(|name| name.starts_with("0=ocfl_object_")) || any(|name| name == "inventory.json") {
        Ok(Kind::Object)
    } else if any(|name| name.starts_with("0=ocfl_") || name == "ocfl_layout.json") {
        Ok(Kind::Root)
    } else {
        Ok(Kind::Object)
    }
}

#[cfg(test)]
mod tests;
