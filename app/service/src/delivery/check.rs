//! The check of a delivery: opened, every photo looked at on all cores, held against the roster, written down at once.
//!
//! It may be run again at any time before somebody decides, and finds the same. Until its one transaction at the end
//! nothing outside the quarantine has changed but the state's word.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::delivery::CheckReport;
use api::ids::PersonId;
use archive::db::office::campaign::Campaign;
use archive::db::office::{delivery as rows, item, roster, settlement, token};
use archive::delivery::{
    Awaited, Broken, Dates, Delivered, Face, Finding, Limits, Measures, Named, Parcel, ParcelError,
    PhotoFile, Reconciliation, Roster, State, Tolerances, can_be_settled, oddness, reconcile, visible_share,
};
use jiff::Timestamp;
use verify::{Engine, Gallery, RuleSet, Similarity, Template, Thresholds, Verdict};

use super::measure::{Facts, Look, look, look_at_original, reference};
use super::{quarantine, row, wrong_state};
use crate::law::gate;
use crate::law::journal::Journal;
use crate::{Error, Office, Refusal as _, Result, campaign, event, face, job::Ctx, token as tokens, vendor};

/// More files than any delivery has.
const MOST_FILES: u64 = 1_000_000;

/// How many times larger than a photo for registration an original may be.
const ORIGINAL: u64 = 4;

/// The longest path in a parcel, bytes.
const LONGEST_PATH: usize = 512;

/// Runs the check of a delivery.
///
/// # Errors
///
/// `wrong-state` when it can't be checked any more; `model-unavailable`; `disk-full`. The delivery is then as it was.
/// A parcel that is broken is no error: it is sent back.
pub fn run_check(ctx: &Ctx<'_>) -> Result<()> {
    let office = ctx.office();
    let delivery = row(office, ctx.subject()?)?;
    match delivery.state {
        State::Received | State::Checking | State::Checked => {}
        // An earlier run of this job sent it back and was interrupted before it could clean up.
        State::Rejected => {
            return super::quarantine(office)?.remove(delivery.id).or_failed("empty a quarantine");
        }
        _ => return Err(wrong_state(&delivery)),
    }
    let from = [State::Received, State::Checking, State::Checked];
    office.office.write(|tx| rows::move_state(tx, delivery.id, &from, State::Checking))?;
    let checked = Check::new(ctx, &delivery).and_then(|check| check.run());
    if checked.is_err() {
        let back = if delivery.report.is_some() { State::Checked } else { State::Received };
        office.office.write(|tx| rows::move_state(tx, delivery.id, &[State::Checking], back))?;
    }
    checked
}

/// Everything a check works with.
struct Check<'a> {
    ctx: &'a Ctx<'a>,
    office: &'a Office,
    delivery: &'a rows::Delivery,
    campaign: Campaign,
    rules: Arc<RuleSet>,
}

/// What faces are looked at with.
struct Eyes {
    engine: Arc<Engine>,
    calibration: Option<Calibration>,
    journal: Journal,
}

/// What similarities mean.
struct Calibration {
    thresholds: Thresholds,
    /// From here on, two of very many photos show one person.
    same_face: Similarity,
}

/// One photo with its place in the parcel, looked at and compared.
#[derive(Debug, Default)]
struct Seen {
    look: Look,
    face: Option<Face>,
    /// The template of the admission photo it was compared with.
    known: Option<Template>,
}

impl<'a> Check<'a> {
    fn new(ctx: &'a Ctx<'a>, delivery: &'a rows::Delivery) -> Result<Self> {
        let office = ctx.office();
        let campaign = campaign::find(office, delivery.campaign)?;
        let (first, last) = (campaign.capture_from.to_string(), campaign.capture_until.to_string());
        let rules = Arc::new(crate::campaign::rule_set(&campaign.rule_set)?.captured_between(&first, &last));
        Ok(Self { ctx, office, delivery, campaign, rules })
    }

