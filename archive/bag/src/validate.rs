//! Judging a bag: is it complete, is it valid, is it safe.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::path::Path;

use fs_err as fs;

use crate::crew;
use crate::digest::hash_reader;
use crate::manifest::{Lists, Manifest};
use crate::path::folded;
use crate::read::Tags;
use crate::tagfile::{BAG_INFO, Version};
use crate::{Algorithm, Checksum, Hashed, Hazard, Report, SIGNATURE_FILE, SafePath, Unpacked};

/// How far to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything listed is there and everything there is listed; no payload is read.
    Complete,
    /// Complete, and every checksum agrees.
    Valid,
}

/// Judges the bag in `dir`. Whatever goes wrong is a finding, also that something could not be read.
pub fn validate(dir: &Path, depth: Depth) -> Report {
    judge(dir, depth, &BTreeMap::new())
}

/// Judges a bag just unpacked, using the checksums computed while it was written rather than reading it again.
pub fn validate_unpacked(unpacked: &Unpacked) -> Report {
    judge(&unpacked.dir, Depth::Valid, &unpacked.files)
}

fn judge(dir: &Path, depth: Depth, known: &BTreeMap<SafePath, Hashed>) -> Report {
    let mut report = Report::new();
    match Tags::read(dir, &mut report) {
        Ok(Some(tags)) => Judge { dir, depth, known, tags: &tags, report: &mut report }.judge(),
        Ok(None) => {}
        Err(error) => report.error("unreadable", "", error.to_string()),
    }
    report
}

struct Judge<'a> {
    dir: &'a Path,
    depth: Depth,
    known: &'a BTreeMap<SafePath, Hashed>,
    tags: &'a Tags,
    report: &'a mut Report,
}

