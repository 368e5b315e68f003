//! Legal holds.

use api::Right;
use api::hold::{Hold, HoldReason};
use api::ids::{HoldId, PersonId};
use axum::{extract::State, http::StatusCode};
use service::hold;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, SignedIn};

const MANAGE: Gate = Gate::Right(Right::ManageHolds);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/holds", Gate::AnyOf(&[Right::ReadDeletions, Right::ManageHolds])),
        Route::post("/api/v1/persons/{id}/holds", MANAGE),
        Route::post("/api/v1/holds/{id}/lift", MANAGE),
    ],
    router: || OpenApiRouter::new().routes(routes!(standing)).routes(routes!(place)).routes(routes!(lift)),
};

/// Lists the holds that stand, oldest first.
#[utoipa::path(get, path = "/api/v1/holds", tag = "holds", responses((status = 200, body = [Hold])))]
async fn standing(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Hold>>> {
    app.call(move |office| hold::standing(office, &actor)).await.map(Json)
}

/// Places a hold on a person's record. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/persons/{id}/holds", tag = "holds", params(("id" = PersonId, Path)),
    request_body = HoldReason, responses((status = 201, body = Hold)))]
async fn place(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
    Json(why): Json<HoldReason>,
) -> Answer<(StatusCode, Json<Hold>)> {
    let hold = app.call(move |office| hold::place(office, &actor, id, &why)).await?;
    Ok((StatusCode::CREATED, Json(hold)))
}

/// Lifts a hold. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/holds/{id}/lift", tag = "holds", params(("id" = HoldId, Path)),
    request_body = HoldReason, responses((status = 200, body = Hold)))]
async fn lift(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<HoldId>,
    Json(why): Json<HoldReason>,
) -> Answer<Json<Hold>> {
    app.call(move |office| hold::lift(office, &actor, id, &why)).await.map(Json)
}
