//! `xuecang export`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use api::Right;
use api::ids::{CampaignId, PersonId};
use service::Actor;
use service::export::{self, Exported, Wanted, Whom};

use super::{bar::Bar, place::Place, stop::Stop};

/// Writes dossiers out as one bag that anybody can read and check without this program: photos, diplomas, every version,
/// a page for the browser, a table and a script that verifies it.
///
/// Everybody's, unless a campaign, a class, a year of entry or people are named. Ends with 1 if a damaged dossier had to
/// be left out. Ctrl-C leaves nothing behind.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// The folder that will be the bag: empty or not there yet
    #[arg(long)]
    to: PathBuf,

    /// What the copies are for; kept in the use register of every dossier
    #[arg(long)]
    purpose: String,

    /// Who approved that they leave
    #[arg(long)]
    approved_by: String,

    #[command(flatten)]
    whom: Chosen,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Chosen {
    /// Only those on this campaign's roster, as `campaign_…`
    #[arg(long)]
    campaign: Option<CampaignId>,

    /// Only this class
    #[arg(long)]
    class: Option<String>,

    /// Only those who entered in this year
    #[arg(long)]
    year: Option<i16>,

    /// Only this person, as `person_…`; may be repeated
    #[arg(long)]
    person: Vec<PersonId>,
}

impl From<Chosen> for Whom {
    fn from(chosen: Chosen) -> Self {
        let Chosen { campaign, class, year, person } = chosen;
        match (campaign, class, year) {
            (Some(campaign), ..) => Self::Campaign(campaign),
            (_, Some(class), _) => Self::Class(class),
            (_, _, Some(year)) => Self::Year(year),
            _ if person.is_empty() => Self::All,
            _ => Self::People(person),
        }
    }
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    let office = args.place.open()?;
    let wanted = Wanted {
        to: std::path::absolute(args.to)?,
        whom: args.whom.into(),
        purpose: args.purpose,
        approved_by: args.approved_by,
    };
    let (stop, bar) = (Stop::listen()?, Bar::new());
    let exported = export::export(&office, &sender(), &wanted, &mut |done, total| {
        bar.show("writing", done, total);
        !stop.asked()
    });
    bar.end();
    let exported = exported?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&told(&exported))?);
    } else {
        print(&exported);
    }
    Ok(if exported.content.left_out.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Whoever works at the machine's console, with the right to read what leaves by an approved export.
fn sender() -> Actor {
    let mut actor = Actor::console();
    actor.rights.extend([Right::ReadDossier, Right::RevealNumbers]);
    actor
}

fn print(exported: &Exported) {
    let Exported { to, content, .. } = exported;
    println!(
        "{} dossiers, {} files, {} bytes in {}.",
        content.dossiers,
        content.files,
        content.bytes,
        to.display()
    );
    println!("Seal, also in the ledger: {}", content.seal);
    println!("Anybody checks it with: python3 {} verify", to.join("data/verify.py").display());
    for object in &content.left_out {
        println!("{object} is damaged and was left out; run `xuecang archive check`.");
    }
}

fn told(exported: &Exported) -> serde_json::Value {
    let Exported { id, to, content } = exported;
    let left_out: Vec<String> = content.left_out.iter().map(ToString::to_string).collect();
    serde_json::json!({
        "id": id.urn().to_string(), "to": to, "objects": content.objects, "dossiers": content.dossiers,
        "files": content.files, "bytes": content.bytes, "left_out": left_out, "seal": content.seal,
    })
}
