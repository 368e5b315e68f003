//! `xuecang-agent campaigns`

use anyhow::Result;
use api::vendor::VendorCampaign;

use super::Agent;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(agent: &Agent, _: Args) -> Result<()> {
    let campaigns = agent.connect()?.campaigns()?;
    agent.print(&campaigns, |campaigns| {
        if campaigns.is_empty() {
            return "There is nothing to capture.".to_owned();
        }
        campaigns.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn line(campaign: &VendorCampaign) -> String {
    format!(
        "{}  {} tokens, capture {} to {}, deliver by {}",
        campaign.id, campaign.tokens, campaign.capture_from, campaign.capture_until, campaign.deliver_by,
    )
}
