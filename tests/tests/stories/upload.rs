//! A vendor's upload goes on after any interruption, and the result is that of one nobody interrupted.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use api::delivery::DeliveryState;
use serde_json::Value;
use tests::{Scene, delivered, differences, models, picture};

const STUDENTS: usize = 8;

/// Bytes behind the picture of each original: the parcel is long enough to be interrupted.
const MORE: u32 = 8 << 20;

/// Bytes of all originals, a little less than the parcel's.
const PARCEL: u64 = STUDENTS as u64 * MORE as u64;

/// How many bytes of the one delivery are on the disk for good.
fn durable(scene: &Scene) -> u64 {
    let Ok(incoming) = fs_err::read_dir(scene.appliance.data().join("incoming")) else { return 0 };
    let offsets =
        incoming.flatten().filter_map(|entry| fs_err::read_to_string(entry.path().join("offset")).ok());
    offsets.filter_map(|text| text.trim().parse::<u64>().ok()).max().unwrap_or(0)
}

/// Waits until so many bytes are durable while the agent is still at work.
fn reach(scene: &Scene, agent: &mut Child, bytes: u64) -> Result<u64> {
    let begun = Instant::now();
    loop {
        let now = durable(scene);
        if now >= bytes {
            ensure!(agent.try_wait()?.is_none(), "the agent was done before it could be interrupted");
            return Ok(now);
        }
        if begun.elapsed() > Duration::from_secs(60) {
            bail!("only {now} bytes came");
        }
        sleep(Duration::from_millis(1));
    }
}

fn seen(scene: &Scene) -> Result<Value> {
    picture(&scene.appliance, &scene.school.numbers())
}

/// Kills the agent after a quarter, the server after more than half.
fn interrupted(scene: &Scene) -> Result<Value> {
    let parcel = scene.appliance.folder().join("parcel");
    let start = || scene.vendor.start_delivering(&parcel, scene.campaign);
    let mut agent = start()?;
    let first = reach(scene, &mut agent, PARCEL / 4)?;
    agent.kill()?;
    agent.wait()?;
    let mut agent = start()?;
    let second = reach(scene, &mut agent, PARCEL / 2)?;
    scene.appliance.kill()?;
    let kept = durable(scene);
    println!("agent killed with {first} bytes here, server with {second}, of about {PARCEL}");
    scene.appliance.serve()?;
    let output = agent.wait_with_output()?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let id = delivered(output)?;
    ensure!(kept >= second && log.contains("going on from byte"), "the upload began anew: {log}");
    let delivery = scene.registrar()?.settled(id)?;
    ensure!(delivery.state == DeliveryState::Checked, "{:?}", delivery.reject_reason);
    ensure!(delivery.report.context("it has no report")?.photos == STUDENTS as u64);
    seen(scene)
}

fn uninterrupted(scene: &Scene) -> Result<Value> {
    let parcel = scene.appliance.folder().join("parcel");
    let id = scene.vendor.deliver(&parcel, scene.campaign)?;
    scene.registrar()?.settled(id)?;
    seen(scene)
}

#[test]
fn an_upload_goes_on_after_agent_and_server_were_killed() {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return;
    }
    let scene = Scene::open(STUDENTS).unwrap().staffed().unwrap();
    let captures = scene.school.captures(&scene.tokens().unwrap()).with_originals(MORE);
    scene.vendor.pack(&captures, scene.campaign, "parcel").unwrap();
    scene.appliance.stop().unwrap();
    let copy = scene.copy().unwrap();
    scene.appliance.serve().unwrap();
    let expected = uninterrupted(&scene).unwrap();
    scene.appliance.stop().unwrap();
    copy.appliance.serve().unwrap();
    let after = interrupted(&copy).unwrap_or_else(|error| panic!("{error:?}"));
    let differences = differences(&expected, &after);
    assert!(differences.is_empty(), "{differences:#?}");
}
