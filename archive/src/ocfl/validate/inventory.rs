//! Judging one inventory by itself.

use std::collections::{BTreeMap, BTreeSet};

use bag::{Algorithm, Checksum, Report};
use serde_json::{Map, Value};

use super::Spec;
use super::names::{Named, is_rfc3339, is_uri, judge_conflicts, judge_version_names, path_faults};

/// What an inventory says, as far as it can be understood. Digests are as written.
#[derive(Debug)]
pub(super) struct Inventory {
    pub(super) spec: Spec,
    pub(super) id: Option<String>,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) algorithm_name: Option<String>,
    pub(super) head: Option<String>,
    /// The name of the content directory, and whether the inventory says it.
    pub(super) content: String,
    pub(super) says_content: bool,
    pub(super) manifest: BTreeMap<String, Vec<String>>,
    pub(super) fixity: Vec<(Algorithm, String, String)>,
    pub(super) versions: BTreeMap<String, Version>,
    /// Whether versions, content directory and paths are named as such things can be named.
    pub(super) names_well: bool,
}

/// One version as an inventory describes it.
#[derive(Debug, Default)]
pub(super) struct Version {
    pub(super) created: Option<Value>,
    pub(super) message: Option<Value>,
    pub(super) user: Option<Value>,
    pub(super) state: BTreeMap<String, Vec<String>>,
}

impl Inventory {
    /// Every content path the manifest names.
    pub(super) fn content_paths(&self) -> BTreeSet<&str> {
        self.manifest.values().flatten().map(String::as_str).collect()
    }

    /// The folder in which a content path lies, if that is in the folder of a version.
    pub(super) fn directory<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (version, inside) = path.split_once('/')?;
        let (directory, _) = inside.split_once('/')?;
        self.versions.contains_key(version).then_some(directory)
    }

    /// The digest and content paths behind a digest of a state, whatever its case.
    pub(super) fn stored(&self, digest: &str) -> BTreeSet<&str> {
        self.manifest
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(digest))
            .flat_map(|(_, paths)| paths)
            .map(String::as_str)
            .collect()
    }
}

/// Judges an inventory. `place` is its path inside the object, `folders` are the object's. `None` if it is no JSON object.
pub(super) fn judge(
    bytes: &[u8],
    place: &str,
    spec: Spec,
    folders: &BTreeSet<String>,
    report: &mut Report,
) -> Option<Inventory> {
    let json = match serde_json::from_slice(bytes) {
        Ok(Value::Object(json)) => json,
        Ok(_) => {
            report.error("E033", place, "the inventory is not a JSON object");
            return None;
        }
        Err(error) => {
            report.error("E033", place, format!("the inventory is not JSON: {error}"));
            return None;
        }
    };
    Some(Judge { place, folders, report, names_well: true, states_known: true }.judge(&json, spec))
}

struct Judge<'a> {
    place: &'a str,
    folders: &'a BTreeSet<String>,
    report: &'a mut Report,
    names_well: bool,
    /// Whether the state of every version could be read.
    states_known: bool,
}

