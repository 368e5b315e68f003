//! What must hold of an appliance after a fault or a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use archive::db::Store;
use archive::db::catalog::{
    self, diploma, intent, membership, object, person, photo, scan, to_index, to_note, version,
};
use archive::db::office::{delivery as deliveries, event};
use archive::delivery::{Quarantine, State};
use archive::dossier::{self, Photo, PhotoKind, object_of};
use archive::ocfl::validate;
use archive::search::{Filters, Mode, Query};
use service::{Office, dossier as dossiers, index, ledger};
use sha2::{Digest as _, Sha256};

use crate::Operation;
use crate::appliance::Appliance;
use crate::operation::registrar;
use crate::picture::{Picture, Seen};
use crate::said::{Kept, Said, kept};
use crate::school::Plan;

/// An operation, and what is seen before and after it when nobody disturbs it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is done.
    pub operation: Operation,
    /// What it is about.
    pub plan: Plan,
    /// What is seen before.
    pub before: Picture,
    /// What is seen after.
    pub after: Picture,
}

/// How an appliance came back.
#[derive(Debug, Clone, Copy)]
pub struct Recovered {
    /// How much of the operation was seen then.
    pub seen: Seen,
    /// How long opening it took, with the index and the ledger caught up.
    pub took: Duration,
}

/// What does not hold.
#[derive(Debug)]
pub enum Failure {
    /// Something of which somebody was told that it is kept is lost.
    Lost(Error),
    /// Something is half done, or two things that should agree do not.
    Torn(Error),
    /// It can't be opened again.
    Closed(Error),
    /// The operation can't be done again, or ends otherwise then.
    Again(Error),
    /// Something panicked.
    Panic(String),
    /// Whoever asked was told neither that it is done nor why not.
    Silent,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(error) => write!(f, "lost: {error:#}"),
            Self::Torn(error) => write!(f, "torn: {error:#}"),
            Self::Closed(error) => write!(f, "can't be opened: {error:#}"),
            Self::Again(error) => write!(f, "can't be done again: {error:#}"),
            Self::Panic(text) => write!(f, "panic: {text}"),
            Self::Silent => write!(f, "nobody was told how it ended"),
        }
    }
}

