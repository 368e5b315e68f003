//! All points, done by several workers at once.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, anyhow};

use crate::Point;
use crate::crew::{Report, Worker};
use crate::point::Wanted;
use crate::table::Table;

/// What is done.
#[derive(Debug, Clone)]
pub enum Which {
    /// So many, at random.
    Wanted(Wanted),
    /// These. The folder is kept as it was before it was opened again.
    Only(Vec<Point>),
}

/// Where the folders lie that are worked in: in memory if there is room, so that syncs take no time.
///
/// # Errors
///
/// When no folder can be made.
pub fn folder() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.context("there is no room to work in")
}

/// Does points on so many workers. `told` hears of each.
///
/// # Errors
///
/// When a point can't be done; what fails is in the table.
pub fn run(driver: &Path, workers: usize, which: &Which, told: &(dyn Fn(&Report) + Sync)) -> Result<Table> {
    let folder = folder()?;
    let kept = matches!(which, Which::Only(_)).then(|| std::env::temp_dir().join("xuecang-faults-kept"));
    let prepare = |number: usize| {
        let own = folder.path().join(number.to_string());
        Worker::prepare(driver, &own, kept.clone())
    };
    let mut crew = thread::scope(|scope| -> Result<Vec<Worker>> {
        let prepare = &prepare;
        let all: Vec<_> = (0..workers).map(|number| scope.spawn(move || prepare(number))).collect();
        all.into_iter().map(|one| one.join().map_err(|_| anyhow!("a worker panicked"))?).collect()
    })?;
    let points = match which {
        Which::Wanted(wanted) => wanted.points(crew.first().context("there is nobody")?.extents()),
        Which::Only(points) => points.clone(),
    };
    let (queue, table) = (Mutex::new(points.into_iter()), Mutex::new(Table::default()));
    let work = |worker: &mut Worker| -> Result<()> {
        loop {
            let next = queue.lock().map_err(|_| anyhow!("a worker panicked"))?.next();
            let Some(point) = next else { return Ok(()) };
            let report = worker.strike(point).with_context(|| point.to_string())?;
            told(&report);
            table.lock().map_err(|_| anyhow!("a worker panicked"))?.add(&report);
        }
    };
    thread::scope(|scope| {
        let work = &work;
        let all: Vec<_> = crew.iter_mut().map(|worker| scope.spawn(move || work(worker))).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow!("a worker panicked"))?)
    })?;
    table.into_inner().map_err(|_| anyhow!("a worker panicked"))
}
