//! The search among a million students: whether it finds everybody and nobody else, and how long it takes to answer while
//! changes come in. Beside it, SQLite's full-text index of three-character pieces is asked the same questions.
//!
//! What must be found is what reading everybody finds. Times are counted from the moment a question was due, so that a
//! question which waits for another one is not quicker for it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use archive::person::fold;
use archive::search::{Change, Index, Mode, PersonDoc, Query};
use bag::crew;
use clap::Parser;
use demo::school::{Student, students};
use fs_err as fs;
use ids::PersonId;
use memchr::memmem;
use rusqlite::Connection;

/// Measures the search among very many.
#[derive(Debug, Parser)]
struct Args {
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

/// How many hits a page holds at most; larger answers are compared by their number.
const PAGE: usize = 500;

fn main() -> Result<()> {
    let args = Args::parse();
    let people = made_up(args.people, args.texts)?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-multitude");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let index = Index::create(&folder.join("index"))?;
    let begun = Instant::now();
    let mut position = 0;
    for chunk in people.chunks(CHUNK) {
        position += 1;
        index.apply(chunk.iter().map(upsert), position)?;
    }
    println!("{} people, {} texts indexed in {:.1?}", people.len(), args.texts, begun.elapsed());

    let reader = Reader::new(&people);
    let questions = questions(&reader, args.questions);
    golden(&index, &people, &reader, &questions)?;
    paced(&args, &index, &people, &questions, position)?;
    sqlite(&folder.join("fts.db"), &reader, &questions)?;
    drop(index);
    Ok(fs::remove_dir_all(folder)?)
}

/// Students of twenty years, and what stands on the diplomas of some of them.
fn made_up(count: usize, texts: usize) -> Result<Vec<PersonDoc>> {
    let year = count.div_ceil(20).max(1);
    let mut all = Vec::with_capacity(count);
    let mut entry = 2023_u16;
    while all.len() < count {
        let students = students(year.min(count - all.len()), entry, 7);
        let first = all.len();
        all.extend(students.iter().enumerate().map(|(n, student)| doc(student, first + n < texts)));
        entry = entry.checked_sub(1).context("so many people never studied")?;
    }
    Ok(all)
}

fn doc(student: &Student, with_text: bool) -> PersonDoc {
    let mut doc = PersonDoc {
        student_number: Some(student.student_number.clone()),
        candidate_number: Some(student.candidate_number.clone()),
        class: Some(student.class.clone()),
        major: Some(student.major.to_owned()),
        college: Some(student.college.to_owned()),
        year: i16::try_from(student.entry + 3).ok(),
        certificate_numbers: student.certificate.iter().cloned().collect(),
        ..PersonDoc::new(PersonId::new(), student.name.clone())
    };
    if with_text {
        doc.diploma_text = format!(
            "学生{}，性别{}，于{}年九月至{}年七月在本校{}专业三年制专科学习，修完教学计划规定的全部课程，成绩合格，准予毕业。",
            student.name,
            student.sex,
            student.entry,
            student.entry + 3,
            student.major
        );
    }
    doc
}

fn upsert(doc: &PersonDoc) -> Change {
    Change::Upsert(Box::new(doc.clone()))
}

fn exact(text: &str, limit: usize) -> Query {
    Query { mode: Mode::Exact, limit, ..Query::new(text) }
}

/// Every searchable value of everybody, one after the other in one text: a line for each value, an empty one after each
/// person.
struct Reader {
    text: String,
    /// Where each person's values begin.
    begins: Vec<usize>,
}

impl Reader {
    fn new(people: &[PersonDoc]) -> Self {
        let mut reader = Self { text: String::new(), begins: Vec::with_capacity(people.len()) };
        for doc in people {
            reader.begins.push(reader.text.len());
            let name = fold(&doc.name).as_str().to_owned();
            let rest = [&doc.student_number, &doc.candidate_number, &doc.class, &doc.major, &doc.college];
            let rest = rest.into_iter().flatten().chain(&doc.certificate_numbers).chain([&doc.diploma_text]);
            let rest = rest.map(|value| fold(value).as_str().to_owned());
            let values =
                [name.replace('·', ""), name].into_iter().chain(doc.year.map(|year| year.to_string()));
            for value in values.chain(rest).filter(|value| !value.is_empty()) {
                reader.text.push_str(&value);
                reader.text.push('\n');
            }
            reader.text.push('\n');
        }
        reader
    }

