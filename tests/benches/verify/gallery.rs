//! One face among very many, beside faiss and beside nothing but reading the bytes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fs_err as fs;
use memmap2::{Advice, MmapMut};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::Deserialize;
use tests::measure::median;
use tests::table::Table;
use verify::{Gallery, ModelId, Template};

use crate::{Args, peer};

/// Probes asked one after the other, and all at once.
const PROBES: usize = 64;
/// Numbers in a template.
const DIMENSIONS: usize = 128;

#[derive(Deserialize)]
struct Faiss {
    version: String,
    flat: (f64, f64),
    eight: (f64, f64),
    best: Vec<usize>,
}

/// Measures it.
pub(crate) fn measure(args: &Args, table: &mut Table) -> Result<()> {
    let mut dice = StdRng::seed_from_u64(2026);
    let mut gallery = Gallery::new(ModelId::new("m"));
    let mut numbers: Vec<f32> = Vec::with_capacity(args.templates * DIMENSIONS);
    let mut some = Vec::new();
    for row in 0..args.templates {
        let template = random(&mut dice)?;
        numbers.extend(values(&template));
        gallery.insert(row, &template)?;
        if row < PROBES {
            some.push(template);
        }
    }
    // Every other probe is somebody in the gallery on another day, the rest are strangers.
    let probes: Vec<Template> = some
        .iter()
        .enumerate()
        .map(|(number, face)| if number % 2 == 0 { nearby(face, &mut dice) } else { random(&mut dice) })
        .collect::<Result<_>>()?;
    let probes: Vec<&Template> = probes.iter().collect();

    let (mut single, mut batched) = (Vec::new(), Vec::new());
    let (mut reading, mut reading_large) = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    let bytes: Vec<u8> = vec![1; args.templates * DIMENSIONS];
    // As the gallery's own lie: in large pages, if there are any.
    let mut large = MmapMut::map_anon(bytes.len())?;
    let _ = large.advise(Advice::HugePage);
    large.copy_from_slice(&bytes);
    for _ in 0..args.runs {
        for probe in &probes {
            let begun = Instant::now();
            let hits = gallery.search(probe, 1)?;
            single.push(begun.elapsed());
            found.extend(hits.first().map(|hit| hit.key));
        }
        let begun = Instant::now();
        let all = gallery.search_all(&probes, 1)?;
        batched.push(begun.elapsed() / u32::try_from(PROBES)?);
        ensure!(all.iter().flatten().map(|hit| hit.key).eq(found.iter().rev().take(PROBES).rev().copied()));
        for _ in 0..PROBES {
            let begun = Instant::now();
            std::hint::black_box(read(&bytes));
            reading.push(begun.elapsed());
            let begun = Instant::now();
            std::hint::black_box(read(&large));
            reading_large.push(begun.elapsed());
        }
    }
    let (single, batched, reading) = (median(single)?, median(batched)?, median(reading)?);
    let people = args.templates;
    let peer = "reading as many bytes in large pages, as the gallery's own";
    let at_least = Some(1.0 / 1.3);
    table.beside(format!("1 face among {people}, exactly"), single, (peer, median(reading_large)?), at_least);
    let peer = "reading as many bytes";
    table.beside(format!("1 face among {people}, exactly"), single, (peer, reading), at_least);
    table.beside(
        format!("{PROBES} faces at once among {people}, each"),
        batched,
        (peer, reading),
        Some(4.0 / 1.3),
    );
    exact(&gallery, &probes, &numbers, &found)?;
    beside_faiss(&numbers, &probes, &found, (single, batched), table)
}

/// The same by comparing everybody with every digit.
fn exact(gallery: &Gallery<usize>, probes: &[&Template], numbers: &[f32], found: &[usize]) -> Result<()> {
    for (probe, found) in probes.iter().zip(found) {
        let probe_values = values(probe);
        let alike =
            |row: &[f32]| row.iter().zip(&probe_values).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let (mut best, mut most) = (0, f64::MIN);
        for (row, values) in numbers.chunks_exact(DIMENSIONS).enumerate() {
            let alike: f64 = alike(values);
            if alike > most {
                (best, most) = (row, alike);
            }
        }
        ensure!(best == *found, "{found} was found where {best} is the most alike");
    }
    println!("recall@1 of {} probes among {}: 100 %", probes.len(), gallery.len());
    Ok(())
}

fn beside_faiss(
    numbers: &[f32],
    probes: &[&Template],
    found: &[usize],
    (single, batched): (Duration, Duration),
    table: &mut Table,
) -> Result<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let files = [folder.path().join("gallery"), folder.path().join("probes")];
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    fs::write(&files[0], bytes(numbers))?;
    fs::write(&files[1], bytes(&probes.iter().flat_map(|probe| values(probe)).collect::<Vec<f32>>()))?;
    let Some(faiss) = peer::ask::<Faiss>(include_str!("faiss.py"), &[&files[0], &files[1]])? else {
        return Ok(());
    };
    ensure!(faiss.best.iter().eq(found.iter().take(probes.len())), "faiss finds others");
    for (kind, (one, each)) in [("flat", faiss.flat), ("8 bits", faiss.eight)] {
        let name = format!("faiss {} {kind}", faiss.version);
        table.beside("1 face, beside faiss", single, (&name, Duration::from_secs_f64(one)), None);
        table.beside(
            "each of 64 at once, beside faiss",
            batched,
            (&name, Duration::from_secs_f64(each)),
            None,
        );
    }
    Ok(())
}

/// Adds up all bytes, on every core.
fn read(bytes: &[u8]) -> u64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = bytes.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = bytes.chunks(part).map(|part| scope.spawn(|| sum(part))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or_default()).sum()
    })
}

fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.as_chunks::<64>().0.iter();
    let mut sums = [0u64; 8];
    for word in words {
        for (sum, bytes) in sums.iter_mut().zip(word.as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*bytes));
        }
    }
    sums.iter().fold(0, |one, other| one.wrapping_add(*other))
}

fn random(dice: &mut StdRng) -> Result<Template> {
    // Twelve throws make a number that lies as measurements do.
    let mut number = || (0..12).map(|_| dice.random::<f32>()).sum::<f32>() - 6.0;
    Ok(Template::normalised(ModelId::new("m"), &std::array::from_fn::<f32, DIMENSIONS, _>(|_| number()))?)
}

/// The same person on another day: about 0.6 alike.
fn nearby(face: &Template, dice: &mut StdRng) -> Result<Template> {
    let other = random(dice)?;
    let mixed: Vec<f32> = values(face).iter().zip(values(&other)).map(|(a, b)| 0.6 * a + 0.8 * b).collect();
    Ok(Template::normalised(ModelId::new("m"), &mixed)?)
}

/// A template's numbers, as its bytes have them.
fn values(template: &Template) -> Vec<f32> {
    let bytes = template.to_bytes();
    let numbers = bytes.get(bytes.len() - 4 * DIMENSIONS..).unwrap_or_default();
    numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}
