//! `xuecang face`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use models::Installed;
use serde_json::json;
use verify::engine::EngineError;
use verify::{Engine, FacePolicy, RuleSet, Template, Thresholds};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Compares two photos: ends with 0 for a match, 1 for anything else, 2 if they could not be compared
    Compare(Compare),
    /// Compares the pairs of a list
    Pairs(Pairs),
    /// Finds thresholds on a folder of photos and says how sure they are
    Calibrate(Calibrate),
}

#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// The folder of the prepared models
    #[arg(long, env = "XUECANG_MODELS")]
    models: Option<PathBuf>,

    /// Refuse a photo with a second face, however small, instead of taking the one in the middle
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// One photo
    left: PathBuf,

    /// The other
    right: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(super) struct Pairs {
    /// A CSV file with the columns left and right: two files each row, relative ones beside the list
    #[arg(long)]
    pairs: PathBuf,

    /// Where the answers go: left, right, status, similarity
    #[arg(long)]
    out: PathBuf,

    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(super) struct Calibrate {
    /// A folder with a folder for each person, and in it the person's photos, two or more
    #[arg(long)]
    photos: PathBuf,

    /// The false match rate wanted at the threshold for a match, above 0 and at most 0.01
    #[arg(long, default_value_t = 0.001)]
    target: f64,

    /// Print JSON, with the curve and the histograms
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    common: Common,
}

impl Common {
    fn engine(&self) -> Result<Engine> {
        let dir = self.models.clone().map_or_else(beside_the_program, Ok)?;
        let installed = Installed::open(&dir)?;
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Engine::open(&installed, workers)?)
    }

    /// Unless told to be strict: the face in the middle, whoever stands in the background.
    fn faces(&self) -> Result<FacePolicy> {
        Ok(if self.strict { FacePolicy::STRICT } else { RuleSet::demo_relaxed()?.faces })
    }
}

/// Where `cargo xtask setup` and the packages put the models: `../models`, seen from the program's folder.
pub(super) fn beside_the_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::parent).context("the program lies in no folder")?;
    Ok(folder.join("models"))
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Compare(args) => compare(&args),
        Command::Pairs(args) => pairs(&args),
        Command::Calibrate(args) => calibrate(&args),
    }
}

