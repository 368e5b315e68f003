//! Any reader under libFuzzer: `XUECANG_READER` says which. `cargo xtask fuzz` builds and runs it.

#![no_main]

use std::{path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use readers::{TARGETS, Target};

/// The reader that is fuzzed.
static READER: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("XUECANG_READER").unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    found
        .unwrap_or_else(|| panic!("XUECANG_READER names no reader: {name:?}; there are {}", names.join(", ")))
});

/// Writes the seeds where `XUECANG_SEEDS` says, before libFuzzer looks there.
fn write_seeds() {
    let Some(folder) = std::env::var_os("XUECANG_SEEDS") else { return };
    for (name, bytes) in (READER.seeds)() {
        let written = fs_err::write(Path::new(&folder).join(name), bytes);
        written.unwrap_or_else(|error| panic!("{error}"));
    }
}

fuzz_target!(
    init: {
        // Some readers catch panics of libraries, and libFuzzer would end at the first; those nobody catches still end it.
        drop(std::panic::take_hook());
        write_seeds();
    },
    |bytes: &[u8]| {
        let _verdict = (READER.run)(bytes);
    }
);
