//! Deletion cases, as the school's officers lead them.

use ::paper::Language;
use api::Right;
use api::deletion::{Case, NewCase, SignStep, TypeCode};
use api::ids::CaseId;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use handshake::statement::{Claim, ClaimCode};
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
            let facts = on_paper(id, &deletion::facts(office, &actor, id)?, language);
            paper::set(|fonts| ::paper::deletion_certificate(fonts, language, &facts))
        })
        .await?;
    Ok(paper::answer(&format!("certificate-{id}"), pdf))
}

fn on_paper(id: CaseId, facts: &deletion::Facts, language: Language) -> ::paper::Certificate {
    let report = &facts.report;
    let claims = |claims: &[Claim]| claims.iter().map(|claim| sentence(claim, language)).collect();
    ::paper::Certificate {
        school: facts.school.clone(),
        vendor: facts.vendor.clone(),
        case: id.to_string(),
        state: service::word(&report.outcome),
        level: report.level.name().to_owned(),
        objects: report.statement.object_count,
        issued: report.statement.concluded_at,
        proven: claims(&report.proven),
        declared: claims(&report.declared),
        unmet: report.unmet.iter().map(|guard| format!("{}: {}", guard.code.name(), guard.detail)).collect(),
        digest: report.sha256.to_string(),
    }
}

fn sentence(claim: &Claim, language: Language) -> ::paper::Claim {
    let (chinese, english) = match claim.code {
        ClaimCode::CopiesSafe => (
            "擦除之前，学校已有经核验的多份副本，并做过恢复演练。",
            "Before the erasure the school had verified copies on several media and had tried a restore.",
        ),
        ClaimCode::HeldObjects => (
            "随机数抽取之后，供应商在所申报的位置持有这些完全相同的字节。",
            "After the nonces were drawn, the vendor held exactly these bytes in the places it declared.",
        ),
        ClaimCode::OrderAndKeys => (
            "哪些密钥按什么顺序、在什么时间段内签名，事后未被改动。",
            "Which keys signed, in which order and within which time; nothing was changed later.",
        ),
        ClaimCode::Sanitised => ("该位置已按所述方法清除。", "The place was sanitised as described."),
        ClaimCode::Absent => ("该位置已不再有这些照片。", "The photos are absent from the place."),
        ClaimCode::KeyDestroyed => ("密钥已销毁。", "A key was destroyed."),
        ClaimCode::DerivativesListed => {
            ("由这些照片生成的一切均已列出。", "Everything that was made from the photos was listed.")
        }
        ClaimCode::NoOtherLocation => ("没有其他存放位置。", "There is no other place."),
        ClaimCode::PersonsPresent => ("所列人员在场。", "The persons named were present."),
        ClaimCode::FirmwareHonest => {
            ("设备及其固件如实执行了所报告的操作。", "Devices and their firmware did what they reported.")
        }
    };
    let text = match language {
        Language::Chinese => chinese,
        Language::English => english,
    };
    let place = claim.location.as_ref().map(|location| format!(" [{location}]")).unwrap_or_default();
    let numbers = claim.messages.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    ::paper::Claim { text: format!("{text}{place}"), rests_on: format!("# {numbers}") }
}
