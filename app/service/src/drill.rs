//! The restore drill: proof that the archive can be brought back, and the report of it.

use std::path::{Path, PathBuf};

use api::{Flaw, Right, health};
use archive::db::catalog;
use archive::db::office::drill as rows;
use archive::fixity::drill::{self, Drilled, Target};
use archive::ocfl::ObjectId;

use crate::volume::{Encryption, encryption};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, rebuild};

pub use archive::fixity::drill::{DrillReport, Step, Stop};

/// The event that tells of a drill, and what it is about.
const DRILLED: &str = "archive.drilled";
const ARCHIVE: &str = "archive";

/// A drill that was done and kept.
#[derive(Debug)]
pub struct Done {
    /// The report.
    pub report: DrillReport,
    /// The SHA-256 of its canonical JSON, hex.
    pub sha256: String,
    /// The folder of the restored copy, if it is still there.
    pub copy: Option<PathBuf>,
}

/// What becomes of the restored copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// It is removed when it has been compared.
    Remove,
    /// It stays: people's photos in the clear, as any copy of the archive.
    Keep,
}

/// Restores the whole archive into the empty folder `to`, reads it back and keeps what was found.
///
/// `told` hears how many objects of how many each step has done. Nothing of the archive is written, so the appliance may
/// serve meanwhile. Once `stop` says so, the drill ends soon, removes what it wrote and is none.
///
/// # Errors
///
/// Without the right `maintain_archive`; `bad-field` when the folder is not empty, lies within the data directory, has
/// too little room, or lies on a volume on which this appliance may not keep photos; `wrong-state` when stopped; when
/// the result can't be kept. Damage is no error, but stands in the report.
pub fn run(
    office: &Office,
    actor: &Actor,
    to: &Path,
    afterwards: Afterwards,
    told: &(dyn Fn(Step, u64, u64) + Sync),
    stop: Stop<'_>,
) -> Result<Done> {
    actor.may(Right::MaintainArchive)?;
    // Bytes come before rows: what the catalog knows now, the archive holds when it is read.
    let known = office.catalog.read(catalog::object::heads)?;
    let known = known.iter().filter_map(|(id, _)| id.parse::<ObjectId>().ok()).collect();
    let target = Target::accept(to, &[&office.paths.data, office.archive.path()]).map_err(refusal)?;
    let kept = may_hold_photos(office, target.dir(), "to")
        .and_then(|()| {
            drill::run(&office.archive, &target, &known, crate::health::threads(), told, stop)
                .map_err(refusal)
        })
        .and_then(|drilled| Ok((keep(office, actor, &drilled)?, drilled.report)));
    let mut copy = Some(target.copy()).filter(|copy| copy.exists());
    if afterwards == Afterwards::Remove || kept.is_err() {
        match target.clear() {
            Ok(()) => copy = None,
            Err(error) => tracing::error!(%error, "What the drill restored could not be removed: {error}."),
        }
    }
    let (sha256, report) = kept?;
    Ok(Done { report, sha256, copy })
}

/// The last drill, if there was one.
pub(crate) fn last(office: &Office) -> Result<Option<health::Drill>> {
    Ok(office.office.read(rows::latest)?.map(to_api))
}

fn to_api(drill: rows::Drill) -> health::Drill {
    health::Drill {
        at: drill.ended,
        objects: drill.objects,
        files: drill.files,
        bytes: drill.bytes,
        differing: drill.differing,
        other_device: drill.other_device,
        ms: u64::try_from(drill.ended.duration_since(drill.began).as_millis()).unwrap_or_default(),
        report: drill.sha256,
    }
}

/// A copy of everybody's photos is no less worth protecting than the archive, also for an hour.
pub(crate) fn may_hold_photos(office: &Office, dir: &Path, field: &str) -> Result<()> {
    match encryption(dir).or_failed("look at the target's volume")? {
        Encryption::Encrypted => Ok(()),
        _ if office.config.allow_unencrypted_volume => Ok(()),
        Encryption::Plain => Err(Error::bad_field(field, Flaw::NotEncrypted)),
        Encryption::Unknown => Err(Error::bad_field(field, Flaw::EncryptionUnknown)),
    }
}

/// Keeps what a drill found, with a word to the audit trail and the ledger. Returns the SHA-256 of its report.
fn keep(office: &Office, actor: &Actor, drilled: &Drilled) -> Result<String> {
    let report = &drilled.report;
    let (document, hash) = report.document().or_failed("write the report of a drill")?;
    let document = String::from_utf8(document).or_failed("write the report of a drill")?;
    let sha256 = hash.to_string();
    if !report.is_whole() {
        let differing = report.differing.len();
        tracing::error!(differing, "The archive did not come back as it was kept: {differing} differences.");
    }
    office.office.write(|tx| -> Result<()> {
        let number = rows::insert(tx, report, &document, &sha256, &drilled.restored)?;
        audit::record_in(tx, actor, DRILLED, None, true)?;
        let detail = serde_json::json!({
            "objects": report.objects, "files": report.files, "bytes": report.bytes,
            "differing": report.differing.len(), "report": sha256,
        });
        event::queue(tx, actor, DRILLED, ARCHIVE, &number.to_string(), &detail)
    })?;
    Ok(sha256)
}

fn refusal(error: drill::Error) -> Error {
    use drill::Error as E;
    match error {
        E::NotEmpty(_) | E::NotAFolder(_) | E::Within { .. } | E::NoRoom { .. } => {
            Error::bad_field("to", Flaw::cause(error))
        }
        E::Stopped => rebuild::stopped(),
        E::Io { .. } | E::Report(_) => Error::failed("restore the archive into the folder", error),
    }
}

#[cfg(test)]
mod tests;
