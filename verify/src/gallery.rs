//! One face against many: exact search over every template.

use serde::Serialize;
use zeroize::Zeroize;

use crate::{
    template::{DIMENSIONS, ModelId, OtherModel, Template, dot},
    verdict::Similarity,
};

/// Templates of one model, each under a key of the caller's. Derived: always rebuildable, never kept.
#[derive(Debug)]
pub struct Gallery<K> {
    model: ModelId,
    keys: Vec<K>,
    /// One row of [`DIMENSIONS`] for each key.
    matrix: Vec<f32>,
}

/// A face in the gallery and how alike it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit<K> {
    /// Its key.
    pub key: K,
    /// How alike it is to the probe.
    pub similarity: Similarity,
}

impl<K: Clone + Eq> Gallery<K> {
    /// An empty gallery for templates of `model`.
    pub fn new(model: ModelId) -> Self {
        Self { model, keys: Vec::new(), matrix: Vec::new() }
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
        self.keys.push(key);
        self.matrix.extend(template.values());
        Ok(())
    }

    /// Removes every template of `key` and returns how many there were. Their numbers are overwritten.
    pub fn remove(&mut self, key: &K) -> usize {
        let before = self.keys.len();
        let mut row = 0;
        while let Some(found) = self.keys.get(row) {
            if found == key { self.remove_row(row) } else { row += 1 }
        }
        before - self.keys.len()
    }

    /// Moves the last row into the place of `row`.
    fn remove_row(&mut self, row: usize) {
        self.keys.swap_remove(row);
        let last = self.matrix.len().saturating_sub(DIMENSIONS);
        self.matrix.copy_within(last.., row * DIMENSIONS);
        self.matrix.iter_mut().skip(last).for_each(Zeroize::zeroize);
        self.matrix.truncate(last);
    }

    /// The `k` most alike, most alike first; equals in the order of their rows. Every template is compared.
    ///
    /// # Errors
    ///
    /// [`OtherModel`] if the probe is of another model.
    pub fn search(&self, probe: &Template, k: usize) -> Result<Vec<Hit<K>>, OtherModel> {
        self.check(probe)?;
        let mut scored: Vec<(usize, Similarity)> = self.similarities(probe).enumerate().collect();
        let best_first = |a: &(usize, Similarity), b: &(usize, Similarity)| {
            b.1.cosine().total_cmp(&a.1.cosine()).then(a.0.cmp(&b.0))
        };
        if k > 0 && k < scored.len() {
            scored.select_nth_unstable_by(k - 1, best_first);
        }
        scored.truncate(k);
        scored.sort_by(best_first);
        let hits = scored
            .into_iter()
            .filter_map(|(row, similarity)| Some(Hit { key: self.keys.get(row)?.clone(), similarity }));
        Ok(hits.collect())
    }

    /// Every pair of different keys that is at least `threshold` alike, most alike first: the same face twice, a
    /// substitute, or twins.
    pub fn look_alikes(&self, threshold: Similarity) -> Vec<(Hit<K>, K)> {
        let mut pairs = Vec::new();
        for (n, (key, row)) in self.rows().enumerate() {
            for (other, other_row) in self.rows().skip(n + 1) {
                let similarity = Similarity::of_unit_vectors(dot(row, other_row));
                if similarity >= threshold && other != key {
                    pairs.push((Hit { key: key.clone(), similarity }, other.clone()));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.similarity.cosine().total_cmp(&a.0.similarity.cosine()));
        pairs
    }

    fn rows(&self) -> impl Iterator<Item = (&K, &[f32])> {
        self.keys.iter().zip(self.matrix.chunks_exact(DIMENSIONS))
    }

    fn similarities(&self, probe: &Template) -> impl Iterator<Item = Similarity> {
        self.matrix.chunks_exact(DIMENSIONS).map(|row| Similarity::of_unit_vectors(dot(row, probe.values())))
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
