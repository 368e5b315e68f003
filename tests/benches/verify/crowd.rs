//! The people of LFW's development split, each photo with its template.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use verify::{Engine, RuleSet, Template};

/// Everybody's photos.
pub(crate) struct Crowd {
    /// By name and number of the photo.
    pub(crate) photos: BTreeMap<(String, u32), Template>,
    /// Photos without exactly one face.
    pub(crate) refused: Vec<String>,
}

impl Crowd {
    /// Reads a folder with a folder for each person.
    pub(crate) fn read(folder: &Path, engine: &Engine) -> Result<Self> {
        let policy = RuleSet::demo_relaxed()?.faces;
        let mut files = Vec::new();
        for person in fs::read_dir(folder)? {
            let person = person?;
            if !person.file_type()?.is_dir() {
                continue;
            }
            let name = person.file_name().to_string_lossy().into_owned();
            for photo in fs::read_dir(person.path())? {
                let path = photo?.path();
                let number = path
                    .file_stem()
                    .and_then(|stem| stem.to_str()?.rsplit_once('_'))
                    .and_then(|(_, number)| number.parse().ok());
                if let Some(number) = number {
                    files.push(((name.clone(), number), fs::read(path)?));
                }
            }
        }
        files.sort();
        let templates = engine.batch(files.iter().collect(), |engine, (key, bytes)| {
            (key.clone(), engine.template_patiently(bytes.clone(), &policy))
        });
        let (mut photos, mut refused) = (BTreeMap::new(), Vec::new());
        for (key, template) in templates {
            match template {
                Ok(template) => drop(photos.insert(key, template)),
                Err(error) => refused.push(format!("{} {}: {error}", key.0, key.1)),
            }
        }
        println!("{} photos, {} refused", files.len(), refused.len());
        Ok(Self { photos, refused })
    }
}
