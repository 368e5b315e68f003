//! Finding the conformance suites that are not part of the project.

use std::path::{Path, PathBuf};

/// The folder `fixtures/name` next to the project or where `XUECANG_FIXTURES` says, if there is one.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("XUECANG_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = shared.join("fixtures").join(name);
    if found.is_dir() {
        return Some(found);
    }
    println!("skipped: no {name} in {}", shared.display());
    None
}
