//! Every hostile file is refused by name, in a process of its own whose memory stays within the limit. How long each takes is
//! printed here and asserted by `cargo xtask bench hostile`, since a program built for tests is slow.

#![expect(clippy::unwrap_used, reason = "what surprises a test's helper stops the test")]

use std::path::Path;

use readers::hostile::{MEMORY, cases};

#[test]
fn every_hostile_file_is_refused_by_name_within_its_memory() {
    let readers = Path::new(env!("CARGO_BIN_EXE_readers"));
    let mut wrong = Vec::new();
    for case in cases() {
        match case.read_apart(readers) {
            Ok(told) => {
                println!(
                    "{:<60} {:<9} {:<24} {:>4} MiB {:>6} ms",
                    case.name,
                    told.verdict,
                    told.code,
                    told.peak_kib >> 10,
                    told.ms
                );
                let refused = told.verdict != "taken" && told.code == case.code && !told.why.is_empty();
                if !refused || told.peak_kib > MEMORY {
                    wrong.push(format!("{} (wanted {}): {told:?}", case.name, case.code));
                }
            }
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_two_cases_have_one_name() {
    let mut names: Vec<&str> = cases().iter().map(|case| case.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(all > 60, "{all}");
    assert!(Path::new(env!("CARGO_BIN_EXE_readers")).try_exists().unwrap());
}
