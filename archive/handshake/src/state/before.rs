//! M1 to M6: everything that must be true before anybody may erase anything.

use std::collections::BTreeSet;

use super::{Kept, Phase, Refusal, State, guards, keep};
use crate::{
    envelope::Verified,
    guard::{Guard, GuardCode},
    keys::Role,
    message::{Challenge, Checked, Inventory, Invite, Plan, Possession, Ready, Seal},
};

impl State {
    pub(super) fn invite(&mut self, verified: &Verified, body: &Invite) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Draft])?;
        if body.policy != self.policy.fingerprint() || body.object_count == 0 {
            return Err(Refusal::Foreign);
        }
        let accepted = body.accepted_at.is_some_and(|at| at <= verified.message().t_wall);
        let detail = format!("accepted={}", guards::yes(accepted));
        self.require(vec![Guard::new(GuardCode::DeliveryAccepted, accepted, detail)])?;
        self.said.invite = keep(verified, body);
        self.phase = Phase::Invited;
        Ok(())
    }

    pub(super) fn inventory(&mut self, verified: &Verified, body: &Inventory) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Invited])?;
        in_time(verified, self.said.invite.as_ref())?;
        self.require(guards::inventory(body))?;
        self.said.inventory = keep(verified, body);
        self.phase = Phase::Enrolled;
        Ok(())
    }

    pub(super) fn seal(&mut self, verified: &Verified, body: &Seal) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Enrolled, Phase::Sealed])?;
        self.some_of(body.sightings.iter().map(|sighting| &sighting.location))?;
        let message = verified.message();
        let (warned, mut must): (Vec<_>, Vec<_>) =
            guards::safety(&body.safety, message.t_wall).into_iter().partition(guards::only_warns);
        must.push(guards::checkpoint(&self.policy, &body.archive_checkpoint, message.log_size_seen));
        self.require(must)?;
        self.note(warned);
        self.note(vec![guards::drill(&body.drill, self.object_count(), self.byte_count())]);
        self.note(vec![guards::sighted(self.locations(), &body.sightings)]);
        self.said.seal = keep(verified, body);
        self.phase = Phase::Sealed;
        Ok(())
    }

    pub(super) fn challenge(&mut self, verified: &Verified, body: &Challenge) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Sealed, Phase::Challenged])?;
        self.exactly_all(body.nonces.iter().map(|nonce| &nonce.location))?;
        for nonce in &body.nonces {
            self.burn(ledger::Hash::of(nonce.nonce.as_bytes()))?;
        }
        let size = verified.message().log_size_seen;
        let after = body.inventory_index < size;
        self.require(vec![
            Guard::new(GuardCode::ChallengeFresh, true, format!("nonces={}", body.nonces.len())),
            Guard::new(
                GuardCode::ChallengeAfterInventory,
                after,
                format!("index={} size={size}", body.inventory_index),
            ),
        ])?;
        self.said.challenge = keep(verified, body);
        self.phase = Phase::Challenged;
        Ok(())
    }

    pub(super) fn possession(&mut self, verified: &Verified, body: &Possession) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Challenged])?;
        in_time(verified, self.said.challenge.as_ref())?;
        self.exactly_all(body.locations.iter().map(|place| &place.location))?;
        let count = self.object_count();
        let sound = |place: &crate::message::LocationPossession| {
            place.held.is_sound(count) && place.files >= place.held.count()
        };
        if !body.locations.iter().all(sound) {
            return Err(Refusal::Overclaim);
        }
        self.said.possession = keep(verified, body);
        self.phase = Phase::Answered;
        Ok(())
    }

    pub(super) fn checked(&mut self, verified: &Verified, body: &Checked) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Answered])?;
        self.exactly_all(body.locations.iter().map(|place| &place.location))?;
        let Some(possession) = &self.said.possession else {
            return Err(Refusal::NotNow { phase: self.phase });
        };
        let same = |place: &crate::message::LocationPossession| {
            body.locations.iter().any(|own| own.location == place.location && own.root == place.root)
        };
        let differing = possession.body.locations.iter().filter(|place| !same(place)).count();
        let equal = Guard::new(GuardCode::PossessionEqual, differing == 0, format!("differing={differing}"));
        let extras = guards::possession_extras(&possession.body);
        let complete = guards::possession_complete(&possession.body, self.object_count());
        // A wrong proof is kept on record; the school draws new nonces and asks again.
        self.phase = if equal.met && extras.met { Phase::Possessed } else { Phase::Sealed };
        self.note(vec![equal, extras, complete]);
        self.said.checked = keep(verified, body);
        Ok(())
    }

    pub(super) fn plan(&mut self, verified: &Verified, body: &Plan) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Possessed, Phase::Planned, Phase::Ready])?;
        let named = self.some_of(body.locations.iter().map(|place| &place.location))?;
        let vague = body.locations.iter().filter(|place| place.technique.trim().is_empty()).count();
        let places = self.locations().len();
        let detail = format!("planned={named}/{places} vague={vague}");
        self.require(vec![Guard::new(GuardCode::PlanComplete, named == places && vague == 0, detail)])?;
        self.said.plan = keep(verified, body);
        self.phase = Phase::Planned;
        Ok(())
    }

    pub(super) fn ready(&mut self, verified: &Verified, body: &Ready) -> Result<(), Refusal> {
        self.in_phase(&[Phase::Planned])?;
        in_time(verified, self.said.plan.as_ref())?;
        if self.said.plan.as_ref().is_none_or(|plan| plan.envelope != body.plan) {
            return Err(Refusal::Overclaim);
        }
        let known: BTreeSet<_> = self.policy.ledger().witnesses().map(|(name, _)| name).collect();
        if !body.witnesses.iter().all(|name| known.contains(name.as_str())) {
            return Err(Refusal::Foreign);
        }
        let both = [Role::Registrar, Role::It].iter().all(|role| body.officers.contains(role));
        let ledger = self.policy.ledger();
        let enough = ledger.needs_witnesses() && ledger.suffices(&body.witnesses);
        let present = format!("present={}", body.witnesses.join(","));
        self.require(vec![Guard::new(
            GuardCode::PresenceOfficers,
            both,
            format!("officers={}", body.officers.len()),
        )])?;
        self.note(vec![Guard::new(GuardCode::PresenceWitnesses, enough, present)]);
        self.said.ready = keep(verified, body);
        self.phase = Phase::Ready;
        Ok(())
    }
}

/// Refuses an answer that was sent after its question had expired.
pub(super) fn in_time<T>(answer: &Verified, question: Option<&Kept<T>>) -> Result<(), Refusal> {
    let late = question.is_none_or(|question| answer.message().t_wall > question.expires);
    if late { Err(Refusal::Expired) } else { Ok(()) }
}
