//! Words in the person's language. Every sentence comes from `locales/`, which `build.rs` has compared and compiled.

use std::fmt::Display;

use crate::state::state;

include!(concat!(env!("OUT_DIR"), "/locales.rs"));

/// The languages the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// 中文
    Zh,
    /// English
    En,
}

impl Language {
    /// The tag for `lang=`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }
}

/// One text in both languages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// 中文
    pub(crate) zh: &'static str,
    /// English
    pub(crate) en: &'static str,
}

impl Text {
    /// The text in the language chosen now. A change of language draws the whole page again, so nothing tracks it.
    pub(crate) fn say(self) -> &'static str {
        match state().language_now() {
            Language::Zh => self.zh,
            Language::En => self.en,
        }
    }

    /// The text with its `{name}`s replaced.
    pub(crate) fn fill(self, params: &[(&str, &dyn Display)]) -> String {
        params.iter().fold(self.say().to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), &value.to_string())
        })
    }
}

/// The words for a code, or the code itself where the client knows no better.
pub(crate) fn worded(words: fn(&str) -> Option<Text>, code: &str) -> String {
    words(code).map_or_else(|| code.to_owned(), |text| text.say().to_owned())
}

/// The words for a value that serialises as a code.
pub(crate) fn name_of(words: fn(&str) -> Option<Text>, value: impl serde::Serialize) -> String {
    worded(words, &code_of(value))
}

/// The code as which a unit variant goes over the wire.
pub(crate) fn code_of(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `t!(section.key)` says a text; `t!(section.key, name = value)` fills its placeholders.
#[macro_export]
macro_rules! t {
    ($section:ident . $key:ident) => {
        $crate::i18n::texts::$section::$key().say()
    };
    ($section:ident . $key:ident, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::texts::$section::$key().fill(&[$((stringify!($name), &$value)),+])
    };
}

/// The name of a person's field.
pub(crate) fn field(name: &str) -> String {
    worded(words::field, name)
}
