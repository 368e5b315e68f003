//! The corrected delivery is accepted by two persons.

use anyhow::{Context, Result};
use api::delivery::{Confirm, Decision, Delivery, DeliveryState, Propose};
use api::ids::DeliveryId;
use serde_json::Value;

use super::check::{awaited, checked, parcel};
use super::{Campaigns, Story, Tokens, look};
use crate::report::Evidence;
use crate::vendor::Captures;

/// Plays the step.
pub(super) fn play(
    story: &Story,
    campaigns: &Campaigns,
    tokens: &Tokens,
    captures: &Captures,
    evidence: &mut Evidence,
) -> Result<DeliveryId> {
    let id = checked(story, parcel(story, campaigns.current, captures, "round-2")?)?.id;
    let looked = look::look(story, tokens, id, |_| false)?;
    evidence.figure("looked_at", looked.json());
    let delivery: Delivery = story.people.it.get(&format!("/deliveries/{id}"))?;
    let report = delivery.report.context("the check left no report")?;
    let defects = report.extra + report.missing + report.wrong + report.late;
    evidence.figure("photos", report.photos);
    evidence.figure("defects_reported", defects);
    evidence.figure("doubtful", report.doubtful);
    evidence.figure("first_pass", report.first_pass);
    evidence.holds(defects == 0, "a delivery without defects has none reported");
    let alone = propose(story, id, Decision::Accept, "").and_then(|()| {
        story
            .people
            .it
            .post::<Delivery>(&format!("/deliveries/{id}/confirmation"), &Confirm { confirm: true })
    });
    evidence.holds(alone.is_err(), "one person alone can't accept");
    let _: Delivery =
        story.people.registrar.post(&format!("/deliveries/{id}/confirmation"), &Confirm { confirm: true })?;
    awaited(story, id, DeliveryState::Accepted)?;
    let receipt: Value = story.agent.ask(&["receipt", &id.to_string()])?;
    let items = receipt.pointer("/statement/items").and_then(Value::as_array).map_or(0, Vec::len);
    evidence.figure("receipt_items", items);
    evidence.figure("receipt_leaf", receipt.get("leaf").cloned().unwrap_or_default());
    evidence.holds(items == captures.len(), "the receipt names every photo");
    let verified: String = story.server.run(&["ledger", "verify"])?;
    evidence.figure("ledger", verified.trim());
    Ok(id)
}

/// One person proposes, another confirms.
pub(super) fn decide(story: &Story, id: DeliveryId, decision: Decision, reason: &str) -> Result<()> {
    propose(story, id, decision, reason)?;
    let _: Delivery =
        story.people.registrar.post(&format!("/deliveries/{id}/confirmation"), &Confirm { confirm: true })?;
    Ok(())
}

fn propose(story: &Story, id: DeliveryId, decision: Decision, reason: &str) -> Result<()> {
    let proposal = Propose { decision, reason: reason.to_owned() };
    let _: Delivery = story.people.it.post(&format!("/deliveries/{id}/proposal"), &proposal)?;
    Ok(())
}
