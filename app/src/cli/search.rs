//! `xuecang search`

use std::process::ExitCode;

use anyhow::Result;
use api::Right;
use api::ids::DeliveryId;
use api::search::SearchQuery;
use service::{Actor, search};

use super::place::Place;

/// Finds people, numbers masked, as the interface shows them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// The words; all of them must be found
    words: Vec<String>,

    /// Only this college
    #[arg(long)]
    college: Option<String>,

    /// Only this class
    #[arg(long)]
    class: Option<String>,

    /// Only this year of entry
    #[arg(long)]
    year: Option<u16>,

    /// Only people of whom this delivery brought a photo, `delivery_…`
    #[arg(long)]
    delivery: Option<DeliveryId>,

    /// How many to return, at most 200
    #[arg(long, default_value_t = 50)]
    limit: u32,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    let office = args.place.open()?;
    let mut actor = Actor::console();
    actor.rights.insert(Right::Search);
    let query = SearchQuery {
        q: args.words.join(" "),
        college: args.college,
        class: args.class,
        year: args.year,
        delivery: args.delivery,
        limit: args.limit,
        ..SearchQuery::default()
    };
    let found = search::find(&office, &actor, &query)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        for hit in &found.exact {
            println!(
                "{}\t{}\t{}\t{}\t{}",
                hit.person, hit.name, hit.student_number, hit.class, hit.photo_state
            );
        }
        for hit in &found.pinyin {
            println!(
                "~{}\t{}\t{}\t{}\t{}",
                hit.person, hit.name, hit.student_number, hit.class, hit.photo_state
            );
        }
        eprintln!("{} found, {} sound alike; {} µs.", found.total, found.pinyin.len(), found.took_us);
    }
    Ok(if found.total == 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
