//! The targets, one file for each kind of thing that comes from outside.

mod bag;
mod captures;
mod handshake;
mod ledger;
mod ocfl;
mod photo;
mod scan;
mod table;
mod tape;
mod zip;

use std::{io::Write as _, path::Path};

use crate::{Verdict, seeds};

pub(crate) use bag::{authority, small};
pub(crate) use ocfl::ID;

/// One reader.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Runs it on bytes.
    pub run: fn(&[u8]) -> Verdict,
    /// Runs it on what lies at a place: a file, or a folder if that is what it reads.
    pub read: fn(&Path) -> Verdict,
    /// Files to begin with, by name.
    pub seeds: fn() -> Vec<(String, Vec<u8>)>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Target").field(&self.name).finish()
    }
}

/// Every reader of files from outside.
pub const TARGETS: &[Target] = &[
    Target { name: "roster", run: |b| on_file(b, table::roster), read: table::roster, seeds: seeds::tables },
    Target {
        name: "register",
        run: |b| on_file(b, table::register),
        read: table::register,
        seeds: seeds::tables,
    },
    Target { name: "workbook", run: table::workbook, read: table::roster, seeds: seeds::workbooks },
    Target { name: "photos", run: |b| on_file(b, zip::photos), read: zip::photos, seeds: seeds::zips },
    Target { name: "scans", run: |b| on_file(b, zip::scans), read: zip::scans, seeds: seeds::zips },
    Target { name: "photo", run: photo::run, read: |path| photo::run(&whole(path)), seeds: seeds::photos },
    Target { name: "scan", run: scan::run, read: scan::read, seeds: seeds::scans },
    Target { name: "page", run: scan::page, read: |path| scan::page(&whole(path)), seeds: seeds::scans },
    Target {
        name: "captures",
        run: captures::run,
        read: |path| captures::run(&whole(path)),
        seeds: seeds::captures,
    },
    Target { name: "tape", run: tape::run, read: tape::read, seeds: seeds::tapes },
    Target { name: "bag", run: bag::run, read: bag::read, seeds: seeds::bags },
    Target { name: "signature", run: bag::signature, read: bag::signed, seeds: seeds::signatures },
    Target { name: "inventory", run: ocfl::run, read: ocfl::read, seeds: seeds::inventories },
    Target {
        name: "message",
        run: handshake::message,
        read: |path| handshake::message(&whole(path)),
        seeds: seeds::messages,
    },
    Target {
        name: "journal",
        run: handshake::journal,
        read: |path| handshake::journal(&whole(path)),
        seeds: seeds::journals,
    },
    Target {
        name: "certificate",
        run: handshake::certificate,
        read: |path| handshake::certificate(&whole(path)),
        seeds: seeds::certificates,
    },
    Target {
        name: "ledger",
        run: ledger::run,
        read: |path| ledger::run(&whole(path)),
        seeds: seeds::ledgers,
    },
];

fn whole(path: &Path) -> Vec<u8> {
    fs_err::read(path).unwrap()
}

/// Runs a reader of files on bytes.
fn on_file(bytes: &[u8], read: fn(&Path) -> Verdict) -> Verdict {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read(file.path())
}
