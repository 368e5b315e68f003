//! Judging the versions of an object: their folders, their inventories, and that history was not rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use bag::Report;
use fs_err as fs;

use super::Spec;
use super::content::Content;
use super::inventory::{Inventory, Version};
use super::names::VersionName;
use super::object::{INVENTORY, Listing, Read, sidecar_name};

/// Judges every version the root inventory names, collecting what is said about content.
pub(super) fn judge(
    dir: &Path,
    root: &Read,
    (spec, folders): (Spec, &BTreeSet<String>),
    content: &mut Content,
    report: &mut Report,
) -> io::Result<()> {
    let mut versions: Vec<(&String, VersionName)> = root
        .inventory
        .versions
        .keys()
        .filter_map(|name| VersionName::parse(name).map(|version| (name, version)))
        .collect();
    versions.sort_by_key(|(_, version)| version.number);
    content.note(&root.inventory, INVENTORY);
    let newest = versions.last().map(|(name, _)| name.as_str());
    let mut history = History { dir, root, newest, spec, folders, content, earlier: None };
    for &(name, _) in &versions {
        if dir.join(name).is_dir() {
            history.version(name, report)?;
        } else {
            report.error("E010", name, "the folder of a version is missing");
        }
    }
    history.content.note_unlisted(&root.inventory, INVENTORY);
    Ok(())
}

struct History<'a> {
    dir: &'a Path,
    root: &'a Read,
    /// The version with the highest number.
    newest: Option<&'a str>,
    spec: Spec,
    /// The folders of the object.
    folders: &'a BTreeSet<String>,
    content: &'a mut Content,
    /// The version of OCFL of the last inventory.
    earlier: Option<Spec>,
}

impl History<'_> {
    fn version(&mut self, name: &str, report: &mut Report) -> io::Result<()> {
        let mut inside = Report::new();
        let listing = Listing::read(&self.dir.join(name), &mut inside)?;
        report.absorb(name, inside);
        let read = self.inventory(name, &listing, report)?;
        self.children(name, &listing, read.as_ref(), report)?;
        if let Some(read) = read {
            let place = format!("{name}/{INVENTORY}");
            self.content.note_unlisted(&read.inventory, &place);
            self.content.note(&read.inventory, &place);
            self.compare(name, &read, report);
        }
        Ok(())
    }

    fn inventory(&self, name: &str, listing: &Listing, report: &mut Report) -> io::Result<Option<Read>> {
        let place = format!("{name}/{INVENTORY}");
        if !listing.files.contains(INVENTORY) {
            report.warning("W010", name, "the version has no inventory of its own");
            return Ok(None);
        }
        Read::judged(self.dir, &place, self.spec, self.folders, report)
    }

    fn children(
        &mut self,
        name: &str,
        listing: &Listing,
        read: Option<&Read>,
        report: &mut Report,
    ) -> io::Result<()> {
        let inventory = read.map_or(&self.root.inventory, |read| &read.inventory);
        let sidecar = sidecar_name(inventory);
        for file in listing.files.iter().filter(|file| *file != INVENTORY && Some(*file) != sidecar.as_ref())
        {
            let path = format!("{name}/{file}");
            report.error("E015", &path, "the file does not belong in the folder of a version");
            self.content.beside.insert(path);
        }
        // A content directory with a slash in its name is reported already; its first part is where content lies.
        let content_name = inventory.content.split('/').next().unwrap_or_default();
        for folder in listing.folders.iter().filter(|folder| *folder != content_name) {
            report.warning(
                "W002",
                format!("{name}/{folder}"),
                "the folder does not belong in the folder of a version",
            );
        }
        if listing.folders.contains(content_name) {
            let before = self.content.found.len();
            self.walk(&format!("{name}/{content_name}"), true, report)?;
            if self.content.found.len() == before {
                report.warning("W003", format!("{name}/{content_name}"), "the content folder is empty");
            }
        }
        Ok(())
    }

    fn walk(&mut self, place: &str, top: bool, report: &mut Report) -> io::Result<()> {
        let mut empty = true;
        for entry in fs::read_dir(self.dir.join(place))? {
            let entry = entry?;
            empty = false;
            let path = format!("{place}/{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.walk(&path, false, report)?;
            } else if kind.is_file() {
                self.content.found.insert(path);
            } else {
                report.error("E090", path, "links, pipes and devices do not belong in an object");
            }
        }
        if empty && !top {
            report.error("E024", place, "the folder is empty");
        }
        Ok(())
    }

    /// An earlier inventory must say what the newest one says about the versions they share.
    fn compare(&mut self, name: &str, read: &Read, report: &mut Report) {
        let (root, inventory) = (&self.root.inventory, &read.inventory);
        let place = format!("{name}/{INVENTORY}");
        // Where the head is another, that is told, and nobody knows which inventory is meant to be the object's.
        let is_newest = self.newest == Some(name) && root.head.as_deref() == Some(name);
        if is_newest && self.root.bytes != read.bytes {
            report.error("E064", &place, "the inventory of the newest version is not that of the object");
        }
        if inventory.head.as_deref().is_some_and(|head| head != name) {
            report.error("E040", &place, format!("its head is not {name}"));
        }
        if inventory.id != root.id && inventory.id.is_some() {
            report.error("E037", &place, "its id is not that of the object");
        }
        if inventory.content != root.content
            || (root.says_content && !inventory.says_content && root.content != "content")
        {
            report.error("E019", &place, "its content directory is not that of the object");
        }
        if self.earlier.is_some_and(|earlier| inventory.spec < earlier) {
            report.error("E103", &place, "it follows an older version of OCFL than the version before it");
        }
        self.earlier = Some(inventory.spec);
        for (version, block) in &inventory.versions {
            match root.versions.get(version) {
                Some(newest) => self.compare_version(&place, version, inventory, block, newest, report),
                None => report.error(
                    "E066",
                    &place,
                    format!("it has version {version}, which the object has not"),
                ),
            }
        }
    }

    fn compare_version(
        &self,
        place: &str,
        version: &str,
        inventory: &Inventory,
        block: &Version,
        newest: &Version,
        report: &mut Report,
    ) {
        if block.created != newest.created || block.message != newest.message || block.user != newest.user {
            report.warning(
                "W011",
                place,
                format!("it describes version {version} differently than the object does"),
            );
        }
        let (old, new) = (by_path(block), by_path(newest));
        let same_paths = old.keys().eq(new.keys());
        let same_bytes = || {
            old.iter().all(|(path, digest)| {
                new.get(path).is_some_and(|newest| self.same_content(inventory, digest, newest))
            })
        };
        if !same_paths || !same_bytes() {
            report.error(
                "E066",
                place,
                format!("it holds other files in version {version} than the object says"),
            );
        }
    }

    /// Whether two digests, perhaps by different algorithms, stand for the same stored files.
    fn same_content(&self, inventory: &Inventory, old: &str, newest: &str) -> bool {
        if inventory.algorithm == self.root.inventory.algorithm {
            return old.eq_ignore_ascii_case(newest);
        }
        inventory.stored(old).is_subset(&self.root.inventory.stored(newest))
    }
}

fn by_path(version: &Version) -> BTreeMap<&str, &str> {
    version
        .state
        .iter()
        .flat_map(|(digest, paths)| paths.iter().map(move |path| (path.as_str(), digest.as_str())))
        .collect()
}
