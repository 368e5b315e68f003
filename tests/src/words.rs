//! What a person reads: problems and findings in both languages, worded from the client's locale files by its own rule.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use api::Problem;
use fs_err as fs;
use toml::{Table, Value};

/// The languages of the client.
pub const LANGUAGES: [&str; 2] = ["zh", "en"];

/// The words of one language.
#[derive(Debug)]
pub struct Words(Table);

impl Words {
    /// Reads the locale file of a language: `zh` or `en`.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn of(language: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend/locales");
        let text = fs::read_to_string(folder.join(format!("{language}.toml")))?;
        let locale: Table = toml::from_str(&text)?;
        let words = locale.get("words").and_then(Value::as_table).context("the locale has no words")?;
        Ok(Self(words.clone()))
    }

    /// The words for a code of a kind: `finding`, `reason`, …
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn say(&self, kind: &str, code: &str) -> Result<&str> {
        let words = self.0.get(kind).and_then(|words| words.get(code)).and_then(Value::as_str);
        words.with_context(|| format!("{kind}.{code} has no words"))
    }

    /// The sentence for a problem.
    ///
    /// # Errors
    ///
    /// When a code has no words or a placeholder nothing to fill it.
    pub fn sentence(&self, problem: &Problem) -> Result<String> {
        let code = serde_json::to_value(problem.code)?;
        let mut text = self.say("problem", code.as_str().unwrap_or_default())?.to_owned();
        for (name, value) in &problem.params {
            let kind = match name.as_str() {
                "right" | "guard" | "reason" | "field" | "state" => Some(name.as_str()),
                "kind" => Some("thing"),
                "what" => Some("job"),
                _ => None,
            };
            // What comes from a library, with a path in it, has no words of its own.
            let said = match kind {
                Some(kind) if !value.contains(' ') => self.say(kind, value)?,
                _ => value,
            };
            text = text.replace(&format!("{{{name}}}"), said);
        }
        if text.contains('{') {
            bail!("{text:?} has a placeholder left");
        }
        Ok(text)
    }
}
