//! Long work: listed, followed, stopped.

use std::{convert::Infallible, time::Duration};

use api::ids::JobId;
use api::import::ImportFinding;
use api::job::Job;
use api::today::Change;
use api::{Page, Slice, Timestamp};
use axum::{
    extract::State,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use serde::Deserialize;
use service::{Actor, change::may_hear, job};
use tokio_stream::{
    Stream, StreamExt as _,
    wrappers::{BroadcastStream, ReceiverStream},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/jobs", Gate::SignedIn),
        Route::get("/api/v1/jobs/{id}", Gate::SignedIn),
        Route::delete("/api/v1/jobs/{id}", Gate::SignedIn),
        Route::get("/api/v1/jobs/{id}/findings", Gate::SignedIn),
        Route::get("/api/v1/jobs/{id}/events", Gate::SignedIn),
        Route::get("/api/v1/events", Gate::SignedIn),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list))
            .routes(routes!(get, cancel))
            .routes(routes!(findings))
            .routes(routes!(follow))
            .routes(routes!(events))
    },
};

/// Which jobs are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct About {
    /// Only jobs on this.
    subject: Option<String>,
}

/// Lists the newest jobs I may see.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(About), responses((status = 200, body = [Job])))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(about): Query<About>,
) -> Answer<Json<Vec<Job>>> {
    app.call(move |office| job::list(office, &actor, about.subject.as_deref())).await.map(Json)
}

/// Returns a job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, body = Job)))]
async fn get(State(app): State<App>, SignedIn(actor): SignedIn, Path(id): Path<JobId>) -> Answer<Json<Job>> {
    app.call(move |office| job::get(office, &actor, id)).await.map(Json)
}

/// Asks a job to stop where nothing is half done.
#[utoipa::path(delete, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, body = Job)))]
async fn cancel(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<JobId>,
) -> Answer<Json<Job>> {
    app.call(move |office| job::cancel(office, &actor, id)).await.map(Json)
}

/// What an import found in its file.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/findings", tag = "jobs", params(("id" = JobId, Path), Slice),
    responses((status = 200, body = Page<ImportFinding>)))]
async fn findings(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<JobId>,
    Query(slice): Query<Slice>,
) -> Answer<Json<Page<ImportFinding>>> {
    app.call(move |office| job::findings(office, &actor, id, slice)).await.map(Json)
}

/// Follows a job: server-sent events named `job`, first as it is now. Ends when the job has ended.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/events", tag = "jobs", params(("id" = JobId, Path)),
    responses((status = 200, content_type = "text/event-stream")))]
async fn follow(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<JobId>,
) -> Answer<Response> {
    // Listening begins before asking, so that nothing falls between.
    let told = BroadcastStream::new(app.office().jobs.listen());
    let asker = actor.clone();
    let now = app.call(move |office| job::get(office, &asker, id)).await?;
    let later = told.filter_map(Result::ok).filter(move |job| job.id == id);
    let all = tokio_stream::once(now).chain(later);
    Ok(stream(&app, &actor, all.map(|job| Told { last: job.finished.is_some(), ..Told::job(&job) })))
}

/// Follows every job I may see, events named `job`, and what changes in the rooms of my offices, events named
/// `changed`.
#[utoipa::path(get, path = "/api/v1/events", tag = "jobs",
    responses((status = 200, content_type = "text/event-stream")))]
async fn events(State(app): State<App>, SignedIn(actor): SignedIn) -> Response {
    let jobs = BroadcastStream::new(app.office().jobs.listen());
    let changes = BroadcastStream::new(app.office().changes.listen());
    let (worker, asker) = (actor.clone(), actor.clone());
    let jobs = jobs.filter_map(Result::ok).filter(move |job| job::may_see_kind(&worker, job.kind));
    // Whoever was too slow is told that something was missed.
    let changes = changes.map(|told| told.unwrap_or_else(|_| Change::anything()));
    let changes = changes.filter(move |change| change.is_anything() || may_hear(&asker, &change.room));
    let all = jobs.map(|job| Told::job(&job)).merge(changes.map(|change| Told::change(&change)));
    stream(&app, &actor, all)
}

/// One event of a stream.
struct Told {
    event: Option<Event>,
    /// Whether the stream ends with it.
    last: bool,
}

impl Told {
    fn job(job: &Job) -> Self {
        Self { event: Event::default().event("job").json_data(job).ok(), last: false }
    }

    fn change(change: &Change) -> Self {
        Self { event: Event::default().event("changed").json_data(change).ok(), last: false }
    }
}

/// Events up to one that is the last, and not beyond the server's closing or the session's end: a stream must not
/// outlive its right.
fn stream(app: &App, actor: &Actor, all: impl Stream<Item = Told> + Send + 'static) -> Response {
    let expires = actor.session.as_ref().map_or(Timestamp::UNIX_EPOCH, |session| session.expires);
    let left = Duration::try_from(expires.duration_since(Timestamp::now())).unwrap_or_default();
    let closing = app.closing();
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Event, Infallible>>(16);
    tokio::spawn(async move {
        let telling = async {
            tokio::pin!(all);
            while let Some(told) = all.next().await {
                let Some(event) = told.event else { continue };
                if send.send(Ok(event)).await.is_err() || told.last {
                    return;
                }
            }
        };
        tokio::select! {
            () = telling => {}
            () = closing.cancelled() => {}
            () = tokio::time::sleep(left) => {}
            () = send.closed() => {}
        }
    });
    Sse::new(ReceiverStream::new(receive)).keep_alive(KeepAlive::default()).into_response()
}