    fn run(&self) -> Result<()> {
        self.ctx.progress("unpacking", 0, self.delivery.bytes_total);
        let parcel = match self.open() {
            Ok(parcel) => parcel,
            Err(ParcelError::Broken(broken)) => return self.send_back(&broken),
            Err(error) => return Err(Error::failed("open a delivery", error)),
        };
        self.ctx.go_on()?;
        // A broken parcel was sent back without them.
        let eyes = Eyes::open(self)?;
        let roster = self.roster()?;
        let named = self.names(&parcel)?;
        let mut seen = self.look_at_all(&eyes, &parcel, &roster, &named)?;
        self.ctx.progress("comparing", 0, seen.len() as u64);
        eyes.tell_others_apart(&mut seen)?;
        let same_face = eyes.same_faces(&seen)?;
        self.ctx.go_on()?;
        self.ctx.progress("reconciling", 0, 0);
        let measures: Vec<_> = seen.iter().map(|seen| seen.look.measures).collect();
        let sizes: Vec<_> = seen.iter().map(|seen| seen.look.size).collect();
        let facts: Vec<_> = seen.iter().map(|seen| seen.look.facts.clone()).collect();
        let delivered: Vec<_> = named
            .into_iter()
            .zip(seen)
            .zip(&parcel.photos)
            .map(|((named, seen), file)| Delivered {
                named,
                sha256: file.sha256,
                captured: captured(&parcel, file).map(|capture| capture.captured),
                findings: seen.look.findings,
                face: seen.face.unwrap_or(Face::NotCompared),
            })
            .collect();
        let faces: Vec<_> = delivered.iter().map(|photo| photo.face).collect();
        let received = self.delivery.received.unwrap_or_else(Timestamp::now);
        let mut found = reconcile(&roster, &self.dates(), received, delivered, &same_face);
        self.lay_words_upon(&mut found, &parcel)?;
        let odd = oddness(&measures, &Tolerances::default());
        let items =
            Items { parcel: &parcel, faces: &faces, sizes: &sizes, facts: &facts, odd: &odd, found: &found }
                .rows()?;
        let report = self.report(&eyes, roster.len(), &found, &measures, &odd);
        self.write_down(&parcel, &report, &items)
    }

    /// Opens the parcel: from its stream, or, when it was checked before, from what was unpacked then.
    fn open(&self) -> Result<Parcel, ParcelError> {
        let io = |error: Error| ParcelError::Io(std::io::Error::other(error));
        let quarantine = quarantine(self.office).map_err(io)?;
        let authority = vendor::authority_pem(self.office).map_err(io)?;
        let vendor = vendor::get(self.office, self.delivery.vendor).map_err(io)?;
        let trust = bag::Trust::from_pem(&authority)
            .map_err(|error| io(Error::failed("read an authority", error)))?;
        let trust = match self.delivery.received {
            // A signature counts as of the day it came.
            Some(at) => trust.at(at),
            None => trust,
        };
        match quarantine.received(self.delivery.id) {
            Some(received) => {
                let limits = Limits {
                    files: MOST_FILES,
                    bytes: self.office.config.limits.delivery,
                    path_len: LONGEST_PATH,
                };
                Parcel::unpack(&received, limits, &trust, &vendor.fingerprint)
            }
            None => Parcel::reopen(&quarantine.bag(self.delivery.id), &trust, &vendor.fingerprint),
        }
    }

    /// Sends a broken parcel back: the vendor learns why, and nothing of it stays.
    fn send_back(&self, broken: &Broken) -> Result<()> {
        let id = self.delivery.id;
        let codes = broken.codes.join(", ");
        let files = serde_json::to_string(&broken.files).or_failed("name a parcel's files")?;
        self.office.office.write(|tx| -> Result<()> {
            item::replace(tx, id, &[])?;
            rows::set_rejected(tx, id, &codes, &files)?;
            let detail = serde_json::json!({ "codes": broken.codes });
            event::queue(tx, &vendor::as_actor(self.delivery.vendor), "delivery.rejected", id, "", &detail)
        })?;
        // The detail may quote what a file holds; the log gets the codes alone.
        tracing::warn!(delivery.id = %id, codes, "Sent {id} back: {codes}.");
        quarantine(self.office)?.remove(id).or_failed("empty a quarantine")?;
        self.ctx.result("refused", 1);
        Ok(())
    }

    fn roster(&self) -> Result<Roster> {
        let (entries, tokens) = self.office.office.read(|conn| -> Result<_> {
            Ok((roster::entries(conn, self.campaign.id)?, token::list(conn, self.campaign.id)?))
        })?;
        let mut by_person: HashMap<PersonId, String> =
            tokens.into_iter().map(|row| (row.person, row.token)).collect();
        let people = entries.into_iter().map(|entry| Awaited {
            person: entry.person,
            token: by_person.remove(&entry.person),
            accepted: entry.accepted,
        });
        Ok(Roster::new(people.collect()))
    }

    /// What each file's name says.
    fn names(&self, parcel: &Parcel) -> Result<Vec<Named>> {
        self.office.office.read(|conn| parcel.photos.iter().map(|file| self.name(conn, file)).collect())
    }

