//! Every hostile file, each read in a process of its own: what became of it, its memory, its time. Fails where a limit is
//! passed.

use std::{path::Path, process::ExitCode};

use readers::hostile::{MEMORY, PATIENCE, cases};

fn main() -> ExitCode {
    let readers = Path::new(env!("CARGO_BIN_EXE_readers"));
    let mut wrong = 0_usize;
    println!("{:<62} {:<9} {:<24} {:>8} {:>8}", "case", "verdict", "code", "peak MiB", "ms");
    for case in cases() {
        match case.read_apart(readers) {
            Ok(told) => {
                let held = told.verdict != "taken"
                    && told.code == case.code
                    && told.peak_kib <= MEMORY
                    && told.ms <= PATIENCE;
                wrong += usize::from(!held);
                let mark = if held { "" } else { "  ←" };
                let peak = told.peak_kib >> 10;
                println!(
                    "{:<62} {:<9} {:<24} {peak:>8} {:>8}{mark}",
                    case.name, told.verdict, told.code, told.ms
                );
            }
            Err(error) => {
                wrong += 1;
                println!("{:<62} {error}  ←", case.name);
            }
        }
    }
    println!("{wrong} beyond {} MiB or {PATIENCE} ms, or not refused as they must be", MEMORY >> 10);
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
