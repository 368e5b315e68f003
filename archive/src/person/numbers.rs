//! The numbers of all diplomas together: what is missing in each series, and what is there twice.

use std::collections::BTreeMap;

use ids::PersonId;
use jiff::civil::Date;

use super::CertificateNumber;

/// One number as a diploma has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub number: String,
    /// Whose diploma it is.
    pub person: PersonId,
    /// The day of graduation, which tells the spring's batch from the autumn's.
    pub graduated: Option<Date>,
}

/// What the numbers of a register come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many numbers there are.
    pub numbers: u64,
    /// Each series: school, kind of schooling, year and level, in order.
    pub series: Vec<Series>,
    /// Numbers that several diplomas have.
    pub duplicates: Vec<Duplicate>,
    /// Numbers that are none by the rules, with whose they are.
    pub malformed: Vec<(String, PersonId)>,
}

/// Numbers that differ in nothing but their serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Digits 1–12.
    pub prefix: String,
    /// Whether it is in the 17-digit form, with five digits of serial number.
    pub old_form: bool,
    /// The lowest serial number.
    pub first: u32,
    /// The highest serial number.
    pub last: u32,
    /// How many different serial numbers there are.
    pub count: u64,
    /// Runs of serial numbers that nobody has, between the lowest and the highest: from and to.
    pub gaps: Vec<(u32, u32)>,
    /// The batches in it, by the day of graduation.
    pub batches: Vec<Batch>,
}

/// Those of a series who graduated on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The day, if the register says it.
    pub graduated: Option<Date>,
    /// The lowest serial number.
    pub first: u32,
    /// The highest serial number.
    pub last: u32,
    /// How many there are.
    pub count: u64,
}

impl Series {
    /// How many serial numbers are missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(|(from, to)| u64::from(to - from) + 1).sum()
    }

    /// A serial number as it stands in a number of this series.
    #[must_use]
    pub fn written(&self, serial: u32) -> String {
        let digits = if self.old_form { 5 } else { 6 };
        format!("{}{serial:0digits$}", self.prefix)
    }
}

/// A number that several diplomas have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The number.
    pub number: String,
    /// Whose diplomas they are; twice the same person if one has it twice.
    pub people: Vec<PersonId>,
}

/// A serial number of the register, and when its holder graduated.
type Registered = (u32, Option<Date>);

/// Looks through every number.
#[must_use]
pub fn numbers(all: Vec<Numbered>) -> Numbers {
    let mut numbers = Numbers { numbers: all.len() as u64, ..Numbers::default() };
    let mut holders: BTreeMap<String, Vec<Numbered>> = BTreeMap::new();
    for numbered in all {
        holders.entry(numbered.number.clone()).or_default().push(numbered);
    }
    let mut series: BTreeMap<(String, bool), Vec<Registered>> = BTreeMap::new();
    for (number, holders) in holders {
        let people: Vec<PersonId> = holders.iter().map(|holder| holder.person).collect();
        match number.parse::<CertificateNumber>() {
            Ok(parsed) => {
                let key = (parsed.series().to_owned(), parsed.is_old_form());
                let graduated = holders.first().and_then(|holder| holder.graduated);
                series.entry(key).or_default().push((parsed.serial(), graduated));
            }
            Err(_) => numbers.malformed.extend(people.iter().map(|&person| (number.clone(), person))),
        }
        if people.len() > 1 {
            numbers.duplicates.push(Duplicate { number, people });
        }
    }
    numbers.series = series
        .into_iter()
        .map(|((prefix, old_form), serials)| series_of(prefix, old_form, &serials))
        .collect();
    numbers
}

