//! The people of LFW's development split, each photo with its template.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use models::Installed;
use serde::Deserialize;
use verify::{Engine, ModelId, RuleSet, Template};

use crate::peer;

/// Everybody's photos.
pub(crate) struct Crowd {
    /// By name and number of the photo.
    pub(crate) photos: BTreeMap<(String, u32), Template>,
    /// Photos without exactly one face.
    pub(crate) refused: Vec<String>,
    /// Every photo's file, by the same.
    files: BTreeMap<(String, u32), PathBuf>,
}

#[derive(Deserialize)]
struct OpenCv {
    version: String,
    /// Of each file; none where no face was found.
    numbers: Vec<Option<Vec<f32>>>,
}

impl Crowd {
    /// Reads a folder with a folder for each person.
    pub(crate) fn read(folder: &Path, engine: &Engine) -> Result<Self> {
        let policy = RuleSet::demo_relaxed()?.faces;
        let mut files = BTreeMap::new();
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
                    files.insert((name.clone(), number), path);
                }
            }
        }
        let templates = engine.batch(files.iter().collect(), |engine, (key, path)| {
            fs::read(path).map(|bytes| (key.clone(), engine.template_patiently(bytes, &policy)))
        });
        let (mut photos, mut refused) = (BTreeMap::new(), Vec::new());
        for told in templates {
            let (key, template) = told?;
            match template {
                Ok(template) => drop(photos.insert(key, template)),
                Err(error) => refused.push(format!("{} {}: {error}", key.0, key.1)),
            }
        }
        println!("{} photos, {} refused", files.len(), refused.len());
        Ok(Self { photos, refused, files })
    }

    /// The same people as OpenCV finds, aligns and embeds them, with the same weights; and OpenCV's version. None where it is
    /// not installed.
    pub(crate) fn by_opencv(&self, installed: &Installed, model: &ModelId) -> Result<Option<(Self, String)>> {
        let mut list = tempfile::NamedTempFile::new()?;
        for path in self.files.values() {
            writeln!(list, "{}", path.display())?;
        }
        let embedder = installed.embedder_reference().unwrap_or(&installed.embedder().path);
        let words = [&installed.detector().path, embedder, list.path()];
        let Some(told) = peer::ask::<OpenCv>(include_str!("opencv_pairs.py"), &words)? else {
            return Ok(None);
        };
        let (mut photos, mut refused) = (BTreeMap::new(), Vec::new());
        for (key, numbers) in self.files.keys().zip(told.numbers) {
            match numbers {
                Some(numbers) => {
                    photos.insert(key.clone(), Template::normalised(model.clone(), &numbers)?);
                }
                None => refused.push(format!("{} {}", key.0, key.1)),
            }
        }
        Ok(Some((Self { photos, refused, files: self.files.clone() }, told.version)))
    }
}