impl Case {
    /// Opens the appliance in a folder, looks at it, and does the operation again.
    ///
    /// # Errors
    ///
    /// The first thing that does not hold.
    pub fn check(&self, folder: &Path, said: &[Said]) -> Result<Recovered, Failure> {
        catch_unwind(AssertUnwindSafe(|| self.look(folder, said))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Failure::Panic(text.unwrap_or_default()))
        })
    }

    fn look(&self, folder: &Path, said: &[Said]) -> Result<Recovered, Failure> {
        let began = Instant::now();
        let appliance = Appliance::open(folder).map_err(Failure::Closed)?;
        let office = &appliance.office;
        // What can be found must be found before anybody has caught up.
        if kept(said).any(|kept| *kept == Kept::Index) {
            is_found(office).context("what could be found").map_err(Failure::Lost)?;
        }
        let caught_up = ledger::integrate(office).and_then(|()| index::catch_up(office));
        caught_up.map_err(|error| Failure::Closed(error.into()))?;
        let took = began.elapsed();
        for kept in kept(said) {
            self.is_kept(office, kept).with_context(|| format!("{kept:?}")).map_err(Failure::Lost)?;
        }
        let now = Picture::of(office, &self.plan).map_err(Failure::Torn)?;
        let seen = now.judge(self.operation, &self.plan, &self.before, &self.after);
        let seen = seen.map_err(Failure::Torn)?;
        is_sound(office, folder, now.is_whole()).map_err(Failure::Torn)?;
        self.do_again(&appliance, folder).map_err(Failure::Again)?;
        Ok(Recovered { seen, took })
    }

    fn do_again(&self, appliance: &Appliance, folder: &Path) -> Result<()> {
        let office = &appliance.office;
        let done = self.operation.run(office, &self.plan, &mut |_| {});
        done.map_err(|trouble| anyhow!("{trouble:?}"))?;
        let now = Picture::of(office, &self.plan)?;
        ensure!(now == self.after, "it ends otherwise: {}", now.difference(&self.after));
        is_sound(office, folder, true)?;
        // Each object was judged for the picture; here also what lies between them.
        let report = validate(office.archive.path());
        ensure!(report.is_valid(), "the storage root: {:?}", report.errors().collect::<Vec<_>>());
        Ok(())
    }

    /// Whether something is there of which somebody was told.
    fn is_kept(&self, office: &Office, kept: &Kept) -> Result<()> {
        match kept {
            Kept::Delivery { delivery, receipt, photos } => {
                let row = office.office.read(|conn| deliveries::get(conn, *delivery))?;
                let row = row.context("the delivery is gone")?;
                let there = row.receipt.map(|receipt| hex::encode(Sha256::digest(receipt)));
                ensure!(row.state == State::Accepted, "the delivery is {}", row.state.word());
                ensure!(there.as_ref() == Some(receipt), "its receipt is another: {there:?}");
                photos.iter().try_for_each(|(person, sha256)| has_photo(office, *person, sha256))
            }
            Kept::Dossier { person, version, photo, note } => {
                let object = office.archive.object(object_of(*person))?.context("its object is gone")?;
                let row = office.catalog.read(|conn| object::head(conn, object_of(*person)))?;
                let found = (object.head().get(), row.unwrap_or_default());
                ensure!(found.0 >= *version && found.1 >= *version, "files and rows are at {found:?}");
                if let Some(note) = note {
                    let facts = office.catalog.read(|conn| person::facts(conn, *person))?;
                    let there = facts.and_then(|facts| facts.note);
                    ensure!(there.as_ref() == Some(note), "its note is {there:?}");
                }
                photo.iter().try_for_each(|sha256| has_photo(office, *person, sha256))
            }
            Kept::Object(id) => {
                let folder = office.archive.path().join(office.archive.folder(id.parse()?));
                let report = validate(&folder);
                ensure!(report.is_valid(), "it is damaged: {:?}", report.errors().collect::<Vec<_>>());
                Ok(())
            }
            Kept::Leaves(count) => {
                let size = ledger::head(office, &registrar())?.size;
                ensure!(size >= *count, "the ledger holds {size}");
                Ok(())
            }
            Kept::Catalog(count) => {
                let objects = office.catalog.read(object::totals)?.objects;
                ensure!(objects >= *count, "the catalog holds {objects}");
                Ok(())
            }
            Kept::Index => Ok(()),
        }
    }
}

/// Whether a person has a photo in rows and files, byte for byte.
fn has_photo(office: &Office, person: api::ids::PersonId, sha256: &str) -> Result<()> {
    let photos = office.catalog.read(|conn| photo::of(conn, person))?;
    let found = photos.into_iter().find(|photo| photo.sha256 == sha256);
    let found = found.with_context(|| format!("{person} has no photo {sha256}"))?;
    // What is read is compared with its digest on the way.
    dossiers::photo_bytes(office, person, &found)?;
    Ok(())
}

/// Whether all that lies in an appliance agrees.
fn is_sound(office: &Office, folder: &Path, whole: bool) -> Result<()> {
    let staging = office.archive.path().join("extensions/xuecang-batch");
    ensure!(!staging.exists(), "a batch was left half done");
    let (open, waiting, behind) = office.catalog.read(|conn| -> Result<_> {
        Ok((intent::all(conn)?.len(), to_note::next(conn, 1)?.len(), to_index::count(conn)?))
    })?;
    ensure!(open == 0, "{open} objects are noted as being kept");
    ensure!(waiting == 0, "the ledger was not told of a version");
    ensure!(behind == 0, "{behind} people wait for the index");
    // While an object is damaged, the catalog knows more than could be read from the files.
    if whole {
        follows(office, folder)?;
    }
    is_found(office)?;
    let waiting = office.office.read(event::count_waiting)?;
    ensure!(waiting == 0, "{waiting} events wait for the ledger");
    let verified = ledger::verify(office, &registrar(), |_, _| Ok(()))?;
    ensure!(verified.findings.is_empty(), "the ledger: {:?}", verified.findings);
    for id in Quarantine::open(&office.paths.incoming)?.deliveries()? {
        let row = office.office.read(|conn| deliveries::get(conn, id))?;
        ensure!(
            row.is_some_and(|row| row.state != State::Accepted),
            "{id} was accepted and lies in quarantine"
        );
    }
    Ok(())
}

