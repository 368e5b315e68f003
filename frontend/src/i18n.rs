//! Words in the person's language. Every sentence comes from `locales/`, which `build.rs` has compared and made into
//! two tables; the one of the language chosen is fetched before anything is drawn.

use std::cell::Cell;
use std::fmt::{self, Display, Formatter};
use std::ops::Deref;

use crate::prelude::*;
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

thread_local! {
    /// Every text, in each language that was asked for.
    static TABLES: Cell<[Option<&'static [&'static str]>; 2]> = const { Cell::new([None; 2]) };
}

/// Fetches the texts of a language, once.
///
/// Answers whether they are there.
pub(crate) async fn load(language: Language) -> bool {
    if TABLES.get().get(language as usize).copied().flatten().is_some() {
        return true;
    }
    let Some(text) = fetch(language).await else { return false };
    // Two tables at most, kept as long as the page.
    let lines: Vec<&'static str> = String::leak(text).lines().collect();
    let mut tables = TABLES.get();
    if let Some(table) = tables.get_mut(language as usize) {
        *table = Some(Vec::leak(lines));
    }
    TABLES.set(tables);
    true
}

/// The table that the page names for a language, as an attribute of the script that started the client.
async fn fetch(language: Language) -> Option<String> {
    let script = document().query_selector("script[data-wasm]").ok().flatten()?;
    let url = script.get_attribute(if language == Language::Zh { "data-zh" } else { "data-en" })?;
    let answer = gloo_net::http::Request::get(&url).send().await.ok()?;
    if answer.ok() { answer.text().await.ok() } else { None }
}

/// One text: its place in the tables. Drawn as it is, it follows a change of language by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) u16);

impl Text {
    /// The text in the language chosen now. Where a signal would be followed, the language is.
    pub(crate) fn say(self) -> &'static str {
        let table = TABLES.get().get(state().language.get() as usize).copied().flatten();
        table.and_then(|table| table.get(usize::from(self.0))).copied().unwrap_or_default()
    }

    /// The text with its `{name}`s replaced.
    pub(crate) fn fill(self, params: &[(&str, &dyn Display)]) -> String {
        params.iter().fold(self.say().to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), &value.to_string())
        })
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &'static str {
        self.say()
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.say())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.say().to_owned()
    }
}

/// The text for a code of a table that begins at `place` and is in the order of its codes.
fn find(codes: &[&str], place: u16, code: &str) -> Option<Text> {
    let at = codes.binary_search(&code).ok()?;
    Some(Text(place.checked_add(u16::try_from(at).ok()?)?))
}

/// The words for a code, or the code itself where the client knows no better.
pub(crate) fn worded(words: fn(&str) -> Option<Text>, code: &str) -> String {
    words(code).map_or_else(|| code.to_owned(), |text| text.say().to_owned())
}

/// What was measured, or its limit: numbers as they are, words (`jpeg`, `absent`) in the person's language.
pub(crate) fn measured(text: &str) -> String {
    let parts: Vec<_> = text.split(", ").map(|part| worded(words::value, part)).collect();
    crate::format::list(&parts)
}

/// The words for a value that serialises as a code.
pub(crate) fn name_of(words: fn(&str) -> Option<Text>, value: impl serde::Serialize) -> String {
    worded(words, &code_of(value))
}

/// The code as which a unit variant goes over the wire.
pub(crate) fn code_of(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `t!(section.key)` is a text; `t!(section.key, name = value)` fills its placeholders.
#[macro_export]
macro_rules! t {
    ($section:ident . $key:ident) => {
        $crate::i18n::texts::$section::$key()
    };
    ($section:ident . $key:ident, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::texts::$section::$key().fill(&[$((stringify!($name), &$value)),+])
    };
}

/// The name of a person's field.
pub(crate) fn field(name: &str) -> String {
    worded(words::field, name)
}

/// The same where it stands by itself, as a heading or beside a value.
pub(crate) fn label(name: &str) -> Option<Text> {
    words::field(name)
}

/// The language in which papers are asked for: the one spoken now.
pub(crate) fn paper_language() -> &'static str {
    match state().language.get() {
        Language::Zh => "zh",
        Language::En => "en",
    }
}
