//! A worker: does points one after the other in a folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::appliance::Appliance;
use crate::check::{Case, Failure, Recovered};
use crate::cut::Cut;
use crate::journal::Journal;
use crate::picture::Picture;
use crate::point::{Blow, Extent};
use crate::said::Said;
use crate::school::{Plan, School};
use crate::tracer::{Aim, Driver, Run};
use crate::{Fault, Operation, Point, copy};

/// After what time a driver hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How likely it is that something unsynced is there after a cut; one of these for each cut.
const KEEP: [f64; 5] = [0.0, 0.1, 0.5, 0.9, 1.0];

/// What came of a point.
#[derive(Debug)]
pub struct Report {
    /// The point, as it was struck in the end.
    pub point: Point,
    /// What the user was told instead of that it is done.
    pub told: Option<String>,
    /// How it came back, or what does not hold.
    pub outcome: Result<Recovered, Failure>,
    /// The call that was struck, or the moment of the cut.
    pub moment: String,
}

/// Somebody who does points.
#[derive(Debug)]
pub struct Worker {
    driver: PathBuf,
    folder: PathBuf,
    school: School,
    cases: BTreeMap<Operation, Case>,
    extents: BTreeMap<Operation, Extent>,
    journals: BTreeMap<Operation, Journal>,
    /// Where a folder is kept as it was before it was opened again.
    kept: Option<PathBuf>,
}

impl Worker {
    /// Prepares everything below a folder, and does each operation in peace.
    ///
    /// # Errors
    ///
    /// When something can't be prepared, or an operation does not come to its end.
    pub fn prepare(driver: &Path, folder: &Path, kept: Option<PathBuf>) -> Result<Self> {
        let place = folder.join("case");
        let school = School::prepare(&folder.join("school"), &place)?;
        let mut worker = Self {
            driver: driver.to_owned(),
            folder: folder.to_owned(),
            school,
            cases: BTreeMap::new(),
            extents: BTreeMap::new(),
            journals: BTreeMap::new(),
            kept,
        };
        for operation in Operation::ALL {
            let case = worker.in_peace(operation)?;
            worker.cases.insert(operation, case);
            let run = worker.drive(operation, Aim::Count)?;
            ensure!(run.said.last() == Some(&Said::Done), "{operation} is not even done in peace: {run:?}");
            let extent = Extent { calls: run.calls, words: run.said.len() as u64 };
            worker.extents.insert(operation, extent);
        }
        Ok(worker)
    }

    /// How long each operation is.
    #[must_use]
    pub const fn extents(&self) -> &BTreeMap<Operation, Extent> {
        &self.extents
    }

    fn place(&self) -> PathBuf {
        self.folder.join("case")
    }

    /// What is seen before and after an operation.
    fn in_peace(&self, operation: Operation) -> Result<Case> {
        let place = self.place();
        copy::tree(self.school.before(operation)?, &place)?;
        let plan = Plan::read(&place)?;
        let settle = |appliance: &Appliance| -> Result<Picture> {
            service::ledger::integrate(&appliance.office)?;
            service::index::catch_up(&appliance.office)?;
            Picture::of(&appliance.office, &plan)
        };
        let before = settle(&Appliance::open(&place)?)?;
        let appliance = Appliance::open(&place)?;
        if let Err(trouble) = operation.run(&appliance.office, &plan, &mut |_| {}) {
            bail!("{operation} is not even done in peace: {trouble:?}");
        }
        let after = settle(&appliance)?;
        Ok(Case { operation, plan, before, after })
    }

    fn drive(&self, operation: Operation, aim: Aim) -> Result<Run> {
        let place = self.place();
        copy::tree(self.school.before(operation)?, &place)?;
        let log = self.folder.join("log");
        let driver =
            Driver { program: &self.driver, operation, folder: &place, log: &log, patience: PATIENCE };
        driver.run(aim)
    }

