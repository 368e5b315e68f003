//! Many photos, each with its findings and its template, on every core; twice, to see that the same comes out.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};
use tests::table::Table;
use verify::{Engine, RuleSet, draw};

use crate::Args;

/// Photos that are drawn beforehand and taken in turn.
const DRAWN: usize = 500;

/// Measures it.
pub(crate) fn measure(args: &Args, engine: &Engine, table: &mut Table) -> Result<()> {
    let rules = Arc::new(RuleSet::jbz_2017_99()?);
    let photos: Vec<Vec<u8>> =
        engine.batch((0..DRAWN as u64).collect(), |_, person| draw::portrait_jpeg(person, 0));
    let first = digests(args.photos, engine, &rules, &photos)?;
    let begun = Instant::now();
    let second = digests(args.photos, engine, &rules, &photos)?;
    let took = begun.elapsed();
    ensure!(first == second, "the same photos gave other bytes");
    table.alone(
        format!("{} photos with findings and template, {} threads", args.photos, engine.workers()),
        took.as_secs_f64(),
        "s",
        90.0,
    );
    Ok(())
}

/// Of each photo the digest of all that was found out about it.
fn digests(count: usize, engine: &Engine, rules: &Arc<RuleSet>, photos: &[Vec<u8>]) -> Result<Vec<[u8; 32]>> {
    let digests = engine.batch((0..count).collect(), |engine, number| -> Result<[u8; 32]> {
        let photo = photos.get(number % photos.len()).context("no photo")?;
        let analysis = engine.analyse_patiently(photo.clone(), rules)?;
        let mut sha = Sha256::new();
        sha.update(serde_json::to_vec(&analysis.summary)?);
        sha.update(analysis.face?.template.to_bytes());
        Ok(sha.finalize().into())
    });
    digests.into_iter().collect()
}
