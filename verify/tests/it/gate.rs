//! Preparation makes a model faster, never different; damage is noticed.

use std::{fs, sync::Arc};

use models::{Installed, OpenError, installed::ModelFile};
use verify::{
    Engine, RuleSet, draw,
    model::{Detector, ModelError, Runtime, check_detector, check_embedder},
    standard::Status,
};

use crate::machine;

#[test]
fn the_rewritten_graph_computes_what_the_folded_one_does() {
    let Some(installed) = machine::installed() else { return };
    let runtime = Runtime::load(installed.runtime()).unwrap();
    check_embedder(&runtime, &installed).unwrap();
}

#[test]
fn the_detector_finds_a_drawn_face_where_it_was_drawn() {
    let Some(installed) = machine::installed() else { return };
    let runtime = Runtime::load(installed.runtime()).unwrap();
    check_detector(&mut Detector::open(&runtime, installed.detector()).unwrap()).unwrap();
}

#[test]
fn a_detector_whose_weights_have_other_signs_is_refused_before_it_sees_a_photo() {
    let Some(installed) = machine::installed() else { return };
    let runtime = Runtime::load(installed.runtime()).unwrap();
    let bytes = fs::read(&installed.detector().path).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut missed = 0;
    for piece in 1..8 {
        // A piece of an eighth of the file is weights nearly everywhere; where it is not, the file cannot be loaded.
        let mut turned = bytes.clone();
        for n in (0..4000).step_by(4) {
            turned[bytes.len() / 8 * piece + n] ^= 0x80;
        }
        let model =
            ModelFile { path: dir.path().join(format!("{piece}.onnx")), ..installed.detector().clone() };
        fs::write(&model.path, turned).unwrap();
        let seen = Detector::open(&runtime, &model).and_then(|mut detector| check_detector(&mut detector));
        if let Err(error @ ModelError::Misses { .. }) = seen {
            missed += 1;
            assert!(error.to_string().contains("yunet-2023mar"));
        }
    }
    println!("{missed} of 7 changed detectors are refused for what they find");
    assert!(missed > 0);
}

#[test]
fn without_the_models_of_pose_eyes_and_mouth_these_are_not_measurable_and_nothing_else_changes() {
    let (Some(installed), Some(whole)) = (machine::installed(), machine::engine()) else { return };
    let copy = copy_of(&installed);
    for file in fs::read_dir(copy.path().join("prepared")).unwrap().map(Result::unwrap) {
        if file.file_name().to_string_lossy().starts_with("faceplugin") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    let bare = Engine::open(&Installed::open(copy.path()).unwrap(), 1).unwrap();
    let rules = Arc::new(RuleSet::jbz_2017_99().unwrap());
    let bytes = draw::portrait_jpeg(4, 0);
    let [with, without] =
        [whole, &bare].map(|engine| engine.analyse_blocking(bytes.clone(), &rules).unwrap());
    for (with, without) in with.summary.findings.iter().zip(&without.summary.findings) {
        if ["head_yaw", "head_pitch", "head_roll", "eyes_open", "mouth_closed"].contains(&&*with.measure) {
            assert_eq!(without.status, Status::NotMeasurable);
            assert_eq!(without.measured, None);
            assert!(without.limit.is_some());
        } else {
            assert_eq!(with, without);
        }
    }
    assert_eq!(with.face.unwrap().template, without.face.unwrap().template);
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
    let record = fs::read_to_string(&path).unwrap().replace("\"recipe\": 3", "\"recipe\": 0");
    fs::write(&path, record).unwrap();
    assert!(matches!(Installed::open(copy.path()).unwrap_err(), OpenError::Outdated { .. }));
}
