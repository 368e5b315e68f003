//! Pixels of kept photos.

use api::Right;
use api::ids::PhotoId;
use axum::{extract::State, http::header, response::IntoResponse};
use serde::Deserialize;
use service::dossier;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Path, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::get("/api/v1/photos/{id}/image", Gate::Right(Right::ReadDossier))],
    router: || OpenApiRouter::new().routes(routes!(image)),
};

/// How large the photo is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `full` (as large as it is kept) or `thumb` (at most 240 × 320 px).
    #[serde(default)]
    size: Size,
}

#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Size {
    /// As large as it is kept.
    #[default]
    Full,
    /// At most 240 × 320 px.
    Thumb,
}

impl From<Size> for dossier::Size {
    fn from(size: Size) -> Self {
        match size {
            Size::Full => Self::Full,
            Size::Thumb => Self::Thumb,
        }
    }
}

/// A view of a photo, marked with who looks. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/photos/{id}/image", tag = "dossiers", params(("id" = PhotoId, Path), Wanted),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
async fn image(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PhotoId>,
    Query(wanted): Query<Wanted>,
) -> Answer<impl IntoResponse> {
    let size = wanted.size.into();
    let pixels = app.call(move |office| dossier::image(office, &actor, id, size)).await?;
    Ok(([(header::CONTENT_TYPE, pixels.media_type)], pixels.bytes))
}
