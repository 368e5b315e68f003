//! `xuecang archive numbers`

use std::process::ExitCode;

use anyhow::Result;
use api::Right;
use api::diploma::Numbers;
use service::{Actor, numbers};

use super::place::Place;

/// Looks through every certificate number.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let office = args.place.open()?;
    let mut actor = Actor::console();
    actor.rights.insert(Right::Import);
    let found = numbers::list(&office, &actor)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        print(&found);
    }
    let faulty = found.missing > 0 || !found.duplicates.is_empty() || !found.malformed.is_empty();
    Ok(ExitCode::from(u8::from(faulty)))
}

fn print(found: &Numbers) {
    for series in &found.series {
        println!(
            "{}  {}–{}  {} numbers, {} missing",
            series.prefix, series.first, series.last, series.count, series.missing
        );
        for batch in series.batches.iter().filter(|_| series.batches.len() > 1) {
            let day = batch.graduated.map_or_else(|| "no date".to_owned(), |day| day.to_string());
            println!("  {day}  {}–{}  {} numbers", batch.first, batch.last, batch.count);
        }
        for gap in &series.gaps {
            match gap.count {
                1 => println!("  missing  {}", gap.from),
                count => println!("  missing  {}–{}  ({count})", gap.from, gap.to),
            }
        }
    }
    for duplicate in &found.duplicates {
        let people: Vec<String> = duplicate.people.iter().map(ToString::to_string).collect();
        println!("twice  {}  {}", duplicate.number, people.join(" "));
    }
    for malformed in &found.malformed {
        println!("no number  {}  {}  {}", malformed.number, malformed.code, malformed.person);
    }
    println!(
        "{} numbers, {} missing, {} there twice, {} that are none.",
        found.numbers,
        found.missing,
        found.duplicates.len(),
        found.malformed.len()
    );
}
