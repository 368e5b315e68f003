//! The search index: follows the catalog's queue, and is swapped whole when it is rebuilt.
//!
//! `DATA/index` holds generations, one folder each, and the file `current`, which names the one in use. A generation is
//! complete before it is named; what is not named is removed at the next start. The index may be deleted at any time.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use api::ids::PersonId;
use archive::db::Connection;
use archive::db::catalog::{diploma, membership, person, photo, scan, to_index};
use archive::dossier::{Diploma, Photo, PhotoKind};
use archive::person::{PersonRecord, fold};
use archive::search::{Change, IdNumberHash, Index, PersonDoc};
use fs_err as fs;
use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};

use crate::keys::Secret;
use crate::{Error, Office, Refusal as _, Result, rebuild};

/// The file that names the generation in use.
const CURRENT: &str = "current";
/// People indexed in one commit.
const CHUNK: u32 = 2000;
/// How long the follower sleeps when nobody rings.
const NAP: Duration = Duration::from_secs(5);

/// The index of an opened appliance.
#[derive(Default)]
pub struct Handle {
    open: RwLock<Option<Arc<Index>>>,
    /// Held by whoever changes the index or puts another in its place.
    changing: Mutex<()>,
    rung: Mutex<bool>,
    bell: Condvar,
    closing: AtomicBool,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// The index in use, opened when it is first asked for; made from the catalog if there is none that can be used.
///
/// # Errors
///
/// When it can neither be opened nor made.
pub fn get(office: &Office) -> Result<Arc<Index>> {
    if let Some(index) = opened(office) {
        return Ok(index);
    }
    let _alone = lock(&office.index.changing);
    get_alone(office)
}

fn opened(office: &Office) -> Option<Arc<Index>> {
    office.index.open.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// As [`get`], for whoever holds `changing`.
fn get_alone(office: &Office) -> Result<Arc<Index>> {
    if let Some(index) = opened(office) {
        return Ok(index);
    }
    let named = fs::read_to_string(office.paths.index.join(CURRENT)).ok().map(|name| name.trim().to_owned());
    let found = named.filter(|name| !name.is_empty() && !name.contains(['/', '.']));
    match found.map(|name| Index::open(&office.paths.index.join(name))) {
        Some(Ok(index)) => Ok(put(office, index)),
        Some(Err(error)) => {
            tracing::warn!(error = %error, "The search index can't be used and is made anew: {error}.");
            make(office, &mut |_, _| true)
        }
        None => make(office, &mut |_, _| true),
    }
}

fn put(office: &Office, index: Index) -> Arc<Index> {
    let index = Arc::new(index);
    *office.index.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
    index
}

/// Makes the index anew from the catalog. The old one answers until the new one is whole.
///
/// # Errors
///
/// When it can't be written, or `progress` (people done and in all) says to stop. The old one stays.
pub fn rebuild(office: &Office, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<()> {
    let _alone = lock(&office.index.changing);
    make(office, progress).map(drop)
}

fn make(office: &Office, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<Index>> {
    let name = uuid::Uuid::new_v4().simple().to_string();
    let folder = office.paths.index.join(&name);
    let made = fill(office, &folder, progress).and_then(|index| {
        name_current(office, &name).or_failed("put the new index in its place")?;
        Ok(put(office, index))
    });
    if made.is_err() {
        // What can't be removed now is removed by the next sweep.
        let _left_behind = fs::remove_dir_all(&folder);
    }
    sweep(office, if made.is_ok() { Some(&name) } else { None });
    made
}

fn fill(
    office: &Office,
    folder: &std::path::Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Index> {
    let index = Index::create(folder).or_failed("make a search index")?;
    let (people, position) =
        office.catalog.read(|conn| -> Result<_> { Ok((person::all(conn)?, to_index::last(conn)?)) })?;
    let mut done = 0;
    for chunk in people.chunks(CHUNK as usize) {
        apply(office, &index, chunk, 0)?;
        done += chunk.len() as u64;
        if !progress(done, people.len() as u64) {
            return Err(rebuild::stopped());
        }
    }
    apply(office, &index, &[], position)?;
    Ok(index)
}

/// Names a generation as the one in use, durably and at once.
fn name_current(office: &Office, name: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(&office.paths.index)?;
    writeln!(file, "{name}")?;
    file.as_file().sync_all()?;
    file.persist(office.paths.index.join(CURRENT)).map_err(|error| error.error)?;
    fs::File::open(&office.paths.index)?.sync_all()
}

/// Removes generations that are not in use. Those that another process still reads stay readable to it.
fn sweep(office: &Office, kept: Option<&str>) {
    let Some(kept) = kept else { return };
    for entry in fs::read_dir(&office.paths.index).into_iter().flatten().flatten() {
        let is_old = entry.path().is_dir() && entry.file_name() != *kept;
        if is_old && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(error = %error, "Could not remove an old search index.");
        }
    }
}

/// Brings the index up to the catalog, as far as the queue reaches now.
///
/// A crash between index and queue leaves promises that were kept; keeping them again is harmless.
///
/// # Errors
///
/// When the index or the catalog can't be used; it can be called again.
pub fn catch_up(office: &Office) -> Result<()> {
    let _alone = lock(&office.index.changing);
    let index = get_alone(office)?;
    while let Some((people, last)) = office.catalog.read(|conn| to_index::next(conn, CHUNK))? {
        apply(office, &index, &people, last)?;
        office.catalog.write(|tx| to_index::done(tx, last))?;
    }
    Ok(())
}

/// Indexes people as the catalog knows them. The position never goes back.
fn apply(office: &Office, index: &Index, people: &[PersonId], position: i64) -> Result<()> {
    let changes = office.catalog.read(|conn| -> Result<Vec<Change>> {
        people.iter().map(|&person| change(conn, &office.keys.search, person)).collect()
    })?;
    let reached = index.position().or_failed("read the search index")?;
    let position = u64::try_from(position).unwrap_or_default().max(reached);
    index.apply(changes, position).or_failed("change the search index")
}

fn change(conn: &Connection, key: &Secret, id: PersonId) -> Result<Change> {
    let Some(facts) = person::facts(conn, id)? else { return Ok(Change::Remove(id)) };
    let (photos, diplomas) = (photo::of(conn, id)?, diploma::of(conn, id)?);
    let mut doc = document(id, facts, &photos, &diplomas, key)?;
    doc.campaign = membership::of(conn, id)?.pop();
    for reading in scan::of(conn, id)?.into_iter().filter_map(|found| found.reading) {
        doc.diploma_text.push('\n');
        doc.diploma_text.push_str(&reading.text());
    }
    Ok(Change::Upsert(Box::new(doc)))
}

fn document(
    id: PersonId,
    facts: PersonRecord,
    photos: &[Photo],
    diplomas: &[Diploma],
    key: &Secret,
) -> Result<PersonDoc> {
    let mut doc = PersonDoc::new(id, facts.name);
    doc.former_names = facts.former_names;
    doc.id_number_hash = facts.id_number.as_deref().map(|number| hash(key, number)).transpose()?;
    doc.student_number = facts.student_number;
    doc.candidate_number = facts.candidate_number;
    doc.class = facts.class;
    doc.major = facts.major;
    doc.college = facts.college;
    doc.year = facts.entry_date.map(|date| date.year());
    doc.notes = facts.note.unwrap_or_default();
    doc.photo_state = Some(photo_state(photos).to_owned());
    doc.certificate_numbers = diplomas
        .iter()
        .map(|diploma| diploma.facts.number.clone())
        .filter(|number| !number.is_empty())
        .collect();
    doc.diploma_text = diplomas.iter().map(diploma_text).collect::<Vec<_>>().join(" ");
    Ok(doc)
}

fn diploma_text(diploma: &Diploma) -> String {
    let facts = &diploma.facts;
    let parts = [&facts.outcome, &facts.major, &facts.level, &facts.study_form, &facts.president];
    std::iter::once(facts.name.as_str())
        .chain(parts.into_iter().flatten().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `none`, `admission` or `complete`: with a photo of the enrolment or the graduation.
pub(crate) fn photo_state(photos: &[Photo]) -> &'static str {
    let has = |kinds: &[PhotoKind]| photos.iter().any(|photo| kinds.contains(&photo.kind));
    if has(&[PhotoKind::Enrolment, PhotoKind::Graduation]) {
        "complete"
    } else if has(&[PhotoKind::Admission]) {
        "admission"
    } else {
        "none"
    }
}

/// The keyed hash by which an identity number is found: HMAC-SHA-256 of its one spelling.
///
/// # Errors
///
/// When OpenSSL fails.
pub(crate) fn hash(key: &Secret, number: &str) -> Result<IdNumberHash> {
    let spelling = fold(number).as_str().to_ascii_uppercase();
    let made = || -> std::result::Result<Vec<u8>, openssl::error::ErrorStack> {
        let key = PKey::hmac(key.bytes())?;
        Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(spelling.as_bytes())
    };
    let made = made().or_failed("hash an identity number")?;
    let hash = made.try_into().map_err(|_| Error::failed("hash an identity number", "wrong length"))?;
    Ok(IdNumberHash(hash))
}

/// Says that there is something to index.
pub fn ring(office: &Office) {
    *lock(&office.index.rung) = true;
    office.index.bell.notify_all();
}

/// The thread that keeps the index up with the catalog. Dropping it stops it between two commits.
#[derive(Debug)]
#[must_use = "the index falls behind when this is dropped"]
pub struct Follower {
    office: Arc<Office>,
    thread: Option<JoinHandle<()>>,
}

/// Starts to follow the catalog.
///
/// # Errors
///
/// When the thread can't be started.
pub fn follow(office: &Arc<Office>) -> Result<Follower> {
    let own = Arc::clone(office);
    let thread = thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || run(&own))
        .or_failed("start the thread that follows the catalog")?;
    Ok(Follower { office: Arc::clone(office), thread: Some(thread) })
}

fn run(office: &Office) {
    while !office.index.closing.load(Ordering::Relaxed) {
        if let Err(error) = catch_up(office) {
            tracing::error!(error = %error, cause = ?error, "The search index could not catch up.");
        }
        let rung = lock(&office.index.rung);
        let (mut rung, _) = office
            .index
            .bell
            .wait_timeout_while(rung, NAP, |rung| !*rung && !office.index.closing.load(Ordering::Relaxed))
            .unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.office.index.closing.store(true, Ordering::Relaxed);
        ring(&self.office);
        if let Some(thread) = self.thread.take() {
            // A panic there was printed there; the next start begins anew.
            let _ended = thread.join();
        }
    }
}

/// Where the generations lie, for whoever must name every copy of somebody's data.
#[must_use]
pub fn folder(office: &Office) -> PathBuf {
    office.paths.index.clone()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
