//! `xuecang import`

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use api::dossier::PhotoKind;
use api::ids::{CampaignId, UploadId};
use api::import::{ImportFile, ImportPhotos};
use api::job::{Job, JobState};
use api::{Right, Slice};
use clap::ValueEnum;
use service::{Actor, Office, campaign, import, job, upload};

use super::{bar::Bar, place::Place, stop::Stop};

/// How often progress is shown.
const SHOWN: Duration = Duration::from_millis(200);
/// How many findings are printed.
const FINDINGS: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Imports a campaign's roster from .xlsx, .csv or .dbf: all of it, or nothing and what is wrong with it
    Roster(OfCampaign),
    /// Imports photos from a zip or a folder's zip, named by 考生号, 学号 or 证件号
    Photos(Photos),
    /// Imports a certificate register from .xlsx, .csv or .dbf: all of it, or nothing and what is wrong with it
    Diplomas(OfSchool),
    /// Imports scans of diplomas (PDF, TIFF, JPEG) from a zip or a folder, named by certificate number
    Scans(OfSchool),
}

#[derive(Debug, clap::Args)]
pub(super) struct OfCampaign {
    #[command(flatten)]
    place: Place,

    /// The campaign, as `campaign_…`
    #[arg(long)]
    campaign: CampaignId,

    /// The file
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Photos {
    #[command(flatten)]
    of: OfCampaign,

    /// Which photos they are
    #[arg(long, value_enum, default_value_t = Kind::Admission)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Admission,
    Enrolment,
    Graduation,
    Original,
    IdCard,
}

#[derive(Debug, clap::Args)]
pub(super) struct OfSchool {
    #[command(flatten)]
    place: Place,

    /// The file; for scans also a folder
    file: PathBuf,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    let (place, file) = match &command {
        Command::Roster(args) => (&args.place, &args.file),
        Command::Photos(args) => (&args.of.place, &args.of.file),
        Command::Diplomas(args) | Command::Scans(args) => (&args.place, &args.file),
    };
    let (_alone, office) = place.open_alone()?;
    let actor = importer();
    if matches!(command, Command::Scans(_)) && file.is_dir() {
        return folder_of_scans(&office, &actor, file);
    }
    let upload = put_in(&office, &actor, file)?;
    let job = match &command {
        Command::Roster(args) => {
            campaign::import_roster(&office, &actor, args.campaign, ImportFile { upload })?
        }
        Command::Photos(args) => {
            let wanted = ImportPhotos { upload, campaign: args.of.campaign, kind: Some(args.kind.into()) };
            import::photos_of_campaign(&office, &actor, wanted)?
        }
        Command::Diplomas(_) => import::diplomas(&office, &actor, ImportFile { upload })?,
        Command::Scans(_) => import::scans(&office, &actor, ImportFile { upload })?,
    };
    let ended = follow(&office, &actor, job)?;
    print(&office, &actor, &ended)
}

/// Takes a folder in where it lies: nothing of it is copied before it is kept. Ctrl-C leaves what is kept.
fn folder_of_scans(office: &Arc<Office>, actor: &Actor, folder: &Path) -> Result<ExitCode> {
    service::dossier::recover(office)?;
    let (stop, bar) = (Stop::listen()?, Bar::new());
    let imported = import::scan_folder(office, actor, folder, &mut |done, total| {
        bar.show("storing", done, total);
        !stop.asked()
    });
    bar.end();
    let imported = imported?;
    service::index::catch_up(office)?;
    for finding in &imported.findings {
        println!("{}\t{}\t\t{}", finding.severity, finding.place, finding.code);
    }
    for (name, figure) in &imported.figures {
        println!("{name}: {figure}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever works at the machine's console, with the right to import and no other right over records.
fn importer() -> Actor {
    let mut actor = Actor::console();
    actor.rights.insert(Right::Import);
    actor
}

fn put_in(office: &Office, actor: &Actor, path: &Path) -> Result<UploadId> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let mut receiving = upload::begin(office, actor)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).with_context(failed)?;
        match buffer.get(..read) {
            Some(bytes) if read > 0 => receiving.write(bytes)?,
            _ => break,
        }
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(receiving.keep(office, actor, &name)?.id)
}

/// Lets the job run to its end, showing how far it is on a terminal.
fn follow(office: &Arc<Office>, actor: &Actor, mut job: Job) -> Result<Job> {
    service::dossier::recover(office)?;
    let workers = job::start(office)?;
    let bar = Bar::new();
    while matches!(job.state, JobState::Waiting | JobState::Running | JobState::Stopping) {
        thread::sleep(SHOWN);
        job = job::get(office, actor, job.id)?;
        bar.show(&job.step, job.done, job.total);
    }
    bar.end();
    workers.stop();
    service::index::catch_up(office)?;
    Ok(job)
}

fn print(office: &Office, actor: &Actor, job: &Job) -> Result<ExitCode> {
    let findings = job::findings(office, actor, job.id, Slice { offset: 0, limit: FINDINGS })?;
    for finding in &findings.items {
        let field = finding.field.as_deref().unwrap_or_default();
        println!("{}\t{}\t{field}\t{}", finding.severity, finding.place, finding.code);
    }
    if findings.total > findings.items.len() as u64 {
        println!("… {} findings in all", findings.total);
    }
    for (name, figure) in &job.result {
        println!("{name}: {figure}");
    }
    if let Some(problem) = &job.problem {
        eprintln!("xuecang: {problem}");
    }
    Ok(if job.state == JobState::Done { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl From<Kind> for PhotoKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Admission => Self::Admission,
            Kind::Enrolment => Self::Enrolment,
            Kind::Graduation => Self::Graduation,
            Kind::Original => Self::Original,
            Kind::IdCard => Self::IdCard,
        }
    }
}
