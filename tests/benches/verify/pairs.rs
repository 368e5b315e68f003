//! The LFW protocol: of ten parts of the pairs each is judged by the threshold that fits the other nine best. And how many of
//! the genuine pairs are matched where one in ten thousand of all pairs of different people would be.

use std::path::Path;

use anyhow::{Context as _, Result};
use fs_err as fs;
use models::Installed;
use tests::table::Table;
use verify::calibrate::Distribution;
use verify::{ModelId, Similarity, Template};

use crate::crowd::Crowd;

/// Parts of the protocol.
const FOLDS: usize = 10;

/// Two photos, and whether they show one person.
type Pair = ((String, u32), (String, u32), bool);

/// Measures it on the pairs of the development test and training lists, beside what OpenCV makes of the same photos.
pub(crate) fn measure(
    crowd: &Crowd,
    folder: &Path,
    (installed, model): (&Installed, &ModelId),
    table: &mut Table,
) -> Result<()> {
    let mut pairs = Vec::new();
    for file in ["pairsDevTrain.txt", "pairsDevTest.txt"] {
        pairs.extend(read(&fs::read_to_string(folder.join(file))?));
    }
    for refused in &crowd.refused {
        eprintln!("refused: {refused}");
    }
    let ours = Told::of(crowd, &pairs)?;
    table.alone("photos in which no one face was found", count(crowd.refused.len()), "photos", 0.0);
    let what = format!("{} pairs of LFW's development lists told apart, ten folds", ours.pairs);
    table.at_least(what, ours.right, "%", 99.45);
    for ((target, least), matched) in TARGETS.into_iter().zip(ours.matched) {
        let what = format!("matched at one false match in {:.0} of {} pairs", 1.0 / target, ours.strangers);
        table.at_least(what, matched, "%", least);
    }
    if let Some((crowd, version)) = crowd.by_opencv(installed, model)? {
        let theirs = Told::of(&crowd, &pairs)?;
        let [a, b, c] = theirs.matched;
        println!(
            "OpenCV {version}, its own detector and alignment, the same weights: {:.3} % of {} pairs; matched {a:.2}, {b:.2}, {c:.2} %; \
             no face in {} photos",
            theirs.right,
            theirs.pairs,
            crowd.refused.len()
        );
    }
    Ok(())
}

/// False match rates, and how many genuine pairs are to be matched at each, in 100.
const TARGETS: [(f64, f64); 3] = [(1e-3, 98.5), (1e-4, 97.3), (1e-5, 95.0)];

/// How well pairs are told apart.
struct Told {
    pairs: usize,
    strangers: usize,
    /// In 100.
    right: f64,
    /// At each of the targets, in 100.
    matched: [f64; 3],
}

impl Told {
    /// Pairs of which a photo was refused are told wrongly.
    fn of(crowd: &Crowd, pairs: &[Pair]) -> Result<Self> {
        let judged: Vec<(Similarity, bool)> = pairs
            .iter()
            .filter_map(|(one, other, same)| {
                let alike = crowd.photos.get(one)?.compare(crowd.photos.get(other)?).ok()?;
                Some((alike, *same))
            })
            .collect();
        let right: usize = (0..FOLDS).map(|fold| right_in(&judged, fold)).sum();
        let genuine: Vec<Similarity> =
            judged.iter().filter(|(_, same)| *same).map(|(alike, _)| *alike).collect();
        let impostor = strangers(crowd)?;
        let known = Distribution::new(&genuine, &impostor)?;
        let mut matched = [0.0; 3];
        for (matched, (target, _)) in matched.iter_mut().zip(TARGETS) {
            *matched = 100.0 * (1.0 - known.at_false_match_rate(target)?.false_non_match_rate);
        }
        let right = 100.0 * count(right) / count(pairs.len());
        Ok(Self { pairs: judged.len(), strangers: impostor.len(), right, matched })
    }
}

/// How many of a part's pairs are told rightly by the threshold that fits the others best.
fn right_in(judged: &[(Similarity, bool)], fold: usize) -> usize {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for (number, pair) in judged.iter().enumerate() {
        // Genuine and impostor pairs come in runs: taken in turn, each part has of both.
        if number % FOLDS == fold { inside.push(*pair) } else { outside.push(*pair) }
    }
    let right = |pairs: &[(Similarity, bool)], threshold: f32| {
        pairs.iter().filter(|(alike, same)| (alike.cosine() >= threshold) == *same).count()
    };
    let thresholds = (0..400u16).map(|step| f32::from(step) / 400.0);
    let best = thresholds.max_by_key(|threshold| right(&outside, *threshold)).unwrap_or_default();
    right(&inside, best)
}

/// Every pair of photos of different people.
fn strangers(crowd: &Crowd) -> Result<Vec<Similarity>> {
    let photos: Vec<(&String, &Template)> =
        crowd.photos.iter().map(|((name, _), template)| (name, template)).collect();
    let mut alike = Vec::new();
    for (n, (name, one)) in photos.iter().enumerate() {
        for (other_name, other) in photos.iter().skip(n + 1) {
            if name != other_name {
                alike.push(one.compare(other).context("templates of one model")?);
            }
        }
    }
    Ok(alike)
}

fn read(text: &str) -> Vec<Pair> {
    let pair = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields.as_slice() {
            [name, a, b] => {
                Some((((*name).to_owned(), a.parse().ok()?), ((*name).to_owned(), b.parse().ok()?), true))
            }
            [one, a, other, b] => {
                Some((((*one).to_owned(), a.parse().ok()?), ((*other).to_owned(), b.parse().ok()?), false))
            }
            _ => None,
        }
    };
    text.lines().filter_map(pair).collect()
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn count(n: usize) -> f64 {
    n as f64
}