    fn name(&self, conn: &archive::db::Connection, file: &PhotoFile) -> Result<Named> {
        let Some(text) = file.token.clone() else { return Ok(Named::Other(file.path.as_str().to_owned())) };
        let authentic = tokens::is_authentic(&self.office.keys.token, self.campaign.id, &text);
        Ok(if authentic || token::find(conn, &text)?.is_some() {
            Named::Token(text)
        } else if looks_like_a_token(&text) {
            Named::Forged(text)
        } else {
            Named::Other(text)
        })
    }

    /// Looks at every photo on all cores. No more photos are decoded at once than there are cores.
    fn look_at_all(
        &self,
        eyes: &Eyes,
        parcel: &Parcel,
        roster: &Roster,
        named: &[Named],
    ) -> Result<Vec<Seen>> {
        let (done, total) = (AtomicU64::new(0), parcel.photos.len() as u64);
        self.ctx.progress("checking", 0, total);
        let work: Vec<_> = parcel.photos.iter().zip(named).collect();
        let seen = eyes.engine.batch(work, |_, (file, named)| {
            // Asked to stop: the rest is passed over quickly, and the whole is given up below.
            if self.ctx.cancelled() {
                return Ok(Seen::default());
            }
            let seen = self.look_at(eyes, parcel, roster, file, named);
            self.ctx.progress("checking", done.fetch_add(1, Ordering::Relaxed) + 1, total);
            seen
        });
        self.ctx.go_on()?;
        seen.into_iter().collect()
    }

    fn look_at(
        &self,
        eyes: &Eyes,
        parcel: &Parcel,
        roster: &Roster,
        file: &PhotoFile,
        named: &Named,
    ) -> Result<Seen> {
        // What belongs nowhere is not opened at all.
        if file.token.is_none() {
            return Ok(Seen::default());
        }
        let limit = self.office.config.limits.photo;
        let awaited = match named {
            Named::Token(token) => roster.by_token(token),
            Named::Forged(_) | Named::Other(_) => None,
        };
        // Nobody has agreed for a face that has no name here.
        let may_compare = match awaited {
            Some(awaited) => gate::bar(self.office, self.campaign.id, awaited.person)?.is_none(),
            None => false,
        };
        let of = format!("{} {may_compare}", file.path.as_str());
        let (mut look, template) = eyes.journal.look(&of, || {
            let path = parcel.file(&file.path);
            let mut look = look(&eyes.engine, &self.rules, &path, file.bytes, limit, may_compare)?;
            if let Some(original) = &file.original {
                match look_at_original(&eyes.engine, &parcel.file(original), limit.saturating_mul(ORIGINAL))?
                {
                    Ok(facts) => look.facts.original = Some(facts),
                    Err(finding) => look.findings.push(finding),
                }
            }
            let template = look.template.take();
            Ok((look, template))
        })?;
        look.template = template;
        let (face, known) = match (awaited, &look.template) {
            (Some(_), None) if !may_compare && look.has_one_face => (Some(Face::ByHand), None),
            (Some(awaited), Some(template)) => {
                let known = reference(self.office, &eyes.engine, &self.rules, &eyes.journal, awaited.person)?;
                (Some(compare(eyes, known.as_ref(), template)?), known)
            }
            (Some(_), None) => (Some(Face::NotOne), None),
            (None, _) => (None, None),
        };
        Ok(Seen { look, face, known })
    }

    fn dates(&self) -> Dates {
        Dates {
            capture_from: self.campaign.capture_from,
            capture_until: self.campaign.capture_until,
            deliver_by: self.campaign.deliver_by,
            zone: api::school::zone(),
        }
    }

    /// What people have settled about these very photos before this check ran again.
    fn lay_words_upon(&self, found: &mut Reconciliation, parcel: &Parcel) -> Result<()> {
        let settled = self.office.office.read(|conn| settlement::of(conn, self.delivery.id))?;
        for (judged, file) in found.photos.iter_mut().zip(&parcel.photos) {
            let sha256 = hex::encode(file.sha256);
            let word = settled.iter().find(|word| word.token == judged.name && word.sha256 == sha256);
            if let Some(word) = word.filter(|_| can_be_settled(&judged.findings)) {
                judged.state = archive::delivery::settle(&mut judged.findings, Some(word.decision));
            }
        }
        Ok(())
    }

