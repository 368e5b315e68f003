//! Calibrations of the thresholds.

use api::Right;
use api::face::{Calibration, NewCalibration};
use api::ids::CalibrationId;
use api::job::Job;
use axum::{extract::State, http::StatusCode};
use service::calibrate;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, SignedIn};

const READERS: Gate = Gate::AnyOf(&[Right::Calibrate, Right::Compare]);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/calibrations", READERS),
        Route::post("/api/v1/calibrations", Gate::Right(Right::Calibrate)),
        Route::get("/api/v1/calibrations/{id}", READERS),
        Route::post("/api/v1/calibrations/{id}/adopt", Gate::Right(Right::Calibrate)),
    ],
    router: || OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(get)).routes(routes!(adopt)),
};

/// Lists all calibrations, newest first.
#[utoipa::path(get, path = "/api/v1/calibrations", tag = "faces", responses((status = 200, body = [Calibration])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Calibration>>> {
    app.call(move |office| calibrate::list(office, &actor)).await.map(Json)
}

/// Asks for a calibration. Its id is the job's, as `calibration_…`.
#[utoipa::path(post, path = "/api/v1/calibrations", tag = "faces", request_body = NewCalibration,
    responses((status = 202, body = Job)))]
async fn start(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(request): Json<NewCalibration>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| calibrate::start(office, &actor, &request)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Returns a calibration.
#[utoipa::path(get, path = "/api/v1/calibrations/{id}", tag = "faces", params(("id" = CalibrationId, Path)),
    responses((status = 200, body = Calibration)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CalibrationId>,
) -> Answer<Json<Calibration>> {
    app.call(move |office| calibrate::get(office, &actor, id)).await.map(Json)
}

/// Puts a calibration in force.
#[utoipa::path(post, path = "/api/v1/calibrations/{id}/adopt", tag = "faces", params(("id" = CalibrationId, Path)),
    responses((status = 200, body = Calibration)))]
async fn adopt(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CalibrationId>,
) -> Answer<Json<Calibration>> {
    app.call(move |office| calibrate::adopt(office, &actor, id)).await.map(Json)
}