fn compare(args: &Compare) -> Result<ExitCode> {
    let engine = args.common.engine()?;
    let faces = args.common.faces()?;
    let template = |path: &Path| -> Result<Template> {
        let bytes = fs_err::read(path)?;
        engine
            .template_patiently(bytes, &faces)
            .with_context(|| format!("{} can't be compared", path.display()))
    };
    let (left, right) = (template(&args.left)?, template(&args.right)?);
    let similarity = left.compare(&right)?;
    let thresholds = Thresholds::uncalibrated(engine.model().clone());
    let verdict = thresholds.decide(similarity);
    if args.json {
        let answer = json!({
            "similarity": similarity.cosine(), "verdict": verdict.code(), "thresholds": thresholds.version(),
            "accept": thresholds.accept().cosine(), "reject": thresholds.reject().cosine(),
            "model": engine.model().as_str(),
        });
        println!("{answer}");
    } else {
        println!(
            "{} (similarity {:.4}; thresholds {})",
            verdict.code(),
            similarity.cosine(),
            thresholds.version()
        );
    }
    Ok(if verdict == verify::Verdict::Match { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn pairs(args: &Pairs) -> Result<ExitCode> {
    let engine = args.common.engine()?;
    let faces = args.common.faces()?;
    let beside = args.pairs.parent().unwrap_or(Path::new("."));
    let list = read_pairs(&args.pairs)?;
    let mut files: Vec<&str> =
        list.iter().flat_map(|(left, right)| [left.as_str(), right.as_str()]).collect();
    files.sort_unstable();
    files.dedup();
    let answers = engine.batch(files.clone(), |engine, file| template(engine, &faces, beside, file));
    let templates: std::collections::BTreeMap<&str, Result<Template, String>> =
        files.into_iter().zip(answers).collect();
    let mut writer = csv::Writer::from_path(&args.out)
        .with_context(|| format!("{} can't be written", args.out.display()))?;
    writer.write_record(["left", "right", "status", "similarity"])?;
    for (left, right) in &list {
        let (status, similarity) = match (templates.get(left.as_str()), templates.get(right.as_str())) {
            (Some(Ok(one)), Some(Ok(other))) => ("ok", format!("{:.6}", one.compare(other)?.cosine())),
            (Some(Err(why)), _) | (_, Some(Err(why))) => (why.as_str(), String::new()),
            _ => ("failed", String::new()),
        };
        writer.write_record([left, right, status, &similarity])?;
    }
    writer.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The template of a file, or the word for why there is none.
fn template(engine: &Engine, faces: &FacePolicy, beside: &Path, file: &str) -> Result<Template, String> {
    let path = Some(PathBuf::from(file)).filter(|path| path.exists()).unwrap_or_else(|| beside.join(file));
    let bytes = fs_err::read(path).map_err(|_| "no_file".to_owned())?;
    engine.template_patiently(bytes, faces).map_err(|error: EngineError| error.code().to_owned())
}

fn read_pairs(path: &Path) -> Result<Vec<(String, String)>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .with_context(|| format!("{} can't be read", path.display()))?;
    let head = reader.headers()?.clone();
    let column = |name: &str| {
        head.iter()
            .position(|heading| heading == name)
            .with_context(|| format!("{} has no column {name}", path.display()))
    };
    let (left, right) = (column("left")?, column("right")?);
    let mut list = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record =
            record.with_context(|| format!("row {} of {} can't be read", row + 1, path.display()))?;
        let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
        list.push((field(left), field(right)));
    }
    Ok(list)
}

fn calibrate(args: &Calibrate) -> Result<ExitCode> {
    ensure!(args.target > 0.0 && args.target <= 0.01, "--target must be above 0 and at most 0.01");
    let engine = args.common.engine()?;
    let faces = args.common.faces()?;
    let people = people(&args.photos)?;
    let photos: Vec<&Path> = people.iter().flatten().map(PathBuf::as_path).collect();
    let answers = engine.batch(photos, |engine, path| -> Result<Result<Template, EngineError>> {
        Ok(engine.template_patiently(fs_err::read(path)?, &faces))
    });
    let mut answers = answers.into_iter();
    let (mut known, mut refused) = (Vec::new(), 0_u64);
    for photos in &people {
        let mut templates = Vec::new();
        for (path, answer) in photos.iter().zip(&mut answers) {
            match answer? {
                Ok(template) => templates.push(template),
                // A photo without exactly one face calibrates nothing, and keeps nobody else from doing so.
                Err(error) => {
                    refused += 1;
                    eprintln!("{}: {error}", path.display());
                }
            }
        }
        known.push(templates);
    }
    known.retain(|templates| templates.len() > 1);
    let found = service::calibrate::on_templates(&known, args.target)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        println!("{}", table(&found, refused));
    }
    Ok(ExitCode::SUCCESS)
}

/// The photos of each person: every file in every folder of `folder`, in the order of their names.
fn people(folder: &Path) -> Result<Vec<Vec<PathBuf>>> {
    let names = |folder: &Path| -> Result<Vec<PathBuf>> {
        let mut found =
            fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        found.sort();
        Ok(found)
    };
    let folders = names(folder)?.into_iter().filter(|path| path.is_dir());
    let people = folders
        .map(|folder| Ok(names(&folder)?.into_iter().filter(|path| path.is_file()).collect()))
        .collect::<Result<Vec<Vec<PathBuf>>>>()?;
    ensure!(!people.is_empty(), "{} holds no folders; each person needs one of their own", folder.display());
    Ok(people)
}

/// The figures as lines to read.
fn table(found: &api::face::Calibration, refused: u64) -> String {
    let range = |range: Option<(f64, f64)>| {
        range.map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.2e}..{high:.2e}"))
    };
    let mut lines = vec![
        format!("model      {}", found.model),
        format!("people     {} ({refused} photos could not be used)", found.people),
        format!("pairs      {} of one person, {} of two", found.genuine, found.impostor),
        format!("match      at or above {:.4}", found.accept),
        format!("no match   below {:.4}", found.reject),
        String::new(),
        format!("{:>9}  {:>9}  {:>20}  {:>9}  {:>20}", "FMR", "threshold", "95 %", "FNMR", "95 %"),
    ];
    lines.extend(found.operating_points.iter().map(|point| match (point.threshold, point.fnmr) {
        (Some(threshold), Some(fnmr)) => format!(
            "{:>9.0e}  {threshold:>9.4}  {:>20}  {fnmr:>9.2e}  {:>20}",
            point.target_fmr,
            range(point.interval),
            range(point.fnmr_interval),
        ),
        _ => match point.needed {
            Some(needed) if needed > found.impostor => format!(
                "{:>9.0e}  not measurable with {} pairs of two people; it takes {needed}",
                point.target_fmr, found.impostor
            ),
            _ => format!("{:>9.0e}  no threshold keeps it: one photo under two names?", point.target_fmr),
        },
    }));
    lines.join("\n")
}
