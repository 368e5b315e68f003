//! The words for codes, the very ones of the web client: what is signed on paper is what was read on the screen.

use std::sync::LazyLock;

use serde::Serialize;
use toml::Table;

use crate::Language;

static CHINESE: LazyLock<Table> = LazyLock::new(|| words(include_str!("../../../frontend/locales/zh.toml")));
static ENGLISH: LazyLock<Table> = LazyLock::new(|| words(include_str!("../../../frontend/locales/en.toml")));

/// The tables of words in a locale file. The client's build refuses one that is malformed or lacks a word.
fn words(text: &str) -> Table {
    let mut locale: Table = toml::from_str(text).unwrap_or_default();
    match locale.remove("words") {
        Some(toml::Value::Table(words)) => words,
        _ => Table::new(),
    }
}

impl Language {
    /// The words for a code of a table (`finding`, `guard`, `claim`, …), or the code itself where there are none.
    #[must_use]
    pub fn worded<'a>(self, table: &str, code: &'a str) -> &'a str {
        let words: &'static Table = match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        };
        words.get(table).and_then(|table| table.get(code)).and_then(toml::Value::as_str).unwrap_or(code)
    }

    /// The words for a value that has a code on the wire.
    pub(crate) fn word(self, table: &str, value: impl Serialize) -> String {
        let code = toml::Value::try_from(value).ok();
        let code = code.as_ref().and_then(toml::Value::as_str).unwrap_or_default();
        self.worded(table, code).to_owned()
    }

    /// The words for a reason: of a finding, else of a refusal or a bar.
    #[must_use]
    pub fn reason(self, code: &str) -> &str {
        match self.worded("finding", code) {
            unknown if unknown == code => self.worded("reason", code),
            words => words,
        }
    }

    /// What a condition of the handshake was decided on, on the wire `places=2 twice=0 empty=`, in words.
    pub(crate) fn particulars(self, detail: &str) -> String {
        let said = |value: &str| match value {
            "" => self.worded("particular", "none").to_owned(),
            "yes" | "no" => self.worded("particular", value).to_owned(),
            _ => value.replace(',', self.say("、", ", ")),
        };
        let worded = |part: &str| match part.split_once('=') {
            Some((name, value)) => format!("{} {}", self.worded("particular", name), said(value)),
            None => part.to_owned(),
        };
        let parts = detail.split(' ').filter(|part| !part.is_empty());
        parts.map(worded).collect::<Vec<_>>().join(self.say("；", "; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_words_in_both_languages() {
        for language in [Language::Chinese, Language::English] {
            for (table, code) in [
                ("finding", "FACE-NOT-SAME"),
                ("severity", "block"),
                ("guard", "archive.drill"),
                ("claim", "location.absent"),
                ("risk", "hidden_copies"),
                ("case_state", "PARTIAL"),
                ("assurance", "AL1"),
            ] {
                assert_ne!(language.worded(table, code), code, "{table}.{code} in {}", language.tag());
            }
        }
        assert_eq!(Language::Chinese.worded("finding", "no such code"), "no such code");
    }

    #[test]
    fn flaws_have_words_in_both_languages() {
        for language in [Language::Chinese, Language::English] {
            let codes = api::Flaw::ALL.iter().map(|(code, _)| *code);
            let mute: Vec<_> = codes.filter(|code| language.worded("reason", code) == *code).collect();
            assert!(mute.is_empty(), "{mute:?} in {}", language.tag());
        }
    }

    #[test]
    fn values_are_worded_by_their_codes_on_the_wire() {
        use api::cohort::{Disposition, Level, Outcome};
        use api::law::Bar;

        assert_eq!(Language::English.word("cohort_outcome", Outcome::ByHand), "Not compared");
        assert_eq!(Language::English.word("disposition", Disposition::Abnormal), "Abnormal");
        assert_eq!(Language::Chinese.word("level", Level::School), "校领导");
        assert_eq!(Language::Chinese.word("reason", Bar::NoConsent), "本人未同意");
        assert_eq!(Language::Chinese.reason("COHORT-ALIKE"), "与他人照片过于相似");
        assert_eq!(Language::Chinese.reason("several_faces"), "不止一张人脸");
    }

    #[test]
    fn particulars_are_worded_name_by_name() {
        assert_eq!(Language::Chinese.particulars("places=2 twice=0 empty="), "位置 2；重复 0；空位置 无");
        assert_eq!(
            Language::English.particulars("held=120,118 of=240"),
            "held at each place 120, 118; of 240"
        );
        assert_eq!(Language::English.particulars("reached=no"), "reached no");
    }
}