    fn values(&self, person: usize) -> Vec<&str> {
        let begin = |person| self.begins.get(person).copied().unwrap_or(self.text.len());
        let text = self.text.get(begin(person)..begin(person + 1)).unwrap_or_default();
        text.lines().filter(|value| !value.is_empty()).collect()
    }

    /// Everybody who has every word of a question in some value, in order.
    fn find(&self, question: &str) -> Vec<usize> {
        let mut words = question.split_whitespace().map(|word| self.find_word(fold(word).as_str()));
        let mut found = words.next().unwrap_or_default();
        for more in words {
            found.retain(|person| more.binary_search(person).is_ok());
        }
        found
    }

    /// Reads on from the next person after each one found: no person is looked at twice.
    fn find_word(&self, word: &str) -> Vec<usize> {
        let finder = memmem::Finder::new(word);
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(at) = self.text.as_bytes().get(from..).and_then(|text| finder.find(text)) {
            let next = self.next_person(found.last().map_or(0, |person| person + 1), from + at);
            found.push(next - 1);
            from = self.begins.get(next).copied().unwrap_or(self.text.len());
        }
        found
    }

    /// The first person after `at`, of whom `least` is known to be none but perhaps the one `at` is in. Hits lie close
    /// together or far apart: the stride doubles.
    fn next_person(&self, least: usize, at: usize) -> usize {
        let begins = self.begins.get(least..).unwrap_or_default();
        let mut stride = 1;
        while begins.get(stride).is_some_and(|begin| *begin <= at) {
            stride *= 2;
        }
        least
            + begins.get(..stride.min(begins.len())).unwrap_or_default().partition_point(|begin| *begin <= at)
    }
}

/// Parts of made-up people's values, now and then of two values, now and then with a slip in them.
fn questions(reader: &Reader, count: usize) -> Vec<String> {
    let mut dice = Dice(11);
    let mut word = |person: usize| {
        let values = reader.values(person);
        let value = values.get(dice.below(values.len())).copied().unwrap_or_default();
        let value: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
        let length = 2 + dice.below(value.len().saturating_sub(1).max(1)).min(16);
        let from = dice.below(value.len().saturating_sub(length).max(1));
        let mut word: String = value.iter().skip(from).take(length).collect();
        if dice.below(12) == 0 {
            word.push('7');
        }
        (word, dice.below(3) == 0, dice.below(reader.begins.len()))
    };
    let mut person = 0;
    let questions = (0..count).map(|_| {
        let (mut text, two, next) = word(person);
        if two {
            text = format!("{text} {}", word(person).0);
        }
        person = next;
        text
    });
    questions.collect()
}

/// Numbers that look thrown and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap_or_default()
    }
}

/// Every question finds everybody it should and nobody else.
fn golden(index: &Index, people: &[PersonDoc], reader: &Reader, questions: &[String]) -> Result<()> {
    let (whole, empty) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    crew::in_order(crew::cores(), questions, |question| -> Result<()> {
        let wanted = reader.find(question);
        let found = index.search(&exact(question, PAGE))?;
        ensure!(
            found.total == wanted.len(),
            "{question}: {} were found, {} should be",
            found.total,
            wanted.len()
        );
        if wanted.len() <= PAGE {
            let nobody = wanted.is_empty();
            let wanted: BTreeSet<PersonId> =
                wanted.into_iter().filter_map(|person| people.get(person)).map(|doc| doc.person).collect();
            let found: BTreeSet<PersonId> = found.exact.iter().map(|hit| hit.person).collect();
            ensure!(found == wanted, "{question}: others were found than should be");
            whole.fetch_add(1, Ordering::Relaxed);
            empty.fetch_add(usize::from(nobody), Ordering::Relaxed);
        }
        Ok(())
    })?;
    println!(
        "{} questions found exactly whom reading everybody finds: {} by name ({} of them nobody), the others by number; {:.1?}",
        questions.len(),
        whole.into_inner(),
        empty.into_inner(),
        begun.elapsed()
    );
    Ok(())
}

