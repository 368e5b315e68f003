//! Comparing faces, and the thresholds for it.

use api::Page;
use api::face::{Calibration, Comparison, Decide, NewCalibration};
use api::ids::{CalibrationId, ComparisonId, PersonId};
use api::job::Job;
use gloo_net::http::Method;

use super::{Answer, Body, get, nothing, parse, post, send, url, with_purpose};

/// Compares a probe with a person's reference photo.
pub(crate) async fn compare(person: PersonId, probe: &web_sys::Blob) -> Answer<Comparison> {
    with_purpose().await?;
    let path = format!("/persons/{person}/comparisons");
    parse(&send(Method::POST, path, Body::Bytes(probe.clone())).await?)
}

/// A part of the comparisons in a state; `mine`: only those on which the account may still have a word.
pub(crate) async fn comparisons(
    state: &str,
    mine: bool,
    offset: u32,
    limit: u32,
) -> Answer<Page<Comparison>> {
    get(format!("/comparisons?state={state}&mine={mine}&offset={offset}&limit={limit}")).await
}

/// One comparison.
pub(crate) async fn comparison(id: ComparisonId) -> Answer<Comparison> {
    get(format!("/comparisons/{id}")).await
}

/// The address of a probe's pixels, as long as they are kept.
pub(crate) fn probe_url(id: ComparisonId) -> String {
    url(&format!("/comparisons/{id}/probe"))
}

/// Decides a comparison at the desk.
pub(crate) async fn decide(id: ComparisonId, decision: &Decide) -> Answer<Comparison> {
    post(format!("/comparisons/{id}/decision"), decision).await
}

/// Decides a comparison as one of its reviewers.
pub(crate) async fn review(id: ComparisonId, decision: &Decide) -> Answer<Comparison> {
    post(format!("/comparisons/{id}/review"), decision).await
}

/// Every calibration, newest first.
pub(crate) async fn calibrations() -> Answer<Vec<Calibration>> {
    get("/calibrations").await
}

/// One calibration.
pub(crate) async fn calibration(id: CalibrationId) -> Answer<Calibration> {
    get(format!("/calibrations/{id}")).await
}

/// Runs a calibration.
pub(crate) async fn calibrate(new: &NewCalibration) -> Answer<Job> {
    post("/calibrations", new).await
}

/// Puts a calibration into force.
pub(crate) async fn adopt(id: CalibrationId) -> Answer<Calibration> {
    post(format!("/calibrations/{id}/adopt"), &nothing()).await
}