/// `serials` has each once, in order: numbers of one length and one prefix sort as their serial numbers do.
fn series_of(prefix: String, old_form: bool, serials: &[(u32, Option<Date>)]) -> Series {
    let mut batches: BTreeMap<Option<Date>, Batch> = BTreeMap::new();
    for &(serial, graduated) in serials {
        let batch =
            batches.entry(graduated).or_insert(Batch { graduated, first: serial, last: serial, count: 0 });
        batch.last = serial;
        batch.count += 1;
    }
    let numbers = || serials.iter().map(|(serial, _)| *serial);
    let gaps = numbers().zip(numbers().skip(1)).filter(|(before, after)| after - before > 1);
    Series {
        prefix,
        old_form,
        first: numbers().next().unwrap_or_default(),
        last: numbers().next_back().unwrap_or_default(),
        count: serials.len() as u64,
        gaps: gaps.map(|(before, after)| (before + 1, after - 1)).collect(),
        batches: batches.into_values().collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(all: &[&str]) -> Numbers {
        numbers(all.iter().map(|number| held(number, PersonId::new(), None)).collect())
    }

    fn held(number: &str, person: PersonId, graduated: Option<Date>) -> Numbered {
        Numbered { number: number.to_owned(), person, graduated }
    }

    #[test]
    fn each_series_is_numbered_through_for_itself() {
        let found = of(&[
            "105811202606000001",
            "105811202606000002",
            "105811202606000007",
            "105811202506000007",
            "10581119990600003",
            "10581119990600005",
        ]);
        let series: Vec<_> = found
            .series
            .iter()
            .map(|series| (series.prefix.as_str(), series.old_form, series.count, series.gaps.clone()))
            .collect();
        assert_eq!(
            series,
            [
                ("105811199906", true, 2, vec![(4, 4)]),
                ("105811202506", false, 1, vec![]),
                ("105811202606", false, 3, vec![(3, 6)]),
            ]
        );
        let written: Vec<_> = found.series.iter().map(|series| series.written(series.first)).collect();
        assert_eq!(written, ["10581119990600003", "105811202506000007", "105811202606000001"]);
    }

    #[test]
    fn what_is_there_twice_is_no_gap_and_is_named_with_whose_it_is() {
        let (one, other) = (PersonId::new(), PersonId::new());
        let number = "105811202606000001";
        let found = numbers(vec![held(number, one, None), held(number, other, None)]);
        assert_eq!(found.duplicates, [Duplicate { number: number.to_owned(), people: vec![one, other] }]);
        assert_eq!((found.numbers, found.series.first().map(|series| series.count)), (2, Some(1)));
    }

    #[test]
    fn the_spring_and_the_autumn_batch_of_a_year_share_a_series() {
        let (spring, autumn) = ("2026-01-10".parse().ok(), "2026-07-01".parse().ok());
        let found = numbers(vec![
            held("105811202606000001", PersonId::new(), spring),
            held("105811202606000002", PersonId::new(), spring),
            held("105811202606000005", PersonId::new(), autumn),
        ]);
        let batches = &found.series.first().unwrap().batches;
        let spring = Batch { graduated: spring, first: 1, last: 2, count: 2 };
        assert_eq!(*batches, [spring, Batch { graduated: autumn, first: 5, last: 5, count: 1 }]);
    }

    #[test]
    fn what_is_no_number_by_the_rules_is_named_and_counts_in_no_series() {
        let found = of(&["X-17", "105811202606000001"]);
        assert_eq!(found.malformed.first().map(|(number, _)| number.as_str()), Some("X-17"));
        assert_eq!(found.series.len(), 1);
    }

    proptest! {
        /// Present and missing numbers together are everything between the lowest and the highest.
        #[test]
        fn nothing_between_the_lowest_and_the_highest_is_forgotten(
            serials in prop::collection::btree_set(0u32..2000, 1..200)
        ) {
            let all = serials.iter().map(|serial| held(&format!("105811202606{serial:06}"), PersonId::new(), None));
            let found = numbers(all.collect());
            let series = found.series.first().unwrap();
            prop_assert_eq!(series.count + series.missing(), u64::from(series.last - series.first) + 1);
            for (from, to) in &series.gaps {
                prop_assert!((*from..=*to).all(|missing| !serials.contains(&missing)));
            }
        }
    }
}