/// Asks at a steady pace while people change.
fn paced(args: &Args, index: &Index, people: &[PersonDoc], questions: &[String], from: u64) -> Result<()> {
    let stop = AtomicBool::new(false);
    let (times, commits) = thread::scope(|scope| {
        let changes = scope.spawn(|| -> Result<u64> {
            let mut position = from;
            for chunk in people.chunks(args.changes.max(1)).cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                position += 1;
                index.apply(chunk.iter().map(upsert), position)?;
            }
            Ok(position - from)
        });
        let asked = ask(args, index, questions);
        stop.store(true, Ordering::Relaxed);
        let commits = changes.join().map_err(|_| anyhow::anyhow!("the changes panicked"))??;
        asked.map(|times| (times, commits))
    })?;
    println!(
        "{} questions, {} a second, while {commits} times {} people changed: {}; to reach: p50 <= 1 ms, p99 <= 20 ms",
        times.len(),
        args.rate,
        args.changes,
        spread(times)?
    );
    let times = questions.iter().take(1000).map(|question| -> Result<Duration> {
        let begun = Instant::now();
        std::hint::black_box(index.search(&exact(question, 20))?);
        Ok(begun.elapsed())
    });
    println!("1000 questions one after the other, no changes: {}", spread(times.collect::<Result<_>>()?)?);
    Ok(())
}

fn ask(args: &Args, index: &Index, questions: &[String]) -> Result<Vec<Duration>> {
    let pace = Duration::from_secs(1) / args.rate.max(1);
    let begun = Instant::now();
    let count = args.rate * args.seconds;
    let times = (0..count).zip(questions.iter().cycle()).map(|(number, question)| {
        let due = begun + pace * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        std::hint::black_box(index.search(&exact(question, 20))?);
        Ok(due.elapsed())
    });
    times.collect()
}

fn spread(mut times: Vec<Duration>) -> Result<String> {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let (p50, p99) = at(50).zip(at(99)).context("nothing was asked")?;
    Ok(format!("p50 {p50:.2?}, p99 {p99:.2?}"))
}

/// The same questions to SQLite, those it can answer: it knows no words of fewer than three characters.
fn sqlite(file: &Path, reader: &Reader, questions: &[String]) -> Result<()> {
    let mut conn = Connection::open(file)?;
    let begun = Instant::now();
    conn.execute_batch("CREATE VIRTUAL TABLE person USING fts5(text, tokenize = 'trigram')")?;
    let tx = conn.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO person (rowid, text) VALUES (?1, ?2)")?;
        for person in 0..reader.begins.len() {
            insert.execute((i64::try_from(person)?, reader.values(person).join("\n")))?;
        }
    }
    tx.commit()?;
    println!("SQLite FTS5 (trigram) filled in {:.1?}", begun.elapsed());
    let long =
        |question: &&String| question.split_whitespace().all(|word| fold(word).as_str().chars().count() >= 3);
    let mut select = conn.prepare("SELECT count(*) FROM person WHERE person MATCH ?1")?;
    let times = questions.iter().filter(long).take(1000).map(|question| -> Result<Duration> {
        let words: Vec<String> =
            question.split_whitespace().map(|word| format!("\"{}\"", fold(word).as_str())).collect();
        let begun = Instant::now();
        let found: i64 = select.query_row([words.join(" AND ")], |row| row.get(0))?;
        let took = begun.elapsed();
        ensure!(usize::try_from(found)? == reader.find(question).len(), "{question}: SQLite found {found}");
        Ok(took)
    });
    let times = times.collect::<Result<Vec<_>>>()?;
    println!("{} of these questions to SQLite, no changes, counted only: {}", times.len(), spread(times)?);
    Ok(())
}