    /// Writes down everything in one transaction, then lets the stream go: the unpacked files are all that is needed.
    fn write_down(&self, parcel: &Parcel, report: &CheckReport, items: &[item::Item]) -> Result<()> {
        let id = self.delivery.id;
        let text = serde_json::to_string(report).or_failed("write a check's report")?;
        let actor = self.ctx.actor()?;
        self.office.office.write(|tx| -> Result<()> {
            item::replace(tx, id, items)?;
            rows::set_bag(tx, id, &parcel.digest)?;
            rows::set_report(tx, id, &text)?;
            let detail = serde_json::json!({
                "bag": parcel.digest, "photos": report.photos, "extra": report.extra, "missing": report.missing,
                "wrong": report.wrong, "late": report.late, "doubtful": report.doubtful,
                "rule_set": report.rule_set, "calibration": report.calibration,
            });
            event::queue(tx, &actor, "delivery.checked", id, &self.ctx.id().to_string(), &detail)
        })?;
        quarantine(self.office)?.drop_stream(id).or_failed("remove a checked delivery's stream")?;
        for (name, value) in [
            ("photos", report.photos),
            ("extra", report.extra),
            ("missing", report.missing),
            ("wrong", report.wrong),
            ("late", report.late),
            ("doubtful", report.doubtful),
        ] {
            self.ctx.result(name, value);
        }
        tracing::info!(delivery.id = %id, photos = report.photos, "Checked {id}.");
        Ok(())
    }

    fn report(
        &self,
        eyes: &Eyes,
        roster: usize,
        found: &Reconciliation,
        measures: &[Measures],
        odd: &[f32],
    ) -> CheckReport {
        let measured: Vec<_> = measures
            .iter()
            .zip(odd)
            .filter(|(measures, _)| **measures != Measures::default())
            .map(|(_, odd)| *odd)
            .collect();
        let calibration = eyes.calibration.as_ref().map(|calibration| &calibration.thresholds);
        let mut report = CheckReport {
            rule_set: format!("{}@{}", self.rules.id, self.rules.version),
            calibration: calibration.map(|thresholds| thresholds.version().to_owned()),
            accept: calibration.map(|thresholds| thresholds.accept().cosine()),
            reject: calibration.map(|thresholds| thresholds.reject().cosine()),
            roster: roster as u64,
            deviation: visible_share(&measured),
            checked: Timestamp::now(),
            due: self.campaign.deliver_by,
            ..CheckReport::default()
        };
        super::settle::write_into(&found.tally(), &mut report);
        report
    }
}

impl Eyes {
    fn open(check: &Check<'_>) -> Result<Self> {
        let office = check.office;
        let engine = office.engine()?;
        let calibration = calibration(office, &engine)?;
        let under = face::seen_by(&engine, &check.rules)?;
        let journal = Journal::open(office, check.campaign.id, check.ctx.id(), &under)?;
        Ok(Self { engine, calibration, journal })
    }

    /// Notes of doubtful faces that they match the admission photo of another token's person: perhaps two students'
    /// photos were swapped. Among many people some look alike, so a person settles it.
    fn tell_others_apart(&self, seen: &mut [Seen]) -> Result<()> {
        let Some(calibration) = &self.calibration else { return Ok(()) };
        let mut gallery = Gallery::new(self.engine.model().clone());
        for (n, seen) in seen.iter().enumerate() {
            if let Some(known) = &seen.known {
                gallery.insert(n, known).or_failed("gather the admission photos")?;
            }
        }
        for (n, seen) in seen.iter_mut().enumerate() {
            let (Some(Face::Unsure(_)), Some(template)) = (seen.face, &seen.look.template) else {
                continue;
            };
            let nearest = gallery.search(template, 1).or_failed("look for the nearest face")?;
            let other =
                nearest.iter().find(|hit| hit.key != n && hit.similarity >= calibration.thresholds.accept());
            if let Some(other) = other {
                seen.look.findings.push(Finding::like_another(other.similarity.cosine()));
            }
        }
        Ok(())
    }

    /// Pairs of photos that show one face.
    fn same_faces(&self, seen: &[Seen]) -> Result<Vec<(usize, usize)>> {
        let Some(calibration) = &self.calibration else { return Ok(Vec::new()) };
        let mut gallery = Gallery::new(self.engine.model().clone());
        for (n, seen) in seen.iter().enumerate() {
            if let Some(template) = &seen.look.template {
                gallery.insert(n, template).or_failed("gather the delivered photos")?;
            }
        }
        let pairs = gallery.look_alikes(calibration.same_face);
        Ok(pairs.into_iter().map(|(hit, other)| (hit.key, other)).collect())
    }
}

/// A face beside the admission photo's.
fn compare(eyes: &Eyes, known: Option<&Template>, template: &Template) -> Result<Face> {
    let Some(known) = known else { return Ok(Face::NoReference) };
    let similarity = template.compare(known).or_failed("compare two faces")?;
    let cosine = similarity.cosine();
    Ok(match eyes.calibration.as_ref().map(|calibration| calibration.thresholds.decide(similarity)) {
        None => Face::NotCalibrated(Some(cosine)),
        Some(Verdict::Match) => Face::Match(cosine),
        Some(Verdict::Unsure) => Face::Unsure(cosine),
        Some(Verdict::NoMatch) => Face::NoMatch(cosine),
    })
}

