//! The full run: its arguments, and what it prints.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;

use crate::Point;
use crate::bench::{self, Which};
use crate::point::{Blow, Wanted};

/// Strikes the archive.
#[derive(Debug, Parser)]
struct Args {
    /// How many faults
    #[arg(long, default_value_t = 2000)]
    faults: usize,

    /// How many power cuts
    #[arg(long, default_value_t = 1000)]
    cuts: usize,

    /// How many power cuts of each operation where syncs are without effect
    #[arg(long, default_value_t = 40)]
    controls: usize,

    /// What the points follow from
    #[arg(long, default_value_t = 2026)]
    seed: u64,

    /// How many are done at once
    #[arg(long, default_value_t = 2)]
    workers: usize,

    /// These points only, as they are named where they failed: accept/eio/37
    #[arg(long, num_args = 1..)]
    only: Vec<Point>,

    /// Says of each point what came of it
    #[arg(long)]
    verbose: bool,

    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// The full run's main function. `driver` is the program that is traced.
///
/// # Errors
///
/// What failed, or that failing would not have been seen.
pub fn main(driver: &Path) -> Result<()> {
    let args = Args::parse();
    let which = match args.only.as_slice() {
        [] => Which::Wanted(Wanted {
            seed: args.seed,
            faults: args.faults,
            cuts: args.cuts,
            controls: args.controls,
        }),
        only => Which::Only(only.to_vec()),
    };
    let began = Instant::now();
    let verbose = args.verbose || !args.only.is_empty();
    let table = bench::run(driver, args.workers, &which, &|report| match &report.outcome {
        // A control is to fail: the table says how often.
        Err(_) if !verbose && matches!(report.point.blow, Blow::Control(_)) => {}
        Err(failure) => {
            println!("{} at {}: {failure}", report.point, report.moment);
        }
        Ok(recovered) if verbose => println!(
            "{} at {}: {:?} in {} ms, told: {:?}",
            report.point,
            report.moment,
            recovered.seen,
            recovered.took.as_millis(),
            report.told
        ),
        Ok(_) => {}
    })?;
    println!("{table}");
    println!("Seed {}, {} s.", args.seed, began.elapsed().as_secs());
    table.verdict()
}
