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
    let codes = defect.codes.join(", ");
    if !defect.token.is_empty() {
        return format!("  {:8} {}: {codes}", defect.group, defect.token);
    }
    let why = defect.codes.first().map_or("it can't be read", |code| broken(code));
    let files: String = defect.files.iter().map(|file| format!("\n    {file}")).collect();
    format!(
        "  The parcel {why}; nothing of it was kept. Pack the captures again and deliver anew. ({codes}){files}"
    )
}

/// What is wrong with a parcel that was sent back as a whole.
fn broken(code: &str) -> &'static str {
    match code {
        "BAG-PAYLOAD-DIFFERS" => "holds a photo that does not have the checksum its manifest lists",
        "BAG-TAG-DIFFERS" => "holds a list that does not have the checksum its tag manifest lists",
        "BAG-PAYLOAD-MISSING" | "BAG-TAG-MISSING" => "lacks a file that its manifest lists",
        "BAG-PAYLOAD-UNLISTED" | "BAG-MANIFEST-UNLISTED" => "holds a file that not every manifest lists",
        "BAG-OXUM-DIFFERS" => "does not hold as many files and bytes as it says",
        "BAG-NO-SHA256" => "has no manifest-sha256.txt",
        "SIGNATURE-MISSING" => "is not signed",
        "SIGNATURE-FOREIGN" => "is signed with another certificate than this agent's",
        "SIGNATURE-CHANGED" => "was changed after it was signed",
        "SIGNATURE-EXPIRED" => "is signed with a certificate that has expired",
        "SIGNATURE-REVOKED" => "is signed with a certificate that was revoked",
        "CAPTURES-MISSING" => "has no captures.csv",
        "CAPTURES-UNREADABLE" => "has a captures.csv that can't be read",
        "PACKAGE-UNSAFE-NAME" => "holds a file name that leads out of it",
        "PACKAGE-SPECIAL-FILE" => "holds a link or a device",
        "PACKAGE-TOO-LARGE" => "is larger than the school takes",
        code if code.starts_with("SIGNATURE-") => "has a signature that can't be read",
        code if code.starts_with("BAG-") => "is not a valid bag",
        _ => "can't be unpacked",
    }
}
