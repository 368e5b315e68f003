//! Judging names: version directories, content paths, logical paths, URIs, extensions.

use std::collections::BTreeSet;

use bag::Report;

/// A version name such as `v3` or `v003`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VersionName {
    pub(super) number: u32,
    /// How many digits, if it begins with a zero.
    pub(super) padded: Option<usize>,
}

impl VersionName {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let digits =
            name.strip_prefix('v').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let number = digits.parse().ok().filter(|number| *number > 0)?;
        Some(Self { number, padded: digits.starts_with('0').then_some(digits.len()) })
    }
}

/// What the keys of a versions block are.
pub(super) struct Named {
    /// The highest.
    pub(super) highest: Option<String>,
    /// Whether all follow one way of naming.
    pub(super) alike: bool,
}

/// Judges the keys of a versions block. `folders` are those of the object: one of them that is no version's is told itself.
pub(super) fn judge_version_names(
    names: &[&str],
    folders: &BTreeSet<String>,
    place: &str,
    report: &mut Report,
) -> Named {
    let mut known: Vec<(VersionName, &str)> = Vec::new();
    for name in names {
        match VersionName::parse(name) {
            Some(version) => known.push((version, name)),
            None if folders.contains(*name) => {}
            None => report.error("E046", place, format!("{name:?} is not the name of a version")),
        }
    }
    known.sort_by_key(|(version, _)| version.number);
    let numbers: Vec<u32> = known.iter().map(|(version, _)| version.number).collect();
    if numbers.first().is_some_and(|first| *first != 1) {
        report.error("E009", place, "versions do not begin at 1");
    }
    if numbers.windows(2).any(|pair| matches!(pair, [one, next] if *next != one + 1)) {
        report.error("E010", place, "versions are not consecutive");
    }
    let alike = judge_padding(&known, place, report);
    Named { highest: known.last().map(|(_, name)| (*name).to_owned()), alike }
}

/// Whether all are padded alike.
fn judge_padding(known: &[(VersionName, &str)], place: &str, report: &mut Report) -> bool {
    let Some((first, first_name)) = known.first() else { return true };
    let mut alike = true;
    if first.padded.is_some() {
        report.warning("W001", place, "version numbers are padded with zeros");
    }
    for (version, name) in known {
        if version.padded == first.padded {
            continue;
        }
        alike = false;
        if first.padded.is_some() && name.len() == first_name.len() {
            report.error("E011", place, format!("{name}: padded version numbers begin with a zero"));
        }
        if first.padded.is_none() {
            report.error("E012", place, format!("{name} is padded and {first_name} is not"));
        }
        report.error("E013", place, format!("{name} is not named like the versions before it"));
    }
    alike
}

/// Notes paths used twice, and files that are folders of others.
pub(super) fn judge_conflicts<'a>(
    paths: impl Iterator<Item = &'a str>,
    code: &'static str,
    place: &str,
    report: &mut Report,
) {
    let mut seen = BTreeSet::new();
    for path in paths {
        if !seen.insert(path) {
            report.error(code, place, format!("{path:?} is there more than once"));
        }
    }
    for path in &seen {
        for (at, _) in path.match_indices('/') {
            if let Some(folder) = path.get(..at).filter(|folder| seen.contains(folder)) {
                report.error(code, place, format!("{folder:?} is a file and a folder"));
            }
        }
    }
}

/// Which rules a path breaks: `(begins or ends with a slash, has an empty, `.` or `..` part)`.
pub(super) fn path_faults(path: &str) -> (bool, bool) {
    let edges = path.is_empty() || path.starts_with('/') || path.ends_with('/');
    let inner = path.trim_start_matches('/').trim_end_matches('/');
    let parts = inner.split('/').any(|part| matches!(part, "" | "." | ".."));
    (edges, parts || path.starts_with("//"))
}

/// Whether a text looks like a URI: a scheme, a colon, and something after it.
pub(super) fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && !text.contains(char::is_whitespace)
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// Whether a text is a point in time of RFC 3339, to the second at least, with its zone.
pub(super) fn is_rfc3339(text: &str) -> bool {
    let digits_at =
        |places: &[usize]| places.iter().all(|&at| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit));
    let shape = digits_at(&[0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
        && [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')]
            .iter()
            .all(|&(at, sign)| text.as_bytes().get(at) == Some(&sign))
        && matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' '));
    shape && text.parse::<jiff::Timestamp>().is_ok()
}

/// Whether an extension of this name is registered with the OCFL community.
pub(super) fn is_registered(extension: &str) -> bool {
    matches!(
        extension,
        "initial"
            | "0001-digest-algorithms"
            | "0002-flat-direct-storage-layout"
            | "0003-hash-and-id-n-tuple-storage-layout"
            | "0004-hashed-n-tuple-storage-layout"
            | "0005-mutable-head"
            | "0006-flat-omit-prefix-storage-layout"
            | "0007-n-tuple-omit-prefix-storage-layout"
            | "0008-schema-registry"
            | "0009-digest-algorithms"
            | "0010-differential-n-tuple-omit-prefix-storage-layout"
            | "0011-direct-clean-path-layout"
    )
}
