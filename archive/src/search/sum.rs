//! Sums of hits: how many there are, and how they are spread over the facets.
//!
//! Sums of segments are added up. Where very many were found in one segment, its sum is kept with its most frequent values in
//! order: what the other segments add concerns few of its values, and of all others only the first ones can be told.

use std::sync::Arc;

use super::facets::{FACETS, MOST, Values};

/// A value of a facet, by the facet's place and its own number, and how often it was met.
pub(super) type Met = (u8, u32, u32);

/// How often values of one facet were met, by their numbers.
pub(super) type Counts = Vec<(u32, u32)>;

/// Up to so many values are few.
pub(super) const FEW: usize = if cfg!(test) { 4 } else { 2048 };
/// How many of its most frequent values a sum is kept with: those that are told, and as many that may have moved up or down.
const FIRST: usize = if cfg!(test) { MOST + 1 } else { 5 * MOST };

/// What was counted in one segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    pub(super) count: usize,
    pub(super) met: Vec<Met>,
}

/// What was counted in one segment, facet by facet.
#[derive(Debug)]
pub(super) struct Ranked {
    count: usize,
    facets: Vec<RankedFacet>,
}

#[derive(Debug)]
struct RankedFacet {
    /// In the order of their numbers.
    all: Counts,
    /// The most frequent ones, in the order in which they are told.
    first: Counts,
}

/// One segment's part of an answer.
#[derive(Debug)]
pub(super) enum Part {
    /// It was just counted.
    Counted(Sum),
    /// It is remembered.
    Known(Arc<Ranked>),
}

impl Ranked {
    /// Puts a sum in order.
    pub(super) fn of(sum: &Sum, values: &Values) -> Self {
        let facets = added_up(sum.met.iter().copied()).into_iter().enumerate().map(|(facet, all)| {
            let first = values.most_frequent(facet, &all, FIRST);
            RankedFacet { all, first }
        });
        Self { count: sum.count, facets: facets.collect() }
    }

    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let counts = self.facets.iter().map(|facet| facet.all.len() + facet.first.len()).sum::<usize>();
        size_of::<Self>() + counts * size_of::<(u32, u32)>()
    }

    fn met(&self) -> impl Iterator<Item = Met> {
        let facets = (0..).zip(&self.facets);
        facets
            .flat_map(|(facet, counts)| counts.all.iter().map(move |&(number, count)| (facet, number, count)))
    }

    fn values(&self) -> usize {
        self.facets.iter().map(|facet| facet.all.len()).sum()
    }
}

impl RankedFacet {
    fn of(&self, number: u32) -> u32 {
        let place = self.all.binary_search_by_key(&number, |(number, _)| *number);
        place.ok().and_then(|place| self.all.get(place)).map_or(0, |(_, count)| *count)
    }

    /// All values that can be among those that are told when others are added to it, with what is added; `others` are in the
    /// order of their numbers. `None` if more of its own values would have to be in order.
    fn with(&self, others: &[(u32, u32)]) -> Option<Counts> {
        let is_other = |number| others.binary_search_by_key(number, |(number, _)| *number).is_ok();
        let mut own: Counts =
            self.first.iter().filter(|(number, _)| !is_other(number)).take(MOST).copied().collect();
        if own.len() < MOST && self.first.len() < self.all.len() {
            return None;
        }
        own.extend(others.iter().map(|&(number, count)| (number, count.saturating_add(self.of(number)))));
        Some(own)
    }
}

/// Adds up: how many there are, and for each facet every value that can be among those that are told.
pub(super) fn add_up(parts: Vec<Part>) -> (usize, Vec<Counts>) {
    let count = parts.iter().map(|part| match part {
        Part::Counted(sum) => sum.count,
        Part::Known(sum) => sum.count,
    });
    let count = count.sum();
    let (mut met, mut known) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Counted(sum) => met.extend(sum.met),
            Part::Known(sum) => known.push(sum),
        }
    }
    known.sort_unstable_by_key(|sum| sum.values());
    let Some(largest) = known.pop() else { return (count, all_of(met)) };
    known.iter().for_each(|sum| met.extend(sum.met()));
    let others = all_of(met);
    let facets = largest.facets.iter().zip(&others).map(|(facet, others)| facet.with(others));
    let told = facets.collect::<Option<Vec<Counts>>>();
    (count, told.unwrap_or_else(|| with_all(&largest, &others)))
}

fn with_all(largest: &Ranked, others: &[Counts]) -> Vec<Counts> {
    let others = (0..)
        .zip(others)
        .flat_map(|(facet, counts)| counts.iter().map(move |&(number, count)| (facet, number, count)));
    added_up(largest.met().chain(others))
}

fn all_of(met: Vec<Met>) -> Vec<Counts> {
    if met.len() > FEW { added_up(met.into_iter()) } else { sorted(met) }
}

/// Adds up by counting under every value.
fn added_up(met: impl Iterator<Item = Met>) -> Vec<Counts> {
    let mut all = vec![Vec::new(); FACETS.len()];
    for (facet, number, count) in met {
        let Some(into) = all.get_mut(usize::from(facet)) else { continue };
        let number = number as usize;
        if into.len() <= number {
            into.resize(number + 1, 0_u32);
        }
        if let Some(sum) = into.get_mut(number) {
            *sum = sum.saturating_add(count);
        }
    }
    let counted = all.into_iter().map(|counts| (0..).zip(counts).filter(|(_, count)| *count > 0).collect());
    counted.collect()
}

/// Adds up by putting the same values beside each other: few of them need no place for everybody's.
fn sorted(mut met: Vec<Met>) -> Vec<Counts> {
    met.sort_unstable();
    let mut all = vec![Vec::new(); FACETS.len()];
    for same in met.chunk_by(|(facet, number, _), next| (*facet, *number) == (next.0, next.1)) {
        let Some((facet, number, _)) = same.first() else { continue };
        if let Some(into) = all.get_mut(usize::from(*facet)) {
            into.push((*number, same.iter().fold(0, |sum: u32, (_, _, count)| sum.saturating_add(*count))));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is told of one facet.
    fn told(values: &Values, counts: &[Counts]) -> Counts {
        values.most_frequent(3, &counts[3], MOST)
    }

    proptest! {
        #[test]
        fn what_is_remembered_adds_up_to_what_counting_anew_tells(
            parts in proptest::collection::vec(
                (any::<bool>(), proptest::collection::btree_map(0_u32..400, 1_u32..5, 0..300)),
                1..5,
            ),
        ) {
            let values = Values::default();
            values.put(3, (0..400).map(|number| format!("{:03}班", number * 7 % 400)));
            let sums: Vec<Sum> = parts
                .iter()
                .map(|(_, counts)| Sum {
                    count: counts.values().sum::<u32>() as usize,
                    met: counts.iter().map(|(&number, &count)| (3, number, count)).collect(),
                })
                .collect();
            let anew = add_up(sums.iter().cloned().map(Part::Counted).collect());
            let remembered = sums.iter().zip(&parts).map(|(sum, (is_known, _))| match is_known {
                true => Part::Known(Arc::new(Ranked::of(sum, &values))),
                false => Part::Counted(sum.clone()),
            });
            let remembered = add_up(remembered.collect());
            prop_assert_eq!(remembered.0, anew.0);
            prop_assert_eq!(told(&values, &remembered.1), told(&values, &anew.1));
        }
    }
}
