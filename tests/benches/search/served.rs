//! The same people in a real appliance, asked through its API while others are imported.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use api::search::SearchResults;
use archive::db::Store;
use archive::db::catalog::{MIGRATIONS, person};
use archive::person::PersonRecord;
use archive::search::PersonDoc;
use demo::files::workbook;
use demo::school::students;
use fs_err as fs;
use jiff::civil::Date;
use serde_json::json;
use tests::{Appliance, Client, Scene};

use crate::paced::{ask, ask_beside};
use crate::{Args, spread};

/// People whose rows are written in one transaction.
const CHUNK: usize = 50_000;

/// How many people one import brings.
const IMPORTED: usize = 1000;

/// Serves them, and asks.
pub(crate) fn measure(args: &Args, folder: &Path, people: &[PersonDoc], questions: &[String]) -> Result<()> {
    let scene = Scene::on(Appliance::start_on(folder)?, 0)?;
    let appliance = &scene.appliance;
    appliance.stop()?;
    let begun = Instant::now();
    fill(&appliance.data().join("catalog.db"), people)?;
    println!("{} people written into a catalog in {:.1?}", people.len(), begun.elapsed());
    let begun = Instant::now();
    fs::remove_dir_all(appliance.data().join("index"))?;
    // Nobody is found, which ends with 1.
    let output = appliance.run(&["search", "无此人"])?;
    ensure!(output.status.code() == Some(1), "no index: {}", String::from_utf8_lossy(&output.stderr));
    println!("their index made in {:.1?}", begun.elapsed());

    appliance.serve()?;
    let registrar = scene.registrar()?;
    let inside = Mutex::new(Vec::new());
    let quiet = ask(args, questions, |question| search(&registrar, question, &inside))?;
    println!(
        "{} questions to the server, {} a second, nothing else going on: {}",
        quiet.len(),
        args.rate,
        spread(quiet)?
    );
    println!("  of it in the service: {}", spread(std::mem::take(&mut *lock(&inside)))?);

    let (asked, imported) = ask_beside(
        |stop| import(&scene, stop),
        args,
        questions,
        |question| search(&registrar, question, &inside),
    )?;
    println!(
        "{} questions to the server, {} a second, while {imported} people were imported: {}",
        asked.len(),
        args.rate,
        spread(asked)?
    );
    println!(
        "  of it in the service: {}; to reach: p50 <= 1 ms, p99 <= 20 ms",
        spread(lock(&inside).clone())?
    );
    appliance.stop()
}

fn search(registrar: &Client, question: &str, inside: &Mutex<Vec<Duration>>) -> Result<()> {
    let found: SearchResults = registrar.query("/search", &json!({ "q": question, "limit": 20 }))?;
    lock(inside).push(Duration::from_micros(found.took_us));
    Ok(())
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes them into a catalog as a rebuild would. No objects stand behind them: the search asks for none.
fn fill(file: &Path, people: &[PersonDoc]) -> Result<()> {
    let catalog = Store::open(file, &MIGRATIONS)?;
    for chunk in people.chunks(CHUNK) {
        catalog.write(|tx| chunk.iter().try_for_each(|doc| person::upsert(tx, doc.person, &record(doc))))?;
    }
    Ok(())
}

fn record(doc: &PersonDoc) -> PersonRecord {
    PersonRecord {
        name: doc.name.clone(),
        student_number: doc.student_number.clone(),
        candidate_number: doc.candidate_number.clone(),
        class: doc.class.clone(),
        major: doc.major.clone(),
        college: doc.college.clone(),
        entry_date: doc.year.and_then(|year| Date::new(year, 9, 1).ok()),
        note: Some(doc.diploma_text.clone()).filter(|text| !text.is_empty()),
        ..PersonRecord::default()
    }
}

/// Imports rosters of people nobody knows yet, one after the other. Returns how many people.
fn import(scene: &Scene, stop: &AtomicBool) -> Result<usize> {
    let registrar = scene.registrar()?;
    let mut imported = 0;
    while !stop.load(Ordering::Relaxed) {
        let job = scene.roster(&registrar, "roster.xlsx", roster(imported / IMPORTED)?)?;
        registrar.done(job.id)?;
        imported += IMPORTED;
    }
    Ok(imported)
}

fn roster(number: usize) -> Result<Vec<u8>> {
    let head = ["考生号", "学号", "姓名", "证件号", "学院", "专业", "班级", "入学日期"];
    let entry = 1900 + u16::try_from(number)?;
    let rows = students(IMPORTED, entry, 7).into_iter().map(|student| {
        vec![
            student.candidate_number,
            student.student_number,
            student.name,
            student.id_number,
            student.college.to_owned(),
            student.major.to_owned(),
            student.class,
            "20230901".to_owned(),
        ]
    });
    workbook(&head, rows)
}
