//! Several files in one text, so that a mutation can reach inside a workbook or a bag: `=== name` before each.

use std::path::Path;

use bag::SafePath;

const MARK: &str = "=== ";

/// Writes the files one after the other. A file that does not end in a line end gets one.
#[must_use]
pub fn join<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        out.extend(format!("{MARK}{name}\n").bytes());
        out.extend(bytes);
        if !bytes.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}

/// The files of a text, at most a hundred; what stands before the first mark is nothing.
#[must_use]
pub fn split(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_prefix(MARK.as_bytes()) {
            Some(name) if files.len() < 100 => {
                files.push((String::from_utf8_lossy(name).trim_end().to_owned(), Vec::new()));
            }
            _ => files.last_mut().into_iter().for_each(|(_, text)| text.extend(line)),
        }
    }
    files
}

/// Puts the files into a folder, those with safe names that are not taken.
pub fn put(files: &[(String, Vec<u8>)], dir: &Path) {
    for (name, bytes) in files {
        let Ok(path) = SafePath::new(name.as_str()) else { continue };
        let place = path.under(dir);
        if place.parent().is_some_and(|parent| fs_err::create_dir_all(parent).is_ok()) && !place.exists() {
            fs_err::write(place, bytes).unwrap();
        }
    }
}
