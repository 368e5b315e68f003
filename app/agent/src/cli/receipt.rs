//! `xuecang-agent receipt`

use std::path::PathBuf;

use anyhow::{Result, bail};
use api::delivery::Receipt;
use api::ids::DeliveryId;

use super::Agent;
use crate::receipt::{Checked, verify};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The delivery, as `delivery_…`, whose receipt is fetched, checked and kept
    #[arg(required_unless_present = "file")]
    delivery: Option<DeliveryId>,

    /// Checks the receipt in this file instead, without asking the school
    #[arg(long, conflicts_with = "delivery")]
    file: Option<PathBuf>,
}

pub(super) fn run(agent: &Agent, args: Args) -> Result<()> {
    let enrolment = agent.home.enrolment()?;
    if let Some(file) = args.file {
        let receipt: Receipt = serde_json::from_slice(&fs_err::read(file)?)?;
        let checked = verify(&receipt, &enrolment)?;
        return agent.print(&checked, text);
    }
    let Some(id) = args.delivery else { bail!("name a delivery or a file") };
    let delivery = agent.connect()?.delivery(id)?;
    let Some(receipt) = delivery.receipt else { bail!("there is no receipt of {id} yet") };
    let checked = verify(&receipt, &enrolment)?;
    if checked.statement.delivery != id || checked.statement.vendor != enrolment.vendor.id {
        bail!("the school sent the receipt of another delivery");
    }
    let kept = agent.home.keep_receipt(id, &serde_json::to_vec_pretty(&receipt)?)?;
    tracing::info!("Kept the receipt in {}.", kept.display());
    agent.print(&checked, text)
}

fn text(checked: &Checked) -> String {
    let Checked { statement, leaf, ledger_size } = checked;
    format!(
        "The school accepted {} photos of {} on {}. Its signature is good, and leaf {leaf} of its ledger (of \
         {ledger_size}) says the same.",
        statement.items.len(),
        statement.delivery,
        statement.accepted,
    )
}