/// The calibration in force, if it speaks of this engine's model.
fn calibration(office: &Office, engine: &Engine) -> Result<Option<Calibration>> {
    let Some((row, thresholds)) = face::thresholds(office)? else { return Ok(None) };
    if thresholds.model() != engine.model() {
        return Ok(None);
    }
    // Among N photos there are N²/2 pairs, so accidental look-alikes are looked for at the strictest rate measured.
    let points =
        serde_json::from_str::<api::face::Calibration>(&row.report).map(|report| report.operating_points);
    let strictest =
        points.unwrap_or_default().into_iter().filter_map(|point| point.threshold).fold(row.accept, f32::max);
    let same_face = Similarity::new(strictest).or_failed("read a calibration")?;
    Ok(Some(Calibration { thresholds, same_face }))
}

/// Whether a name has the form of a token, authentic or not.
fn looks_like_a_token(name: &str) -> bool {
    name.len() == 28
        && name.starts_with("XC")
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn captured<'a>(parcel: &'a Parcel, file: &PhotoFile) -> Option<&'a archive::delivery::Capture> {
    parcel.captures.of(&file.name, file.token.as_deref()?)
}

/// What becomes the rows of a delivery's items.
struct Items<'a> {
    parcel: &'a Parcel,
    faces: &'a [Face],
    sizes: &'a [Option<(u32, u32)>],
    facts: &'a [Facts],
    odd: &'a [f32],
    found: &'a Reconciliation,
}

impl Items<'_> {
    fn rows(&self) -> Result<Vec<item::Item>> {
        let photos = self.found.photos.iter().enumerate().map(|(n, _)| self.photo(n));
        let first_missing = self.found.photos.len();
        let missing =
            self.found.missing.iter().enumerate().map(|(n, judged)| bare(first_missing + n, judged));
        photos.chain(missing).collect()
    }

    fn photo(&self, n: usize) -> Result<item::Item> {
        let unknown = || Error::failed("write down an item", "a photo was lost");
        let (judged, file) = self.found.photos.get(n).zip(self.parcel.photos.get(n)).ok_or_else(unknown)?;
        let face = self.faces.get(n).copied().unwrap_or(Face::NotCompared);
        let size = self.sizes.get(n).copied().flatten();
        let capture = captured(self.parcel, file);
        let facts = self.facts.get(n).cloned().unwrap_or_default();
        let (similarity, verdict) = similarity(face);
        Ok(item::Item {
            file: Some(file.path.as_str().to_owned()),
            original: file.original.as_ref().map(|path| path.as_str().to_owned()),
            sha256: Some(hex::encode(file.sha256)),
            bytes: Some(file.bytes),
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            captured: capture.map(|capture| capture.captured),
            device: capture.map(|capture| capture.device.clone()),
            operator: capture.map(|capture| capture.operator.clone()),
            similarity,
            verdict,
            oddness: self.odd.get(n).copied().unwrap_or_default(),
            photo_facts: facts.photo,
            original_facts: facts.original,
            ..bare(n, judged)?
        })
    }
}

fn bare(n: usize, judged: &archive::delivery::Judged) -> Result<item::Item> {
    Ok(item::Item {
        number: u32::try_from(n).or_failed("number an item")?,
        state: judged.state,
        token: (!judged.name.is_empty()).then(|| judged.name.clone()),
        person: judged.person,
        file: None,
        original: None,
        sha256: None,
        bytes: None,
        width: None,
        height: None,
        captured: None,
        device: None,
        operator: None,
        similarity: None,
        verdict: None,
        oddness: 0.0,
        photo_facts: None,
        original_facts: None,
        findings: serde_json::to_string(&judged.findings).or_failed("write down findings")?,
    })
}

fn similarity(face: Face) -> (Option<f32>, Option<item::Verdict>) {
    match face {
        Face::Match(similarity) => (Some(similarity), Some(item::Verdict::Match)),
        Face::Unsure(similarity) => (Some(similarity), Some(item::Verdict::Unsure)),
        Face::NoMatch(similarity) => (Some(similarity), Some(item::Verdict::NoMatch)),
        Face::NotCalibrated(similarity) => (similarity, None),
        Face::NoReference | Face::ByHand | Face::NotOne | Face::NotCompared => (None, None),
    }
}
