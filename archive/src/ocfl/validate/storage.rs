//! Judging a storage root: its declaration, its layout, the folders between, and every object.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use bag::Report;
use serde_json::Value;

use super::Spec;
use super::names::is_registered;
use super::object::{self, Listing, MAX_NOTE, read_within};

const LAYOUT: &str = "ocfl_layout.json";

/// Judges the storage root in `dir` and every object in it.
pub(super) fn judge(dir: &Path, report: &mut Report) {
    for place in frame(dir, report) {
        let mut found = Report::new();
        object::judge(&dir.join(&place), &mut found);
        report.absorb(&place, found);
    }
}

/// Judges everything of a storage root but its objects, and says where these are.
pub(super) fn frame(dir: &Path, report: &mut Report) -> Vec<String> {
    let mut objects = Vec::new();
    if let Err(error) = try_frame(dir, &mut objects, report) {
        report.error("unreadable", "", error.to_string());
    }
    objects
}

fn try_frame(dir: &Path, objects: &mut Vec<String>, report: &mut Report) -> io::Result<()> {
    let listing = Listing::read(dir, report)?;
    let spec = judge_declaration(dir, &listing, report)?;
    if listing.files.contains(LAYOUT) {
        judge_layout(dir, report)?;
    }
    if listing.folders.contains("extensions") {
        judge_extensions(&dir.join("extensions"), report)?;
    }
    let mut open: Vec<String> = listing.folders.into_iter().filter(|name| name != "extensions").collect();
    while let Some(place) = open.pop() {
        match judge_folder(dir, &place, spec, report) {
            Ok(Inside::Object) => objects.push(place),
            Ok(Inside::Folders(inner)) => {
                open.extend(inner.into_iter().map(|name| format!("{place}/{name}")))
            }
            Err(error) => report.error("unreadable", place, error.to_string()),
        }
    }
    Ok(())
}

enum Inside {
    Object,
    Folders(BTreeSet<String>),
}

fn judge_declaration(dir: &Path, listing: &Listing, report: &mut Report) -> io::Result<Spec> {
    let mut declarations = listing.files.iter().filter(|name| name.starts_with("0="));
    let Some(name) = declarations.next() else {
        report.error("E069", "", "there is no declaration that this is an OCFL storage root");
        return Ok(Spec::V1_1);
    };
    if declarations.next().is_some() {
        report.error("E069", "", "there is more than one declaration");
    }
    let spec = name.strip_prefix("0=ocfl_").and_then(Spec::named);
    if spec.is_none() {
        report.error("E075", name, "the declaration names no version of OCFL known here");
    }
    let text = read_within(&dir.join(name), MAX_NOTE)?;
    if name.strip_prefix("0=") != Some(String::from_utf8_lossy(&text).trim_end_matches(['\n', '\r'])) {
        report.error("E080", name, "the declaration does not say what its name says");
    }
    Ok(spec.unwrap_or(Spec::V1_1))
}

fn judge_layout(dir: &Path, report: &mut Report) -> io::Result<()> {
    let layout: Value =
        serde_json::from_slice(&read_within(&dir.join(LAYOUT), MAX_NOTE)?).unwrap_or_default();
    let text = |key: &str| layout.get(key).and_then(Value::as_str);
    match (text("extension"), text("description")) {
        (Some(extension), Some(_)) if is_registered(extension) => {}
        (Some(_), Some(_)) => report.error("E071", LAYOUT, "the layout is not a registered extension"),
        _ => report.error("E070", LAYOUT, "the layout names no extension or has no description"),
    }
    Ok(())
}

fn judge_extensions(dir: &Path, report: &mut Report) -> io::Result<()> {
    let listing = Listing::read(dir, report)?;
    for name in listing.files {
        report.error("E086", format!("extensions/{name}"), "only folders belong among the extensions");
    }
    for name in listing.folders.iter().filter(|name| !is_registered(name)) {
        report.warning("W016", format!("extensions/{name}"), "the extension is not a registered one");
    }
    Ok(())
}

/// A folder is an object or holds only folders, down to objects.
fn judge_folder(root: &Path, place: &str, spec: Spec, report: &mut Report) -> io::Result<Inside> {
    let mut inside = Report::new();
    let listing = Listing::read(&root.join(place), &mut inside)?;
    if let Some(declared) = listing.files.iter().find_map(|name| name.strip_prefix("0=ocfl_object_")) {
        if Spec::named(declared).is_some_and(|object| object > spec) {
            report.error("E081", place, "the object follows a newer version of OCFL than the storage root");
        }
        return Ok(Inside::Object);
    }
    report.absorb(place, inside);
    if listing.files.is_empty() && listing.folders.is_empty() {
        report.error("E073", place, "the folder is empty");
    } else if !listing.files.is_empty() {
        report.error("E072", place, "files lie outside any object");
    }
    Ok(Inside::Folders(listing.folders))
}
