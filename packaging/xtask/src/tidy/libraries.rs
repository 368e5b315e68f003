//! Which module may use which library: SQL, inference, search and cryptography each have one room.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use syn::visit::Visit;

/// A library and the folders or files in which it may be named.
struct Rule {
    library: &'static str,
    rooms: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule { library: "rusqlite", rooms: &["archive/src/db/", "archive/ids/", "tests/benches/"] },
    Rule { library: "rusqlite_migration", rooms: &["archive/src/db/"] },
    Rule { library: "ort", rooms: &["verify/src/model/"] },
    Rule { library: "tantivy", rooms: &["archive/src/search/"] },
    Rule { library: "axum", rooms: &["app/src/http/", "app/src/cli/"] },
    Rule {
        library: "openssl",
        rooms: &[
            // CMS signatures of packages, and SHA-512, the hash that names what is kept.
            "archive/bag/src/",
            // The authorities that vouch for the ports and the vendors.
            "app/service/src/authority.rs",
            "app/service/src/vendor.rs",
            // The keyed hashes of capture tokens and of searched numbers.
            "app/service/src/token.rs",
            "app/service/src/index.rs",
            // Tests that play a vendor of the school's CA, or of another.
            "app/service/src/delivery/tests/",
            "archive/src/delivery/parcel/tests.rs",
            // Sealing of officers' keys and sign-in secrets.
            "app/service/src/seal.rs",
            // TLS of the two ports.
            "app/src/http/tls",
            "app/src/http/server.rs",
            "app/src/http/vendor/",
            // The vendor's key and certificate request.
            "app/agent/src/",
            // The stories play a vendor of another CA.
            "tests/",
        ],
    },
];

/// Names every use of a library outside its rooms.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for file in sources(root)? {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file)?;
        breaches.extend(breaches_in(&name, &text).with_context(|| format!("{name} could not be parsed"))?);
    }
    Ok(breaches)
}

/// Every Rust file of ours.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["app", "archive", "verify", "models", "frontend", "packaging", "tests"]
        .iter()
        .map(|name| root.join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn breaches_in(name: &str, text: &str) -> Result<Vec<String>> {
    let mut roots = Roots::default();
    roots.visit_file(&syn::parse_file(text)?);
    Ok(RULES
        .iter()
        .filter(|rule| !rule.rooms.iter().any(|room| name.starts_with(room)))
        .filter_map(|rule| {
            let line = roots.0.iter().find(|(root, _)| root == rule.library)?.1;
            Some(format!(
                "{name}:{line}: {} is used here; its rooms are {}",
                rule.library,
                rule.rooms.join(" ")
            ))
        })
        .collect())
}

/// The first segments of all paths in a file, with their lines.
#[derive(Default)]
struct Roots(Vec<(String, usize)>);

impl Visit<'_> for Roots {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        self.tree(&item.tree);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if let (Some(first), true) =
            (path.segments.first(), path.segments.len() > 1 || path.leading_colon.is_some())
        {
            self.0.push((first.ident.to_string(), first.ident.span().start().line));
        }
        syn::visit::visit_path(self, path);
    }
}

impl Roots {
    fn tree(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.0.push((path.ident.to_string(), path.ident.span().start().line)),
            syn::UseTree::Name(name) => self.0.push((name.ident.to_string(), name.ident.span().start().line)),
            syn::UseTree::Rename(name) => {
                self.0.push((name.ident.to_string(), name.ident.span().start().line))
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree)),
            syn::UseTree::Glob(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_outside_its_room_is_caught_however_it_is_written() {
        for planted in [
            "use rusqlite::Connection;",
            "fn f(_: &rusqlite::Connection) {}",
            "use {std::fs, rusqlite as sql};",
        ] {
            let found = breaches_in("app/service/src/search.rs", planted).unwrap();
            assert_eq!(
                found,
                [
                    "app/service/src/search.rs:1: rusqlite is used here; its rooms are archive/src/db/ archive/ids/ tests/benches/"
                ]
            );
        }
    }

    #[test]
    fn sql_in_its_room_is_fine() {
        assert!(breaches_in("archive/src/db/photo.rs", "use rusqlite::Connection;").unwrap().is_empty());
    }
}
