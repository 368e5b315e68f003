//! Judging content: what inventories say of files, and which of these are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use bag::{Algorithm, Checksum, Report};
use fs_err as fs;

use super::inventory::Inventory;

/// What inventories say about content files, and which of these files are there.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Every file found in a content directory.
    pub(super) found: BTreeSet<String>,
    /// Every file found beside one, in the folder of a version; that is told of the file.
    pub(super) beside: BTreeSet<String>,
    /// From a content path to what is said about it: by whom, and whether in a fixity block.
    said: BTreeMap<String, BTreeSet<(Algorithm, Checksum, bool)>>,
    /// What content directories are called. That they are not all called the same is told of the inventory.
    directories: BTreeSet<String>,
    /// Content paths that lie in another folder than the inventory at `place` calls its content directory.
    astray: Vec<Astray>,
    /// Content files, each with the place of an inventory that does not list it.
    unlisted: Vec<(String, Rc<str>)>,
    /// Whether an inventory names something as it can't be named: then nobody knows what it means to list.
    is_muddled: bool,
}

#[derive(Debug)]
struct Astray {
    path: String,
    place: Rc<str>,
    /// The folder in which it lies, if that is in the folder of a version.
    directory: Option<String>,
}

impl Content {
    /// Notes what `inventory`, which lies at `place`, says.
    pub(super) fn note(&mut self, inventory: &Inventory, place: &str) {
        let place: Rc<str> = place.into();
        self.is_muddled |= !inventory.names_well;
        self.directories.insert(inventory.content.clone());
        for (digest, paths) in &inventory.manifest {
            for path in paths {
                let directory = inventory.directory(path);
                if directory != Some(&inventory.content) {
                    let directory = directory.map(str::to_owned);
                    self.astray.push(Astray { path: path.clone(), place: Rc::clone(&place), directory });
                }
            }
            if let (Some(algorithm), Ok(sum)) = (inventory.algorithm, digest.parse::<Checksum>()) {
                for path in paths {
                    self.said.entry(path.clone()).or_default().insert((algorithm, sum.clone(), false));
                }
            }
        }
        for (algorithm, digest, path) in &inventory.fixity {
            if let Ok(sum) = digest.parse::<Checksum>() {
                self.said.entry(path.clone()).or_default().insert((*algorithm, sum, true));
            }
        }
    }

    /// Notes which of the files found so far an inventory does not list.
    pub(super) fn note_unlisted(&mut self, inventory: &Inventory, place: &str) {
        let place: Rc<str> = place.into();
        let listed = inventory.content_paths();
        let unlisted = self.found.iter().filter(|path| !listed.contains(path.as_str()));
        self.unlisted.extend(unlisted.map(|path| (path.clone(), Rc::clone(&place))));
    }

    /// Says what lies where it should not, and reads every file once and compares it with everything said about it.
    pub(super) fn judge(self, dir: &Path, report: &mut Report) {
        if !self.is_muddled {
            for Astray { path, place, .. } in
                self.astray.iter().filter(|astray| !self.is_told_elsewhere(astray))
            {
                let text = format!("content path {path:?} is not in the content directory of a version");
                report.error("E042", &**place, text);
            }
            for (path, place) in &self.unlisted {
                report.error("E023", path, format!("{place} does not list it"));
            }
        }
        for (path, said) in self.said {
            if self.found.contains(&path) || is_own_file(dir, &path) {
                compare(dir, &path, said, report);
            } else if !self.is_muddled {
                for (_, _, in_fixity) in said {
                    let code = if in_fixity { "E093" } else { "E092" };
                    report.error(code, &path, "the inventory names it but it is not there");
                }
            }
        }
    }

    fn is_told_elsewhere(&self, astray: &Astray) -> bool {
        astray.directory.as_ref().is_some_and(|directory| self.directories.contains(directory))
            || self.beside.contains(&astray.path)
    }
}

/// Whether a path leads to a file within `dir`, through nothing but folders.
fn is_own_file(dir: &Path, path: &str) -> bool {
    let mut at = dir.to_owned();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, "" | "." | "..") {
            return false;
        }
        at.push(part);
        let kind = fs::symlink_metadata(&at).map(|found| found.file_type());
        let fits = kind.is_ok_and(|kind| if parts.peek().is_some() { kind.is_dir() } else { kind.is_file() });
        if !fits {
            return false;
        }
    }
    true
}

fn compare(dir: &Path, path: &str, said: BTreeSet<(Algorithm, Checksum, bool)>, report: &mut Report) {
    let algorithms: BTreeSet<Algorithm> = said.iter().map(|(algorithm, _, _)| *algorithm).collect();
    let algorithms: Vec<Algorithm> = algorithms.into_iter().collect();
    match fs::File::open(dir.join(path)).and_then(|file| bag::hash_reader(file, &algorithms)) {
        Ok(hashed) => {
            for (algorithm, sum, in_fixity) in said {
                if hashed.sum(algorithm) != Some(&sum) {
                    let code = if in_fixity { "E093" } else { "E092" };
                    report.error(code, path, format!("its {algorithm} is not the one in the inventory"));
                }
            }
        }
        Err(error) => report.error("unreadable", path, error.to_string()),
    }
}
