//! 四性检测: the check of DA/T 70-2018 and its reports.

use api::appraisal::{Appraisal, AppraisalReport, Appraise};
use api::ids::AppraisalId;
use api::job::Job;
use api::{Right, Timestamp};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use service::appraisal;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::paper::{self, In};
use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const READ: Gate = Gate::Right(Right::ReadHealth);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/archive/appraisals", READ),
        Route::post("/api/v1/archive/appraisals", Gate::Right(Right::AppraiseArchive)),
        Route::get("/api/v1/archive/appraisals/{id}", READ),
        Route::get("/api/v1/archive/appraisals/{id}/report.pdf", READ),
    ],
    router: || {
        OpenApiRouter::new().routes(routes!(list, ask)).routes(routes!(get)).routes(routes!(report_paper))
    },
};

/// Which checks are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Only of this: `archive`, an object's id or a delivery's.
    subject: Option<String>,
}

/// Lists finished checks, newest first.
#[utoipa::path(get, path = "/api/v1/archive/appraisals", tag = "health", params(Of),
    responses((status = 200, body = [Appraisal])))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(of): Query<Of>,
) -> Answer<Json<Vec<Appraisal>>> {
    app.call(move |office| appraisal::list(office, &actor, of.subject.as_deref())).await.map(Json)
}

/// Checks all of the archive, an object or a delivery.
#[utoipa::path(post, path = "/api/v1/archive/appraisals", tag = "health", request_body = Appraise,
    responses((status = 202, body = Job)))]
async fn ask(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(wanted): Json<Appraise>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| appraisal::ask(office, &actor, &wanted)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Returns a check with every item.
#[utoipa::path(get, path = "/api/v1/archive/appraisals/{id}", tag = "health", params(("id" = AppraisalId, Path)),
    responses((status = 200, body = AppraisalReport)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<AppraisalId>,
) -> Answer<Json<AppraisalReport>> {
    app.call(move |office| appraisal::get(office, &actor, id)).await.map(Json)
}

/// The report of a check, to be printed and signed.
#[utoipa::path(get, path = "/api/v1/archive/appraisals/{id}/report.pdf", tag = "health",
    params(("id" = AppraisalId, Path), In),
    responses((status = 200, content_type = "application/pdf")))]
async fn report_paper(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<AppraisalId>,
    Query(wanted): Query<In>,
) -> Answer<impl IntoResponse> {
    let language = wanted.language()?;
    let pdf = app
        .call(move |office| {
            let report = appraisal::get(office, &actor, id)?;
            let school = &office.school;
            paper::set(|fonts| ::paper::appraisal_report(fonts, language, school, &report, Timestamp::now()))
        })
        .await?;
    Ok(paper::answer(&format!("report-{id}"), pdf))
}
