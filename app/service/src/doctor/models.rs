//! Which models run: name, version, licence and origin of each, and whether its bytes are those of the manifest.

use std::path::Path;

use models::{Installed, Manifest, ManifestError, OpenError, Readers, Sha256Digest, manifest};

use super::{Finding, Level};
use crate::Office;

const FETCH: &str = "Run `xuecang models fetch`. Until then no faces are compared; everything else works.";

/// Whether faces can be compared, and then each file that runs.
pub(super) fn examine(office: &Office) -> Vec<Finding> {
    let dir = &office.config.models;
    let opened = Installed::open(dir);
    let spared = opened.as_ref().is_ok_and(|installed| installed.features().is_none());
    let faces = opened.map(drop);
    let mut findings = vec![match &faces {
        Ok(()) => Finding::new("model-ok", Level::Ok, "The models are there and are the right ones."),
        Err(error) => Finding::new("model-unavailable", Level::Attention, format!("{error}.")).mend(FETCH),
    }];
    if spared {
        let text = "The models that measure pose, eyes and mouth are not installed: these findings say “not measurable”.";
        findings.push(
            Finding::new("model-features-missing", Level::Attention, text)
                .mend("Run `xuecang models fetch`; it needs npm. Faces are compared all the same."),
        );
    }
    let each = manifest().and_then(|mut manifest| {
        manifest.models.retain(|model| !(spared && model.role.is_spared()));
        each(dir, &manifest, faces.as_ref().err())
    });
    match each {
        Ok(each) => findings.extend(each),
        Err(error) => findings.push(super::unknown("model-unknown", &error)),
    }
    findings
}

/// What is said of one file.
struct About<'a> {
    name: &'a str,
    package: &'a str,
    version: &'a str,
    licence: &'a str,
    provenance: &'a str,
    sha256: Sha256Digest,
}

fn each(dir: &Path, manifest: &Manifest, faces: Option<&OpenError>) -> Result<Vec<Finding>, ManifestError> {
    let texts = Readers::open(dir).err();
    let version = |package: &str| {
        let listed = manifest.packages.iter().find(|listed| listed.name == package);
        listed.map_or("", |listed| listed.version.as_str())
    };
    let runtime = &manifest.runtime;
    let runtime = About {
        name: &runtime.name,
        package: &runtime.package,
        version: version(&runtime.package),
        licence: &runtime.licence,
        provenance: &runtime.provenance,
        sha256: runtime.library()?.sha256,
    };
    let models = manifest.models.iter().map(|model| {
        let about = About {
            name: &model.name,
            package: &model.package,
            version: version(&model.package),
            licence: &model.licence,
            provenance: &model.provenance,
            sha256: model.prepared_sha256,
        };
        (about, if model.role.looks_at_faces() || model.role.is_spared() { faces } else { texts.as_ref() })
    });
    Ok([(runtime, faces)].into_iter().chain(models).map(|(about, error)| about.finding(error)).collect())
}

impl About<'_> {
    /// What opening it and those it runs with came to. The first that fails ends the opening: of the others nothing is
    /// known then, and that is said.
    fn finding(&self, error: Option<&OpenError>) -> Finding {
        let Self { name, package, version, licence, provenance, sha256 } = self;
        let origin = provenance.trim();
        let mine = |other: &str| other == *name || other.strip_suffix(" (folded)") == Some(name);
        let (code, level, told) = match error {
            None if origin.is_empty() => {
                ("model-whole-no-origin", Level::Ok, "its bytes are those of the manifest")
            }
            None => ("model-whole", Level::Ok, "its bytes are those of the manifest"),
            Some(OpenError::Corrupt { name, .. }) if mine(name) => {
                ("model-damaged", Level::Attention, "its bytes are not those of the manifest")
            }
            Some(OpenError::Missing { name, .. }) if mine(name) => {
                ("model-missing", Level::Attention, "it is missing")
            }
            Some(OpenError::Read { name, .. }) if mine(name) => {
                ("model-unreadable", Level::Attention, "it can't be read")
            }
            Some(_) => {
                ("model-not-examined", Level::Attention, "it was not examined, for another one can't be used")
            }
        };
        let origin = if origin.is_empty() { "its origin is not stated" } else { origin };
        let text = format!(
            "{name}, from {package} {version}; licence {licence}; {origin}; SHA-256 {}: {told}.",
            sha256.short()
        );
        let finding = Finding::new(code, level, text);
        let finding = if level > Level::Ok { finding.mend(FETCH) } else { finding };
        finding
            .param("name", name)
            .param("package", package)
            .param("version", version)
            .param("licence", licence)
            .param("provenance", provenance)
            .param("sha256", sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file of the models' folder, each a copy of its own.
    fn copied(from: &Path, to: &Path) {
        fs_err::create_dir_all(to).unwrap();
        for entry in fs_err::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            // What was fetched is not what runs.
            if entry.file_name() == "shipped" {
                continue;
            }
            if entry.path().is_dir() {
                copied(&entry.path(), &target);
            } else {
                fs_err::copy(entry.path(), target).unwrap();
            }
        }
    }

    fn told(dir: &Path) -> Vec<(String, &'static str)> {
        let (manifest, faces) = (manifest().unwrap(), Installed::open(dir).err());
        let found = each(dir, &manifest, faces.as_ref()).unwrap();
        found.into_iter().map(|finding| (finding.params["name"].clone(), finding.code)).collect()
    }

    #[test]
    fn each_model_is_named_with_its_origin_and_what_its_bytes_are() {
        let Some(models) = std::env::var_os("XUECANG_MODELS") else {
            println!("skipped: there are no models; set XUECANG_MODELS");
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        copied(Path::new(&models), dir.path());
        let manifest = manifest().unwrap();
        let names: Vec<_> = manifest.models.iter().map(|model| model.name.as_str()).collect();
        let of = |name: &str| told(dir.path()).into_iter().find(|(told, _)| told == name).unwrap().1;
        assert!(names.iter().all(|name| of(name) == "model-whole"), "{:?}", told(dir.path()));

        // One bit of the embedder.
        let file = Installed::open(dir.path()).unwrap().embedder().path.clone();
        let mut bytes = fs_err::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs_err::write(&file, bytes).unwrap();
        let embedder = manifest.model(models::manifest::Role::Embedder).unwrap();
        let reader = manifest.model(models::manifest::Role::TextReader).unwrap();
        assert_eq!((of(&embedder.name), of(&reader.name)), ("model-damaged", "model-whole"));
        fs_err::remove_dir_all(dir.path().join("prepared")).unwrap();
        assert!(told(dir.path()).iter().any(|(_, code)| *code == "model-missing"), "{:?}", told(dir.path()));
    }

    #[test]
    fn an_origin_that_nobody_states_is_said_to_be_so() {
        let about = |provenance| About {
            name: "a model",
            package: "a package",
            version: "1",
            licence: "MIT",
            provenance,
            sha256: Sha256Digest::of(b""),
        };
        let stated = about("a university").finding(None);
        assert!(
            stated.text.contains("a university") && stated.text.contains("licence MIT"),
            "{}",
            stated.text
        );
        let unknown = about("").finding(None);
        assert!(unknown.text.contains("its origin is not stated"), "{}", unknown.text);
        assert_eq!((stated.code, unknown.code), ("model-whole", "model-whole-no-origin"));
    }
}
