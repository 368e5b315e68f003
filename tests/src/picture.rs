//! All that can be seen of an appliance, without the ids and times that are drawn anew each time: two pictures are
//! compared to say that two appliances hold the same.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use api::Role;
use api::campaign::Campaign;
use api::delivery::{Delivery, DeliveryState, Receipt};
use api::health::ArchiveHealth;
use api::job::{Job, JobKind};
use api::ledger::{LedgerEntry, LedgerHead};
use api::search::{SearchQuery, SearchResults};
use serde_json::{Map, Value, json};

use crate::{Appliance, Client, files};

/// Names of what differs between two runs: times, and sizes that depend on how a time is written.
const OF_THE_RUN: &[&str] = &[
    "at",
    "kept",
    "created",
    "opened",
    "received",
    "checked",
    "expires",
    "job",
    "leaf",
    "uses",
    "fixity",
    "version",
    "calibration",
];

/// Looks at everything: of the people with these student numbers, and of all deliveries, calibrations and the ledger.
///
/// The appliance serves, and no job is under way.
///
/// # Errors
///
/// When something can't be seen, or the appliance's own checks find fault.
pub fn picture(appliance: &Appliance, numbers: &[String]) -> Result<Value> {
    let registrar = appliance.enter(Role::Registrar)?;
    let desk = appliance.enter(Role::Admissions)?;
    settle(&registrar)?;
    let mut names = BTreeMap::new();
    let dossiers = dossiers(&registrar, numbers, &mut names)?;
    let health: ArchiveHealth = registrar.get("/archive/health")?;
    let campaigns: Vec<Campaign> = registrar.get("/campaigns")?;
    let rosters =
        campaigns.iter().map(|campaign| registrar.all(&format!("/campaigns/{}/roster", campaign.id)));
    let rosters: Vec<Vec<Value>> = rosters.collect::<Result<_>>()?;
    let calibrations: Value = desk.get("/calibrations")?;
    let seen = json!({
        "dossiers": dossiers,
        "campaigns": campaigns,
        "rosters": rosters,
        "calibrations": calibrations,
        "deliveries": deliveries(&registrar)?,
        "ledger": ledger(&registrar)?,
        "health": [health.objects, health.dossiers, health.photos, health.diplomas, health.indexed],
        "checks_damaged": health.checks.iter().map(|check| check.damaged + check.unreadable).sum::<u64>(),
        "incoming": listing(appliance, "incoming")?,
        "archive_files": listing(appliance, "archive")?.len(),
    });
    intact(appliance)?;
    Ok(plain(seen, &names))
}

