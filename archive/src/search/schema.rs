//! The layout of the index: its fields, and how a person's document is written into them.
//!
//! An index of an older layout stays in use until its successor is whole, so fields are looked up by name, and one that
//! came later may be absent.

use std::ops::RangeInclusive;

use tantivy::{
    TantivyDocument, Term,
    schema::{FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{TextAnalyzer, TokenizerManager},
};

use super::{
    PersonDoc,
    facets::{GROUP, group},
    grams::{GramTokenizer, ShortTokenizer},
    pinyin::{self, PairTokenizer, SyllableTokenizer},
};
use crate::person::fold;

/// Changes whenever fields, tokenisers or folding change, so that an older index is made anew.
pub(super) const LAYOUT: &str = "xuecang-person-5";
/// Older layouts that answer truly, but for facets that they lack. None is left here when folding or a tokeniser changes:
/// what was cut otherwise is not found.
/// Layout 4 is as 5 without photos in what is stored, 3 is as 4 without pairs of syllables, and 2 is as 3 without the deliveries.
pub(super) const READABLE: &[&str] = &["xuecang-person-4", "xuecang-person-3", "xuecang-person-2"];

const GRAMS: &str = "grams";
const SYLLABLES: &str = "syllables";
const PAIRS: &str = "pairs";
const SHORT: &str = "short";

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The id of the person.
    pub(super) person: Field,
    /// The document as JSON, for showing what was found.
    pub(super) stored: Field,
    /// Pieces of every value but those of the facets year, college, major and class.
    pub(super) text: Field,
    /// The short pieces of letters and digits in the same values, without their places.
    pub(super) short: Field,
    /// Pieces of names, to rank them first.
    pub(super) name: Field,
    /// Whole names.
    pub(super) whole_name: Field,
    /// Whole numbers.
    pub(super) number: Field,
    /// The keyed hash of the identity number.
    pub(super) id_number: Field,
    /// Syllables of names.
    pub(super) pinyin: Field,
    /// Syllables of names, each with the next one: two of them together are rare, where each is in thousands of names. Since
    /// layout 4.
    pub(super) pairs: Option<Field>,
    /// Initials of names.
    pub(super) initials: Field,
    /// The name in pinyin order.
    pub(super) by_name: Field,
    /// 学号 for sorting.
    pub(super) number_key: NumberKey,
    /// Facets.
    pub(super) year: Field,
    pub(super) college: Field,
    pub(super) major: Field,
    pub(super) class: Field,
    pub(super) photo_state: Field,
    pub(super) campaign: Field,
    /// The values of all facets together.
    pub(super) group: Field,
    /// The deliveries that brought photos: several, or none. Since layout 3.
    pub(super) delivery: Option<Field>,
}

/// The first sixteen bytes of a folded 学号 as two numbers in the same order: compared at once, where texts would have to be looked
/// up in every segment's list.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberKey {
    pub(super) high: Field,
    pub(super) low: Field,
}

impl NumberKey {
    /// The names of its fields.
    pub(super) const NAMES: [&str; 2] = ["number_high", "number_low"];

    fn of(number: &str) -> [u64; 2] {
        let part = |from: usize| {
            let mut part = [0; 8];
            part.iter_mut().zip(number.bytes().skip(from)).for_each(|(to, byte)| *to = byte);
            u64::from_be_bytes(part)
        };
        [part(0), part(8)]
    }

    /// The numbers whose first bytes these are, at most eight of them: from here to there.
    pub(super) fn beginning_with(beginning: &str) -> Option<RangeInclusive<u64>> {
        let [from, beyond] = Self::of(beginning);
        let open = 64_u32.checked_sub(8 * u32::try_from(beginning.len()).ok()?)?;
        let rest = 1_u64.checked_shl(open).map_or(u64::MAX, |end| end - 1);
        (beyond == 0 && !beginning.is_empty()).then_some(from..=from | rest)
    }
}

/// The schema that this version makes.
pub(super) fn schema() -> Schema {
    let mut builder = Schema::builder();
    let indexed = |tokenizer: &str, option| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(option)
            .set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing)
    };
    let phrases = IndexRecordOption::WithFreqsAndPositions;
    builder.add_text_field("person", STRING);
    builder.add_text_field("stored", STORED);
    for name in ["text", "name"] {
        builder.add_text_field(name, indexed(GRAMS, phrases));
    }
    builder.add_text_field("short", indexed(SHORT, IndexRecordOption::Basic));
    for name in ["whole_name", "number", "id_number"] {
        builder.add_text_field(name, STRING);
    }
    builder.add_text_field("pinyin", indexed(SYLLABLES, phrases));
    builder.add_text_field("pairs", indexed(PAIRS, phrases));
    builder.add_text_field("initials", STRING);
    builder.add_text_field("by_name", FAST);
    for name in NumberKey::NAMES {
        builder.add_u64_field(name, FAST);
    }
    builder.add_text_field("year", STRING | FAST);
    for name in ["college", "major", "class", "photo_state", "campaign", "delivery"] {
        builder.add_text_field(name, STRING);
    }
    builder.add_text_field(GROUP, FAST);
    builder.build()
}

/// The tokenisers the schema names.
pub(super) fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register(GRAMS, TextAnalyzer::from(GramTokenizer));
    tokenizers.register(SHORT, TextAnalyzer::from(ShortTokenizer));
    tokenizers.register(SYLLABLES, TextAnalyzer::from(SyllableTokenizer));
    tokenizers.register(PAIRS, TextAnalyzer::from(PairTokenizer));
    tokenizers
}

