//! Turns `locales/{zh,en}.toml` into Rust and two tables: a function per text that names its place in the tables, a
//! look-up per table of words, and `zh.txt` and `en.txt` with a text a line, which the server hands out beside the client.
//!
//! A key that one language lacks, a placeholder that differs, or a problem, flaw, right or role without words stops the
//! build. A text that no page uses is an unused function, which the compiler reports.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context as _, Result, bail, ensure};

type Texts = BTreeMap<String, String>;

/// What one language's file holds: texts by section, words by table.
struct Locale {
    texts: BTreeMap<String, Texts>,
    words: BTreeMap<String, Texts>,
}

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=locales");
    let zh = Locale::read("locales/zh.toml")?;
    let en = Locale::read("locales/en.toml")?;
    same_keys("texts", &zh.texts, &en.texts)?;
    same_keys("words", &zh.words, &en.words)?;
    everything_the_api_says_has_words(&zh)?;
    let out = env::var("OUT_DIR").context("OUT_DIR is not set")?;
    let out = Path::new(&out);
    fs::write(out.join("locales.rs"), generated(&zh)?)?;
    fs::write(out.join("zh.txt"), zh.table()?)?;
    fs::write(out.join("en.txt"), en.table()?)?;
    // By this the chores know whose output folder holds the tables.
    println!("cargo::rustc-env=XUECANG_WORDS={}", out.display());
    Ok(())
}

impl Locale {
    fn read(path: &str) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
        let mut table: toml::Table = text.parse().with_context(|| format!("cannot parse {path}"))?;
        let words = table.remove("words").unwrap_or_else(|| toml::Table::new().into());
        let words = words.try_into().with_context(|| format!("{path}: [words.*] holds tables of texts"))?;
        let texts = table.try_into().with_context(|| format!("{path}: a section holds texts"))?;
        Ok(Self { texts, words })
    }

    /// Every text, a line each, in the order in which [`generated`] counts them.
    fn table(&self) -> Result<String> {
        let mut table = String::new();
        for (section, texts) in self.texts.iter().chain(&self.words) {
            for (key, text) in texts {
                ensure!(!text.contains('\n'), "{section}.{key} has more than one line");
                table.push_str(text);
                table.push('\n');
            }
        }
        Ok(table)
    }
}

fn same_keys(what: &str, zh: &BTreeMap<String, Texts>, en: &BTreeMap<String, Texts>) -> Result<()> {
    let keys = |all: &BTreeMap<String, Texts>| -> BTreeSet<String> {
        all.iter().flat_map(|(s, texts)| texts.keys().map(move |k| format!("{s}.{k}"))).collect()
    };
    let (in_zh, in_en) = (keys(zh), keys(en));
    let odd: Vec<_> = in_zh.symmetric_difference(&in_en).collect();
    ensure!(odd.is_empty(), "{what} in one language only: {odd:?}");
    for (section, texts) in zh {
        for (key, text) in texts {
            let other = en.get(section).and_then(|t| t.get(key)).map_or("", String::as_str);
            ensure!(
                placeholders(text) == placeholders(other),
                "{section}.{key} has other placeholders in the other language"
            );
        }
    }
    Ok(())
}

/// The `{name}`s of a text.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

fn everything_the_api_says_has_words(locale: &Locale) -> Result<()> {
    let need = |table: &str, code: serde_json::Value| -> Result<()> {
        let code = code.as_str().unwrap_or_default();
        let found = locale.words.get(table).is_some_and(|words| words.contains_key(code));
        if !found {
            bail!("[words.{table}] lacks {code:?}");
        }
        Ok(())
    };
    for code in api::ProblemCode::ALL {
        need("problem", serde_json::to_value(code)?)?;
    }
    for (code, params) in api::Flaw::ALL {
        need("reason", (*code).into())?;
        let said = locale.words.get("reason").and_then(|words| words.get(*code)).map_or("", String::as_str);
        let wanted: BTreeSet<&str> = params.iter().copied().collect();
        ensure!(placeholders(said) == wanted, "[words.reason] {code} has the placeholders {wanted:?}");
    }
    for kind in api::ledger::EVENT_KINDS {
        need("event", kind.into())?;
    }
    for way in api::search::TRIED {
        need("tried", way.into())?;
    }
    for action in api::account::ACTIONS {
        need("action", action.into())?;
    }
    for role in api::Role::ALL {
        need("role", serde_json::to_value(role)?)?;
        for right in role.rights() {
            need("right", serde_json::to_value(right)?)?;
        }
    }
    Ok(())
}

fn generated(locale: &Locale) -> Result<String> {
    let mut out = String::from("/// The texts of the pages, by section.\npub(crate) mod texts {\n");
    let mut place = 0_u16;
    for (section, texts) in &locale.texts {
        writeln!(out, "pub(crate) mod {section} {{ use crate::i18n::Text;")?;
        for key in texts.keys() {
            writeln!(out, "pub(crate) const fn {key}() -> Text {{ Text({place}) }}")?;
            place += 1;
        }
        out.push_str("}\n");
    }
    out.push_str("}\n/// Words for the codes the API speaks in.\npub(crate) mod words { use crate::i18n::{Text, find};\n");
    for (table, texts) in &locale.words {
        let codes: Vec<_> = texts.keys().collect();
        writeln!(
            out,
            "pub(crate) fn {table}(code: &str) -> Option<Text> {{ find(&{codes:?}, {place}, code) }}"
        )?;
        place += u16::try_from(codes.len())?;
    }
    out.push_str("}\n");
    Ok(out)
}
