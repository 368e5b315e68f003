//! One face against many: exact search over every template.
//!
//! Every row is compared coarsely, in bytes, and those that may be among the most alike once more with every digit. What is
//! found is what comparing every row with every digit finds.

mod blocks;
mod lanes;
mod pages;
mod scan;

use std::{collections::HashMap, fmt, hash::Hash, thread};

use serde::Serialize;
use zeroize::Zeroize;

use self::{
    blocks::{Blocks, Part},
    scan::Scan,
};
use crate::{
    template::{DIMENSIONS, ModelId, OtherModel, Template, dot},
    verdict::Similarity,
};

/// Rows that are worth a thread of their own.
const ROWS_PER_THREAD: usize = if cfg!(test) { 16 } else { 1 << 14 };

/// Templates of one model, each under a key of the caller's. Derived: always rebuildable, never kept.
pub struct Gallery<K> {
    model: ModelId,
    keys: Vec<K>,
    /// The rows of each key, in no order.
    rows: HashMap<K, Vec<usize>>,
    /// Every digit: one row of [`DIMENSIONS`] for each key.
    matrix: Vec<f32>,
    /// The same in bytes.
    blocks: Blocks,
    threads: usize,
}

impl<K> fmt::Debug for Gallery<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gallery")
            .field("model", &self.model)
            .field("templates", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// A face in the gallery and how alike it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit<K> {
    /// Its key.
    pub key: K,
    /// How alike it is to the probe.
    pub similarity: Similarity,
}

