//! The power fails between two batches of one job: what the first batch kept stays kept, and the job ends like one that
//! nobody disturbed.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use api::Role;
use api::dossier::PhotoKind;
use api::job::{Job, JobKind};
use serde_json::{Value, json};
use tests::{Cut, Moment, Photo, Scene, archive, differences, files, picture};

/// So many that both imports below need several batches: people are kept by 250, photos by 200.
const STUDENTS: usize = 620;

/// A kill that was too late is tried again so often.
const TRIES: usize = 5;

/// An import, and how far it had come when the power failed.
struct Import {
    kind: JobKind,
    /// So many are kept in one batch.
    batch: usize,
    ask: fn(&Scene) -> Result<Job>,
    /// How many of them lie in the archive's files.
    kept: fn(&Scene) -> Result<usize>,
}

const IMPORTS: [Import; 2] = [
    Import { kind: JobKind::ImportRoster, batch: 250, ask: roster, kept: |scene| named(scene, OBJECT) },
    Import { kind: JobKind::ImportPhotos, batch: 200, ask: photos, kept: |scene| named(scene, ".jpg") },
];

/// The file that marks an object of the archive; there is one object per person.
const OBJECT: &str = "0=ocfl_object_1.1";

fn roster(scene: &Scene) -> Result<Job> {
    scene.roster(&scene.registrar()?, "roster.xlsx", scene.school.roster()?)
}

/// A few drawn faces do for everybody: nobody compares them here.
fn photos(scene: &Scene) -> Result<Job> {
    let faces: Vec<_> =
        scene.school.students.iter().take(8).map(|student| student.portrait(Photo::Admission)).collect();
    let names = scene.school.students.iter().map(|student| format!("{}.jpg", student.candidate_number));
    let zip = archive(names.zip(faces.into_iter().cycle()))?;
    scene.photos(&scene.registrar()?, PhotoKind::Admission, zip)
}

/// How many files of the archive have a name that ends so.
fn named(scene: &Scene, ending: &str) -> Result<usize> {
    let files = files::below(&scene.appliance.data().join("archive"))?;
    Ok(files.iter().filter(|path| path.to_string_lossy().ends_with(ending)).count())
}

/// What is seen after an import: its figures, every tenth dossier, and all that is about everybody: roster, ledger, counts.
fn seen(scene: &Scene, job: Job) -> Result<Value> {
    let numbers: Vec<String> = scene.school.numbers().into_iter().step_by(10).collect();
    let all = picture(&scene.appliance, &numbers)?;
    Ok(json!({ "state": job.state, "result": job.result, "problem": job.problem, "all": all }))
}

/// Has the import done in a copy whose power fails once the first batch is kept, and again after the restart.
fn interrupted(prepared: &Scene, import: &Import) -> Result<Value> {
    for _ in 0..TRIES {
        let scene = prepared.copy()?;
        scene.appliance.serve()?;
        let watcher = scene.appliance.enter(Role::Registrar)?;
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let moment = Moment::Step("storing", import.batch as f64 / STUDENTS as f64);
        // How long it takes matters to shares of its time only.
        let job = (import.kind, Duration::ZERO);
        let (ended, _) = Cut::during(&scene.appliance, &watcher, job, moment, || (import.ask)(&scene))?;
        let cut = ended.cut();
        let kept = (import.kept)(&scene)?;
        println!(
            "{:?} killed with {kept} of {STUDENTS} kept; told: {:?}",
            import.kind,
            cut.as_ref().map(|cut| &cut.told)
        );
        let Some(cut) = cut.filter(|_| (import.batch..STUDENTS).contains(&kept)) else { continue };
        scene.appliance.serve()?;
        let watcher = scene.appliance.enter(Role::Registrar)?;
        let job = watcher.done(cut.job)?;
        ensure!(cut.was_inside(&job), "the job had ended before");
        return seen(&scene, job);
    }
    Err(anyhow!("{:?} was never killed between its first batch and its last", import.kind))
}

fn told() -> Result<()> {
    let scene = Scene::open(STUDENTS)?;
    for import in &IMPORTS {
        scene.appliance.stop()?;
        let prepared = scene.copy()?;
        scene.appliance.serve()?;
        let watcher = scene.appliance.enter(Role::Registrar)?;
        let job = watcher.done((import.ask)(&scene)?.id)?;
        let expected = seen(&scene, job)?;
        ensure!((import.kept)(&scene)? == STUDENTS, "all are kept in the end");
        let after = interrupted(&prepared, import).with_context(|| format!("{:?}", import.kind))?;
        let differences = differences(&expected, &after);
        ensure!(differences.is_empty(), "{:?} ends otherwise: {differences:#?}", import.kind);
    }
    Ok(())
}

#[test]
fn an_import_killed_between_two_batches_ends_like_an_undisturbed_one() {
    told().unwrap_or_else(|error| panic!("{error:?}"));
}
