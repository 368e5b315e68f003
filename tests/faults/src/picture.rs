//! What everybody sees of an appliance, without what chance or the clock put into it.
//!
//! Two runs of one operation end in the same picture. Each line is about one thing; an operation changes some lines in
//! steps, and each step is seen whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};
use archive::db::Connection;
use archive::db::catalog::{object, person, photo, version};
use archive::db::office::{delivery as deliveries, event, repair};
use archive::delivery::State;
use archive::dossier::object_of;
use archive::ocfl::{ObjectId, validate};
use fs_err as fs;
use serde_json::{Value, json};
use service::Office;

use crate::Operation;
use crate::school::{CORRECTED, Plan};

/// Events that are told once, however often an operation is run.
const EVENTS: [&str; 4] = ["dossier.kept", "delivery.kept", "delivery.accepted", "archive.repaired"];

/// What is about the second version of an object: of a delivery's, the one with the report of its accession.
const APPRAISED: &str = "/v2/";

/// More than there are of anything.
const ALL: u32 = 1 << 20;

/// What is seen, by what it is about: `person/…`, `object/v…/…`, `event/…/…`, `delivery/…`, `repair/…`, `kept/…`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture(BTreeMap<String, Value>);

/// How much of an operation is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// Some of its steps.
    Some,
    /// All of it.
    All,
}

