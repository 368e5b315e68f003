//! Questions of one kind after the other, beside reading everybody: which kind is slow.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use archive::search::{Index, PersonDoc};
use tests::measure::median;

use crate::exact;
use crate::reader::Reader;

/// How many questions of a kind are asked.
const QUESTIONS: usize = 100;

/// A kind of question, and how it is put about somebody.
type Kind = (&'static str, fn(&PersonDoc) -> Option<String>);

const KINDS: [Kind; 9] = [
    ("whole name", |doc| Some(doc.name.clone())),
    ("whole 学号", |doc| doc.student_number.clone()),
    ("8 digits of 学号", |doc| doc.student_number.as_ref()?.get(..8).map(str::to_owned)),
    ("6 digits inside 考生号", |doc| doc.candidate_number.as_ref()?.get(8..14).map(str::to_owned)),
    ("3 digits inside 考生号", |doc| doc.candidate_number.as_ref()?.get(8..11).map(str::to_owned)),
    ("class", |doc| doc.class.clone()),
    ("major", |doc| doc.major.clone()),
    ("year", |doc| doc.year.map(|year| year.to_string())),
    ("name and year", |doc| doc.year.map(|year| format!("{} {year}", doc.name))),
];

/// Asks all of them, twice.
pub(crate) fn kinds(index: &Index, people: &[PersonDoc], reader: &Reader) -> Result<()> {
    let step = (people.len() / QUESTIONS).max(1);
    for (what, question) in KINDS {
        let texts: Option<Vec<String>> = people.iter().step_by(step).take(QUESTIONS).map(question).collect();
        let texts = texts.context("somebody has no such value")?;
        let (first, mut hits) = each(&texts, |text| Ok(index.search(&exact(text, 20))?.total))?;
        let (again, _) = each(&texts, |text| Ok(index.search(&exact(text, 20))?.total))?;
        let (reading, read) = each(&texts, |text| Ok(reader.find(text).len()))?;
        ensure!(hits == read, "{what}: not everybody was found");
        hits.sort_unstable();
        let hits = hits.get(hits.len() / 2).copied().unwrap_or_default();
        println!(
            "{what:<24} {hits:>8} hits: first {first:>9.1?}, again {again:>9.1?}; reading {reading:>9.1?}"
        );
    }
    Ok(())
}

/// Asks every question once: the median of what an answer took, and how many each found.
fn each(texts: &[String], mut ask: impl FnMut(&str) -> Result<usize>) -> Result<(Duration, Vec<usize>)> {
    let (mut times, mut found) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
    for text in texts {
        let begun = Instant::now();
        found.push(ask(text)?);
        times.push(begun.elapsed());
    }
    Ok((median(times)?, found))
}