    /// Does a point.
    ///
    /// # Errors
    ///
    /// When it can't be done: what does not hold afterwards is no error, but in the report.
    pub fn strike(&mut self, point: Point) -> Result<Report> {
        match point.blow {
            Blow::Fault(fault, number) => self.fault(point.operation, fault, number),
            Blow::Cut(_) | Blow::Word(_) | Blow::Control(_) => self.cut(point),
        }
    }

    fn case(&self, operation: Operation) -> Result<&Case> {
        self.cases.get(&operation).context("every operation has a case")
    }

    fn fault(&self, operation: Operation, fault: Fault, number: u64) -> Result<Report> {
        let mut number = number;
        loop {
            let run = self.drive(operation, Aim::Strike(fault, number))?;
            // Threads meet otherwise each time, so that there may be fewer calls than there were.
            let Some(struck) = run.struck.clone() else {
                ensure!(number > 1, "{operation} does nothing that writes");
                number = number * 3 / 4;
                continue;
            };
            let point = Point { operation, blow: Blow::Fault(fault, number) };
            let told = match run.said.last() {
                Some(Said::Refused(what)) => Some(what.clone()),
                _ => None,
            };
            let outcome = match unanswered(&run, fault) {
                Some(failure) => Err(failure),
                None => self.look(operation, &run.said)?,
            };
            return Ok(Report { point, told, outcome, moment: struck });
        }
    }

    fn cut(&mut self, point: Point) -> Result<Report> {
        let operation = point.operation;
        if !self.journals.contains_key(&operation) {
            let run = self.drive(operation, Aim::Record)?;
            ensure!(run.said.last() == Some(&Said::Done), "{operation} was not recorded: {:?}", run.said);
            self.journals.insert(operation, run.journal.context("nothing was recorded")?);
        }
        let journal = self.journals.get(&operation).context("just recorded")?;
        let all = journal.steps.len();
        let (seed, word) = match point.blow {
            Blow::Cut(seed) | Blow::Control(seed) => (seed, None),
            Blow::Word(number) => (number, Some(journal.after_word(number)?)),
            Blow::Fault(..) => bail!("{point} is no power cut"),
        };
        let mut dice = StdRng::seed_from_u64(seed);
        let (steps, keep) = match (word, point.blow) {
            (Some(steps), _) => (steps, 0.0),
            // Only what somebody was told of can be lost.
            (None, Blow::Control(_)) => (
                dice.random_range(journal.after_word(1)?..=all),
                KEEP.choose(&mut dice).copied().unwrap_or_default(),
            ),
            (None, _) => (dice.random_range(0..=all), KEEP.choose(&mut dice).copied().unwrap_or_default()),
        };
        let honest = !matches!(point.blow, Blow::Control(_));
        let cut = Cut::after(journal, steps, honest);
        cut.make(self.school.before(operation)?, &self.place(), keep, &mut dice)?;
        let moment = format!("after {steps} of {all} steps, keeping {keep} of what was not synced");
        let outcome = self.look(operation, &cut.said())?;
        Ok(Report { point, told: None, outcome, moment })
    }

    fn look(&self, operation: Operation, said: &[Said]) -> Result<Result<Recovered, Failure>> {
        if let Some(kept) = &self.kept {
            copy::tree(&self.place(), kept)?;
        }
        Ok(self.case(operation)?.check(&self.place(), said))
    }
}

/// A driver that was struck and did not say how it ended.
fn unanswered(run: &Run, fault: Fault) -> Option<Failure> {
    let panicked = run.said.iter().find_map(|said| match said {
        Said::Panicked(text) => Some(Failure::Panic(text.clone())),
        _ => None,
    });
    let is_answer = matches!(run.said.last(), Some(Said::Done | Said::Refused(_)));
    match fault {
        _ if panicked.is_some() => panicked,
        _ if run.hung => Some(Failure::Silent),
        Fault::Kill => None,
        _ if !is_answer => Some(Failure::Silent),
        _ => None,
    }
}
