//! The index asked at a steady pace while people change.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use archive::search::{Index, PersonDoc};

use crate::{Args, exact, spread, upsert};

/// How many questions are asked without a pace.
const ALONE: usize = 5000;

/// How many ask beside each other, each waiting for its answer.
const ASKING: usize = 4;

/// How many of the slowest are named.
const NAMED: usize = 12;

/// Asks at a steady pace while people change.
pub(crate) fn paced(
    args: &Args,
    index: &Index,
    people: &[PersonDoc],
    questions: &[String],
    from: u64,
) -> Result<()> {
    one_by_one(index, questions, "united")?;
    let changes = |stop: &AtomicBool| -> Result<u64> {
        let mut position = from;
        for chunk in people.chunks(args.changes.max(1)).cycle() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            position += 1;
            index.apply(chunk.iter().map(upsert), position)?;
        }
        Ok(position - from)
    };
    let (times, commits) = ask_beside(changes, args, questions, |question| {
        std::hint::black_box(index.search(&exact(question, 20))?);
        Ok(())
    })?;
    println!(
        "{} questions, {} a second, while {commits} times {} people changed: {}",
        times.len(),
        args.rate,
        args.changes,
        spread(times)?
    );
    one_by_one(index, questions, "after all these changes")
}

/// Asks without a pace and without changes, and names the slowest questions.
fn one_by_one(index: &Index, questions: &[String], what: &str) -> Result<()> {
    let asked = questions.iter().take(ALONE).map(|question| -> Result<_> {
        let begun = Instant::now();
        let hits = index.search(&exact(question, 20))?.total;
        Ok((begun.elapsed(), hits, question))
    });
    let mut asked: Vec<_> = asked.collect::<Result<_>>()?;
    let times = asked.iter().map(|(took, _, _)| *took).collect();
    println!("{} questions one after the other, the index {what}: {}", asked.len(), spread(times)?);
    asked.sort_unstable_by(|one, other| other.cmp(one));
    for (took, hits, question) in asked.iter().take(NAMED) {
        println!("  {took:>9.1?} for {hits} hits: {question}");
    }
    Ok(())
}

/// Asks at the pace while something else goes on, until all is asked.
pub(crate) fn ask_beside<T: Send>(
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send,
    args: &Args,
    questions: &[String],
    one: impl Fn(&str) -> Result<()> + Sync,
) -> Result<(Vec<Duration>, T)> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let work = scope.spawn(|| work(&stop));
        let asked = ask(args, questions, one);
        stop.store(true, Ordering::Relaxed);
        let done = work.join().map_err(|_| anyhow::anyhow!("what went on meanwhile panicked"))??;
        Ok((asked?, done))
    })
}

/// Asks at the pace, and says how long after it was due each was answered. As in a server, one that takes long does not hold
/// up the next one.
pub(crate) fn ask(
    args: &Args,
    questions: &[String],
    ask: impl Fn(&str) -> Result<()> + Sync,
) -> Result<Vec<Duration>> {
    let pace = Duration::from_secs(1) / args.rate.max(1);
    let begun = Instant::now();
    let count = args.rate * args.seconds;
    let next = AtomicU32::new(0);
    let asking = || -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let question = questions.get(number as usize % questions.len().max(1));
            let Some(question) = question.filter(|_| number < count) else { return Ok(times) };
            let due = begun + pace * number;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            ask(question)?;
            times.push(due.elapsed());
        }
    };
    thread::scope(|scope| {
        let asking: Vec<_> = (0..ASKING).map(|_| scope.spawn(asking)).collect();
        let mut times = Vec::new();
        for asking in asking {
            times.extend(asking.join().map_err(|_| anyhow::anyhow!("a question panicked"))??);
        }
        Ok(times)
    })
}
