//! The vendor's agent, as a process of its own, with its folder of keys.

use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use anyhow::{Context, Result};
use api::Role;
use api::ids::{CampaignId, DeliveryId};
use api::vendor::{Enrolment, VendorDelivery};
use demo::{Agent, said};
use fs_err as fs;
use serde_json::Value;

use crate::{Appliance, Captures, program};

/// One vendor's agent.
#[derive(Debug, Clone)]
pub struct Vendor {
    folder: PathBuf,
    agent: Agent,
    enrolment: Enrolment,
}

impl Vendor {
    /// Enrols an agent whose folder lies beside the appliance's data, and registers it.
    ///
    /// # Errors
    ///
    /// When agent or appliance refuse.
    pub fn enrol(appliance: &Appliance) -> Result<Self> {
        let agent = beside(appliance)?;
        let enrolment = agent.enrol(&appliance.enter(Role::It)?)?;
        let vendor = Self { folder: appliance.folder().to_owned(), agent, enrolment };
        vendor.connect()?;
        Ok(vendor)
    }

    /// The same vendor beside a copy of its appliance.
    ///
    /// # Errors
    ///
    /// When the copied agent can't be told the copy's address.
    pub fn of_copy(&self, copy: &Appliance) -> Result<Self> {
        let enrolment = Enrolment { address: copy.vendor_address(), ..self.enrolment.clone() };
        let vendor = Self { folder: copy.folder().to_owned(), agent: beside(copy)?, enrolment };
        vendor.connect()?;
        Ok(vendor)
    }

    /// The same agent, speaking to another school's appliance with the certificate of its own school.
    ///
    /// # Errors
    ///
    /// When the agent can't be told.
    pub fn astray(&self, other: &Appliance) -> Result<Self> {
        let ca = fs::read_to_string(other.data().join("keys/vendor-ca.pem"))?;
        let file = self.agent.home().join("enrolment.json");
        let told = Enrolment { address: other.vendor_address(), ca, ..self.enrolment.clone() };
        // The agent itself would not take such an enrolment: a certificate must be by the authority beside it.
        fs::write(file, serde_json::to_vec(&told)?)?;
        Ok(Self { enrolment: told, ..self.clone() })
    }

    fn connect(&self) -> Result<()> {
        self.agent.connect(&self.enrolment, &self.folder.join("told.json"))
    }

    /// Its registration.
    #[must_use]
    pub fn registration(&self) -> &api::vendor::Vendor {
        &self.enrolment.vendor
    }

    /// Packs captures. Returns the parcel.
    ///
    /// # Errors
    ///
    /// When the agent refuses.
    pub fn pack(&self, captures: &Captures, campaign: CampaignId, name: &str) -> Result<PathBuf> {
        let (folder, parcel) = (self.folder.join(format!("{name}-captures")), self.folder.join(name));
        captures.write(&folder)?;
        let (campaign, out) = (campaign.to_string(), parcel.to_string_lossy());
        self.agent.run(&["pack", &folder.to_string_lossy(), "--out", &out, "--campaign", &campaign])?;
        Ok(parcel)
    }

    /// Delivers a parcel and waits until it has arrived.
    ///
    /// # Errors
    ///
    /// When the agent gives up; the error is what it says.
    pub fn deliver(&self, parcel: &Path, campaign: CampaignId) -> Result<DeliveryId> {
        delivered(self.start_delivering(parcel, campaign)?.wait_with_output()?)
    }

    /// Begins to deliver a parcel.
    ///
    /// # Errors
    ///
    /// When the agent can't be started.
    pub fn start_delivering(&self, parcel: &Path, campaign: CampaignId) -> Result<Child> {
        let campaign = campaign.to_string();
        let words =
            ["deliver", &parcel.to_string_lossy(), "--campaign", &campaign, "--json", "--patience", "60"];
        let mut command = self.agent.command(&words);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// What the vendor is told of a delivery.
    ///
    /// # Errors
    ///
    /// When the agent refuses.
    pub fn status(&self, delivery: DeliveryId) -> Result<VendorDelivery> {
        self.agent.ask(&["status", &delivery.to_string()])
    }

    /// Runs one of the agent's commands.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn run(&self, words: &[&str]) -> Result<Output> {
        Ok(self.agent.command(words).stdin(Stdio::null()).output()?)
    }
}

/// The delivery that an agent says has arrived.
///
/// # Errors
///
/// What it says instead.
pub fn delivered(output: Output) -> Result<DeliveryId> {
    let told: Value = serde_json::from_str(&said(output)?)?;
    let id = told.get("delivery").and_then(Value::as_str).context("the agent names no delivery")?;
    Ok(id.parse()?)
}

/// The agent whose keys lie beside an appliance's data.
fn beside(appliance: &Appliance) -> Result<Agent> {
    Ok(Agent::new(program("xuecang-agent")?, appliance.folder().join("agent")))
}
