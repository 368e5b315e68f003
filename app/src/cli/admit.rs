//! `xuecang archive admit`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use api::Right;
use archive::dossier::Fate;
use archive::export::{Admitted, Refused};
use service::{Actor, export};

use super::{bar::Bar, place::Place, stop::Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// The bag that `xuecang export` wrote
    dir: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let (_alone, office) = args.place.open_alone()?;
    service::dossier::recover(&office)?;
    let (stop, bar) = (Stop::listen()?, Bar::new());
    let admitted = export::admit(&office, &receiver(), &args.dir, &mut |step, done, total| {
        bar.show(step, done, total);
        !stop.asked()
    });
    bar.end();
    let admitted = admitted?;
    service::index::catch_up(&office)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&told(&admitted))?);
    } else {
        for refused in &admitted.refused {
            println!("{}: {}", refused.object, why(refused).1);
        }
        println!(
            "{} objects taken in, {} were here already, {} refused.",
            admitted.taken,
            admitted.held,
            admitted.refused.len()
        );
    }
    Ok(if admitted.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Whoever works at the machine's console, with the right to import.
fn receiver() -> Actor {
    let mut actor = Actor::console();
    actor.rights.insert(Right::Import);
    actor
}

/// A word and a sentence about what was not taken in.
fn why(refused: &Refused) -> (&'static str, String) {
    match &refused.fate {
        Fate::Taken => ("taken", "taken in".to_owned()),
        Fate::Held => ("held", "here already".to_owned()),
        Fate::Differs { head } => {
            ("differs", format!("the archive holds another state of it, version {head}; nothing was changed"))
        }
        Fate::Damaged => {
            ("damaged", "what the archive holds of it is damaged; run `xuecang archive check`".to_owned())
        }
        Fate::NotValid(fault) => ("not-valid", format!("not a whole OCFL object: {fault}")),
        Fate::Unfit => {
            ("unfit", "not a record of this archive's kind, or at odds with one that is here".to_owned())
        }
    }
}

fn told(admitted: &Admitted) -> serde_json::Value {
    let refused = admitted.refused.iter().map(|refused| {
        let (code, text) = why(refused);
        serde_json::json!({"object": refused.object, "code": code, "text": text})
    });
    serde_json::json!({
        "taken": admitted.taken, "held": admitted.held, "refused": refused.collect::<Vec<_>>(),
    })
}
