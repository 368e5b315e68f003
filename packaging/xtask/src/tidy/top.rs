//! What lies at the top level, exactly.

use std::path::Path;

use anyhow::Result;

const ENTRIES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "app",
    "archive",
    "frontend",
    "models",
    "packaging",
    "tests",
    "verify",
];

/// Names what lies at the top level and should not. Build output and dotfiles may.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for entry in fs_err::read_dir(root)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.')
            && !["target", "artefacts"].contains(&name.as_str())
            && !ENTRIES.contains(&name.as_str())
        {
            breaches.push(format!("{name}: not one of the client's top-level entries"));
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_our_own_at_the_top_is_caught() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::create_dir(dir.path().join("scripts")).unwrap();
        fs_err::create_dir(dir.path().join("archive")).unwrap();
        assert_eq!(check(dir.path()).unwrap(), ["scripts: not one of the client's top-level entries"]);
    }
}
