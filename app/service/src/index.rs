//! The search index: follows the catalog's queue, and is swapped whole when it is made anew.
//!
//! `DATA/index` holds generations, one folder each, and two files. `current` names the one that answers. `next` names one
//! that is being filled beside it: when the one that answers was made by an older version, or when somebody asks. What
//! neither names is removed at the next start. The index may be deleted at any time.
//!
//! - **Whatever answers is whole.** A generation is named as `current` when everybody is in it, and by one rename.
//! - **Both take every change**, the one that answers first; the queue forgets a change when both have it. So somebody who
//!   is removed is in neither, and a crash leaves promises that are kept again, which is harmless.
//! - A generation's position is the number in the queue up to which it is true; it never goes back. The next one takes over
//!   the position of the one whose place it takes.
//! - An index that can't be read is made anew before anything is found; whoever asks meanwhile is told so.

mod generation;
mod renew;
#[cfg(test)]
mod tests;
mod view;
mod work;

use std::{
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
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
use renew::Next;
use work::{Progress, Work};

pub(crate) use generation::is_older;
pub use renew::ask;
pub(crate) use renew::run;
pub(crate) use view::View;

/// People indexed in one commit; few in tests, so that there are several commits.
const CHUNK: u32 = if cfg!(test) { 3 } else { 2000 };
/// How long the follower sleeps when nobody rings.
const NAP: Duration = Duration::from_secs(5);
/// How long a question waits for an index that is being made before it is refused.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 2000 });

/// The index of an opened appliance.
#[derive(Default)]
pub struct Handle {
    open: RwLock<Option<Arc<Index>>>,
    /// Held by whoever changes the index or puts another in its place. What is being filled beside it.
    changing: Mutex<Option<Next>>,
    /// The making of an index without which nothing can be found.
    making: Work,
    /// The filling of the next one.
    renewing: Work,
    /// How often the queue has forgotten changes: see [`View`].
    forgotten: AtomicU64,
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
/// `index-being-made` when that takes long; when it can neither be opened nor made.
pub fn get(office: &Office) -> Result<Arc<Index>> {
    if let Some(index) = opened(office) {
        return Ok(index);
    }
    if let Some(progress) = office.index.making.wait(PATIENCE) {
        return Err(renew::not_there_yet(progress));
    }
    get_alone(office, &mut lock(&office.index.changing))
}

/// How far the next index is (people done and in all), if the one that answers was made by an older version.
#[must_use]
pub fn renewal(office: &Office) -> Option<Progress> {
    let older = opened(office).is_some_and(|index| index.is_older());
    older.then(|| office.index.renewing.at().unwrap_or_default())
}

fn opened(office: &Office) -> Option<Arc<Index>> {
    office.index.open.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// As [`get`], for whoever holds `changing`.
fn get_alone(office: &Office, next: &mut Option<Next>) -> Result<Arc<Index>> {
    if let Some(index) = opened(office) {
        return Ok(index);
    }
    let under_way = office.index.making.begin();
    let mut told = |done, total| {
        under_way.reached(done, total);
        true
    };
    let found = generation::named(office, generation::CURRENT);
    match found.map(|name| Index::open(&generation::folder(office, &name))) {
        Some(Ok(index)) => Ok(put(office, index)),
        Some(Err(error)) => {
            tracing::warn!(error = %error, "The search index can't be used and is made anew: {error}.");
            make(office, next, &mut told)
        }
        None => make(office, next, &mut told),
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
    make(office, &mut lock(&office.index.changing), progress).map(drop)
}

/// Makes a generation at one go and puts it in use. One that was being filled beside is not needed any more.
fn make(
    office: &Office,
    next: &mut Option<Next>,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Arc<Index>> {
    let name = uuid::Uuid::new_v4().simple().to_string();
    let folder = generation::folder(office, &name);
    let made = fill(office, &folder, progress).and_then(|index| {
        generation::name(office, generation::CURRENT, &name).or_failed("put the new index in its place")?;
        Ok(put(office, index))
    });
    if made.is_ok() {
        *next = None;
        renew::give_up(office);
    } else {
        // What can't be removed now is removed by the next sweep.
        let _left_behind = fs::remove_dir_all(&folder);
    }
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
    index.unite().or_failed("finish a search index")?;
    Ok(index)
}

/// Brings the index up to the catalog, as far as the queue reaches now.
///
/// A crash between index and queue leaves promises that were kept; keeping them again is harmless.
///
/// # Errors
///
/// When the index or the catalog can't be used; it can be called again.
pub fn catch_up(office: &Office) -> Result<()> {
    let mut next = lock(&office.index.changing);
    let index = get_alone(office, &mut next)?;
    renew::look_for(office, &mut next);
    while let Some((people, last)) = office.catalog.read(|conn| to_index::next(conn, CHUNK))? {
        apply(office, &index, &people, last)?;
        renew::follow(office, &mut next, &people, u64::try_from(last).unwrap_or_default());
        office.index.forgotten.fetch_add(1, Ordering::SeqCst);
        office.catalog.write(|tx| to_index::done(tx, last))?;
    }
    Ok(())
}

/// Indexes people as the catalog knows them. The position never goes back.
fn apply(office: &Office, index: &Index, people: &[PersonId], position: i64) -> Result<()> {
    let changes = changes(office, people)?;
    let reached = index.position().or_failed("read the search index")?;
    let position = u64::try_from(position).unwrap_or_default().max(reached);
    index.apply(changes, position).or_failed("change the search index")
}

/// What the catalog says of people now: what they are, or that they are gone.
fn changes(office: &Office, people: &[PersonId]) -> Result<Vec<Change>> {
    office
        .catalog
        .read(|conn| people.iter().map(|&person| change(conn, &office.keys.search, person)).collect())
}

/// Notes that an index is true up to a position.
fn true_up_to(index: &Index, position: u64) -> Result<()> {
    let reached = index.position().or_failed("read the search index")?;
    index.apply([], position.max(reached)).or_failed("change the search index")
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
    doc.photo = shown_photo(photos).map(|photo| photo.id);
    doc.photo_state = Some(photo_state(photos.iter().map(|photo| photo.kind)).to_owned());
    doc.deliveries = photos.iter().filter_map(|photo| photo.delivery).collect();
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

/// The latest of the photos people know somebody by.
fn shown_photo(photos: &[Photo]) -> Option<&Photo> {
    let current =
        |kind| photos.iter().rev().find(move |photo| photo.kind == kind && photo.superseded_by.is_none());
    [PhotoKind::Graduation, PhotoKind::Enrolment, PhotoKind::Admission].into_iter().find_map(current)
}

/// `none`, `admission` or `complete`: with a photo of the enrolment or the graduation.
pub(crate) fn photo_state(kinds: impl Iterator<Item = PhotoKind>) -> &'static str {
    let mut state = "none";
    for kind in kinds {
        match kind {
            PhotoKind::Enrolment | PhotoKind::Graduation => return "complete",
            PhotoKind::Admission => state = "admission",
            PhotoKind::Original | PhotoKind::IdCard => {}
        }
    }
    state
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
        .spawn(move || keep_up(&own))
        .or_failed("start the thread that follows the catalog")?;
    Ok(Follower { office: Arc::clone(office), thread: Some(thread) })
}

fn keep_up(office: &Office) {
    if let Err(error) = renew::begin_if_older(office) {
        tracing::error!(error = %error, cause = ?error, "The search index could not be looked at.");
    }
    while !office.index.closing.load(Ordering::Relaxed) {
        if let Err(error) = catch_up(office) {
            tracing::error!(error = %error, cause = ?error, "The search index could not catch up.");
        }
        if let Some(Err(error)) = opened(office).map(|index| index.warm()) {
            tracing::error!(error = %error, cause = ?error, "The search index could not be read beforehand.");
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