impl Judge<'_> {
    fn judge(mut self, json: &Map<String, Value>, declared: Spec) -> Inventory {
        self.keys(json);
        let spec = self.kind(json, declared);
        let id = self.id(json);
        let (algorithm_name, algorithm) = self.algorithm(json);
        let content = self.content(json);
        let manifest = self.manifest(json, algorithm);
        let versions = self.versions(json, &manifest);
        let head = self.head(json, &versions);
        let fixity = self.fixity(json);
        for path in manifest.values().flatten() {
            self.content_path_form(path);
        }
        let inventory = Inventory {
            spec,
            id,
            algorithm,
            algorithm_name,
            head,
            says_content: content.is_some(),
            content: content.unwrap_or_else(|| "content".to_owned()),
            fixity,
            manifest,
            versions,
            names_well: self.names_well,
        };
        self.unused(&inventory);
        inventory
    }

    fn error(&mut self, code: &'static str, text: impl Into<String>) {
        self.report.error(code, self.place, text);
    }

    /// An error in how something is named.
    fn misnamed(&mut self, code: &'static str, text: impl Into<String>) {
        self.names_well = false;
        self.error(code, text);
    }

    fn warning(&mut self, code: &'static str, text: impl Into<String>) {
        self.report.warning(code, self.place, text);
    }

    fn keys(&mut self, json: &Map<String, Value>) {
        let known =
            ["id", "type", "digestAlgorithm", "head", "contentDirectory", "manifest", "versions", "fixity"];
        for key in json.keys().filter(|key| !known.contains(&key.as_str())) {
            self.error("E102", format!("{key:?} does not belong in an inventory"));
        }
        for key in ["id", "type", "digestAlgorithm", "head"].iter().filter(|key| !json.contains_key(**key)) {
            self.error("E036", format!("the inventory has no {key}"));
        }
        for key in ["manifest", "versions"].iter().filter(|key| !json.contains_key(**key)) {
            self.error("E041", format!("the inventory has no {key}"));
        }
    }

    fn id(&mut self, json: &Map<String, Value>) -> Option<String> {
        let id = match json.get("id")? {
            Value::String(id) if !id.is_empty() => id,
            _ => {
                self.error("E037", "the id is not a text or is empty");
                return None;
            }
        };
        if !is_uri(id) {
            self.warning("W005", "the id is not a URI");
        }
        Some(id.clone())
    }

    fn kind(&mut self, json: &Map<String, Value>, declared: Spec) -> Spec {
        let Some(kind) = json.get("type") else { return declared };
        match Spec::ALL.into_iter().find(|spec| kind.as_str() == Some(&spec.inventory_type())) {
            Some(spec) => spec,
            None => {
                self.error("E038", format!("the type {kind} is not that of a known inventory"));
                declared
            }
        }
    }

    fn algorithm(&mut self, json: &Map<String, Value>) -> (Option<String>, Option<Algorithm>) {
        let Some(value) = json.get("digestAlgorithm") else { return (None, None) };
        let name = value.as_str().map(str::to_owned);
        match name.as_deref() {
            Some("sha512") => (name, Some(Algorithm::Sha512)),
            Some("sha256") => {
                self.warning("W004", "sha256 is used where sha512 is advised");
                (name, Some(Algorithm::Sha256))
            }
            _ => {
                self.error("E025", format!("{value} is neither sha512 nor sha256"));
                (name, None)
            }
        }
    }

    fn content(&mut self, json: &Map<String, Value>) -> Option<String> {
        let value = json.get("contentDirectory")?;
        match value.as_str() {
            Some(name) if !matches!(name, "" | "." | "..") && !name.contains('/') => {}
            Some("." | "..") => self.misnamed("E018", "the content directory is . or .."),
            _ => self.misnamed("E017", format!("{value} cannot be a content directory")),
        }
        value.as_str().map(str::to_owned)
    }

    fn head(&mut self, json: &Map<String, Value>, versions: &BTreeMap<String, Version>) -> Option<String> {
        let names: Vec<&str> = versions.keys().map(String::as_str).collect();
        let Named { highest, alike } = judge_version_names(&names, self.folders, self.place, self.report);
        self.names_well &= alike;
        if names.is_empty() && json.get("versions").is_some_and(Value::is_object) {
            self.error("E008", "there is no version");
        }
        let value = json.get("head")?;
        let Some(head) = value.as_str() else {
            self.error("E040", format!("the head {value} is not a text"));
            return None;
        };
        if highest.as_deref().is_some_and(|highest| highest != head) {
            self.error("E040", format!("the head is {head} but the newest version is another"));
        }
        Some(head.to_owned())
    }

    fn manifest(
        &mut self,
        json: &Map<String, Value>,
        algorithm: Option<Algorithm>,
    ) -> BTreeMap<String, Vec<String>> {
        let Some(value) = json.get("manifest") else { return BTreeMap::new() };
        let Value::Object(entries) = value else {
            self.error("E041", "the manifest is not an object");
            return BTreeMap::new();
        };
        let again = self.digests(entries.keys(), algorithm, "E096", "E025");
        let mut manifest = BTreeMap::new();
        for (digest, paths) in entries {
            match texts(paths) {
                Some(paths) if !paths.is_empty() => drop(manifest.insert(digest.clone(), paths)),
                _ => self.error("E092", format!("the paths of {digest} are not a list of texts")),
            }
        }
        let once = manifest.iter().filter(|(digest, _)| !again.contains(digest));
        let paths: Vec<&str> = once.flat_map(|(_, paths)| paths).map(String::as_str).collect();
        judge_conflicts(paths.into_iter(), "E101", self.place, self.report);
        manifest
    }

    /// Digests must have the form of their algorithm and be there once, whatever their case. Returns those that are there in
    /// another writing already: what is listed under them is listed twice for that.
    fn digests<'k>(
        &mut self,
        digests: impl Iterator<Item = &'k String>,
        algorithm: Option<Algorithm>,
        twice: &'static str,
        malformed: &'static str,
    ) -> BTreeSet<&'k String> {
        let (mut seen, mut again) = (BTreeSet::new(), BTreeSet::new());
        for digest in digests {
            let fits =
                |sum: &Checksum| algorithm.is_none_or(|algorithm| sum.as_str().len() == algorithm.hex_len());
            match digest.parse::<Checksum>().ok().filter(fits) {
                Some(sum) if seen.insert(sum.clone()) => {}
                Some(sum) => {
                    again.insert(digest);
                    self.error(twice, format!("digest {sum} is there in two writings"));
                }
                None => self.error(malformed, format!("{digest:?} is not a digest of the algorithm")),
            }
        }
        again
    }

    fn versions(
        &mut self,
        json: &Map<String, Value>,
        manifest: &BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<String, Version> {
        let Some(value) = json.get("versions") else { return BTreeMap::new() };
        let Value::Object(entries) = value else {
            self.error("E044", "the versions are not an object");
            return BTreeMap::new();
        };
        let mut versions = BTreeMap::new();
        for (name, block) in entries {
            match block {
                Value::Object(block) => {
                    let version = self.version(name, block, manifest);
                    versions.insert(name.clone(), version);
                }
                _ => self.error("E047", format!("version {name} is not an object")),
            }
        }
        versions
    }

    fn version(
        &mut self,
        name: &str,
        block: &Map<String, Value>,
        manifest: &BTreeMap<String, Vec<String>>,
    ) -> Version {
        match block.get("created") {
            None => self.error("E048", format!("version {name} does not say when it was created")),
            Some(created) if created.as_str().is_some_and(is_rfc3339) => {}
            Some(created) => {
                self.error("E049", format!("version {name}: {created} is not a time of RFC 3339"))
            }
        }
        match block.get("message") {
            None => self.warning("W007", format!("version {name} has no message")),
            Some(Value::String(_)) => {}
            // A message says why there is a state: of a version that has none it is not judged.
            Some(_) if !block.get("state").is_some_and(Value::is_object) => {}
            Some(_) => self.error("E094", format!("the message of version {name} is not a text")),
        }
        self.user(name, block.get("user"));
        let get = |key: &str| block.get(key).cloned();
        Version {
            created: get("created"),
            message: get("message"),
            user: get("user"),
            state: self.state(name, block.get("state"), manifest),
        }
    }

    fn user(&mut self, version: &str, user: Option<&Value>) {
        let Some(user) = user else {
            self.warning("W007", format!("version {version} has no user"));
            return;
        };
        if user.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            self.error("E054", format!("the user of version {version} has no name"));
            return;
        }
        match user.get("address") {
            None => self.warning("W008", format!("the user of version {version} has no address")),
            Some(Value::String(address)) if is_uri(address) => {}
            Some(Value::String(_)) => {
                self.warning("W009", format!("the address of the user of version {version} is not a URI"));
            }
            Some(_) => {
                self.error("E054", format!("the address of the user of version {version} is not a text"))
            }
        }
    }

    fn state(
        &mut self,
        version: &str,
        state: Option<&Value>,
        manifest: &BTreeMap<String, Vec<String>>,
    ) -> BTreeMap<String, Vec<String>> {
        let Some(Value::Object(entries)) = state else {
            self.states_known = false;
            match state {
                Some(_) => self.error("E050", format!("the state of version {version} is not an object")),
                None => self.error("E048", format!("version {version} has no state")),
            }
            return BTreeMap::new();
        };
        let mut files = BTreeMap::new();
        for (digest, paths) in entries {
            if !manifest.contains_key(digest) {
                self.error(
                    "E050",
                    format!("version {version} refers to digest {digest}, which is not in the manifest"),
                );
            }
            match texts(paths) {
                Some(paths) => drop(files.insert(digest.clone(), paths)),
                None => self.error(
                    "E051",
                    format!("version {version}: the paths of {digest} are not a list of texts"),
                ),
            }
        }
        let paths: Vec<&str> = files.values().flatten().map(String::as_str).collect();
        for path in &paths {
            self.logical_path(version, path);
        }
        judge_conflicts(paths.into_iter(), "E095", self.place, self.report);
        files
    }

    fn logical_path(&mut self, version: &str, path: &str) {
        let (edges, parts) = path_faults(path);
        if edges {
            self.error("E053", format!("version {version}: {path:?} begins or ends with a slash"));
        }
        if parts {
            self.error("E052", format!("version {version}: {path:?} has an empty part, . or .."));
        }
    }

    fn fixity(&mut self, json: &Map<String, Value>) -> Vec<(Algorithm, String, String)> {
        let Some(value) = json.get("fixity") else { return Vec::new() };
        let Value::Object(blocks) = value else {
            self.error("E111", "the fixity block is not an object");
            return Vec::new();
        };
        let mut fixity = Vec::new();
        for (name, block) in blocks {
            let Value::Object(entries) = block else {
                self.error("E057", format!("the fixity block of {name} is not an object"));
                continue;
            };
            let algorithm = name.parse::<Algorithm>().ok();
            self.digests(entries.keys(), algorithm, "E097", "E057");
            for (digest, paths) in entries {
                let Some(paths) = texts(paths) else {
                    self.error(
                        "E057",
                        format!("fixity {name}: the paths of {digest} are not a list of texts"),
                    );
                    continue;
                };
                for path in paths {
                    if self.content_path_form(&path) {
                        fixity.extend(algorithm.map(|algorithm| (algorithm, digest.clone(), path)));
                    }
                }
            }
        }
        fixity
    }

    /// Whether a content path has the form of one.
    fn content_path_form(&mut self, path: &str) -> bool {
        let (edges, parts) = path_faults(path);
        if edges {
            self.misnamed("E100", format!("content path {path:?} begins or ends with a slash"));
        }
        if parts {
            self.misnamed("E099", format!("content path {path:?} has an empty part, . or .."));
        }
        !edges && !parts
    }

    /// Since 1.1 a manifest lists nothing that no version holds. A digest written otherwise there is told there; and what a
    /// version holds whose state can't be read nobody knows.
    fn unused(&mut self, inventory: &Inventory) {
        if inventory.spec < Spec::V1_1 || !self.states_known {
            return;
        }
        let states = inventory.versions.values().flat_map(|version| version.state.keys());
        let used: BTreeSet<String> = states.map(|digest| digest.to_ascii_lowercase()).collect();
        if inventory.manifest.keys().any(|digest| !used.contains(&digest.to_ascii_lowercase())) {
            self.error("E107", "the manifest lists a digest that no version uses");
        }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}
