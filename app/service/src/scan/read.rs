//! Reading scans, one page at a time, in the background.
//!
//! What was read goes into the dossier's object beside the scan, with the models' digests, so that it outlives catalog
//! and index. A job that is stopped goes on where it was: what has been read is not read again. A scan that could not be
//! read keeps nobody from the others: it is counted, and tried again by the next job.

use std::sync::Arc;

use api::Right;
use api::job::{Job, JobKind};
use archive::db::catalog::scan;
use archive::dossier::{Change, Line, Model, Page, Reading};
use verify::Reader;
use verify::image::PageError;
use verify::reader::{ReadError, ReadLine};

use super::bytes_of;
use crate::dossier::{keep, now};
use crate::job::{self, Ctx};
use crate::{Actor, Office, Refusal as _, Result, event};

/// How many scans are read before they are kept together.
const TOGETHER: u32 = 16;
/// What versions made from a reading say.
const MESSAGE: &str = "Text of a scan read by machine";

/// Asks for every scan to be read that nobody has read yet.
///
/// # Errors
///
/// Without the right `import`; `model-unavailable` when the models that read are not installed.
pub fn read_all(office: &Office, actor: &Actor) -> Result<Job> {
    actor.may(Right::Import)?;
    if !office.can_read() {
        office.reader()?;
    }
    job::enqueue(office, actor, JobKind::ReadScans, None, &())
}

/// As [`read_all`], where scans have just come in: without the models they wait, and are counted as unread.
///
/// # Errors
///
/// When the job can't be recorded.
pub fn begin_reading(office: &Office, actor: &Actor) -> Result<()> {
    let unread = office.catalog.read(|conn| scan::unread(conn, None, 1))?;
    if unread.is_empty() || !office.can_read() {
        return Ok(());
    }
    job::enqueue(office, actor, JobKind::ReadScans, None, &()).map(drop)
}

/// As [`begin_reading`], at a start. Whoever is still bringing scans in will ask for it.
///
/// # Errors
///
/// As [`begin_reading`].
pub fn go_on_reading(office: &Office) -> Result<()> {
    let unfinished = job::unfinished(office)?;
    if unfinished.contains(&JobKind::ImportScans) {
        return Ok(());
    }
    begin_reading(office, &Actor::appliance())
}

/// Body of the job that reads scans.
///
/// # Errors
///
/// `model-unavailable`; when the archive can't be read or written.
pub fn run_read(ctx: &Ctx<'_>) -> Result<()> {
    let subject = ctx.id().to_string();
    if ctx.done_before("scans.read", &subject)? {
        return Ok(());
    }
    let (office, actor) = (ctx.office(), ctx.actor()?);
    // One such job runs at a time: what was read since it was asked for was read by it, in runs that were interrupted.
    let mut read = office.catalog.read(|conn| scan::read_since(conn, ctx.created()))?;
    let (mut unreadable, mut after) = (0, None);
    loop {
        let total = office.catalog.read(scan::totals)?.unread + read;
        let batch = office.catalog.read(|conn| scan::unread(conn, after, TOGETHER))?;
        let Some(last) = batch.last().map(|found| found.scan.id) else { break };
        let reader = office.reader()?;
        let mut changes = Vec::new();
        for found in &batch {
            ctx.go_on()?;
            ctx.progress("recognising", read + changes.len() as u64, total);
            match read_one(office, &reader, found) {
                Ok(reading) => changes.push(Change::of(found.person, MESSAGE).reading(reading)),
                Err(error) => {
                    unreadable += 1;
                    let id = found.scan.id;
                    tracing::error!(scan.id = %id, cause = ?error, "The scan {id} could not be read: {error}.");
                }
            }
        }
        read += changes.len() as u64;
        if !changes.is_empty() {
            keep(office, &actor, changes)?;
        }
        after = Some(last);
    }
    let figures = std::collections::BTreeMap::from([("read", read), ("unreadable", unreadable)]);
    figures.iter().for_each(|(name, value)| ctx.result(name, *value));
    office.office.write(|tx| event::queue(tx, &actor, "scans.read", &subject, &subject, &figures))
}

/// Reads every page of one scan.
fn read_one(office: &Office, reader: &Arc<Reader>, found: &scan::Found) -> Result<Reading> {
    let bytes = Arc::new(bytes_of(office, found)?);
    let pages = (0..found.scan.pages).map(|page| read_page(reader, &bytes, page)).collect::<Result<_>>()?;
    let models = reader.models().iter();
    Ok(Reading {
        format: Reading::FORMAT.to_owned(),
        scan: found.scan.id,
        sha256: found.scan.sha256.clone(),
        at: now(),
        models: models.map(|(name, sha256)| Model { name: name.clone(), sha256: sha256.clone() }).collect(),
        school: office.school.clone(),
        pages,
    })
}

/// Reads one page. One that holds no picture is told as such; a model that fails is a failure.
fn read_page(reader: &Reader, bytes: &Arc<Vec<u8>>, page: u32) -> Result<Page> {
    let unreadable =
        |why: &str| Page { width: 0, height: 0, lines: Vec::new(), unreadable: Some(why.to_owned()) };
    match reader.read_patiently(Arc::clone(bytes), page) {
        Ok(read) => Ok(Page {
            width: read.width,
            height: read.height,
            lines: read.lines.into_iter().map(line).collect(),
            unreadable: None,
        }),
        Err(ReadError::Page(PageError::NoPicture)) => Ok(unreadable("no-page-image")),
        Err(ReadError::Page(_)) => Ok(unreadable("undecodable")),
        Err(error) => Err(error).or_failed("read a page of a scan"),
    }
}

/// Rounded: a tenth of a pixel and a thousandth of sureness is more than anybody needs.
fn line(read: ReadLine) -> Line {
    let tenth = |value: f32| (value * 10.0).round() / 10.0;
    let rect = read.place;
    Line {
        text: read.text,
        confidence: (read.confidence * 1000.0).round() / 1000.0,
        place: [tenth(rect.x), tenth(rect.y), tenth(rect.width), tenth(rect.height)],
    }
}