impl Judge<'_> {
    fn judge(mut self) {
        let mut found = Found::default();
        if let Err(error) = found.walk(self.dir, "", self.report) {
            self.report.error("unreadable", "", error.to_string());
            return;
        }
        if !self.dir.join("data").is_dir() {
            self.report.error("payload-folder-missing", "data", "there is no folder data");
        }
        found.note_collisions(self.report);
        self.judge_strength();
        let wanted = self.complete_payload(&found);
        let tag_files = self.complete_tags(&found);
        self.judge_oxum(&found, wanted.forgiven);
        if self.depth == Depth::Valid {
            self.compare(&found, wanted.sums);
            self.compare(&found, tag_files.sums);
        }
    }

    fn judge_strength(&mut self) {
        let weak = |manifest: &Manifest| matches!(manifest.algorithm, Algorithm::Md5 | Algorithm::Sha1);
        if !self.tags.payload.is_empty() && self.tags.payload.iter().all(weak) {
            self.report.warning("checksum-weak", "", "the payload is vouched for only by md5 or sha1");
        }
    }

    /// Everything listed is there, everything there is listed.
    fn complete_payload(&mut self, found: &Found) -> Wanted {
        let mut wanted = Wanted::default();
        let elsewhere: BTreeSet<&str> = self.tags.fetch.iter().map(|item| item.path.as_str()).collect();
        for manifest in &self.tags.payload {
            self.match_entries(manifest, found, &elsewhere, &mut wanted);
        }
        for (name, _) in
            found.files.range("data/".to_owned()..).take_while(|(name, _)| name.starts_with("data/"))
        {
            self.judge_listed(name, &wanted);
        }
        for item in &self.tags.fetch {
            if !self.tags.payload.iter().all(|manifest| manifest.entries.contains_key(item.path.as_str())) {
                self.report.error(
                    "fetch-unlisted",
                    item.path.as_str(),
                    "fetch.txt names a file no manifest lists",
                );
            }
        }
        wanted
    }

    fn judge_listed(&mut self, name: &str, wanted: &Wanted) {
        let lists = wanted.sums.get(name).map_or(0, BTreeMap::len);
        if lists == 0 {
            self.report.error("payload-unlisted", name, "no manifest lists this payload file");
        } else if lists < self.tags.payload.len() && self.tags.declaration.version >= Version::V1_0 {
            self.report.error("payload-unlisted", name, "not every manifest lists this payload file");
        }
    }

    fn complete_tags(&mut self, found: &Found) -> Wanted {
        let mut wanted = Wanted::default();
        for manifest in &self.tags.tags {
            self.match_entries(manifest, found, &BTreeSet::new(), &mut wanted);
            for payload in &self.tags.payload {
                self.judge_tagged(manifest, &payload.file_name);
            }
        }
        if !self.tags.tags.is_empty() {
            for name in found.files.keys().filter(|name| is_tag(name) && !wanted.sums.contains_key(*name)) {
                self.report.warning("tag-unlisted", name, "no tag manifest lists this file");
            }
        }
        wanted
    }

    /// Every tag manifest must list every payload manifest (RFC 8493 §2.2.1); older rules did not say so.
    fn judge_tagged(&mut self, manifest: &Manifest, payload: &str) {
        if manifest.entries.contains_key(payload) {
            return;
        }
        let text = format!("{} does not list it", manifest.file_name);
        if self.tags.declaration.version >= Version::V1_0 {
            self.report.error("manifest-unlisted", payload, text);
        } else {
            self.report.warning("manifest-unlisted", payload, text);
        }
    }

    fn match_entries(
        &mut self,
        manifest: &Manifest,
        found: &Found,
        elsewhere: &BTreeSet<&str>,
        wanted: &mut Wanted,
    ) {
        for (name, sum) in &manifest.entries {
            match found.find(name) {
                Some(on_disk) => {
                    if on_disk != name {
                        self.report.warning(
                            "name-form",
                            name,
                            format!("{} writes the name in another case or normal form", manifest.file_name),
                        );
                    }
                    let known = wanted.sums.entry(on_disk.to_owned()).or_default();
                    if let Some(other) = known.insert(manifest.algorithm, sum.clone())
                        && other != *sum
                    {
                        self.report.error(
                            "names-collide",
                            name,
                            "two names for one file have different checksums",
                        );
                    }
                }
                None => self.note_missing(manifest, name, sum, elsewhere, wanted),
            }
        }
    }

    fn note_missing(
        &mut self,
        manifest: &Manifest,
        name: &str,
        sum: &Checksum,
        elsewhere: &BTreeSet<&str>,
        wanted: &mut Wanted,
    ) {
        let lost_nothing = is_system_file(name) && *sum == Checksum::of(manifest.algorithm, b"");
        if lost_nothing {
            wanted.forgiven.insert(name.to_owned());
            self.report.warning("system-file", name, "an empty file that systems make and remove is missing");
        } else if elsewhere.contains(name) {
            self.report.error("payload-to-fetch", name, "still to be fetched from where fetch.txt says");
        } else if name.starts_with("data/") {
            self.report.error(
                "payload-missing",
                name,
                format!("{} lists it but it is missing", manifest.file_name),
            );
        } else {
            self.report.error(
                "tag-missing",
                name,
                format!("{} lists it but it is missing", manifest.file_name),
            );
        }
    }

    /// `Payload-Oxum` is the number of bytes, a dot, the number of files.
    fn judge_oxum(&mut self, found: &Found, forgiven: BTreeSet<String>) {
        let said: Vec<&str> = self
            .tags
            .info
            .iter()
            .filter(|(label, _)| label.eq_ignore_ascii_case("Payload-Oxum"))
            .map(|(_, value)| value.as_str())
            .collect();
        if said.len() > 1 {
            self.report.warning("oxum-repeated", BAG_INFO, "Payload-Oxum is said more than once");
        }
        let payload = || found.files.iter().filter(|(name, _)| name.starts_with("data/"));
        let bytes: u64 = payload().map(|(_, len)| len).sum();
        let files = payload().count() + forgiven.len();
        for oxum in said {
            let parts =
                oxum.split_once('.').map(|(bytes, files)| (bytes.parse::<u64>(), files.parse::<usize>()));
            match parts {
                Some((Ok(said_bytes), Ok(said_files))) if said_bytes == bytes && said_files == files => {}
                Some((Ok(_), Ok(_))) => self.report.error(
                    "oxum-differs",
                    BAG_INFO,
                    format!("Payload-Oxum says {oxum}, the payload is {bytes}.{files}"),
                ),
                _ => self.report.error(
                    "oxum-malformed",
                    BAG_INFO,
                    "Payload-Oxum is not bytes, a dot and files",
                ),
            }
        }
    }

    /// Reads the files on all cores, and tells of them in the order of their names.
    fn compare(&mut self, found: &Found, wanted: BTreeMap<String, BTreeMap<Algorithm, Checksum>>) {
        let reading = &*self;
        let Ok(read) = crew::in_order(crew::cores(), wanted, |(name, sums)| {
            let actual = reading.sums_of(found, &name, &sums);
            Ok::<_, Infallible>((name, sums, actual))
        });
        for (name, sums, actual) in read {
            match actual {
                Ok(actual) => self.compare_one(&name, &sums, &actual),
                Err(error) => self.report.error("unreadable", name, error.to_string()),
            }
        }
    }

    fn compare_one(&mut self, name: &str, sums: &BTreeMap<Algorithm, Checksum>, actual: &Hashed) {
        let differing: Vec<&str> = sums
            .iter()
            .filter(|(algorithm, sum)| actual.sum(**algorithm) != Some(*sum))
            .map(|(algorithm, _)| algorithm.name())
            .collect();
        if !differing.is_empty() {
            let code = if name.starts_with("data/") { "payload-differs" } else { "tag-differs" };
            self.report.error(
                code,
                name,
                format!("its {} checksum is not the listed one", differing.join(" and ")),
            );
        }
    }

    /// The checksums of a file: known ones if they were computed from these very bytes, else by reading it once.
    fn sums_of(&self, found: &Found, name: &str, sums: &BTreeMap<Algorithm, Checksum>) -> io::Result<Hashed> {
        let known = SafePath::new(name).ok().and_then(|path| self.known.get(&path));
        if let Some(known) = known
            && Some(&known.len) == found.files.get(name)
            && sums.keys().all(|algorithm| known.sums.contains_key(algorithm))
        {
            return Ok(known.clone());
        }
        let algorithms: Vec<Algorithm> = sums.keys().copied().collect();
        hash_reader(fs::File::open(self.dir.join(name))?, &algorithms)
    }
}

