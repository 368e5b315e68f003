//! A new index filled beside the one that answers, and put in its place.
//!
//! It is filled in the order of people's ids, a part at a time, and between two parts both take what has changed. How far
//! it is stands in its own commits, so a filling that was cut off goes on where it was. What can't be written is given up:
//! the next attempt begins anew, and the one that answers never suffers.

use api::{Right, ids::JobId, job::Job, job::JobKind};
use archive::db::catalog::person;
use archive::search::Index;

use super::{CHUNK, changes, generation, get_alone, lock, put, true_up_to};
use crate::job::Ctx;
use crate::{Actor, Error, Office, Refusal as _, Result, job, rebuild};

/// A generation that is being filled.
pub(super) struct Next {
    name: String,
    index: Index,
}

/// How a part of the filling ended.
enum Step {
    /// People done and in all.
    Filled(u64, u64),
    /// The new one answers.
    Swapped,
}

/// Asks for the index to be made anew beside the one that answers.
///
/// # Errors
///
/// Without the right `maintain_archive`.
pub fn ask(office: &Office, actor: &Actor) -> Result<Job> {
    actor.may(Right::MaintainArchive)?;
    job::enqueue(office, actor, JobKind::RenewIndex, None, &())
}

/// Body of the job.
pub(crate) fn run(ctx: &Ctx<'_>) -> Result<()> {
    let people = renew(ctx.office(), ctx.id(), &mut |done, total| {
        ctx.progress("indexing", done, total);
        !ctx.cancelled()
    })?;
    ctx.result("people", people);
    Ok(())
}

/// Fills a new index and puts it in place of the one that answers. A generation is called after the job that began it, so
/// that a job that is run again after the swap finds nothing to do.
///
/// # Errors
///
/// When it can't be written, or `progress` (people done and in all) says to stop; then it goes on from there next time.
pub(super) fn renew(office: &Office, job: JobId, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<u64> {
    let name = job.uuid().simple().to_string();
    let under_way = office.index.renewing.begin();
    loop {
        match step(office, &name)? {
            Step::Swapped => return Ok(office.catalog.read(person::count)?),
            Step::Filled(done, total) => {
                under_way.reached(done, total);
                if !progress(done, total) {
                    return Err(rebuild::stopped());
                }
            }
        }
    }
}

/// One part of the filling, or the swap when there is nobody left. Changes wait for it, and it for them.
fn step(office: &Office, name: &str) -> Result<Step> {
    let mut slot = lock(&office.index.changing);
    let current = get_alone(office, &mut slot)?;
    if generation::named(office, generation::CURRENT).as_deref() == Some(name) {
        return Ok(Step::Swapped);
    }
    look_for(office, &mut slot);
    let next = match slot.take() {
        Some(next) => slot.insert(next),
        None => slot.insert(begin(office, name)?),
    };
    let done = match fill(office, next) {
        Ok(Some(step)) => return Ok(step),
        Ok(None) => swap(office, next, &current),
        Err(error) => Err(error),
    };
    match (done, slot.take()) {
        (Ok(()), Some(next)) => {
            put(office, next.index);
            generation::forget_next(office);
            generation::sweep(office);
            Ok(Step::Swapped)
        }
        (done, next) => {
            drop(next);
            give_up(office);
            done.map(|()| Step::Swapped)
        }
    }
}

/// Begins a generation: it is there before it is named.
fn begin(office: &Office, name: &str) -> Result<Next> {
    let folder = generation::folder(office, name);
    // What a crash left there before it was named has nothing in it.
    let _was_there = fs_err::remove_dir_all(&folder);
    let index = Index::create(&folder).or_failed("make a search index")?;
    generation::name(office, generation::NEXT, name).or_failed("name the next search index")?;
    Ok(Next { name: name.to_owned(), index })
}

/// Writes the next people by their ids. Nothing if everybody is there.
fn fill(office: &Office, next: &Next) -> Result<Option<Step>> {
    let filled = next.index.filled().or_failed("read the next search index")?;
    let (people, before, total) = office.catalog.read(|conn| -> Result<_> {
        let people = person::after(conn, filled, CHUNK)?;
        Ok((people, person::count_up_to(conn, filled)?, person::count(conn)?))
    })?;
    let Some(&last) = people.last() else { return Ok(None) };
    next.index.fill(changes(office, &people)?, last).or_failed("fill the next search index")?;
    Ok(Some(Step::Filled(before + people.len() as u64, total)))
}

/// Names the new one as the one that answers. A crash before leaves the old one, a crash after the new one.
fn swap(office: &Office, next: &Next, current: &Index) -> Result<()> {
    let position = current.position().or_failed("read the search index")?;
    true_up_to(&next.index, position)?;
    next.index.unite().or_failed("finish the next search index")?;
    generation::name(office, generation::CURRENT, &next.name).or_failed("put the new index in its place")
}

/// Takes up a generation that an earlier process was filling.
pub(super) fn look_for(office: &Office, slot: &mut Option<Next>) {
    if slot.is_some() {
        return;
    }
    let Some(name) = generation::named(office, generation::NEXT) else { return };
    if generation::named(office, generation::CURRENT).as_ref() == Some(&name) {
        // The swap was done; only this was left to do.
        generation::forget_next(office);
        return;
    }
    match Index::open(&generation::folder(office, &name)) {
        Ok(index) if !index.is_older() => *slot = Some(Next { name, index }),
        found => {
            let error = found.err().map(|error| error.to_string()).unwrap_or_default();
            tracing::warn!(error, "The next search index can't be used and is begun anew.");
            give_up(office);
        }
    }
}

/// Writes changes to the next one too. If it can't be, it is given up; the one that answers has them.
pub(super) fn follow(office: &Office, slot: &mut Option<Next>, people: &[api::ids::PersonId], position: u64) {
    let Some(next) = slot.as_ref() else { return };
    let written = changes(office, people).and_then(|changes| {
        let reached = next.index.position().or_failed("read the next search index")?;
        next.index.apply(changes, position.max(reached)).or_failed("change the next search index")
    });
    if let Err(error) = written {
        tracing::error!(error = %error, cause = ?error, "The next search index could not follow and is given up.");
        *slot = None;
        give_up(office);
    }
}

/// Forgets the generation that was being filled. The one that answers is not touched.
pub(super) fn give_up(office: &Office) {
    generation::forget_next(office);
    generation::sweep(office);
}

/// Asks for a renewal if the index that answers was made by an older version.
pub(super) fn begin_if_older(office: &Office) -> Result<()> {
    let mut slot = lock(&office.index.changing);
    let older = get_alone(office, &mut slot)?.is_older();
    look_for(office, &mut slot);
    generation::sweep(office);
    drop(slot);
    if older {
        tracing::warn!(
            "The search index was made by an older version: it answers, and a new one is made beside it."
        );
        job::enqueue(office, &Actor::appliance(), JobKind::RenewIndex, None, &())?;
    }
    Ok(())
}

/// The refusal of a question while there is no index to ask.
pub(super) fn not_there_yet((done, total): super::work::Progress) -> Error {
    let params = [("done", done.to_string()), ("total", total.to_string())];
    Error::refused(api::ProblemCode::IndexBeingMade, params)
}
