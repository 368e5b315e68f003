//! M8 to M12: after the point of no return. Bad news is noted, never refused; claims beyond the evidence are.

use super::{Phase, Refusal, State, keep};
use crate::{
    envelope::Verified,
    guard::{Guard, GuardCode},
    level::Level,
    message::{
        Absence, CertificateBody, Countersign, Erased, LocationAbsence, LocationErased, LocationVerdict,
        Progress, Verify,
    },
    objects::LocationId,
    statement::Statement,
};

/// When the vendor may erase, or erase again.
const MAY_ERASE: [Phase; 5] =
    [Phase::Authorised, Phase::Erasing, Phase::Erased, Phase::Verified, Phase::Disputed];

impl State {
    pub(super) fn progress(&mut self, verified: &Verified, body: &Progress) -> Result<(), Refusal> {
        self.in_phase(&MAY_ERASE)?;
        self.some_of(body.locations.iter().map(|place| &place.location))?;
        self.forget_verdict();
        self.said.progress = keep(verified, body);
        self.phase = Phase::Erasing;
        Ok(())
    }

    pub(super) fn erased(&mut self, verified: &Verified, body: &Erased) -> Result<(), Refusal> {
        self.in_phase(&MAY_ERASE)?;
        let reported = self.some_of(body.locations.iter().map(|place| &place.location))?;
        self.some_of(body.keys_destroyed.iter().map(|key| &key.location))?;
        let places = self.locations().len();
        let partly =
            body.locations.iter().filter(|place| place.files < self.held_files(&place.location)).count();
        let complete = reported == places && partly == 0;
        let detail = format!("reported={reported}/{places} partly={partly}");
        let errors: u64 = body
            .locations
            .iter()
            .flat_map(|place| [place.errors.pass, place.errors.sync, place.errors.verify])
            .fold(0, u64::saturating_add);
        self.note(vec![
            Guard::new(GuardCode::ErasedComplete, complete, detail),
            Guard::new(GuardCode::ErasedErrors, errors == 0, format!("errors={errors}")),
        ]);
        self.forget_verdict();
        self.said.erased = keep(verified, body);
        self.phase = Phase::Erased;
        Ok(())
    }

    /// An earlier verdict spoke of an earlier erasure.
    fn forget_verdict(&mut self) {
        self.said.verify = None;
        self.guards.remove(&GuardCode::VerifiedClean);
    }

