//! `xuecang-agent status`

use anyhow::Result;
use api::delivery::DeliveryState;
use api::ids::DeliveryId;
use api::vendor::{Defect, VendorDelivery};

use super::Agent;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The delivery, as `delivery_…`; all of them when left out
    delivery: Option<DeliveryId>,
}

pub(super) fn run(agent: &Agent, args: Args) -> Result<()> {
    let client = agent.connect()?;
    match args.delivery {
        Some(id) => agent.print(&client.delivery(id)?, one),
        None => agent.print(&client.deliveries()?, |deliveries| match deliveries.as_slice() {
            [] => "Nothing was delivered yet.".to_owned(),
            some => some.iter().map(line).collect::<Vec<_>>().join("\n"),
        }),
    }
}

fn one(delivery: &VendorDelivery) -> String {
    let defects = delivery.defects.iter().map(defect);
    std::iter::once(line(delivery)).chain(defects).collect::<Vec<_>>().join("\n")
}

fn line(delivery: &VendorDelivery) -> String {
    let state = match delivery.state {
        DeliveryState::Receiving => "is being received",
        DeliveryState::Received | DeliveryState::Checking => "is being checked",
        DeliveryState::Checked | DeliveryState::Proposed => "is checked and waits for the school's decision",
        DeliveryState::Accepting => "is being taken into the archive",
        DeliveryState::Accepted => "is accepted",
        DeliveryState::Rejected => "is sent back",
    };
    format!("{} (round {}) {state}.", delivery.id, delivery.round)
}

fn defect(defect: &Defect) -> String {
    let token = if defect.token.is_empty() { "the parcel" } else { &defect.token };
    format!("  {:8} {token}: {}", defect.group, defect.codes.join(", "))
}
