//! A large archive judged by others: every validator that is installed must call every object of it valid.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use archive::ocfl::Root;
use tests::Judge;

use crate::Args;
use crate::dossiers::fill;

/// Has it judged.
pub(crate) fn measure(args: &Args, folder: &Path) -> Result<()> {
    let place = folder.join("judged");
    let root = Root::create(&place)?;
    fill(&root, args.dossiers)?;
    for judge in Judge::all() {
        let begun = Instant::now();
        match judge.validate(&place)? {
            None => {
                eprintln!("{} is not installed: {} objects were not judged by it", judge.name, args.dossiers)
            }
            Some(judgement) => {
                ensure!(judgement.valid, "{} finds fault: {}", judge.name, judgement.told);
                let warnings = judgement.told.matches("[W").count();
                println!(
                    "{} objects are valid to {}, {warnings} warnings; {:.0?}",
                    args.dossiers,
                    judge.name,
                    begun.elapsed()
                );
            }
        }
    }
    Ok(())
}
