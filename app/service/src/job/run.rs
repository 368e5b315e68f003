//! The one place where a kind of job is bound to its body.

use api::{ProblemCode, job::JobKind};

use super::Ctx;
use crate::{Error, Result, calibrate, health, import, ledger, rebuild};

/// Runs a job's body.
pub(super) fn run(ctx: &Ctx<'_>) -> Result<()> {
    match ctx.kind() {
        JobKind::Calibrate => calibrate::run(ctx),
        JobKind::CheckArchive => health::run_check(ctx),
        JobKind::ImportDiplomas => import::run_diplomas(ctx),
        JobKind::ImportPhotos => import::run_photos(ctx),
        JobKind::ImportRoster => import::run_roster(ctx),
        JobKind::Rebuild => rebuild::run(ctx),
        JobKind::VerifyLedger => ledger::run_verify(ctx),
        kind => Err(Error::refused(
            ProblemCode::BadRequest,
            [("reason", format!("this version can't do {}", crate::word(&kind)))],
        )),
    }
}