impl Picture {
    /// Looks at an appliance.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn of(office: &Office, plan: &Plan) -> Result<Self> {
        let mut lines = BTreeMap::new();
        office.catalog.read(|conn| people(conn, &mut lines))?;
        objects(office, &mut lines)?;
        office.office.read(|conn| happened(conn, plan, &mut lines))?;
        quarantined(&office.paths.quarantine, &mut lines)?;
        Ok(Self(lines))
    }

    /// Whether nothing that lies in the archive is damaged or gone.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let objects = self.0.iter().filter(|(about, _)| about.starts_with("object/"));
        objects.into_iter().all(|(_, seen)| seen.get("whole") == Some(&Value::Bool(true)))
    }

    /// How much of an operation is seen, given what is seen before and after it.
    ///
    /// # Errors
    ///
    /// When a step of it is seen in part, a later one without an earlier one, or something else.
    pub fn judge(&self, operation: Operation, plan: &Plan, before: &Self, after: &Self) -> Result<Seen> {
        let about: BTreeSet<_> = [self, before, after].iter().flat_map(|picture| picture.0.keys()).collect();
        let mut steps: BTreeMap<usize, BTreeSet<bool>> = BTreeMap::new();
        for about in about {
            let [now, old, new] = [self, before, after].map(|picture| picture.0.get(about));
            if old == new {
                ensure!(now == old, "{about} is {} instead of {}", shown(now), shown(old));
                continue;
            }
            ensure!(
                now == old || now == new,
                "{about} is {} instead of {} or {}",
                shown(now),
                shown(old),
                shown(new)
            );
            steps.entry(step(operation, plan, about)).or_default().insert(now == new);
        }
        for (step, seen) in &steps {
            ensure!(
                seen.len() == 1,
                "step {step} of {operation} is done in part: {}",
                self.difference(before)
            );
        }
        let done: Vec<bool> = steps.values().filter_map(|seen| seen.first().copied()).collect();
        // Each damaged object is repaired for itself.
        ensure!(
            operation == Operation::Repair || done.is_sorted_by(|one, next| one >= next),
            "a later step of {operation} is done without an earlier one: {done:?}"
        );
        Ok(match (done.contains(&true), done.contains(&false)) {
            (true, true) => Seen::Some,
            (false, true) => Seen::Nothing,
            (_, false) => Seen::All,
        })
    }

    /// What differs, in words.
    #[must_use]
    pub fn difference(&self, other: &Self) -> String {
        let about: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let differs = about.into_iter().filter(|about| self.0.get(*about) != other.0.get(*about));
        let told = differs.map(|about| {
            format!("{about}: {} instead of {}", shown(self.0.get(about)), shown(other.0.get(about)))
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

/// To which step of an operation a line belongs.
fn step(operation: Operation, plan: &Plan, about: &str) -> usize {
    let is_of = |id: String| about.ends_with(&digits(&id));
    let person = |number: usize| plan.people.get(number).is_some_and(|person| is_of(person.to_string()));
    match operation {
        Operation::Accept if !is_of(plan.delivery.to_string()) => 0,
        Operation::Accept if about.contains(APPRAISED) => 3,
        Operation::Accept => 1 + usize::from(about.starts_with("delivery/") || about.contains(".accepted/")),
        Operation::Correct => usize::from(person(CORRECTED)),
        Operation::Repair => usize::from(person(1)),
        Operation::Index | Operation::Rebuild => 0,
    }
}

/// The digits of an id, however it is written.
fn digits(id: &str) -> String {
    id.rsplit(['_', ':']).next().unwrap_or_default().replace('-', "")
}

fn people(conn: &Connection, lines: &mut BTreeMap<String, Value>) -> Result<()> {
    for id in person::all(conn)? {
        let photos: Vec<_> = photo::of(conn, id)?
            .into_iter()
            .map(|photo| {
                json!([photo.kind.word(), photo.sha256, photo.delivery, photo.superseded_by.is_some()])
            })
            .collect();
        let versions = version::of(conn, object_of(id))?;
        let versions: BTreeMap<_, _> =
            versions.into_iter().map(|version| (version.number, version.message)).collect();
        let seen = json!({ "facts": person::facts(conn, id)?, "photos": photos, "versions": versions });
        lines.insert(format!("person/{}", digits(&id.to_string())), seen);
    }
    Ok(())
}

fn objects(office: &Office, lines: &mut BTreeMap<String, Value>) -> Result<()> {
    let known = office.catalog.read(object::heads)?;
    let mut ids: BTreeSet<ObjectId> = known.into_iter().filter_map(|(id, _)| id.parse().ok()).collect();
    ids.extend(office.archive.objects().filter_map(Result::ok).map(|object| object.id()));
    for id in ids {
        let folder = office.archive.path().join(office.archive.folder(id));
        let head = office.archive.object(id).ok().flatten().map_or(0, |object| object.head().get());
        let whole = folder.is_dir() && validate(&folder).is_valid();
        // One whose head can't be read is seen as such.
        for version in 1.min(head)..=head {
            let about = format!("object/v{version}/{}", digits(&id.to_string()));
            lines.insert(about, json!({ "whole": whole }));
        }
    }
    Ok(())
}

fn happened(conn: &Connection, plan: &Plan, lines: &mut BTreeMap<String, Value>) -> Result<()> {
    let mut count = |about: String| {
        let seen = lines.entry(about).or_insert_with(|| json!(0));
        *seen = json!(seen.as_u64().unwrap_or_default() + 1);
    };
    for queued in event::list(conn, None, 0, ALL)? {
        let (kind, subject) = (queued.event.kind, digits(&queued.event.subject));
        if EVENTS.contains(&kind.as_str()) {
            let version = queued.event.detail.get("version").and_then(Value::as_u64);
            let version = version.map(|version| format!("v{version}/")).unwrap_or_default();
            count(format!("event/{kind}/{version}{subject}"));
        }
    }
    for noted in repair::latest(conn, ALL)? {
        count(format!("repair/{}", digits(&noted.repair.object.to_string())));
    }
    if let Some(row) = deliveries::get(conn, plan.delivery)? {
        let accepted = row.state == State::Accepted;
        let seen = json!({ "accepted": accepted, "receipt": row.receipt.is_some() });
        lines.insert(format!("delivery/{}", digits(&row.id.to_string())), seen);
    }
    Ok(())
}

/// What was damaged and is kept.
fn quarantined(folder: &Path, lines: &mut BTreeMap<String, Value>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let object = name.split_once('-').map_or(name.as_str(), |(_, object)| object);
        let seen = lines.entry(format!("kept/{}", digits(object))).or_insert_with(|| json!([]));
        if let Some(seen) = seen.as_array_mut() {
            seen.push(json!(entry.path().join("object").exists()));
        }
    }
    Ok(())
}
