//! `xuecang-agent deliver`

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use api::ids::{CampaignId, DeliveryId};
use serde::Serialize;

use super::Agent;
use crate::tape::Tape;
use crate::upload::Upload;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The parcel, as `pack` made it
    parcel: PathBuf,

    /// The campaign, as `campaign_…`
    #[arg(long)]
    campaign: CampaignId,

    /// Seconds for which an interrupted connection is tried again without any progress
    #[arg(long, default_value_t = 600)]
    patience: u64,
}

#[derive(Serialize)]
struct Delivered {
    delivery: DeliveryId,
    bytes: u64,
    sha256: String,
    /// What the school had from an earlier try.
    resumed_at: u64,
}

pub(super) fn run(agent: &Agent, args: Args) -> Result<()> {
    let client = agent.connect()?;
    let tape = Tape::of(&args.parcel)?;
    let measured = tape.measure()?;
    let name = args.parcel.file_name().unwrap_or_default().to_string_lossy();
    let upload = Upload::begin(&client, &tape, measured, args.campaign, &name)?;
    tracing::info!(delivery.id = %upload.id(), size_bytes = measured.len, "Delivering as {}.", upload.id());
    let mut resumed_at = None;
    upload.run(Duration::from_secs(args.patience), |offset, total| {
        resumed_at.get_or_insert(offset);
        tracing::info!(offset, total, "The school has {offset} of {total} bytes.");
    })?;
    let delivered = Delivered {
        delivery: upload.id(),
        bytes: measured.len,
        sha256: hex::encode(measured.sha256),
        resumed_at: resumed_at.unwrap_or_default(),
    };
    agent.print(&delivered, |delivered| {
        format!("Delivered {} bytes as {}. The school is checking it.", delivered.bytes, delivered.delivery)
    })
}
