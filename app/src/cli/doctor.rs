//! `xuecang doctor`

use std::process::ExitCode;

use anyhow::Result;
use service::{Actor, doctor};

use super::place::Place;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Ends with 1 when something must be mended before anything else.
pub(super) fn run(args: Args) -> Result<ExitCode> {
    let office = args.place.open()?;
    let found = doctor::examine(&office, &Actor::console())?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        for finding in &found.findings {
            println!("{:9}  {}  {}", finding.level, finding.code, finding.text);
            if !finding.mend.is_empty() {
                println!("           {}", finding.mend);
            }
        }
    }
    let stop = found.findings.iter().any(|finding| finding.level == "stop");
    Ok(if stop { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
