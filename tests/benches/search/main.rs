//! The search among a million students: whether it finds everybody and nobody else, and how long it takes to answer while
//! changes come in. Beside it, SQLite's full-text index of three-character pieces is asked the same questions.
//!
//! What must be found is what reading everybody finds. Times are counted from the moment a question was due, so that a
//! question which waits for another one is not quicker for it.

mod fts;
mod golden;
mod kinds;
mod paced;
mod people;
mod questions;
mod reader;
mod served;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use archive::search::{Change, Index, Mode, PersonDoc, Query};
use clap::{Parser, ValueEnum};
use fs_err as fs;

use reader::Reader;

/// Measures the search among very many.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured; everything if nothing is named
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,

    /// Among how many people
    #[arg(long, default_value_t = 1_000_000)]
    people: usize,

    /// How many of them have a text of a diploma
    #[arg(long, default_value_t = 100_000)]
    texts: usize,

    /// How many questions must be answered exactly
    #[arg(long, default_value_t = 5000)]
    questions: usize,

    /// How many questions are asked in a second while changes come in
    #[arg(long, default_value_t = 50)]
    rate: u32,

    /// For how many seconds
    #[arg(long, default_value_t = 30)]
    seconds: u32,

    /// How many people change at once, again and again, meanwhile
    #[arg(long, default_value_t = 64)]
    changes: usize,

    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// People indexed in one commit at the beginning.
const CHUNK: usize = 50_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Whether everybody is found and nobody else
    Golden,
    /// One kind of question after the other, beside reading everybody
    Kinds,
    /// The index while people change
    Paced,
    /// SQLite's full-text index
    Fts,
    /// A server while people are imported
    Served,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let people = people::made_up(args.people, args.texts)?;
    let reader = Reader::new(&people);
    let questions = questions::questions(&reader, args.questions);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-search");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    if [Part::Golden, Part::Kinds, Part::Paced].into_iter().any(wanted) {
        let index = Index::create(&folder.join("index"))?;
        let begun = Instant::now();
        let mut position = 0;
        for chunk in people.chunks(CHUNK) {
            position += 1;
            index.apply(chunk.iter().map(upsert), position)?;
        }
        index.unite()?;
        println!("{} people, {} texts indexed in {:.1?}", people.len(), args.texts, begun.elapsed());
        if wanted(Part::Golden) {
            golden::golden(&index, &people, &reader, &questions)?;
        }
        if wanted(Part::Kinds) {
            kinds::kinds(&index, &people, &reader)?;
        }
        if wanted(Part::Paced) {
            paced::paced(&args, &index, &people, &questions, position)?;
        }
    }
    if wanted(Part::Fts) {
        fts::sqlite(&folder.join("fts.db"), &reader, &questions)?;
    }
    drop(reader);
    if wanted(Part::Served) {
        served::measure(&args, &folder.join("appliance"), &people, &questions)?;
    }
    Ok(fs::remove_dir_all(folder)?)
}

fn upsert(doc: &PersonDoc) -> Change {
    Change::Upsert(Box::new(doc.clone()))
}

fn exact(text: &str, limit: usize) -> Query {
    Query { mode: Mode::Exact, limit, ..Query::new(text) }
}

fn spread(mut times: Vec<Duration>) -> Result<String> {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let (p50, p99) = at(50).zip(at(99)).context("nothing was asked")?;
    let most = times.last().context("nothing was asked")?;
    Ok(format!("p50 {p50:.2?}, p99 {p99:.2?}, most {most:.2?}"))
}
