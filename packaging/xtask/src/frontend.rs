//! Builds the web client: wasm, its bindings, one stylesheet, one page, all under names that carry their digest.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use fs_err as fs;
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::run::run;
use crate::setup::wasm::Toolchain;
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the client into [`Workspace::client`], replacing what was there only when all of it is done.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    run(toolchain.cargo().current_dir(workspace.root()).args([
        "build",
        "--package",
        "frontend",
        "--target",
        TARGET,
        "--profile",
        "wasm",
    ]))?;
    let wasm = workspace.target().join(TARGET).join("wasm/frontend.wasm");
    let fresh = workspace.target().join("frontend-new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    assemble(&wasm, &workspace.root().join("frontend"), &fresh)?;
    let client = workspace.client();
    if client.exists() {
        fs::remove_dir_all(&client)?;
    }
    fs::rename(&fresh, &client)?;
    println!("frontend: {}", sizes(&client)?);
    Ok(())
}

fn assemble(wasm: &Path, source: &Path, into: &Path) -> Result<()> {
    let bound = into.join("bindgen");
    Bindgen::new()
        .input_path(wasm)
        .web(true)
        .and_then(|bindgen| bindgen.typescript(false).omit_default_module_path(true).generate(&bound))
        .context("wasm-bindgen could not make the bindings")?;
    let wasm = keep(into, "xuecang", "wasm", &fs::read(bound.join("frontend_bg.wasm"))?)?;
    let bindings = keep(into, "xuecang", "js", &fs::read(bound.join("frontend.js"))?)?;
    fs::remove_dir_all(&bound)?;
    let boot = keep(into, "boot", "js", &fs::read(source.join("boot.js"))?)?;
    let style = keep(into, "xuecang", "css", stylesheet(&source.join("style"))?.as_bytes())?;
    let page = fs::read_to_string(source.join("index.html"))?
        .replace("{{boot}}", &boot)
        .replace("{{js}}", &bindings)
        .replace("{{wasm}}", &wasm)
        .replace("{{css}}", &style);
    fs::write(into.join("index.html"), page)?;
    Ok(())
}

/// All stylesheets, in the order of their names.
fn stylesheet(folder: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "css"));
    files.sort();
    let mut text = String::new();
    for file in files {
        text.push_str(&fs::read_to_string(file)?);
        text.push('\n');
    }
    Ok(text)
}

/// Writes `name-<digest>.<extension>` and its gzipped twin; returns the absolute path the page names it by.
fn keep(into: &Path, name: &str, extension: &str, bytes: &[u8]) -> Result<String> {
    let digest = hex::encode(Sha256::digest(bytes));
    let file = format!("{name}-{}.{extension}", digest.get(..16).unwrap_or(&digest));
    fs::write(into.join(&file), bytes)?;
    let mut gzip = GzEncoder::new(fs::File::create(into.join(format!("{file}.gz")))?, Compression::best());
    gzip.write_all(bytes)?;
    gzip.finish()?;
    Ok(format!("/{file}"))
}

fn sizes(folder: &Path) -> Result<String> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        parts.push(format!(
            "{} {} KB",
            entry.file_name().to_string_lossy(),
            entry.metadata()?.len().div_ceil(1024)
        ));
    }
    parts.sort();
    Ok(parts.join(", "))
}
