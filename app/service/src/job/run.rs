//! The one place where a kind of job is bound to its body.

use api::job::JobKind;

use super::Ctx;
use crate::{
    Result, appraisal, calibrate, cohort, delivery, health, import, index, ledger, rebuild, replica, scan,
};

/// Runs a job's body.
pub(super) fn run(ctx: &Ctx<'_>) -> Result<()> {
    match ctx.kind() {
        JobKind::AcceptDelivery => delivery::run_accept(ctx),
        JobKind::Appraise => appraisal::run(ctx),
        JobKind::Calibrate => calibrate::run(ctx),
        JobKind::CompareCohort => cohort::run(ctx),
        JobKind::CheckArchive => health::run_check(ctx),
        JobKind::CheckDelivery => delivery::run_check(ctx),
        JobKind::ImportDiplomas => import::run_diplomas(ctx),
        JobKind::ImportPhotos => import::run_photos(ctx),
        JobKind::ImportRoster => import::run_roster(ctx),
        JobKind::ImportScans => import::run_scans(ctx),
        JobKind::ReadScans => scan::run_read(ctx),
        JobKind::Rebuild => rebuild::run(ctx),
        JobKind::RenewIndex => index::run(ctx),
        JobKind::SyncReplica => replica::run_sync(ctx),
        JobKind::VerifyLedger => ledger::run_verify(ctx),
        JobKind::VerifyReplica => replica::run_verify(ctx),
    }
}
