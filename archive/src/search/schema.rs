//! The layout of the index: its fields, and how a person's document is written into them.

use tantivy::{
    TantivyDocument, Term,
    schema::{FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{TextAnalyzer, TokenizerManager},
};

use super::{
    PersonDoc,
    grams::GramTokenizer,
    pinyin::{self, SyllableTokenizer},
};
use crate::person::fold;

/// Changes whenever fields, tokenisers or folding change, so that an older index is rebuilt.
pub(super) const LAYOUT: &str = "xuecang-person-2";

const GRAMS: &str = "grams";
const SYLLABLES: &str = "syllables";

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The id of the person.
    pub(super) person: Field,
    /// The document as JSON, for showing what was found.
    pub(super) stored: Field,
    /// Pieces of every value.
    pub(super) text: Field,
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
    /// Initials of names.
    pub(super) initials: Field,
    /// The name in pinyin order.
    pub(super) by_name: Field,
    /// 学号 for sorting.
    pub(super) by_number: Field,
    /// Facets.
    pub(super) year: Field,
    pub(super) college: Field,
    pub(super) major: Field,
    pub(super) class: Field,
    pub(super) photo_state: Field,
    pub(super) campaign: Field,
}

/// The schema and its fields.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexed = |tokenizer: &str, option| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(option)
            .set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing)
    };
    let phrases = IndexRecordOption::WithFreqsAndPositions;
    let fields = Fields {
        person: builder.add_text_field("person", STRING),
        stored: builder.add_text_field("stored", STORED),
        text: builder.add_text_field("text", indexed(GRAMS, phrases)),
        name: builder.add_text_field("name", indexed(GRAMS, phrases)),
        whole_name: builder.add_text_field("whole_name", STRING),
        number: builder.add_text_field("number", STRING),
        id_number: builder.add_text_field("id_number", STRING),
        pinyin: builder.add_text_field("pinyin", indexed(SYLLABLES, phrases)),
        initials: builder.add_text_field("initials", STRING),
        by_name: builder.add_text_field("by_name", FAST),
        by_number: builder.add_text_field("by_number", FAST),
        year: builder.add_text_field("year", STRING | FAST),
        college: builder.add_text_field("college", STRING | FAST),
        major: builder.add_text_field("major", STRING | FAST),
        class: builder.add_text_field("class", STRING | FAST),
        photo_state: builder.add_text_field("photo_state", STRING | FAST),
        campaign: builder.add_text_field("campaign", STRING | FAST),
    };
    (builder.build(), fields)
}

/// The tokenisers the schema names.
pub(super) fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register(GRAMS, TextAnalyzer::from(GramTokenizer));
    tokenizers.register(SYLLABLES, TextAnalyzer::from(SyllableTokenizer));
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
            out.add_text(self.text, folded.as_str());
        }
        self.write_texts(doc, &mut out);
        self.write_facets(doc, &mut out);
        out
    }

    fn write_names(&self, doc: &PersonDoc, out: &mut TantivyDocument) {
        for name in doc.names() {
            for spelling in name_spellings(name) {
                for field in [self.text, self.name, self.whole_name] {
                    out.add_text(field, &spelling);
                }
            }
            out.add_text(self.pinyin, name);
            for initials in pinyin::initials(name) {
                out.add_text(self.initials, initials);
            }
        }
        out.add_text(self.by_name, pinyin::sort_key(&doc.name));
        out.add_text(self.by_number, doc.student_number.as_deref().unwrap_or_default());
    }

    fn write_texts(&self, doc: &PersonDoc, out: &mut TantivyDocument) {
        let year = doc.year.map(|year| year.to_string());
        let short = [&doc.class, &doc.major, &doc.college, &year].into_iter().flatten();
        for value in short.chain([&doc.diploma_text, &doc.notes]).filter(|value| !value.is_empty()) {
            out.add_text(self.text, fold(value).as_str());
        }
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
        if let Some(hash) = doc.id_number_hash {
            out.add_text(self.id_number, hash.term());
        }
    }
}