impl<K: Clone + Eq + Hash + Sync> Gallery<K> {
    /// An empty gallery for templates of `model`, searched by as many threads as there are cores.
    pub fn new(model: ModelId) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self {
            model,
            keys: Vec::new(),
            rows: HashMap::new(),
            matrix: Vec::new(),
            blocks: Blocks::new(),
            threads,
        }
    }

    /// The model whose templates it holds.
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// How many templates it holds.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds a template. A key may have several: a person may have several photos.
    ///
    /// # Errors
    ///
    /// [`OtherModel`] if it is of another model.
    pub fn insert(&mut self, key: K, template: &Template) -> Result<(), OtherModel> {
        self.check(template)?;
        let row = self.keys.len();
        self.rows.entry(key.clone()).or_default().push(row);
        self.keys.push(key);
        self.matrix.extend(template.values());
        self.blocks.push(template.values());
        Ok(())
    }

    /// Removes every template of `key` and returns how many there were. Their numbers are overwritten.
    pub fn remove(&mut self, key: &K) -> usize {
        let mut removed = 0;
        while let Some(row) = self.rows.get_mut(key).and_then(Vec::pop) {
            self.remove_row(row);
            removed += 1;
        }
        self.rows.remove(key);
        removed
    }

    /// Moves the last row into the place of `row`, of which nobody knows any more.
    fn remove_row(&mut self, row: usize) {
        let Some(last) = self.keys.len().checked_sub(1) else { return };
        self.keys.swap_remove(row);
        self.matrix.copy_within(last * DIMENSIONS.., row * DIMENSIONS);
        self.matrix.iter_mut().skip(last * DIMENSIONS).for_each(Zeroize::zeroize);
        self.matrix.truncate(last * DIMENSIONS);
        if row < last {
            if let Some(values) = self.matrix.chunks_exact(DIMENSIONS).nth(row) {
                self.blocks.replace(row, values);
            }
            let moved = self.keys.get(row).and_then(|key| self.rows.get_mut(key));
            if let Some(place) = moved.and_then(|rows| rows.iter_mut().find(|place| **place == last)) {
                *place = row;
            }
        }
        self.blocks.pop();
    }

    /// The `k` most alike, most alike first; equals in the order of their rows. Every template is compared.
    ///
    /// # Errors
    ///
    /// [`OtherModel`] if the probe is of another model.
    pub fn search(&self, probe: &Template, k: usize) -> Result<Vec<Hit<K>>, OtherModel> {
        Ok(self.search_all(&[probe], k)?.pop().unwrap_or_default())
    }

    /// [`search`](Self::search) for many probes at once: each part of the gallery is read once for all of them.
    ///
    /// # Errors
    ///
    /// [`OtherModel`] if a probe is of another model.
    pub fn search_all(&self, probes: &[&Template], k: usize) -> Result<Vec<Vec<Hit<K>>>, OtherModel> {
        probes.iter().try_for_each(|probe| self.check(probe))?;
        let scan = Scan::new(probes, k);
        let candidates = self.in_parts(|part| scan.candidates(part));
        Ok(probes
            .iter()
            .enumerate()
            .map(|(number, probe)| self.best(probe, number, &candidates, k))
            .collect())
    }

    /// Every pair of different keys that is at least `threshold` alike, most alike first: the same face twice, a
    /// substitute, or twins.
    pub fn look_alikes(&self, threshold: Similarity) -> Vec<(Hit<K>, K)> {
        let mut pairs = Vec::new();
        let rows: Vec<&[f32]> = self.matrix.chunks_exact(DIMENSIONS).collect();
        for (part, probes) in rows.chunks(scan::PROBES).enumerate() {
            let scan = Scan::above(probes, threshold);
            let first_probe = part * scan::PROBES;
            // Each pair once: what lies before the probes' own block has been compared with them already.
            let found = self
                .blocks
                .parts(first_probe, 1)
                .flat_map(|part| scan.candidates(part).into_iter().enumerate());
            for (number, row) in found
                .flat_map(|(number, found)| found.into_iter().map(move |candidate| (number, candidate.row)))
            {
                let probe = first_probe + number;
                pairs.extend(
                    self.pair(probe, row)
                        .filter(|_| row > probe)
                        .filter(|(hit, other)| hit.similarity >= threshold && hit.key != *other),
                );
            }
        }
        pairs.sort_by(|a, b| b.0.similarity.cosine().total_cmp(&a.0.similarity.cosine()));
        pairs
    }

    fn pair(&self, one: usize, other: usize) -> Option<(Hit<K>, K)> {
        let similarity = Similarity::of_unit_vectors(dot(self.row(one)?, self.row(other)?));
        Some((Hit { key: self.keys.get(one)?.clone(), similarity }, self.keys.get(other)?.clone()))
    }

    fn row(&self, row: usize) -> Option<&[f32]> {
        self.matrix.get(row * DIMENSIONS..(row + 1) * DIMENSIONS)
    }

    /// Does some work on every part of the blocks, each on a thread of its own if it is worth one.
    fn in_parts<T: Send>(&self, work: impl Fn(Part<'_>) -> T + Sync) -> Vec<T> {
        let parts = (self.len() / ROWS_PER_THREAD).clamp(1, self.threads);
        if parts == 1 {
            return self.blocks.parts(0, 1).map(work).collect();
        }
        thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> =
                self.blocks.parts(0, parts).map(|part| scope.spawn(move || work(part))).collect();
            let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
            joined.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }

    /// The best of what may be among the best, with every digit.
    fn best(
        &self,
        probe: &Template,
        number: usize,
        parts: &[Vec<Vec<scan::Candidate>>],
        k: usize,
    ) -> Vec<Hit<K>> {
        let found = || parts.iter().filter_map(|part| part.get(number)).flatten();
        let floor = scan::floor(found().map(|candidate| candidate.least).collect(), k);
        let exact = found().filter(|candidate| candidate.most >= floor).filter_map(|candidate| {
            let row = self.row(candidate.row)?;
            Some((candidate.row, Similarity::of_unit_vectors(dot(row, probe.values()))))
        });
        let mut scored: Vec<(usize, Similarity)> = exact.collect();
        scored.sort_by(|a, b| b.1.cosine().total_cmp(&a.1.cosine()).then(a.0.cmp(&b.0)));
        scored.truncate(k);
        let hits = scored
            .into_iter()
            .filter_map(|(row, similarity)| Some(Hit { key: self.keys.get(row)?.clone(), similarity }));
        hits.collect()
    }

    fn check(&self, template: &Template) -> Result<(), OtherModel> {
        if *template.model() == self.model {
            return Ok(());
        }
        Err(OtherModel { left: template.model().clone(), right: self.model.clone() })
    }
}

