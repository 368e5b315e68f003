//! Preparation makes a model faster, never different; damage is noticed.

use std::fs;

use models::{Installed, OpenError};
use verify::model::{Runtime, check_embedder};

use crate::machine;

#[test]
fn the_rewritten_graph_computes_what_the_folded_one_does() {
    let Some(installed) = machine::installed() else { return };
    let runtime = Runtime::load(installed.runtime()).unwrap();
    check_embedder(&runtime, &installed).unwrap();
}

/// Copies the installed models to a place where they may be damaged.
fn copy_of(installed: &Installed) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let root = installed.embedder().path.parent().unwrap().parent().unwrap();
    for folder in ["prepared", "runtime"] {
        fs::create_dir(copy.path().join(folder)).unwrap();
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.path().join(folder).join(file.file_name())).unwrap();
        }
    }
    fs::copy(root.join("installed.json"), copy.path().join("installed.json")).unwrap();
    copy
}

#[test]
fn a_model_with_one_flipped_bit_is_refused_in_one_clear_sentence() {
    let Some(installed) = machine::installed() else { return };
    let copy = copy_of(&installed);
    let path = copy.path().join("prepared/sface-2021dec.onnx");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();

    let error = Installed::open(copy.path()).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }));
    let sentence = error.to_string();
    for word in ["sface-2021dec", "damaged", path.to_str().unwrap(), "cargo xtask setup"] {
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[test]
fn a_missing_model_is_refused_in_one_clear_sentence() {
    let Some(installed) = machine::installed() else { return };
    let copy = copy_of(&installed);
    let path = copy.path().join("prepared/yunet-2023mar.onnx");
    fs::remove_file(&path).unwrap();

    let error = Installed::open(copy.path()).unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }));
    let sentence = error.to_string();
    for word in ["yunet-2023mar", "missing", path.to_str().unwrap(), "xuecang models fetch"] {
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[test]
fn a_record_of_another_version_is_told_from_damage() {
    let Some(installed) = machine::installed() else { return };
    let copy = copy_of(&installed);
    let path = copy.path().join("installed.json");
    let record = fs::read_to_string(&path).unwrap().replace("\"recipe\": 1", "\"recipe\": 0");
    fs::write(&path, record).unwrap();
    assert!(matches!(Installed::open(copy.path()).unwrap_err(), OpenError::Outdated { .. }));
}
