//! `xuecang-agent deletion`

use std::io::BufRead as _;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use api::ids::CaseId;
use api::vendor::VendorCase;
use handshake::bytes::Nonce;
use handshake::message::{
    ErasureErrors, Inventory, LocationErased, LocationPlan, LocationProgress, PathCheck, Person, Sanitisation,
};
use handshake::state::Phase;
use handshake::vendor::Turn;
use jiff::Timestamp;
use ledger::Hash;
use serde_json::{Value, json};

use super::Agent;
use crate::deletion::{Deletion, Keys, Sent, cases};
use crate::erase::{Authorised, Erasure, is_gone};
use crate::inventory::{Explained, FoundFile, Place, What, find};
use crate::prove::prove;

/// How often the school is asked while it has to answer at once, and otherwise.
const PACE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));

/// How often the school is told how far an erasure is.
const TOLD: Duration = Duration::from_secs(30);

/// How often in a row the school may refuse before the command gives up.
const REFUSALS: u32 = 5;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Lists the deletions that the school has asked for
    List,
    /// Shows what would be declared of the given places, without saying anything
    Inventory(Look),
    /// Leads a deletion from where it stands: declares, proves, exchanges the codes, erases, reports
    Run(Box<Run>),
}

#[derive(Debug, clap::Args)]
pub(super) struct Look {
    /// The deletion, as `case_…`
    case: CaseId,

    #[command(flatten)]
    places: Places,

