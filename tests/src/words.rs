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
        // What a reason says may have places of its own.
        let reason = problem.params.get_key_value("reason");
        for (name, value) in reason.into_iter().chain(&problem.params) {
            let kind = match name.as_str() {
                "role" => Some("role"),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics")]

    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    /// The Rust files of a folder, without their tests.
    fn sources(folder: &str) -> Vec<String> {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
        let mut texts = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path: PathBuf = entry.unwrap().path();
                let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "fixtures");
                if is_test {
                    continue;
                } else if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                    texts.push(code.lines().filter(|line| !line.trim_start().starts_with("//")).collect());
                }
            }
        }
        texts
    }

    /// The texts between quotation marks.
    fn literals(source: &str) -> impl Iterator<Item = &str> {
        source.split('"').skip(1).step_by(2)
    }

    /// What a delivery can be told, as the sources write it: `FILE-HEIC`, `FACE-UNSURE`, …
    fn written_out() -> BTreeSet<String> {
        let is_code = |text: &&str| {
            let mut parts = text.split('-');
            let first = parts.next().is_some_and(|part| part.len() > 2);
            first
                && text.contains('-')
                && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
                && text.split('-').all(|part| !part.is_empty())
        };
        let all = ["archive/src/delivery", "app/service/src/delivery"].map(sources).concat();
        all.iter().flat_map(|text| literals(text).filter(is_code).map(str::to_owned)).collect()
    }

    /// What a bag is refused for: the first argument of every error of its report.
    fn of_bags() -> BTreeSet<String> {
        let first = |rest: &str| literals(rest.trim_start()).next().map(str::to_owned);
        let is_word = |word: &String| {
            word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
        };
        let all = sources("archive/bag/src");
        let errors = all.iter().flat_map(|text| text.split("eport.error(").skip(1));
        let mut words: BTreeSet<_> =
            errors.filter(|rest| rest.trim_start().starts_with('"')).filter_map(first).collect();
        words.extend(["payload-differs".to_owned(), "tag-differs".to_owned()]);
        words.into_iter().filter(is_word).map(|word| format!("BAG-{}", word.to_ascii_uppercase())).collect()
    }

    /// What the photo rules can find.
    fn of_rules() -> BTreeSet<String> {
        let sets =
            ["jbz-2017-99", "demo-relaxed"].map(|name| verify::RuleSet::built_in(name).unwrap().unwrap());
        sets.iter().flat_map(|set| set.rules.iter().map(|rule| rule.code.clone())).collect()
    }

    #[test]
    fn whatever_a_delivery_is_told_has_words_in_both_languages() {
        let (written, bags, rules) = (written_out(), of_bags(), of_rules());
        for code in [
            "FILE-HEIC",
            "FILE-CMYK",
            "FACE-SEVERAL-FACES",
            "FACE-UNSURE",
            "SIGNATURE-FOREIGN",
            "TOKEN-FORGED",
        ] {
            assert!(written.contains(code), "{code} is among {written:?}");
        }
        assert!(bags.contains("BAG-BAGIT-MISSING") && bags.contains("BAG-OXUM-DIFFERS"), "{bags:?}");
        assert!(rules.contains("IMG-19"), "{rules:?}");
        let mut mute = Vec::new();
        for language in LANGUAGES {
            let words = Words::of(language).unwrap();
            let all = written.iter().chain(&bags).chain(&rules);
            mute.extend(
                all.filter(|code| words.say("finding", code).is_err())
                    .map(|code| format!("{language}: {code}")),
            );
        }
        assert_eq!(mute, [""; 0]);
    }
}
