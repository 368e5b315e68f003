//! SQLite's full-text index of three-character pieces, asked the same.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use archive::person::fold;
use rusqlite::Connection;

use crate::reader::Reader;
use crate::spread;

/// The same questions to SQLite, those it can answer: it knows no words of fewer than three characters.
pub(crate) fn sqlite(file: &Path, reader: &Reader, questions: &[String]) -> Result<()> {
    let mut conn = Connection::open(file)?;
    let begun = Instant::now();
    conn.execute_batch("CREATE VIRTUAL TABLE person USING fts5(text, tokenize = 'trigram')")?;
    let tx = conn.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO person (rowid, text) VALUES (?1, ?2)")?;
        for person in 0..reader.people() {
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
