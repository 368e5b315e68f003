//! Every hostile file is refused by name, in a process of its own whose memory stays within the limit. How long each takes is
//! printed here and asserted by `cargo xtask bench hostile`, since a program built for tests is slow.

use std::{convert::Infallible, path::Path};

use bag::crew;
use readers::hostile::{Case, MEMORY, cases};

#[test]
fn every_hostile_file_is_refused_by_name_within_its_memory() {
    let readers = Path::new(env!("CARGO_BIN_EXE_readers"));
    let read = |case: Case| Ok::<_, Infallible>((case, case.read_apart(readers)));
    let Ok(read) = crew::in_order(crew::cores(), cases(), read);
    let mut wrong = Vec::new();
    for (case, told) in read {
        let told = told.unwrap();
        let (verdict, code, peak, ms) = (&told.verdict, &told.code, told.peak_kib >> 10, told.ms);
        println!("{:<60} {verdict:<9} {code:<24} {peak:>4} MiB {ms:>6} ms", case.name);
        let refused = verdict != "taken" && code == case.code && !told.why.is_empty();
        if !refused || told.peak_kib > MEMORY {
            wrong.push(format!("{} (wanted {}): {told:?}", case.name, case.code));
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
