//! What a long job has seen of faces so far, so that no photo is looked at twice after a crash.
//!
//! One file for each job that works on faces, `DATA/journals/CAMPAIGN.JOB`, with an entry for each photo that is done:
//!
//! ```text
//! u32 little-endian  bytes that follow the next one
//! u8                 1 with a template, 0 without
//! …                  what was seen, sealed under the campaign's key
//! ```
//!
//! - A tail that was torn off is cut off. Entries of another job, another model or other rules don't open: their photos are
//!   looked at again.
//! - Nothing is synced: what a power cut takes is looked at again.
//! - The file goes when its job has ended, however that was, and with the campaign's key.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use api::ids::{CampaignId, JobId};
use archive::db::office::opening;
use fs_err as fs;
use fs_err::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use verify::Template;
use zeroize::{Zeroize as _, Zeroizing};

use super::key;
use crate::keys::Secret;
use crate::{Office, Refusal as _, Result, seal};

/// An entry's length and whether it holds a template.
const HEAD: usize = 5;

/// No entry is longer than this, bytes.
const LONGEST: usize = 1 << 20;

/// A job's journal. Whoever has no key keeps none, and looks at everything again.
pub(crate) struct Journal(Option<Open>);

/// A journal's file.
struct Open {
    key: Secret,
    context: String,
    file: Mutex<fs::File>,
    /// Where the entry of each photo lies that opens, and how long it is.
    places: HashMap<String, (u64, usize)>,
}

/// What was seen of one photo.
#[derive(Serialize, Deserialize)]
struct Entry<T> {
    of: String,
    what: T,
    /// The bytes of a template, hex.
    template: Option<String>,
}

/// What an entry is of, and no more of it.
#[derive(Deserialize)]
struct Name {
    of: String,
}

impl Journal {
    /// Opens the journal of a job, or begins it. `under` says by what the photos are looked at: model, rules.
    ///
    /// # Errors
    ///
    /// When it can't be read or written.
    pub(crate) fn open(office: &Office, campaign: CampaignId, job: JobId, under: &str) -> Result<Self> {
        let Some(key) = key::of(office, campaign)? else { return Ok(Self(None)) };
        let path =
            office.paths.journals.join(format!("{}.{}", campaign.uuid().simple(), job.uuid().simple()));
        let mut file = fs::OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .or_failed("open a journal")?;
        // Whoever ends the comparing bars it first and then removes the journals: one of the two sees the other.
        let opening = office.office.read(|conn| opening::get(conn, campaign))?;
        if opening.is_none_or(|opening| opening.end.is_some()) {
            remove(&path)?;
            return Ok(Self(None));
        }
        let context = format!("journal of {job} under {under}");
        let places = read(&mut file, &key, &context)?;
        if !places.is_empty() {
            tracing::info!(job.id = %job, photos = places.len(), "{job} goes on after {} photos.", places.len());
        }
        Ok(Self(Some(Open { key, context, file: Mutex::new(file), places })))
    }

    /// What was seen of a photo before, or what `look` sees now. `of` tells it from every other.
    ///
    /// # Errors
    ///
    /// Those of `look`; when the journal can't be written.
    pub(crate) fn look<T: Serialize + DeserializeOwned>(
        &self,
        of: &str,
        look: impl FnOnce() -> Result<(T, Option<Template>)>,
    ) -> Result<(T, Option<Template>)> {
        let Some(open) = &self.0 else { return look() };
        if let Some(seen) = open.seen(of) {
            return Ok(seen);
        }
        let (what, template) = look()?;
        open.note(of, &what, template.as_ref())?;
        Ok((what, template))
    }
}

impl Open {
    fn seen<T: DeserializeOwned>(&self, of: &str) -> Option<(T, Option<Template>)> {
        let (at, len) = *self.places.get(of)?;
        let mut sealed = vec![0; len];
        self.file.lock().unwrap_or_else(PoisonError::into_inner).read_exact_at(&mut sealed, at).ok()?;
        let plain = seal::open(&self.key, self.context.as_bytes(), &sealed)?;
        let entry: Entry<T> = serde_json::from_slice(&plain).ok()?;
        let template = entry.template.map(Zeroizing::new).map(|text| {
            let bytes = Zeroizing::new(hex::decode(text.as_bytes()).ok()?);
            Template::from_bytes(&bytes).ok()
        });
        match template {
            None => Some((entry.what, None)),
            Some(template) => Some((entry.what, Some(template?))),
        }
    }

