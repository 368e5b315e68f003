//! Judging one object: its folders, its inventory, and every byte of its content.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use bag::{Algorithm, Checksum, Report};
use fs_err as fs;

use super::content::Content;
use super::inventory::{self, Inventory};
use super::names::{VersionName, is_registered};
use super::{Spec, versions};

/// What every declaration of what a folder is begins with (Namaste).
const NAMASTE: &str = "0=";
const DECLARATION: &str = "0=ocfl_object_";
pub(super) const INVENTORY: &str = "inventory.json";

/// The largest inventory that is read, bytes: of some sixty thousand files. What is understood of one takes five times as
/// much memory, and two are compared.
const MAX_INVENTORY: u64 = 24 << 20;
/// The same of a declaration or a sidecar.
pub(super) const MAX_NOTE: u64 = 64 << 10;

/// Reads a file that may come from a stranger.
///
/// # Errors
///
/// Also if it is larger than `most` bytes.
pub(super) fn read_within(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > most {
        let text = format!("{} has more than {most} bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    fs::read(path)
}

/// Judges the object in `dir`.
pub(super) fn judge(dir: &Path, report: &mut Report) {
    if let Err(error) = try_judge(dir, report) {
        report.error("unreadable", "", error.to_string());
    }
}

fn try_judge(dir: &Path, report: &mut Report) -> io::Result<()> {
    let listing = Listing::read(dir, report)?;
    let spec = judge_declaration(dir, &listing, report)?;
    let read = if listing.files.contains(INVENTORY) {
        Read::judged(dir, INVENTORY, spec, &listing.folders, report)?
    } else {
        report.error("E063", INVENTORY, "the inventory is missing");
        if !listing.files.iter().any(|name| name.starts_with(NAMASTE)) {
            // Nothing says that it is an object: nothing in it can be out of place.
            return Ok(());
        }
        None
    };
    let inventory = read.as_ref().map(|read| &read.inventory);
    judge_listing(dir, &listing, inventory, report)?;
    let Some(read) = read else { return Ok(()) };
    let mut content = Content::default();
    versions::judge(dir, &read, (spec, &listing.folders), &mut content, report)?;
    content.judge(dir, report);
    Ok(())
}

/// What lies in one folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: BTreeSet<String>,
    pub(super) folders: BTreeSet<String>,
}

impl Listing {
    pub(super) fn read(dir: &Path, report: &mut Report) -> io::Result<Self> {
        let mut listing = Self::default();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if kind.is_dir() {
                listing.folders.insert(name);
            } else if kind.is_file() {
                listing.files.insert(name);
            } else {
                report.error("E090", name, "links, pipes and devices do not belong in an object");
            }
        }
        Ok(listing)
    }
}

fn judge_declaration(dir: &Path, listing: &Listing, report: &mut Report) -> io::Result<Spec> {
    let declarations: Vec<&String> = listing.files.iter().filter(|name| name.starts_with(NAMASTE)).collect();
    if declarations.len() > 1 {
        report.error("E003", "", "there is more than one declaration");
    }
    let Some(name) = declarations.first() else {
        report.error("E003", "", "there is no declaration that this is an OCFL object");
        return Ok(Spec::V1_1);
    };
    let spec = name.strip_prefix(DECLARATION).and_then(Spec::named);
    if spec.is_none() {
        report.error("E006", name.as_str(), "the declaration names no version of OCFL known here");
    }
    let text = read_within(&dir.join(name), MAX_NOTE)?;
    let text = String::from_utf8_lossy(&text);
    if name.strip_prefix(NAMASTE) != Some(text.trim_end_matches(['\n', '\r'])) {
        report.error("E007", name.as_str(), "the declaration does not say what its name says");
    }
    Ok(spec.unwrap_or(Spec::V1_1))
}

fn judge_listing(
    dir: &Path,
    listing: &Listing,
    inventory: Option<&Inventory>,
    report: &mut Report,
) -> io::Result<()> {
    let sidecar = inventory.and_then(sidecar_name);
    for name in &listing.files {
        let known = name == INVENTORY
            || name.starts_with(NAMASTE)
            || Some(name) == sidecar.as_ref()
            || (sidecar.is_none() && name.starts_with("inventory.json."));
        if !known {
            report.error("E001", name, "the file does not belong in an object");
        }
    }
    for name in &listing.folders {
        match name.as_str() {
            "logs" => {}
            "extensions" => judge_extensions(&dir.join(name), report)?,
            _ if VersionName::parse(name).is_none() => {
                report.error("E001", name, "the folder does not belong in an object");
            }
            _ if inventory.is_some_and(|inventory| !inventory.versions.contains_key(name)) => {
                report.error("E046", name, "the inventory knows no such version");
            }
            _ => {}
        }
    }
    Ok(())
}

fn judge_extensions(dir: &Path, report: &mut Report) -> io::Result<()> {
    let listing = Listing::read(dir, report)?;
    for name in listing.files {
        report.error("E067", format!("extensions/{name}"), "only folders belong among the extensions");
    }
    for name in listing.folders.iter().filter(|name| !is_registered(name)) {
        report.warning("W013", format!("extensions/{name}"), "the extension is not a registered one");
    }
    Ok(())
}

/// The name of the file that vouches for an inventory.
pub(super) fn sidecar_name(inventory: &Inventory) -> Option<String> {
    inventory.algorithm_name.as_ref().map(|algorithm| format!("{INVENTORY}.{algorithm}"))
}

/// An inventory as it was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    pub(super) inventory: Inventory,
}

impl Read {
    /// Reads and judges the inventory at `place` and its sidecar.
    pub(super) fn judged(
        dir: &Path,
        place: &str,
        spec: Spec,
        folders: &BTreeSet<String>,
        report: &mut Report,
    ) -> io::Result<Option<Self>> {
        let bytes = read_within(&dir.join(place), MAX_INVENTORY)?;
        let Some(inventory) = inventory::judge(&bytes, place, spec, folders, report) else {
            return Ok(None);
        };
        judge_sidecar(dir, place, &bytes, &inventory, report)?;
        Ok(Some(Self { bytes, inventory }))
    }
}

fn judge_sidecar(
    dir: &Path,
    place: &str,
    bytes: &[u8],
    inventory: &Inventory,
    report: &mut Report,
) -> io::Result<()> {
    let Some(name) = &inventory.algorithm_name else { return Ok(()) };
    let place = format!("{place}.{name}");
    let text = match read_within(&dir.join(&place), MAX_NOTE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            report.error("E058", place, "the file that vouches for the inventory is missing");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&text);
    let mut parts = text.split_ascii_whitespace();
    let said = match (parts.next().map(str::parse::<Checksum>), parts.next(), parts.next()) {
        (Some(Ok(said)), Some(INVENTORY), None) => said,
        _ => {
            report.error("E061", place, "the file is not a digest and the name inventory.json");
            return Ok(());
        }
    };
    if let Some(algorithm) =
        name.parse::<Algorithm>().ok().filter(|algorithm| Checksum::of(*algorithm, bytes) != said)
    {
        report.error("E060", place, format!("the {algorithm} of the inventory is not the one noted"));
    }
    Ok(())
}
