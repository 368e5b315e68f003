//! What this machine has: models, and photos of faces.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use models::Installed;
use verify::Engine;

/// The installed models. None, and a word about it, if there are none.
pub(crate) fn installed() -> Option<Installed> {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [
        std::env::var_os("XUECANG_MODELS").map(PathBuf::from),
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(|target| target.join("models")),
        Some(crate_dir.join("../target/models")),
    ];
    for place in places.into_iter().flatten().filter(|place| place.exists()) {
        match Installed::open(&place) {
            Ok(installed) => return Some(installed),
            Err(error) => println!("models: {error}"),
        }
    }
    println!("skipped: no models are installed; run `cargo xtask setup`");
    None
}

/// One engine for all tests: a process has one runtime.
pub(crate) fn engine() -> Option<&'static Engine> {
    static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
    ENGINE.get_or_init(|| Some(Engine::open(&installed()?, 2).unwrap())).as_ref()
}

/// The folder of LFW's development split. None, and a word about it, if it is not there.
pub(crate) fn faces() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("XUECANG_FIXTURES").map_or(shared, PathBuf::from);
    let folder = root.join("faces-lfw-view1");
    if folder.join("pairsDevTest.txt").is_file() {
        return Some(folder);
    }
    println!("skipped: there are no photos of faces; set XUECANG_FIXTURES");
    None
}
