//! The index asked at a steady pace while people change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use archive::search::{Index, PersonDoc};

use crate::{Args, exact, spread, upsert};

/// Asks at a steady pace while people change.
pub(crate) fn paced(
    args: &Args,
    index: &Index,
    people: &[PersonDoc],
    questions: &[String],
    from: u64,
) -> Result<()> {
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
        let asked = ask(args, questions, |question| {
            std::hint::black_box(index.search(&exact(question, 20))?);
            Ok(())
        });
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

/// Asks at the pace, and says how long after it was due each was answered.
pub(crate) fn ask(
    args: &Args,
    questions: &[String],
    mut ask: impl FnMut(&str) -> Result<()>,
) -> Result<Vec<Duration>> {
    let pace = Duration::from_secs(1) / args.rate.max(1);
    let begun = Instant::now();
    let count = args.rate * args.seconds;
    let times = (0..count).zip(questions.iter().cycle()).map(|(number, question)| {
        let due = begun + pace * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        ask(question)?;
        Ok(due.elapsed())
    });
    times.collect()
}