    fn note<T: Serialize>(&self, of: &str, what: &T, template: Option<&Template>) -> Result<()> {
        let text = template.map(|template| hex::encode(Zeroizing::new(template.to_bytes())));
        let mut entry = Entry { of: of.to_owned(), what, template: text };
        let plain = Zeroizing::new(serde_json::to_vec(&entry).or_failed("write a journal")?);
        entry.template.zeroize();
        let sealed = seal::seal(&self.key, self.context.as_bytes(), &plain).or_failed("write a journal")?;
        if sealed.len() > LONGEST {
            // What would not be read back is not written.
            return Ok(());
        }
        let len = u32::try_from(sealed.len()).or_failed("write a journal")?;
        let frame = [&len.to_le_bytes()[..], &[u8::from(template.is_some())], &sealed].concat();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&frame).or_failed("write a journal")
    }
}

/// One entry's frame.
struct Frame<'a> {
    /// Where what is sealed begins.
    at: usize,
    has_template: bool,
    sealed: &'a [u8],
}

/// The whole entries of a journal, in order.
fn frames(bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (len, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (has_template, rest) = rest.split_first()?;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok().filter(|len| *len <= LONGEST)?;
        let sealed = rest.get(..len)?;
        let frame = Frame { at: at + HEAD, has_template: *has_template != 0, sealed };
        at += HEAD + len;
        Some(frame)
    })
}

/// Finds the entries that open, and cuts off a torn tail.
fn read(file: &mut fs::File, key: &Secret, context: &str) -> Result<HashMap<String, (u64, usize)>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).or_failed("read a journal")?;
    let (mut places, mut whole) = (HashMap::new(), 0);
    for Frame { at, sealed, .. } in frames(&bytes) {
        whole = at + sealed.len();
        let plain = seal::open(key, context.as_bytes(), sealed);
        if let Some(name) = plain.and_then(|plain| serde_json::from_slice::<Name>(&plain).ok()) {
            places.insert(name.of, (at as u64, sealed.len()));
        }
    }
    if whole < bytes.len() {
        file.set_len(whole as u64).or_failed("mend a journal")?;
    }
    Ok(places)
}

/// How many templates lie in the journals of a campaign.
///
/// # Errors
///
/// When one can't be read.
pub(super) fn templates(office: &Office, campaign: CampaignId) -> Result<u64> {
    let mut count = 0;
    for path in kept(office)?.filter(|path| is_of(path, campaign)) {
        let bytes = match fs::read(&path) {
            // Its job has ended meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            bytes => bytes.or_failed("read a journal")?,
        };
        count += frames(&bytes).filter(|frame| frame.has_template).count() as u64;
    }
    Ok(count)
}

/// Removes the journals of a campaign.
///
/// # Errors
///
/// When one can't be removed.
pub(super) fn forget(office: &Office, campaign: CampaignId) -> Result<()> {
    kept(office)?.filter(|path| is_of(path, campaign)).try_for_each(|path| remove(&path))
}

/// Removes every journal but those of jobs that will go on.
///
/// # Errors
///
/// When one can't be removed.
pub(crate) fn sweep(office: &Office, goes_on: impl Fn(JobId) -> bool) -> Result<()> {
    kept(office)?.filter(|path| !job_of(path).is_some_and(&goes_on)).try_for_each(|path| remove(&path))
}

/// Removes the journal of a job that has ended, if it had one.
///
/// # Errors
///
/// When it can't be removed.
pub(crate) fn end(office: &Office, job: JobId) -> Result<()> {
    kept(office)?.filter(|path| job_of(path) == Some(job)).try_for_each(|path| remove(&path))
}

fn kept(office: &Office) -> Result<impl Iterator<Item = PathBuf> + use<>> {
    let entries = fs::read_dir(&office.paths.journals).or_failed("read the journals' folder")?;
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .or_failed("read the journals' folder")?;
    Ok(paths.into_iter())
}

fn is_of(path: &Path, campaign: CampaignId) -> bool {
    path.file_stem().and_then(|stem| stem.to_str()) == Some(&campaign.uuid().simple().to_string())
}

fn job_of(path: &Path) -> Option<JobId> {
    let job = path.extension()?.to_str()?.parse().ok()?;
    Some(JobId::from_uuid(job))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(crate::Error::failed("remove a journal", error))
        }
        _ => Ok(()),
    }
}
