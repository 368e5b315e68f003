//! What the demo prints: one line per step, with its claim, whether it held, and the figures it rests on.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Map, Value, json};

/// Whether lines are for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Sentences.
    Text,
    /// One JSON object per line.
    Json,
}

/// The figures a claim rests on, and whether all that it needs was true.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    figures: Map<String, Value>,
    broken: Vec<String>,
}

impl Evidence {
    /// Adds a figure.
    pub(crate) fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// Notes a condition of the claim; `what` is printed when it does not hold.
    pub(crate) fn holds(&mut self, condition: bool, what: impl Into<String>) {
        if !condition {
            self.broken.push(what.into());
        }
    }
}

/// Prints the story and remembers whether every claim held.
#[derive(Debug)]
pub(crate) struct Report {
    style: Style,
    failed: Vec<String>,
}

impl Report {
    /// Begins a report.
    pub(crate) fn new(style: Style) -> Self {
        Self { style, failed: Vec::new() }
    }

    /// Prints one fact ahead of the steps.
    pub(crate) fn fact(&self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match (self.style, &value) {
            (Style::Json, _) => println!("{}", json!({ name: value })),
            (Style::Text, Value::String(text)) => println!("{name}: {text}"),
            (Style::Text, _) => println!("{name}: {value:#}"),
        }
    }

    /// Runs one step and prints its line. An error is a claim that did not hold; the story stops there.
    pub(crate) fn step<T>(
        &mut self,
        step: &str,
        claim: &str,
        run: impl FnOnce(&mut Evidence) -> Result<T>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut evidence = Evidence::default();
        let outcome = run(&mut evidence);
        if let Err(error) = &outcome {
            evidence.broken.push(format!("{error:#}"));
        }
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.line(step, claim, ms, evidence);
        outcome
    }

    fn line(&mut self, step: &str, claim: &str, ms: u64, evidence: Evidence) {
        let ok = evidence.broken.is_empty();
        if !ok {
            self.failed.push(step.to_owned());
        }
        match self.style {
            Style::Json => {
                let mut line = json!({ "step": step, "claim": claim, "ok": ok, "ms": ms });
                if let Some(line) = line.as_object_mut() {
                    line.extend(evidence.figures);
                    if !ok {
                        line.insert("broken".to_owned(), json!(evidence.broken));
                    }
                }
                println!("{line}");
            }
            Style::Text => {
                println!("{} {step} ({ms} ms): {claim}", if ok { "✓" } else { "✗" });
                for (name, value) in evidence.figures {
                    println!("    {name}: {value}");
                }
                for broken in evidence.broken {
                    println!("    did not hold: {broken}");
                }
            }
        }
    }

    /// The steps whose claims did not hold.
    pub(crate) fn failed(&self) -> &[String] {
        &self.failed
    }
}
