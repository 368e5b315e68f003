//! Documents of a segment as bits: a way through them, and those that several sets have in common.

use std::sync::Arc;

use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocId, DocSet, Score, TERMINATED, query::Scorer};

/// A set of documents.
#[derive(Clone)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// None of so many documents.
    pub(super) fn none_of(documents: DocId) -> Self {
        Self { words: vec![0; (documents as usize).div_ceil(64)] }
    }

    /// Adds one.
    pub(super) fn insert(&mut self, doc: DocId) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            *word |= 1 << (doc % 64);
        }
    }

    /// Leaves those that the other set has too.
    pub(super) fn keep(&mut self, other: &Self) {
        let theirs = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours &= theirs);
    }

    /// How many there are.
    fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }
}

/// A way through a set.
pub(super) struct Walk {
    bits: Arc<Bits>,
    len: u32,
    score: Score,
    /// The word that the way has come to, and what is left of it behind the present document.
    at: usize,
    rest: u64,
    doc: DocId,
}

impl Walk {
    /// Begins at the first one.
    pub(super) fn new(bits: Arc<Bits>, score: Score) -> Self {
        let rest = bits.words.first().copied().unwrap_or_default();
        let mut walk = Self { len: bits.len(), bits, score, at: 0, rest, doc: 0 };
        walk.advance();
        walk
    }

    /// The set.
    pub(super) fn bits(&self) -> &Bits {
        &self.bits
    }

    /// Goes to the next one that is left.
    #[inline]
    fn next(&mut self) -> DocId {
        while self.rest == 0 {
            self.at += 1;
            match self.bits.words.get(self.at) {
                Some(word) => self.rest = *word,
                None => {
                    self.doc = TERMINATED;
                    return TERMINATED;
                }
            }
        }
        let place = self.rest.trailing_zeros();
        self.rest &= self.rest - 1;
        self.doc = DocId::try_from(self.at * 64).map_or(TERMINATED, |first| first + place);
        self.doc
    }
}

impl DocSet for Walk {
    fn advance(&mut self) -> DocId {
        self.next()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        let word = target as usize / 64;
        if word > self.at {
            self.at = word;
            self.rest = self.bits.words.get(word).copied().unwrap_or_default();
        }
        self.rest &= u64::MAX << (target % 64);
        self.next()
    }

    fn fill_buffer(&mut self, buffer: &mut [DocId; COLLECT_BLOCK_BUFFER_LEN]) -> usize {
        let mut filled = 0;
        for place in buffer {
            if self.doc == TERMINATED {
                break;
            }
            *place = self.doc;
            filled += 1;
            self.next();
        }
        filled
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.len
    }
}

impl Scorer for Walk {
    fn score(&mut self) -> Score {
        self.score
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn bits(docs: &BTreeSet<DocId>) -> Bits {
        let mut bits = Bits::none_of(400);
        docs.iter().for_each(|doc| bits.insert(*doc));
        bits
    }

    fn docs() -> impl Strategy<Value = BTreeSet<DocId>> {
        proptest::collection::btree_set(0u32..400, 0..120)
    }

    proptest! {
        #[test]
        fn what_two_sets_share_is_walked_in_order(one in docs(), other in docs()) {
            let mut both = bits(&one);
            both.keep(&bits(&other));
            let mut walk = Walk::new(Arc::new(both), 1.0);
            let shared: Vec<DocId> = one.intersection(&other).copied().collect();
            prop_assert_eq!(walk.size_hint() as usize, shared.len());
            let mut walked: Vec<DocId> = Vec::new();
            let mut buffer = [0; COLLECT_BLOCK_BUFFER_LEN];
            loop {
                let filled = walk.fill_buffer(&mut buffer);
                walked.extend(buffer.iter().take(filled));
                if filled < buffer.len() {
                    break;
                }
            }
            prop_assert_eq!(walked, shared);
        }

        #[test]
        fn seeking_finds_the_next_one(docs in docs(), mut targets in proptest::collection::vec(0u32..500, 1..20)) {
            targets.sort_unstable();
            let mut walk = Walk::new(Arc::new(bits(&docs)), 1.0);
            for target in targets {
                if target < walk.doc() {
                    continue;
                }
                let next = docs.range(target..).next().copied().unwrap_or(TERMINATED);
                prop_assert_eq!(walk.seek(target), next);
                prop_assert_eq!(walk.doc(), next);
            }
        }
    }
}
