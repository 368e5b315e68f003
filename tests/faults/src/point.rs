//! One thing that goes wrong, written so that it can be done again: `accept/eio/37`, `correct/cut/1234`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::{Fault, Operation};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blow {
    /// A fault at the n-th call that writes.
    Fault(Fault, u64),
    /// A power cut; moment and disk follow from the number.
    Cut(u64),
    /// A power cut right after the n-th word was said, that takes everything that was not synced.
    Word(u64),
    /// A power cut where syncs are without effect, to see that it is noticed.
    Control(u64),
}

impl Blow {
    /// The word of its kind.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fault(fault, _) => fault.word(),
            Self::Cut(_) => "cut",
            Self::Word(_) => "word",
            Self::Control(_) => "control",
        }
    }

    const fn number(self) -> u64 {
        match self {
            Self::Fault(_, number) | Self::Cut(number) | Self::Word(number) | Self::Control(number) => number,
        }
    }
}

/// What goes wrong during which operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// The operation.
    pub operation: Operation,
    /// What goes wrong.
    pub blow: Blow,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.operation, self.blow.word(), self.blow.number())
    }
}

impl FromStr for Point {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut words = text.split('/');
        let (Some(operation), Some(blow), Some(number), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            bail!("{text} is no point; one looks like accept/eio/37");
        };
        let number = number.parse().with_context(|| format!("{number} is no number"))?;
        let blow = match blow {
            "cut" => Blow::Cut(number),
            "word" => Blow::Word(number),
            "control" => Blow::Control(number),
            fault => Blow::Fault(fault.parse()?, number),
        };
        Ok(Self { operation: operation.parse()?, blow })
    }
}

/// How long an operation is.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Calls that write.
    pub calls: u64,
    /// Words by which somebody is told something.
    pub words: u64,
}

/// How many points there are to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// What all of them follow from.
    pub seed: u64,
    /// Faults, over all operations and kinds.
    pub faults: usize,
    /// Power cuts, over all operations.
    pub cuts: usize,
    /// Power cuts where syncs are without effect, for each operation.
    pub controls: usize,
}

impl Wanted {
    /// The points, given how many calls that write each operation does, and how many words it says: faults spread over all
    /// of an operation, one at random in each part of it; power cuts anywhere, and after each word.
    #[must_use]
    pub fn points(&self, extents: &BTreeMap<Operation, Extent>) -> Vec<Point> {
        let mut dice = StdRng::seed_from_u64(self.seed);
        let cells = extents.len() * Fault::ALL.len();
        let mut points = Vec::new();
        let all = extents
            .iter()
            .flat_map(|(&operation, extent)| Fault::ALL.map(|fault| (operation, fault, extent.calls)));
        for (place, (operation, fault, calls)) in all.enumerate() {
            let count = share(self.faults, cells, place);
            for part in 0..count {
                let number = spread(part, count, calls, &mut dice);
                points.push(Point { operation, blow: Blow::Fault(fault, number) });
            }
        }
        for (place, (&operation, extent)) in extents.iter().enumerate() {
            for _ in 0..share(self.cuts, extents.len(), place) {
                points.push(Point { operation, blow: Blow::Cut(u64::from(dice.random::<u32>())) });
            }
            if self.cuts > 0 {
                points.extend((1..=extent.words).map(|word| Point { operation, blow: Blow::Word(word) }));
            }
            for _ in 0..self.controls {
                points.push(Point { operation, blow: Blow::Control(u64::from(dice.random::<u32>())) });
            }
        }
        points
    }
}

/// How many of `all` fall to the `place`-th of so many cells: those at the beginning take what does not divide.
const fn share(all: usize, cells: usize, place: usize) -> usize {
    match (all.checked_div(cells), all.checked_rem(cells)) {
        (Some(each), Some(rest)) => each + (place < rest) as usize,
        _ => 0,
    }
}

/// A number at random from the `part`-th of `parts` parts of `1..=calls`.
fn spread(part: usize, parts: usize, calls: u64, dice: &mut StdRng) -> u64 {
    let (part, parts) = (part as u64, (parts as u64).max(1));
    let (first, next) = (calls * part / parts, calls * (part + 1) / parts);
    1 + dice.random_range(first..next.max(first + 1))
}
