//! Real faces: the development split of Labeled Faces in the Wild, where it is present.

use std::{collections::BTreeMap, fs, path::Path, time::Instant};

use verify::{RuleSet, Template, Thresholds};

use crate::machine;

type Photo = (String, u32);

/// The pairs of a protocol file: a count, that many genuine pairs, that many impostor pairs.
fn pairs(folder: &Path, file: &str) -> Vec<(Photo, Photo, bool)> {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let pair = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields.as_slice() {
            [name, a, b] => {
                ((name.to_string(), a.parse().unwrap()), (name.to_string(), b.parse().unwrap()), true)
            }
            [left, a, right, b] => {
                ((left.to_string(), a.parse().unwrap()), (right.to_string(), b.parse().unwrap()), false)
            }
            _ => panic!("{line}"),
        }
    };
    text.lines().skip(1).map(pair).collect()
}

fn path(folder: &Path, (name, n): &Photo) -> std::path::PathBuf {
    folder.join(name).join(format!("{name}_{n:04}.jpg"))
}

/// 200 genuine and 200 impostor pairs of the development test, at the threshold for a thousandth of false matches.
#[test]
fn the_chain_tells_people_apart() {
    let (Some(engine), Some(folder)) = (machine::engine(), machine::faces()) else { return };
    let pairs: Vec<_> = pairs(&folder, "pairsDevTest.txt")
        .into_iter()
        .enumerate()
        .filter(|(n, _)| n % 5 < 2)
        .map(|(_, pair)| pair)
        .collect();
    assert_eq!(pairs.len(), 400);
    let policy = RuleSet::demo_relaxed().unwrap().faces;
    let mut photos: Vec<Photo> = pairs.iter().flat_map(|(a, b, _)| [a.clone(), b.clone()]).collect();
    photos.sort();
    photos.dedup();

    let started = Instant::now();
    let templates: Vec<_> = engine.batch(photos.clone(), |engine, photo| {
        engine.template_patiently(fs::read(path(&folder, &photo)).unwrap(), &policy)
    });
    let took = started.elapsed();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for error in templates.iter().filter_map(|template| template.as_ref().err()) {
        *refused.entry(error.code()).or_default() += 1;
    }
    let templates: BTreeMap<&Photo, &Template> = photos
        .iter()
        .zip(&templates)
        .filter_map(|(photo, template)| Some((photo, template.as_ref().ok()?)))
        .collect();

    let threshold = Thresholds::uncalibrated(engine.model().clone()).reject();
    let answered: Vec<bool> = pairs
        .iter()
        .filter_map(|(a, b, same)| {
            let similarity = templates.get(a)?.compare(templates.get(b)?).unwrap();
            Some((similarity >= threshold) == *same)
        })
        .collect();
    let accuracy = answered.iter().filter(|right| **right).count() as f64 / answered.len() as f64;
    println!(
        "{} photos in {took:.1?}, refused {refused:?}; {} of 400 pairs answered, accuracy {accuracy:.4}",
        photos.len(),
        answered.len(),
    );
    assert!(answered.len() >= 390);
    assert!(accuracy >= 0.985);
}