/// The folded spellings of a name: as it is, and without middle dots if it has any, because many people omit them.
pub(super) fn name_spellings(name: &str) -> Vec<String> {
    let folded = fold(name).as_str().to_owned();
    let plain = folded.replace('·', "");
    if plain == folded || plain.is_empty() { vec![folded] } else { vec![folded, plain] }
}

impl PersonDoc {
    /// Every name, the present one first.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.name).chain(&self.former_names)
    }

    /// Every number.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &String> {
        self.student_number.iter().chain(&self.candidate_number).chain(&self.certificate_numbers)
    }
}

impl Fields {
    /// The facets in whose values words are searched, as the places in [`super::facets::FACETS`] with their fields.
    pub(super) const fn searched_facets(&self) -> [(usize, Field); 4] {
        [(0, self.year), (1, self.college), (2, self.major), (3, self.class)]
    }

    /// The fields of an index by their names. Nothing if one is missing that every layout has, or one is kept otherwise
    /// than this version keeps it.
    pub(super) fn of(found: &Schema) -> Option<Self> {
        let ours = schema();
        let field = |name: &str| {
            let field = found.get_field(name).ok()?;
            let own = ours.get_field(name).ok()?;
            (found.get_field_entry(field) == ours.get_field_entry(own)).then_some(field)
        };
        let [delivery, pairs] =
            ["delivery", "pairs"].map(|name| (field(name), found.get_field(name).is_ok()));
        if [delivery, pairs].iter().any(|(ours, is_there)| ours.is_none() && *is_there) {
            return None;
        }
        let [high, low] = NumberKey::NAMES;
        Some(Self {
            number_key: NumberKey { high: field(high)?, low: field(low)? },
            person: field("person")?,
            stored: field("stored")?,
            text: field("text")?,
            short: field("short")?,
            name: field("name")?,
            whole_name: field("whole_name")?,
            number: field("number")?,
            id_number: field("id_number")?,
            pinyin: field("pinyin")?,
            pairs: pairs.0,
            initials: field("initials")?,
            by_name: field("by_name")?,
            year: field("year")?,
            college: field("college")?,
            major: field("major")?,
            class: field("class")?,
            photo_state: field("photo_state")?,
            campaign: field("campaign")?,
            group: field(GROUP)?,
            delivery: delivery.0,
        })
    }

    /// The term that stands for a person.
    pub(super) fn person_term(&self, person: ids::PersonId) -> Term {
        Term::from_field_text(self.person, &person.to_string())
    }

    /// Writes a person's document for the index.
    pub(super) fn write(&self, doc: &PersonDoc) -> TantivyDocument {
        let mut out = TantivyDocument::new();
        out.add_text(self.person, doc.person.to_string());
        out.add_text(self.stored, serde_json::to_string(doc).unwrap_or_default());
        self.write_names(doc, &mut out);
        for number in doc.numbers() {
            let folded = fold(number);
            out.add_text(self.number, folded.as_str());
            self.write_text(folded.as_str(), &mut out);
        }
        self.write_texts(doc, &mut out);
        self.write_facets(doc, &mut out);
        out
    }

    fn write_names(&self, doc: &PersonDoc, out: &mut TantivyDocument) {
        for name in doc.names() {
            for spelling in name_spellings(name) {
                self.write_text(&spelling, out);
                for field in [self.name, self.whole_name] {
                    out.add_text(field, &spelling);
                }
            }
            out.add_text(self.pinyin, name);
            if let Some(pairs) = self.pairs {
                out.add_text(pairs, name);
            }
            for initials in pinyin::initials(name) {
                out.add_text(self.initials, initials);
            }
        }
        out.add_text(self.by_name, pinyin::sort_key(&doc.name));
        let number = doc.student_number.as_deref().unwrap_or_default();
        let [high, low] = NumberKey::of(fold(number).as_str());
        out.add_u64(self.number_key.high, high);
        out.add_u64(self.number_key.low, low);
    }

    fn write_texts(&self, doc: &PersonDoc, out: &mut TantivyDocument) {
        for value in [&doc.diploma_text, &doc.notes].into_iter().filter(|value| !value.is_empty()) {
            self.write_text(fold(value).as_str(), out);
        }
    }

    fn write_text(&self, folded: &str, out: &mut TantivyDocument) {
        out.add_text(self.text, folded);
        out.add_text(self.short, folded);
    }

    fn write_facets(&self, doc: &PersonDoc, out: &mut TantivyDocument) {
        let year = doc.year.map(|year| year.to_string());
        let campaign = doc.campaign.map(|campaign| campaign.to_string());
        let facets = [
            (self.year, &year),
            (self.college, &doc.college),
            (self.major, &doc.major),
            (self.class, &doc.class),
            (self.photo_state, &doc.photo_state),
            (self.campaign, &campaign),
        ];
        for (field, value) in facets {
            if let Some(value) = value {
                out.add_text(field, value);
            }
        }
        let deliveries = self.delivery.map(|field| (field, doc.deliveries.iter().map(ToString::to_string)));
        let deliveries = deliveries.map(|(field, ids)| ids.inspect(|id| out.add_text(field, id)).collect());
        let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
        let values = [&year, &doc.college, &doc.major, &doc.class, &doc.photo_state].map(one);
        let [year, college, major, class, photo_state] = values;
        let deliveries = deliveries.unwrap_or_default();
        out.add_text(self.group, group([year, college, major, class, photo_state, deliveries]));
        if let Some(hash) = doc.id_number_hash {
            out.add_text(self.id_number, hash.term());
        }
    }
}
