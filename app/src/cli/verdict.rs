//! What a judge found, printed: 0 valid, 1 not valid, 2 could not be judged.

use std::{path::Path, process::ExitCode};

use ::bag::{Report, Severity};
use anyhow::{Result, ensure};

/// The folder to judge.
#[derive(Debug, clap::Args)]
pub(super) struct Judged {
    /// The folder
    pub(super) dir: std::path::PathBuf,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Judges a folder and prints what was found.
pub(super) fn print(judged: &Judged, judge: impl FnOnce(&Path) -> Report) -> Result<ExitCode> {
    ensure!(judged.dir.is_dir(), "{} is not a folder", judged.dir.display());
    let report = judge(&judged.dir);
    if judged.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for finding in report.findings() {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            println!("{severity}  {}  {}  {}", finding.code, finding.path, finding.text);
        }
        println!("{}", if report.is_valid() { "valid" } else { "not valid" });
    }
    Ok(if report.is_valid() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
