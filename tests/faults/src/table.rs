//! What came of all points, as a table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::Operation;
use crate::check::Failure;
use crate::crew::Report;
use crate::picture::Seen;
use crate::point::Blow;

/// How long opening may take after the power failed.
pub const RECOVERY: Duration = Duration::from_secs(5);

/// The sum of some points.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    points: usize,
    told: usize,
    whole: usize,
    partly: usize,
    before: usize,
    worst: Duration,
    failures: usize,
}

/// What came of all points.
#[derive(Debug, Default)]
pub struct Table {
    sums: BTreeMap<(Operation, &'static str), Sum>,
    /// Each failure, with what it takes to do it again.
    failures: Vec<String>,
    /// Acknowledged data that was lost where syncs were without effect.
    lost: BTreeMap<Operation, usize>,
    /// Points whose user was told that the disk is full.
    pub full: usize,
}

impl Table {
    /// Adds what came of a point.
    pub fn add(&mut self, report: &Report) {
        let (operation, blow) = (report.point.operation, report.point.blow);
        let sum = self.sums.entry((operation, blow.word())).or_default();
        sum.points += 1;
        sum.told += usize::from(report.told.is_some());
        self.full += usize::from(report.told.as_deref().is_some_and(|told| told.starts_with("disk full")));
        match &report.outcome {
            Ok(recovered) => {
                sum.worst = sum.worst.max(recovered.took);
                match recovered.seen {
                    Seen::All => sum.whole += 1,
                    Seen::Some => sum.partly += 1,
                    Seen::Nothing => sum.before += 1,
                }
            }
            Err(failure) => {
                sum.failures += 1;
                if let Blow::Control(_) = blow {
                    let lost = self.lost.entry(operation).or_default();
                    *lost += usize::from(matches!(failure, Failure::Lost(_)));
                } else {
                    self.failures.push(format!("{} at {}: {failure}", report.point, report.moment));
                }
            }
        }
    }

    /// The worst recovery of all points.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.sums.values().map(|sum| sum.worst).max().unwrap_or_default()
    }

    /// Whether nothing failed, and whether failing would have been seen.
    ///
    /// # Errors
    ///
    /// What failed; or that the power cuts prove nothing, because without syncs all went well, too.
    pub fn verdict(&self) -> Result<()> {
        if !self.failures.is_empty() {
            bail!("{} points failed:\n{}", self.failures.len(), self.failures.join("\n"));
        }
        let worst = self.worst();
        ensure!(worst <= RECOVERY, "opening took {} ms", worst.as_millis());
        for ((operation, blow), sum) in &self.sums {
            if *blow == "control" {
                ensure!(
                    sum.failures > 0,
                    "the power cuts of {operation} prove nothing: without syncs all went well, too"
                );
            }
        }
        // Whatever a user was told is in the archive is lost without syncs, if one only looks.
        for operation in [Operation::Accept, Operation::Correct, Operation::Repair] {
            let controls = self.sums.contains_key(&(operation, "control"));
            ensure!(
                !controls || self.lost.get(&operation).is_some_and(|lost| *lost > 0),
                "the power cuts of {operation} prove nothing: without syncs nothing acknowledged was lost"
            );
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads =
            ["operation", "fault", "points", "told", "whole", "partly", "as before", "worst ms", "failed"];
        let [operation, fault, heads @ ..] = heads;
        write!(f, "{operation:<10}{fault:<11}")?;
        heads.iter().try_for_each(|head| write!(f, "{head:>10}"))?;
        for ((operation, blow), sum) in &self.sums {
            write!(f, "\n{operation:<10}{blow:<11}")?;
            let worst = usize::try_from(sum.worst.as_millis()).unwrap_or(usize::MAX);
            for figure in [sum.points, sum.told, sum.whole, sum.partly, sum.before, worst, sum.failures] {
                write!(f, "{figure:>10}")?;
            }
        }
        for (operation, lost) in &self.lost {
            write!(
                f,
                "\nWithout syncs {operation} lost what somebody was told is kept {lost} times, as it must."
            )?;
        }
        Ok(())
    }
}
