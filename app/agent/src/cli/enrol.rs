//! `xuecang-agent enrol`

use anyhow::Result;

use super::Agent;
use crate::home::HomeError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Prints again what was made before
    #[arg(long)]
    again: bool,
}

pub(super) fn run(agent: &Agent, args: Args) -> Result<()> {
    let request = match agent.home.enrol() {
        Err(HomeError::EnrolledBefore(_)) if args.again => agent.home.request()?,
        made => made?,
    };
    agent.print(&request, |request| {
        format!(
            "Give this to the school. The private keys stay in {}.\n\n{}\nAgent key:      {}\nSignatory's key: {}",
            agent.home.dir().display(),
            request.csr,
            request.agent_key,
            request.legal_key,
        )
    })
}