impl<K> Drop for Gallery<K> {
    fn drop(&mut self) {
        self.matrix.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(seed: &[f32]) -> Template {
        let values: Vec<f32> = seed.iter().copied().cycle().take(DIMENSIONS).collect();
        Template::normalised(ModelId::new("m"), &values).unwrap()
    }

    #[derive(Debug, Clone)]
    enum Op {
        Insert(u8, Vec<f32>),
        Remove(u8),
    }

    fn op() -> impl Strategy<Value = Op> {
        let vector = || proptest::collection::vec(0.01f32..1.0, 16);
        prop_oneof![
            3 => (0u8..8, vector()).prop_map(|(key, vector)| Op::Insert(key, vector)),
            1 => (0u8..8).prop_map(Op::Remove),
        ]
    }

    proptest! {
        /// Whatever was put in and taken out, a search finds what comparing one by one finds.
        #[test]
        fn behaves_like_a_list(ops in proptest::collection::vec(op(), 1..40), probe in proptest::collection::vec(0.01f32..1.0, 16), k in 0usize..10) {
            let mut gallery = Gallery::new(ModelId::new("m"));
            let mut list: Vec<(u8, Template)> = Vec::new();
            for op in ops {
                match op {
                    Op::Insert(key, vector) => {
                        gallery.insert(key, &template(&vector)).unwrap();
                        list.push((key, template(&vector)));
                    }
                    Op::Remove(key) => {
                        let there = list.iter().filter(|(k, _)| *k == key).count();
                        list.retain(|(k, _)| *k != key);
                        prop_assert_eq!(gallery.remove(&key), there);
                    }
                }
            }
            let probe = template(&probe);
            let mut expected: Vec<f32> = list.iter().map(|(_, t)| probe.compare(t).unwrap().cosine()).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            expected.truncate(k);
            let found: Vec<f32> = gallery.search(&probe, k).unwrap().iter().map(|hit| hit.similarity.cosine()).collect();
            prop_assert_eq!(found, expected);
        }
    }

    /// Faces that lie close together, so that bytes alone would confuse them.
    fn crowd(size: usize, spread: f32, seed: u64) -> Vec<Template> {
        use rand::{Rng as _, SeedableRng as _};
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        let mut one = |centre: &[f32]| -> Vec<f32> {
            centre.iter().map(|value| value + spread * (rng.random::<f32>() - 0.5)).collect()
        };
        let centre = one(&[0.0; DIMENSIONS]);
        (0..size).map(|_| Template::normalised(ModelId::new("m"), &one(&centre)).unwrap()).collect()
    }

    #[test]
    fn many_probes_in_many_faces_find_what_comparing_one_by_one_finds() {
        for (size, spread, seed) in [(1, 1.0, 1), (7, 1.0, 2), (8, 0.5, 3), (1500, 1.0, 4), (3001, 0.02, 5)] {
            let faces = crowd(size, spread, seed);
            let mut gallery = Gallery::new(ModelId::new("m"));
            gallery.threads = 3;
            faces.iter().enumerate().for_each(|(number, face)| gallery.insert(number, face).unwrap());
            let probes = crowd(40, spread, seed);
            let probes: Vec<&Template> = probes.iter().collect();
            for k in [1, 5, 2000] {
                let found = gallery.search_all(&probes, k).unwrap();
                for (probe, found) in probes.iter().zip(found) {
                    let mut expected: Vec<(usize, f32)> = faces
                        .iter()
                        .enumerate()
                        .map(|(number, face)| (number, probe.compare(face).unwrap().cosine()))
                        .collect();
                    expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                    expected.truncate(k);
                    let found: Vec<_> = found.iter().map(|hit| (hit.key, hit.similarity.cosine())).collect();
                    assert_eq!(found, expected, "{k} of {size}");
                }
            }
        }
    }

    #[test]
    fn every_pair_of_look_alikes_is_found_once() {
        let faces = crowd(203, 1.0, 9);
        let mut gallery = Gallery::new(ModelId::new("m"));
        // Every key has two faces; what is alike under one key is no pair.
        faces.iter().enumerate().for_each(|(number, face)| gallery.insert(number / 2, face).unwrap());
        let threshold = Similarity::new(0.6).unwrap();
        let mut expected = Vec::new();
        for (n, one) in faces.iter().enumerate() {
            for (m, other) in faces.iter().enumerate().skip(n + 1) {
                if n / 2 != m / 2 && one.compare(other).unwrap() >= threshold {
                    expected.push((n / 2, m / 2));
                }
            }
        }
        let mut found: Vec<_> =
            gallery.look_alikes(threshold).into_iter().map(|(hit, other)| (hit.key, other)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert!(expected.len() > 100, "{}", expected.len());
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_of_a_template_is_printed() {
        let mut gallery = Gallery::new(ModelId::new("m"));
        gallery.insert('a', &template(&[1.0])).unwrap();
        assert_eq!(format!("{gallery:?}"), "Gallery { model: ModelId(\"m\"), templates: 1, .. }");
    }

    #[test]
    fn a_probe_of_another_model_is_refused() {
        let gallery: Gallery<u8> = Gallery::new(ModelId::new("other"));
        assert!(gallery.search(&template(&[1.0]), 3).is_err());
    }

    #[test]
    fn look_alikes_are_pairs_of_different_keys() {
        let mut gallery = Gallery::new(ModelId::new("m"));
        gallery.insert('a', &template(&[1.0, 0.1])).unwrap();
        gallery.insert('a', &template(&[1.0, 0.1])).unwrap();
        gallery.insert('b', &template(&[1.0, 0.1])).unwrap();
        gallery.insert('c', &template(&[0.0, 1.0])).unwrap();
        let pairs = gallery.look_alikes(Similarity::new(0.9).unwrap());
        assert_eq!(
            pairs.iter().map(|(hit, other)| (hit.key, *other)).collect::<Vec<_>>(),
            [('a', 'b'), ('a', 'b')]
        );
    }
}
