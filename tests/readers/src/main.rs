//! Reads one file with one reader, in a process of its own, and says what became of it, what memory it took and how long.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;
use readers::{TARGETS, Verdict};

/// Reads one file with one reader.
#[derive(Debug, Parser)]
struct Cli {
    /// Prints the readers' names and nothing else
    #[arg(long, exclusive = true)]
    list: bool,
    /// The reader
    #[arg(required_unless_present = "list")]
    target: Option<String>,
    /// The file or folder
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.list {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    let (name, file) = (cli.target.unwrap_or_default(), cli.file.unwrap_or_default());
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        eprintln!("there is no reader {name}");
        return ExitCode::from(2);
    };
    let begun = Instant::now();
    let verdict = (target.read)(&file);
    let ms = begun.elapsed().as_millis();
    let (word, code, why) = match verdict {
        Verdict::Taken => ("taken", String::new(), String::new()),
        Verdict::InPart { code, why } => ("in part", code, why),
        Verdict::Refused { code, why } => ("refused", code, why),
    };
    let peak = peak().unwrap_or_default();
    let told = serde_json::json!({ "verdict": word, "code": code, "why": why, "peak_kib": peak, "ms": ms });
    println!("{told}");
    ExitCode::SUCCESS
}

/// The most memory this process ever held, KiB (proc(5), `VmHWM`).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
