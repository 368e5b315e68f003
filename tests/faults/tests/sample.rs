//! A sample of what `cargo xtask bench faults` does in full.

use std::path::Path;

use faults::bench::{self, Which};
use faults::point::Wanted;

#[test]
fn whatever_fails_nothing_that_was_acknowledged_is_lost_and_nothing_is_torn() {
    let wanted = Wanted { seed: 2026, faults: 300, cuts: 100, controls: 8 };
    let driver = Path::new(env!("CARGO_BIN_EXE_faults-driver"));
    let table = bench::run(driver, 2, &Which::Wanted(wanted), &|_| {}).unwrap();
    println!("{table}");
    table.verdict().unwrap();
}
