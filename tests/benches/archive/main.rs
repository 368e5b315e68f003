//! How long the archive takes to keep, to judge, to make anew and to open, beside peers that do the same in the same run.
//!
//! Everything lies below cargo's target folder, on one file system for ours and theirs. Nothing is asserted of how long
//! anything takes; what is asserted is that each did its work.

mod bags;
mod dossiers;
mod judged;
mod keep;
mod patrol;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use fs_err as fs;

use tests::table::Table;

/// Measures the archive.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured; everything if nothing is named
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,

    /// How many people's photos are kept
    #[arg(long, default_value_t = 4000)]
    people: usize,

    /// How large a photo is, in KiB
    #[arg(long, default_value_t = 30)]
    photo: usize,

    /// How large an original is, in KiB
    #[arg(long, default_value_t = 2048)]
    original: usize,

    /// How many people's versions go into one batch
    #[arg(long, default_value_t = 1000)]
    batch: usize,

    /// How many people rocfl keeps; it is asked once
    #[arg(long, default_value_t = 400)]
    rocfl: usize,

    /// How many files a bag holds
    #[arg(long, default_value_t = 4000)]
    files: usize,

    /// How many dossiers an archive holds that is made anew and opened
    #[arg(long, default_value_t = 100_000)]
    dossiers: usize,

    /// How many runs the medians are of
    #[arg(long, default_value_t = 3)]
    runs: usize,

    /// Prints one line of JSON for each line of the table
    #[arg(long)]
    json: bool,

    /// Where everything is written [default: cargo's target folder]
    #[arg(long)]
    folder: Option<PathBuf>,

    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Photos kept durably
    Keep,
    /// A bag judged
    Bags,
    /// Every byte read again
    Patrol,
    /// The catalog made anew, the server opened
    Dossiers,
    /// As many dossiers judged by validators of others
    Judged,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let folder = Folder::make(folder.join("bench-archive"))?;
    let mut table = Table::default();
    if wanted(Part::Keep) {
        keep::measure(&args, folder.path(), &mut table)?;
    }
    if wanted(Part::Patrol) {
        patrol::measure(&args, folder.path(), &mut table)?;
    }
    if wanted(Part::Bags) {
        bags::measure(&args, folder.path(), &mut table)?;
    }
    if wanted(Part::Dossiers) {
        dossiers::measure(&args, folder.path(), &mut table)?;
    }
    if wanted(Part::Judged) {
        judged::measure(&args, folder.path())?;
    }
    table.print(args.json)
}

/// A folder that is empty at the beginning and gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn make(path: PathBuf) -> Result<Self> {
        let folder = Self(path);
        if folder.path().exists() {
            fs::remove_dir_all(folder.path())?;
        }
        fs::create_dir_all(folder.path())?;
        Ok(folder)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next run.
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
