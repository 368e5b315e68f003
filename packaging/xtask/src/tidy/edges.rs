//! Which crate may know which: the picture in app/ARCHITECTURE.md, as a table.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata};

/// Each crate of ours and the crates of ours it may depend on.
const MAY: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("ledger", &[]),
    ("bag", &[]),
    ("models", &[]),
    ("api", &["ids"]),
    ("handshake", &["ledger"]),
    ("archive", &["ids", "ledger", "handshake", "bag"]),
    ("verify", &["models"]),
    ("paper", &["api"]),
    ("demo", &["api", "handshake", "ledger", "verify"]),
    ("service", &["api", "ids", "archive", "bag", "ledger", "handshake", "verify", "models"]),
    (
        "xuecang",
        &[
            "api",
            "ids",
            "service",
            "archive",
            "bag",
            "ledger",
            "handshake",
            "verify",
            "models",
            "paper",
            "demo",
        ],
    ),
    ("xuecang-agent", &["api", "ids", "bag", "ledger", "handshake"]),
    ("frontend", &["api", "markup"]),
    ("checker", &["handshake"]),
    ("markup", &[]),
    ("readers", &["archive", "bag", "handshake", "ledger", "verify"]),
    ("fuzz", &["readers"]),
    ("xtask", &["models"]),
];

/// Crates that may know every other: nothing may know them.
const TOPS: &[&str] = &["tests", "faults"];

/// Names every edge between our crates that the table does not allow.
pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let ours: BTreeSet<String> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let edges = metadata.workspace_packages().into_iter().flat_map(|package| {
        let wanted =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        wanted.map(|dependency| (package.name.to_string(), dependency.name.clone())).collect::<Vec<_>>()
    });
    breaches(edges.filter(|(_, to)| ours.contains(to)))
}

fn breaches(edges: impl Iterator<Item = (String, String)>) -> Vec<String> {
    edges
        .filter(|(from, to)| !allowed(from, to))
        .map(|(from, to)| format!("{from} must not depend on {to}"))
        .collect()
}

fn allowed(from: &str, to: &str) -> bool {
    let row = MAY.iter().find(|(name, _)| *name == from);
    TOPS.contains(&from) || row.is_some_and(|(_, may)| may.contains(&to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_looks_at_faces_is_caught() {
        let planted = [("archive".to_owned(), "verify".to_owned()), ("archive".to_owned(), "bag".to_owned())];
        assert_eq!(breaches(planted.into_iter()), ["archive must not depend on verify"]);
    }

    #[test]
    fn nobody_may_know_the_app() {
        let planted = [("service".to_owned(), "xuecang".to_owned())];
        assert_eq!(breaches(planted.into_iter()), ["service must not depend on xuecang"]);
    }
}