    pub(super) fn verify(&mut self, verified: &Verified, body: &Verify) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Erased])?;
        let named = self.some_of(body.locations.iter().map(|place| &place.location))?;
        for verdict in &body.locations {
            let overclaims = verdict.level > self.borne_out(&verdict.location)?
                || verdict.hits < self.reported(&verdict.location).map_or(0, traces);
            if overclaims {
                return Err(Refusal::Overclaim);
            }
        }
        let hits = body.locations.iter().map(|place| place.hits).fold(0, u64::saturating_add);
        let places = self.locations().len();
        let clean = hits == 0 && named == places;
        self.note(vec![Guard::new(
            GuardCode::VerifiedClean,
            clean,
            format!("verified={named}/{places} hits={hits}"),
        )]);
        self.said.verify = keep(verified, body);
        self.phase = if hits == 0 { Phase::Verified } else { Phase::Disputed };
        Ok(())
    }

    pub(super) fn absence(&mut self, verified: &Verified, body: &Absence) -> Result<(), Refusal> {
        // When the vendor falls silent the school still says, from wherever it stands, what is not proven.
        if !self.is_past_return()
            || matches!(self.phase, Phase::Absent | Phase::Issued | Phase::Cosigned | Phase::Revoked)
        {
            return Err(Refusal::NotNow { phase: self.phase });
        }
        self.exactly_all(body.locations.iter().map(|place| &place.location))?;
        if body.locations.iter().any(|place| self.overclaims(place)) {
            return Err(Refusal::Overclaim);
        }
        let absent = body.locations.iter().filter(|place| place.absent).count();
        let places = body.locations.len();
        let mut short = Vec::new();
        for place in &body.locations {
            if place.level < self.required(&place.location)? {
                short.push(place.location.as_str());
            }
        }
        self.note(vec![
            Guard::new(GuardCode::AbsenceComplete, absent == places, format!("absent={absent}/{places}")),
            Guard::new(GuardCode::AbsenceLevel, short.is_empty(), format!("short={}", short.join(","))),
        ]);
        self.said.absence = keep(verified, body);
        self.paused_in = None;
        self.phase = Phase::Absent;
        Ok(())
    }

    pub(super) fn certificate(&mut self, verified: &Verified, body: &CertificateBody) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Absent])?;
        if Statement::of(self).as_ref() != Some(&body.statement) {
            return Err(Refusal::Overclaim);
        }
        self.said.certificate = keep(verified, body);
        self.phase = Phase::Issued;
        Ok(())
    }

    pub(super) fn countersign(&mut self, verified: &Verified, body: &Countersign) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Issued])?;
        if self.said.certificate.as_ref().is_none_or(|certificate| certificate.envelope != body.certificate) {
            return Err(Refusal::Overclaim);
        }
        self.note(vec![Guard::new(GuardCode::VendorCountersigned, true, "countersigned=yes")]);
        self.said.countersign = keep(verified, body);
        self.phase = Phase::Cosigned;
        Ok(())
    }

    /// What the vendor reported for a place.
    #[must_use]
    pub fn reported(&self, id: &LocationId) -> Option<&LocationErased> {
        self.said.erased.as_ref()?.body.locations.iter().find(|place| place.location == *id)
    }

    /// The school's verdict on a place.
    #[must_use]
    pub fn verdict(&self, id: &LocationId) -> Option<&LocationVerdict> {
        self.said.verify.as_ref()?.body.locations.iter().find(|place| place.location == *id)
    }

    /// The level that the vendor's report bears out for a place.
    ///
    /// # Errors
    ///
    /// If there is no such place.
    pub fn borne_out(&self, id: &LocationId) -> Result<Level, Refusal> {
        let kind = self.location(id)?.kind;
        let plans = self.said.plan.iter().flat_map(|plan| &plan.body.locations);
        let controls = plans.filter(|plan| plan.location == *id).find_map(|plan| plan.controls);
        let files = self.held_files(id);
        Ok(self.reported(id).map_or(Level::Al0, |report| Level::borne_out(kind, files, controls, report)))
    }

    /// How many files held objects at a place, by the vendor's proof of possession.
    #[must_use]
    pub fn held_files(&self, id: &LocationId) -> u64 {
        let places = self.said.possession.iter().flat_map(|possession| &possession.body.locations);
        places.filter(|place| place.location == *id).map(|place| place.files).sum()
    }

    /// The level that was wanted for a place.
    ///
    /// # Errors
    ///
    /// If there is no such place.
    pub fn required(&self, id: &LocationId) -> Result<Level, Refusal> {
        let kind = self.location(id)?.kind;
        let invite = self.said.invite.as_ref();
        Ok(invite.and_then(|invite| invite.body.required.get(&kind).copied()).unwrap_or(Level::Al0))
    }

    /// Whether more is said of a place than its verdict bears.
    fn overclaims(&self, place: &LocationAbsence) -> bool {
        let verdict = self.verdict(&place.location);
        let clean = verdict.is_some_and(|verdict| verdict.hits == 0);
        let level = verdict.map_or(Level::Al0, |verdict| verdict.level);
        (place.absent && !clean) || place.level > level
    }
}

/// How many traces the vendor's own tool reported.
#[must_use]
pub fn traces(report: &LocationErased) -> u64 {
    let paths = report.paths.map_or(0, |paths| paths.found);
    let scan = report.scan.map_or(0, |scan| scan.block_hits.saturating_add(scan.file_hits));
    paths.saturating_add(scan)
}
