//! Catalog and index made anew from the archive's files, while both go on serving.

use api::{ProblemCode, Right, ids::JobId};
use archive::dossier::{RebuildError, Rebuilt};
use jiff::Timestamp;

use crate::job::Ctx;
use crate::{Actor, Error, Office, Result, audit, dossier, event, index};

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
    actor.may(Right::MaintainArchive)?;
    let rebuilt = dossier::holdings(office)
        .rebuild(&mut |done, total| progress("reading", done, total))
        .map_err(refusal)?;
    // Events of versions that were told of before are found queued already; missing ones are added.
    dossier::announce(office)?;
    index::rebuild(office, &mut |done, total| progress("indexing", done, total))?;
    let detail = serde_json::json!({
        "objects": rebuilt.objects, "dossiers": rebuilt.dossiers, "unreadable": rebuilt.unreadable.len(),
    });
    office.office.write(|tx| -> Result<()> {
        event::queue(tx, actor, "archive.rebuilt", "archive", &Timestamp::now().to_string(), &detail)?;
        audit::record_in(tx, actor, "archive.rebuild", None, true)
    })?;
    Ok(rebuilt)
}

/// Body of the job.
pub(crate) fn run(ctx: &Ctx<'_>) -> Result<()> {
    let mut actor = ctx.actor()?;
    // The right was checked when the job was asked for; the person may have left since.
    actor.rights.insert(Right::MaintainArchive);
    let rebuilt = now(ctx.office(), &actor, &mut |step, done, total| {
        ctx.progress(step, done, total);
        !ctx.cancelled()
    })?;
    ctx.result("objects", rebuilt.objects);
    ctx.result("dossiers", rebuilt.dossiers);
    ctx.result("unreadable", rebuilt.unreadable.len() as u64);
    Ok(())
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
