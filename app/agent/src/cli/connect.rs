//! `xuecang-agent connect`

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use api::vendor::Enrolment;

use super::Agent;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file with the school's answer; `-` reads it from standard input
    enrolment: PathBuf,

    /// Another address of the school's vendors' port than the answer names
    #[arg(long)]
    address: Option<String>,
}

pub(super) fn run(agent: &Agent, args: Args) -> Result<()> {
    let mut text = String::new();
    if args.enrolment.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = fs_err::read_to_string(&args.enrolment)?;
    }
    let mut enrolment: Enrolment = serde_json::from_str(&text).context("this is not a school's answer")?;
    if let Some(address) = args.address {
        enrolment.address = address;
    }
    agent.home.connect(&enrolment)?;
    agent.print(&enrolment.vendor, |vendor| {
        format!("Connected to {} as {}, until {}.", enrolment.address, vendor.name, vendor.expires)
    })
}
