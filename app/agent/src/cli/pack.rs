//! `xuecang-agent pack`

use std::path::PathBuf;

use anyhow::Result;
use api::ids::CampaignId;
use bag::Identity;
use serde::Serialize;

use super::Agent;
use crate::pack::{Captures, pack};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder with the captures: `<token>.jpg`, `captures.csv`, perhaps `originals/<token>.<ext>`
    captures: PathBuf,

    /// The folder of the parcel; must not be there yet
    #[arg(long)]
    out: PathBuf,

    /// The campaign, as `campaign_…`
    #[arg(long)]
    campaign: CampaignId,
}

#[derive(Serialize)]
struct Packed {
    parcel: PathBuf,
    photos: usize,
    originals: usize,
}

pub(super) fn run(agent: &Agent, args: Args) -> Result<()> {
    let enrolment = agent.home.enrolment()?;
    let identity = Identity::from_pem(&agent.home.client_key_pem()?, enrolment.certificate.as_bytes())?;
    let captures = Captures { dir: &args.captures, campaign: args.campaign, vendor: enrolment.vendor.id };
    let bag = pack(&captures, &args.out, &identity, api::Timestamp::now())?;
    let within = |folder: &str| bag.payload().keys().filter(|path| path.as_str().starts_with(folder)).count();
    let packed = Packed { photos: within("photos/"), originals: within("originals/"), parcel: args.out };
    agent.print(&packed, |packed| {
        let Packed { parcel, photos, originals } = packed;
        format!("Packed and signed {photos} photos and {originals} originals in {}.", parcel.display())
    })
}
