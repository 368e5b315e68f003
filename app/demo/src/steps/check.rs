//! The vendor delivers, with defects in its files; the appliance checks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use api::delivery::{CheckReport, Decision, Delivery, DeliveryState};
use api::ids::{CampaignId, DeliveryId};
use api::vendor::VendorDelivery;
use fs_err as fs;
use jiff::{ToSpan as _, Zoned};
use serde::Deserialize;

use super::{Campaigns, Story, Tokens, look};
use crate::faces::Which;
use crate::report::Evidence;
use crate::vendor::{Captures, Strange, Truth};

/// What was delivered with defects.
#[derive(Debug)]
pub(super) struct Spoilt {
    delivery: DeliveryId,
    truth: Truth,
}

/// How the agent says what it delivered.
#[derive(Debug, Deserialize)]
struct Delivered {
    delivery: DeliveryId,
    bytes: u64,
    sha256: String,
}

/// The vendor is registered, captures everybody, and delivers captures with defects.
pub(super) fn deliver(
    story: &Story,
    campaigns: &Campaigns,
    tokens: &Tokens,
    evidence: &mut Evidence,
) -> Result<(Captures, Spoilt)> {
    let photos = tokens
        .given
        .iter()
        .enumerate()
        .map(|(student, (_, token))| Ok((token.clone(), story.faces.photo(student, Which::Capture)?)));
    let today = Zoned::now().date();
    let captures = Captures::new(photos.collect::<Result<_>>()?, today - 5.days());
    let strange = Strange {
        foreign_token: tokens.foreign.clone(),
        strangers: story.faces.strangers()?,
        too_late: today,
    };
    let (spoilt, truth) = captures.spoilt(story.seed, strange)?;
    let delivered = send(story, campaigns.current, &spoilt, "round-1")?;
    let delivery: Delivery = story.people.it.get(&format!("/deliveries/{}", delivered.delivery))?;
    evidence.figure("photos", spoilt.len());
    evidence.figure("bytes", delivered.bytes);
    evidence.figure("sha256", delivered.sha256.as_str());
    evidence.holds(delivery.bytes == delivered.bytes, "as many bytes arrived as were sent");
    Ok((captures, Spoilt { delivery: delivery.id, truth }))
}

/// Packs and delivers captures.
pub(super) fn parcel(
    story: &Story,
    campaign: CampaignId,
    captures: &Captures,
    name: &str,
) -> Result<DeliveryId> {
    Ok(send(story, campaign, captures, name)?.delivery)
}

fn send(story: &Story, campaign: CampaignId, captures: &Captures, name: &str) -> Result<Delivered> {
    let folder = captures.write(&story.server.data().join("demo-captures").join(name))?;
    let out: PathBuf = story.server.data().join("demo-parcels").join(name);
    if let Some(parent) = out.parent() {
        fs::create_dir_all(parent)?;
    }
    let (folder, out, campaign) = (folder.to_string_lossy(), out.to_string_lossy(), campaign.to_string());
    story.agent.run(&["pack", &folder, "--out", &out, "--campaign", &campaign])?;
    story.agent.ask(&["deliver", &out, "--campaign", &campaign])
}

/// Waits until a delivery is checked.
pub(super) fn checked(story: &Story, id: DeliveryId) -> Result<Delivery> {
    awaited(story, id, DeliveryState::Checked)
}

/// Waits until a delivery has reached a state.
pub(super) fn awaited(story: &Story, id: DeliveryId, state: DeliveryState) -> Result<Delivery> {
    let begun = Instant::now();
    loop {
        let delivery: Delivery = story.people.it.get(&format!("/deliveries/{id}"))?;
        if delivery.state == state {
            return Ok(delivery);
        }
        if let Some(job) = delivery.job {
            let job: api::job::Job = story.people.it.get(&format!("/jobs/{job}"))?;
            if let Some(problem) = job.problem {
                bail!("the delivery's job failed: {}", problem.title);
            }
        }
        if begun.elapsed() > Duration::from_secs(900) {
            bail!("the delivery is still {:?} after a quarter of an hour", delivery.state);
        }
        sleep(Duration::from_millis(100));
    }
}

/// What was found is what was planted; the delivery is sent back by two persons.
pub(super) fn play(story: &Story, tokens: &Tokens, spoilt: &Spoilt, evidence: &mut Evidence) -> Result<()> {
    let id = checked(story, spoilt.delivery)?.id;
    let alone = found(story, spoilt)?;
    evidence.figure("machine_alone", alone.json());
    let looked = look::look(story, tokens, id, |token| {
        spoilt.truth.get(token).is_some_and(|planted| planted.somebody_else)
    })?;
    evidence.figure("looked_at", looked.json());
    evidence.figure("looked_at_rule", look::RULE);
    let found = found(story, spoilt)?;
    let delivery: Delivery = story.people.it.get(&format!("/deliveries/{id}"))?;
    let report: CheckReport = delivery.report.context("the check left no report")?;
    for (name, count) in
        [("extra", report.extra), ("missing", report.missing), ("wrong", report.wrong), ("late", report.late)]
    {
        let planted = spoilt.truth.values().filter(|planted| planted.group == name).count();
        evidence.figure(&format!("planted_{name}"), planted);
        evidence.figure(&format!("found_{name}"), count);
        evidence.holds(count == planted as u64, format!("the report counts {name} as planted"));
    }
    evidence.figure("doubtful", report.doubtful);
    evidence.holds(report.unsettled == 0, "no face is left in doubt");
    evidence.holds(found.missed.is_empty(), format!("missed: {}", found.missed.join("; ")));
    evidence.holds(found.invented.is_empty(), format!("invented: {}", found.invented.join("; ")));
    super::accept::decide(story, id, Decision::Reject, "多少错误均须改正后重新交付")?;
    awaited(story, id, DeliveryState::Rejected)?;
    Ok(())
}

/// What the vendor is told beside what was planted.
struct Found {
    missed: Vec<String>,
    invented: Vec<String>,
    unsettled: u64,
}

impl Found {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "missed": self.missed, "invented": self.invented, "doubtful_faces": self.unsettled })
    }
}

fn found(story: &Story, spoilt: &Spoilt) -> Result<Found> {
    let seen: VendorDelivery = story.agent.ask(&["status", &spoilt.delivery.to_string()])?;
    let found: BTreeMap<&str, &str> =
        seen.defects.iter().map(|defect| (defect.token.as_str(), defect.group.as_str())).collect();
    let missed =
        spoilt.truth.iter().filter(|(token, planted)| found.get(token.as_str()) != Some(&planted.group));
    let missed = missed.map(|(token, planted)| {
        format!("{} ({}), found as {:?}", planted.how, planted.group, found.get(token.as_str()))
    });
    let invented = seen.defects.iter().filter(|defect| !spoilt.truth.contains_key(&defect.token));
    let invented = invented.map(|defect| format!("{} {}", defect.group, defect.codes.join(" ")));
    let delivery: Delivery = story.people.it.get(&format!("/deliveries/{}", spoilt.delivery))?;
    Ok(Found {
        missed: missed.collect(),
        invented: invented.collect(),
        unsettled: delivery.report.map_or(0, |report| report.unsettled),
    })
}
