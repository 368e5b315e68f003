//! Campaigns, their rosters and tokens, and the photo rules.

use api::Page;
use api::campaign::{Campaign, NewCampaign, Progress, RosterRow, RuleSetSummary, Slip, TokensIssued};
use api::ids::CampaignId;

use super::{Answer, get, nothing, post};
use crate::state::{Name, state};

/// Every campaign, newest first.
pub(crate) async fn campaigns() -> Answer<Vec<Campaign>> {
    let all: Vec<Campaign> = get("/campaigns").await?;
    state().learn(all.iter().map(|one| (one.id.to_string(), Name::Campaign(one.facts.name.clone()))));
    Ok(all)
}

/// One campaign.
pub(crate) async fn campaign(id: CampaignId) -> Answer<Campaign> {
    get(format!("/campaigns/{id}")).await
}

/// Creates a campaign.
pub(crate) async fn create_campaign(campaign: &NewCampaign) -> Answer<Campaign> {
    post("/campaigns", campaign).await
}

/// How a campaign goes.
pub(crate) async fn progress(id: CampaignId) -> Answer<Progress> {
    get(format!("/campaigns/{id}/progress")).await
}

/// A part of a campaign's roster.
pub(crate) async fn roster(id: CampaignId, offset: u32, limit: u32) -> Answer<Page<RosterRow>> {
    get(format!("/campaigns/{id}/roster?offset={offset}&limit={limit}")).await
}

/// Issues the capture tokens that are still missing.
pub(crate) async fn issue_tokens(id: CampaignId) -> Answer<TokensIssued> {
    post(format!("/campaigns/{id}/tokens"), &nothing()).await
}

/// Every slip of a campaign, class by class.
pub(crate) async fn slips(id: CampaignId) -> Answer<Vec<Slip>> {
    let mut all = Vec::new();
    loop {
        let part: Page<Slip> = get(format!("/campaigns/{id}/slips?offset={}&limit=500", all.len())).await?;
        let nothing_more = part.items.is_empty();
        all.extend(part.items);
        if nothing_more || all.len() as u64 >= part.total {
            return Ok(all);
        }
    }
}

/// The photo rules.
pub(crate) async fn rule_sets() -> Answer<Vec<RuleSetSummary>> {
    get("/rule-sets").await
}
