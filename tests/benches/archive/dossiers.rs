//! A large archive: catalog and index made anew from its files alone, and the server opened on it.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use archive::dossier::{Dossier, object_of};
use archive::ocfl::{Root, SafePath, Source, User, Version};
use archive::person::PersonRecord;
use demo::school::students;
use fs_err as fs;
use ids::PersonId;
use jiff::Timestamp;
use openssl::ssl::{SslConnector, SslMethod};
use tests::Appliance;
use tests::measure::median;

use crate::Args;
use tests::table::Table;

/// People whose dossiers go into one batch.
const BATCH: usize = 5000;

/// How long a server is left alone before it is weighed.
const REST: Duration = Duration::from_secs(6);

/// Measures it.
pub(crate) fn measure(args: &Args, folder: &Path, table: &mut Table) -> Result<()> {
    let appliance = Appliance::start_on(folder)?;
    appliance.stop()?;
    let begun = Instant::now();
    fill(&Root::open(appliance.data().join("archive"))?, args.dossiers)?;
    eprintln!("{} dossiers laid down in {:.1?}", args.dossiers, begun.elapsed());

    let begun = Instant::now();
    let output = appliance.run(&["archive", "rebuild"])?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "the rebuild failed: {}", String::from_utf8_lossy(&output.stderr));
    let what = format!("{} dossiers: catalog and index made anew", args.dossiers);
    table.alone(what, took.as_secs_f64(), "s", 600.0);

    let mut starts = Vec::new();
    for _ in 0..args.runs.max(1) {
        starts.push(start(&appliance)?);
        appliance.stop()?;
    }
    let what = format!("{} dossiers: from the start to the first answer", args.dossiers);
    table.alone(what, median(starts)?.as_secs_f64(), "s", 1.0);

    start(&appliance)?;
    std::thread::sleep(REST);
    let resident = resident(&appliance)?;
    table.alone(format!("{} dossiers: memory of an idle server", args.dossiers), resident, "MB", 200.0);
    appliance.stop()
}

/// Lays down dossiers of made-up students, as the archive itself keeps them.
pub(crate) fn fill(root: &Root, count: usize) -> Result<()> {
    let user = User { name: "bench".to_owned(), address: None };
    let at = Timestamp::now();
    let mut left = count;
    let mut entry = 2023_u16;
    while left > 0 {
        let people = students(left.min(BATCH), entry, 7);
        let versions = people.iter().map(|student| {
            let person = PersonId::new();
            let dossier = Dossier::new(
                person,
                PersonRecord {
                    name: student.name.clone(),
                    student_number: Some(student.student_number.clone()),
                    candidate_number: Some(student.candidate_number.clone()),
                    id_number: Some(student.id_number.clone()),
                    class: Some(student.class.clone()),
                    major: Some(student.major.to_owned()),
                    college: Some(student.college.to_owned()),
                    ..PersonRecord::default()
                },
            );
            let mut document = serde_json::to_vec_pretty(&dossier)?;
            document.push(b'\n');
            Ok(Version::new(object_of(person), "roster", user.clone(), at)
                .file(SafePath::new("dossier.json")?, Source::Bytes(document)))
        });
        let mut batch = root.batch()?;
        batch.put_all(versions.collect::<Result<_>>()?)?;
        batch.commit()?;
        left -= people.len();
        entry -= 1;
    }
    Ok(())
}

/// Serves, and says how long it took until a request was answered.
fn start(appliance: &Appliance) -> Result<Duration> {
    let begun = Instant::now();
    appliance.serve()?;
    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    connector.set_ca_file(appliance.data().join("keys/tls-ca.pem"))?;
    let address = appliance.address();
    let port = address.rsplit(':').next().context("the appliance serves nowhere")?;
    let socket = std::net::TcpStream::connect(format!("127.0.0.1:{port}"))?;
    let mut connection = connector.build().connect("localhost", socket)?;
    connection.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut first = [0; 12];
    connection.read_exact(&mut first)?;
    let took = begun.elapsed();
    match first.strip_prefix(b"HTTP/1.1 ") {
        Some(b"200") => Ok(took),
        _ => bail!("the first answer is {:?}", String::from_utf8_lossy(&first)),
    }
}

/// Memory of the server's process, MB.
fn resident(appliance: &Appliance) -> Result<f64> {
    let process = appliance.process().context("the appliance does not serve")?;
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}
