//! A threshold fitted on 500 people, held to people it has not seen: a hundred times, each time others.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use tests::table::Table;
use verify::calibrate::Distribution;
use verify::{Similarity, Template};

use crate::crowd::Crowd;

const PEOPLE: usize = 500;
const SPLITS: u64 = 100;
const TARGET: f64 = 1e-3;

/// Measures it.
pub(crate) fn measure(crowd: &Crowd, table: &mut Table) -> Result<()> {
    let mut people: BTreeMap<&String, Vec<&Template>> = BTreeMap::new();
    for ((name, _), template) in &crowd.photos {
        people.entry(name).or_default().push(template);
    }
    // One photo of each: a pair is then two people, and no person has more weight than another.
    let people: Vec<&Template> = people.into_values().filter_map(|photos| photos.first().copied()).collect();
    let mut kept = 0.0;
    let mut rates = Vec::new();
    for seed in 0..SPLITS {
        let mut drawn = people.clone();
        drawn.shuffle(&mut StdRng::seed_from_u64(seed));
        let (fitted, others) = drawn.split_at(PEOPLE.min(drawn.len()));
        let fitted = Distribution::new(&[Similarity::new(1.0)?], &pairs(fitted)?)?;
        let threshold = fitted.at_false_match_rate(TARGET)?.threshold;
        let others = Distribution::new(&[Similarity::new(1.0)?], &pairs(others)?)?;
        let rate = others.false_match_rate(threshold) / TARGET;
        rates.push(rate);
        if (0.5..=2.0).contains(&rate) {
            kept += 1.0;
        }
    }
    rates.sort_by(f64::total_cmp);
    let (least, most) = rates.first().zip(rates.last()).context("no splits")?;
    println!("realised rates on others: {least:.2} to {most:.2} times the target");
    table.at_least(
        format!("splits of {SPLITS} in which a threshold of {PEOPLE} people keeps its rate on others"),
        kept,
        "splits",
        95.0,
    );
    Ok(())
}

fn pairs(people: &[&Template]) -> Result<Vec<Similarity>> {
    let mut alike = Vec::new();
    for (n, one) in people.iter().enumerate() {
        for other in people.iter().skip(n + 1) {
            alike.push(one.compare(other)?);
        }
    }
    Ok(alike)
}
