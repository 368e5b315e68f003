//! The text files of a bag: their encodings, `bagit.txt`, and `label: value` lines.

use std::fmt;
use std::str::FromStr;

use crate::Report;

pub(crate) const BAGIT: &str = "bagit.txt";
pub(crate) const BAG_INFO: &str = "bag-info.txt";
pub(crate) const FETCH: &str = "fetch.txt";

/// The version of BagIt a bag follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// RFC 8493.
    pub const V1_0: Self = Self { major: 1, minor: 0 };

    /// Whether this program knows the rules of the version: 0.93 to 0.97, and 1.0.
    pub fn is_known(self) -> bool {
        self == Self::V1_0 || (self.major == 0 && (93..=97).contains(&self.minor))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |digits: &str| match digits {
            "" => Err(()),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(drop),
            _ => Err(()),
        };
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

/// How the tag files of a bag write characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, which every bag written here uses.
    Utf8,
    /// UTF-16, byte order told by a mark, else big end first (RFC 2781 §4.3).
    Utf16,
    /// ISO-8859-1.
    Latin1,
    /// Another encoding known by its IANA name, such as GB18030.
    Other(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// The encoding called `name`, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "UTF-8" => Some(Self::Utf8),
            "UTF-16" => Some(Self::Utf16),
            "ISO-8859-1" => Some(Self::Latin1),
            _ => encoding_rs::Encoding::for_label(name.as_bytes()).map(Self::Other),
        }
    }

    /// As [`decode`](Self::decode), without a copy where none is needed: manifests are large.
    pub(crate) fn decode_owned(self, bytes: Vec<u8>) -> Option<String> {
        match self {
            Self::Utf8 if !bytes.starts_with(b"\xef\xbb\xbf") => String::from_utf8(bytes).ok(),
            _ => self.decode(&bytes),
        }
    }

    /// The characters `bytes` stand for, or `None` if they stand for none.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => {
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
                std::str::from_utf8(bytes).ok().map(str::to_owned)
            }
            Self::Utf16 => {
                let (encoding, rest) = match encoding_rs::Encoding::for_bom(bytes) {
                    Some((encoding, mark)) => (encoding, bytes.get(mark..).unwrap_or_default()),
                    None => (encoding_rs::UTF_16BE, bytes),
                };
                whole(encoding, rest)
            }
            Self::Latin1 => Some(encoding_rs::mem::decode_latin1(bytes).into_owned()),
            Self::Other(encoding) => whole(encoding, bytes),
        }
    }
}

fn whole(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

/// The lines of a tag file, ended by LF, CR or both (RFC 8493 §2.1).
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ended = text.strip_suffix('\n').unwrap_or(text);
    let ended = ended.strip_suffix('\r').unwrap_or(ended);
    let some = (!text.is_empty()).then_some(ended);
    some.into_iter()
        .flat_map(|text| text.split('\n'))
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// What `bagit.txt` declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) version: Version,
    pub(crate) encoding: Encoding,
}

impl Declaration {
    pub(crate) const OURS: &'static str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

    /// Reads `bagit.txt`, noting what is wrong with it. `None` if it cannot be followed.
    pub(crate) fn parse(bytes: &[u8], report: &mut Report) -> Option<Self> {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            report.error("bagit-byte-order-mark", BAGIT, "bagit.txt must not begin with a byte order mark");
        }
        let Some(text) = Encoding::Utf8.decode(bytes) else {
            report.error("bagit-malformed", BAGIT, "bagit.txt is not UTF-8");
            return None;
        };
        let fields: Vec<(&str, &str)> = lines(&text)
            .filter_map(|line| line.split_once(':').map(|(label, value)| (label, value.trim())))
            .collect();
        let labels: Vec<&str> = fields.iter().map(|(label, _)| *label).collect();
        if labels != ["BagIt-Version", "Tag-File-Character-Encoding"] || lines(&text).count() != 2 {
            report.error(
                "bagit-malformed",
                BAGIT,
                "bagit.txt must hold BagIt-Version and Tag-File-Character-Encoding, and nothing else",
            );
        }
        let value = |wanted| fields.iter().find(|(label, _)| *label == wanted).map(|(_, value)| *value);
        let version = Self::version(value("BagIt-Version")?, report);
        let encoding = value("Tag-File-Character-Encoding").and_then(Encoding::named);
        if encoding.is_none() {
            report.error("encoding-unknown", BAGIT, "the encoding of the tag files is missing or unknown");
        }
        Some(Self { version: version?, encoding: encoding? })
    }

    fn version(text: &str, report: &mut Report) -> Option<Version> {
        let version = text.parse::<Version>().ok().filter(|version| version.is_known());
        if version.is_none() {
            report.error("version-unknown", BAGIT, format!("BagIt version {text:?} is not known"));
        }
        version
    }
}

/// Reads `label: value` lines, joining what is continued on the next line.
pub(crate) fn parse_info(text: &str, version: Version, report: &mut Report) -> Vec<(String, String)> {
    let mut info: Vec<(String, String)> = Vec::new();
    for line in lines(text) {
        match (line.starts_with([' ', '\t']), info.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (_, _, Some((label, value))) if !label.trim().is_empty() => {
                if label != label.trim() && version == Version::V1_0 {
                    report.warning(
                        "info-separator",
                        BAG_INFO,
                        format!("blanks around the label {:?}", label.trim()),
                    );
                }
                info.push((label.trim().to_owned(), value.trim().to_owned()));
            }
            _ if line.trim().is_empty() => report.warning("info-line", BAG_INFO, "an empty line"),
            _ => report.error(
                "info-line",
                BAG_INFO,
                "a line is neither a label with a value nor a continuation",
            ),
        }
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_on_any_system() {
        assert_eq!(lines("a\nb\r\nc\rd\n").collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(lines("a\n\nb").collect::<Vec<_>>(), ["a", "", "b"]);
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn versions_are_two_numbers() {
        assert_eq!("1.0".parse(), Ok(Version::V1_0));
        for bad in [".97", "0.", "1", "1.0.0", "+1.0", "x.y", ""] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
        assert!(!"0.92".parse::<Version>().unwrap().is_known());
        assert!(!"2.0".parse::<Version>().unwrap().is_known());
    }

    #[test]
    fn tag_files_may_be_written_in_other_encodings() {
        let chinese = "学院: 艺术";
        let big: Vec<u8> = chinese.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(chinese.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(Encoding::Utf16.decode(&big).as_deref(), Some(chinese));
        assert_eq!(Encoding::Utf16.decode(&little).as_deref(), Some(chinese));
        assert_eq!(Encoding::Latin1.decode(b"N\xfa\xf1ez\x80").as_deref(), Some("Núñez\u{80}"));
        assert_eq!(Encoding::named("gb18030").unwrap().decode(&[0xd1, 0xa7]).as_deref(), Some("学"));
        assert_eq!(Encoding::Utf8.decode(b"\xff"), None);
        assert_eq!(Encoding::named("no such"), None);
    }

    #[test]
    fn a_value_may_go_on_in_the_next_line() {
        let mut report = Report::new();
        let info = parse_info("A: one\n  two\nB : 3\nbroken\n", Version::V1_0, &mut report);
        assert_eq!(info, [("A".into(), "one two".into()), ("B".into(), "3".into())]);
        let codes: Vec<_> = report.findings().iter().map(|finding| finding.code.as_ref()).collect();
        assert_eq!(codes, ["info-separator", "info-line"]);
    }
}
