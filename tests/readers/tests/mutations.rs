//! Every reader on every seed and on a seeded number of mutations of the seeds: none panics, and what must hold of what was
//! taken holds. `XUECANG_MUTATIONS` says how many for each reader; 300 by default.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what surprises a test's helper stops the test"
)]

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
};

use readers::{TARGETS, Target, Verdict, dice::Dice};

fn wanted() -> usize {
    std::env::var("XUECANG_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// Runs a reader. The input of one that panics is kept beside the test, so that it can be told again.
fn run(target: &Target, what: &str, bytes: &[u8]) -> Verdict {
    catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).unwrap_or_else(|_| {
        let place = std::env::temp_dir().join(format!("xuecang-{}-found", target.name));
        fs::write(&place, bytes).unwrap();
        panic!("{} panics at {what}; its bytes lie in {}", target.name, place.display());
    })
}

fn named(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap()
}

fn mutated(name: &str) {
    let target = named(name);
    let seeds = (target.seeds)();
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for (seed, bytes) in &seeds {
        run(target, seed, bytes);
    }
    let mut dice = Dice(2027);
    for round in 0..wanted() {
        let (seed, bytes) = &seeds[dice.roll(seeds.len())];
        let mut bytes = bytes.clone();
        let other = &seeds[dice.roll(seeds.len())].1;
        dice.mutate(&mut bytes, other);
        let word = match run(target, &format!("round {round}, from {seed}"), &bytes) {
            Verdict::Taken => "taken".to_owned(),
            Verdict::InPart { code, .. } => format!("in part: {code}"),
            Verdict::Refused { code, .. } => format!("refused: {code}"),
        };
        *told.entry(word).or_default() += 1;
    }
    println!("{name}: {told:?}");
    assert_eq!(told.values().sum::<usize>(), wanted());
    assert!(wanted() < 100 || told.keys().any(|word| word != "taken"), "mutations are refused: {told:?}");
}

macro_rules! readers {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                mutated(stringify!($name));
            }
        )*

        #[test]
        fn every_reader_has_its_test() {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

readers! {
    roster register workbook photos scans photo scan page captures tape bag signature inventory message journal
    certificate ledger
}

/// What the seeds are meant to be: each of these is taken, and each of those refused for its own reason.
#[test]
fn seeds_are_what_they_are_named_for() {
    let verdict = |target: &str, seed: &str| {
        let target = named(target);
        let seeds = (target.seeds)();
        let (_, bytes) =
            seeds.iter().find(|(name, _)| name == seed).unwrap_or_else(|| panic!("no seed {seed}"));
        match run(target, seed, bytes) {
            Verdict::Taken => String::new(),
            Verdict::InPart { code, .. } | Verdict::Refused { code, .. } => code,
        }
    };
    for (target, seed, code) in [
        ("photos", "stored.zip", ""),
        ("photos", "gbk.zip", ""),
        ("photos", "names.zip", "photo-unsafe-path"),
        ("photos", "link.zip", "photo-link"),
        ("photos", "ratio.zip", "photo-bomb"),
        ("photos", "empty.zip", "file-empty"),
        ("photo", "turned.jpg", ""),
        ("photo", "photo.tif", ""),
        ("photo", "half.jpg", "photo-cut-off"),
        ("photo", "huge.jpg", "photo-undecodable"),
        ("scan", "picture.pdf", ""),
        ("scan", "object-stream.pdf", ""),
        ("scan", "pages.tif", ""),
        ("scan", "key.pdf", "scan-needs-a-key"),
        ("page", "flate.pdf", "NoSuchPage"),
        ("captures", "list.csv", ""),
        ("tape", "whole.tar", ""),
        ("tape", "gnu-long.tar", "payload-unlisted"),
        ("tape", "link.tar", "special"),
        ("tape", "climbs.tar", "unsafe"),
        ("tape", "second-top.tar", "outside-top"),
        ("bag", "whole", ""),
        ("bag", "star", ""),
        ("signature", "whole.p7s", ""),
        ("signature", "half.p7s", "signature"),
        ("inventory", "whole", ""),
        ("inventory", "no-head", "E040"),
        ("message", "envelope-03.json", "refusal"),
        ("journal", "vendor-Challenged.json", ""),
        ("certificate", "certified.json", ""),
        ("certificate", "partial.json", ""),
        ("ledger", "proof", ""),
        ("ledger", "groups", ""),
    ] {
        assert_eq!(verdict(target, seed), code, "{target} {seed}");
    }
}
