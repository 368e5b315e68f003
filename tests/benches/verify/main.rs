//! The engine that compares faces: how long it takes beside OpenCV and faiss, and how well it tells people apart.
//!
//! Nothing is asserted of how long anything takes; what is asserted is that each did its work.

mod batch;
mod crowd;
mod deform;
mod findings;
mod found;
mod gallery;
mod pairs;
mod peer;
mod photo;
mod soak;
mod splits;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use models::Installed;
use tests::table::Table;
use verify::Engine;

/// Measures the engine.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured; everything if nothing is named
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,

    /// The folder of LFW's development split; without it the pictures are drawn and nothing is said of accuracy
    #[arg(long, env = "XUECANG_FACES")]
    faces: Option<PathBuf>,

    /// How many photos the batch has
    #[arg(long, default_value_t = 10_000)]
    photos: usize,

    /// How many people's photos the findings are tried on
    #[arg(long, default_value_t = 400)]
    findings_photos: usize,

    /// Keeps the pictures that the findings are tried on in this folder, to be looked at
    #[arg(long)]
    pictures: Option<PathBuf>,

    /// How many templates the gallery holds
    #[arg(long, default_value_t = 1_000_000)]
    templates: usize,

    /// How many verifications the soak makes
    #[arg(long, default_value_t = 100_000)]
    verifications: u64,

    /// How many runs the medians are of
    #[arg(long, default_value_t = 7)]
    runs: usize,

    /// Prints one line of JSON for each line of the table
    #[arg(long)]
    json: bool,

    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One photo to its template, and two photos to a verdict
    Photo,
    /// Many photos with findings and templates, twice
    Batch,
    /// One face among very many
    Gallery,
    /// Portraits at ten scales and turned four ways
    Found,
    /// How well each finding of the photo standard tells kept from broken
    Findings,
    /// The LFW protocol and all pairs of different people
    Pairs,
    /// Whether thresholds keep their promise on people they have not seen
    Splits,
    /// Memory over very many verifications
    Soak,
}

impl Args {
    fn faces(&self) -> Option<&Path> {
        if self.faces.is_none() {
            eprintln!("no folder of faces was given (--faces): left out");
        }
        self.faces.as_deref()
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let installed = installed()?;
    let mut table = Table::default();
    if wanted(Part::Gallery) {
        gallery::measure(&args, &mut table)?;
    }
    let one = Engine::open(&installed, 1)?;
    if wanted(Part::Photo) {
        photo::measure(&args, &one, &installed, &mut table)?;
        photo::verdicts(&one, None, &mut table)?;
    }
    if wanted(Part::Soak) {
        soak::measure(&args, &one, &mut table)?;
    }
    drop(one);
    let all = Engine::open(&installed, std::thread::available_parallelism()?.get())?;
    if wanted(Part::Photo) {
        photo::verdicts(&all, Some((40.0, 80.0)), &mut table)?;
    }
    if wanted(Part::Found) {
        found::measure(&all, &mut table)?;
    }
    if wanted(Part::Batch) {
        batch::measure(&args, &all, &mut table)?;
    }
    if wanted(Part::Findings) {
        findings::measure(&args, &all, &installed)?;
    }
    if (wanted(Part::Pairs) || wanted(Part::Splits))
        && let Some(folder) = args.faces()
    {
        let crowd = crowd::Crowd::read(folder, &all)?;
        if wanted(Part::Pairs) {
            pairs::measure(&crowd, folder, (&installed, all.model()), &mut table)?;
        }
        if wanted(Part::Splits) {
            splits::measure(&crowd, &mut table)?;
        }
    }
    table.print(args.json)
}

/// The models that `cargo xtask setup` prepared.
fn installed() -> Result<Installed> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("no target folder")?;
    let place = std::env::var_os("XUECANG_MODELS").map_or_else(|| target.join("models"), PathBuf::from);
    Installed::open(&place).context("there are no models; run `cargo xtask setup`")
}
