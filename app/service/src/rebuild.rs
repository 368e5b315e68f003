//! Catalog and index made anew from the archive's files, while both go on serving.

use std::collections::BTreeMap;

use api::{ProblemCode, Right, ids::JobId};
use archive::dossier::{RebuildError, Rebuilt};
use jiff::Timestamp;

use crate::job::Ctx;
use crate::{Actor, Error, Office, Result, audit, dossier, event, index};

/// The event that tells of a rebuild, and what it is about.
const REBUILT: &str = "archive.rebuilt";
const ARCHIVE: &str = "archive";

/// Rebuilds catalog and index now, without a job: for a command at the console.
///
/// `progress` gets the step (`reading`, `indexing`), units done and in all, and returns whether to go on.
///
/// # Errors
///
/// Without the right `maintain_archive`; when it can't be done. What was in use stays in use.
pub fn now(
    office: &Office,
    actor: &Actor,
    progress: &mut dyn FnMut(&str, u64, u64) -> bool,
) -> Result<Rebuilt> {
    anew(office, actor, &Timestamp::now().to_string(), progress)
}

/// `reference` tells rebuilds apart.
fn anew(
    office: &Office,
    actor: &Actor,
    reference: &str,
    progress: &mut dyn FnMut(&str, u64, u64) -> bool,
) -> Result<Rebuilt> {
    actor.may(Right::MaintainArchive)?;
    let rebuilt = dossier::holdings(office)
        .rebuild(&mut |done, total| progress("reading", done, total))
        .map_err(refusal)?;
    // Events of versions that were told of before are found queued already; missing ones are added.
    dossier::announce(office)?;
    index::rebuild(office, &mut |done, total| progress("indexing", done, total))?;
    let detail = figures(&rebuilt);
    office.office.write(|tx| -> Result<()> {
        event::queue(tx, actor, REBUILT, ARCHIVE, reference, &detail)?;
        audit::record_in(tx, actor, "archive.rebuild", None, true)
    })?;
    Ok(rebuilt)
}

/// Body of the job.
pub(crate) fn run(ctx: &Ctx<'_>) -> Result<()> {
    if ctx.done_before(REBUILT, ARCHIVE)? {
        return Ok(());
    }
    let mut actor = ctx.actor()?;
    // The right was checked when the job was asked for; the person may have left since.
    actor.rights.insert(Right::MaintainArchive);
    let rebuilt = anew(ctx.office(), &actor, &ctx.id().to_string(), &mut |step, done, total| {
        ctx.progress(step, done, total);
        !ctx.cancelled()
    })?;
    figures(&rebuilt).iter().for_each(|(name, value)| ctx.result(name, *value));
    Ok(())
}

/// What a rebuild found, by name.
fn figures(rebuilt: &Rebuilt) -> BTreeMap<&'static str, u64> {
    BTreeMap::from([
        ("objects", rebuilt.objects),
        ("dossiers", rebuilt.dossiers),
        ("unreadable", rebuilt.unreadable.len() as u64),
    ])
}

fn refusal(error: RebuildError) -> Error {
    match error {
        RebuildError::Stopped => stopped(),
        error => Error::failed("rebuild the catalog", error),
    }
}

/// Somebody asked to stop; nothing is half done.
pub(crate) fn stopped() -> Error {
    let params = [("kind", JobId::KIND.to_owned()), ("id", String::new()), ("state", "stopping".to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}
