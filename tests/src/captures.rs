//! What a vendor's camera took, by capture token.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use jiff::{ToSpan as _, Zoned, civil::Date};

/// Photos by token, and the day each was taken.
#[derive(Debug, Clone, Default)]
pub struct Captures {
    photos: BTreeMap<String, (Vec<u8>, Date)>,
    originals: BTreeMap<String, Vec<u8>>,
}

impl Captures {
    /// Photos taken five days ago, by token.
    #[must_use]
    pub fn new(photos: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let day = Zoned::now().date() - 5.days();
        let photos = photos.into_iter().map(|(token, bytes)| (token, (bytes, day)));
        Self { photos: photos.collect(), originals: BTreeMap::new() }
    }

    /// Keeps of every photo the original too, with so many more bytes behind its picture.
    #[must_use]
    pub fn with_originals(mut self, more: u32) -> Self {
        let noise: Vec<u8> =
            (0..more).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).map(|[first, ..]| first).collect();
        let original = |bytes: &[u8]| [bytes, noise.as_slice()].concat();
        self.originals =
            self.photos.iter().map(|(token, (bytes, _))| (token.clone(), original(bytes))).collect();
        self
    }

    /// The same captures with four faults, one of each group: one photo is not there, one is cut off, one was taken
    /// after the last day, and one comes once more under a token nobody issued.
    #[must_use]
    pub fn spoilt(mut self) -> Self {
        let mut tokens = self.photos.keys().cloned().collect::<Vec<_>>().into_iter();
        if let Some(missing) = tokens.next() {
            self.photos.remove(&missing);
            self.originals.remove(&missing);
        }
        if let Some((bytes, _)) = tokens.next().and_then(|token| self.photos.get_mut(&token)) {
            bytes.truncate(bytes.len() / 2);
        }
        if let Some((_, day)) = tokens.next().and_then(|token| self.photos.get_mut(&token)) {
            *day = Zoned::now().date();
        }
        if let Some(token) = tokens.next() {
            let forged: String = token.chars().rev().take(26).collect();
            if let Some(capture) = self.photos.get(&token).cloned() {
                self.photos.insert(format!("XC{forged}"), capture);
            }
        }
        self
    }

    /// Writes them as the agent packs them: `<token>.jpg`, `originals/<token>.jpg` and `captures.csv`.
    ///
    /// # Errors
    ///
    /// When they can't be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let mut list = String::from("token,file,captured_at,device,operator\n");
        for (token, (bytes, day)) in &self.photos {
            fs::write(folder.join(format!("{token}.jpg")), bytes)?;
            list.push_str(&format!("{token},{token}.jpg,{day}T10:00:00+08:00,station-1,operator-7\n"));
        }
        fs::write(folder.join("captures.csv"), list)?;
        if !self.originals.is_empty() {
            fs::create_dir_all(folder.join("originals"))?;
        }
        for (token, bytes) in &self.originals {
            fs::write(folder.join("originals").join(format!("{token}.jpg")), bytes)?;
        }
        Ok(())
    }
}
