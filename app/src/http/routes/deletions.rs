//! Deletion cases, as the school's officers lead them.

use api::Right;
use api::deletion::{Case, NewCase, SignStep, TypeCode};
use api::ids::CaseId;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use handshake::statement::{Claim, LocationStatement};
use service::deletion;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::paper::{self, In};
use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const READ: Gate = Gate::Right(Right::ReadDeletions);
const SIGN: Gate = Gate::Right(Right::SignDeletions);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/deletions", READ),
        Route::post("/api/v1/deletions", Gate::Right(Right::ManageDeletions)),
        Route::get("/api/v1/deletions/{id}", READ),
        Route::post("/api/v1/deletions/{id}/signature", SIGN),
        Route::post("/api/v1/deletions/{id}/code", SIGN),
        Route::get("/api/v1/deletions/{id}/certificate", READ),
        Route::get("/api/v1/deletions/{id}/certificate.pdf", READ),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list, open))
            .routes(routes!(get))
            .routes(routes!(sign))
            .routes(routes!(type_code))
            .routes(routes!(certificate))
            .routes(routes!(certificate_paper))
    },
};

/// Lists deletion cases, newest first.
#[utoipa::path(get, path = "/api/v1/deletions", tag = "deletions", responses((status = 200, body = [Case])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Case>>> {
    app.call(move |office| deletion::list(office, &actor)).await.map(Json)
}

/// Opens a deletion case for an accepted delivery.
#[utoipa::path(post, path = "/api/v1/deletions", tag = "deletions", request_body = NewCase,
    responses((status = 201, body = Case)))]
async fn open(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewCase>,
) -> Answer<(StatusCode, Json<Case>)> {
    let case = app.call(move |office| deletion::open(office, &actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(case)))
}

/// Returns a deletion case: what was said, what holds, what is next.
#[utoipa::path(get, path = "/api/v1/deletions/{id}", tag = "deletions", params(("id" = CaseId, Path)),
    responses((status = 200, body = Case)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CaseId>,
) -> Answer<Json<Case>> {
    app.call(move |office| deletion::get(office, &actor, id)).await.map(Json)
}

/// Signs the step that waits, as one of the two officers.
#[utoipa::path(post, path = "/api/v1/deletions/{id}/signature", tag = "deletions", params(("id" = CaseId, Path)),
    request_body = SignStep, responses((status = 200, body = Case)))]
async fn sign(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CaseId>,
    Json(step): Json<SignStep>,
) -> Answer<Json<Case>> {
    app.hash(move |office| deletion::sign(office, &actor, id, &step)).await.map(Json)
}

/// Takes the code that officer 2 heard the vendor read aloud.
#[utoipa::path(post, path = "/api/v1/deletions/{id}/code", tag = "deletions", params(("id" = CaseId, Path)),
    request_body = TypeCode, responses((status = 200, body = Case)))]
async fn type_code(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CaseId>,
    Json(typed): Json<TypeCode>,
) -> Answer<Json<Case>> {
    app.call(move |office| deletion::type_code(office, &actor, id, &typed)).await.map(Json)
}

/// The certificate, byte for byte as it is archived: what `xuecang certificate verify` checks.
#[utoipa::path(get, path = "/api/v1/deletions/{id}/certificate", tag = "deletions", params(("id" = CaseId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/json")))]
async fn certificate(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CaseId>,
) -> Answer<impl IntoResponse> {
    let bytes = app.call(move |office| deletion::certificate(office, &actor, id)).await?;
    let name = format!("attachment; filename=\"{id}.json\"");
    Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)], bytes))
}

/// The certificate on paper (PDF/A).
#[utoipa::path(get, path = "/api/v1/deletions/{id}/certificate.pdf", tag = "deletions",
    params(("id" = CaseId, Path), In), responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn certificate_paper(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CaseId>,
    Query(wanted): Query<In>,
) -> Answer<impl IntoResponse> {
    let language = wanted.language()?;
    let pdf = app
        .call(move |office| {
            let facts = on_paper(id, &deletion::facts(office, &actor, id)?);
            paper::set(|fonts| ::paper::deletion_certificate(fonts, language, &facts))
        })
        .await?;
    Ok(paper::answer(&format!("certificate-{id}"), pdf))
}

fn on_paper(id: CaseId, facts: &deletion::Facts) -> ::paper::Certificate {
    let report = &facts.report;
    let statement = &report.statement;
    let claim = |claim: &Claim| ::paper::Claim {
        code: service::word(&claim.code),
        place: claim.location.as_ref().map(ToString::to_string),
        messages: claim.messages.clone(),
    };
    ::paper::Certificate {
        school: facts.school.clone(),
        vendor: facts.vendor.clone(),
        case: id.to_string(),
        state: service::word(&report.outcome),
        level: report.level.name().to_owned(),
        objects: statement.object_count,
        issued: statement.concluded_at,
        proven: report.proven.iter().map(claim).collect(),
        declared: report.declared.iter().map(claim).collect(),
        places: statement.locations.iter().map(place).collect(),
        unmet: report
            .unmet
            .iter()
            .map(|guard| (guard.code.name().to_owned(), guard.detail.clone()))
            .collect(),
        risks: statement.residual_risks.iter().map(service::word).collect(),
        declarations: statement.declarations.iter().map(|said| said.text.clone()).collect(),
        digest: report.sha256.to_string(),
    }
}

fn place(place: &LocationStatement) -> ::paper::Place {
    let erased = place.sanitisation.as_ref();
    ::paper::Place {
        id: place.id.to_string(),
        kind: service::word(&place.kind),
        device: [&place.make, &place.model, &place.serial].map(|part| part.trim()).join(" "),
        held: place.objects_held,
        level: place.level.name().to_owned(),
        erased: erased.map(|done| format!("{} ({} {})", done.technique, done.tool, done.tool_version)),
        residue: place.residue.clone(),
    }
}
