//! How long the search takes to answer, beside reading everybody.
//!
//! Both are asked the same questions about the same made-up people, and must find equally many. The reader has every
//! searchable value in memory, folded beforehand: no reading is quicker.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use archive::person::fold;
use archive::search::{Change, Index, Mode, PersonDoc, Query};
use clap::Parser;
use demo::school::{Student, students};
use ids::PersonId;
use tests::measure::{beside, median};

/// How many questions of a kind a run asks.
const QUESTIONS: usize = 100;

/// How many students enter in a year.
const YEAR: usize = 1000;

/// Measures the search.
#[derive(Debug, Parser)]
struct Args {
    /// Among how many people
    #[arg(long, default_value_t = 20_000)]
    people: usize,

    /// How many runs the medians are of
    #[arg(long, default_value_t = 5)]
    runs: usize,

    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// A kind of question, and how it is put about a student.
type Kind = (&'static str, fn(&Student) -> Option<String>);

const KINDS: [Kind; 6] = [
    ("whole name", |student| Some(student.name.clone())),
    ("whole 学号", |student| Some(student.student_number.clone())),
    ("8 digits of 学号", |student| student.student_number.get(..8).map(str::to_owned)),
    ("6 digits inside 考生号", |student| student.candidate_number.get(8..14).map(str::to_owned)),
    ("class", |student| Some(student.class.clone())),
    ("name and year", |student| Some(format!("{} {}", student.name, student.entry + 3))),
];

fn main() -> Result<()> {
    let args = Args::parse();
    let people = made_up(args.people)?;
    let folder = tempfile::tempdir()?;
    let index = Index::create(folder.path())?;
    let begun = Instant::now();
    // Several commits make several segments, as in an archive that grew.
    for (round, chunk) in people.chunks(people.len().div_ceil(4).max(1)).enumerate() {
        let docs = chunk.iter().map(|student| Change::Upsert(Box::new(doc(student))));
        index.apply(docs, u64::try_from(round)? + 1)?;
    }
    println!("{} people indexed in {:.1?}", people.len(), begun.elapsed());
    let reader = Reader::new(&people);
    for (what, question) in KINDS {
        let step = (people.len() / QUESTIONS).max(1);
        let texts: Option<Vec<String>> = people.iter().step_by(step).take(QUESTIONS).map(question).collect();
        let texts = texts.context("a student has no such number")?;
        for text in &texts {
            let (found, read) = (index.search(&exact(text))?.total, reader.count(text));
            ensure!(found == read && read > 0, "{what}: {found} were found, {read} were read");
        }
        let ours = || each(&texts, |text| Ok(index.search(&exact(text))?.total));
        beside(what, args.runs, ours, ("reading everybody", || each(&texts, |text| Ok(reader.count(text)))))?;
    }
    println!(
        "Each figure: one answer, the median of {QUESTIONS} questions, the median of {} runs.",
        args.runs
    );
    Ok(())
}

/// Students of as many years as it takes, the last of whom entered in 2023.
fn made_up(count: usize) -> Result<Vec<Student>> {
    let mut all = Vec::with_capacity(count);
    let mut entry = 2023;
    while all.len() < count {
        all.extend(students(YEAR.min(count - all.len()), entry, 7));
        entry = entry.checked_sub(1).context("so many people never studied")?;
    }
    Ok(all)
}

fn doc(student: &Student) -> PersonDoc {
    PersonDoc {
        student_number: Some(student.student_number.clone()),
        candidate_number: Some(student.candidate_number.clone()),
        class: Some(student.class.clone()),
        major: Some(student.major.to_owned()),
        college: Some(student.college.to_owned()),
        year: i16::try_from(student.entry + 3).ok(),
        certificate_numbers: student.certificate.iter().cloned().collect(),
        ..PersonDoc::new(PersonId::new(), student.name.clone())
    }
}

fn exact(text: &str) -> Query {
    Query { mode: Mode::Exact, ..Query::new(text) }
}

/// Asks every question once. Returns the median of what an answer took.
fn each(texts: &[String], mut ask: impl FnMut(&str) -> Result<usize>) -> Result<Duration> {
    let mut times = Vec::with_capacity(texts.len());
    for text in texts {
        let begun = Instant::now();
        std::hint::black_box(ask(text)?);
        times.push(begun.elapsed());
    }
    median(times)
}

/// Every searchable value of everybody.
struct Reader(Vec<Vec<String>>);

impl Reader {
    fn new(people: &[Student]) -> Self {
        let values = |student: &Student| {
            let name = fold(&student.name).as_str().to_owned();
            let year = (student.entry + 3).to_string();
            let rest = [&student.student_number, &student.candidate_number, &student.class];
            let rest = rest.into_iter().map(String::as_str).chain([student.major, student.college]);
            let rest = rest.chain(student.certificate.as_deref());
            let rest = rest.map(|text| fold(text).as_str().to_owned());
            [name.replace('·', ""), name, year].into_iter().chain(rest).collect()
        };
        Self(people.iter().map(values).collect())
    }

    /// How many people have every word of `text` in some value of theirs.
    fn count(&self, text: &str) -> usize {
        let words: Vec<String> = text.split_whitespace().map(|word| fold(word).as_str().to_owned()).collect();
        let hits =
            |values: &&Vec<String>| words.iter().all(|word| values.iter().any(|value| value.contains(word)));
        self.0.iter().filter(hits).count()
    }
}