/// Whether the catalog is what one made anew from the files is.
fn follows(office: &Office, folder: &Path) -> Result<()> {
    let anew = folder.join("anew.db");
    dossier::rebuild(&office.archive, &anew, &mut |_, _| true)?;
    let anew = Store::open(anew, &catalog::MIGRATIONS)?;
    let (now, should) = (rows(&office.catalog)?, rows(&anew)?);
    let about: BTreeSet<_> = now.keys().chain(should.keys()).collect();
    let differs = about.into_iter().find(|about| now.get(*about) != should.get(*about));
    if let Some(about) = differs {
        let (now, should) = (now.get(about), should.get(about));
        return Err(anyhow!("the catalog says of {about} {now:?}, the files {should:?}"));
    }
    Ok(())
}

/// Every row of a catalog, by what it is about.
fn rows(store: &Store) -> Result<BTreeMap<String, String>> {
    store.read(|conn| -> Result<_> {
        let mut rows = BTreeMap::new();
        for object in object::all(conn)? {
            let versions: Vec<_> = version::of(conn, object.id)?
                .into_iter()
                .map(|row| (row.number, row.created, row.by, row.by_address, row.message))
                .collect();
            rows.insert(object.id.to_string(), format!("{object:?} {versions:?}"));
        }
        for id in person::all(conn)? {
            let facts = serde_json::to_string(&person::facts(conn, id)?)?;
            let photos = serde_json::to_string(&photo::of(conn, id)?)?;
            let diplomas = serde_json::to_string(&diploma::of(conn, id)?)?;
            let (campaigns, scans) = (membership::of(conn, id)?, scan::of(conn, id)?.len());
            rows.insert(id.to_string(), format!("{facts} {photos} {diplomas} {campaigns:?} {scans}"));
        }
        Ok(rows)
    })
}

/// Whether the index finds everybody by what the catalog says of them, and nobody else.
fn is_found(office: &Office) -> Result<()> {
    let index = index::get(office)?;
    let people = office.catalog.read(|conn| -> Result<_> {
        let all = person::all(conn)?.into_iter();
        all.map(|id| Ok((id, person::facts(conn, id)?, photo::of(conn, id)?))).collect::<Result<Vec<_>>>()
    })?;
    ensure!(index.len() == people.len() as u64, "the index knows {} of {}", index.len(), people.len());
    for (id, facts, photos) in people {
        let facts = facts.with_context(|| format!("{id} has no facts"))?;
        let words = [Some(facts.name), facts.student_number, facts.class, facts.note];
        let text = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let filters = Filters { photo_states: vec![photo_state(&photos).to_owned()], ..Filters::default() };
        let query = Query { mode: Mode::Exact, filters, limit: 100, ..Query::new(text) };
        let found = index.search(&query)?.exact;
        ensure!(found.iter().any(|hit| hit.doc.person == id), "{id} is not found as the catalog has them");
    }
    Ok(())
}

/// How far somebody's photo has come, as the index has it.
fn photo_state(photos: &[Photo]) -> &'static str {
    let has = |kind| photos.iter().any(|photo| photo.kind == kind);
    match (has(PhotoKind::Admission), has(PhotoKind::Enrolment) || has(PhotoKind::Graduation)) {
        (_, true) => "complete",
        (true, false) => "admission",
        (false, false) => "none",
    }
}