/// Waits until the index and the ledger have caught up, and what an acceptance or scans asked for is done.
fn settle(registrar: &Client) -> Result<()> {
    let begun = Instant::now();
    let mut was_done = false;
    loop {
        let health: ArchiveHealth = registrar.get("/archive/health")?;
        let ledger: LedgerHead = registrar.get("/ledger")?;
        let jobs: Vec<Job> = registrar.get("/jobs")?;
        let follows = |job: &&Job| matches!(job.kind, JobKind::Appraise | JobKind::ReadScans);
        let done = jobs.iter().filter(follows).all(|job| job.finished.is_some());
        // Once more around: a job that has just ended may have left an event.
        if health.index_behind == 0 && ledger.pending == 0 && std::mem::replace(&mut was_done, done) && done {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(30) {
            bail!(
                "{} people are not indexed and {} events have no leaf",
                health.index_behind,
                ledger.pending
            );
        }
        sleep(Duration::from_millis(20));
    }
}

fn dossiers(
    registrar: &Client,
    numbers: &[String],
    names: &mut BTreeMap<String, String>,
) -> Result<Map<String, Value>> {
    let mut all = Map::new();
    for number in numbers {
        let query = SearchQuery { q: number.clone(), ..SearchQuery::default() };
        let found: SearchResults = registrar.query("/search", &query)?;
        let [hit] = found.exact.as_slice() else {
            all.insert(number.clone(), json!(found.exact.len()));
            continue;
        };
        names.insert(hit.person.to_string(), format!("person {number}"));
        let mut dossier: Value = registrar.get(&format!("/persons/{}", hit.person))?;
        if let Some(photos) = dossier.get_mut("photos").and_then(Value::as_array_mut) {
            photos.sort_by_key(|photo| photo.get("sha512").map(ToString::to_string));
        }
        all.insert(number.clone(), dossier);
    }
    Ok(all)
}

/// Deliveries with every item as the school sees it, what the vendor is told, and the receipt.
fn deliveries(registrar: &Client) -> Result<Vec<Value>> {
    let found: Vec<Delivery> = registrar.get("/deliveries")?;
    let mut all = Vec::new();
    for delivery in found {
        let path = format!("/deliveries/{}", delivery.id);
        let items: Vec<Value> = registrar.all(&format!("{path}/items"))?;
        let receipt = match delivery.state {
            DeliveryState::Accepted => Some(receipt(registrar, &path)?),
            _ => None,
        };
        all.push(json!({ "delivery": delivery, "items": sorted(items), "receipt": receipt }));
    }
    Ok(all)
}

/// What a receipt says was accepted.
fn receipt(registrar: &Client, path: &str) -> Result<Value> {
    let receipt: Receipt = registrar.get(&format!("{path}/receipt"))?;
    let statement: Value = serde_json::from_str(&receipt.statement)?;
    Ok(statement.get("items").context("a receipt has items")?.clone())
}

/// How often each thing happened to each subject, as the ledger tells.
fn ledger(registrar: &Client) -> Result<Vec<Value>> {
    let entries: Vec<LedgerEntry> = registrar.all("/ledger/entries")?;
    let leaves: BTreeSet<u64> = entries.iter().map(|entry| entry.index).collect();
    if leaves.len() != entries.len() {
        bail!("two events have one leaf");
    }
    Ok(entries.iter().map(|entry| json!([entry.kind, entry.subject])).collect())
}

fn listing(appliance: &Appliance, folder: &str) -> Result<Vec<String>> {
    let files = files::below(&appliance.data().join(folder))?;
    Ok(files.into_iter().map(|path| path.to_string_lossy().into_owned()).collect())
}

/// The appliance's own checks, by the commands of its console.
fn intact(appliance: &Appliance) -> Result<()> {
    for words in [["archive", "check"], ["ledger", "verify"]] {
        let output = appliance.run(&words)?;
        if !output.status.success() {
            let told = [output.stdout, output.stderr].concat();
            bail!("`xuecang {}` finds fault: {}", words.join(" "), String::from_utf8_lossy(&told));
        }
    }
    Ok(())
}

/// The same without ids and times; lists that have no order of their own are sorted.
fn plain(value: Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(masked(&text, names)),
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().map(|item| plain(item, names)).collect();
            Value::Array(sorted(items))
        }
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| !OF_THE_RUN.contains(&name.as_str()))
            .map(|(name, value)| (name, plain(value, names)))
            .collect(),
        other => other,
    }
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_cached_key(ToString::to_string);
    items
}

/// A text with people's ids replaced by their numbers and other ids by their kinds.
fn masked(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('_') {
        let (before, after) = rest.split_at(at);
        let hex = after.get(1..33).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let start = before.rfind(|c: char| !c.is_ascii_lowercase()).map_or(0, |at| at + 1);
        match (hex, before.get(start..)) {
            (Some(hex), Some(kind)) if !kind.is_empty() => {
                out.push_str(before.get(..start).unwrap_or_default());
                let id = format!("{kind}_{hex}");
                out.push_str(names.get(&id).map_or(kind, String::as_str));
                rest = after.get(33..).unwrap_or_default();
            }
            _ => {
                out.push_str(before);
                out.push('_');
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    out + rest
}

/// What differs between two pictures: a path each, with both values where they are short.
#[must_use]
pub fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", one, other, &mut found);
    found
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let (a, b) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                compare(&format!("{path}/{name}"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}/{at}"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let only = |these: &[Value], those: &[Value]| -> Vec<String> {
                let mut left = those.to_vec();
                let mut only = Vec::new();
                for item in these {
                    match left.iter().position(|other| other == item) {
                        Some(at) => drop(left.remove(at)),
                        None => only.push(short(item)),
                    }
                }
                only
            };
            found.push(format!("{path}: only here {:?}, only there {:?}", only(a, b), only(b, a)));
        }
        _ if one != other => found.push(format!("{path}: {} is {} there", short(one), short(other))),
        _ => {}
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > 200 { text.chars().take(200).collect::<String>() + "…" } else { text }
}