/// What manifests want of the files on disk.
#[derive(Debug, Default)]
struct Wanted {
    sums: BTreeMap<String, BTreeMap<Algorithm, Checksum>>,
    /// Missing files that lost nothing.
    forgiven: BTreeSet<String>,
}

/// What lies in the folder of a bag.
#[derive(Debug, Default)]
struct Found {
    /// Every regular file with its length, names as on disk.
    files: BTreeMap<String, u64>,
    /// From a name without case and form to the names on disk.
    folded: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn walk(&mut self, dir: &Path, prefix: &str, report: &mut Report) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str().map(|name| format!("{prefix}{name}")) else {
                report.error("name-not-text", prefix, "a file name is not UTF-8");
                continue;
            };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.walk(&entry.path(), &format!("{name}/"), report)?;
            } else if kind.is_file() {
                self.note(name, entry.metadata()?.len(), report);
            } else {
                report.error("special-file", name, "a link, pipe or device does not belong in a bag");
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, len: u64, report: &mut Report) {
        if is_system_file(&name) {
            report.warning("system-file", &name, "a file that systems make by themselves");
        }
        if let Some(hazard) = Hazard::of(&name) {
            report.warning("path-unportable", &name, format!("the name is {hazard}"));
        }
        self.folded.entry(folded(&name)).or_default().push(name.clone());
        self.files.insert(name, len);
    }

    fn note_collisions(&self, report: &mut Report) {
        for name in self.folded.values().filter(|names| names.len() > 1).flatten() {
            report.warning("names-collide", name, "another name differs from it only in case or normal form");
        }
    }

    /// The name on disk for a listed name: the same, or the only one that differs just in case or form.
    fn find(&self, name: &str) -> Option<&str> {
        if let Some((name, _)) = self.files.get_key_value(name) {
            return Some(name);
        }
        match self.folded.get(&folded(name)).map(Vec::as_slice) {
            Some([only]) => Some(only),
            _ => None,
        }
    }
}

fn is_tag(name: &str) -> bool {
    !name.starts_with("data/") && !name.starts_with(Lists::Tags.prefix()) && name != SIGNATURE_FILE
}

/// Files that desktops scatter.
fn is_system_file(name: &str) -> bool {
    matches!(name.rsplit('/').next(), Some(".DS_Store" | "Thumbs.db" | "desktop.ini" | ".directory"))
}

#[cfg(test)]
mod tests;
