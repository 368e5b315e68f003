//! Builds the web client: two modules of wasm with their bindings, the tables of words, one stylesheet and one page,
//! all under names that carry their digest.

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use flate2::{Compression, write::GzEncoder};
use fs_err as fs;
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::setup::wasm::Toolchain;
use crate::workspace::Workspace;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the client into [`Workspace::client`], replacing what was there only when all of it is done.
///
/// Cargo compiles nothing that stands already; and if it made the very files that were put together last time, out of
/// the same page, styles and chores, nothing is put together either.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    let built = compile(workspace, toolchain)?;
    let source = workspace.root().join("frontend");
    let mark = fingerprint(&built, &source)?;
    let (client, marked) = (workspace.client(), workspace.target().join("frontend.fingerprint"));
    if client.join("index.html").is_file() && fs::read_to_string(&marked).is_ok_and(|old| old == mark) {
        println!("frontend: as it was");
        return Ok(());
    }
    let fresh = workspace.target().join("frontend-new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    assemble(&built, &source, &fresh)?;
    if client.exists() {
        fs::remove_dir_all(&client)?;
    }
    fs::rename(&fresh, &client)?;
    fs::write(&marked, mark)?;
    println!("frontend: {}", sizes(&client)?);
    Ok(())
}

/// What cargo made.
struct Built {
    /// The pages.
    pages: PathBuf,
    /// The checker of certificates, fetched when it is needed.
    checker: PathBuf,
    /// Where the client's build script put the tables of words.
    words: PathBuf,
}

impl Built {
    fn zh(&self) -> PathBuf {
        self.words.join("zh.txt")
    }

    fn en(&self) -> PathBuf {
        self.words.join("en.txt")
    }
}

fn compile(workspace: &Workspace, toolchain: &Toolchain) -> Result<Built> {
    let mut cargo = toolchain.cargo();
    cargo
        .current_dir(workspace.root())
        .args(["build", "--package", "frontend", "--package", "checker"])
        .args(["--target", TARGET, "--profile", "wasm", "--message-format", "json-render-diagnostics"]);
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cargo could not be started")?;
    let told = child.stdout.take().context("cargo says nothing")?;
    let mut words = None;
    for message in Message::parse_stream(BufReader::new(told)) {
        if let Message::BuildScriptExecuted(script) = message?
            && script.env.iter().any(|(name, _)| name == "XUECANG_WORDS")
        {
            words = Some(script.out_dir.into_std_path_buf());
        }
    }
    if !child.wait()?.success() {
        bail!("the web client could not be compiled; cargo says why above");
    }
    let made = workspace.target().join(TARGET).join("wasm");
    Ok(Built {
        pages: made.join("frontend.wasm"),
        checker: made.join("checker.wasm"),
        words: words.context("the client's build script did not run")?,
    })
}

/// A digest of all that goes into the client's folder, and of the tool that puts it there.
fn fingerprint(built: &Built, source: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    let own = std::env::current_exe().context("this program does not know where it lies")?;
    let parts = [built.pages.clone(), built.checker.clone(), built.zh(), built.en(), own];
    for part in parts.iter().chain(&[source.join("boot.js"), source.join("index.html")]) {
        digest.update(Sha256::digest(fs::read(part)?));
    }
    digest.update(stylesheet(&source.join("style"))?);
    Ok(hex::encode(digest.finalize()))
}

fn assemble(built: &Built, source: &Path, into: &Path) -> Result<()> {
    let (js, wasm) = bind(&built.pages, "frontend", into, "xuecang")?;
    let (checker_js, checker_wasm) = bind(&built.checker, "checker", into, "checker")?;
    let boot = keep(into, "boot", "js", &fs::read(source.join("boot.js"))?)?;
    let style = keep(into, "xuecang", "css", stylesheet(&source.join("style"))?.as_bytes())?;
    let page = fs::read_to_string(source.join("index.html"))?
        .replace("{{boot}}", &boot)
        .replace("{{js}}", &js)
        .replace("{{wasm}}", &wasm)
        .replace("{{checker-js}}", &checker_js)
        .replace("{{checker-wasm}}", &checker_wasm)
        .replace("{{zh}}", &keep(into, "zh", "txt", &fs::read(built.zh())?)?)
        .replace("{{en}}", &keep(into, "en", "txt", &fs::read(built.en())?)?)
        .replace("{{css}}", &style);
    fs::write(into.join("index.html"), page)?;
    Ok(())
}

/// Makes the bindings of a module, and keeps both without the names that only a debugger reads.
///
/// Answers with the paths of the bindings and of the module.
fn bind(wasm: &Path, name: &str, into: &Path, kept_as: &str) -> Result<(String, String)> {
    let bound = into.join("bindgen");
    Bindgen::new()
        .input_path(wasm)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate(&bound)
        })
        .with_context(|| format!("wasm-bindgen could not make the bindings of {name}"))?;
    let wasm = keep(into, kept_as, "wasm", &fs::read(bound.join(format!("{name}_bg.wasm")))?)?;
    let js = keep(into, kept_as, "js", &fs::read(bound.join(format!("{name}.js")))?)?;
    fs::remove_dir_all(&bound)?;
    Ok((js, wasm))
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
