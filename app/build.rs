//! Embeds the web client: makes a table of its files, with what a browser must be told of each.
//!
//! The files are those of the folder in `XUECANG_FRONTEND`, or of `target/frontend` in the workspace. Without such a
//! folder the table is empty, and the server says so on its front page.

use std::{
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=XUECANG_FRONTEND");
    println!("cargo::rerun-if-changed=build.rs");
    let dir = frontend();
    // A folder that is not there yet is looked for again at the next build.
    println!("cargo::rerun-if-changed={}", dir.display());
    let mut files = Vec::new();
    if dir.is_dir() {
        collect(&dir, &dir, &mut files)?;
    }
    files.sort();
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for (name, path) in &files {
        entry(&mut table, name, path)?;
    }
    table.push_str("];\n");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(out.join("assets.rs"), table)
}

fn frontend() -> PathBuf {
    match env::var_os("XUECANG_FRONTEND") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../target/frontend"),
    }
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            let name = name.to_string_lossy().replace('\\', "/");
            if !name.ends_with(".gz") {
                files.push((name, path.canonicalize()?));
            }
        }
    }
    Ok(())
}

fn entry(table: &mut String, name: &str, path: &Path) -> io::Result<()> {
    let mut gzip = path.as_os_str().to_owned();
    gzip.push(".gz");
    let gzip = match Path::new(&gzip).is_file() {
        true => format!("Some(include_bytes!({:?}))", gzip),
        false => "None".to_owned(),
    };
    let mut hasher = DefaultHasher::new();
    fs::read(path)?.hash(&mut hasher);
    writeln!(
        table,
        "    Asset {{ name: {name:?}, kind: {:?}, tag: \"\\\"{:016x}\\\"\", immutable: {}, bytes: include_bytes!({path:?}), gzip: {gzip} }},",
        kind(name),
        hasher.finish(),
        is_hashed(name),
    )
    .map_err(io::Error::other)
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a name carries its content's hash: a part of at least eight hex digits before the extension.
fn is_hashed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.split(['-', '.', '_']).any(|part| {
        part.len() >= 8
            && part.chars().all(|c| c.is_ascii_hexdigit())
            && part.chars().any(|c| c.is_ascii_digit())
    })
}
