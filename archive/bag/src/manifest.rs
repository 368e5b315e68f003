//! Manifests: which file has which checksum. And `fetch.txt`: which file is elsewhere.

use std::collections::BTreeMap;

use crate::tagfile::{self, Version};
use crate::{Algorithm, Checksum, FetchItem, Hazard, Report, SafePath};

/// Whether a manifest lists payload or tag files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    Payload,
    Tags,
}

impl Lists {
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Payload => "manifest-",
            Self::Tags => "tagmanifest-",
        }
    }

    pub(crate) fn file_name(self, algorithm: Algorithm) -> String {
        format!("{}{algorithm}.txt", self.prefix())
    }

    /// The algorithm a manifest of this kind is named after.
    pub(crate) fn algorithm_of(self, file_name: &str) -> Option<&str> {
        file_name.strip_prefix(self.prefix())?.strip_suffix(".txt")
    }
}

/// One parsed manifest. Holds only names that are no attack.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) file_name: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) entries: BTreeMap<String, Checksum>,
}

impl Manifest {
    pub(crate) fn parse(
        text: &str,
        file_name: &str,
        lists: Lists,
        algorithm: Algorithm,
        version: Version,
        report: &mut Report,
    ) -> Self {
        let mut manifest = Self { file_name: file_name.to_owned(), algorithm, entries: BTreeMap::new() };
        for line in tagfile::lines(text) {
            if let Some((name, sum)) = manifest.entry(line, version, report)
                && place(&name, lists, file_name, report)
            {
                manifest.insert(name, sum, report);
            }
        }
        manifest
    }

    /// One line: checksum, blanks, name.
    fn entry(&self, line: &str, version: Version, report: &mut Report) -> Option<(String, Checksum)> {
        let malformed = |report: &mut Report| {
            report.error("manifest-line", &self.file_name, "a line is not a checksum and a name");
        };
        let Some((sum, name)) = line.split_once([' ', '\t']) else {
            malformed(report);
            return None;
        };
        let Some(sum) =
            sum.parse::<Checksum>().ok().filter(|sum| sum.as_str().len() == self.algorithm.hex_len())
        else {
            malformed(report);
            return None;
        };
        let name = name.trim_start_matches([' ', '\t']);
        let name = match name.strip_prefix('*') {
            Some(rest) => {
                report.warning("manifest-star", &self.file_name, "names are marked with * as md5sum does");
                rest
            }
            None => name,
        };
        Some((plain_name(name, &self.file_name, version, report), sum))
    }

    fn insert(&mut self, name: String, sum: Checksum, report: &mut Report) {
        match self.entries.get(&name) {
            Some(known) if *known == sum => {
                report.warning("listed-twice", &name, format!("{} lists it twice", self.file_name));
            }
            Some(_) => {
                report.error(
                    "listed-twice",
                    &name,
                    format!("{} lists it twice, differently", self.file_name),
                );
            }
            None => drop(self.entries.insert(name, sum)),
        }
    }
}

/// A name without `./` before it and without percent-encoding.
fn plain_name(name: &str, file_name: &str, version: Version, report: &mut Report) -> String {
    let name = match name.strip_prefix("./") {
        Some(rest) => {
            report.warning("path-dot-slash", file_name, "names begin with ./");
            rest
        }
        None => name,
    };
    decode_percent(name, version)
}

/// Line ends (and since 1.0 the percent sign) are percent-encoded in names; nothing else is (RFC 8493 §2.1.3).
pub(crate) fn decode_percent(name: &str, version: Version) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let decoded = match from.get(1..3).map(str::to_ascii_uppercase).as_deref() {
            Some("0A") => Some('\n'),
            Some("0D") => Some('\r'),
            Some("25") if version >= Version::V1_0 => Some('%'),
            _ => None,
        };
        plain.push(decoded.unwrap_or('%'));
        rest = from.get(if decoded.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

pub(crate) fn encode_percent(name: &str) -> String {
    name.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D")
}

/// Whether a listed name lies where its list says, and nowhere dangerous.
fn place(name: &str, lists: Lists, file_name: &str, report: &mut Report) -> bool {
    match Hazard::of(name) {
        Some(hazard) if hazard.is_attack() => {
            report.error("path-unsafe", name, format!("{file_name} names {hazard}"));
            return false;
        }
        Some(hazard) => report.warning("path-unportable", name, format!("{file_name} names {hazard}")),
        None => {}
    }
    let in_payload = name.starts_with("data/");
    match lists {
        Lists::Payload if !in_payload => {
            report.error("path-outside-payload", name, format!("{file_name} lists a file outside data/"));
            false
        }
        Lists::Tags if in_payload => {
            report.error("path-inside-payload", name, format!("{file_name} lists a payload file"));
            false
        }
        Lists::Tags if name.starts_with(Lists::Tags.prefix()) => {
            report.error("tagmanifest-lists-itself", name, format!("{file_name} lists a tag manifest"));
            false
        }
        Lists::Payload | Lists::Tags => true,
    }
}

/// Reads `fetch.txt`: address, length or `-`, name.
pub(crate) fn parse_fetch(text: &str, version: Version, report: &mut Report) -> Vec<FetchItem> {
    tagfile::lines(text).filter_map(|line| fetch_item(line, version, report)).collect()
}

fn fetch_item(line: &str, version: Version, report: &mut Report) -> Option<FetchItem> {
    let blanks = |c: char| c == ' ' || c == '\t';
    let mut parts = line.splitn(2, blanks);
    let url = parts.next().filter(|url| !url.is_empty());
    let mut parts =
        parts.next().map(|rest| rest.trim_start_matches(blanks).splitn(2, blanks)).into_iter().flatten();
    let len = parts.next().filter(|len| *len == "-" || len.bytes().all(|byte| byte.is_ascii_digit()));
    let name = parts.next().map(|name| name.trim_start_matches(blanks)).filter(|name| !name.is_empty());
    let (Some(url), Some(len), Some(name)) = (url, len, name) else {
        report.error("fetch-line", tagfile::FETCH, "a line is not an address, a length and a name");
        return None;
    };
    let name = plain_name(name, tagfile::FETCH, version, report);
    if !place(&name, Lists::Payload, tagfile::FETCH, report) {
        return None;
    }
    Some(FetchItem { url: url.to_owned(), len: len.parse().ok(), path: SafePath::new(name).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_and_percent_signs_are_encoded() {
        assert_eq!(decode_percent("a%0Ab%0dc%25d%7Ee%", Version::V1_0), "a\nb\rc%d%7Ee%");
        assert_eq!(decode_percent("a%25%0A", "0.97".parse().unwrap()), "a%25\n");
        assert_eq!(decode_percent("学%", Version::V1_0), "学%");
    }

    proptest::proptest! {
        #[test]
        fn encoding_a_name_is_undone_by_decoding(name in "[a%025AD\n\r学]{0,12}") {
            proptest::prop_assert_eq!(decode_percent(&encode_percent(&name), Version::V1_0), name);
        }
    }
}
