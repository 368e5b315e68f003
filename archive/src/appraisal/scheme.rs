//! The metadata scheme an archive is held to: lengths, elements, value sets, formats. Versioned, and data, not code.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What metadata and content are held to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Its name with its version, as it stands in reports.
    pub name: String,
    /// Elements of a person's facts: characters each may have at most.
    pub person_lengths: BTreeMap<String, usize>,
    /// As above, of an entry of the certificate register.
    pub diploma_lengths: BTreeMap<String, usize>,
    /// As above, of a photo.
    pub photo_lengths: BTreeMap<String, usize>,
    /// Elements that a person's facts consist of.
    pub person_elements: Vec<String>,
    /// Elements that a photo's description consists of.
    pub photo_elements: Vec<String>,
    /// Elements that an entry of the certificate register consists of.
    pub diploma_elements: Vec<String>,
    /// 毕结业
    pub outcomes: Vec<String>,
    /// Of these, those that get no number.
    pub outcomes_without_number: Vec<String>,
    /// 学习形式
    pub study_forms: Vec<String>,
    /// 民族, without the ending 族.
    pub ethnicities: Vec<String>,
    /// 民族 by number.
    pub ethnicity_codes: Codes,
    /// Terms for what happens to an object.
    pub process_events: Vec<String>,
    /// What must have happened to every photo.
    pub photo_events: Vec<String>,
    /// Formats of content that last.
    pub content_formats: Vec<String>,
    /// How old people are when they enter, years.
    pub ages_at_entry: Ages,
    /// By how many years a course may differ from its length of study.
    pub years_tolerance: i16,
    /// Bytes that must be free on the archive's volume.
    pub least_free_bytes: u64,
    /// Bytes below which a reading speed says nothing.
    pub least_measured_bytes: u64,
    /// Bytes per second at which the archive must be readable at least.
    pub least_bytes_per_second: u64,
}

/// A range of numbers, and some more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    first: u8,
    last: u8,
    others: Vec<u8>,
}

/// A range of years.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ages {
    /// The least.
    pub least: i16,
    /// The most.
    pub most: i16,
}

impl Scheme {
    /// The scheme that comes with the program.
    ///
    /// # Errors
    ///
    /// When it is malformed, which a test rules out.
    pub fn built_in() -> serde_json::Result<Self> {
        serde_json::from_str(include_str!("scheme.json"))
    }

    /// Whether this is how an ethnicity is written: its name with or without 族, or its number.
    #[must_use]
    pub fn knows_ethnicity(&self, text: &str) -> bool {
        let name = text.strip_suffix('族').unwrap_or(text);
        let code = text.parse::<u8>().ok().filter(|_| text.len() <= 2);
        let codes = &self.ethnicity_codes;
        let known = |code: u8| (codes.first..=codes.last).contains(&code) || codes.others.contains(&code);
        code.is_some_and(known) || self.ethnicities.iter().any(|known| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::{DiplomaFacts, Dossier};
    use crate::person::PersonRecord;

    #[test]
    fn the_built_in_scheme_knows_every_element_that_is_written() {
        let scheme = Scheme::built_in().unwrap();
        let person = ids::PersonId::new();
        let keys = |value: serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let dossier = serde_json::to_value(Dossier::new(person, PersonRecord::default())).unwrap();
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort();
            names
        };
        assert_eq!(keys(dossier["facts"].clone()), sorted(&scheme.person_elements));
        let mut diploma = keys(serde_json::to_value(DiplomaFacts::default()).unwrap());
        diploma.push("id".to_owned());
        assert_eq!(sorted(&diploma), sorted(&scheme.diploma_elements));
        for lengths in [&scheme.person_lengths, &scheme.diploma_lengths, &scheme.photo_lengths] {
            assert!(lengths.values().all(|most| *most > 0));
        }
    }

    #[test]
    fn ethnicities_are_known_by_name_and_by_number() {
        let scheme = Scheme::built_in().unwrap();
        assert_eq!(scheme.ethnicities.len(), 59);
        for text in ["汉族", "汉", "傣族", "土家族", "1", "01", "56", "97", "穿青人"] {
            assert!(scheme.knows_ethnicity(text), "{text}");
        }
        for text in ["", "族", "0", "57", "001", "汉人", "Han"] {
            assert!(!scheme.knows_ethnicity(text), "{text}");
        }
    }
}
