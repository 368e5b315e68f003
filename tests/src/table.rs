//! What was measured, line by line: ours, the peer, how they stand to each other, and what was to be reached.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

/// All lines.
#[derive(Debug, Default)]
pub struct Table(Vec<Line>);

/// One measurement.
#[derive(Debug, Serialize)]
struct Line {
    what: String,
    /// Ours: seconds, or what `unit` says.
    ours: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<f64>,
    /// How many times as quick as the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reach: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reached: Option<bool>,
}

impl Table {
    /// Ours beside a peer that did the same. `reach` is how many times as quick as the peer ours should be.
    pub fn beside(
        &mut self,
        what: impl Into<String>,
        ours: Duration,
        (peer, theirs): (&str, Duration),
        reach: Option<f64>,
    ) {
        let times = theirs.as_secs_f64() / ours.as_secs_f64();
        self.add(Line {
            what: what.into(),
            ours: ours.as_secs_f64(),
            unit: "s",
            peer: Some(peer.to_owned()),
            theirs: Some(theirs.as_secs_f64()),
            times: Some(times),
            reach: reach.map(|reach| format!(">= {reach} times as quick")),
            reached: reach.map(|reach| times >= reach),
        });
    }

    /// Ours alone, with the least it should be.
    pub fn at_least(&mut self, what: impl Into<String>, ours: f64, unit: &'static str, least: f64) {
        self.without_peer(what.into(), ours, unit, format!(">= {least} {unit}"), ours >= least);
    }

    /// Ours alone, with the most it should be.
    pub fn alone(&mut self, what: impl Into<String>, ours: f64, unit: &'static str, most: f64) {
        self.without_peer(what.into(), ours, unit, format!("<= {most} {unit}"), ours <= most);
    }

    fn without_peer(&mut self, what: String, ours: f64, unit: &'static str, reach: String, reached: bool) {
        let (reach, reached) = (Some(reach), Some(reached));
        self.add(Line { what, ours, unit, peer: None, theirs: None, times: None, reach, reached });
    }

    fn add(&mut self, line: Line) {
        // Said at once too: the whole takes many minutes.
        eprintln!("{}", line.text());
        self.0.push(line);
    }

    /// Prints all lines.
    ///
    /// # Errors
    ///
    /// When a line can't be written as JSON.
    pub fn print(&self, json: bool) -> Result<()> {
        for line in &self.0 {
            println!("{}", if json { serde_json::to_string(line)? } else { line.text() });
        }
        Ok(())
    }
}

impl Line {
    fn text(&self) -> String {
        let mut text = format!("{:<62} {:>9.3} {}", self.what, self.ours, self.unit);
        if let (Some(peer), Some(theirs), Some(times)) = (&self.peer, self.theirs, self.times) {
            text.push_str(&format!("; {peer} {theirs:.3} s; {times:.2} times as quick"));
        }
        if let (Some(reach), Some(reached)) = (&self.reach, self.reached) {
            text.push_str(&format!(
                "; to reach: {reach} ({})",
                if reached { "reached" } else { "NOT reached" }
            ));
        }
        text
    }
}