    /// The file with the signatory's key, if it is kept elsewhere
    #[arg(long)]
    legal_key: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Places {
    /// A place with copies: `kind=disk,path=FOLDER,id=…,owner=…,make=…,model=…,serial=…,encryption=…,snapshots=…,`
    /// `retention=…`; without a path it is only declared. May be repeated; needed until the inventory is sent
    #[arg(long = "location", value_name = "FIELDS")]
    locations: Vec<String>,

    /// Files that were made from the photos and are erased with them: `PATTERN=WHAT`, as in `*.thumb=thumbnails`
    #[arg(long = "derivative", value_name = "PATTERN=WHAT")]
    derivatives: Vec<Explained>,

    /// Files that stay, and why: `PATTERN=WHY`
    #[arg(long = "leave", value_name = "PATTERN=WHY")]
    stays: Vec<Explained>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    look: Look,

    /// Who operates this tool and exchanges the codes: stands in the certificate
    #[arg(long)]
    operator: String,

    /// The operator's title
    #[arg(long, default_value = "operator")]
    title: String,

    /// Where the operator is
    #[arg(long, default_value = "at the vendor's")]
    at: String,

    /// What the vendor declares: there is no other place with copies
    #[arg(long, default_value = "除所列位置外，没有其他副本。 There is no copy in any other place.")]
    declaration: String,

    /// The policy's fingerprint, as printed in the contract's annex
    #[arg(long)]
    policy: Option<Hash>,

    /// Countersigns the school's statement without asking
    #[arg(long)]
    countersign: bool,

    /// What the vendor adds to the statement
    #[arg(long, default_value = "")]
    remarks: String,

    /// Ends when the school has said nothing for so many seconds; otherwise it is waited for
    #[arg(long)]
    patience: Option<u64>,
}

pub(super) fn run(agent: &Agent, command: Command) -> Result<()> {
    match command {
        Command::List => list(agent),
        Command::Inventory(look) => inventory(agent, &look),
        Command::Run(args) => Leader::open(agent, &args)?.lead(),
    }
}

fn list(agent: &Agent) -> Result<()> {
    let line = |case: &VendorCase| format!("{} ({}) {}", case.id, case.delivery, case.state);
    agent.print(&cases(&agent.connect()?)?, |cases| match cases.as_slice() {
        [] => "The school has asked for no deletion.".to_owned(),
        some => some.iter().map(line).collect::<Vec<_>>().join("\n"),
    })
}

fn inventory(agent: &Agent, look: &Look) -> Result<()> {
    let keys = Keys::open(&agent.home, look.legal_key.as_deref())?;
    let deletion = Deletion::open(&agent.home, agent.connect()?, keys, look.case, None)?;
    let places = look.places.parse()?;
    let files = find(&places, &deletion.list, &look.places.derivatives, &look.places.stays)?;
    let told: Vec<Value> = places.iter().map(|place| summary(place, &files)).collect();
    agent.print(&told, |told| told.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// What a place holds, in figures.
fn summary(place: &Place, files: &[FoundFile]) -> Value {
    let id = &place.declared.id;
    let count =
        |is: fn(&What) -> bool| files.iter().filter(|file| file.location == *id && is(&file.what)).count();
    json!({
        "location": id,
        "kind": place.declared.kind,
        "objects": count(|what| matches!(what, What::Object(_))),
        "derivatives": count(|what| matches!(what, What::Derivative(_))),
        "stay": count(|what| matches!(what, What::Stays(_))),
        "unexplained": count(|what| matches!(what, What::Unexplained)),
    })
}

impl Places {
    fn parse(&self) -> Result<Vec<Place>> {
        Ok(self.locations.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
    }
}

/// Leads a deletion, one turn after the other.
struct Leader<'a> {
    agent: &'a Agent,
    args: &'a Run,
    deletion: Deletion,
    /// When the school was last heard.
    heard: Instant,
    refusals: u32,
    /// Whether this run has reported an erasure.
    erased: bool,
}

impl<'a> Leader<'a> {
    fn open(agent: &'a Agent, args: &'a Run) -> Result<Self> {
        let keys = Keys::open(&agent.home, args.look.legal_key.as_deref())?;
        let deletion = Deletion::open(&agent.home, agent.connect()?, keys, args.look.case, args.policy)?;
        Ok(Self { agent, args, deletion, heard: Instant::now(), refusals: 0, erased: false })
    }

    fn lead(mut self) -> Result<()> {
        let policy = self.deletion.vendor.state().policy().fingerprint();
        self.tell(&json!({ "event": "policy", "fingerprint": policy }), &format!("The policy is {policy}."));
        loop {
            match self.deletion.vendor.turn() {
                Turn::Send => {
                    let sent = self.deletion.send()?;
                    self.took(sent)?;
                }
                Turn::Wait => {
                    if !self.wait()? {
                        return Ok(());
                    }
                }
                Turn::Inventory => self.declare()?,
                Turn::Prove => self.prove()?,
                Turn::Plan => self.plan()?,
                Turn::Commit => {
                    let stamp = self.deletion.stamp();
                    let envelope = self.deletion.vendor.commit(Nonce::from_bytes(rand::random()), &stamp)?;
                    self.say(envelope)?;
                }
                Turn::Reveal => {
                    let envelope = self.deletion.vendor.reveal(&self.deletion.stamp())?;
                    self.say(envelope)?;
                }
                Turn::Confirm => self.exchange_codes()?,
                Turn::Erase => self.erase()?,
                Turn::Countersign => self.countersign()?,
                Turn::Resume => {
                    let stamp = self.deletion.stamp();
                    let envelope = self.deletion.vendor.resume("the agent was started anew", &stamp)?;
                    self.say(envelope)?;
                }
                Turn::Done => return self.end(),
            }
        }
    }

    /// Prints what happens: JSON, one object in a line, or a sentence.
    fn tell(&self, event: &Value, text: &str) {
        if self.agent.json {
            println!("{event}");
        } else {
            println!("{text}");
        }
    }

    fn say(&mut self, envelope: handshake::envelope::Envelope) -> Result<()> {
        let sent = self.deletion.say(envelope)?;
        self.took(sent)
    }

    fn took(&mut self, sent: Sent) -> Result<()> {
        self.heard = Instant::now();
        match sent {
            Sent::Taken => self.refusals = 0,
            Sent::Refused(why) => {
                self.refusals += 1;
                self.tell(
                    &json!({ "event": "refused", "reason": why }),
                    &format!("The school refused: {why}"),
                );
                ensure!(self.refusals < REFUSALS, "the school refuses again and again: {why}");
            }
        }
        Ok(())
    }

    /// Asks the school. Returns whether to go on.
    fn wait(&mut self) -> Result<bool> {
        let phase = self.deletion.vendor.state().phase();
        if self.deletion.fetch()? {
            self.heard = Instant::now();
            return Ok(true);
        }
        if self.args.patience.is_some_and(|seconds| self.heard.elapsed() >= Duration::from_secs(seconds)) {
            let state = serde_json::to_value(phase)?;
            self.tell(
                &json!({ "event": "waiting", "state": state }),
                "The school has not answered yet; the same command goes on from here.",
            );
            return Ok(false);
        }
        let live = matches!(phase, Phase::Sealed | Phase::Answered | Phase::Ready | Phase::Authorising);
        sleep(if live { PACE.0 } else { PACE.1 });
        Ok(true)
    }

    fn declare(&mut self) -> Result<()> {
        let places = self.args.look.places.parse()?;
        ensure!(!places.is_empty(), "name the places with copies: --location kind=disk,path=FOLDER,…");
        let files = self.find(&places)?;
        for place in &places {
            let told = summary(place, &files);
            self.tell(&json!({ "event": "declared", "place": told }), &format!("Declared: {told}"));
        }
        let words: Vec<String> =
            self.args.look.places.derivatives.iter().map(|derivative| derivative.words.clone()).collect();
        let locations = places.iter().map(|place| {
            let mut declared = place.declared.clone();
            declared.derivatives.clone_from(&words);
            declared
        });
        let inventory =
            Inventory { locations: locations.collect(), no_other_location: self.args.declaration.clone() };
        self.deletion.keep("places.json", &places)?;
        let envelope = self.deletion.vendor.inventory(inventory, &self.deletion.stamp())?;
        self.say(envelope)
    }

    /// Finds the files of the places. Nothing may stay unexplained.
    fn find(&self, places: &[Place]) -> Result<Vec<FoundFile>> {
        let Places { derivatives, stays, .. } = &self.args.look.places;
        let files = find(places, &self.deletion.list, derivatives, stays)?;
        let unexplained: Vec<_> = files.iter().filter(|file| file.what == What::Unexplained).collect();
        if let Some(first) = unexplained.first() {
            bail!(
                "{} file(s) are none of the objects, as {}; say what they are: --derivative or --leave PATTERN=WORDS",
                unexplained.len(),
                first.path.display(),
            );
        }
        Ok(files)
    }

    fn places(&self) -> Result<Vec<Place>> {
        self.deletion
            .kept("places.json")?
            .context("places.json is missing: the places were declared elsewhere")
    }

    fn files(&self) -> Result<Vec<FoundFile>> {
        self.deletion.kept("files.json")?.context("files.json is missing: the files were proven elsewhere")
    }

    fn prove(&mut self) -> Result<()> {
        let said = self.deletion.vendor.state().said();
        if let (Some(checked), Some(possession)) = (&said.checked, &said.possession) {
            let equal = possession.body.locations.iter().all(|place| {
                checked
                    .body
                    .locations
                    .iter()
                    .any(|own| own.location == place.location && own.root == place.root)
            });
            ensure!(equal, "the school computed another proof from its own copies; ask the school");
        }
        let places = self.places()?;
        let files = self.find(&places)?;
        let begun = Instant::now();
        let proofs = prove(&self.deletion.vendor, &self.deletion.list, &places, &files)?;
        // The manifest is on disk before the school hears of it: nothing else is ever erased.
        self.deletion.keep("files.json", &files)?;
        let held: u64 = proofs.iter().map(|proof| proof.held.count()).sum();
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.tell(
            &json!({ "event": "proven", "held": held, "bytes": bytes, "ms": ms }),
            &format!("Proved that {held} objects are held; {bytes} bytes were read, in {ms} ms."),
        );
        let envelope = self.deletion.vendor.possession(proofs, &self.deletion.stamp())?;
        self.say(envelope)
    }

    fn operator(&self) -> Person {
        Person {
            name: self.args.operator.clone(),
            title: self.args.title.clone(),
            place: self.args.at.clone(),
        }
    }

    fn plan(&mut self) -> Result<()> {
        let (places, files) = (self.places()?, self.files()?);
        let plan = |place: &Place| {
            let bytes: u64 =
                files.iter().filter(|file| file.location == place.declared.id).map(|file| file.bytes).sum();
            LocationPlan {
                location: place.declared.id.clone(),
                sanitisation: Sanitisation::Clear,
                technique: technique(place).to_owned(),
                // Slow disks write 20 MB a second.
                expected_seconds: 1 + bytes / 20_000_000,
                controls: None,
            }
        };
        let plans = places.iter().map(plan).collect();
        let envelope = self.deletion.vendor.plan(plans, vec![self.operator()], &self.deletion.stamp())?;
        self.say(envelope)
    }

    /// The operator reads the own code aloud and types the one the school reads.
    fn exchange_codes(&mut self) -> Result<()> {
        let Some(own) = self.deletion.vendor.own_code() else { return Ok(()) };
        self.tell(
            &json!({ "event": "code", "read_aloud": own }),
            &format!("Read this code aloud: {own}\nType the code that the school reads aloud:"),
        );
        let mut heard = String::new();
        ensure!(std::io::stdin().lock().read_line(&mut heard)? > 0, "nobody typed the code");
        self.deletion.fetch()?;
        if self.deletion.vendor.turn() != Turn::Confirm || self.deletion.vendor.own_code() != Some(own) {
            self.tell(&json!({ "event": "too_late" }), "Too late: the codes are drawn anew.");
            return Ok(());
        }
        if !self.deletion.vendor.code_is_right(&heard) {
            self.tell(
                &json!({ "event": "wrong_code" }),
                "This is not the school's code. Nothing was erased.",
            );
            return Ok(());
        }
        let envelope = self.deletion.vendor.confirm(&heard, self.operator(), &self.deletion.stamp())?;
        self.say(envelope)
    }

    fn erase(&mut self) -> Result<()> {
        let authorised =
            Authorised::by(self.deletion.vendor.state()).context("the school has not authorised this")?;
        let phase = self.deletion.vendor.state().phase();
        ensure!(
            !(self.erased && phase == Phase::Disputed),
            "traces remain; see erase.log, mend it, and run this again"
        );
        let (places, files) = (self.places()?, self.files()?);
        let mut erasure = Erasure::open(&files, &places, self.deletion.path("erase.log"))?;
        self.report(&places, &erasure)?;
        let mut told = Instant::now();
        while erasure.next(&authorised)? {
            if told.elapsed() >= TOLD {
                self.report(&places, &erasure)?;
                told = Instant::now();
            }
        }
        let reports =
            places.iter().map(|place| self.erased(place, &files, &erasure)).collect::<Result<Vec<_>>>()?;
        for report in &reports {
            let event = json!({
                "event": "erased", "location": report.location, "files": report.files,
                "errors": report.errors.pass, "found": report.paths.map(|paths| paths.found),
            });
            self.tell(
                &event,
                &format!(
                    "{}: {} files erased, {} errors.",
                    report.location, report.files, report.errors.pass
                ),
            );
        }
        self.erased = true;
        let envelope = self.deletion.vendor.erased(reports, self.operator(), &self.deletion.stamp())?;
        self.say(envelope)
    }

    /// Tells the school how far the erasure is.
    fn report(&mut self, places: &[Place], erasure: &Erasure<'_>) -> Result<()> {
        let log = erasure.record_hash()?;
        let progress = |place: &Place| {
            let tally = erasure.tally(place.declared.id.as_str());
            LocationProgress {
                location: place.declared.id.clone(),
                done: tally.bytes,
                total: tally.total,
                errors: tally.failed,
                retries: 0,
                log,
            }
        };
        let envelope =
            self.deletion.vendor.progress(places.iter().map(progress).collect(), &self.deletion.stamp())?;
        self.say(envelope)
    }

    /// What was done to one place, and what is there now: every path of the manifest is looked at, and the folder is
    /// searched once more for objects under any name.
    fn erased(&self, place: &Place, files: &[FoundFile], erasure: &Erasure<'_>) -> Result<LocationErased> {
        let id = &place.declared.id;
        let tally = erasure.tally(id.as_str());
        let objects =
            || files.iter().filter(|file| file.location == *id && matches!(file.what, What::Object(_)));
        let now = find(std::slice::from_ref(place), &self.deletion.list, &[], &[])?;
        let left = objects().filter(|file| !is_gone(&file.path)).count();
        let again = now.iter().filter(|file| matches!(file.what, What::Object(_)));
        let again = again.filter(|file| !objects().any(|known| known.path == file.path)).count();
        let (started_at, ended_at) = erasure.between();
        Ok(LocationErased {
            location: id.clone(),
            sanitisation: Sanitisation::Clear,
            technique: technique(place).to_owned(),
            tool: "xuecang-agent".to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            passes: u64::from(place.folder.is_some()),
            started_at,
            ended_at: ended_at.max(started_at).min(Timestamp::now().max(started_at)),
            files: tally.gone,
            device_status: "not asked".to_owned(),
            errors: ErasureErrors { pass: tally.failed, sync: 0, verify: 0 },
            retries: 0,
            hidden_areas: place.declared.hidden_areas.clone(),
            destination: "stays with the vendor".to_owned(),
            paths: place.folder.is_some().then_some(PathCheck {
                checked: (objects().count() + now.len()) as u64,
                found: (left + again) as u64,
            }),
            scan: None,
        })
    }

    fn countersign(&mut self) -> Result<()> {
        let said = self.deletion.vendor.state().said();
        let statement = said.certificate.as_ref().map(|kept| kept.body.statement.clone());
        let statement = statement.context("the school has written no statement")?;
        let text = serde_json::to_value(&statement)?;
        self.tell(
            &json!({ "event": "statement", "statement": text }),
            &format!(
                "The school states, at {}:\n{}",
                statement.level,
                serde_json::to_string_pretty(&statement)?
            ),
        );
        if !self.args.countersign {
            self.tell(&json!({ "event": "countersign" }), "Type `yes` to countersign for the vendor:");
            let mut answer = String::new();
            std::io::stdin().lock().read_line(&mut answer)?;
            ensure!(answer.trim() == "yes", "not countersigned; the same command asks again");
        }
        let envelope = self.deletion.vendor.countersign(&self.args.remarks, &self.deletion.stamp())?;
        self.say(envelope)
    }

    /// Fetches the certificate. The school may still be putting it together.
    fn end(self) -> Result<()> {
        let phase = self.deletion.vendor.state().phase();
        if phase != Phase::Cosigned {
            let state = serde_json::to_value(phase)?;
            self.tell(
                &json!({ "event": "ended", "state": state }),
                &format!("The deletion has ended: {state}."),
            );
            return Ok(());
        }
        for _ in 0..30 {
            if let Some(report) = self.deletion.certificate()? {
                let file = self.deletion.path("certificate.json");
                let event = json!({
                    "event": "certificate", "outcome": report.outcome, "level": report.level, "sha256": report.sha256,
                    "file": file, "unmet": report.unmet.iter().map(|guard| guard.code.name()).collect::<Vec<_>>(),
                });
                let outcome = serde_json::to_value(report.outcome)?;
                self.tell(
                    &event,
                    &format!(
                        "The certificate is good: {outcome} at {}. Kept in {}.",
                        report.level,
                        file.display()
                    ),
                );
                return Ok(());
            }
            sleep(PACE.1);
        }
        bail!("the school has not put the certificate together yet; the same command fetches it later")
    }
}

const fn technique(place: &Place) -> &'static str {
    match place.folder {
        Some(_) => {
            "经文件系统以随机字节覆写每个文件一次，落盘后删除；未回读。 \
             Each file overwritten once with random bytes through the file system, synced, removed; no read-back."
        }
        None => "未由本程序删除，仅为声明。 Not erased by this tool: declared only.",
    }
}
